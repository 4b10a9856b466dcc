/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks a qcow2 image: what is counted against what its refcounts say. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/notes.h"
#include "formats/qcow2_check.h"
#include "formats/qcow2_refbits.h"

#define NOTES_MAX 20

void dw_qcow2_found(struct dw_qcow2_checker *c, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	c->out->corruptions_nr++;
	if (c->out->notes.nr >= NOTES_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	dw_notes_add(&c->out->notes, "%s", text);
}

int dw_qcow2_read_padded(struct dw_dev *file, uint64_t off, void *buf,
			 uint64_t len, struct dw_err *err)
{
	uint64_t there = 0;

	if (off < file->size)
		there = dw_min(len, file->size - off);
	memset((uint8_t *)buf + there, 0, len - there);
	return there ? dw_dev_pread(file, off, buf, there, err) : 0;
}

uint64_t dw_qcow2_counts_len(const struct dw_qcow2_checker *c)
{
	return dw_round_up(dw_div_up(c->clusters_cap << c->h.refcount_order, 8),
			   c->cluster_len);
}

uint64_t dw_qcow2_new_refs_nr(const struct dw_qcow2_checker *c)
{
	uint64_t blocks_nr = dw_qcow2_counts_len(c) / c->cluster_len;

	return blocks_nr + dw_div_up(blocks_nr * 8, c->cluster_len);
}

/*
 * Room for the clusters of the file, one more (which an entry that is not
 * aligned may reach), and those that new refcount blocks would take.  It ends
 * because a block stands for more clusters than it and its entry take.
 */
static void set_cap(struct dw_qcow2_checker *c)
{
	uint64_t nr = c->clusters_nr + 1;

	c->clusters_cap = nr;
	while (c->clusters_cap < nr + dw_qcow2_new_refs_nr(c))
		c->clusters_cap = nr + dw_qcow2_new_refs_nr(c);
}

static int make_room(struct dw_qcow2_checker *c, struct dw_err *err)
{
	uint64_t need_len;

	c->clusters_nr = dw_div_up(c->file->size, c->cluster_len);
	set_cap(c);
	c->reftable_nr = (uint64_t)c->h.reftable_clusters_nr *
			 c->cluster_len / 8;
	need_len = dw_qcow2_counts_len(c) + 2 * (c->clusters_cap / 8 + 1) +
		   c->reftable_nr * 8 + 2 * c->cluster_len +
		   c->snapshots.table_len +
		   c->snapshots.nr * sizeof(*c->snapshots.items);
	if (need_len > c->ctx->memory_cap_len)
		return dw_fail(err, DW_LIMIT,
			       "%s: to check %" PRIu64 " clusters takes %"
			       PRIu64 " bytes of memory, %" PRIu64
			       " are allowed",
			       c->file->name, c->clusters_nr, need_len,
			       c->ctx->memory_cap_len);
	c->counts = calloc(1, dw_qcow2_counts_len(c));
	c->is_single = calloc(1, c->clusters_cap / 8 + 1);
	c->is_meta = calloc(1, c->clusters_cap / 8 + 1);
	c->reftable = malloc(c->reftable_nr * 8);
	c->l2 = malloc(c->cluster_len);
	c->block = malloc(c->cluster_len);
	if (!c->counts || !c->is_single || !c->is_meta || !c->reftable ||
	    !c->l2 || !c->block)
		return dw_fail_nomem(err);
	return dw_dev_pread(c->file, c->h.reftable_off, c->reftable,
			    c->reftable_nr * 8, err);
}

int dw_qcow2_checker_open(struct dw_ctx *ctx, struct dw_dev *file,
			  struct dw_image_check *out,
			  struct dw_qcow2_checker *c, struct dw_err *err)
{
	int rc;

	memset(c, 0, sizeof(*c));
	c->ctx = ctx;
	c->file = file;
	c->out = out;
	c->past_end_off = UINT64_MAX;
	rc = dw_qcow2_read_header(file, &c->h, err);
	if (rc)
		return rc;
	c->cluster_len = UINT32_C(1) << c->h.cluster_bits;
	rc = dw_qcow2_exts_read(file, &c->h, &c->exts, err);
	if (!rc)
		rc = dw_qcow2_refuse_unknown(&c->h, &c->exts, err);
	if (!rc)
		rc = dw_qcow2_snapshots_read(file, &c->h, &c->snapshots, err);
	if (!rc)
		rc = make_room(c, err);
	return rc;
}

void dw_qcow2_checker_close(struct dw_qcow2_checker *c)
{
	dw_qcow2_exts_free(&c->exts);
	dw_qcow2_snapshots_free(&c->snapshots);
	free(c->counts);
	free(c->is_single);
	free(c->is_meta);
	free(c->reftable);
	free(c->l2);
	free(c->block);
	memset(c, 0, sizeof(*c));
}

uint64_t dw_qcow2_refblock_off(const struct dw_qcow2_checker *c, uint64_t i,
			       bool *usable)
{
	uint64_t entry = i < c->reftable_nr ? dw_be64(c->reftable + i * 8) : 0;
	uint64_t off = entry & ~DW_QCOW2_REFTABLE_RESERVED;

	*usable = off % c->cluster_len == 0 && off <= INT64_MAX;
	return off;
}

int dw_qcow2_refcount_in_file(struct dw_qcow2_checker *c, uint64_t i,
			      uint64_t *refs, struct dw_err *err)
{
	unsigned order = c->h.refcount_order;
	uint64_t per_block = dw_qcow2_refblock_nr(c);
	uint64_t in_block = i % per_block;
	uint64_t step = order < 3 ? 8u >> order : 1, off;
	uint8_t p[8];
	bool usable;
	int rc;

	*refs = 0;
	off = dw_qcow2_refblock_off(c, i / per_block, &usable);
	if (!off)
		return 0;
	off += (in_block << order) / 8;
	rc = dw_qcow2_read_padded(c->file, off, p, sizeof(p), err);
	*refs = dw_qcow2_refcount_get(p, order, in_block % step);
	return rc;
}

static void compare_one(struct dw_qcow2_checker *c, uint64_t cluster,
			uint64_t in_file, uint64_t counted)
{
	if (in_file || counted)
		c->out->image_end_off = (cluster + 1) * c->cluster_len;
	dw_qcow2_set_bit(c->is_single, cluster, in_file == 1);
	if (in_file > counted)
		c->out->leaks_nr++;
	else if (in_file < counted)
		dw_qcow2_found(c, "cluster %" PRIu64 " has refcount %" PRIu64
			       ", but %" PRIu64 " refer to it", cluster,
			       in_file, counted);
}

int dw_qcow2_compare(struct dw_qcow2_checker *c, struct dw_err *err)
{
	unsigned order = c->h.refcount_order;
	uint64_t per_block = dw_qcow2_refblock_nr(c);
	uint64_t first, i, end, off;
	bool usable;
	int rc;

	c->out->image_end_off = c->cluster_len;
	for (first = 0; first < c->clusters_nr; first += per_block) {
		rc = dw_ctx_check(c->ctx, err);
		if (rc)
			return rc;
		off = dw_qcow2_refblock_off(c, first / per_block, &usable);
		/* Said already; there is nothing to compare with. */
		if (!usable)
			continue;
		if (off)
			rc = dw_qcow2_read_padded(c->file, off, c->block,
						  c->cluster_len, err);
		else
			memset(c->block, 0, c->cluster_len);
		if (rc)
			return rc;
		end = dw_min(first + per_block, c->clusters_nr);
		for (i = first; i < end; i++)
			compare_one(c, i,
				    dw_qcow2_refcount_get(c->block, order,
							  i - first),
				    dw_qcow2_refcount_get(c->counts, order, i));
	}
	return 0;
}

static int check_once(struct dw_ctx *ctx, struct dw_dev *file,
		      struct dw_image_check *out, struct dw_err *err)
{
	struct dw_qcow2_checker c;
	int rc;

	rc = dw_qcow2_checker_open(ctx, file, out, &c, err);
	if (!rc)
		rc = dw_qcow2_count_all(&c, err);
	if (!rc) {
		dw_qcow2_count_refblocks(&c);
		rc = dw_qcow2_compare(&c, err);
	}
	if (!rc)
		rc = dw_qcow2_check_copied(&c, err);
	dw_qcow2_checker_close(&c);
	return rc ? rc : dw_notes_check(&out->notes, err);
}

static int repair_once(struct dw_ctx *ctx, struct dw_dev *file,
		       struct dw_err *err)
{
	struct dw_image_check ignored = { 0 };
	struct dw_qcow2_checker c;
	int rc;

	rc = dw_qcow2_checker_open(ctx, file, &ignored, &c, err);
	if (!rc)
		rc = dw_qcow2_repair(&c, err);
	dw_qcow2_checker_close(&c);
	dw_notes_free(&ignored.notes);
	/* Whatever else may be wrong, the refcounts are right now. */
	return rc ? rc : dw_qcow2_clear_incompat(file, DW_QCOW2_INCOMPAT_DIRTY,
						 err);
}

/* 'out' has the figures before, and gets those after. */
static int repair_and_check(struct dw_ctx *ctx, struct dw_dev *file,
			    struct dw_image_check *out, struct dw_err *err)
{
	uint64_t corruptions_nr = out->corruptions_nr;
	uint64_t leaks_nr = out->leaks_nr;
	int rc;

	rc = repair_once(ctx, file, err);
	if (rc)
		return rc;
	dw_notes_free(&out->notes);
	*out = (struct dw_image_check){ .format = out->format,
					.checkable = out->checkable };
	rc = check_once(ctx, file, out, err);
	if (rc)
		return rc;
	if (corruptions_nr > out->corruptions_nr)
		out->corruptions_fixed_nr = corruptions_nr -
					    out->corruptions_nr;
	if (leaks_nr > out->leaks_nr)
		out->leaks_fixed_nr = leaks_nr - out->leaks_nr;
	if (out->corruptions_nr)
		return 0;
	return dw_qcow2_clear_incompat(file, DW_QCOW2_INCOMPAT_CORRUPT, err);
}

static bool needs_repair(const struct dw_qcow2_header *h,
			 const struct dw_image_check *check)
{
	return check->corruptions_nr || check->leaks_nr ||
	       h->incompat & (DW_QCOW2_INCOMPAT_DIRTY |
			      DW_QCOW2_INCOMPAT_CORRUPT);
}

int dw_qcow2_check_image(struct dw_ctx *ctx, struct dw_dev *file, bool repair,
			 struct dw_image_check *out, struct dw_err *err)
{
	struct dw_qcow2_header h;
	int rc;

	rc = dw_qcow2_read_header(file, &h, err);
	if (!rc)
		rc = check_once(ctx, file, out, err);
	if (!rc && repair && needs_repair(&h, out))
		rc = repair_and_check(ctx, file, out, err);
	return rc;
}

int dw_qcow2_rebuild_refcounts(struct dw_ctx *ctx, struct dw_dev *file,
			       struct dw_err *err)
{
	struct dw_image_check check = { 0 };
	int rc;

	rc = repair_once(ctx, file, err);
	if (!rc)
		rc = check_once(ctx, file, &check, err);
	if (!rc && check.corruptions_nr)
		rc = dw_fail(err, DW_CORRUPT,
			     "qcow2: %" PRIu64 " corruptions that cannot be "
			     "mended, the first: %s", check.corruptions_nr,
			     check.notes.items[0]);
	dw_notes_free(&check.notes);
	return rc;
}
