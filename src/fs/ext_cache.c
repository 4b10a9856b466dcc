/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small write-back cache with readahead, between libext2fs and a device. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "fs/ext_cache.h"

/*
 * libext2fs asks for single blocks, thousands of them, and keeps no cache of
 * its own.  A chunk holds 64 grains of 1 KiB, the smallest block of ext, so
 * that one 64-bit mask says which of them are known and one which are dirty.
 */
#define GRAIN_LEN 1024u
#define GRAINS_NR 64u
#define CHUNK_LEN (GRAIN_LEN * GRAINS_NR)
#define SLOTS_NR 128u
#define BUCKETS_NR 256u
#define NO_SLOT UINT32_MAX

struct slot {
	uint64_t chunk;
	uint64_t valid, dirty;	/* a bit a grain */
	uint64_t used_at;
	uint32_t next;		/* in its bucket */
	uint8_t *data;		/* NULL: the slot was never used */
};

struct dw_ext_cache {
	struct dw_dev *dev;
	uint64_t clock;
	uint64_t seq_off;	/* where the last read of the device ended */
	bool failed;
	struct dw_err failure;
	uint32_t buckets[BUCKETS_NR];
	struct slot slots[SLOTS_NR];
};

int dw_ext_cache_new(struct dw_dev *dev, struct dw_ext_cache **out,
		     struct dw_err *err)
{
	struct dw_ext_cache *c = calloc(1, sizeof(*c));

	*out = NULL;
	if (!c)
		return dw_fail_nomem(err);
	c->dev = dev;
	memset(c->buckets, 0xff, sizeof(c->buckets));
	*out = c;
	return 0;
}

void dw_ext_cache_free(struct dw_ext_cache *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < SLOTS_NR; i++)
		free(c->slots[i].data);
	free(c);
}

/* Grains first..end-1; end is at most 64. */
static uint64_t mask_of(unsigned first, unsigned end)
{
	uint64_t below_end = end >= 64 ? UINT64_MAX : (UINT64_C(1) << end) - 1;

	return below_end & (UINT64_MAX << first);
}

static unsigned bucket_of(uint64_t chunk)
{
	return (unsigned)(chunk * UINT64_C(0x9e3779b97f4a7c15) >> 56);
}

static struct slot *find(struct dw_ext_cache *c, uint64_t chunk)
{
	uint32_t i = c->buckets[bucket_of(chunk)];

	while (i != NO_SLOT && c->slots[i].chunk != chunk)
		i = c->slots[i].next;
	return i == NO_SLOT ? NULL : &c->slots[i];
}

static int fail_stuck(struct dw_ext_cache *c, struct dw_err *err)
{
	if (err)
		*err = c->failure;
	return c->failure.code;
}

static int stick(struct dw_ext_cache *c, struct dw_err *err)
{
	c->failed = true;
	return fail_stuck(c, err);
}

static unsigned run_end(uint64_t mask, unsigned first)
{
	uint64_t rest = ~(mask >> first);

	/* The shift brought in zeros, so for first > 0 rest is never zero. */
	return rest ? first + (unsigned)__builtin_ctzll(rest) : GRAINS_NR;
}

static int write_back(struct dw_ext_cache *c, struct slot *s,
		      struct dw_err *err)
{
	uint64_t base = s->chunk * CHUNK_LEN;

	if (c->failed)
		return fail_stuck(c, err);
	while (s->dirty) {
		unsigned first = (unsigned)__builtin_ctzll(s->dirty);
		unsigned end = run_end(s->dirty, first);
		uint64_t off = base + first * GRAIN_LEN;
		uint64_t len = (end - first) * GRAIN_LEN;

		len = dw_min(len, c->dev->size - off);
		if (dw_dev_pwrite(c->dev, off, s->data + first * GRAIN_LEN, len,
				  &c->failure))
			return stick(c, err);
		s->dirty &= ~mask_of(first, end);
	}
	return 0;
}

