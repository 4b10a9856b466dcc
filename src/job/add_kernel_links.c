/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The links that a guest keeps on its newest kernel. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/notes.h"
#include "boot/bootconf.h"
#include "job/add_kernel.h"
#include "job/bootfiles.h"

/* ---- which there are ----------------------------------------------------- */

static bool is_link(struct dw_fs *fs, const char *path, uint64_t *ino)
{
	struct dw_stat st;

	if (dw_fs_lstat(fs, path, &st, NULL) || !S_ISLNK(st.mode))
		return false;
	if (ino)
		*ino = st.ino;
	return true;
}

struct links {
	const char *kernel, *initrd;	/* NULL: there is none */
	bool has_old;			/* each has another, ".old" */
};

static bool has_old(struct dw_fs *fs, const char *path)
{
	char old[64];

	snprintf(old, sizeof(old), "%s.old", path);
	return is_link(fs, old, NULL);
}

static bool find_links(struct dw_fs *fs, struct links *l)
{
	static const char *const known[][3] = {
		{ "/vmlinuz", "/initrd.img", "/initrd" },
		{ "/boot/vmlinuz", "/boot/initrd.img", "/boot/initrd" },
	};

	memset(l, 0, sizeof(*l));
	for (size_t i = 0; i < 2 && !l->kernel; i++) {
		if (!is_link(fs, known[i][0], NULL))
			continue;
		l->kernel = known[i][0];
		for (size_t j = 1; j < 3 && !l->initrd; j++)
			if (is_link(fs, known[i][j], NULL))
				l->initrd = known[i][j];
	}
	if (l->kernel)
		l->has_old = has_old(fs, l->kernel) &&
			     (!l->initrd || has_old(fs, l->initrd));
	return l->kernel != NULL;
}

/* ---- whether a menu needs them ------------------------------------------- */

/* Whether a path of a menu is that link, or the older one beside it. */
static bool is_same(struct dw_fs *fs, const char *path, const char *link)
{
	uint64_t ino, other;
	char old[64];

	if (!path || !link || !is_link(fs, path, &ino))
		return false;
	snprintf(old, sizeof(old), "%s.old", link);
	return (is_link(fs, link, &other) && other == ino) ||
	       (is_link(fs, old, &other) && other == ino);
}

static bool names_link(struct dw_fs *fs, const struct dw_bootconf *conf,
		       const struct links *l)
{
	for (size_t i = 0; i < conf->entries_nr; i++) {
		const struct dw_boot_entry *e = &conf->entries[i];

		if (is_same(fs, e->kernel, l->kernel))
			return true;
		for (unsigned j = 0; j < e->initrds_nr; j++)
			if (is_same(fs, e->initrds[j], l->initrd))
				return true;
	}
	return false;
}

/* What cannot be read may start anything. */
static bool is_used_by(struct dw_fs *fs, const char *path,
		       enum dw_bootconf_kind kind, const struct links *l)
{
	struct dw_bootconf *conf = NULL;
	char *text = NULL;
	size_t len;
	bool used = true;

	if (!dw_fs_exists(fs, path))
		return false;
	if (!dw_fs_read_file(fs, path, DW_KERNEL_MENU_MAX, &text, &len,
			     NULL) &&
	    !dw_bootconf_parse(kind, text, len, &conf, NULL))
		used = names_link(fs, conf, l);
	dw_bootconf_free(conf);
	free(text);
	return used;
}

/* The menu whose entry starts the old kernel by a link, or NULL. */
static const char *find_user(struct dw_fs *fs, const struct links *l)
{
	for (const struct dw_boot_file *f = dw_boot_files; f->path; f++)
		if (is_used_by(fs, f->path, (enum dw_bootconf_kind)f->kind, l))
			return f->path;
	return is_used_by(fs, DW_KERNEL_OWN_MENU, DW_BOOTCONF_EXTLINUX, l)
		? DW_KERNEL_OWN_MENU : NULL;
}

/* ---- moving them --------------------------------------------------------- */

static int relink(struct dw_add_kernel_plan *plan, const char *path,
		  const char *target, struct dw_err *err)
{
	struct dw_fs *fs = plan->state->amend.fs;
	int ret = dw_fs_unlink(fs, path, err);

	if (!ret)
		ret = dw_fs_symlink(fs, target, path, err);
	if (!ret)
		dw_notes_add(&plan->notes, "%s is a link to %s now", path,
			     target);
	return ret;
}

/* "boot/vmlinuz-OLD" becomes "boot/vmlinuz-NEW", and PATH.old, where there are
 * such links, what PATH was: as linux-update-symlinks does it. */
static int move_link(struct dw_add_kernel_plan *plan, const char *path,
		     const char *file, bool with_old, struct dw_err *err)
{
	struct dw_fs *fs = plan->state->amend.fs;
	char *was = NULL, *now = NULL, *slash, old[64];
	int ret = dw_fs_readlink(fs, path, &was, err);

	if (ret)
		return ret;
	slash = strrchr(was, '/');
	snprintf(old, sizeof(old), "%s.old", path);
	if (asprintf(&now, "%.*s%s", slash ? (int)(slash + 1 - was) : 0, was,
		     strrchr(file, '/') + 1) < 0) {
		now = NULL;
		ret = dw_fail_nomem(err);
	}
	if (!ret && strcmp(was, now) && with_old)
		ret = relink(plan, old, was, err);
	if (!ret && strcmp(was, now))
		ret = relink(plan, path, now, err);
	free(was);
	free(now);
	return ret;
}

/*
 * The menu's new entry names files.  Where an older one names a link, that link
 * stays: else no entry would start the old kernel any more.
 */
int dw_kernel_move_links(struct dw_add_kernel_plan *plan, struct dw_err *err)
{
	struct dw_fs *fs = plan->state->amend.fs;
	const char *user;
	struct links l;
	int ret;

	if (plan->state->no_default || !find_links(fs, &l))
		return 0;
	user = find_user(fs, &l);
	if (user) {
		dw_notes_add(&plan->notes, "%s stays a link to the old kernel, "
			     "which an entry of %s starts by it", l.kernel,
			     user);
		return 0;
	}
	if (l.initrd && !plan->initrd) {
		dw_notes_add(&plan->notes, "%s and %s stay links to the old "
			     "kernel: the new one has no initrd", l.kernel,
			     l.initrd);
		return 0;
	}
	ret = move_link(plan, l.kernel, plan->kernel, l.has_old, err);
	if (!ret && l.initrd)
		ret = move_link(plan, l.initrd, plan->initrd, l.has_old, err);
	return ret;
}
