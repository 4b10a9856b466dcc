/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of volumes that LVM gives to one user are not given to two. */
#include <stdlib.h>

#include "lvm/vg.h"

struct claims {
	const struct dw_vg *vg;
	const struct dw_lv **users;	/* of each volume, by its index */
};

static int claim(struct claims *c, const struct dw_lv *user,
		 const struct dw_lv *part, struct dw_err *err)
{
	const struct dw_lv **slot = &c->users[part - c->vg->lvs];

	if (*slot)
		return dw_fail(err, DW_CORRUPT,
			       "lvm: %s: %s is used by %s, and by %s",
			       c->vg->name, part->name, (*slot)->name,
			       user->name);
	*slot = user;
	return 0;
}

/*
 * What the metadata of pools, caches and snapshots says is kept in memory by
 * each volume that is read through it.  Where each has its own, the space on
 * disk bounds all of them together; one that any number of volumes name would
 * not.
 */
static int claim_parts(struct claims *c, const struct dw_lv *lv,
		       const struct dw_segment *s, struct dw_err *err)
{
	int rc;

	switch (s->kind) {
	case DW_SEGMENT_SNAPSHOT:
		return claim(c, lv, s->cow, err);
	case DW_SEGMENT_CACHE:
		return claim(c, lv, s->pool, err);
	case DW_SEGMENT_CACHE_POOL:
	case DW_SEGMENT_THIN_POOL:
		rc = claim(c, lv, s->data, err);
		return rc ? rc : claim(c, lv, s->metadata, err);
	default:
		return 0;
	}
}

int dw_vg_check_users(const struct dw_vg *vg, struct dw_err *err)
{
	struct claims c = { .vg = vg };
	const struct dw_lv *lv;
	size_t i, k;
	int rc = 0;

	c.users = calloc(vg->lvs_nr + 1, sizeof(*c.users));
	if (!c.users)
		return dw_fail_nomem(err);
	for (i = 0; !rc && i < vg->lvs_nr; i++) {
		lv = &vg->lvs[i];
		for (k = 0; !rc && k < lv->segments_nr; k++)
			rc = claim_parts(&c, lv, &lv->segments[k], err);
	}
	free(c.users);
	return rc;
}
