/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A compressed stream, unpacked once and in order into a spool. */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/checked.h"
#include "dev/kinds.h"
#include "formats/stream.h"

#define IN_LEN (256u << 10)
/* A multiple of what may become a hole. */
#define OUT_LEN (1u << 20)

struct spooled {
	struct dw_dev dev;
	struct dw_dev_driver driver;	/* has the packing's name */
	struct dw_ctx *ctx;
	struct dw_dev *file, *spool;
	const struct dw_stream_unpacker *how;
	/* Bytes that are in the spool: they change no more. */
	atomic_uint_fast64_t ready_len;

	pthread_mutex_t lock;	/* of everything below */
	void *state;
	uint8_t *in, *out;
	size_t in_len, in_pos, out_len;
	uint64_t in_off;	/* in the file, of what follows 'in' */
	uint64_t made_len;	/* of the disk, 'out' included */
	uint64_t size;		/* DW_STREAM_SIZE_UNKNOWN until the end */
	bool ended;
	int result;		/* of the first failure: there is no second try */
	struct dw_err err;
};

static struct spooled *spooled_of(struct dw_dev *dev)
{
	return (struct spooled *)dev;
}

/* ---- unpacking ------------------------------------------------------------ */

static int fill_in(struct spooled *s, struct dw_err *err)
{
	size_t len = dw_min(IN_LEN, s->file->size - s->in_off);
	int rc;

	if (s->in_pos < s->in_len || !len)
		return 0;
	rc = dw_dev_pread(s->file, s->in_off, s->in, len, err);
	if (rc)
		return rc;
	s->in_off += len;
	s->in_len = len;
	s->in_pos = 0;
	return 0;
}

static int say_where(const struct spooled *s, int rc, struct dw_err *err)
{
	if (rc != DW_CORRUPT && rc != DW_LIMIT && rc != DW_UNSUPPORTED)
		return rc;
	return dw_err_prefix(err, rc, "%s, near byte %" PRIu64, s->how->name,
			     s->in_off - (s->in_len - s->in_pos));
}

/* Each step takes from the input, of which there is only so much, or puts out
 * something, of which more than 'size' is an error; so unpacking ends. */
static int step(struct spooled *s, struct dw_err *err)
{
	struct dw_stream_io io = { 0 };
	int rc;

	rc = fill_in(s, err);
	if (rc)
		return rc;
	io.in = s->in + s->in_pos;
	io.in_len = s->in_len - s->in_pos;
	io.in_ends = s->in_off == s->file->size;
	io.out = s->out + s->out_len;
	io.out_len = OUT_LEN - s->out_len;
	rc = s->how->step(s->state, &io, err);
	s->in_pos += io.used_len;
	s->out_len += io.made_len;
	s->made_len += io.made_len;
	if (rc)
		return say_where(s, rc, err);
	if (io.made_len || io.used_len) {
		if (s->made_len <= s->size)
			return 0;
		rc = dw_fail(err, DW_CORRUPT, "it holds more than the %" PRIu64
			     " bytes that it tells", s->size);
	} else if (io.in_len || !io.in_ends) {
		rc = dw_fail(err, DW_CORRUPT, "it is damaged");
	} else if (!io.complete) {
		rc = dw_fail(err, DW_CORRUPT, "it breaks off");
	} else if (s->size != DW_STREAM_SIZE_UNKNOWN && s->made_len < s->size) {
		rc = dw_fail(err, DW_CORRUPT, "it holds %" PRIu64 " of the %"
			     PRIu64 " bytes that it tells", s->made_len,
			     s->size);
	} else {
		s->ended = true;
	}
	return say_where(s, rc, err);
}

static void free_unpacker(struct spooled *s)
{
	s->how->end(s->state);
	free(s->in);
	free(s->out);
	s->state = NULL;
	s->in = s->out = NULL;
}

/* Makes the next piece ready.  The last one is ready only when everything
 * behind it was found to be right. */
static int produce(struct spooled *s, struct dw_err *err)
{
	uint64_t off = s->made_len;
	int rc = dw_ctx_check(s->ctx, err);

	s->out_len = 0;
	while (!rc && !s->ended && s->out_len < OUT_LEN)
		rc = step(s, err);
	if (!rc)
		rc = dw_spool_write(s->spool, off, s->out, s->out_len, err);
	s->out_len = 0;
	while (!rc && !s->ended && s->made_len == s->size)
		rc = step(s, err);
	if (rc)
		return rc;
	if (s->ended)
		free_unpacker(s);
	atomic_store_explicit(&s->ready_len, s->made_len,
			      memory_order_release);
	return 0;
}

static uint64_t ready_len(struct spooled *s)
{
	return atomic_load_explicit(&s->ready_len, memory_order_acquire);
}

