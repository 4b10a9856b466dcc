/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which operating system a filesystem holds. */
#include <ctype.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "guest/kernel.h"
#include "fs/read_text.h"
#include "guest/release.h"

#define TEXT_CAP_LEN 65536

const char *dw_init_name(enum dw_init init)
{
	static const char *const names[] = {
		"unknown", "sysvinit", "upstart", "systemd", "openrc",
		"busybox",
	};

	return (size_t)init < sizeof(names) / sizeof(*names) ? names[init] :
								"?";
}

static const struct {
	const char *id;
	enum dw_distro distro;
} ids[] = {
	{ "debian", DW_DISTRO_DEBIAN }, { "raspbian", DW_DISTRO_DEBIAN },
	{ "devuan", DW_DISTRO_DEBIAN }, { "ubuntu", DW_DISTRO_UBUNTU },
	{ "linuxmint", DW_DISTRO_UBUNTU }, { "rhel", DW_DISTRO_RHEL },
	{ "centos", DW_DISTRO_RHEL }, { "ol", DW_DISTRO_RHEL },
	{ "almalinux", DW_DISTRO_RHEL }, { "rocky", DW_DISTRO_RHEL },
	{ "scientific", DW_DISTRO_RHEL }, { "amzn", DW_DISTRO_RHEL },
	{ "fedora", DW_DISTRO_FEDORA }, { "sles", DW_DISTRO_SLES },
	{ "sled", DW_DISTRO_SLES }, { "sles_sap", DW_DISTRO_SLES },
	{ "opensuse", DW_DISTRO_OPENSUSE },
	{ "opensuse-leap", DW_DISTRO_OPENSUSE },
	{ "opensuse-tumbleweed", DW_DISTRO_OPENSUSE },
	{ "alpine", DW_DISTRO_ALPINE }, { "arch", DW_DISTRO_ARCH },
	{ "gentoo", DW_DISTRO_GENTOO },
};

static enum dw_distro by_id(struct dw_span id)
{
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (dw_span_is(id, ids[i].id))
			return ids[i].distro;
	return DW_DISTRO_UNKNOWN;
}

static void set_version(struct dw_release *out, struct dw_span text)
{
	struct dw_version v;
	char s[64];

	dw_span_copy(text, s, sizeof(s));
	v = dw_version_parse(s);
	out->major = v.major;
	out->minor = v.minor;
}

static unsigned first_number(struct dw_span text)
{
	char s[16];

	dw_span_copy(text, s, sizeof(s));
	return dw_version_parse(s).major;
}

static bool parse_os_release(const char *text, size_t len,
			     struct dw_release *out)
{
	struct dw_span v, word;
	size_t pos = 0;

	if (!dw_shell_value(text, len, "ID", &v))
		return false;
	dw_span_copy(v, out->id, sizeof(out->id));
	out->distro = by_id(v);
	if (!out->distro && dw_shell_value(text, len, "ID_LIKE", &v))
		while (!out->distro && dw_word_next(v, &pos, &word))
			out->distro = by_id(word);
	if (dw_shell_value(text, len, "VERSION_ID", &v))
		set_version(out, v);
	if (dw_shell_value(text, len, "PRETTY_NAME", &v) ||
	    dw_shell_value(text, len, "NAME", &v))
		dw_span_copy(v, out->name, sizeof(out->name));
	return true;
}

