/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Blocks for a file whose bytes are in memory. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "fs/ext_cache.h"
#include "fs/ext_internal.h"

struct memory {
	struct dw_fs *f;
	const uint8_t *data;
	size_t len;
};

/* All of it is data: no holes. */
static int whole(void *arg, uint64_t from_lblk, uint64_t *lblk, uint64_t *end,
		 struct dw_err *err)
{
	const struct memory *m = arg;

	*lblk = from_lblk;
	*end = dw_div_up(m->len, m->f->fs->blocksize);
	return 0;
}

int dw_ext_write_run(struct dw_ext_cache *cache, const struct dw_ext_run *run,
		     uint64_t block_len, const uint8_t *data, size_t data_len,
		     struct dw_err *err)
{
	size_t len = dw_min(run->nr * block_len, data_len);
	size_t full = dw_round_down(len, block_len);
	uint64_t off = run->pblk * block_len;
	uint8_t *last;
	int ret = 0;

	if (full)
		ret = dw_ext_cache_write(cache, off, data, full, err);
	if (ret || full == len)
		return ret;
	last = calloc(1, block_len);
	if (!last)
		return dw_fail_nomem(err);
	memcpy(last, data + full, len - full);
	ret = dw_ext_cache_write(cache, off + full, last, block_len, err);
	free(last);
	return ret;
}

static int write_run(void *arg, const struct dw_ext_run *run,
		     struct dw_err *err)
{
	const struct memory *m = arg;
	struct dw_ext_io *io = m->f->fs->priv_data;
	uint64_t block_len = m->f->fs->blocksize;
	size_t from = run->lblk * block_len;

	return dw_ext_write_run(io->cache, run, block_len, m->data + from,
				m->len - from, err);
}

int dw_ext_fill_blocks(struct dw_fs *f, ext2_ino_t ino, uint64_t goal,
		       const void *data, size_t len, struct dw_err *err)
{
	struct memory m = { f, data, len };
	struct dw_ext_source from = {
		.len = len, .next = whole, .place = write_run, .arg = &m,
	};

	return dw_ext_fill(f, ino, goal, &from, err);
}
