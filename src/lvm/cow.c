/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Snapshots: an origin as its exception store remembers it. */
#include <inttypes.h>

#include "base/checked.h"
#include "dev/kinds.h"
#include "lvm/chunkmap.h"
#include "lvm/cow.h"
#include "lvm/targets.h"

struct load {
	struct dw_chunkmap map;
	uint64_t origin_chunks_nr;	/* the last may be a part */
	uint32_t chunk_len;
};

/*
 * lvm does not reduce an origin that has snapshots, and Linux makes no
 * exception behind the end of a snapshot.  Nor for a chunk that has one, which
 * the map checks: which of two counts would depend on how Linux hashes them.
 */
static int add_exception(void *arg, uint64_t old_chunk, uint64_t new_chunk,
			 struct dw_err *err)
{
	struct load *load = arg;

	if (old_chunk >= load->origin_chunks_nr)
		return dw_fail(err, DW_CORRUPT, "cow: chunk %" PRIu64
			       " is at chunk %" PRIu64 " of the store, but "
			       "the origin has %" PRIu64 " of %" PRIu32
			       " bytes", old_chunk, new_chunk,
			       load->origin_chunks_nr, load->chunk_len);
	return dw_chunkmap_add(&load->map, old_chunk, new_chunk, err);
}

/* Without exceptions. */
static int open_origin(const char *name, struct dw_dev *origin,
		       struct dw_dev **out, struct dw_err *err)
{
	int rc = dw_window_new_kind(origin, 0, origin->size, name, "snapshot",
				    out, err);

	if (!rc)
		(*out)->readonly = true;
	return rc;
}

static int open_store(struct dw_ctx *ctx, const char *name,
		      struct dw_dev *origin, struct dw_dev *cow,
		      const struct dw_cow_store *store, struct dw_dev **out,
		      struct dw_err *err)
{
	struct load load = {
		.map = { .ctx = ctx, .what = "cow" },
		.origin_chunks_nr = dw_div_up(origin->size, store->chunk_len),
		.chunk_len = store->chunk_len,
	};
	int rc = dw_cow_walk(ctx, cow, store, add_exception, &load, err);

	if (!rc)
		rc = dw_chunkmap_seal(&load.map, err);
	if (!rc)
		return dw_chunkmap_dev_take(name, "snapshot", origin, cow,
					    store->chunk_len, &load.map, out,
					    err);
	dw_chunkmap_free(&load.map);
	return rc;
}

static int fail_lost(const struct dw_dev *cow, struct dw_err *err)
{
	return dw_fail(err, DW_CORRUPT, "cow: invalid snapshot: its store of %"
		       PRIu64 " bytes ran full or could not be written, so "
		       "that it was given up", cow->size);
}

static int open_as(struct dw_ctx *ctx, const char *name,
		   struct dw_dev *origin, struct dw_dev *cow, bool is_merging,
		   struct dw_dev **out, struct dw_err *err)
{
	struct dw_cow_store store;
	int rc;

	*out = NULL;
	rc = dw_cow_read(cow, &store, err);
	if (!rc && store.state == DW_COW_VALID)
		rc = open_store(ctx, name, origin, cow, &store, out, err);
	else if (!rc && store.state == DW_COW_LOST && !is_merging)
		rc = fail_lost(cow, err);
	else if (!rc)
		rc = open_origin(name, origin, out, err);
	if (rc == DW_CORRUPT || rc == DW_UNSUPPORTED)
		dw_err_prefix(err, rc, "%s", name);
	return rc;
}

int dw_cow_open(struct dw_ctx *ctx, const char *name, struct dw_dev *origin,
		struct dw_dev *cow, struct dw_dev **out, struct dw_err *err)
{
	return open_as(ctx, name, origin, cow, false, out, err);
}

/*
 * dm-snapshot-merge copies the last exceptions to the origin, clears them, and
 * goes on with those before; reads come from the store as long as there is an
 * exception.  A merge that lvm put off counts as begun: the next activation
 * would begin it.
 */
int dw_cow_open_merging(struct dw_ctx *ctx, const char *name,
			struct dw_dev *origin, struct dw_dev *cow,
			struct dw_dev **out, struct dw_err *err)
{
	return open_as(ctx, name, origin, cow, true, out, err);
}

static int note_end(void *arg, uint64_t old_chunk, uint64_t new_chunk,
		    struct dw_err *err)
{
	uint64_t *end_chunk = arg;

	*end_chunk = dw_max(*end_chunk, new_chunk + 1);
	return 0;
}

/* What lvs makes a percentage of: up to the chunk that Linux would take next,
 * with the header and the areas.  A lost snapshot counts as full there. */
int dw_cow_used_len(struct dw_ctx *ctx, struct dw_dev *cow, uint64_t *out,
		    struct dw_err *err)
{
	uint64_t end_chunk = 2;		/* the header and the first area */
	struct dw_cow_store store;
	int rc;

	*out = 0;
	rc = dw_cow_read(cow, &store, err);
	if (rc || store.state == DW_COW_NEW)
		return rc;
	if (store.state == DW_COW_LOST) {
		*out = cow->size;
		return 0;
	}
	rc = dw_cow_walk(ctx, cow, &store, note_end, &end_chunk, err);
	if (rc)
		return rc;
	if (end_chunk % store.stride == 1)
		end_chunk++;		/* there the next area is */
	*out = dw_min(end_chunk, store.chunks_nr) * store.chunk_len;
	return 0;
}
