/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What follows the header of qcow2: extensions, and the backing file's name. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "formats/qcow2_meta.h"

#define EXT_HEADER_LEN 8

enum {
	EXT_BACKING_FORMAT = 0xe2792aca,
	EXT_FEATURE_NAMES = 0x6803f857,
	EXT_BITMAPS = 0x23852875,
	EXT_LUKS = 0x0537be77,
	EXT_DATA_FILE = 0x44415441,
};

/* A feature's name: type, bit, text. */
#define NAME_ENTRY_LEN 48
#define NAME_TYPE_INCOMPAT 0

#define BITMAPS_LEN 24
#define LUKS_LEN 16

int dw_qcow2_ext_next(const uint8_t *buf, size_t len, size_t *pos,
		      struct dw_qcow2_ext *out, struct dw_err *err)
{
	memset(out, 0, sizeof(*out));
	/* The area may end with the cluster, without an end mark. */
	if (!dw_in_range(*pos, EXT_HEADER_LEN, len))
		return 0;
	out->type = dw_be32(buf + *pos);
	if (!out->type)
		return 0;
	out->len = dw_be32(buf + *pos + 4);
	out->data = buf + *pos + EXT_HEADER_LEN;
	if (!dw_in_range(*pos + EXT_HEADER_LEN, out->len, len))
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: header extension 0x%08" PRIx32 " of %"
			       PRIu32 " bytes at %zu ends past %zu", out->type,
			       out->len, *pos, len);
	*pos += EXT_HEADER_LEN + dw_round_up(out->len, 8);
	return 1;
}

char *dw_qcow2_text(const uint8_t *p, size_t len)
{
	char *text = malloc(len + 1);
	size_t i;

	for (i = 0; text && i < len; i++)
		text[i] = p[i] ? (char)p[i] : '?';
	if (text)
		text[len] = '\0';
	return text;
}

/* A second extension of a kind replaces the first, as in QEMU. */
static int take_text(char **to, const struct dw_qcow2_ext *ext,
		     struct dw_err *err)
{
	free(*to);
	*to = dw_qcow2_text(ext->data,
			    dw_min(ext->len, DW_QCOW2_BACKING_MAX_LEN));
	return *to ? 0 : dw_fail_nomem(err);
}

static void take_feature(const struct dw_qcow2_header *h,
			 const struct dw_qcow2_ext *ext,
			 struct dw_qcow2_exts *out)
{
	uint64_t unknown = h->incompat & ~(uint64_t)DW_QCOW2_INCOMPAT_KNOWN;
	const uint8_t *p;
	size_t i;

	for (i = 0; unknown && i + NAME_ENTRY_LEN <= ext->len;
	     i += NAME_ENTRY_LEN) {
		p = ext->data + i;
		if (p[0] != NAME_TYPE_INCOMPAT ||
		    p[1] != __builtin_ctzll(unknown))
			continue;
		snprintf(out->feature, sizeof(out->feature), "%.*s",
			 NAME_ENTRY_LEN - 2, (const char *)p + 2);
		return;
	}
}

static int take_fixed(const struct dw_qcow2_ext *ext, uint32_t need_len,
		      struct dw_err *err)
{
	if (ext->len >= need_len)
		return 0;
	return dw_fail(err, DW_CORRUPT,
		       "qcow2: header extension 0x%08" PRIx32 " of %" PRIu32
		       " bytes, %" PRIu32 " are needed", ext->type, ext->len,
		       need_len);
}

static int take(const struct dw_qcow2_header *h, const struct dw_qcow2_ext *ext,
		struct dw_qcow2_exts *out, struct dw_err *err)
{
	int rc = 0;

	switch (ext->type) {
	case EXT_BACKING_FORMAT:
		return take_text(&out->backing_format, ext, err);
	case EXT_DATA_FILE:
		return take_text(&out->data_name, ext, err);
	case EXT_FEATURE_NAMES:
		take_feature(h, ext, out);
		return 0;
	case EXT_BITMAPS:
		rc = take_fixed(ext, BITMAPS_LEN, err);
		if (rc)
			return rc;
		out->bitmaps_nr = dw_be32(ext->data);
		out->bitmap_dir_len = dw_be64(ext->data + 8);
		out->bitmap_dir_off = dw_be64(ext->data + 16);
		return 0;
	case EXT_LUKS:
		rc = take_fixed(ext, LUKS_LEN, err);
		if (rc)
			return rc;
		out->luks_off = dw_be64(ext->data);
		out->luks_len = dw_be64(ext->data + 8);
		return 0;
	default:
		return 0;
	}
}

/* buf holds the first cluster, as far as the file reaches. */
static int decode(const struct dw_qcow2_header *h, const uint8_t *buf,
		  size_t len, struct dw_qcow2_exts *out, struct dw_err *err)
{
	size_t pos = h->header_len;
	struct dw_qcow2_ext ext;
	int rc;

	if (h->backing_off && h->backing_len) {
		if (!dw_in_range(h->backing_off, h->backing_len, len))
			return dw_fail(err, DW_CORRUPT,
				       "qcow2: the name of the backing file "
				       "ends past the end of the file at %zu",
				       len);
		out->backing_name = dw_qcow2_text(buf + h->backing_off,
						  h->backing_len);
		if (!out->backing_name)
			return dw_fail_nomem(err);
	}
	/* The name follows the extensions. */
	if (h->backing_off && h->backing_off < len)
		len = h->backing_off;
	do {
		rc = dw_qcow2_ext_next(buf, len, &pos, &ext, err);
		if (rc == 1)
			rc = take(h, &ext, out, err) ?: 1;
	} while (rc == 1);
	return rc;
}

int dw_qcow2_exts_read(struct dw_dev *file, const struct dw_qcow2_header *h,
		       struct dw_qcow2_exts *out, struct dw_err *err)
{
	size_t len = dw_min(file->size, UINT64_C(1) << h->cluster_bits);
	uint8_t *buf = malloc(len);
	int rc;

	memset(out, 0, sizeof(*out));
	if (!buf)
		return dw_fail_nomem(err);
	rc = dw_dev_pread(file, 0, buf, len, err);
	if (!rc)
		rc = decode(h, buf, len, out, err);
	free(buf);
	return rc;
}

void dw_qcow2_exts_free(struct dw_qcow2_exts *exts)
{
	free(exts->backing_name);
	free(exts->backing_format);
	free(exts->data_name);
	memset(exts, 0, sizeof(*exts));
}
