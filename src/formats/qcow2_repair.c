/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mends the refcounts of a qcow2 image and the flags derived from them.
 *
 * What a guest reads does not change, and a crash at any point leaves an image
 * that is no worse:
 *
 *   1. refcounts that are too low are raised, so that nothing in use can be
 *      taken for free; or, where the blocks are no use, new ones are written
 *      to clusters that nobody names, the old ones included, and the header
 *      is turned to them in one write
 *   2. flags "not shared" that are wrong are cleared
 *   3. refcounts that are too high are lowered: leaks become free
 *   4. flags that are missing are set
 *   5. the header no longer says that the image is dirty
 *
 * with a flush after each.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/notes.h"
#include "formats/qcow2_check.h"
#include "formats/qcow2_refbits.h"

enum {
	OFF_REFTABLE = 48,
	OFF_INCOMPAT = 72,
	OFF_AUTOCLEAR = 88,
};

/* Refcounts of one block as they shall be. */
static bool merge_block(const struct dw_qcow2_checker *c, uint64_t first,
			uint64_t end, bool raise)
{
	unsigned order = c->h.refcount_order;
	uint64_t i, was, want;
	bool changed = false;

	for (i = first; i < end; i++) {
		was = dw_qcow2_refcount_get(c->block, order, i - first);
		want = dw_qcow2_refcount_get(c->counts, order, i);
		if (raise ? want <= was : want == was)
			continue;
		dw_qcow2_refcount_put(c->block, order, i - first, want);
		changed = true;
	}
	return changed;
}

/* Writes the refcounts where they are; raise: only those that are too low. */
static int write_blocks(struct dw_qcow2_checker *c, bool raise,
			struct dw_err *err)
{
	uint64_t per_block = dw_qcow2_refblock_nr(c);
	uint64_t first, off;
	bool usable;
	int rc = 0;

	for (first = 0; !rc && first < c->clusters_nr; first += per_block) {
		rc = dw_ctx_check(c->ctx, err);
		off = dw_qcow2_refblock_off(c, first / per_block, &usable);
		/* Without a block nothing there is in use. */
		if (rc || !off)
			continue;
		rc = dw_dev_pread(c->file, off, c->block, c->cluster_len, err);
		if (!rc && merge_block(c, first, dw_min(first + per_block,
							c->clusters_nr), raise))
			rc = dw_dev_pwrite(c->file, off, c->block,
					   c->cluster_len, err);
	}
	return rc ? rc : dw_dev_flush(c->file, err);
}

/* Whether the refcount blocks can be written where they are. */
static bool blocks_usable(const struct dw_qcow2_checker *c)
{
	unsigned order = c->h.refcount_order;
	uint64_t per_block = dw_qcow2_refblock_nr(c), i, off;
	bool usable;

	if (c->needs_rebuild)
		return false;
	for (i = 0; i < c->clusters_nr; i++) {
		off = dw_qcow2_refblock_off(c, i / per_block, &usable);
		if (!off && dw_qcow2_refcount_get(c->counts, order, i))
			return false;
		if (off && !dw_in_range(off, c->cluster_len, c->file->size))
			return false;
		if (off)
			i = (i / per_block + 1) * per_block - 1;
	}
	return true;
}

/* The first run of nr clusters that nobody names; it may begin at the end of
 * the file. */
static uint64_t find_free(const struct dw_qcow2_checker *c, uint64_t nr)
{
	uint64_t i, run_nr = 0;

	for (i = 0; i < c->clusters_nr && run_nr < nr; i++)
		run_nr = dw_qcow2_refcount_get(c->counts, c->h.refcount_order,
					       i) ? 0 : run_nr + 1;
	return i - run_nr;
}

/* New blocks lie behind their table, and stand for all that has room. */
static int write_new_blocks(struct dw_qcow2_checker *c, uint64_t table_off,
			    uint64_t table_len, uint64_t blocks_nr,
			    struct dw_err *err)
{
	uint64_t blocks_off = table_off + table_len, i;
	uint8_t *table = calloc(1, table_len);
	int rc;

	if (!table)
		return dw_fail_nomem(err);
	for (i = 0; i < blocks_nr; i++)
		dw_put_be64(table + i * 8, blocks_off + i * c->cluster_len);
	rc = dw_dev_pwrite(c->file, blocks_off, c->counts,
			   blocks_nr * c->cluster_len, err);
	if (!rc)
		rc = dw_dev_pwrite(c->file, table_off, table, table_len, err);
	if (!rc)
		rc = dw_dev_flush(c->file, err);
	free(table);
	return rc;
}

