/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A thin pool in memory. */
#ifndef TESTS_UNIT_THINIMG_H
#define TESTS_UNIT_THINIMG_H

#include "lvm/targets.h"
#include "pdimg.h"

#define THINIMG_CHUNK_LEN 65536u
#define THINIMG_DEVICES_MAX 8u

/* Where things lie in the superblock, for pdimg_poke(). */
#define THINIMG_FLAGS 4u
#define THINIMG_MAGIC 32u
#define THINIMG_VERSION 40u
#define THINIMG_TRANSACTION 48u
#define THINIMG_BLOCKS_NR 192u
#define THINIMG_MAPPING 320u
#define THINIMG_DETAILS 328u
#define THINIMG_CHUNK 336u
#define THINIMG_BLOCK 340u
#define THINIMG_INCOMPAT 360u

struct thinimg {
	struct pdimg img;
	struct dw_dev *data;
	size_t devices_nr;
	uint64_t ids[THINIMG_DEVICES_MAX];	/* ascending */
	uint8_t trees[THINIMG_DEVICES_MAX * 8];
	uint8_t details[THINIMG_DEVICES_MAX * 24];
};

struct thinimg_mapping {
	uint64_t chunk;
	uint64_t data_chunk;
};

/* Data whose chunk n is all bytes of the value n + 1. */
void thinimg_new(struct thinimg *t, uint64_t blocks_nr, uint64_t chunks_nr);
void thinimg_free(struct thinimg *t);

/* Ids and mappings ascend; nodes of the tree have 'fan' entries at most. */
void thinimg_add(struct thinimg *t, uint64_t id,
		 const struct thinimg_mapping *mappings, size_t nr,
		 uint32_t fan);
/* The trees above, and the superblock. */
void thinimg_finish(struct thinimg *t, uint64_t transaction_id);

/* The usual pool, of 500 blocks and 40 chunks, after transaction 7: device 1;
 * device 2, a snapshot of it that went its own way; and 5, which is empty.
 * Where the chunks of the first two lie, or -1. */
#define THINIMG_CHUNKS_NR 10
extern const int thinimg_first[THINIMG_CHUNKS_NR];
extern const int thinimg_second[THINIMG_CHUNKS_NR];
void thinimg_usual(struct thinimg *t);

/* Of a volume that ends in the middle of a chunk. */
#define THINIMG_SIZE (9 * THINIMG_CHUNK_LEN + 1536)
/* What such a volume holds, to be freed; and whether it does, in one read and
 * in odd pieces. */
uint8_t *thinimg_expected(const int *chunks);
void thinimg_reads_as(struct dw_dev *dev, const uint8_t *want);

/* What opens a volume of the pool. */
struct dw_thin_params thinimg_params(const struct thinimg *t, uint64_t id,
				     uint64_t size);

#endif