static bool parse_lsb(const char *text, size_t len, struct dw_release *out)
{
	struct dw_span v;

	if (!dw_shell_value(text, len, "DISTRIB_ID", &v))
		return false;
	dw_span_copy(v, out->id, sizeof(out->id));
	for (char *p = out->id; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	out->distro = by_id(dw_span_of(out->id));
	if (dw_shell_value(text, len, "DISTRIB_RELEASE", &v))
		set_version(out, v);
	if (dw_shell_value(text, len, "DISTRIB_DESCRIPTION", &v))
		dw_span_copy(v, out->name, sizeof(out->name));
	return out->distro != DW_DISTRO_UNKNOWN;
}

/* "4.0", "5.0.10", "12.4", or of a testing release "squeeze/sid". */
static bool parse_debian(struct dw_span line, struct dw_release *out)
{
	static const char *const names[] = {
		[3] = "sarge", "etch", "lenny", "squeeze", "wheezy", "jessie",
		"stretch", "buster", "bullseye", "bookworm", "trixie",
	};

	set_version(out, line);
	for (unsigned i = 3; i < sizeof(names) / sizeof(*names); i++)
		if (dw_span_starts(line, names[i]))
			out->major = i;
	out->distro = DW_DISTRO_DEBIAN;
	strcpy(out->id, "debian");
	snprintf(out->name, sizeof(out->name), "Debian GNU/Linux %.*s",
		 (int)(line.len > 60 ? 60 : line.len), line.p);
	return line.len > 0;
}

/* "Red Hat Enterprise Linux AS release 4 (Nahant Update 8)", "CentOS release
 * 5.11 (Final)", "Fedora Core release 6 (Zod)". */
static bool parse_redhat(struct dw_span line, struct dw_release *out)
{
	const char *at = dw_span_find(line, "release ");

	if (!at)
		return false;
	set_version(out, dw_span_skip(line, (size_t)(at - line.p) + 8));
	out->distro = dw_span_starts(line, "Fedora") ? DW_DISTRO_FEDORA :
							DW_DISTRO_RHEL;
	strcpy(out->id, out->distro == DW_DISTRO_FEDORA ? "fedora" :
	       dw_span_starts(line, "CentOS") ? "centos" : "rhel");
	dw_span_copy(line, out->name, sizeof(out->name));
	return true;
}

/* The name in the first line, then VERSION = 10 and PATCHLEVEL = 4. */
static bool parse_suse(const char *text, size_t len, struct dw_span first,
		       struct dw_release *out)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_line line;

	if (!dw_span_find(first, "SUSE") && !dw_span_find(first, "SuSE"))
		return false;
	out->distro = dw_span_find(first, "Enterprise") ||
		      dw_span_find(first, "ENTERPRISE") ? DW_DISTRO_SLES :
							   DW_DISTRO_OPENSUSE;
	strcpy(out->id, out->distro == DW_DISTRO_SLES ? "sles" : "opensuse");
	dw_span_copy(first, out->name, sizeof(out->name));
	while (dw_lines_next(&walk, &line)) {
		const char *eq = dw_span_find(line.text, "=");
		struct dw_span v;

		if (!eq)
			continue;
		v = dw_span_trim(dw_span_skip(line.text,
				  (size_t)(eq - line.text.p) + 1));
		if (dw_span_starts(line.text, "VERSION"))
			set_version(out, v);
		else if (dw_span_starts(line.text, "PATCHLEVEL"))
			out->minor = first_number(v);
	}
	return true;
}

static bool parse_simple(enum dw_distro distro, const char *id,
			 const char *name, struct dw_span line,
			 struct dw_release *out)
{
	out->distro = distro;
	set_version(out, line);
	snprintf(out->id, sizeof(out->id), "%s", id);
	if (out->major)
		snprintf(out->name, sizeof(out->name), "%s %.*s", name,
			 (int)(line.len > 60 ? 60 : line.len), line.p);
	else
		snprintf(out->name, sizeof(out->name), "%s", name);
	return true;
}

