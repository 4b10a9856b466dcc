/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans the hook that keeps a guest's syslinux.cfg true. */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "base/span.h"
#include "fs/read_text.h"
#include "guest/hook.h"
#include "guest/hook/texts.h"

/* On the root filesystem even where /usr or /usr/local is another one, and in
 * the PATH of root in every guest. */
#define SCRIPT "/sbin/diskwright-update"
/* In the text of all our files. */
#define OURS "Put here by diskwright"
#define TEXT_CAP_LEN (1u << 20)

/* One place, and what is run there when. */
struct point {
	const char *path;
	const char *when;
};

struct work {
	struct dw_fs *fs;
	struct dw_edits *edits;
	struct dw_notes *notes;
	size_t points_nr;	/* that run the script */
};

/* ---- files ---------------------------------------------------------------- */

/* The path with the links of its folder resolved: /sbin may be /usr/sbin.  A
 * folder that is missing keeps its name. */
static int real_path(struct dw_fs *fs, const char *path, char **out,
		     struct dw_err *err)
{
	const char *name = strrchr(path, '/');
	char *folder = strndup(path, (size_t)(name - path)), *real = NULL;
	int ret;

	*out = NULL;
	if (!folder)
		return dw_fail_nomem(err);
	ret = dw_fs_realpath(fs, folder, &real, err);
	if (dw_fs_has_not(ret))
		ret = 0;
	if (!ret && asprintf(out, "%s%s", real ? real : folder, name) < 0) {
		*out = NULL;
		ret = dw_fail_nomem(err);
	}
	free(folder);
	free(real);
	return ret;
}

/* Whether something is there; a failure to look is one. */
static int look(struct dw_fs *fs, const char *path, bool *is_there,
		struct dw_err *err)
{
	struct dw_stat st;
	int ret = dw_fs_stat(fs, path, &st, err);

	*is_there = !ret;
	return dw_fs_has_not(ret) ? 0 : ret;
}

/* Whether the file may be written: it is not there, or it is an older one. */
static int may_write(struct work *w, const char *path, const char *text,
		     bool *may, bool *is_same, struct dw_err *err)
{
	char *old = NULL;
	size_t len;
	int ret;

	*is_same = false;
	*may = true;
	ret = dw_edits_read(w->edits, w->fs, path, &old, &len, err);
	if (ret == DW_NOENT)
		return 0;
	*is_same = !ret && !strcmp(old, text);
	*may = !ret && !*is_same && strstr(old, OURS);
	free(old);
	/* A folder, or something far too long, is not ours either. */
	return dw_fs_has_not(ret) ? 0 : ret;
}

/* Plans one file; *is_ours tells whether it will be there as we want it. */
static int put(struct work *w, const char *path, const char *text,
	       uint32_t mode, const char *when, bool *is_ours,
	       struct dw_err *err)
{
	struct dw_changes changes = { 0 };
	bool may, is_new;
	int ret = may_write(w, path, text, &may, is_ours, err);

	if (ret || *is_ours)
		return ret;
	if (!may) {
		dw_notes_add(w->notes, "%s is there and not diskwright's; it "
			     "stays", path);
		return 0;
	}
	is_new = !dw_fs_exists(w->fs, path);
	*is_ours = true;
	/* The text is the same in every guest: it is not shown. */
	dw_changes_note(&changes, 0, "%s, %zu bytes: %s",
			is_new ? "new" : "renewed", strlen(text), when);
	ret = dw_edits_set(w->edits, w->fs, path, text, strlen(text), mode,
			   &changes, NULL, err);
	dw_changes_free(&changes);
	return ret;
}

