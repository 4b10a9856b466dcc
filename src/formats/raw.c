/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* raw: the file is the disk.  Sparse out: what is not written stays a hole. */
#include <inttypes.h>
#include <stdlib.h>

#include "dev/kinds.h"
#include "formats/format.h"

/* The size of a block of most host filesystems: the smallest hole. */
#define UNIT_LEN 4096u
/* In a pipe there are no holes, only calls to be saved. */
#define PIPE_UNIT_LEN (64u << 10)

struct raw_writer {
	struct dw_writer w;
	struct dw_dev *file;
};

/* Every file is a raw disk; it is asked last. */
static int raw_probe(struct dw_dev *file, struct dw_err *err)
{
	return 0;
}

static int raw_open(struct dw_ctx *ctx, struct dw_dev *file,
		    const struct dw_format_how *how, struct dw_dev **out,
		    struct dw_err *err)
{
	if (how->snapshot)
		return dw_fail(err, DW_NOENT, "%s: a raw image has no "
			       "snapshots", file->name);
	*out = dw_dev_ref(file);
	return 0;
}

static int raw_place(struct dw_writer *w, uint64_t off, uint64_t payload_len,
		     struct dw_place *out, struct dw_err *err)
{
	out->host_off = off;
	out->len = payload_len;
	return 0;
}

static int raw_put(struct dw_writer *w, const struct dw_place *place,
		   const void *payload, struct dw_err *err)
{
	return dw_dev_pwrite(((struct raw_writer *)w)->file, place->host_off,
			     payload, place->len, err);
}

static bool raw_share(struct dw_writer *w, uint64_t off, uint64_t len, int fd,
		      uint64_t from_off)
{
	return !dw_file_clone(((struct raw_writer *)w)->file, off, fd,
			      from_off, len, NULL);
}

static int raw_finish(struct dw_writer *w, struct dw_err *err)
{
	return 0;
}

static void raw_free(struct dw_writer *w)
{
	free(w);
}

static const struct dw_writer_driver raw_writer_driver = {
	.place = raw_place,
	.put = raw_put,
	.share = raw_share,
	.finish = raw_finish,
	.free = raw_free,
};

/* A block device has old bytes on it, and its own size. */
static int make_zeros(struct dw_dev *file, uint64_t size, struct dw_err *err)
{
	if (!file->size)
		return dw_dev_resize(file, size, err);
	if (file->size < size)
		return dw_fail(err, DW_NOSPACE,
			       "%s: has %" PRIu64 " bytes, %" PRIu64
			       " are needed", file->name, file->size, size);
	return dw_dev_zero(file, 0, size, err);
}

static int raw_create(struct dw_ctx *ctx, struct dw_dev *file, uint64_t size,
		      const struct dw_format_options *options,
		      struct dw_writer **out, struct dw_err *err)
{
	struct raw_writer *r;
	int rc;

	*out = NULL;
	rc = make_zeros(file, size, err);
	if (rc)
		return rc;
	r = calloc(1, sizeof(*r));
	if (!r)
		return dw_fail_nomem(err);
	r->w = (struct dw_writer){
		.driver = &raw_writer_driver, .unit_len = UNIT_LEN,
		.size = size, .sequential = dw_pipe_is(file),
	};
	if (r->w.sequential)
		r->w.unit_len = PIPE_UNIT_LEN;
	r->file = file;
	*out = &r->w;
	return 0;
}

const struct dw_format_driver dw_raw_format = {
	.name = "raw",
	.suffix = ".raw",
	.probe = raw_probe,
	.open = raw_open,
	.create = raw_create,
};