/* Both fields lie in one sector. */
static int turn_header(struct dw_qcow2_checker *c, uint64_t table_off,
		       uint64_t table_len, struct dw_err *err)
{
	uint8_t p[12];
	int rc;

	dw_put_be64(p, table_off);
	dw_put_be32(p + 8, (uint32_t)(table_len / c->cluster_len));
	rc = dw_dev_pwrite(c->file, OFF_REFTABLE, p, sizeof(p), err);
	return rc ? rc : dw_dev_flush(c->file, err);
}

/* The free place is looked for while the old blocks still count; then they
 * are forgotten, and the new ones count instead. */
static int write_elsewhere(struct dw_qcow2_checker *c, struct dw_err *err)
{
	uint64_t nr = dw_qcow2_new_refs_nr(c), blocks_nr, start, end;
	uint64_t table_len, table_off;
	int rc;

	blocks_nr = dw_qcow2_counts_len(c) / c->cluster_len;
	table_len = (nr - blocks_nr) * c->cluster_len;
	if (table_len > DW_QCOW2_REFTABLE_MAX_LEN)
		return dw_fail(err, DW_LIMIT,
			       "%s: a refcount table of %" PRIu64
			       " bytes is needed (at most %u)", c->file->name,
			       table_len, DW_QCOW2_REFTABLE_MAX_LEN);
	start = find_free(c, nr);
	end = (start + nr) * c->cluster_len;
	table_off = start * c->cluster_len;
	/* What the tables name behind the end would be what we write there. */
	if (end > c->file->size && end > c->past_end_off)
		return dw_fail(err, DW_CORRUPT,
			       "%s: it was cut off at %" PRIu64 ", its tables "
			       "go on at %" PRIu64 "; there is no place for "
			       "new refcounts", c->file->name, c->file->size,
			       c->past_end_off);
	rc = end > c->file->size ? dw_dev_resize(c->file, end, err) : 0;
	if (!rc)
		rc = dw_qcow2_recount(c, err);
	if (rc)
		return rc;
	dw_qcow2_refer(c, table_off, nr * c->cluster_len, true);
	rc = write_new_blocks(c, table_off, table_len, blocks_nr, err);
	if (!rc)
		rc = turn_header(c, table_off, table_len, err);
	/* The old ones say nothing any more. */
	c->reftable_nr = 0;
	return rc;
}

/* An entry with the flag that its cluster's refcount asks for. */
static int with_flag(struct dw_qcow2_checker *c, uint64_t e, bool may_set,
		     uint64_t *want, struct dw_err *err)
{
	uint64_t i = (e & DW_QCOW2_OFF_MASK) >> c->h.cluster_bits, refs;
	int rc = 0;

	if (i < c->clusters_nr)
		refs = dw_qcow2_refcount_get(c->counts, c->h.refcount_order, i);
	else
		rc = dw_qcow2_refcount_in_file(c, i, &refs, err);
	if (!rc)
		*want = refs != 1 ? e & ~DW_QCOW2_COPIED :
			may_set ? e | DW_QCOW2_COPIED : e;
	return rc;
}

static int mend_entry(struct dw_qcow2_checker *c, uint64_t e, bool may_set,
		      uint64_t *want, struct dw_err *err)
{
	*want = e;
	if (e & DW_QCOW2_COMPRESSED)
		*want = e & ~DW_QCOW2_COPIED;
	else if (!dw_qcow2_names_cluster(&c->h, e))
		return 0;
	else if (c->h.incompat & DW_QCOW2_INCOMPAT_DATA_FILE)
		*want = e | DW_QCOW2_COPIED;
	else
		return with_flag(c, e, may_set, want, err);
	return 0;
}

/* A table that is also something else is left alone. */
static int mend_l2(struct dw_qcow2_checker *c, uint64_t off, bool may_set,
		   struct dw_err *err)
{
	uint32_t entry_len = c->h.incompat & DW_QCOW2_INCOMPAT_EXT_L2 ? 16 : 8;
	uint64_t len, e, want, i;
	bool changed = false;
	int rc = dw_ctx_check(c->ctx, err);