bool dw_release_parse(const char *file, const char *text, size_t len,
		      struct dw_release *out)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_line line = { .text = { "", 0 } };

	dw_lines_next(&walk, &line);
	line.text = dw_span_trim(line.text);
	if (!strcmp(file, "os-release"))
		return parse_os_release(text, len, out);
	if (!strcmp(file, "lsb-release"))
		return parse_lsb(text, len, out);
	if (!strcmp(file, "debian_version"))
		return parse_debian(line.text, out);
	if (!strcmp(file, "redhat-release"))
		return parse_redhat(line.text, out);
	if (!strcmp(file, "SuSE-release"))
		return parse_suse(text, len, line.text, out);
	if (!strcmp(file, "alpine-release"))
		return parse_simple(DW_DISTRO_ALPINE, "alpine", "Alpine Linux",
				    line.text, out);
	if (!strcmp(file, "arch-release"))
		return parse_simple(DW_DISTRO_ARCH, "arch", "Arch Linux",
				    line.text, out);
	if (!strcmp(file, "gentoo-release"))
		return parse_simple(DW_DISTRO_GENTOO, "gentoo", "Gentoo",
				    (struct dw_span){ "", 0 }, out);
	return false;
}

/* Measured by their packages: "nofail" came with util-linux-ng 2.14. */
bool dw_release_has_old_mount(const struct dw_release *r)
{
	if (!r->major)
		return false;
	switch (r->distro) {
	case DW_DISTRO_DEBIAN:
		return r->major <= 5;
	case DW_DISTRO_UBUNTU:
		return r->major < 8 || (r->major == 8 && r->minor <= 4);
	case DW_DISTRO_RHEL:
		return r->major <= 5 && strcmp(r->id, "amzn");
	case DW_DISTRO_FEDORA:
		return r->major <= 9;
	case DW_DISTRO_SLES:
	case DW_DISTRO_OPENSUSE:
		return r->major <= 10;
	default:
		return false;
	}
}

static int read_distro(struct dw_fs *fs, struct dw_release *out,
		       struct dw_err *err)
{
	/* os-release is the most exact; lsb-release comes before what Ubuntu
	 * keeps in debian_version. */
	static const char *const files[][2] = {
		{ "/etc/os-release", "os-release" },
		{ "/usr/lib/os-release", "os-release" },
		{ "/etc/SuSE-release", "SuSE-release" },
		{ "/etc/redhat-release", "redhat-release" },
		{ "/etc/lsb-release", "lsb-release" },
		{ "/etc/alpine-release", "alpine-release" },
		{ "/etc/debian_version", "debian_version" },
		{ "/etc/arch-release", "arch-release" },
		{ "/etc/gentoo-release", "gentoo-release" },
	};
	bool found = false;
	int ret = 0;

	for (size_t i = 0; !ret && !found &&
	     i < sizeof(files) / sizeof(files[0]); i++) {
		char *text = NULL;
		size_t len = 0;

		ret = dw_fs_read_text(fs, files[i][0], TEXT_CAP_LEN, &text,
					 &len, err);
		if (!ret && text)
			found = dw_release_parse(files[i][1], text, len, out);
		free(text);
	}
	return ret;
}

static bool exists_any(struct dw_fs *fs, const char *const *paths)
{
	for (; *paths; paths++)
		if (dw_fs_exists(fs, *paths))
			return true;
	return false;
}

/* Whether a link's target, as it is written, holds a word. */
static bool link_names(struct dw_fs *fs, const char *path, const char *word)
{
	char *target = NULL;
	bool yes;

	if (dw_fs_readlink(fs, path, &target, NULL))
		return false;
	yes = strstr(target, word);
	free(target);
	return yes;
}

