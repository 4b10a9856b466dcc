/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What of an LVM physical volume is worth copying.  The copy is a PV again:
 * all that LVM itself keeps on it is taken as it is, and logical volumes lie
 * where they lay, so that only what is in them may be left out.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "dev/kinds.h"
#include "fs/identify.h"
#include "job/awake.h"
#include "job/wanted.h"
#include "job/wanted_places.h"
#include "job/wanted_pv.h"

/* Disks in disks; deeper ones are copied in full. */
#define DEPTH_MAX 4u

struct pv_look {
	struct dw_ctx *ctx;
	struct dw_dev *dev;
	unsigned depth;
	bool is_asleep;		/* a system, in one of the volumes */
	struct dw_pv_places on;
	/* Of each volume of the group. */
	struct dw_wanted *nested;
	uint64_t held_len;	/* by their runs */
	struct dw_used_run *runs;
	size_t runs_nr, runs_cap;
};

/* ---- what is in them ------------------------------------------------------ */

static int look_into(struct pv_look *l, size_t lv_nr, struct dw_err *err)
{
	const struct dw_lv *lv = &l->on.vg->lvs[lv_nr];
	struct dw_wanted_options options = {
		/* What LVM itself uses has no meaning of ours. */
		.all_blocks = !lv->is_visible || l->depth + 1 >= DEPTH_MAX,
		.depth = l->depth + 1,
	};
	struct dw_dev *dev;
	int ret;

	ret = dw_lv_open(l->ctx, lv, lv->name, &dev, err);
	if (ret)
		return ret;
	ret = dw_wanted_find(l->ctx, dev, &options, &l->nested[lv_nr], err);
	dw_dev_close(dev, NULL);
	if (ret || !l->nested[lv_nr].asleep[0])
		return ret;
	l->is_asleep = true;
	return dw_fail(err, DW_UNSUPPORTED, "%s/%s, %s", l->on.vg->name,
		       lv->name, l->nested[lv_nr].asleep);
}

/* What all volumes hold together has the cap of what one may hold. */
static int check_held(struct pv_look *l, const struct dw_wanted *nested,
		      struct dw_err *err)
{
	l->held_len += nested->runs_cap * sizeof(nested->runs[0]);
	if (l->held_len <= l->ctx->memory_cap_len)
		return 0;
	return dw_fail(err, DW_LIMIT, "the runs of wanted blocks of all "
		       "volumes need more memory than the cap of %" PRIu64
		       " bytes", l->ctx->memory_cap_len);
}

static int look_into_all(struct pv_look *l, struct dw_err *err)
{
	size_t i;
	int ret = 0;

	l->nested = calloc(l->on.vg->lvs_nr + 1, sizeof(l->nested[0]));
	if (!l->nested)
		return dw_fail_nomem(err);
	ret = dw_awake_check_group(l->ctx, l->on.vg, err);
	l->is_asleep = ret == DW_UNSUPPORTED;
	for (i = 0; i < l->on.vg->lvs_nr && !ret; i++) {
		ret = look_into(l, i, err);
		if (!ret)
			ret = check_held(l, &l->nested[i], err);
	}
	return ret;
}

/* ---- the runs ------------------------------------------------------------- */

static int add_run(struct pv_look *l, uint64_t off, uint64_t len,
		   struct dw_err *err)
{
	struct dw_used_run *last = l->runs + l->runs_nr, *grown;
	size_t cap;

	if (!len)
		return 0;
	if (l->runs_nr && last[-1].off + last[-1].len == off) {
		last[-1].len += len;
		return 0;
	}
	if (l->runs_nr == l->runs_cap) {
		cap = l->runs_cap ? l->runs_cap * 2 : 64;
		if (cap * sizeof(*grown) > l->ctx->memory_cap_len)
			return dw_fail(err, DW_LIMIT, "more than %zu runs of "
				       "wanted blocks", l->runs_nr);
		grown = reallocarray(l->runs, cap, sizeof(*grown));
		if (!grown)
			return dw_fail_nomem(err);
		l->runs = grown;
		l->runs_cap = cap;
	}
	l->runs[l->runs_nr++] = (struct dw_used_run){ off, len };
	return 0;
}

