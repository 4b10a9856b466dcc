/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of changed files: what is a hole, copying, comparing. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "job/amend.h"

/* Shorter runs of zeros are stored: each hole splits a file's map. */
#define HOLE_LEN (64u << 10)
#define PIECE_LEN (1u << 20)

/* Only what the bytes are decides; that the host stores nothing for them saves
 * the reading.  The end of a file is stored if it is no whole unit. */
static int is_hole(struct dw_amend_source *s, uint64_t off, bool *hole,
		   struct dw_err *err)
{
	struct dw_extent e;
	int ret;

	*hole = false;
	if (s->no_holes || s->content->size - off < s->buf_len)
		return 0;
	ret = dw_dev_extent(s->content, off, s->buf_len, &e, err);
	if (ret)
		return ret;
	if (dw_extent_is_hole(&e) && e.len == s->buf_len) {
		*hole = true;
		return 0;
	}
	ret = dw_dev_pread(s->content, off, s->buf, s->buf_len, err);
	*hole = !ret && dw_is_zero(s->buf, s->buf_len);
	return ret;
}

/* From off on, the end of the units that are all holes, or all not. */
static int skip(struct dw_amend_source *s, uint64_t *off, bool holes,
		struct dw_err *err)
{
	bool hole = holes;
	int ret = 0;

	while (!ret && *off < s->content->size) {
		ret = dw_ctx_check(s->a->ctx, err);
		if (!ret)
			ret = is_hole(s, *off, &hole, err);
		if (hole != holes)
			break;
		*off += dw_min(s->buf_len, s->content->size - *off);
	}
	return ret;
}

/* The unit is what the image calls a cluster. */
static int make_buf(struct dw_amend_source *s, uint64_t unit_len,
		    struct dw_err *err)
{
	uint64_t len = dw_max(unit_len, HOLE_LEN);
	uint64_t cap_len = s->a->ctx->memory_cap_len;

	if (s->buf)
		return 0;
	if (len > cap_len)
		return dw_fail(err, DW_LIMIT, "clusters of %" PRIu64 " bytes, "
			       "more than the %" PRIu64 " of memory", len,
			       cap_len);
	s->buf_len = (size_t)len;
	s->buf = malloc(s->buf_len);
	return s->buf ? 0 : dw_fail_nomem(err);
}

int dw_amend_next_data(void *arg, uint64_t off, uint64_t unit_len,
		       uint64_t *data_off, uint64_t *data_len,
		       struct dw_err *err)
{
	struct dw_amend_source *s = arg;
	uint64_t end;
	int ret = make_buf(s, unit_len, err);

	*data_len = 0;
	if (!ret)
		ret = skip(s, &off, true, err);
	end = off;
	if (!ret)
		ret = skip(s, &end, false, err);
	*data_off = off;
	*data_len = end - off;
	return ret;
}

/* What passes the end of the content is zeros. */
static int read_padded(struct dw_dev *content, uint64_t off, uint8_t *buf,
		       size_t len, struct dw_err *err)
{
	size_t have = (size_t)dw_min(len, content->size - off);

	memset(buf + have, 0, len - have);
	return have ? dw_dev_pread(content, off, buf, have, err) : 0;
}

static int copy_run(struct dw_amend *a, const struct dw_amend_run *run,
		    uint8_t *buf, uint64_t *done_len, struct dw_err *err)
{
	uint64_t at, step;
	int ret = 0;

	for (at = 0; at < run->len && !ret; at += step) {
		step = dw_min(PIECE_LEN, run->len - at);
		ret = dw_ctx_check(a->ctx, err);
		if (!ret)
			ret = read_padded(run->content, run->content_off + at,
					  buf, step, err);
		if (!ret)
			ret = dw_dev_pwrite(a->stack.dev, run->dev_off + at,
					    buf, step, err);
		*done_len += step;
		dw_ctx_progress(a->ctx, "write", *done_len, a->cost.data_len);
	}
	return ret;
}

int dw_amend_copy(struct dw_amend *a, struct dw_err *err)
{
	uint8_t *buf = malloc(PIECE_LEN);
	uint64_t done_len = 0;
	int ret = buf ? 0 : dw_fail_nomem(err);

	for (size_t i = 0; i < a->runs_nr && !ret; i++)
		ret = copy_run(a, &a->runs[i], buf, &done_len, err);
	free(buf);
	/* Else the file would hold what its source never was. */
	for (size_t i = 0; i < a->files_nr && !ret; i++)
		ret = dw_dev_check_unchanged(a->files[i].content, err);
	return ret;
}

static int compare_piece(struct dw_fs *fs, const struct dw_amend_file *file,
			 uint64_t ino, uint64_t off, uint8_t *buf, size_t len,
			 struct dw_err *err)
{
	size_t got = 0;
	int ret = dw_fs_pread(fs, ino, file->behind_len + off, buf, len, &got,
			      err);

	if (!ret)
		ret = dw_dev_pread(file->content, off, buf + len, len, err);
	if (ret || (got == len && !memcmp(buf, buf + len, len)))
		return ret;
	return dw_fail(err, DW_IO, "%s: is not what was written, at or behind "
		       "byte %" PRIu64, file->path,
		       file->behind_len + off);
}

static int compare_file(struct dw_amend *a, struct dw_fs *fs,
			const struct dw_amend_file *file, uint8_t *buf,
			struct dw_err *err)
{
	uint64_t off, step, len = file->content->size;
	struct dw_stat st;
	int ret = dw_fs_stat(fs, file->path, &st, err);

	if (!ret && st.size != file->behind_len + len)
		ret = dw_fail(err, DW_IO, "%s: has %" PRIu64 " bytes, not the "
			      "%" PRIu64 " that were written", file->path,
			      st.size, file->behind_len + len);
	for (off = 0; off < len && !ret; off += step) {
		step = dw_min(PIECE_LEN, len - off);
		ret = compare_piece(fs, file, st.ino, off, buf, step, err);
		dw_ctx_progress(a->ctx, "check", off + step, len);
	}
	return ret;
}

int dw_amend_verify(struct dw_amend *a, struct dw_err *err)
{
	uint8_t *buf = malloc(2 * PIECE_LEN);
	struct dw_fs *fs = NULL;
	int ret = buf ? 0 : dw_fail_nomem(err);

	if (!ret)
		ret = dw_fs_open(a->ctx, a->stack.dev, 0, &fs, err);
	for (size_t i = 0; i < a->files_nr && !ret; i++)
		ret = compare_file(a, fs, &a->files[i], buf, err);
	dw_fs_close(fs);
	free(buf);
	return ret ? dw_err_prefix(err, ret, "verification") : 0;
}
