/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device in memory; only what is written takes any. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "dev/blocks.h"
#include "dev/kinds.h"

#define MEM_BLOCK 4096u

struct mem_dev {
	struct dw_dev dev;
	pthread_rwlock_t lock;
	struct dw_blocks blocks;
};

static struct mem_dev *mem_of(struct dw_dev *dev)
{
	return (struct mem_dev *)dev;
}

static int mem_pread(struct dw_dev *dev, uint64_t off, void *buf, size_t len,
		     struct dw_err *err)
{
	struct mem_dev *mem = mem_of(dev);
	uint8_t *p = buf;
	const uint8_t *block;
	size_t in, step;

	pthread_rwlock_rdlock(&mem->lock);
	for (; len; off += step, p += step, len -= step) {
		in = off % MEM_BLOCK;
		step = dw_min(len, MEM_BLOCK - in);
		block = dw_blocks_get(&mem->blocks, off / MEM_BLOCK);
		if (block)
			memcpy(p, block + in, step);
		else
			memset(p, 0, step);
	}
	pthread_rwlock_unlock(&mem->lock);
	return 0;
}

static int mem_pwrite(struct dw_dev *dev, uint64_t off, const void *buf,
		      size_t len, struct dw_err *err)
{
	struct mem_dev *mem = mem_of(dev);
	const uint8_t *p = buf;
	uint8_t *block;
	size_t in, step;
	int ret = 0;

	pthread_rwlock_wrlock(&mem->lock);
	for (; len && !ret; off += step, p += step, len -= step) {
		in = off % MEM_BLOCK;
		step = dw_min(len, MEM_BLOCK - in);
		ret = dw_blocks_make(&mem->blocks, off / MEM_BLOCK, &block,
				     err);
		if (!ret)
			memcpy(block + in, p, step);
	}
	pthread_rwlock_unlock(&mem->lock);
	return ret;
}

/* What is cut off must read as zeros should the device grow again. */
static int mem_resize(struct dw_dev *dev, uint64_t size, struct dw_err *err)
{
	struct mem_dev *mem = mem_of(dev);
	uint64_t blk = dw_div_up(size, MEM_BLOCK);
	uint8_t *last;

	pthread_rwlock_wrlock(&mem->lock);
	while ((blk = dw_blocks_next(&mem->blocks, blk)) != UINT64_MAX)
		dw_blocks_drop(&mem->blocks, blk);
	last = dw_blocks_get(&mem->blocks, size / MEM_BLOCK);
	if (last)
		memset(last + size % MEM_BLOCK, 0,
		       MEM_BLOCK - size % MEM_BLOCK);
	dev->size = size;
	pthread_rwlock_unlock(&mem->lock);
	return 0;
}

static int mem_extent(struct dw_dev *dev, uint64_t off, uint64_t len,
		      struct dw_extent *out, struct dw_err *err)
{
	struct mem_dev *mem = mem_of(dev);
	uint64_t blk = off / MEM_BLOCK, end = off + len, next;

	pthread_rwlock_rdlock(&mem->lock);
	next = dw_blocks_next(&mem->blocks, blk);
	if (next == blk) {
		while (next * MEM_BLOCK < end &&
		       dw_blocks_get(&mem->blocks, next))
			next++;
	} else {
		out->kind = DW_EXTENT_UNMAPPED;
	}
	pthread_rwlock_unlock(&mem->lock);
	if (next < dw_div_up(end, MEM_BLOCK))
		out->len = next * MEM_BLOCK - off;
	return 0;
}

static int mem_close(struct dw_dev *dev, struct dw_err *err)
{
	dw_blocks_free(&mem_of(dev)->blocks);
	pthread_rwlock_destroy(&mem_of(dev)->lock);
	return 0;
}

static const struct dw_dev_driver mem_driver = {
	.kind = "memory device",
	.pread = mem_pread,
	.pwrite = mem_pwrite,
	.resize = mem_resize,
	.extent = mem_extent,
	.close = mem_close,
};

int dw_mem_new(const char *name, uint64_t size, struct dw_dev **out,
	       struct dw_err *err)
{
	struct mem_dev *mem = calloc(1, sizeof(*mem));
	int ret;

	*out = NULL;
	if (!mem)
		return dw_fail_nomem(err);
	ret = dw_dev_init(&mem->dev, &mem_driver, name, size, 512, false, err);
	if (ret) {
		free(mem);
		return ret;
	}
	pthread_rwlock_init(&mem->lock, NULL);
	dw_blocks_init(&mem->blocks, MEM_BLOCK, UINT64_MAX);
	*out = &mem->dev;
	return 0;
}

int dw_mem_from(const char *name, const void *bytes, size_t len,
		struct dw_dev **out, struct dw_err *err)
{
	int ret = dw_mem_new(name, len, out, err);

	return ret || !len ? ret : dw_dev_pwrite(*out, 0, bytes, len, err);
}
