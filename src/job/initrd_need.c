/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an initrd has to get. */
#include <stdlib.h>
#include <string.h>

#include "job/initrd_need.h"

/* A target, and what it points to. */
struct opened {
	struct dw_fs_info info;
	struct dw_modules *mods;
	struct dw_initrd *initrd;	/* NULL: there is none */
	struct dw_initrd_target target;
};

static int open_target(const struct dw_initrd_need *need, struct opened *o,
		       struct dw_err *err)
{
	const char *version = need->kernel->version;
	int ret;

	memset(o, 0, sizeof(*o));
	ret = dw_fs_get_info(need->fs, &o->info, err);
	if (!ret)
		ret = dw_modules_open(need->fs, version, &o->mods, err);
	if (ret == DW_NOENT)
		return dw_fail(err, ret, "%s: its list of modules is missing, "
			       "/lib/modules/%s/modules.dep",
			       need->kernel->path, version);
	o->target = (struct dw_initrd_target){
		.ctx = need->ctx, .fs = need->fs, .kernel = need->kernel,
		.mods = o->mods, .release = need->release,
		.root = dw_root_fs_of(&o->info),
	};
	return ret;
}

static void close_target(struct opened *o)
{
	dw_initrd_free(o->initrd);
	dw_modules_free(o->mods);
}

/* All that is wanted, be it there or not. */
static int list_wanted(const struct dw_initrd_need *need,
		       const struct opened *o, struct dw_module_list *out,
		       struct dw_err *err)
{
	int ret = 0;

	for (int side = 0; !ret && side < DW_SIDE_NR; side++)
		if (need->sides[side])
			ret = dw_initrd_wanted(&o->target, o->initrd,
					       (enum dw_side)side, out, err);
	for (size_t i = 0; !ret && need->more && i < need->more->nr; i++)
		ret = dw_module_list_add(out, need->more->names[i], err);
	return ret;
}

static int decide(const struct dw_initrd_need *need, struct opened *o,
		  struct dw_initrd_decision *out, struct dw_err *err)
{
	const struct dw_kernel *kernel = need->kernel;
	int ret;

	if (!kernel->initrd_path)
		return dw_fail(err, DW_UNSUPPORTED, "%s has no initrd",
			       kernel->path);
	ret = dw_initrd_read(need->ctx, need->fs, kernel->initrd_path,
			     kernel->version, &o->initrd, err);
	if (!ret)
		ret = list_wanted(need, o, &out->names, err);
	if (ret)
		return ret;
	out->family = o->initrd->family;
	if (!out->names.nr)
		return 0;
	ret = dw_initrd_add(&o->target, o->initrd, &out->names, &out->change,
			    err);
	return ret ? dw_err_prefix(err, ret, "%s", kernel->initrd_path) : 0;
}

int dw_initrd_decide(const struct dw_initrd_need *need,
		     struct dw_initrd_decision *out, struct dw_err *err)
{
	struct opened o;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = open_target(need, &o, err);
	if (!ret)
		ret = decide(need, &o, out, err);
	close_target(&o);
	if (ret)
		dw_initrd_decision_free(out);
	return ret;
}

int dw_initrd_decision_keep(const struct dw_initrd_need *need,
			    const struct dw_initrd_decision *decision,
			    struct dw_edits *edits, struct dw_err *err)
{
	struct opened o;
	int ret = open_target(need, &o, err);

	if (!ret)
		ret = dw_initrd_keep(&o.target, decision->family,
				     &decision->names, edits, err);
	close_target(&o);
	return ret;
}

void dw_initrd_decision_free(struct dw_initrd_decision *decision)
{
	dw_initrd_change_free(&decision->change);
	dw_module_list_free(&decision->names);
}
