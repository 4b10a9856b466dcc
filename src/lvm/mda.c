/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A metadata area: a header, and a ring of texts behind it; see NOTES.md. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "lvm/mda.h"

/* Offsets in the header. */
enum {
	MDA_CRC = 0,
	MDA_MAGIC = 4,		/* the checksum covers all from here on */
	MDA_VERSION = 20,
	MDA_START = 24,
	MDA_SIZE = 32,
	/* The first slot.  The second is for a change that is not committed,
	 * and does not count. */
	MDA_TEXT_OFF = 40,
	MDA_TEXT_LEN = 48,
	MDA_TEXT_CRC = 56,
	MDA_TEXT_FLAGS = 60,
};

#define MAGIC " LVM2 x[5A%r0N*>"
#define VERSION 1
#define FLAG_IGNORED 1u

int dw_mda_decode(const uint8_t buf[DW_MDA_HEADER_LEN], struct dw_mda *out,
		  struct dw_err *err)
{
	uint32_t crc = dw_lvm_crc(buf + MDA_MAGIC,
				  DW_MDA_HEADER_LEN - MDA_MAGIC);

	memset(out, 0, sizeof(*out));
	if (memcmp(buf + MDA_MAGIC, MAGIC, sizeof(MAGIC) - 1))
		return dw_fail(err, DW_CORRUPT, "no header");
	if (crc != dw_le32(buf + MDA_CRC))
		return dw_fail(err, DW_CORRUPT,
			       "the header's checksum is %08" PRIx32
			       ", it says %08" PRIx32, crc,
			       dw_le32(buf + MDA_CRC));
	if (dw_le32(buf + MDA_VERSION) != VERSION)
		return dw_fail(err, DW_UNSUPPORTED, "version %" PRIu32,
			       dw_le32(buf + MDA_VERSION));
	out->start_off = dw_le64(buf + MDA_START);
	out->len = dw_le64(buf + MDA_SIZE);
	out->text_off = dw_le64(buf + MDA_TEXT_OFF);
	out->text_len = dw_le64(buf + MDA_TEXT_LEN);
	out->text_crc = dw_le32(buf + MDA_TEXT_CRC);
	out->is_ignored = dw_le32(buf + MDA_TEXT_FLAGS) & FLAG_IGNORED;
	return 0;
}

static int check_text(const struct dw_mda *mda, struct dw_err *err)
{
	if (mda->text_off < DW_MDA_HEADER_LEN || mda->text_off >= mda->len)
		return dw_fail(err, DW_CORRUPT,
			       "the text begins at %" PRIu64 " of %" PRIu64
			       " bytes", mda->text_off, mda->len);
	if (!mda->text_len || mda->text_len > mda->len - DW_MDA_HEADER_LEN)
		return dw_fail(err, DW_CORRUPT,
			       "a text of %" PRIu64 " bytes in %" PRIu64
			       " bytes", mda->text_len, mda->len);
	return 0;
}

int dw_mda_check(const struct dw_mda *mda, const struct dw_lvm_area *area,
		 uint64_t dev_size, struct dw_err *err)
{
	if (mda->start_off != area->off)
		return dw_fail(err, DW_CORRUPT,
			       "the header says it is at %" PRIu64,
			       mda->start_off);
	if (mda->len <= DW_MDA_HEADER_LEN)
		return dw_fail(err, DW_CORRUPT, "%" PRIu64 " bytes in all",
			       mda->len);
	if (!dw_in_range(area->off, mda->len, dev_size))
		return dw_fail(err, DW_CORRUPT,
			       "its %" PRIu64 " bytes pass the end of the "
			       "device at %" PRIu64, mda->len, dev_size);
	/* What is ignored may hold anything. */
	if (mda->is_ignored || !mda->text_off)
		return 0;
	return check_text(mda, err);
}

/* In two parts where it passes the end of the ring, which begins behind the
 * header.  The check saw to it that no part is read twice. */
static int fetch_text(struct dw_dev *dev, const struct dw_mda *mda, char *buf,
		      struct dw_err *err)
{
	uint64_t first_len = dw_min(mda->text_len, mda->len - mda->text_off);
	int rc;

	rc = dw_dev_pread(dev, mda->start_off + mda->text_off, buf, first_len,
			  err);
	if (rc || first_len == mda->text_len)
		return rc;
	return dw_dev_pread(dev, mda->start_off + DW_MDA_HEADER_LEN,
			    buf + first_len, mda->text_len - first_len, err);
}

static int read_text(struct dw_dev *dev, const struct dw_mda *mda,
		     uint64_t max_len, char **out, size_t *len,
		     struct dw_err *err)
{
	uint32_t crc;
	int rc;

	if (mda->text_len > max_len)
		return dw_fail(err, DW_LIMIT,
			       "a text of %" PRIu64 " bytes, more than %"
			       PRIu64, mda->text_len, max_len);
	*out = malloc(mda->text_len + 1);
	if (!*out)
		return dw_fail_nomem(err);
	*len = mda->text_len;
	(*out)[*len] = '\0';
	rc = fetch_text(dev, mda, *out, err);
	if (rc) {
		free(*out);
		*out = NULL;
		return rc;
	}
	crc = dw_lvm_crc(*out, *len);
	if (crc != mda->text_crc)
		return dw_fail(err, DW_CORRUPT,
			       "the text's checksum is %08" PRIx32 ", the "
			       "header says %08" PRIx32, crc, mda->text_crc);
	return 0;
}

int dw_mda_read(struct dw_dev *dev, const struct dw_lvm_area *area,
		uint64_t max_len, char **out, size_t *len, struct dw_err *err)
{
	uint8_t buf[DW_MDA_HEADER_LEN];
	struct dw_mda mda;
	int rc;

	*out = NULL;
	*len = 0;
	if (!dw_in_range(area->off, sizeof(buf), dev->size))
		rc = dw_fail(err, DW_CORRUPT, "past the end of the device at "
			     "%" PRIu64, dev->size);
	else
		rc = dw_dev_pread(dev, area->off, buf, sizeof(buf), err);
	if (!rc)
		rc = dw_mda_decode(buf, &mda, err);
	if (!rc)
		rc = dw_mda_check(&mda, area, dev->size, err);
	if (!rc && !mda.is_ignored && mda.text_off)
		rc = read_text(dev, &mda, max_len, out, len, err);
	if (!rc)
		return 0;
	return dw_err_prefix(err, rc, "lvm: %s: metadata area at %" PRIu64,
			     dev->name, area->off);
}
