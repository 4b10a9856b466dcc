/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Initrds of SLES 10 and 11: mkinitrd of SUSE. */
#include <stdlib.h>
#include <string.h>

#include "initrd/family.h"
#include "initrd/suse.h"

#define LIST "RESOLVED_INITRD_MODULES"
#define SYSCONFIG "/etc/sysconfig/kernel"

enum { INIT, RUN_ALL, START, TEXTS_NR };

/* Puts a file anew as an editor makes it. */
static int put_edited(struct dw_initrd_build *b,
		      const struct dw_initrd_text *t, uint32_t mode,
		      dw_edit_fn fn, const void *arg, struct dw_err *err)
{
	struct dw_changes changes = { 0 };
	struct dw_buf out = { 0 };
	int ret;

	ret = fn(t->data ? t->data : "", t->len, arg, &out, &changes, err);
	if (!ret && dw_changes_any(&changes))
		dw_cpio_file(&b->w, t->name, mode, out.data, out.len);
	dw_changes_free(&changes);
	dw_buf_free(&out);
	return ret ? dw_err_prefix(err, ret, "%s", b->path) : 0;
}

/* run_all.sh holds copies of config/ and is what /init sources; the steps
 * themselves, with config/, are run where it is asked for (slow_boot). */
static int add_steps(struct dw_initrd_build *b,
		     const struct dw_initrd_text *texts, struct dw_err *err)
{
	const struct dw_suse_list list = { LIST, b->names, true };
	const struct dw_initrd_text *run = &texts[RUN_ALL];
	int ret;

	if (!run->data || !strstr(run->data, "$" LIST))
		return dw_fail(err, DW_UNSUPPORTED, "%s: its run_all.sh loads "
			       "no $" LIST, b->path);
	ret = put_edited(b, run, 0644, dw_suse_list_edit, &list, err);
	if (!ret)
		ret = put_edited(b, &texts[START], 0644, dw_suse_list_edit,
				 &list, err);
	return ret;
}

static int add(struct dw_initrd_build *b, struct dw_err *err)
{
	struct dw_initrd_text texts[TEXTS_NR] = {
		[INIT] = { .name = "init" },
		[RUN_ALL] = { .name = "run_all.sh" },
		[START] = { .name = "config/start.sh" },
	};
	const struct dw_initrd_text *init = &texts[INIT];
	enum dw_suse_kind kind;
	int ret;

	ret = dw_initrd_get_all(b->target, b->path, texts, TEXTS_NR, err);
	kind = !ret && init->data ? dw_suse_kind(init->data, init->len) :
	       DW_SUSE_NONE;
	if (!ret && kind == DW_SUSE_NONE)
		ret = dw_fail(err, DW_UNSUPPORTED, "%s: /init is none of "
			      "SUSE's mkinitrd that is known", b->path);
	if (!ret)
		ret = dw_initrd_add_tree(b, err);
	if (!ret && kind == DW_SUSE_STEPS)
		ret = add_steps(b, texts, err);
	else if (!ret)
		ret = put_edited(b, init, 0755, dw_suse_init_edit, b->names,
				 err);
	dw_initrd_texts_free(texts, TEXTS_NR);
	return ret;
}

/* A kernel for Xen gets DOMU_INITRD_MODULES besides, which stays as it is; of
 * a module that a kernel does not have mkinitrd only warns. */
static int keep(const struct dw_initrd_target *t,
		const struct dw_module_list *names, struct dw_edits *edits,
		struct dw_err *err)
{
	const struct dw_suse_list list = { "INITRD_MODULES", names, false };
	size_t first = edits->changes.nr;

	if (dw_fs_exists(t->fs, SYSCONFIG))
		return dw_edits_run(edits, t->fs, SYSCONFIG, dw_suse_list_edit,
				    &list, err);
	dw_changes_note(&edits->changes, 0, "is missing, so that mkinitrd "
			"does not know of the modules");
	dw_changes_set_path(&edits->changes, first, SYSCONFIG);
	return dw_changes_check(&edits->changes, err);
}

const struct dw_initrd_driver dw_initrd_suse = {
	.family = DW_INITRD_SUSE,
	.add = add,
	.keep = keep,
};
