/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What PyGrub of a Xen host would boot: its own rules, then the kernel's. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/notes.h"
#include "boot/pygrub.h"
#include "boot/text_words.h"
#include "job/verdict.h"

/* ---- the disk ---------------------------------------------------------------- */

/* Whether PyGrub looks for a filesystem where this one lies. */
static int looks_here(struct dw_verdict_source *source,
		      enum dw_pygrub_rules rules, bool *found,
		      struct dw_err *err)
{
	uint64_t offsets[DW_PYGRUB_MAX_OFFSETS];
	uint8_t *head = malloc(DW_PYGRUB_HEAD_LEN);
	size_t len = dw_min(DW_PYGRUB_HEAD_LEN, dw_dev_size(source->disk));
	size_t nr = 0, i;
	int ret;

	*found = false;
	if (!head)
		return dw_fail_nomem(err);
	ret = dw_dev_pread(source->disk, 0, head, len, err);
	/* DW_CORRUPT: PyGrub stops at this table. */
	if (!ret && !dw_pygrub_offsets(rules, head, len, offsets, &nr, NULL))
		for (i = 0; i < nr; i++)
			*found |= offsets[i] == source->start_lba * 512;
	free(head);
	return ret;
}

static int check_disk(struct dw_verdict_source *source,
		      struct dw_boot_verdict *v, struct dw_err *err)
{
	bool new_finds = false, old_finds = false;
	int ret;

	ret = looks_here(source, DW_PYGRUB_4_17, &new_finds, err);
	if (!ret)
		ret = looks_here(source, DW_PYGRUB_4_4, &old_finds, err);
	if (ret)
		return ret;
	if (!new_finds)
		return dw_fail(err, DW_NOBOOT,
			       "PyGrub does not find the filesystem on this "
			       "disk");
	if (!old_finds)
		dw_notes_add(&v->warnings, "PyGrub before Xen 4.7, 4.6.3 and "
			     "4.5.3 does not find the filesystem");
	return 0;
}

/* ---- the entry ------------------------------------------------------------------ */

static int take_verdict(struct dw_pygrub_result *r, struct dw_boot_verdict *v,
			struct dw_err *err)
{
	struct dw_notes warnings = v->warnings;
	struct dw_span root;
	size_t i;

	*v = r->v;
	memset(&r->v, 0, sizeof(r->v));
	for (i = 0; i < v->warnings.nr; i++)
		dw_notes_add(&warnings, "%s", v->warnings.items[i]);
	dw_notes_free(&v->warnings);
	v->warnings = warnings;
	if (v->args && !v->root &&
	    dw_args_get((struct dw_span){ v->args, strlen(v->args) }, "root",
			&root)) {
		v->root = dw_span_dup(root);
		if (!v->root)
			return dw_fail_nomem(err);
	}
	return 0;
}

static int follow_rules(struct dw_verdict_source *source,
			struct dw_boot_verdict *v, struct dw_err *err)
{
	struct dw_pygrub_result *r;
	int ret;

	ret = dw_pygrub_lint_fs(DW_PYGRUB_4_17, source->fs, &r, err);
	if (ret)
		return ret;
	if (r->why == DW_PYGRUB_BOOTS)
		ret = take_verdict(r, v, err);
	else
		ret = dw_fail(err, DW_NOBOOT, "%s", r->v.reason ? r->v.reason
			      : "PyGrub finds nothing to boot");
	dw_pygrub_free(r);
	return ret;
}

static int warn_of_old_rules(struct dw_verdict_source *source,
			     struct dw_boot_verdict *v, struct dw_err *err)
{
	struct dw_pygrub_result *r;
	int ret;

	ret = dw_pygrub_lint_fs(DW_PYGRUB_4_4, source->fs, &r, err);
	if (ret)
		return ret;
	if (r->why != DW_PYGRUB_BOOTS)
		dw_notes_add(&v->warnings, "PyGrub of Xen 4.4 would not boot "
			     "it: %s", r->v.reason ? r->v.reason : "");
	dw_pygrub_free(r);
	return 0;
}

/* ---- the kernel ----------------------------------------------------------------- */

static void warn_of_packing(const struct dw_kernel *kernel,
			    struct dw_boot_verdict *v)
{
	const struct dw_kernel_packing *packing = kernel->head.packing;

	if (!packing)
		return;
	if (!packing->xen_major)
		dw_notes_add(&v->warnings, "no Xen can unpack a kernel "
			     "packed with %s", packing->name);
	else if (packing->xen_major > 4 ||
		 (packing->xen_major == 4 && packing->xen_minor > 4))
		dw_notes_add(&v->warnings, "the kernel is packed with "
			     "%s, which Xen unpacks from %u.%u on",
			     packing->name, packing->xen_major,
			     packing->xen_minor);
}

/*
 * A disk without a table may be attached under the name of a partition, which
 * Xen does not mind: 'disk = [ "file:guest.img,xvda1,w" ]' is how most such
 * guests are run, old ones as sda1.
 */
static bool is_attached_as(const struct dw_verdict_source *source,
			   const char *root)
{
	static const char *const prefixes[] = {
		"/dev/xvd", "/dev/sd", "/dev/hd",
	};
	size_t i, len;

	for (i = 0; root && !source->part_nr && i < 3; i++) {
		len = strlen(prefixes[i]);
		if (!strncmp(root, prefixes[i], len) && root[len] >= 'a' &&
		    root[len] <= 'z' && root[len + 1] &&
		    !root[len + 1 + strspn(root + len + 1, "0123456789")])
			return true;
	}
	return false;
}

static int check_root(struct dw_verdict_source *source,
		      struct dw_boot_verdict *v, struct dw_err *err)
{
	if (!is_attached_as(source, v->root))
		return dw_verdict_root(source, v->root, "xvda", v->initrd,
				       err);
	dw_notes_add(&v->warnings, "only where the disk is attached as %s",
		     v->root + strlen("/dev/"));
	return 0;
}

static int judge(struct dw_verdict_source *source, struct dw_boot_verdict *v,
		 struct dw_err *err)
{
	const struct dw_boot_check *check;
	const struct dw_kernel *kernel;
	size_t kernel_nr = 0;
	int ret;

	ret = check_disk(source, v, err);
	if (!ret)
		ret = dw_verdict_has_kernel(source, DW_SIDE_XEN, err);
	if (!ret)
		ret = follow_rules(source, v, err);
	if (!ret)
		ret = warn_of_old_rules(source, v, err);
	if (!ret)
		ret = dw_verdict_find_kernel(source, v, &kernel_nr, err);
	if (ret)
		return ret;
	kernel = &source->kernels->items[kernel_nr];
	ret = dw_verdict_check_initrd(source, v, kernel, err);
	if (!ret)
		ret = dw_verdict_check(source, kernel_nr, &check, err);
	if (!ret && !check->xen_ok)
		ret = dw_fail(err, DW_NOBOOT, "%s", check->xen_why);
	if (ret)
		return ret;
	warn_of_packing(kernel, v);
	return check_root(source, v, err);
}

int dw_verdict_pygrub(struct dw_verdict_source *source,
		      struct dw_boot_verdict *out, struct dw_err *err)
{
	struct dw_err why;

	memset(out, 0, sizeof(*out));
	return dw_verdict_settle(source, DW_SIDE_XEN, out,
				 judge(source, out, &why), &why, err);
}
