/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A compressed stream whose blocks are known, read at random.
 *
 * A few unpacked blocks are kept.  Threads that copy neighbouring parts of the
 * disk want the same block at once: one of them unpacks it, and the others
 * unpack those that follow meanwhile, which will be wanted next.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "formats/stream_index.h"

/* Small blocks are kept up to this in all. */
#define CACHE_LEN (16u << 20)
#define SLOTS_MAX 130u

enum slot_state { SLOT_EMPTY, SLOT_BUSY, SLOT_READY };

struct slot {
	enum slot_state state;
	size_t nr;		/* of its block */
	unsigned pins;		/* threads that copy out of it */
	uint64_t used;		/* tick of the last use */
	uint8_t *data;
	size_t data_cap;
};

struct blocks {
	struct dw_dev dev;
	struct dw_dev_driver driver;	/* has the packing's name */
	struct dw_dev *file;
	struct dw_stream_index index;
	dw_stream_unpack_fn unpack;
	unsigned threads_nr;

	pthread_mutex_t lock;	/* of the slots, but not of their data */
	pthread_cond_t changed;
	struct slot slots[SLOTS_MAX];
	unsigned slots_nr;
	uint64_t tick;
};

static struct blocks *blocks_of(struct dw_dev *dev)
{
	return (struct blocks *)dev;
}

static uint32_t block_len(const struct blocks *b, size_t nr)
{
	uint64_t end = nr + 1 < b->index.nr ? b->index.items[nr + 1].off
					    : b->index.size;

	return (uint32_t)(end - b->index.items[nr].off);
}

/* The block that holds off, which is inside the disk. */
static size_t block_at(const struct blocks *b, uint64_t off)
{
	size_t low = 0, high = b->index.nr, mid;

	while (high - low > 1) {
		mid = low + (high - low) / 2;
		if (b->index.items[mid].off <= off)
			low = mid;
		else
			high = mid;
	}
	return low;
}

static int unpack(struct blocks *b, size_t nr, uint8_t *dst,
		  struct dw_err *err)
{
	const struct dw_stream_block *block = &b->index.items[nr];
	int rc;

	rc = b->unpack(b->file, block, dst, block_len(b, nr), err);
	if (rc == DW_CORRUPT || rc == DW_UNSUPPORTED || rc == DW_LIMIT)
		rc = dw_err_prefix(err, rc, "%s: %s, the block at byte %" PRIu64,
				   b->dev.name, b->index.name, block->in_off);
	return rc;
}

/* ---- the kept blocks, under the lock ---------------------------------------- */

static struct slot *find(struct blocks *b, size_t nr)
{
	unsigned i;

	for (i = 0; i < b->slots_nr; i++)
		if (b->slots[i].state != SLOT_EMPTY && b->slots[i].nr == nr)
			return &b->slots[i];
	return NULL;
}

/* The slot to be given up, NULL where all are in use.  Blocks first..last stay:
 * they are about to be read. */
static struct slot *oldest(struct blocks *b, size_t first, size_t last)
{
	struct slot *slot, *found = NULL;
	unsigned i;

	for (i = 0; i < b->slots_nr; i++) {
		slot = &b->slots[i];
		if (slot->state == SLOT_EMPTY)
			return slot;
		if (slot->state == SLOT_BUSY || slot->pins ||
		    (first <= slot->nr && slot->nr <= last))
			continue;
		if (!found || slot->used < found->used)
			found = slot;
	}
	return found;
}

static int make_room(struct slot *slot, size_t len, struct dw_err *err)
{
	if (slot->data_cap >= len)
		return 0;
	free(slot->data);
	slot->data = malloc(len);
	slot->data_cap = slot->data ? len : 0;
	return slot->data ? 0 : dw_fail_nomem(err);
}

/* Unpacks a block into a slot, without the lock meanwhile. */
static int fill(struct blocks *b, struct slot *slot, size_t nr,
		struct dw_err *err)
{
	int rc;

	slot->state = SLOT_BUSY;
	slot->nr = nr;
	pthread_mutex_unlock(&b->lock);
	rc = make_room(slot, block_len(b, nr), err);
	if (!rc)
		rc = unpack(b, nr, slot->data, err);
	pthread_mutex_lock(&b->lock);
	slot->state = rc ? SLOT_EMPTY : SLOT_READY;
	slot->used = ++b->tick;
	pthread_cond_broadcast(&b->changed);
	return rc;
}

/* Somebody unpacks block nr: unpacks one that follows, where there is room;
 * false where there is nothing to be done but to wait.  What is wrong with it
 * will show when it is wanted. */
static bool fill_ahead(struct blocks *b, size_t nr)
{
	size_t last = dw_min(nr + b->threads_nr, b->index.nr) - 1, next;
	struct slot *slot = oldest(b, nr, last);

	for (next = nr + 1; slot && next <= last; next++)
		if (!find(b, next))
			return !fill(b, slot, next, NULL);
	return false;
}