static void unlink_slot(struct dw_ext_cache *c, struct slot *s)
{
	uint32_t *link = &c->buckets[bucket_of(s->chunk)];
	uint32_t nr = (uint32_t)(s - c->slots);

	while (*link != nr)
		link = &c->slots[*link].next;
	*link = s->next;
}

static struct slot *oldest(struct dw_ext_cache *c)
{
	struct slot *best = &c->slots[0];

	for (unsigned i = 0; i < SLOTS_NR && best->data; i++)
		if (!c->slots[i].data || c->slots[i].used_at < best->used_at)
			best = &c->slots[i];
	return best;
}

/* The slot of a chunk, empty where it was not there. */
static int take_slot(struct dw_ext_cache *c, uint64_t chunk, struct slot **out,
		     struct dw_err *err)
{
	struct slot *s = find(c, chunk);
	uint32_t *bucket;
	int ret;

	*out = s;
	if (s) {
		s->used_at = ++c->clock;
		return 0;
	}
	s = oldest(c);
	if (s->data) {
		ret = write_back(c, s, err);
		if (ret)
			return ret;
		unlink_slot(c, s);
	} else {
		s->data = malloc(CHUNK_LEN);
		if (!s->data)
			return dw_fail_nomem(err);
	}
	s->chunk = chunk;
	s->valid = s->dirty = 0;
	s->used_at = ++c->clock;
	bucket = &c->buckets[bucket_of(chunk)];
	s->next = *bucket;
	*bucket = (uint32_t)(s - c->slots);
	*out = s;
	return 0;
}

/*
 * Makes grains first..end-1 known.  Behind a read that continued the last one
 * the rest of the chunk is read as well; a lone one gets its 4 KiB.
 */
static int fill(struct dw_ext_cache *c, struct slot *s, unsigned first,
		unsigned end, struct dw_err *err)
{
	uint64_t base = s->chunk * CHUNK_LEN;
	bool sequential = base + first * GRAIN_LEN == c->seq_off;
	unsigned ahead = sequential ? GRAINS_NR : (end + 3) & ~3u;

	if (!sequential && !(s->valid & mask_of(first & ~3u, first + 1)))
		first &= ~3u;
	while (first < end) {
		uint64_t off = base + first * GRAIN_LEN;
		unsigned stop;
		size_t len, have;
		int ret;

		if (s->valid >> first & 1) {
			first = run_end(s->valid, first);
			continue;
		}
		stop = run_end(~s->valid, first);
		if (stop > ahead)
			stop = ahead;
		len = (stop - first) * GRAIN_LEN;
		have = dw_min(len, c->dev->size - off);
		ret = dw_dev_pread(c->dev, off, s->data + first * GRAIN_LEN,
				   have, err);
		if (ret)
			return ret;
		/* The device may end inside a grain. */
		memset(s->data + first * GRAIN_LEN + have, 0, len - have);
		s->valid |= mask_of(first, stop);
		c->seq_off = off + len;
		first = stop;
		if (base + first * GRAIN_LEN >= c->dev->size)
			break;
	}
	return 0;
}

/* How many whole chunks from off on, at most len long, are not in the cache:
 * long transfers go past it. */
static size_t uncached_len(struct dw_ext_cache *c, uint64_t off, size_t len)
{
	size_t n = 0;

	if (off % CHUNK_LEN)
		return 0;
	while (len - n >= CHUNK_LEN && !find(c, (off + n) / CHUNK_LEN))
		n += CHUNK_LEN;
	return n;
}

static int check_range(struct dw_ext_cache *c, uint64_t off, size_t len,
		       struct dw_err *err)
{
	if (dw_in_range(off, len, c->dev->size))
		return 0;
	return dw_fail(err, DW_RANGE, "ext: %zu bytes at %llu lie outside of "
		       "the device's %llu", len, (unsigned long long)off,
		       (unsigned long long)c->dev->size);
}

