/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The entries of boot menus. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/changes.h"
#include "base/notes.h"
#include "boot/bootconf.h"
#include "job/add_kernel.h"
#include "job/bootfiles.h"

/* ---- menus --------------------------------------------------------------- */

/* The version of the kernel that an entry boots, as far as it is known. */
static const char *version_of(const struct dw_add_kernel_state *s,
			      const struct dw_boot_entry *e)
{
	const struct dw_kernels *kernels = &s->before.guest->kernels;
	struct dw_stat st;

	if (dw_fs_stat(s->before.root.fs, e->kernel, &st, NULL))
		return "";
	for (size_t i = 0; i < kernels->nr; i++)
		if (kernels->items[i].ino == st.ino)
			return kernels->items[i].version;
	return "";
}

static bool has_entry(const struct dw_bootconf *conf, const char *kernel)
{
	for (size_t i = 0; i < conf->entries_nr; i++)
		if (conf->entries[i].kernel &&
		    !strcmp(conf->entries[i].kernel, kernel))
			return true;
	return false;
}

static int set_text(struct dw_add_kernel_plan *plan, const char *path,
		    const struct dw_bootconf *conf, struct dw_err *err)
{
	struct dw_add_kernel_state *s = plan->state;
	struct dw_changes changes = { 0 };
	char *text = NULL;
	size_t len;
	int ret = dw_text_render(conf->text, &text, &len, err);

	if (!ret) {
		dw_text_report(conf->text, &changes);
		ret = dw_changes_check(&changes, err);
	}
	if (!ret)
		ret = dw_edits_set(&s->edits, s->amend.fs, path, text, len, 0,
				   &changes, NULL, err);
	dw_changes_free(&changes);
	free(text);
	return ret;
}

static int add_entry(struct dw_add_kernel_plan *plan, const char *path,
		     struct dw_bootconf *conf, struct dw_err *err)
{
	struct dw_boot_add add = {
		.version = plan->version, .kernel = plan->kernel,
		.initrd = plan->initrd,
		.make_default = !plan->state->no_default,
	};
	long like = dw_bootconf_model(conf);
	struct dw_err why = { 0 };
	size_t nr;
	int ret;

	if (has_entry(conf, plan->kernel)) {
		dw_notes_add(&plan->notes, "%s has an entry for %s already, "
			     "and stays as it is", path, plan->kernel);
		return 0;
	}
	if (like < 0) {
		dw_notes_add(&plan->notes, "%s has no entry that starts Linux "
			     "to make another after, and stays as it is",
			     path);
		return 0;
	}
	add.like = (size_t)like;
	add.old_version = version_of(plan->state, &conf->entries[like]);
	ret = dw_bootconf_add_entry(conf, &add, &nr, &why);
	if (ret == DW_UNSUPPORTED || ret == DW_USAGE) {
		dw_notes_add(&plan->notes, "%s stays as it is: %s", path,
			     why.text);
		return 0;
	}
	if (ret && err)
		*err = why;
	return ret ? ret : set_text(plan, path, conf, err);
}

/* menu.lst is often a link to grub.conf: one file is edited once. */
static bool is_edited(const struct dw_edits *edits, struct dw_fs *fs,
		      const char *path)
{
	char *real;
	bool found = false;

	if (dw_fs_realpath(fs, path, &real, NULL))
		return false;
	for (size_t i = 0; i < edits->nr && !found; i++)
		found = !strcmp(edits->items[i].path, real);
	free(real);
	return found;
}

static int edit_menu(struct dw_add_kernel_plan *plan, const char *path,
		     enum dw_bootconf_kind kind, struct dw_err *err)
{
	struct dw_add_kernel_state *s = plan->state;
	struct dw_bootconf *conf = NULL;
	char *text = NULL;
	size_t len;
	int ret;

	if (is_edited(&s->edits, s->amend.fs, path))
		return 0;
	ret = dw_fs_read_file(s->amend.fs, path, DW_KERNEL_MENU_MAX, &text, &len,
			      err);
	if (!ret)
		ret = dw_bootconf_parse(kind, text, len, &conf, err);
	if (!ret)
		ret = add_entry(plan, path, conf, err);
	dw_bootconf_free(conf);
	free(text);
	return ret ? dw_err_prefix(err, ret, "%s", path) : 0;
}

/* Settings from which tools of the guest choose an entry are not looked at by
 * PyGrub, nor by our loader. */
static void note_others(struct dw_add_kernel_plan *plan)
{
	static const struct {
		const char *path, *note;
	} others[] = {
		{ "/boot/loader/entries", "gets no entry: neither PyGrub nor "
		  "our loader reads it" },
		{ "/boot/grub/grubenv", "is not changed: what GRUB itself "
		  "saved as its default stays so" },
		{ "/boot/grub2/grubenv", "is not changed: what GRUB itself "
		  "saved as its default stays so" },
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (dw_fs_exists(plan->state->amend.fs, others[i].path))
			dw_notes_add(&plan->notes, "%s %s", others[i].path,
				     others[i].note);
}

/*
 * Once a guest has been converted, its own menu is PyGrub's, and our loader has
 * one of its own: each gets only a kernel that boots on its side.
 */
int dw_kernel_edit_menus(struct dw_add_kernel_plan *plan,
			 const struct dw_boot_check *new, struct dw_err *err)
{
	struct dw_fs *fs = plan->state->amend.fs;
	bool converted = dw_fs_exists(fs, DW_KERNEL_OWN_MENU);
	bool for_own = new->xen_ok || !converted;
	int ret = dw_kernel_move_links(plan, err);

	for (const struct dw_boot_file *f = dw_boot_files; f->path && !ret;
	     f++)
		if (for_own && dw_fs_exists(fs, f->path))
			ret = edit_menu(plan, f->path,
					(enum dw_bootconf_kind)f->kind, err);
	if (!ret && converted && new->kvm_ok)
		ret = edit_menu(plan, DW_KERNEL_OWN_MENU, DW_BOOTCONF_EXTLINUX, err);
	if (!ret && !for_own)
		dw_notes_add(&plan->notes, "PyGrub's menu gets no entry: %s",
			     new->xen_why);
	if (!ret && converted && !new->kvm_ok)
		dw_notes_add(&plan->notes, "%s gets no entry: %s", DW_KERNEL_OWN_MENU,
			     new->kvm_why);
	note_others(plan);
	return ret;
}
