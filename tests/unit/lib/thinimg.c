/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A thin pool in memory. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "thinimg.h"

const int thinimg_first[] = { -1, 5, 6, 7, 2, -1, -1, 8, 9, -1 };
const int thinimg_second[] = { 20, 5, 6, 7, 2, -1, -1, 21, -1, -1 };

void thinimg_new(struct thinimg *t, uint64_t blocks_nr, uint64_t chunks_nr)
{
	uint8_t *chunk = malloc(THINIMG_CHUNK_LEN);

	memset(t, 0, sizeof(*t));
	pdimg_new(&t->img, blocks_nr);
	ck_assert_int_eq(dw_mem_new("data", chunks_nr * THINIMG_CHUNK_LEN,
				    &t->data, NULL), 0);
	for (uint64_t i = 0; i < chunks_nr; i++) {
		memset(chunk, (int)i + 1, THINIMG_CHUNK_LEN);
		ck_assert_int_eq(dw_dev_pwrite(t->data, i * THINIMG_CHUNK_LEN,
					       chunk, THINIMG_CHUNK_LEN,
					       NULL), 0);
	}
	free(chunk);
}

void thinimg_free(struct thinimg *t)
{
	pdimg_free(&t->img);
	dw_dev_close(t->data, NULL);
}

void thinimg_add(struct thinimg *t, uint64_t id,
		 const struct thinimg_mapping *mappings, size_t nr,
		 uint32_t fan)
{
	uint64_t *keys = calloc(nr + 1, sizeof(*keys)), root;
	uint8_t *values = calloc(nr + 1, 8);

	for (size_t i = 0; i < nr; i++) {
		keys[i] = mappings[i].chunk;
		/* A time that must not matter. */
		dw_put_le64(values + 8 * i, mappings[i].data_chunk << 24 |
			    (i * 77 & 0xffffff));
	}
	root = pdimg_tree(&t->img, keys, values, nr, 8, fan);
	ck_assert_uint_lt(t->devices_nr, THINIMG_DEVICES_MAX);
	t->ids[t->devices_nr] = id;
	dw_put_le64(t->trees + 8 * t->devices_nr, root);
	dw_put_le64(t->details + 24 * t->devices_nr++, nr);
	free(keys);
	free(values);
}

void thinimg_finish(struct thinimg *t, uint64_t transaction_id)
{
	uint8_t block[DW_PDATA_BLOCK_LEN] = { 0 };

	dw_put_le64(block + THINIMG_MAGIC, 27022010);
	dw_put_le32(block + THINIMG_VERSION, 2);
	dw_put_le64(block + THINIMG_TRANSACTION, transaction_id);
	dw_put_le64(block + THINIMG_BLOCKS_NR,
		    t->img.dev->size / DW_PDATA_BLOCK_LEN);
	dw_put_le64(block + THINIMG_MAPPING,
		    pdimg_tree(&t->img, t->ids, t->trees, t->devices_nr, 8,
			       252));
	dw_put_le64(block + THINIMG_DETAILS,
		    pdimg_tree(&t->img, t->ids, t->details, t->devices_nr, 24,
			       126));
	dw_put_le32(block + THINIMG_CHUNK, THINIMG_CHUNK_LEN / 512);
	dw_put_le32(block + THINIMG_BLOCK, DW_PDATA_BLOCK_LEN / 512);
	pdimg_put(&t->img, 0, DW_PDATA_SALT_THIN_SUPER, block);
}

static void add_chunks(struct thinimg *t, uint64_t id, const int *chunks,
		       uint32_t fan)
{
	struct thinimg_mapping m[THINIMG_CHUNKS_NR];
	size_t nr = 0;

	for (int i = 0; i < THINIMG_CHUNKS_NR; i++)
		if (chunks[i] >= 0)
			m[nr++] = (struct thinimg_mapping){
				(uint64_t)i, (uint64_t)chunks[i],
			};
	thinimg_add(t, id, m, nr, fan);
}

void thinimg_usual(struct thinimg *t)
{
	thinimg_new(t, 500, 40);
	add_chunks(t, 1, thinimg_first, 2);
	add_chunks(t, 2, thinimg_second, 3);
	thinimg_add(t, 5, NULL, 0, 2);
	thinimg_finish(t, 7);
}

uint8_t *thinimg_expected(const int *chunks)
{
	uint8_t *want = malloc(THINIMG_SIZE);

	for (uint64_t i = 0; i < THINIMG_SIZE; i++)
		want[i] = (uint8_t)(chunks[i / THINIMG_CHUNK_LEN] + 1);
	return want;
}

void thinimg_reads_as(struct dw_dev *dev, const uint8_t *want)
{
	uint8_t *got = malloc(dev->size);
	uint64_t off;
	size_t n;

	ck_assert_uint_eq(dev->size, THINIMG_SIZE);
	ck_assert_int_eq(dw_dev_pread(dev, 0, got, dev->size, NULL), 0);
	ck_assert_mem_eq(got, want, dev->size);
	for (off = 0; off < dev->size; off += n) {
		n = dw_min(1 + off % 70001, dev->size - off);
		memset(got, 0xee, n);
		ck_assert_int_eq(dw_dev_pread(dev, off, got, n, NULL), 0);
		ck_assert_mem_eq(got, want + off, n);
	}
	free(got);
}

struct dw_thin_params thinimg_params(const struct thinimg *t, uint64_t id,
				     uint64_t size)
{
	return (struct dw_thin_params){
		.metadata = t->img.dev,
		.data = t->data,
		.chunk_len = THINIMG_CHUNK_LEN,
		.device_id = id,
		.size = size,
	};
}