static int read_piece(struct dw_ext_cache *c, uint64_t off, void *buf,
		      size_t len, struct dw_err *err)
{
	unsigned at = off % CHUNK_LEN;
	unsigned first = at / GRAIN_LEN;
	unsigned end = (unsigned)((at + len + GRAIN_LEN - 1) / GRAIN_LEN);
	struct slot *s;
	int ret = take_slot(c, off / CHUNK_LEN, &s, err);

	if (ret)
		return ret;
	if (mask_of(first, end) & ~s->valid) {
		ret = fill(c, s, first, end, err);
		if (ret)
			return ret;
	}
	memcpy(buf, s->data + at, len);
	return 0;
}

int dw_ext_cache_read(struct dw_ext_cache *c, uint64_t off, void *buf,
		      size_t len, struct dw_err *err)
{
	uint8_t *p = buf;
	int ret = check_range(c, off, len, err);

	while (!ret && len) {
		size_t n = uncached_len(c, off, len);

		if (n) {
			ret = dw_dev_pread(c->dev, off, p, n, err);
			c->seq_off = off + n;
		} else {
			n = dw_min(len, CHUNK_LEN - off % CHUNK_LEN);
			ret = read_piece(c, off, p, n, err);
		}
		p += n;
		off += n;
		len -= n;
	}
	return ret;
}

static int write_piece(struct dw_ext_cache *c, uint64_t off, const void *buf,
		       size_t len, struct dw_err *err)
{
	unsigned at = off % CHUNK_LEN;
	unsigned first = at / GRAIN_LEN;
	unsigned end = (unsigned)((at + len + GRAIN_LEN - 1) / GRAIN_LEN);
	struct slot *s;
	int ret = take_slot(c, off / CHUNK_LEN, &s, err);

	/* A grain that is only partly written must be known first. */
	if (!ret && at % GRAIN_LEN && !(s->valid >> first & 1))
		ret = fill(c, s, first, first + 1, err);
	if (!ret && (at + len) % GRAIN_LEN && !(s->valid >> (end - 1) & 1))
		ret = fill(c, s, end - 1, end, err);
	if (ret)
		return ret;
	memcpy(s->data + at, buf, len);
	s->valid |= mask_of(first, end);
	s->dirty |= mask_of(first, end);
	return 0;
}

int dw_ext_cache_write(struct dw_ext_cache *c, uint64_t off, const void *buf,
		       size_t len, struct dw_err *err)
{
	const uint8_t *p = buf;
	int ret = check_range(c, off, len, err);

	if (c->failed)
		return fail_stuck(c, err);
	while (!ret && len) {
		size_t n = uncached_len(c, off, len);

		if (n) {
			if (dw_dev_pwrite(c->dev, off, p, n, &c->failure))
				return stick(c, err);
		} else {
			n = dw_min(len, CHUNK_LEN - off % CHUNK_LEN);
			ret = write_piece(c, off, p, n, err);
		}
		p += n;
		off += n;
		len -= n;
	}
	return ret;
}

static int by_chunk(const void *a, const void *b)
{
	const struct slot *x = *(const struct slot *const *)a;
	const struct slot *y = *(const struct slot *const *)b;

	return (x->chunk > y->chunk) - (x->chunk < y->chunk);
}

int dw_ext_cache_flush(struct dw_ext_cache *c, struct dw_err *err)
{
	struct slot *order[SLOTS_NR];
	unsigned n = 0;
	int ret = 0;

	if (c->failed)
		return fail_stuck(c, err);
	for (unsigned i = 0; i < SLOTS_NR; i++)
		if (c->slots[i].dirty)
			order[n++] = &c->slots[i];
	qsort(order, n, sizeof(order[0]), by_chunk);
	for (unsigned i = 0; i < n && !ret; i++)
		ret = write_back(c, order[i], err);
	return ret;
}
