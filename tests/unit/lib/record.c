/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device that remembers what was done to it. */
#include "record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

#define SECTOR_LEN 512u
#define NOISE 0xdb

struct record_dev {
	struct dw_dev dev;
	struct dw_dev *below;
	struct record_log *log;
};

static void must(int rc, const struct dw_err *err)
{
	if (!rc)
		return;
	fprintf(stderr, "record: %s\n", err->text);
	exit(1);
}

static struct record_op *add(struct dw_dev *dev, enum record_kind kind,
			     uint64_t off, uint64_t len)
{
	struct record_log *log = ((struct record_dev *)dev)->log;
	struct record_op *op;

	log->ops = realloc(log->ops, (log->nr + 1) * sizeof(*log->ops));
	if (!log->ops)
		abort();
	op = &log->ops[log->nr++];
	*op = (struct record_op){ .kind = kind, .off = off, .len = len };
	if (kind == RECORD_WRITE)
		op->data = calloc(1, len);
	return op;
}

static struct dw_dev *below(struct dw_dev *dev)
{
	return ((struct record_dev *)dev)->below;
}

static int record_pread(struct dw_dev *dev, uint64_t off, void *buf,
			size_t len, struct dw_err *err)
{
	return dw_dev_pread(below(dev), off, buf, len, err);
}

static int record_pwrite(struct dw_dev *dev, uint64_t off, const void *buf,
			 size_t len, struct dw_err *err)
{
	memcpy(add(dev, RECORD_WRITE, off, len)->data, buf, len);
	return dw_dev_pwrite(below(dev), off, buf, len, err);
}

static int record_zero(struct dw_dev *dev, uint64_t off, uint64_t len,
		       struct dw_err *err)
{
	return dw_dev_pwrite(below(dev), off,
			     add(dev, RECORD_WRITE, off, len)->data, len, err);
}

static int record_discard(struct dw_dev *dev, uint64_t off, uint64_t len,
			  struct dw_err *err)
{
	uint8_t *data = add(dev, RECORD_WRITE, off, len)->data;

	memset(data, NOISE, len);
	return dw_dev_pwrite(below(dev), off, data, len, err);
}

static int record_resize(struct dw_dev *dev, uint64_t size, struct dw_err *err)
{
	int rc;

	add(dev, RECORD_RESIZE, size, 0);
	rc = dw_dev_resize(below(dev), size, err);
	dev->size = below(dev)->size;
	return rc;
}

static int record_flush(struct dw_dev *dev, struct dw_err *err)
{
	add(dev, RECORD_FLUSH, 0, 0);
	return dw_dev_flush(below(dev), err);
}

static int record_close(struct dw_dev *dev, struct dw_err *err)
{
	return dw_dev_close(below(dev), err);
}

static const struct dw_dev_driver driver = {
	.kind = "recording device",
	.pread = record_pread,
	.pwrite = record_pwrite,
	.zero = record_zero,
	.discard = record_discard,
	.resize = record_resize,
	.flush = record_flush,
	.close = record_close,
};

struct dw_dev *record_new(struct dw_dev *dev, struct record_log *log)
{
	struct record_dev *r = calloc(1, sizeof(*r));
	struct dw_err err;

	must(dw_dev_init(&r->dev, &driver, dev->name, dev->size,
			 dev->block_size, false, &err), &err);
	r->below = dw_dev_ref(dev);
	r->log = log;
	return &r->dev;
}

void record_free(struct record_log *log)
{
	size_t i;

	for (i = 0; i < log->nr; i++)
		free(log->ops[i].data);
	free(log->ops);
	memset(log, 0, sizeof(*log));
}

size_t record_flushed(const struct record_log *log, size_t nr)
{
	while (nr && log->ops[nr - 1].kind != RECORD_FLUSH)
		nr--;
	return nr;
}

/* A file grows to where it is written. */
static void write_bytes(struct dw_dev *dev, uint64_t off, const uint8_t *data,
			uint64_t len)
{
	struct dw_err err;

	if (off + len > dev->size)
		must(dw_dev_resize(dev, off + len, &err), &err);
	must(dw_dev_pwrite(dev, off, data, len, &err), &err);
}

static void apply(const struct record_op *op, struct dw_dev *dev)
{
	struct dw_err err;

	if (op->kind == RECORD_WRITE)
		write_bytes(dev, op->off, op->data, op->len);
	else if (op->kind == RECORD_RESIZE)
		must(dw_dev_resize(dev, op->off, &err), &err);
}

/* Each sector by chance. */
static void apply_torn(const struct record_op *op, uint32_t sector_len,
		       struct dw_dev *dev, unsigned *seed)
{
	uint64_t at, step;

	for (at = 0; at < op->len; at += step) {
		step = sector_len - (op->off + at) % sector_len;
		step = dw_min(step, op->len - at);
		if (rand_r(seed) % 2)
			write_bytes(dev, op->off + at, op->data + at, step);
	}
}

void record_replay(const struct record_log *log, size_t nr, unsigned seed,
		   struct dw_dev *dev)
{
	size_t flushed = record_flushed(log, nr), i;
	/* Of ten: so many are lost, and so many torn. */
	unsigned lost = seed ? (unsigned)rand_r(&seed) % 11 : 0;
	unsigned torn = seed ? (unsigned)rand_r(&seed) % 4 : 0;
	uint32_t sector_len = log->sector_len ? log->sector_len : SECTOR_LEN;

	for (i = 0; i < nr; i++) {
		const struct record_op *op = &log->ops[i];

		if (i < flushed || !seed)
			apply(op, dev);
		else if ((unsigned)rand_r(&seed) % 10 < lost)
			continue;
		else if (op->kind == RECORD_WRITE &&
			 (unsigned)rand_r(&seed) % 10 < torn)
			apply_torn(op, sector_len, dev, &seed);
		else
			apply(op, dev);
	}
}
