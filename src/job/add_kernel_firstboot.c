/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Registering a kernel's packages when the guest starts: the packages, a script
 * that hands them to the guest's own package manager, and something that runs
 * it once.
 *
 * dpkg unpacks again, over the same files, and runs the package's scripts, so
 * that the guest's own tools make initrd and menus from then on.  rpm only
 * takes the package into its database: its scripts would add a second entry to
 * each menu; but where files were left out, it installs the package.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/changes.h"
#include "base/lines.h"
#include "base/notes.h"
#include "job/add_kernel.h"

#define DIR	"/var/lib/diskwright"
#define SCRIPT	DIR "/register-kernel"
#define LOG	"/var/log/diskwright-kernel.log"
#define UNIT	"/etc/systemd/system/diskwright-kernel.service"
#define WANTS	"/etc/systemd/system/multi-user.target.wants"
#define WANT	WANTS "/diskwright-kernel.service"
#define JOB	"/etc/init/diskwright-kernel.conf"

static const char unit[] =
	"# Written by diskwright; removed by what it starts.\n"
	"[Unit]\n"
	"Description=Register the kernel that diskwright added\n"
	"After=local-fs.target\n"
	"ConditionFileIsExecutable=" SCRIPT "\n"
	"\n"
	"[Service]\n"
	"Type=oneshot\n"
	"ExecStart=/bin/sh " SCRIPT "\n"
	"TimeoutStartSec=0\n"
	"\n"
	"[Install]\n"
	"WantedBy=multi-user.target\n";

static const char upstart_job[] =
	"# Written by diskwright; removed by what it starts.\n"
	"description \"register the kernel that diskwright added\"\n"
	"start on stopped rc RUNLEVEL=[2345]\n"
	"task\n"
	"exec /bin/sh " SCRIPT "\n";

#define RC_LINE	"[ ! -x " SCRIPT " ] || /bin/sh " SCRIPT

/* ---- the script ---------------------------------------------------------- */

/* A name that a shell takes as it is, in quotes or without. */
static char *file_name(const struct dw_package *pkg)
{
	const char *form = pkg->kind == DW_PACKAGE_DEB ? "%s_%s_%s.deb"
						       : "%s-%s.%s.rpm";
	char *name, *p;

	if (asprintf(&name, form, pkg->name, pkg->version, pkg->arch) < 0)
		return NULL;
	for (p = name; *p; p++)
		if (!(*p >= '0' && *p <= '9') && !(*p >= 'A' && *p <= 'Z') &&
		    !(*p >= 'a' && *p <= 'z') && !strchr(".-_+~", *p))
			*p = '_';
	if (*name == '-' || *name == '.')
		*name = '_';
	return name;
}

static bool lacks_files(const struct dw_add_kernel_state *s)
{
	for (size_t i = 0; i < s->pkgs_nr; i++)
		if (s->pkgs[i]->left_out_nr)
			return true;
	return false;
}

static const char *command(const struct dw_add_kernel_state *s)
{
	if (s->pkgs[0]->kind == DW_PACKAGE_DEB)
		return "dpkg --force-confold -i";
	return lacks_files(s) ? "rpm -i --replacefiles" : "rpm -i --justdb";
}

/* What dpkg refuses a package for is found without the lock, and before
 * anything is unpacked; rpm looks first of itself. */
static const char *rehearsal(const struct dw_add_kernel_state *s)
{
	return s->pkgs[0]->kind == DW_PACKAGE_DEB
		? "dpkg --dry-run --force-confold -i" : ":";
}

static char *make_script(const struct dw_add_kernel_plan *plan,
			 struct dw_buf *names)
{
	struct dw_buf b = { 0 };

