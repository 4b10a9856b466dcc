/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which logical volumes can be written, and why others cannot. */
#include <string.h>

#include "lvm/vg.h"

static int fail(const struct dw_lv *lv, struct dw_err *err, const char *why,
		const char *name)
{
	return dw_fail(err, DW_READONLY, "%s/%s: %s%s", lv->vg->name, lv->name,
		       why, name);
}

static int check_group(const struct dw_lv *lv, struct dw_err *err)
{
	if (lv->vg->is_exported)
		return fail(lv, err, "its group is exported, and can only be "
			    "read", "");
	if (lv->vg->is_clustered_or_shared)
		return fail(lv, err, "its group is one that several hosts "
			    "use, and can only be read", "");
	return 0;
}

/* Writing to an origin would change its snapshots, and writing to what holds
 * a part of another volume would damage that. */
static int check_user(const struct dw_lv *lv, struct dw_err *err)
{
	const struct dw_lv *user = lv->user;

	if (!user)
		return 0;
	if (user->segments_nr && user->segments[0].cow)
		user = user->segments[0].cow;
	return fail(lv, err, "cannot be changed, it is needed by ",
		    user->name);
}

static bool is_writable_kind(const struct dw_segment *s)
{
	return s->kind == DW_SEGMENT_STRIPED ||
	       (s->kind == DW_SEGMENT_RAID && !strcmp(s->type, "raid1"));
}

static int check_kind(const struct dw_lv *lv, struct dw_err *err)
{
	const struct dw_segment *s;
	size_t i;

	if (lv->snapshot)
		return fail(lv, err, "is a snapshot; only linear, striped and "
			    "raid1 volumes can be changed", "");
	for (i = 0; i < lv->segments_nr; i++) {
		s = &lv->segments[i];
		if (!is_writable_kind(s))
			return dw_fail(err, DW_READONLY,
				       "%s/%s: is of type %s; only linear, "
				       "striped and raid1 volumes can be "
				       "changed", lv->vg->name, lv->name,
				       dw_segment_name(s));
	}
	return 0;
}

int dw_lv_check_writable(const struct dw_lv *lv, const struct dw_dev *dev,
			 struct dw_err *err)
{
	int rc = check_kind(lv, err);

	if (!rc)
		rc = check_user(lv, err);
	if (!rc && !lv->is_visible)
		rc = fail(lv, err, "is hidden, and can only be read", "");
	if (!rc && !lv->is_writable)
		rc = fail(lv, err, "is marked as read-only", "");
	if (!rc)
		rc = check_group(lv, err);
	if (!rc && dev->readonly)
		rc = fail(lv, err, "can only be read, as what lies below, or "
			  "has a leg that is lost or may lag behind", "");
	return rc;
}
