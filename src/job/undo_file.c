/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The undo record as a file: little-endian, a CRC-32 over all at the end.
 *
 *   0  "DWUNDO1\n"        8  u64 old size      16  u64 inserted length
 *   24 u64 extents        32 u64 ranges
 *   then per extent u64 offset, physical offset, length;
 *   then per range  u64 offset, length, and its bytes;
 *   u32 CRC-32
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/checked.h"
#include "base/sum.h"
#include "dev/output.h"
#include "job/undo.h"

static const char magic[8] = "DWUNDO1\n";
#define HEAD_LEN 40u
#define EXTENT_LEN 24u
#define RANGE_HEAD_LEN 16u
#define MAX_RECORD_LEN (1ull << 30)

static void add64(struct dw_buf *b, uint64_t v)
{
	uint8_t bytes[8];

	dw_put_le64(bytes, v);
	dw_buf_add(b, bytes, sizeof(bytes));
}

static void encode(const struct dw_undo_record *record, struct dw_buf *b)
{
	uint8_t crc[4];
	size_t i;

	dw_buf_add(b, magic, sizeof(magic));
	add64(b, record->old_size);
	add64(b, record->insert_len);
	add64(b, record->before.nr);
	add64(b, record->ranges_nr);
	for (i = 0; i < record->before.nr; i++) {
		add64(b, record->before.extents[i].off);
		add64(b, record->before.extents[i].physical_off);
		add64(b, record->before.extents[i].len);
	}
	for (i = 0; i < record->ranges_nr; i++) {
		add64(b, record->ranges[i].off);
		add64(b, record->ranges[i].len);
		dw_buf_add(b, record->ranges[i].data, record->ranges[i].len);
	}
	if (b->failed)
		return;
	dw_put_le32(crc, dw_crc32(b->data, b->len));
	dw_buf_add(b, crc, sizeof(crc));
}

/* It holds bytes of an image that not everybody may read. */
int dw_undo_write(const struct dw_undo_record *record, const char *path,
		  struct dw_err *err)
{
	struct dw_buf b = { 0 };
	struct dw_output *out = NULL;
	int ret;

	encode(record, &b);
	ret = dw_buf_check(&b, err);
	if (!ret)
		ret = dw_output_open(NULL, path, DW_OUTPUT_PRIVATE, &out,
				     err);
	if (!ret)
		ret = dw_dev_resize(out->dev, b.len, err);
	if (!ret)
		ret = dw_dev_pwrite(out->dev, 0, b.data, b.len, err);
	if (!ret)
		ret = dw_output_commit(out, err);
	dw_output_close(out);
	dw_buf_free(&b);
	return ret ? dw_err_prefix(err, ret, "undo record") : 0;
}

static int corrupt(const char *path, const char *what, struct dw_err *err)
{
	return dw_fail(err, DW_CORRUPT, "%s: undo record: %s", path, what);
}

static int decode_extents(const uint8_t **p, const uint8_t *end, uint64_t nr,
			  struct dw_hostmap *map, struct dw_err *err)
{
	uint64_t i;

	if (nr > (uint64_t)(end - *p) / EXTENT_LEN)
		return DW_CORRUPT;
	map->extents = calloc(nr ? nr : 1, sizeof(*map->extents));
	if (!map->extents)
		return dw_fail_nomem(err);
	for (i = 0; i < nr; i++, *p += EXTENT_LEN)
		map->extents[i] = (struct dw_host_extent){
			dw_le64(*p), dw_le64(*p + 8), dw_le64(*p + 16),
		};
	map->nr = nr;
	return 0;
}

static int decode_ranges(const uint8_t **p, const uint8_t *end, uint64_t nr,
			 struct dw_undo_record *out, struct dw_err *err)
{
	struct dw_undo_range *range;

	if (nr > (uint64_t)(end - *p) / RANGE_HEAD_LEN)
		return DW_CORRUPT;
	out->ranges = calloc(nr ? nr : 1, sizeof(*out->ranges));
	if (!out->ranges)
		return dw_fail_nomem(err);
	for (; out->ranges_nr < nr; out->ranges_nr++) {
		range = &out->ranges[out->ranges_nr];
		if ((size_t)(end - *p) < RANGE_HEAD_LEN)
			return DW_CORRUPT;
		range->off = dw_le64(*p);
		range->len = dw_le64(*p + 8);
		*p += RANGE_HEAD_LEN;
		if (range->len > (uint64_t)(end - *p) ||
		    !dw_in_range(range->off, range->len, out->old_size))
			return DW_CORRUPT;
		range->data = malloc(range->len ? range->len : 1);
		if (!range->data)
			return dw_fail_nomem(err);
		memcpy(range->data, *p, range->len);
		*p += range->len;
	}
	return 0;
}

static int decode(const char *path, const uint8_t *p, size_t len,
		  struct dw_undo_record *out, struct dw_err *err)
{
	const uint8_t *end = p + len - 4, *at = p + HEAD_LEN;
	int ret;

	if (memcmp(p, magic, sizeof(magic)))
		return corrupt(path, "bad magic", err);
	if (dw_crc32(p, len - 4) != dw_le32(end))
		return corrupt(path, "bad checksum", err);
	out->old_size = dw_le64(p + 8);
	out->insert_len = dw_le64(p + 16);
	ret = decode_extents(&at, end, dw_le64(p + 24), &out->before, err);
	if (!ret)
		ret = decode_ranges(&at, end, dw_le64(p + 32), out, err);
	if (ret == DW_CORRUPT || (!ret && at != end))
		return corrupt(path, "its counts do not fit its length", err);
	return ret;
}

int dw_undo_read(const char *path, struct dw_undo_record *out,
		 struct dw_err *err)
{
	struct dw_dev *file;
	uint8_t *bytes = NULL;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = dw_file_open(NULL, path, DW_OPEN_SHARE, &file, err);
	if (ret)
		return ret;
	if (file->size < HEAD_LEN + 4 || file->size > MAX_RECORD_LEN)
		ret = corrupt(path, "impossible length", err);
	if (!ret && !(bytes = malloc(file->size)))
		ret = dw_fail_nomem(err);
	if (!ret)
		ret = dw_dev_pread(file, 0, bytes, file->size, err);
	if (!ret)
		ret = decode(path, bytes, file->size, out, err);
	if (ret)
		dw_undo_record_free(out);
	free(bytes);
	dw_dev_close(file, NULL);
	return ret;
}
