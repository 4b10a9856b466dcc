/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The Xen side: the guest's own menu.lst, grub.cfg or extlinux.conf. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/bootconf.h"
#include "base/uuid.h"
#include "job/bootfiles.h"

#define MAX_CONFIG_LEN (1u << 20)

static int read_config(struct dw_bootfiles *b, const struct dw_boot_file *file,
		       struct dw_bootconf **out, struct dw_err *err)
{
	char *text = NULL;
	size_t len;
	int ret;

	*out = NULL;
	ret = dw_edits_read(b->edits, b->source->fs, file->path, &text, &len,
			    err);
	if (ret == DW_NOENT)
		return 0;
	if (!ret)
		ret = dw_bootconf_parse(file->kind, text, len, out, err);
	free(text);
	return ret ? dw_err_prefix(err, ret, "%s", file->path) : 0;
}

static bool entry_root(const struct dw_boot_entry *e, struct dw_span *root)
{
	return e->args && !e->is_other &&
	       dw_args_get((struct dw_span){ e->args, strlen(e->args) },
			   "root", root);
}

int dw_bootfiles_learn(struct dw_bootfiles *b, struct dw_err *err)
{
	const struct dw_boot_file *file;
	struct dw_bootconf *conf;
	struct dw_span root;
	size_t i;
	int ret;

	for (file = dw_boot_files; file->path; file++) {
		ret = read_config(b, file, &conf, err);
		if (ret)
			return ret;
		for (i = 0; conf && i < conf->entries_nr; i++)
			if (entry_root(&conf->entries[i], &root))
				dw_names_add(&b->names, root);
		dw_bootconf_free(conf);
	}
	return 0;
}

bool dw_bootfiles_find_kernel(const struct dw_bootfiles *b,
			      const struct dw_boot_entry *entry,
			      size_t *kernel_nr)
{
	const struct dw_kernels *kernels = b->source->kernels;
	struct dw_stat st;
	size_t i;

	if (!entry->kernel ||
	    dw_fs_stat(b->source->fs, entry->kernel, &st, NULL))
		return false;
	for (i = 0; i < kernels->nr; i++)
		if (kernels->items[i].ino == st.ino) {
			*kernel_nr = i;
			return true;
		}
	return false;
}

bool dw_bootfiles_newest_xen(const struct dw_bootfiles *b, size_t *kernel_nr)
{
	const struct dw_kernels *kernels = b->source->kernels;

	for (*kernel_nr = 0; *kernel_nr < kernels->nr; ++*kernel_nr)
		if (kernels->items[*kernel_nr].xen_ok &&
		    dw_boot_can_name(kernels->items[*kernel_nr].path))
			return true;
	*kernel_nr = 0;
	return false;
}

/* For whose initrd the root's name must do where nothing tells of another. */
static size_t newest_xen(const struct dw_bootfiles *b)
{
	size_t nr;

	dw_bootfiles_newest_xen(b, &nr);
	return nr;
}

static size_t kernel_of(const struct dw_bootfiles *b,
			const struct dw_boot_entry *e)
{
	size_t nr;

	return dw_bootfiles_find_kernel(b, e, &nr) ? nr : newest_xen(b);
}

static int set_root(struct dw_bootfiles *b, struct dw_bootconf *conf, size_t i,
		    struct dw_err *err)
{
	struct dw_arg_edit edit = { .op = DW_ARG_REPLACE, .name = "root" };
	const struct dw_boot_entry *e = &conf->entries[i];
	char chosen[200];
	struct dw_span root;
	int ret;

	if (!entry_root(e, &root))
		return 0;
	edit.value = b->xen_root;
	if (!b->xen_root) {
		if (dw_names_is_lasting(&b->names, root) ||
		    !dw_names_is_root(&b->names, root))
			return 0;
		ret = dw_bootfiles_root(b, kernel_of(b, e), "xvda", chosen,
					err);
		if (ret)
			return ret;
		edit.value = chosen;
	}
	return dw_bootconf_edit_entry(conf, i, &edit, 1, err);
}

/* The lines from which the guest's own tools make entries later. */
static int set_default_roots(struct dw_bootfiles *b, struct dw_bootconf *conf,
			     struct dw_err *err)
{
	struct dw_arg_edit edit = { .op = DW_ARG_REPLACE, .name = "root" };
	char chosen[200];
	int ret;
	size_t i;

