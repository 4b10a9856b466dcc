/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * compare: whether two disks read the same.
 *
 * The disks are cut into pieces, which workers take in ascending order; what
 * is known to be zeros on both sides is passed over.  A worker ends its piece
 * whatever the others found, so that everything below the lowest finding was
 * looked at: the lowest one, a difference or a failure, is the result, for
 * any number of threads.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/ctx.h"
#include "dev/dev.h"

/* Two buffers of this size a worker; a compressed cluster that is larger is
 * taken whole, so that it is unpacked once. */
#define PIECE_LEN (512u << 10)
#define PIECE_MAX_LEN (2u << 20)
#define THREADS_MAX 64

struct comparison {
	struct dw_ctx *ctx;
	struct dw_dev *sides[2];
	uint64_t size;			/* of the longer one */

	pthread_mutex_t lock;
	uint64_t next_off;		/* where the next piece may begin */
	struct dw_extent known[2];	/* what is known from there on */
	uint64_t read_len;
	/* The lowest finding; UINT64_MAX: none.  result 0: a difference. */
	uint64_t found_off;
	int result;
	struct dw_err err;
};

struct piece {
	uint64_t off, len;
	uint8_t *bufs[2];
	uint64_t read_len;
};

static bool is_zeros(const struct dw_extent *extent)
{
	return extent->kind == DW_EXTENT_ZERO ||
	       extent->kind == DW_EXTENT_UNMAPPED;
}

/* As dw_dev_extent(); behind its end a disk reads as zeros. */
static int extent_at(struct dw_dev *dev, uint64_t off, uint64_t len,
		     struct dw_extent *out, struct dw_err *err)
{
	if (off < dev->size)
		return dw_dev_extent(dev, off, len, out, err);
	*out = (struct dw_extent){
		.off = off, .len = len, .kind = DW_EXTENT_UNMAPPED,
	};
	return 0;
}

/* ---- taking pieces ------------------------------------------------------ */

static void found(struct comparison *c, uint64_t off, int result,
		  const struct dw_err *err)
{
	pthread_mutex_lock(&c->lock);
	if (off < c->found_off) {
		c->found_off = off;
		c->result = result;
		if (result)
			c->err = *err;
	}
	pthread_mutex_unlock(&c->lock);
}

/* Renews what is known of both sides at next_off. */
static int look(struct comparison *c, struct dw_err *err)
{
	int ret = dw_ctx_check(c->ctx, err);

	for (int i = 0; i < 2 && !ret; i++) {
		if (c->known[i].off + c->known[i].len > c->next_off)
			continue;
		ret = extent_at(c->sides[i], c->next_off,
				c->size - c->next_off, &c->known[i], err);
	}
	return ret;
}

/* Goes on to the next place where a side may hold more than zeros. */
static int skip_zeros(struct comparison *c, struct dw_err *err)
{
	const struct dw_extent *known = c->known;
	int ret = 0;

	while (c->next_off < c->size) {
		ret = look(c, err);
		if (ret || !is_zeros(&known[0]) || !is_zeros(&known[1]))
			break;
		c->next_off = dw_min(known[0].off + known[0].len,
				     known[1].off + known[1].len);
	}
	return ret;
}

static uint64_t piece_len(const struct comparison *c)
{
	uint64_t len = PIECE_LEN;

	for (int i = 0; i < 2; i++)
		if (c->known[i].kind == DW_EXTENT_COMPRESSED)
			len = dw_max(len, dw_min(c->known[i].len,
						 PIECE_MAX_LEN));
	return dw_min(len, c->size - c->next_off);
}

/* False at the end and after a finding: those lie below next_off. */
static bool take_piece(struct comparison *c, struct piece *p,
		       struct dw_err *err)
{
	bool more = false;
	int ret = 0;

	pthread_mutex_lock(&c->lock);
	c->read_len += p->read_len;
	p->read_len = 0;
	if (c->found_off == UINT64_MAX) {
		ret = skip_zeros(c, err);
		more = !ret && c->next_off < c->size;
	}
	p->off = c->next_off;
	if (more) {
		p->len = piece_len(c);
		c->next_off += p->len;
	}
	pthread_mutex_unlock(&c->lock);
	if (ret)
		found(c, p->off, ret, err);
	return more;
}

/* ---- comparing ---------------------------------------------------------- */

/* The first byte that differs; len where none does. */
static size_t differs_at(const uint8_t *a, const uint8_t *b, size_t len)
{
	size_t i = 0;

	if (!memcmp(a, b, len))
		return len;
	while (a[i] == b[i])
		i++;
	return i;
}

