/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans logins on the consoles, by init system. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/console.h"
#include "fs/read_text.h"

static bool is_name_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || c == '_';
}

/* Whether 'word' stands alone at p. */
static bool is_word_at(struct dw_span text, size_t at, const char *word)
{
	size_t len = strlen(word);

	return dw_span_starts(dw_span_skip(text, at), word) &&
	       (!at || !is_name_char(text.p[at - 1])) &&
	       (at + len == text.len || !is_name_char(text.p[at + len]));
}

int dw_upstart_getty(const char *text, size_t len, const char *tty,
		     struct dw_buf *out, struct dw_err *err)
{
	struct dw_span s = { text, len };
	bool serial = strcmp(tty, "tty1");
	bool found = false;
	size_t at = 0;

	if (!dw_span_find(s, "getty"))
		return dw_fail(err, DW_NOT_MINE, "it runs no getty");
	while (at < len) {
		if (is_word_at(s, at, "tty1")) {
			dw_buf_adds(out, tty);
			at += 4;
			found = true;
		} else if (serial && is_word_at(s, at, "38400")) {
			dw_buf_adds(out, "115200");
			at += 5;
		} else {
			dw_buf_add(out, text + at++, 1);
		}
	}
	if (!found)
		return dw_fail(err, DW_NOT_MINE, "its getty is not on tty1");
	return dw_buf_check(out, err);
}

/* The console of XenLinux was called xvc0 by RHEL 5 and SLES 10 and 11;
 * Debian's and all later kernels call it hvc0. */
static const char *xen_tty(const struct dw_release *r)
{
	if ((r->distro == DW_DISTRO_RHEL && r->major && r->major <= 5) ||
	    ((r->distro == DW_DISTRO_SLES || r->distro == DW_DISTRO_OPENSUSE) &&
	     r->major && r->major <= 11))
		return "xvc0";
	return "hvc0";
}

const char *dw_console_of_kernel(const struct dw_release *release,
				 const struct dw_kernel *kernel)
{
	return dw_kernel_is_classic_xen(kernel) ? xen_tty(release) : "hvc0";
}

static const char *find_getty(struct dw_fs *fs)
{
	return dw_fs_exists(fs, "/sbin/agetty") ? "/sbin/agetty" :
						  "/sbin/getty";
}

static int inittab(const char *text, size_t len, const void *arg,
		   struct dw_buf *out, struct dw_changes *changes,
		   struct dw_err *err)
{
	return dw_inittab_edit(text, len, arg, out, changes, err);
}

static int securetty(const char *text, size_t len, const void *arg,
		     struct dw_buf *out, struct dw_changes *changes,
		     struct dw_err *err)
{
	return dw_securetty_edit(text, len, arg, out, changes, err);
}

/* One more job beside that of tty1, unless there is one. */
static int upstart_job(struct dw_edits *edits, struct dw_fs *fs,
		       const char *folder, const char *suffix,
		       const char *tty, struct dw_err *err)
{
	char *text = NULL, from[64], to[64], note[64];
	struct dw_buf out = { 0 };
	size_t len = 0;
	int ret;

	snprintf(from, sizeof(from), "%s/tty1%s", folder, suffix);
	snprintf(to, sizeof(to), "%s/%s%s", folder, tty, suffix);
	if (!dw_fs_exists(fs, from) || dw_fs_exists(fs, to))
		return 0;
	ret = dw_edits_read(edits, fs, from, &text, &len, err);
	if (!ret)
		ret = dw_upstart_getty(text, len, tty, &out, err);
	if (!ret) {
		snprintf(note, sizeof(note), "a login on %s", tty);
		ret = dw_edits_set(edits, fs, to, out.data, out.len, 0644,
				   NULL, note, err);
	}
	dw_buf_free(&out);
	free(text);
	return ret == DW_NOT_MINE || dw_fs_has_not(ret) ? 0 : ret;
}

/* RHEL 6's gettys are instances of one job; what stands here is for all. */
static int upstart_new(struct dw_edits *edits, struct dw_fs *fs,
		       const struct dw_console *console, const char *tty,
		       struct dw_err *err)
{
	char path[64], text[256], note[64];
	int len;