	edit.value = b->xen_root;
	if (!b->xen_root) {
		ret = dw_bootfiles_root(b, newest_xen(b), "xvda", chosen,
					err);
		if (ret)
			return ret;
		edit.value = chosen;
	}
	/* Only over names that move; a UUID that is there stays. */
	for (i = 0; i < b->names.devices_nr; i++) {
		edit.only = b->names.devices[i];
		ret = dw_bootconf_edit_defaults(conf, &edit, 1, err);
		if (ret)
			return ret;
	}
	return 0;
}

/* Of the configurations that there are PyGrub takes the first. */
static int edit_config(struct dw_bootfiles *b, const char *path, bool is_first,
		       struct dw_bootconf *conf, struct dw_err *err)
{
	char uuid[DW_UUID_TEXT];
	struct dw_fs_info info;
	size_t i;
	int ret = 0;

	if (b->new_table)
		ret = dw_bootconf_set_partition(conf, 1, err);
	/* First what extlinux entries without an APPEND take over. */
	if (!ret)
		ret = set_default_roots(b, conf, err);
	for (i = 0; i < conf->entries_nr && !ret; i++)
		ret = set_root(b, conf, i, err);
	if (!ret && b->old_uuid) {
		ret = dw_fs_get_info(b->source->fs, &info, err);
		dw_uuid_format(info.uuid, uuid);
		if (!ret)
			ret = dw_bootconf_replace(conf, b->old_uuid, uuid, err);
	}
	if (!ret && is_first)
		ret = dw_bootfiles_console(b, conf, err);
	if (!ret && is_first)
		ret = dw_bootfiles_default(b, path, conf, err);
	return ret;
}

static int keep_config(struct dw_bootfiles *b, const char *path,
		       const struct dw_bootconf *conf, struct dw_err *err)
{
	struct dw_changes changes = { 0 };
	char *text = NULL;
	size_t len;
	int ret;

	if (!dw_text_is_changed(conf->text))
		return 0;
	dw_text_report(conf->text, &changes);
	ret = dw_text_render(conf->text, &text, &len, err);
	if (!ret)
		ret = dw_edits_set(b->edits, b->source->fs, path, text, len, 0,
				   &changes, NULL, err);
	dw_changes_free(&changes);
	free(text);
	return ret;
}

/* What PyGrub could boot, and with which arguments; args[i] for kernel i. */
static int list_kernels(struct dw_bootfiles *b,
			struct dw_boot_spec_entry *entries,
			char (*args)[DW_BOOTFILES_ARGS_LEN],
			size_t *entries_nr, struct dw_err *err)
{
	const struct dw_kernels *kernels = b->source->kernels;
	size_t i;
	int ret = 0;

	for (i = 0; i < kernels->nr && !ret; i++)
		if (kernels->items[i].xen_ok &&
		    dw_bootfiles_can_name(b, &kernels->items[i]))
			ret = dw_bootfiles_xen_entry(b, i, args[i],
						&entries[(*entries_nr)++],
						err);
	return ret;
}

static int write_menu(struct dw_bootfiles *b, struct dw_err *err)
{
	size_t room = b->source->kernels->nr + 1, len;
	struct dw_boot_spec_entry *entries = calloc(room, sizeof(*entries));
	char (*args)[DW_BOOTFILES_ARGS_LEN] = calloc(room, sizeof(*args));
	char *text = NULL;
	struct dw_boot_spec spec = {
		.comment = "Written by diskwright for PyGrub",
		.entries = entries,
		.timeout_ds = 50,
		.serial_port = -1,
		.grub_root = b->source->part_nr ? "(hd0,0)" : "(hd0)",
	};
	int ret;

	ret = entries && args ? list_kernels(b, entries, args,
					     &spec.entries_nr, err)
			      : dw_fail_nomem(err);
	/* No kernel for Xen: the verdict says so, an empty menu would not. */
	if (!ret && spec.entries_nr)
		ret = dw_menulst_build(&spec, &text, &len, err);
	if (!ret && text)
		ret = dw_edits_set(b->edits, b->source->fs,
				   "/boot/grub/menu.lst", text, len, 0, NULL,
				   "PyGrub had no configuration", err);
	free(text);
	free(entries);
	free(args);
	return ret;
}

int dw_bootfiles_xen(struct dw_bootfiles *b, struct dw_err *err)
{
	const struct dw_boot_file *file;
	struct dw_bootconf *conf;
	bool found = false;
	int ret;

	for (file = dw_boot_files; file->path; file++) {
		ret = read_config(b, file, &conf, err);
		if (!ret && conf) {
			ret = edit_config(b, file->path, !found, conf, err);
			found = true;
			if (!ret)
				ret = keep_config(b, file->path, conf, err);
			dw_bootconf_free(conf);
		}
		if (ret)
			return ret;
	}
	return found ? 0 : write_menu(b, err);
}