/* Unpacks until the disk is ready up to 'end'. */
static int need(struct spooled *s, uint64_t end, struct dw_err *err)
{
	int rc;

	if (ready_len(s) >= end)
		return 0;
	pthread_mutex_lock(&s->lock);
	while (!s->result && ready_len(s) < end)
		s->result = produce(s, &s->err);
	rc = ready_len(s) < end ? s->result : 0;
	if (rc && err)
		*err = s->err;
	pthread_mutex_unlock(&s->lock);
	return rc;
}

static int unpack_all(struct spooled *s, struct dw_err *err)
{
	int rc = 0;

	while (!rc && !s->ended) {
		rc = produce(s, err);
		dw_ctx_progress(s->ctx, "unpack", s->in_off, s->file->size);
	}
	return rc;
}

/* ---- the device ----------------------------------------------------------- */

static int spooled_pread(struct dw_dev *dev, uint64_t off, void *buf,
			 size_t len, struct dw_err *err)
{
	struct spooled *s = spooled_of(dev);
	int rc = need(s, off + len, err);

	if (rc == DW_CORRUPT || rc == DW_LIMIT || rc == DW_UNSUPPORTED)
		return dw_err_prefix(err, rc, "%s", dev->name);
	return rc ? rc : dw_dev_pread(s->spool, off, buf, len, err);
}

static int spooled_extent(struct dw_dev *dev, uint64_t off, uint64_t len,
			  struct dw_extent *out, struct dw_err *err)
{
	struct spooled *s = spooled_of(dev);
	uint64_t ready = ready_len(s);
	int rc = 0;

	if (off < ready)
		rc = dw_dev_extent(s->spool, off, dw_min(len, ready - off),
				   out, err);
	else
		out->kind = DW_EXTENT_COMPRESSED;
	out->is_spool = true;
	return rc;
}

static int spooled_check_unchanged(struct dw_dev *dev, struct dw_err *err)
{
	return dw_dev_check_unchanged(spooled_of(dev)->file, err);
}

static int spooled_close(struct dw_dev *dev, struct dw_err *err)
{
	struct spooled *s = spooled_of(dev);

	free_unpacker(s);
	pthread_mutex_destroy(&s->lock);
	dw_dev_close(s->spool, NULL);
	return dw_dev_close(s->file, err);
}

static const struct dw_dev_driver spooled_driver = {
	.pread = spooled_pread,
	.extent = spooled_extent,
	.check_unchanged = spooled_check_unchanged,
	.close = spooled_close,
};

static int open_spool(struct spooled *s, struct dw_err *err)
{
	char *what;
	int rc;

	if (asprintf(&what, "%s, unpacked", s->file->name) < 0)
		return dw_fail_nomem(err);
	rc = dw_spool_new(s->ctx, what, &s->spool, err);
	free(what);
	/* A size that was told must not change while others read. */
	if (!rc && s->size != DW_STREAM_SIZE_UNKNOWN)
		rc = dw_dev_resize(s->spool, s->size, err);
	return rc;
}

static int start(struct spooled *s, struct dw_err *err)
{
	int rc = open_spool(s, err);

	if (rc)
		return rc;
	s->in = malloc(IN_LEN);
	s->out = malloc(OUT_LEN);
	if (!s->in || !s->out)
		return dw_fail_nomem(err);
	rc = s->how->start(s->ctx->memory_cap_len, &s->state, err);
	if (rc || s->size != DW_STREAM_SIZE_UNKNOWN)
		return rc;
	rc = unpack_all(s, err);
	/* Nobody writes to it from now on. */
	s->spool->readonly = true;
	s->size = s->dev.size = s->made_len;
	return rc;
}

int dw_stream_spool_open(struct dw_ctx *ctx, struct dw_dev *file,
			 const struct dw_stream_unpacker *how, uint64_t size,
			 struct dw_dev **out, struct dw_err *err)
{
	struct spooled *s = calloc(1, sizeof(*s));
	int rc;

	*out = NULL;
	if (!s)
		return dw_fail_nomem(err);
	s->driver = spooled_driver;
	s->driver.kind = how->name;
	rc = dw_dev_init(&s->dev, &s->driver, file->name,
			 size == DW_STREAM_SIZE_UNKNOWN ? 0 : size, 512, true,
			 err);
	if (rc) {
		free(s);
		return rc;
	}
	pthread_mutex_init(&s->lock, NULL);
	s->ctx = ctx;
	s->file = dw_dev_ref(file);
	s->how = how;
	s->size = size;
	rc = start(s, err);
	if (rc) {
		dw_dev_close(&s->dev, NULL);
		return rc;
	}
	*out = &s->dev;
	return 0;
}