static int pin(struct blocks *b, size_t nr, struct slot **out,
	       struct dw_err *err)
{
	struct slot *slot;
	int rc = 0;

	pthread_mutex_lock(&b->lock);
	while (!rc) {
		slot = find(b, nr);
		if (slot && slot->state == SLOT_READY)
			break;
		if (slot) {
			if (!fill_ahead(b, nr) && find(b, nr) == slot &&
			    slot->state == SLOT_BUSY)
				pthread_cond_wait(&b->changed, &b->lock);
			continue;
		}
		slot = oldest(b, 1, 0);
		if (slot)
			rc = fill(b, slot, nr, err);
		else
			pthread_cond_wait(&b->changed, &b->lock);
	}
	if (!rc) {
		slot->pins++;
		slot->used = ++b->tick;
	}
	pthread_mutex_unlock(&b->lock);
	*out = slot;
	return rc;
}

static void unpin(struct blocks *b, struct slot *slot)
{
	pthread_mutex_lock(&b->lock);
	if (!--slot->pins)
		pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->lock);
}

static bool is_kept(struct blocks *b, size_t nr)
{
	bool kept;

	pthread_mutex_lock(&b->lock);
	kept = find(b, nr);
	pthread_mutex_unlock(&b->lock);
	return kept;
}

/* ---- the device ------------------------------------------------------------- */

static int read_part(struct blocks *b, size_t nr, uint32_t in_off, uint8_t *buf,
		     uint32_t len, struct dw_err *err)
{
	struct slot *slot;
	int rc;

	/* Whole blocks are a copy's, which does not come back to them. */
	if (len == block_len(b, nr) && !is_kept(b, nr))
		return unpack(b, nr, buf, err);
	rc = pin(b, nr, &slot, err);
	if (rc)
		return rc;
	memcpy(buf, slot->data + in_off, len);
	unpin(b, slot);
	return 0;
}

static int blocks_pread(struct dw_dev *dev, uint64_t off, void *buf,
			size_t len, struct dw_err *err)
{
	struct blocks *b = blocks_of(dev);
	size_t nr = block_at(b, off);
	uint8_t *p = buf;
	uint32_t in_off, n;
	int rc = 0;

	for (; len && !rc; nr++) {
		in_off = (uint32_t)(off - b->index.items[nr].off);
		n = (uint32_t)dw_min(len, block_len(b, nr) - in_off);
		rc = read_part(b, nr, in_off, p, n, err);
		p += n;
		off += n;
		len -= n;
	}
	return rc;
}

static int blocks_extent(struct dw_dev *dev, uint64_t off, uint64_t len,
			 struct dw_extent *out, struct dw_err *err)
{
	out->kind = DW_EXTENT_COMPRESSED;
	return 0;
}

static int blocks_check_unchanged(struct dw_dev *dev, struct dw_err *err)
{
	return dw_dev_check_unchanged(blocks_of(dev)->file, err);
}

static int blocks_close(struct dw_dev *dev, struct dw_err *err)
{
	struct blocks *b = blocks_of(dev);
	unsigned i;

	for (i = 0; i < b->slots_nr; i++)
		free(b->slots[i].data);
	dw_stream_index_free(&b->index);
	pthread_cond_destroy(&b->changed);
	pthread_mutex_destroy(&b->lock);
	return dw_dev_close(b->file, err);
}

static const struct dw_dev_driver blocks_driver = {
	.pread = blocks_pread,
	.extent = blocks_extent,
	.check_unchanged = blocks_check_unchanged,
	.close = blocks_close,
};

/* One for each thread, one ahead and one being given up; more of small blocks;
 * of large ones as many as half of the memory holds. */
static unsigned choose_slots(const struct dw_ctx *ctx, uint64_t len_max)
{
	uint64_t nr = dw_max(ctx->threads_nr + 2, CACHE_LEN / len_max);

	nr = dw_min(nr, dw_max(ctx->memory_cap_len / 2 / len_max, 1));
	return (unsigned)dw_min(nr, SLOTS_MAX);
}

int dw_stream_blocks_open_take(struct dw_ctx *ctx, struct dw_dev *file,
			       struct dw_stream_index *index,
			       dw_stream_unpack_fn fn, struct dw_dev **out,
			       struct dw_err *err)
{
	struct blocks *b = calloc(1, sizeof(*b));
	int rc;

	*out = NULL;
	if (!b) {
		dw_stream_index_free(index);
		return dw_fail_nomem(err);
	}
	b->driver = blocks_driver;
	b->driver.kind = index->name;
	rc = dw_dev_init(&b->dev, &b->driver, file->name, index->size, 512,
			 true, err);
	if (rc) {
		dw_stream_index_free(index);
		free(b);
		return rc;
	}
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->changed, NULL);
	b->file = dw_dev_ref(file);
	b->index = *index;
	*index = (struct dw_stream_index){ 0 };
	b->unpack = fn;
	b->threads_nr = ctx->threads_nr;
	b->slots_nr = choose_slots(ctx, dw_max(b->index.len_max, 1));
	*out = &b->dev;
	return 0;
}