static int put_points(struct work *w, const struct point *points,
		      size_t points_nr, struct dw_err *err)
{
	int ret = 0;

	for (size_t i = 0; i < points_nr && !ret; i++) {
		bool is_pacman = dw_span_ends(dw_span_of(points[i].path),
					      ".hook");
		bool is_ours;
		char *path;

		ret = real_path(w->fs, points[i].path, &path, err);
		if (ret)
			return ret;
		ret = put(w, path, is_pacman ? dw_hook_text_pacman :
					 dw_hook_text_run,
			  is_pacman ? 0644 : 0755, points[i].when, &is_ours,
			  err);
		w->points_nr += !ret && is_ours;
		free(path);
	}
	return ret;
}

#define PUT(w, points, err) \
	put_points(w, points, sizeof(points) / sizeof(*(points)), err)

/* ---- places --------------------------------------------------------------- */

static const struct point debian[] = {
	{ "/etc/kernel/postinst.d/zz-diskwright",
	  "run when a kernel was installed" },
	{ "/etc/kernel/postrm.d/zz-diskwright",
	  "run when a kernel was removed" },
	{ "/etc/initramfs/post-update.d/zz-diskwright",
	  "run when an initrd was made" },
};

static const struct point new_kernel_pkg[] = {
	{ "/etc/kernel/postinst.d/zz-diskwright",
	  "run by new-kernel-pkg when a kernel was installed" },
	{ "/etc/kernel/prerm.d/zz-diskwright",
	  "run by new-kernel-pkg before a kernel goes" },
};

static const struct point kernel_install[] = {
	{ "/etc/kernel/install.d/95-diskwright.install",
	  "run by kernel-install when a kernel comes or goes" },
};

/* In the runlevels of halt and reboot rc starts what begins with S, whether a
 * link or not; these come before S00killall. */
static const struct point halt[] = {
	{ "/etc/rc.d/rc0.d/S00diskwright", "run when the system halts" },
	{ "/etc/rc.d/rc6.d/S00diskwright", "run when the system restarts" },
};

static const struct point grub_mkconfig[] = {
	{ "/etc/grub.d/99_diskwright", "run when grub.cfg is made again, as "
	  "SUSE does when a kernel comes or goes" },
};

static const struct point hourly[] = {
	{ "/etc/cron.hourly/diskwright", "run every hour by cron" },
};

static const struct point alpine[] = {
	{ "/etc/kernel-hooks.d/diskwright",
	  "run by the package kernel-hooks when a kernel comes or goes" },
	{ "/etc/local.d/diskwright.stop",
	  "run by the service 'local' when the system stops" },
};

static const struct point pacman[] = {
	{ "/etc/pacman.d/hooks/zz-diskwright.hook",
	  "run by pacman when a kernel came or went" },
};

/* Fedora 9 and RHEL 6 have the first grubby that runs hooks. */
static int runs_postinst(struct dw_fs *fs, bool *runs, struct dw_err *err)
{
	char *text = NULL;
	size_t len;
	int ret = dw_fs_read_text(fs, "/sbin/new-kernel-pkg", TEXT_CAP_LEN,
				  &text, &len, err);

	*runs = text && strstr(text, "/etc/kernel/postinst.d");
	free(text);
	return ret;
}

static int has_kernel_install(struct dw_fs *fs, bool *has, struct dw_err *err)
{
	int ret = look(fs, "/usr/bin/kernel-install", has, err);

	return ret || *has ? ret : look(fs, "/bin/kernel-install", has, err);
}

static int put_redhat(struct work *w, struct dw_err *err)
{
	bool by_grubby, by_systemd = false, by_rc = false;
	int ret = runs_postinst(w->fs, &by_grubby, err);

	if (!ret)
		ret = has_kernel_install(w->fs, &by_systemd, err);
	if (!ret && by_grubby)
		ret = PUT(w, new_kernel_pkg, err);
	if (!ret && by_systemd)
		ret = PUT(w, kernel_install, err);
	if (!ret && !by_grubby && !by_systemd)
		ret = look(w->fs, "/etc/rc.d/rc6.d", &by_rc, err);
	if (ret || !by_rc)
		return ret;
	dw_notes_add(w->notes, "this guest's packages run no hook when a "
		     "kernel comes or goes: syslinux.cfg is renewed when the "
		     "guest halts or restarts, or by " SCRIPT);
	return PUT(w, halt, err);
}