static size_t nonzero_at(const uint8_t *buf, size_t len)
{
	size_t i = 0;

	if (dw_is_zero(buf, len))
		return len;
	while (!buf[i])
		i++;
	return i;
}

/* One run that is of one kind on each side; *same is how much of it agrees. */
static int compare_run(struct comparison *c, struct piece *p, uint64_t off,
		       size_t len, const bool zeros[2], size_t *same,
		       struct dw_err *err)
{
	int ret = 0;

	*same = len;
	if (zeros[0] && zeros[1])
		return 0;
	for (int i = 0; i < 2 && !ret; i++)
		if (!zeros[i])
			ret = dw_dev_pread(c->sides[i], off, p->bufs[i], len,
					   err);
	if (ret)
		return ret;
	p->read_len += len;
	*same = zeros[0] ? nonzero_at(p->bufs[1], len) :
		zeros[1] ? nonzero_at(p->bufs[0], len) :
		differs_at(p->bufs[0], p->bufs[1], len);
	return 0;
}

/* *at is where it failed, or differs, or the end of the piece. */
static int compare_piece(struct comparison *c, struct piece *p, uint64_t *at,
			 struct dw_err *err)
{
	uint64_t end = p->off + p->len, len;
	struct dw_extent extents[2];
	bool zeros[2];
	size_t same;
	int ret = 0;

	/* It ends because no extent is empty. */
	for (*at = p->off; *at < end; *at += same) {
		for (int i = 0; i < 2 && !ret; i++) {
			ret = extent_at(c->sides[i], *at, end - *at,
					&extents[i], err);
			zeros[i] = is_zeros(&extents[i]);
		}
		if (ret)
			return ret;
		len = dw_min(extents[0].len, extents[1].len);
		ret = compare_run(c, p, *at, len, zeros, &same, err);
		if (ret)
			return ret;
		if (same < len) {
			*at += same;
			break;
		}
	}
	return 0;
}

static void *work(void *arg)
{
	struct comparison *c = arg;
	struct piece p = {
		.bufs = { malloc(PIECE_MAX_LEN), malloc(PIECE_MAX_LEN) },
	};
	struct dw_err err;
	uint64_t at;
	int ret = 0;

	if (!p.bufs[0] || !p.bufs[1])
		found(c, 0, dw_fail_nomem(&err), &err);
	while (take_piece(c, &p, &err)) {
		ret = compare_piece(c, &p, &at, &err);
		if (ret || at < p.off + p.len)
			found(c, at, ret, &err);
		dw_ctx_progress(c->ctx, "compare", dw_min(at, c->size - 1),
				c->size);
	}
	free(p.bufs[0]);
	free(p.bufs[1]);
	return NULL;
}

/* The caller's thread is one of the workers; a thread that cannot be started
 * only makes it slower. */
static void run_workers(struct comparison *c)
{
	pthread_t threads[THREADS_MAX];
	unsigned started_nr = 0;

	while (started_nr + 1 < dw_min(c->ctx->threads_nr, THREADS_MAX) &&
	       !pthread_create(&threads[started_nr], NULL, work, c))
		started_nr++;
	work(c);
	for (unsigned i = 0; i < started_nr; i++)
		pthread_join(threads[i], NULL);
}

static int compare_bytes(struct comparison *c, struct dw_compare_report *out,
			 struct dw_err *err)
{
	pthread_mutex_init(&c->lock, NULL);
	run_workers(c);
	pthread_mutex_destroy(&c->lock);
	if (c->result) {
		if (err)
			*err = c->err;
		return c->result;
	}
	out->equal = c->found_off == UINT64_MAX;
	if (out->equal)
		out->compared_len = c->read_len;
	else
		out->first_off = c->found_off;
	dw_ctx_progress(c->ctx, "compare", c->size, c->size);
	return 0;
}

int dw_compare(struct dw_ctx *ctx, struct dw_dev *a, struct dw_dev *b,
	       unsigned flags, struct dw_compare_report *out,
	       struct dw_err *err)
{
	struct comparison c = {
		.ctx = ctx,
		.sides = { a, b },
		.size = dw_max(a->size, b->size),
		.found_off = UINT64_MAX,
	};
	int ret;

	memset(out, 0, sizeof(*out));
	out->sizes_differ = a->size != b->size;
	if (out->sizes_differ && (flags & DW_COMPARE_STRICT)) {
		out->first_off = dw_min(a->size, b->size);
		return 0;
	}
	ret = compare_bytes(&c, out, err);
	if (ret || (flags & DW_COMPARE_ALLOW_CHANGED))
		return ret;
	ret = dw_dev_check_unchanged(a, err);
	return ret ? ret : dw_dev_check_unchanged(b, err);
}
