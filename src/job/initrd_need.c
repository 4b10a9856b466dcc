/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an initrd has to get. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "initrd/make.h"
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
		.root_on = need->root_on, .new_root = need->new_root,
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

/* ---- making one ----------------------------------------------------------- */

/* What the distribution calls the initrd of a kernel, in its folder. */
static int name_new(const struct dw_initrd_target *t, char **out,
		    struct dw_err *err)
{
	const struct dw_kernel *k = t->kernel;
	int folder_len = (int)(strrchr(k->path, '/') - k->path);
	const char *front = "initrd.img", *end = "";

	switch (t->release->distro) {
	case DW_DISTRO_RHEL:
	case DW_DISTRO_FEDORA:
	case DW_DISTRO_ARCH:
		front = "initramfs";
		end = ".img";
		break;
	case DW_DISTRO_SLES:
	case DW_DISTRO_OPENSUSE:
		front = "initrd";
		break;
	case DW_DISTRO_ALPINE:
		front = "initramfs";
		break;
	default:
		break;
	}
	if (asprintf(out, "%.*s/%s%s%s%s", folder_len, k->path, front,
		     *k->name ? "-" : "", k->name, end) >= 0)
		return 0;
	*out = NULL;
	return dw_fail_nomem(err);
}

static int make_whole(const struct dw_initrd_need *need,
		      const struct dw_initrd_target *t, const char *why,
		      struct dw_initrd_change *out, struct dw_err *err)
{
	const char *old = t->kernel->initrd_path;
	struct dw_stat st;
	int ret;

	dw_initrd_change_free(out);
	ret = old ? dw_fs_realpath(need->fs, old, &out->path, err)
		  : name_new(t, &out->path, err);
	if (!ret && old) {
		ret = dw_fs_stat(need->fs, out->path, &st, err);
		out->old_len = st.size;
	}
	if (!ret)
		ret = dw_initrd_synth(t, need->more, &out->bytes, &out->len,
				      err);
	out->whole = true;
	if (!ret && asprintf(&out->note, "made anew (%zu KiB): %s",
			     (out->len + 1023) / 1024, why) < 0) {
		out->note = NULL;
		ret = dw_fail_nomem(err);
	}
	return ret;
}

/* ---- deciding ------------------------------------------------------------- */

/* Codes that say something of this initrd, not of this run: with more memory
 * one that met a limit may be as good as any. */
static bool is_of_initrd(int code)
{
	return code == DW_CORRUPT || code == DW_NOENT ||
		code == DW_UNSUPPORTED;
}

/* What there is; 0 with o->initrd NULL and *why filled: none of use. */
static int read_own(const struct dw_initrd_need *need, struct opened *o,
		    struct dw_err *why, struct dw_err *err)
{
	const struct dw_kernel *k = need->kernel;
	int ret;

	if (!k->initrd_path) {
		dw_fail(why, DW_UNSUPPORTED, "%s has none", k->path);
		return 0;
	}
	ret = dw_initrd_read(need->ctx, need->fs, k->initrd_path, k->version,
			     &o->initrd, why);
	if (!ret || is_of_initrd(ret))
		return 0;
	if (err)
		*err = *why;
	return ret;
}

static int decide(const struct dw_initrd_need *need, struct opened *o,
		  struct dw_initrd_decision *out, struct dw_err *err)
{
	struct dw_err why = { 0 };
	int ret = read_own(need, o, &why, err);

	if (!ret)
		ret = list_wanted(need, o, &out->names, err);
	if (ret || !out->names.nr)
		return ret;
	if (o->initrd) {
		out->family = o->initrd->family;
		ret = dw_initrd_add(&o->target, o->initrd, &out->names,
				    &out->change, &why);
		if (ret)
			dw_err_prefix(&why, ret, "%s",
				      need->kernel->initrd_path);
	}
	if (o->initrd && (!ret || ret != DW_UNSUPPORTED)) {
		if (ret && err)
			*err = why;
		return ret;
	}
	/* Nobody asked for a system that comes up by another one. */
	if (!need->sides[DW_SIDE_KVM] && !need->sides[DW_SIDE_XEN]) {
		if (err)
			*err = why;
		return why.code;
	}
	ret = make_whole(need, &o->target, why.text, &out->change, err);
	return ret ? dw_err_prefix(err, ret, "%s", why.text) : 0;
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
	int ret;

	/* No program of the guest made it. */
	if (decision->change.whole && !decision->family)
		return 0;
	ret = open_target(need, &o, err);
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