static int put_suse(struct work *w, struct dw_err *err)
{
	bool has = false;
	int ret = look(w->fs, "/etc/grub.d", &has, err);

	if (!ret && has)
		return PUT(w, grub_mkconfig, err);
	if (!ret)
		ret = look(w->fs, "/etc/cron.hourly", &has, err);
	if (ret || !has)
		return ret;
	dw_notes_add(w->notes, "this guest's packages run no hook when a "
		     "kernel comes or goes: syslinux.cfg is renewed every "
		     "hour, or by " SCRIPT);
	return PUT(w, hourly, err);
}

static int put_alpine(struct work *w, struct dw_err *err)
{
	bool has;
	int ret = look(w->fs, "/etc/runlevels/default/local", &has, err);

	if (!ret && !has)
		dw_notes_add(w->notes, "Alpine renews syslinux.cfg with the "
			     "package kernel-hooks, or when it stops with "
			     "'rc-update add local'");
	return ret ? ret : PUT(w, alpine, err);
}

/* What nobody told us of: by the folders that are there. */
static int put_unknown(struct work *w, struct dw_err *err)
{
	bool has;
	int ret = look(w->fs, "/etc/kernel/postinst.d", &has, err);

	if (!ret && has)
		ret = PUT(w, debian, err);
	if (!ret)
		ret = has_kernel_install(w->fs, &has, err);
	return ret || !has ? ret : PUT(w, kernel_install, err);
}

static int put_all(struct work *w, enum dw_distro distro, struct dw_err *err)
{
	switch (distro) {
	case DW_DISTRO_DEBIAN:
	case DW_DISTRO_UBUNTU:
		return PUT(w, debian, err);
	case DW_DISTRO_RHEL:
	case DW_DISTRO_FEDORA:
		return put_redhat(w, err);
	case DW_DISTRO_SLES:
	case DW_DISTRO_OPENSUSE:
		return put_suse(w, err);
	case DW_DISTRO_ALPINE:
		return put_alpine(w, err);
	case DW_DISTRO_ARCH:
		return PUT(w, pacman, err);
	case DW_DISTRO_GENTOO:
	case DW_DISTRO_UNKNOWN:
		break;
	}
	return put_unknown(w, err);
}

/* The script and its hooks: neither is of use without the other. */
static int put_both(struct work *w, const char *path, enum dw_distro distro,
		    bool *is_ours, struct dw_err *err)
{
	bool may;
	int ret = may_write(w, path, dw_hook_text_update, &may, is_ours, err);

	if (!ret && (may || *is_ours)) {
		ret = put_all(w, distro, err);
		if (!ret && !w->points_nr) {
			dw_notes_add(w->notes, "nothing in this guest is "
				     "known to run a hook when a kernel comes "
				     "or goes: then syslinux.cfg needs an edit "
				     "by hand");
			*is_ours = false;
			return 0;
		}
	}
	return ret ? ret : put(w, path, dw_hook_text_update, 0755,
			       "makes syslinux.cfg anew from what /boot holds",
			       is_ours, err);
}

int dw_hook_plan(const struct dw_release *release, struct dw_fs *fs,
		 struct dw_edits *edits, struct dw_notes *notes,
		 char **script, struct dw_err *err)
{
	struct work w = { .fs = fs, .edits = edits, .notes = notes };
	bool is_ours;
	char *path;
	int ret;

	*script = NULL;
	ret = real_path(fs, SCRIPT, &path, err);
	if (ret)
		return ret;
	ret = put_both(&w, path, release->distro, &is_ours, err);
	if (ret || !is_ours)
		free(path);
	else
		*script = path;
	return ret;
}
