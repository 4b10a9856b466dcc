/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Chunks of one device that lie in another instead: what a snapshot's store
 * and a cache have in common.
 */
#ifndef DW_LVM_CHUNKMAP_H
#define DW_LVM_CHUNKMAP_H

#include "base/ctx.h"
#include "dev/dev.h"

/* Chunks from..from+nr-1 of the base are chunks to..to+nr-1 of the store. */
struct dw_chunk_run {
	uint64_t from, to, nr;
};

/* A list that is filled in any order, and searched once it is sealed. */
struct dw_chunkmap {
	struct dw_ctx *ctx;	/* whose memory cap bounds it */
	const char *what;	/* for errors: "cow", "cache" */
	struct dw_chunk_run *runs;
	size_t runs_nr, runs_cap;
};

/* Chunk numbers are below 2^63, so that a run's end is a number, too. */
int dw_chunkmap_add(struct dw_chunkmap *map, uint64_t from, uint64_t to,
		    struct dw_err *err);
/* Sorts and joins the runs.  A chunk that is there twice, on either side, is
 * DW_CORRUPT. */
int dw_chunkmap_seal(struct dw_chunkmap *map, struct dw_err *err);
/* The first run that ends behind chunk 'from'; NULL: none does. */
const struct dw_chunk_run *dw_chunkmap_find(const struct dw_chunkmap *map,
					    uint64_t from);
void dw_chunkmap_free(struct dw_chunkmap *map);

/*
 * The base with chunks out of the store, read-only; kind is "snapshot" or
 * "cache".  Runs lie within both devices, of which references are kept.  The
 * map becomes the device's, and is empty afterwards, whatever the result.
 */
int dw_chunkmap_dev_take(const char *name, const char *kind,
			 struct dw_dev *base, struct dw_dev *store,
			 uint32_t chunk_len, struct dw_chunkmap *map,
			 struct dw_dev **out, struct dw_err *err);

#endif