	dw_buf_printf(&b, "#!/bin/sh\n"
		"# Written by diskwright, which put the files of kernel %s\n"
		"# here without the package manager: has the packages\n"
		"# registered, once, and removes itself.\n"
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin\n"
		"DEBIAN_FRONTEND=noninteractive LC_ALL=C\n"
		"export PATH DEBIAN_FRONTEND LC_ALL\n"
		"exec >> " LOG " 2>&1 < /dev/null\n"
		"cd " DIR " || exit 1\n"
		"echo \"$(date): registering kernel %s\"\n",
		plan->version, plan->version);
	/* Another instance may hold the database's lock for a while; nothing
	 * else is better for waiting. */
	dw_buf_printf(&b, "tries=10 registered=\n"
		"while %s%s; do\n"
		"\t%s%s > output 2>&1 && registered=yes\n"
		"\tcat output\n"
		"\t[ -z \"$registered\" ] || break\n"
		"\tgrep -q 'locked by another\\|transaction lock' output ||\n"
		"\t\tbreak\n"
		"\ttries=$((tries - 1))\n"
		"\t[ $tries -gt 0 ] || break\n"
		"\tsleep 30\n"
		"done\n", rehearsal(plan->state), names->data,
		command(plan->state), names->data);
	dw_buf_printf(&b, "if [ -n \"$registered\" ]; then\n"
		"\techo \"$(date): done\"\n"
		"\trm -f%s\n"
		"else\n"
		"\techo \"$(date): given up; the packages stay in " DIR "\"\n"
		"fi\n"
		"rm -f " SCRIPT " " UNIT " " WANT " " JOB "\n"
		"for f in /etc/rc.local /etc/rc.d/rc.local "
		"/etc/init.d/boot.local; do\n"
		"\t[ ! -f $f ] || ! grep -q " SCRIPT " $f ||\n"
		"\t\t! sed '\\,^\\[ ! -x " SCRIPT " \\],d' $f > output ||\n"
		"\t\tcat output > $f\n"
		"done\n"
		"rm -f output\n"
		"cd / && rmdir " DIR " 2> /dev/null\n"
		"[ -n \"$registered\" ]\n", names->data);
	if (dw_buf_check(&b, NULL))
		dw_buf_free(&b);
	return dw_buf_take(&b, NULL);
}

static int add_package(struct dw_add_kernel_state *s,
		       const struct dw_package *pkg, struct dw_buf *names,
		       struct dw_err *err)
{
	struct dw_kernel_file file = {
		.mode = S_IFREG | 0644, .mtime = -1, .content = pkg->file,
		.is_firstboot = true,
	};
	char *name = file_name(pkg);
	int ret = 0;

	if (!name)
		return dw_fail_nomem(err);
	if (asprintf(&file.path, DIR "/%s", name) < 0) {
		file.path = NULL;
		ret = dw_fail_nomem(err);
	}
	if (!ret) {
		dw_buf_printf(names, " %s", name);
		ret = dw_kernel_files_add(s, &file, err);
	}
	free(file.path);
	free(name);
	return ret;
}

static int add_text(struct dw_add_kernel_state *s, const char *path,
		    uint32_t mode, const char *text, struct dw_err *err)
{
	int ret = dw_kernel_files_add_bytes(s, path, mode, text, strlen(text),
					    err);

	if (!ret)
		s->files[s->files_nr - 1].is_firstboot = true;
	return ret;
}

static int add_script(struct dw_add_kernel_plan *plan, struct dw_err *err)
{
	struct dw_add_kernel_state *s = plan->state;
	struct dw_buf names = { 0 };
	char *script = NULL;
	int ret = 0;

	for (size_t i = 0; i < s->pkgs_nr && !ret; i++)
		ret = add_package(s, s->pkgs[i], &names, err);
	if (!ret)
		ret = dw_buf_check(&names, err);
	if (!ret) {
		script = make_script(plan, &names);
		ret = script ? add_text(s, SCRIPT, 0755, script, err)
			     : dw_fail_nomem(err);
	}
	free(script);
	dw_buf_free(&names);
	return ret;
}

/* ---- what runs it -------------------------------------------------------- */

static int add_systemd(struct dw_add_kernel_state *s, struct dw_err *err)
{
	const struct dw_kernel_file want = {
		.path = (char *)WANT,
		.target = (char *)"../diskwright-kernel.service",
		.mode = S_IFLNK | 0777, .mtime = -1, .is_firstboot = true,
	};
	int ret = add_text(s, UNIT, 0644, unit, err);

	return ret ? ret : dw_kernel_files_add(s, &want, err);
}