static void find_init(struct dw_fs *fs, struct dw_release *out)
{
	static const char *const inits[] = {
		"/sbin/init", "/etc/init", "/bin/init",
		"/usr/lib/systemd/systemd", "/lib/systemd/systemd", NULL,
	};
	static const char *const systemd[] = {
		"/lib/systemd/systemd", "/usr/lib/systemd/systemd", NULL,
	};

	out->has_init = exists_any(fs, inits);
	if (link_names(fs, "/sbin/init", "systemd"))
		out->init = DW_INIT_SYSTEMD;
	else if (link_names(fs, "/sbin/init", "busybox"))
		out->init = dw_fs_exists(fs, "/sbin/openrc") ? DW_INIT_OPENRC :
							       DW_INIT_BUSYBOX;
	else if (link_names(fs, "/sbin/init", "upstart") ||
		 dw_fs_exists(fs, "/etc/init/rc-sysinit.conf") ||
		 dw_fs_exists(fs, "/etc/init/rcS.conf") ||
		 dw_fs_exists(fs, "/etc/event.d/rcS"))
		out->init = DW_INIT_UPSTART;
	else if (dw_fs_exists(fs, "/sbin/openrc"))
		out->init = DW_INIT_OPENRC;
	else if (dw_fs_exists(fs, "/etc/inittab"))
		out->init = DW_INIT_SYSV;
	else if (exists_any(fs, systemd))
		out->init = DW_INIT_SYSTEMD;
}

enum dw_arch dw_arch_of_elf(const uint8_t *head, size_t len)
{
	if (len < DW_ELF_HEAD_LEN || memcmp(head, "\177ELF", 4))
		return DW_ARCH_UNKNOWN;
	switch (dw_le16(head + 18)) {	/* e_machine */
	case 3:
		return DW_ARCH_I386;
	case 62:
		return DW_ARCH_X86_64;
	default:
		return DW_ARCH_UNKNOWN;
	}
}

/* Programs that every system has; the first that is one decides. */
static void find_arch(struct dw_fs *fs, struct dw_release *out)
{
	static const char *const programs[] = {
		"/bin/sh", "/sbin/init", "/bin/busybox", "/usr/bin/env",
	};

	for (size_t i = 0; !out->arch &&
	     i < sizeof(programs) / sizeof(*programs); i++) {
		uint8_t head[DW_ELF_HEAD_LEN];
		struct dw_stat st;
		size_t got;

		if (!dw_fs_stat(fs, programs[i], &st, NULL) &&
		    S_ISREG(st.mode) &&
		    !dw_fs_pread(fs, st.ino, 0, head, sizeof(head), &got,
				 NULL))
			out->arch = dw_arch_of_elf(head, got);
	}
}

/* udev of systemd 197 on brings the rule (since 209 as a .link policy); an
 * empty file or a link to /dev/null of the same name in /etc masks it. */
static bool find_renames(struct dw_fs *fs)
{
	static const char *const rules[] = {
		"/lib/udev/rules.d/80-net-setup-link.rules",
		"/usr/lib/udev/rules.d/80-net-setup-link.rules",
		"/lib/udev/rules.d/80-net-name-slot.rules",
		"/usr/lib/udev/rules.d/80-net-name-slot.rules",
		"/lib/udev/rules.d/71-biosdevname.rules",
		"/usr/lib/udev/rules.d/71-biosdevname.rules",
		NULL,
	};
	static const char *const masks[] = {
		"/etc/udev/rules.d/80-net-setup-link.rules",
		"/etc/udev/rules.d/80-net-name-slot.rules",
		"/etc/systemd/network/99-default.link",
	};

	if (!exists_any(fs, rules))
		return false;
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		struct dw_stat st;

		if (dw_fs_lstat(fs, masks[i], &st, NULL))
			continue;
		if (link_names(fs, masks[i], "/dev/null") ||
		    (S_ISREG(st.mode) && !st.size))
			return false;
	}
	return true;
}

int dw_release_read(struct dw_fs *fs, struct dw_release *out,
		    struct dw_err *err)
{
	struct dw_stat st;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = read_distro(fs, out, err);
	if (ret)
		return ret;
	find_init(fs, out);
	find_arch(fs, out);
	out->renames_net = find_renames(fs);
	out->old_mount = dw_release_has_old_mount(out);
	out->usr_merged = !dw_fs_lstat(fs, "/lib", &st, NULL) &&
			  S_ISLNK(st.mode);
	return 0;
}