/* The first run of a volume that ends behind off. */
static size_t first_run(const struct dw_wanted *w, uint64_t off)
{
	size_t lo = 0, hi = w->runs_nr, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (w->runs[mid].off + w->runs[mid].len > off)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static int add_place_runs(struct pv_look *l, const struct dw_lv_place *p,
			  struct dw_err *err)
{
	const struct dw_wanted *w = &l->nested[p->lv_nr];
	uint64_t lv_end = p->lv_off + p->len, start, end;
	size_t i;
	int ret = 0;

	for (i = first_run(w, p->lv_off);
	     i < w->runs_nr && w->runs[i].off < lv_end && !ret; i++) {
		start = dw_max(w->runs[i].off, p->lv_off);
		end = dw_min(w->runs[i].off + w->runs[i].len, lv_end);
		ret = add_run(l, p->off + (start - p->lv_off), end - start,
			      err);
	}
	return ret;
}

static int add_runs(struct pv_look *l, struct dw_err *err)
{
	size_t i;
	int ret = add_run(l, 0, l->on.pv->pe_start_off, err);

	for (i = 0; i < l->on.places_nr && !ret; i++)
		ret = add_place_runs(l, &l->on.places[i], err);
	if (!ret)
		ret = add_run(l, l->on.pe_end_off, l->dev->size - l->on.pe_end_off,
			      err);
	return ret;
}

/* ---- how it reads in the copy ---------------------------------------------- */

/* The PV, with recovered volumes in their places. */
static int make_overlay(const struct pv_look *l, struct dw_dev **out,
			struct dw_err *err)
{
	struct dw_map_piece *pieces;
	const struct dw_wanted *w;
	uint64_t off = 0;
	size_t i, nr = 0;
	int ret = 0;

	pieces = calloc(2 * l->on.places_nr + 1, sizeof(*pieces));
	if (!pieces)
		return dw_fail_nomem(err);
	for (i = 0; i < l->on.places_nr; i++) {
		const struct dw_lv_place *p = &l->on.places[i];

		w = &l->nested[p->lv_nr];
		if (w->view == w->disk)
			continue;
		pieces[nr++] = (struct dw_map_piece){
			l->dev, off, p->off - off,
		};
		pieces[nr++] = (struct dw_map_piece){
			w->view, p->lv_off, p->len,
		};
		off = p->off + p->len;
	}
	pieces[nr++] = (struct dw_map_piece){ l->dev, off, l->dev->size - off };
	if (nr > 1)
		ret = dw_map_new(l->dev->name, pieces, nr, out, err);
	free(pieces);
	return ret;
}

/* ---- the whole ------------------------------------------------------------ */

/*
 * The label may be left over beneath something newer: ZFS and VMFS leave the
 * first sectors alone, and libblkid asks no further once it has seen a PV.
 */
static int refuse_others(struct dw_dev *dev, struct dw_err *err)
{
	struct dw_fs_info info;
	int ret = dw_blkid_identify_but(dev, "LVM2_member", &info, err);

	if (ret == DW_NOT_MINE)
		return 0;
	return ret ? ret : dw_fail(err, DW_UNSUPPORTED, "it is %s with the "
				   "label of a physical volume in it",
				   info.type);
}

static void add_recovery(struct dw_recovery *sum, const struct dw_recovery *r)
{
	sum->transactions_nr += r->transactions_nr;
	sum->replayed_blk_nr += r->replayed_blk_nr;
	sum->revoked_blk_nr += r->revoked_blk_nr;
	sum->orphans_deleted_nr += r->orphans_deleted_nr;
	sum->orphans_truncated_nr += r->orphans_truncated_nr;
	sum->free_counts_fixed_nr += r->free_counts_fixed_nr;
	sum->bad_blk_nr += r->bad_blk_nr;
}

/* What the report of the PV has to say of its volumes. */
static void tell(const struct pv_look *l, struct dw_wanted_part *out)
{
	struct dw_err note;
	size_t lv, i;

	for (lv = 0; lv < l->on.vg->lvs_nr; lv++)
		for (i = 0; i < l->nested[lv].areas_nr; i++) {
			const struct dw_convert_area *area =
				&l->nested[lv].areas[i];

			add_recovery(&out->recovery, &area->recovery);
			if (!area->note || out->note[0])
				continue;
			dw_fail(&note, DW_UNSUPPORTED, "%s/%s, %s: %s",
				l->on.vg->name, l->on.vg->lvs[lv].name, area->name,
				area->note);
			memcpy(out->note, note.text, sizeof(out->note));
		}
}

/* Only the superblocks and the views are needed from now on. */
static void hand_over(struct pv_look *l, struct dw_wanted_part *out)
{
	size_t i;

	for (i = 0; i < l->on.vg->lvs_nr; i++) {
		free(l->nested[i].runs);
		l->nested[i].runs = NULL;
		l->nested[i].runs_nr = l->nested[i].runs_cap = 0;
	}
	out->nested = l->nested;
	out->nested_nr = l->on.vg->lvs_nr;
	out->runs = l->runs;
	out->runs_nr = l->runs_nr;
	l->nested = NULL;
	l->runs = NULL;
}

static void free_look(struct pv_look *l)
{
	if (l->nested)
		dw_wanted_free_all(l->nested, l->on.vg->lvs_nr);
	free(l->runs);
	dw_pv_places_close(&l->on);
}

int dw_wanted_look_pv(struct dw_ctx *ctx, struct dw_dev *dev, unsigned depth,
		      struct dw_wanted_part *out, struct dw_err *err)
{
	struct pv_look l = { .ctx = ctx, .dev = dev, .depth = depth };
	int ret = refuse_others(dev, err);

	if (!ret)
		ret = dw_pv_places_open(ctx, dev, &l.on, err);
	if (!ret)
		ret = dw_pv_places_find(&l.on, err);
	if (!ret)
		ret = look_into_all(&l, err);
	if (!ret)
		ret = add_runs(&l, err);
	if (!ret)
		ret = make_overlay(&l, &out->overlay, err);
	out->is_asleep = l.is_asleep;
	if (!ret) {
		tell(&l, out);
		hand_over(&l, out);
	}
	free_look(&l);
	return ret;
}
