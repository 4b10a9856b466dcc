/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which chunks are to be read from a cache.
 *
 * Shut down cleanly: the dirty ones.  Linux drops the mark of a clean shutdown
 * when it opens the metadata, and sets it again in the commit that also stores
 * which blocks are dirty, so that with it they are known.  A valid block that
 * is not dirty holds what the origin does: it was copied from there, written
 * to both, or copied back.  (But for blocks that were discarded: either side
 * is right.)
 *
 * Otherwise: all valid ones, as Linux itself then calls all of them dirty.
 * That is right in each mode.  A block that is mapped in what was committed
 * last still holds that chunk, because a mapping is taken away by a commit of
 * its own before its block is used anew.  Writeback: the cache has the newest.
 * Writethrough: a write was told to be done when both sides had it; before
 * that, either is right.  Passthrough: a write takes the mapping away; until
 * that is committed no flush was done, and the write may be lost.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "lvm/cache.h"

#define VALUE_LEN 8u
#define CHUNK_SHIFT 16
#define WORD_BITS 64u

enum mapping_flags {
	MAPPING_VALID = 1 << 0,
	MAPPING_DIRTY = 1 << 1,		/* of version 1 */
	MAPPING_FLAGS = 0xffff,
};

struct load {
	const struct dw_cache_super *super;
	const struct dw_cache_shape *shape;
	struct dw_chunkmap *map;
	uint64_t *dirty;	/* version 2, clean: a bit for each block */
};

static int add_word(void *arg, uint64_t i, const uint8_t *value,
		    struct dw_err *err)
{
	struct load *load = arg;

	load->dirty[i] = dw_le64(value);
	return 0;
}

static int load_dirty(struct dw_pdata *pd, struct load *load,
		      struct dw_err *err)
{
	uint64_t nr = dw_div_up(load->super->blocks_nr, WORD_BITS);
	uint64_t cap_len = load->map->ctx->memory_cap_len;
	int rc;

	if (nr > cap_len / sizeof(*load->dirty))
		return dw_fail(err, DW_LIMIT, "cache: the dirty marks of %"
			       PRIu32 " blocks need more memory than the cap "
			       "of %" PRIu64 " bytes", load->super->blocks_nr,
			       cap_len);
	load->dirty = calloc(nr, sizeof(*load->dirty));
	if (!load->dirty)
		return dw_fail_nomem(err);
	rc = dw_parray_walk(pd, load->super->dirty_root_blk, nr, VALUE_LEN,
			    add_word, load, err);
	return rc ? dw_err_prefix(err, rc, "cache: dirty marks") : 0;
}

static bool is_newest(const struct load *load, uint64_t block, uint64_t flags)
{
	if (!(flags & MAPPING_VALID))
		return false;
	if (!(load->super->flags & DW_CACHE_CLEAN))
		return true;
	if (load->dirty)
		return load->dirty[block / WORD_BITS] >> block % WORD_BITS & 1;
	return flags & MAPPING_DIRTY;
}

/* A last chunk of the origin that is not whole is never cached. */
static int add_mapping(void *arg, uint64_t block, const uint8_t *value,
		       struct dw_err *err)
{
	struct load *load = arg;
	uint64_t flags = dw_le64(value) & MAPPING_FLAGS;
	uint64_t chunk = dw_le64(value) >> CHUNK_SHIFT;

	if (flags & ~(uint64_t)(MAPPING_VALID | MAPPING_DIRTY))
		return dw_fail(err, DW_CORRUPT, "cache: block %" PRIu64
			       " has unknown flags %" PRIx64, block, flags);
	if (!is_newest(load, block, flags))
		return 0;
	if (chunk >= load->shape->origin_nr)
		return dw_fail(err, DW_CORRUPT, "cache: block %" PRIu64
			       " holds chunk %" PRIu64 ", but the origin has %"
			       PRIu64 " whole ones", block, chunk,
			       load->shape->origin_nr);
	if (block >= load->shape->data_nr)
		return dw_fail(err, DW_CORRUPT, "cache: block %" PRIu64
			       " holds chunk %" PRIu64 ", but the cache has "
			       "room for %" PRIu64, block, chunk,
			       load->shape->data_nr);
	return dw_chunkmap_add(load->map, chunk, block, err);
}

int dw_cache_load(struct dw_pdata *pd, const struct dw_cache_super *s,
		  const struct dw_cache_shape *shape, struct dw_chunkmap *map,
		  struct dw_err *err)
{
	struct load load = { .super = s, .shape = shape, .map = map };
	int rc = 0;

	if (!s->blocks_nr)
		return 0;	/* made, but never active: there are no trees */
	if (s->flags & DW_CACHE_CLEAN && s->version >= 2)
		rc = load_dirty(pd, &load, err);
	if (!rc)
		rc = dw_parray_walk(pd, s->mapping_root_blk, s->blocks_nr,
				    VALUE_LEN, add_mapping, &load, err);
	if (!rc)
		rc = dw_chunkmap_seal(map, err);
	free(load.dirty);
	return rc;
}
