/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts the clusters that the dirty bitmaps of a qcow2 image take. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "formats/qcow2_check.h"

/* What QEMU accepts. */
#define BITMAPS_MAX 65535u
#define DIR_MAX_LEN (BITMAPS_MAX * UINT64_C(1064))
#define TABLE_MAX_NR 0x8000000u

enum {
	OFF_TABLE = 0,
	OFF_TABLE_NR = 8,
	OFF_NAME_LEN = 18,
	OFF_EXTRA_LEN = 20,
	FIXED_LEN = 24,
};

/* In an entry of a bitmap's table. */
#define RESERVED UINT64_C(0xff000000000001fe)
#define ALL_ONES UINT64_C(1)
/* Entries that are held at once. */
#define PART_NR 8192u

static void count_entry(struct dw_qcow2_checker *c, uint64_t e)
{
	uint64_t off = e & DW_QCOW2_OFF_MASK;

	if (e & RESERVED || (off && (e & ALL_ONES || off % c->cluster_len)))
		dw_qcow2_found(c, "a bitmap has the table entry 0x%016" PRIx64,
			       e);
	else if (off)
		dw_qcow2_refer(c, off, c->cluster_len, true);
}

static int count_table(struct dw_qcow2_checker *c, uint64_t off, uint32_t nr,
		       struct dw_err *err)
{
	uint8_t *part;
	uint32_t i, j, n;
	int rc = 0;

	nr = (uint32_t)dw_min(nr, TABLE_MAX_NR);
	dw_qcow2_refer(c, off, (uint64_t)nr * 8, true);
	if (!dw_in_range(off, (uint64_t)nr * 8, c->file->size))
		return 0;
	part = malloc(PART_NR * 8);
	if (!part)
		return dw_fail_nomem(err);
	for (i = 0; !rc && i < nr; i += n) {
		n = (uint32_t)dw_min(PART_NR, nr - i);
		rc = dw_ctx_check(c->ctx, err);
		if (!rc)
			rc = dw_dev_pread(c->file, off + (uint64_t)i * 8, part,
					  n * 8, err);
		for (j = 0; !rc && j < n; j++)
			count_entry(c, dw_be64(part + j * 8));
	}
	free(part);
	return rc;
}

static bool has_directory(struct dw_qcow2_checker *c)
{
	const struct dw_qcow2_exts *e = &c->exts;

	if (e->bitmaps_nr <= BITMAPS_MAX && e->bitmap_dir_len <= DIR_MAX_LEN &&
	    dw_in_range(e->bitmap_dir_off, e->bitmap_dir_len, c->file->size))
		return true;
	dw_qcow2_found(c, "%" PRIu32 " bitmaps in %" PRIu64 " bytes at %" PRIu64,
		       e->bitmaps_nr, e->bitmap_dir_len, e->bitmap_dir_off);
	return false;
}

/* One entry of the directory, moving *pos behind it. */
static int count_bitmap(struct dw_qcow2_checker *c, uint64_t *pos,
			struct dw_err *err)
{
	uint8_t p[FIXED_LEN];
	uint64_t len;
	int rc;

	rc = dw_dev_pread(c->file, c->exts.bitmap_dir_off + *pos, p, sizeof(p),
			  err);
	if (rc)
		return rc;
	len = FIXED_LEN + (uint64_t)dw_be16(p + OFF_NAME_LEN) +
	      dw_be32(p + OFF_EXTRA_LEN);
	*pos += dw_round_up(len, 8);
	return count_table(c, dw_be64(p + OFF_TABLE), dw_be32(p + OFF_TABLE_NR),
			   err);
}

/* It ends because each entry of the directory has at least 24 bytes. */
int dw_qcow2_count_bitmaps(struct dw_qcow2_checker *c, struct dw_err *err)
{
	const struct dw_qcow2_exts *e = &c->exts;
	uint64_t pos = 0;
	uint32_t i;
	int rc = 0;

	/* Without the bit nobody kept them up to date, and they are lost. */
	if (!(c->h.autoclear & DW_QCOW2_AUTOCLEAR_BITMAPS) || !e->bitmaps_nr)
		return 0;
	dw_qcow2_refer(c, e->bitmap_dir_off, e->bitmap_dir_len, true);
	if (!has_directory(c))
		return 0;
	for (i = 0; !rc && i < e->bitmaps_nr; i++) {
		if (!dw_in_range(pos, FIXED_LEN, e->bitmap_dir_len)) {
			dw_qcow2_found(c, "bitmap %" PRIu32 " lies past the "
				       "end of its directory", i);
			return 0;
		}
		rc = count_bitmap(c, &pos, err);
	}
	return rc;
}
