/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of image formats: fixtures, images in memory, what they hold. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "images.h"
#include "base/bytes.h"
#include "base/checked.h"

uint8_t *pattern(void)
{
	uint8_t *p = calloc(1, PATTERN_LEN + 64), *end = p;
	unsigned i;

	for (i = 1; end < p + 20000; i++)
		end += sprintf((char *)end, "%u\n", i);
	memset(p + 20000, 0, 64);
	for (i = 32768; i < 40960; i++)
		p[i] = "abcdefg\n"[i % 8];
	for (i = 20000, end = p + 98304; end < p + PATTERN_LEN; i++)
		end += sprintf((char *)end, "%u\n", i);
	return p;
}

struct dw_dev *open_fixture(struct dw_ctx *ctx, const char *name)
{
	struct dw_dev *file;
	struct dw_err err;
	char path[256];

	snprintf(path, sizeof(path), "tests/images/%s", name);
	ck_assert_msg(!dw_file_open(ctx, path, 0, &file, &err), "%s",
		      err.text);
	return file;
}

int open_disk(struct dw_ctx *ctx, const char *name, struct dw_dev **out,
	      struct dw_err *err)
{
	struct dw_dev *file = open_fixture(ctx, name);
	int rc = dw_format_open(ctx, file, NULL, NULL, out, err);

	dw_dev_close(file, NULL);
	return rc;
}

void is_refused(struct dw_ctx *ctx, const char *name, int code,
		const char *text)
{
	struct dw_dev *disk = NULL;
	struct dw_err err = { 0 };
	uint8_t *buf = malloc(PATTERN_LEN);
	int rc = open_disk(ctx, name, &disk, &err);

	if (!rc)
		rc = dw_dev_pread(disk, 0, buf,
				  (size_t)dw_min(disk->size, PATTERN_LEN),
				  &err);
	ck_assert_msg(rc == code, "%s: %d", name, rc);
	ck_assert_int_eq(err.code, code);
	ck_assert_msg(strstr(err.text, text), "%s", err.text);
	ck_assert_msg(strstr(err.text, name), "%s", err.text);
	ck_assert_ptr_null(strchr(err.text, '\n'));
	dw_dev_close(disk, NULL);
	free(buf);
}

struct dw_dev *mem_dev(uint64_t size)
{
	struct dw_dev *dev;

	ck_assert_int_eq(dw_mem_new("mem", size, &dev, NULL), 0);
	return dev;
}

struct dw_writer *new_image(struct dw_ctx *ctx, struct dw_dev *file,
			    const struct dw_format_driver *format,
			    uint64_t size,
			    const struct dw_format_options *options)
{
	struct dw_writer *w;
	struct dw_err err;
	int rc = format->create(ctx, file, size, options, &w, &err);

	ck_assert_msg(!rc, "%s", err.text);
	return w;
}

void add_payload(struct dw_writer *w, uint64_t off, const void *buf,
		 size_t len)
{
	struct dw_place place;
	struct dw_err err;
	int rc = dw_writer_place(w, off, len, &place, &err);

	if (!rc)
		rc = dw_writer_put(w, &place, buf, &err);
	ck_assert_msg(!rc, "%s", err.text);
}

void end_image(struct dw_writer *w)
{
	struct dw_err err;
	int rc = dw_writer_finish(w, &err);

	ck_assert_msg(!rc, "%s", err.text);
	dw_writer_free(w);
}

struct dw_dev *reopen(struct dw_ctx *ctx, struct dw_dev *file)
{
	struct dw_dev *disk;
	struct dw_err err;
	int rc = dw_format_open(ctx, file, NULL, NULL, &disk, &err);

	ck_assert_msg(!rc, "%s", err.text);
	return disk;
}

void disk_is(struct dw_dev *disk, const uint8_t *want, uint64_t len)
{
	uint8_t *got = malloc(len);
	uint64_t off;
	size_t n;

	ck_assert_uint_eq(disk->size, len);
	ck_assert_int_eq(dw_dev_pread(disk, 0, got, len, NULL), 0);
	ck_assert_mem_eq(got, want, len);
	for (off = 0; off < len; off += n) {
		n = dw_min(1 + off % 5003, len - off);
		ck_assert_int_eq(dw_dev_pread(disk, off, got, n, NULL), 0);
		ck_assert_mem_eq(got, want + off, n);
	}
	free(got);
}

uint64_t check_extents(struct dw_dev *disk)
{
	uint8_t *got = malloc(disk->size);
	uint64_t off, zeros = 0;
	struct dw_extent e;

	for (off = 0; off < disk->size; off += e.len) {
		ck_assert_int_eq(dw_dev_extent(disk, off, disk->size - off, &e,
					       NULL), 0);
		ck_assert_uint_eq(e.off, off);
		ck_assert_uint_gt(e.len, 0);
		if (e.kind != DW_EXTENT_ZERO && e.kind != DW_EXTENT_UNMAPPED)
			continue;
		zeros += e.len;
		ck_assert_int_eq(dw_dev_pread(disk, off, got, e.len, NULL), 0);
		ck_assert(dw_is_zero(got, e.len));
	}
	free(got);
	return zeros;
}