	snprintf(path, sizeof(path), "/etc/init/%s.conf", tty);
	if (dw_fs_exists(fs, path))
		return 0;
	snprintf(note, sizeof(note), "a login on %s", tty);
	len = snprintf(text, sizeof(text), "# A login on %s\n"
		       "start on stopped rc RUNLEVEL=[2345]\n"
		       "stop on runlevel [!2345]\n\nrespawn\n"
		       "exec %s -L %s 115200 vt102\n", tty, console->getty,
		       tty);
	return dw_edits_set(edits, fs, path, text, (size_t)len, 0644, NULL,
			    note, err);
}

/*
 * Fedora from 9 on and RHEL 6 start a getty on the kernel's console by
 * themselves, by a job called "serial": a second one would fight with it.
 */
static bool has_serial_job(struct dw_fs *fs)
{
	return dw_fs_exists(fs, "/etc/init/serial.conf") ||
	       dw_fs_exists(fs, "/etc/event.d/serial");
}

static int plan_upstart(const struct dw_console *console, struct dw_fs *fs,
			struct dw_edits *edits, struct dw_err *err)
{
	/* Since upstart 0.6, and before. */
	static const char *const places[][2] = {
		{ "/etc/init", ".conf" }, { "/etc/event.d", "" },
	};
	int ret = 0;

	if (has_serial_job(fs))
		return 0;
	if (dw_fs_exists(fs, "/etc/init/tty.conf") &&
	    !dw_fs_exists(fs, "/etc/init/tty1.conf")) {
		ret = upstart_new(edits, fs, console, "ttyS0", err);
		return ret ? ret : upstart_new(edits, fs, console,
					       console->xen_tty, err);
	}
	for (int i = 0; !ret && i < 2; i++) {
		ret = upstart_job(edits, fs, places[i][0], places[i][1],
				  "ttyS0", err);
		if (!ret)
			ret = upstart_job(edits, fs, places[i][0],
					  places[i][1], console->xen_tty, err);
	}
	return ret;
}

static bool is_masked(struct dw_fs *fs, const char *path)
{
	char *target = NULL;
	bool yes;

	if (dw_fs_readlink(fs, path, &target, NULL))
		return false;
	yes = !strcmp(target, "/dev/null");
	free(target);
	return yes;
}

/* systemd's generator starts a getty on each console of the kernel and on
 * hvc0 and xvc0 by itself; only someone who turned that off is told. */
static void plan_systemd(struct dw_fs *fs, struct dw_edits *edits)
{
	static const char *const units[] = {
		"/etc/systemd/system/serial-getty@.service",
		"/etc/systemd/system/serial-getty@ttyS0.service",
		"/etc/systemd/system/serial-getty@hvc0.service",
		"/etc/systemd/system/getty@.service",
		"/etc/systemd/system/getty@tty1.service",
		"/etc/systemd/system/getty.target",
		"/etc/systemd/system-generators/systemd-getty-generator",
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		size_t first = edits->changes.nr;

		if (!is_masked(fs, units[i]))
			continue;
		dw_changes_note(&edits->changes, 0, "masked, so that no login "
				"may appear there; left as it is");
		dw_changes_set_path(&edits->changes, first, units[i]);
	}
}

int dw_console_plan(const struct dw_guest *guest, struct dw_fs *fs,
		    struct dw_edits *edits, struct dw_err *err)
{
	struct dw_console console = {
		xen_tty(&guest->release), find_getty(fs),
	};
	int ret = 0;

	if (guest->release.init == DW_INIT_SYSTEMD)
		plan_systemd(fs, edits);
	else if (guest->release.init == DW_INIT_UPSTART)
		ret = plan_upstart(&console, fs, edits, err);
	/* Also where upstart keeps one: without gettys it stays. */
	if (!ret && guest->release.init != DW_INIT_SYSTEMD)
		ret = dw_edits_run(edits, fs, "/etc/inittab", inittab,
				   &console, err);
	if (!ret)
		ret = dw_edits_run(edits, fs, "/etc/securetty", securetty,
				   &console, err);
	return ret;
}
