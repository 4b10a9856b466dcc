/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Blocks of the kernel's persistent-data library: checked, and kept. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/sum.h"
#include "lvm/pdata.h"

/* Checked blocks that are kept: 2 MiB.  Of a thin volume with chunks of 64 KiB
 * that is the mapping of 8 GiB. */
#define SETS_NR 128u
#define WAYS_NR 4u
#define SLOTS_NR (SETS_NR * WAYS_NR)

struct slot {
	uint64_t blk;
	uint32_t salt;		/* 0: empty; no kind has that one */
	uint64_t used;		/* tick of the last use */
};

struct dw_pdata {
	struct dw_ctx *ctx;
	struct dw_dev *dev;
	const char *what;
	uint64_t blocks_nr;
	pthread_mutex_t lock;	/* of what follows */
	uint64_t tick;
	struct slot slots[SLOTS_NR];
	/* One allocation, of which only what is used takes memory. */
	uint8_t blocks[SLOTS_NR][DW_PDATA_BLOCK_LEN];
};

/* All kinds begin with their checksum, but not all with their number. */
static const struct kind {
	uint32_t salt;
	unsigned number_off;
	const char *name;
} kinds[] = {
	{ DW_PDATA_SALT_THIN_SUPER, 8, "superblock" },
	{ DW_PDATA_SALT_CACHE_SUPER, 8, "superblock" },
	{ DW_PDATA_SALT_BTREE, 8, "btree node" },
	{ DW_PDATA_SALT_ARRAY, 16, "array block" },
};

#define KINDS_NR (sizeof(kinds) / sizeof(kinds[0]))

int dw_pdata_open(struct dw_ctx *ctx, struct dw_dev *dev, const char *what,
		  struct dw_pdata **out, struct dw_err *err)
{
	struct dw_pdata *pd;

	*out = NULL;
	if (dev->size < DW_PDATA_BLOCK_LEN)
		return dw_fail(err, DW_CORRUPT,
			       "%s: the device has only %" PRIu64 " bytes",
			       what, dev->size);
	pd = calloc(1, sizeof(*pd));
	if (!pd)
		return dw_fail_nomem(err);
	pthread_mutex_init(&pd->lock, NULL);
	pd->ctx = ctx;
	pd->dev = dw_dev_ref(dev);
	pd->what = what;
	pd->blocks_nr = dev->size / DW_PDATA_BLOCK_LEN;
	*out = pd;
	return 0;
}

void dw_pdata_close(struct dw_pdata *pd)
{
	if (!pd)
		return;
	pthread_mutex_destroy(&pd->lock);
	/* Nothing was written: a close has nothing to say. */
	dw_dev_close(pd->dev, NULL);
	free(pd);
}

int dw_pdata_set_blocks_nr(struct dw_pdata *pd, uint64_t blocks_nr,
			   struct dw_err *err)
{
	uint64_t dev_nr = pd->dev->size / DW_PDATA_BLOCK_LEN;

	if (!blocks_nr || blocks_nr > dev_nr)
		return dw_fail(err, DW_CORRUPT,
			       "%s: has %" PRIu64 " blocks on a device of %"
			       PRIu64, pd->what, blocks_nr, dev_nr);
	pd->blocks_nr = blocks_nr;
	return 0;
}

const char *dw_pdata_what(const struct dw_pdata *pd)
{
	return pd->what;
}

int dw_pdata_check_cancel(struct dw_pdata *pd, struct dw_err *err)
{
	return dw_ctx_check(pd->ctx, err);
}

/* ---- blocks on disk ----------------------------------------------------- */

static int check_block(const struct dw_pdata *pd, uint64_t blk,
		       const struct kind *kind, const uint8_t *buf,
		       struct dw_err *err)
{
	uint32_t want = dw_le32(buf);
	uint32_t sum = dw_crc32c(~0u, buf + 4, DW_PDATA_BLOCK_LEN - 4) ^
		       kind->salt;
	uint64_t number = dw_le64(buf + kind->number_off);