/* The last "exit" of a script is where additions stop being run. */
static int add_rc_line(const char *text, size_t len, const void *arg,
		       struct dw_buf *out, struct dw_changes *changes,
		       struct dw_err *err)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_line line;
	size_t at = len;
	uint64_t nr = 0;

	while (dw_lines_next(&walk, &line)) {
		if (!dw_span_starts(line.text, "exit"))
			continue;
		at = (size_t)(line.text.p - text);
		nr = line.nr - 1;
	}
	dw_buf_add(out, text, at);
	if (at && text[at - 1] != '\n')
		dw_buf_adds(out, "\n");
	dw_buf_adds(out, RC_LINE "\n");
	dw_buf_add(out, text + at, len - at);
	dw_changes_add(changes, at == len ? walk.nr : nr, NULL, 0, RC_LINE,
		       strlen(RC_LINE), "registers the kernel's packages");
	return dw_buf_check(out, err);
}

/* Red Hat, Debian, SUSE: each runs its file last, if it may be executed. */
static int add_rc_local(struct dw_add_kernel_state *s, struct dw_err *err)
{
	static const char *const files[] = {
		"/etc/rc.d/rc.local", "/etc/rc.local", "/etc/init.d/boot.local",
	};
	static const char text[] = "#!/bin/sh\n" RC_LINE "\nexit 0\n";
	struct dw_fs *fs = s->amend.fs;
	struct dw_stat st;

	for (size_t i = 0; i < 3; i++)
		if (!dw_fs_stat(fs, files[i], &st, NULL) &&
		    S_ISREG(st.mode) && (st.mode & 0111))
			return dw_edits_run(&s->edits, fs, files[i],
					    add_rc_line, NULL, err);
	if (dw_fs_exists(fs, "/etc/init.d/rc.local") &&
	    !dw_fs_exists(fs, "/etc/rc.local"))
		return add_text(s, "/etc/rc.local", 0755, text, err);
	return dw_fail(err, DW_UNSUPPORTED, "--firstboot: the guest has no "
		       "rc.local that is run when it starts");
}

static int add_service(struct dw_add_kernel_state *s, struct dw_err *err)
{
	enum dw_init init = s->before.guest->release.init;

	switch (init) {
	case DW_INIT_SYSTEMD:
		return add_systemd(s, err);
	case DW_INIT_UPSTART:
		return add_text(s, JOB, 0644, upstart_job, err);
	case DW_INIT_SYSV:
		return add_rc_local(s, err);
	default:
		return dw_fail(err, DW_UNSUPPORTED, "--firstboot: the guest is "
			       "started by %s, for which it is not built",
			       dw_init_name(init));
	}
}

static int check_manager(const struct dw_add_kernel_state *s,
			 struct dw_err *err)
{
	bool deb = s->pkgs[0]->kind == DW_PACKAGE_DEB;
	struct dw_fs *fs = s->before.root.fs;
	const char *name = deb ? "dpkg" : "rpm";
	char path[32];

	snprintf(path, sizeof(path), "/usr/bin/%s", name);
	if (dw_fs_exists(fs, path) || dw_fs_exists(fs, path + 4))
		return 0;
	return dw_fail(err, DW_UNSUPPORTED, "--firstboot: the guest has no "
		       "%s to register the package with", name);
}

int dw_kernel_add_firstboot(struct dw_add_kernel_plan *plan,
			    struct dw_err *err)
{
	struct dw_add_kernel_state *s = plan->state;
	int ret = check_manager(s, err);

	if (!ret)
		ret = add_script(plan, err);
	if (!ret)
		ret = add_service(s, err);
	if (!ret)
		dw_notes_add(&plan->notes, "when the guest starts, " SCRIPT
			     " has the packages registered by '%s', logs to "
			     LOG " and removes itself", command(s));
	return ret;
}