	if (rc || off % c->cluster_len || off >= c->file->size ||
	    dw_qcow2_bit(c->is_meta, off >> c->h.cluster_bits))
		return rc;
	len = dw_min(c->cluster_len, c->file->size - off);
	rc = dw_dev_pread(c->file, off, c->l2, len, err);
	for (i = 0; !rc && i + entry_len <= len; i += entry_len) {
		e = dw_be64(c->l2 + i);
		rc = mend_entry(c, e, may_set, &want, err);
		if (rc || want == e)
			continue;
		dw_put_be64(c->l2 + i, want);
		changed = true;
	}
	if (!rc && changed)
		rc = dw_dev_pwrite(c->file, off, c->l2, len, err);
	return rc;
}

static int mend_l1_part(struct dw_qcow2_checker *c, uint64_t off, uint8_t *l1,
			uint32_t nr, bool may_set, struct dw_err *err)
{
	bool changed = false;
	uint64_t e, want;
	uint32_t i;
	int rc;

	rc = dw_dev_pread(c->file, off, l1, nr * 8, err);
	for (i = 0; !rc && i < nr; i++) {
		e = dw_be64(l1 + i * 8);
		if (!(e & DW_QCOW2_OFF_MASK))
			continue;
		rc = with_flag(c, e, may_set, &want, err);
		if (!rc && want != e) {
			dw_put_be64(l1 + i * 8, want);
			changed = true;
		}
		if (!rc)
			rc = mend_l2(c, e & DW_QCOW2_OFF_MASK, may_set, err);
	}
	/* It may be part of the table that another one lies on. */
	if (!rc && changed && !c->meta_overlaps)
		rc = dw_dev_pwrite(c->file, off, l1, nr * 8, err);
	return rc;
}

/* Only the tables of now: those of snapshots are never written through. */
static int mend_flags(struct dw_qcow2_checker *c, bool may_set,
		      struct dw_err *err)
{
	uint32_t part_nr = c->cluster_len / 8, i, n;
	uint8_t *l1 = malloc(c->cluster_len);
	int rc = l1 ? 0 : dw_fail_nomem(err);

	for (i = 0; !rc && i < c->h.l1_nr; i += n) {
		n = (uint32_t)dw_min(part_nr, c->h.l1_nr - i);
		rc = mend_l1_part(c, c->h.l1_off + i * UINT64_C(8), l1, n,
				  may_set, err);
	}
	free(l1);
	return rc ? rc : dw_dev_flush(c->file, err);
}

/* Refcounts change, which whoever set an unknown autoclear bit has to hear
 * of. */
static int clear_unknown_autoclear(struct dw_qcow2_checker *c,
				   struct dw_err *err)
{
	uint64_t known = c->h.autoclear & DW_QCOW2_AUTOCLEAR_KNOWN;
	uint8_t p[8];

	if (c->h.version < 3 || known == c->h.autoclear)
		return 0;
	dw_put_be64(p, known);
	return dw_dev_pwrite(c->file, OFF_AUTOCLEAR, p, sizeof(p), err);
}

int dw_qcow2_repair(struct dw_qcow2_checker *c, struct dw_err *err)
{
	int rc;

	rc = dw_qcow2_recount(c, err);
	if (!rc)
		rc = clear_unknown_autoclear(c, err);
	if (rc)
		return rc;
	dw_qcow2_count_refblocks(c);
	if (!blocks_usable(c)) {
		rc = write_elsewhere(c, err);
		return rc ? rc : mend_flags(c, true, err);
	}
	rc = write_blocks(c, true, err);
	if (!rc)
		rc = mend_flags(c, false, err);
	if (!rc)
		rc = write_blocks(c, false, err);
	return rc ? rc : mend_flags(c, true, err);
}

int dw_qcow2_clear_incompat(struct dw_dev *file, uint64_t bits,
			    struct dw_err *err)
{
	struct dw_qcow2_header h;
	uint8_t p[8];
	int rc;

	rc = dw_qcow2_read_header(file, &h, err);
	if (rc || !(h.incompat & bits))
		return rc;
	dw_put_be64(p, h.incompat & ~bits);
	rc = dw_dev_pwrite(file, OFF_INCOMPAT, p, sizeof(p), err);
	return rc ? rc : dw_dev_flush(file, err);
}