	if (sum != want)
		return dw_fail(err, DW_CORRUPT,
			       "%s: block %" PRIu64 " is no sound %s: its "
			       "checksum is %08" PRIx32 ", it says %08" PRIx32,
			       pd->what, blk, kind->name, sum, want);
	if (number != blk)
		return dw_fail(err, DW_CORRUPT,
			       "%s: block %" PRIu64 ", a %s, says that it is "
			       "block %" PRIu64, pd->what, blk, kind->name,
			       number);
	return 0;
}

static int fetch(struct dw_pdata *pd, uint64_t blk, uint32_t salt,
		 uint8_t *buf, struct dw_err *err)
{
	const struct kind *kind = kinds;
	int rc;

	while (kind < kinds + KINDS_NR && kind->salt != salt)
		kind++;
	if (kind == kinds + KINDS_NR)
		return dw_fail(err, DW_USAGE, "%s: no kind of block has the "
			       "salt %" PRIu32, pd->what, salt);
	if (blk >= pd->blocks_nr)
		return dw_fail(err, DW_CORRUPT,
			       "%s: a %s at block %" PRIu64 " of %" PRIu64,
			       pd->what, kind->name, blk, pd->blocks_nr);
	rc = dw_dev_pread(pd->dev, blk * DW_PDATA_BLOCK_LEN, buf,
			  DW_PDATA_BLOCK_LEN, err);
	if (rc)
		return dw_err_prefix(err, rc, "%s", pd->what);
	return check_block(pd, blk, kind, buf, err);
}

/* ---- blocks that are kept ----------------------------------------------- */

/* Blocks that are used together lie at all distances; the product spreads
 * them over the sets. */
static unsigned set_of(uint64_t blk)
{
	uint64_t hash = blk * UINT64_C(0x9e3779b97f4a7c15);

	return (unsigned)((hash >> 32) % SETS_NR) * WAYS_NR;
}

/* A block that was checked as one kind says nothing as another. */
static bool get_kept(struct dw_pdata *pd, uint64_t blk, uint32_t salt,
		     uint8_t *buf)
{
	unsigned set = set_of(blk), i;
	bool found = false;

	pthread_mutex_lock(&pd->lock);
	for (i = set; i < set + WAYS_NR && !found; i++) {
		if (pd->slots[i].blk != blk || pd->slots[i].salt != salt)
			continue;
		memcpy(buf, pd->blocks[i], DW_PDATA_BLOCK_LEN);
		pd->slots[i].used = ++pd->tick;
		found = true;
	}
	pthread_mutex_unlock(&pd->lock);
	return found;
}

/* Takes the place of the one of its set that was longest unused.  Two threads
 * that missed the same block may both keep it, which costs a slot. */
static void keep(struct dw_pdata *pd, uint64_t blk, uint32_t salt,
		 const uint8_t *buf)
{
	unsigned set = set_of(blk), i, oldest = set;

	pthread_mutex_lock(&pd->lock);
	for (i = set; i < set + WAYS_NR; i++)
		if (pd->slots[i].used < pd->slots[oldest].used)
			oldest = i;
	memcpy(pd->blocks[oldest], buf, DW_PDATA_BLOCK_LEN);
	pd->slots[oldest] = (struct slot){ blk, salt, ++pd->tick };
	pthread_mutex_unlock(&pd->lock);
}

int dw_pdata_read(struct dw_pdata *pd, uint64_t blk, uint32_t salt,
		  uint8_t buf[DW_PDATA_BLOCK_LEN], struct dw_err *err)
{
	int rc;

	if (get_kept(pd, blk, salt, buf))
		return 0;
	rc = fetch(pd, blk, salt, buf, err);
	if (!rc)
		keep(pd, blk, salt, buf);
	return rc;
}
