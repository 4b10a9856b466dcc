/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a qcow2 image asks for that we do not do, by its name. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "formats/qcow2.h"

#define EXT_HEADER_LEN 8
#define NAME_ENTRY_LEN 48
#define NAME_TYPE_INCOMPAT 0

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

/* Finds one extension: 1, 0 where it is absent, DW_CORRUPT. */
static int find_ext(const struct dw_qcow2_header *h, const uint8_t *buf,
		    size_t len, uint32_t type, struct dw_qcow2_ext *out,
		    struct dw_err *err)
{
	size_t pos = h->header_len;
	int rc;

	/* The backing file's name follows the extensions. */
	if (h->backing_off && h->backing_off < len)
		len = h->backing_off;
	do {
		rc = dw_qcow2_ext_next(buf, len, &pos, out, err);
	} while (rc == 1 && out->type != type);
	return rc;
}

/* Entries are {type, bit, name of 46 bytes}. */
static void feature_name(const struct dw_qcow2_ext *ext, unsigned bit,
			 char name[NAME_ENTRY_LEN])
{
	size_t i;

	for (i = 0; i + NAME_ENTRY_LEN <= ext->len; i += NAME_ENTRY_LEN) {
		const uint8_t *p = ext->data + i;

		if (p[0] != NAME_TYPE_INCOMPAT || p[1] != bit)
			continue;
		snprintf(name, NAME_ENTRY_LEN, "%.*s", NAME_ENTRY_LEN - 2,
			 (const char *)p + 2);
		return;
	}
}

static int refuse_unknown(const struct dw_qcow2_header *h, const uint8_t *buf,
			  size_t len, struct dw_err *err)
{
	uint64_t unknown = h->incompat & ~(uint64_t)DW_QCOW2_INCOMPAT_KNOWN;
	char name[NAME_ENTRY_LEN] = "";
	struct dw_qcow2_ext ext;
	unsigned bit;

	if (!unknown)
		return 0;
	bit = (unsigned)__builtin_ctzll(unknown);
	/* The name is a courtesy: damage here does not hide the reason. */
	if (find_ext(h, buf, len, DW_QCOW2_EXT_FEATURE_NAMES, &ext, NULL) == 1)
		feature_name(&ext, bit, name);
	return dw_fail(err, DW_UNSUPPORTED,
		       "qcow2: needs the incompatible feature \"%s\" (bit %u), "
		       "which is not supported", *name ? name : "unknown", bit);
}

static int refuse_encryption(const struct dw_qcow2_header *h,
			     struct dw_err *err)
{
	const char *name = h->crypt_method == 1 ? "AES" :
			   h->crypt_method == 2 ? "LUKS" : "unknown";

	if (!h->crypt_method)
		return 0;
	return dw_fail(err, DW_UNSUPPORTED,
		       "qcow2: is encrypted (%s, method %" PRIu32 "), which is "
		       "not supported", name, h->crypt_method);
}

static int refuse_data_file(const struct dw_qcow2_header *h,
			    const uint8_t *buf, size_t len, struct dw_err *err)
{
	struct dw_qcow2_ext ext;
	int rc;

	if (!(h->incompat & DW_QCOW2_INCOMPAT_DATA_FILE))
		return 0;
	rc = find_ext(h, buf, len, DW_QCOW2_EXT_DATA_FILE, &ext, err);
	if (rc < 0)
		return rc;
	if (!rc)
		return dw_fail(err, DW_DENIED,
			       "qcow2: keeps its data in an external file that "
			       "it does not name");
	return dw_fail(err, DW_DENIED,
		       "qcow2: keeps its data in the external file \"%.*s\", "
		       "which is not allowed to be opened",
		       (int)dw_min(ext.len, 128), (const char *)ext.data);
}

static int refuse_backing(const struct dw_qcow2_header *h, const uint8_t *buf,
			  size_t len, struct dw_err *err)
{
	if (!h->backing_off || !h->backing_len)
		return 0;
	if (!dw_in_range(h->backing_off, h->backing_len, len))
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: the name of the backing file ends past "
			       "the end of the file at %zu", len);
	return dw_fail(err, DW_DENIED,
		       "qcow2: needs the backing file \"%.*s\", which is not "
		       "allowed to be opened",
		       (int)dw_min(h->backing_len, 128),
		       (const char *)buf + h->backing_off);
}

/* The whole area is walked once, so that damage in it is always found. */
static int check_exts(const struct dw_qcow2_header *h, const uint8_t *buf,
		      size_t len, struct dw_err *err)
{
	struct dw_qcow2_ext ext;

	/* Type 0 ends the area, so that it is never found. */
	return find_ext(h, buf, len, 0, &ext, err);
}

int dw_qcow2_refuse(const struct dw_qcow2_header *h, const uint8_t *buf,
		    size_t len, struct dw_err *err)
{
	int rc;

	rc = refuse_unknown(h, buf, len, err);
	if (!rc)
		rc = refuse_encryption(h, err);
	if (!rc && h->compression > DW_QCOW2_ZSTD)
		rc = dw_fail(err, DW_UNSUPPORTED,
			     "qcow2: compression type %u is not supported",
			     h->compression);
	if (!rc)
		rc = refuse_data_file(h, buf, len, err);
	if (!rc)
		rc = refuse_backing(h, buf, len, err);
	if (!rc)
		rc = check_exts(h, buf, len, err);
	return rc;
}
