/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GPT: bytes to struct, and the checks, without any I/O. */
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/sum.h"
#include "part/gpt.h"

enum {
	OFF_REVISION = 8,
	OFF_HEADER_LEN = 12,
	OFF_CRC = 16,
	OFF_MY_LBA = 24,
	OFF_ALTERNATE_LBA = 32,
	OFF_FIRST_USABLE = 40,
	OFF_LAST_USABLE = 48,
	OFF_DISK_GUID = 56,
	OFF_ENTRIES_LBA = 72,
	OFF_ENTRIES_NR = 80,
	OFF_ENTRY_LEN = 84,
	OFF_ENTRIES_CRC = 88,

	ENTRY_GUID = 16,
	ENTRY_FIRST = 32,
	ENTRY_LAST = 40,
	ENTRY_ATTRIBUTES = 48,
	ENTRY_NAME = 56,
	ENTRY_NAME_NR = 36,	/* UTF-16 units */
};

static int check_crc(const uint8_t *sector, uint32_t header_len,
		     struct dw_err *err)
{
	uint32_t want = dw_le32(sector + OFF_CRC), got;
	uint8_t copy[4096];

	memcpy(copy, sector, header_len);
	dw_put_le32(copy + OFF_CRC, 0);
	got = dw_crc32(copy, header_len);
	if (got == want)
		return 0;
	return dw_fail(err, DW_CORRUPT,
		       "gpt: the header's checksum is %08" PRIx32
		       ", it says %08" PRIx32, got, want);
}

int dw_gpt_decode(const uint8_t *sector, uint32_t sector_len,
		  struct dw_gpt_header *out, struct dw_err *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	if (memcmp(sector, "EFI PART", 8))
		return dw_fail(err, DW_NOT_MINE, "gpt: no \"EFI PART\"");
	out->header_len = dw_le32(sector + OFF_HEADER_LEN);
	if (out->header_len < DW_GPT_HEADER_LEN ||
	    out->header_len > sector_len || out->header_len > 4096)
		return dw_fail(err, DW_CORRUPT,
			       "gpt: a header of %" PRIu32 " bytes in a sector "
			       "of %" PRIu32, out->header_len, sector_len);
	rc = check_crc(sector, out->header_len, err);
	if (rc)
		return rc;
	out->revision = dw_le32(sector + OFF_REVISION);
	out->my_lba = dw_le64(sector + OFF_MY_LBA);
	out->alternate_lba = dw_le64(sector + OFF_ALTERNATE_LBA);
	out->first_usable_lba = dw_le64(sector + OFF_FIRST_USABLE);
	out->last_usable_lba = dw_le64(sector + OFF_LAST_USABLE);
	memcpy(out->disk_guid, sector + OFF_DISK_GUID, 16);
	out->entries_lba = dw_le64(sector + OFF_ENTRIES_LBA);
	out->entries_nr = dw_le32(sector + OFF_ENTRIES_NR);
	out->entry_len = dw_le32(sector + OFF_ENTRY_LEN);
	out->entries_crc = dw_le32(sector + OFF_ENTRIES_CRC);
	return 0;
}

/* The array of entries: its size, and that it is clear of the partitions. */
static int check_entries(const struct dw_gpt_header *h, uint32_t sector_len,
			 uint64_t disk_lba, struct dw_err *err)
{
	uint64_t len = (uint64_t)h->entries_nr * h->entry_len;
	uint64_t len_lba = dw_div_up(len, sector_len);

	if (h->entry_len < DW_GPT_ENTRY_LEN || !dw_is_pow2(h->entry_len) ||
	    !len || len > DW_GPT_ENTRIES_MAX_LEN)
		return dw_fail(err, DW_CORRUPT,
			       "gpt: %" PRIu32 " entries of %" PRIu32
			       " bytes (at most %u bytes in all)",
			       h->entries_nr, h->entry_len,
			       DW_GPT_ENTRIES_MAX_LEN);
	if (h->entries_lba < 2 || !dw_in_range(h->entries_lba, len_lba,
					       disk_lba))
		return dw_fail(err, DW_CORRUPT,
			       "gpt: entries at LBA %" PRIu64 ", %" PRIu64
			       " sectors, on a disk of %" PRIu64,
			       h->entries_lba, len_lba, disk_lba);
	if (h->entries_lba <= h->last_usable_lba &&
	    h->first_usable_lba < h->entries_lba + len_lba)
		return dw_fail(err, DW_CORRUPT,
			       "gpt: entries at LBA %" PRIu64 " to %" PRIu64
			       " lie among the partitions' LBAs %" PRIu64
			       " to %" PRIu64, h->entries_lba,
			       h->entries_lba + len_lba - 1,
			       h->first_usable_lba, h->last_usable_lba);
	return 0;
}

int dw_gpt_check(const struct dw_gpt_header *h, uint32_t sector_len,
		 uint64_t lba, uint64_t disk_lba, struct dw_err *err)
{
	if (h->revision >> 16 != 1)
		return dw_fail(err, DW_UNSUPPORTED,
			       "gpt: revision %08" PRIx32, h->revision);
	if (h->my_lba != lba)
		return dw_fail(err, DW_CORRUPT,
			       "gpt: the header at LBA %" PRIu64
			       " says that it lies at %" PRIu64, lba,
			       h->my_lba);
	if (h->first_usable_lba < 2 ||
	    h->last_usable_lba < h->first_usable_lba ||
	    h->last_usable_lba >= disk_lba)
		return dw_fail(err, DW_CORRUPT,
			       "gpt: partitions may lie from LBA %" PRIu64
			       " to %" PRIu64 ", on a disk of %" PRIu64
			       " sectors", h->first_usable_lba,
			       h->last_usable_lba, disk_lba);
	return check_entries(h, sector_len, disk_lba, err);
}

bool dw_gpt_entry_is_used(const uint8_t *p)
{
	return !dw_is_zero(p, 16);
}

static char *put_utf8(char *out, uint32_t c)
{
	if (c < 0x80) {
		*out++ = (char)c;
	} else if (c < 0x800) {
		*out++ = (char)(0xc0 | c >> 6);
		*out++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*out++ = (char)(0xe0 | c >> 12);
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*out++ = (char)(0x80 | (c & 0x3f));
	} else {
		*out++ = (char)(0xf0 | c >> 18);
		*out++ = (char)(0x80 | (c >> 12 & 0x3f));
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*out++ = (char)(0x80 | (c & 0x3f));
	}
	return out;
}

/* A unit takes at most three bytes, a pair of them four: 108 for 36 units.
 * Half a pair becomes U+FFFD. */
static void decode_name(const uint8_t *p, char *out)
{
	uint32_t c, low;
	unsigned i;

	for (i = 0; i < ENTRY_NAME_NR; i++) {
		c = dw_le16(p + 2 * i);
		if (!c)
			break;
		low = i + 1 < ENTRY_NAME_NR ? dw_le16(p + 2 * i + 2) : 0;
		if ((c & 0xfc00) == 0xd800 && (low & 0xfc00) == 0xdc00) {
			c = 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
			i++;
		} else if ((c & 0xf800) == 0xd800) {
			c = 0xfffd;
		}
		out = put_utf8(out, c);
	}
	*out = '\0';
}

void dw_gpt_entry_decode(const uint8_t *p, struct dw_gpt_entry *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->type_guid, p, 16);
	memcpy(out->guid, p + ENTRY_GUID, 16);
	out->first_lba = dw_le64(p + ENTRY_FIRST);
	out->last_lba = dw_le64(p + ENTRY_LAST);
	out->attributes = dw_le64(p + ENTRY_ATTRIBUTES);
	decode_name(p + ENTRY_NAME, out->name);
}

int dw_gpt_entry_check(const struct dw_gpt_entry *e, unsigned nr,
		       const struct dw_gpt_header *h, struct dw_err *err)
{
	if (e->last_lba < e->first_lba)
		return dw_fail(err, DW_CORRUPT,
			       "gpt: entry %u ends at LBA %" PRIu64
			       " before it starts at %" PRIu64, nr,
			       e->last_lba, e->first_lba);
	if (e->first_lba < h->first_usable_lba ||
	    e->last_lba > h->last_usable_lba)
		return dw_fail(err, DW_CORRUPT,
			       "gpt: entry %u (LBA %" PRIu64 " to %" PRIu64
			       ") is not within the usable LBAs %" PRIu64
			       " to %" PRIu64, nr, e->first_lba, e->last_lba,
			       h->first_usable_lba, h->last_usable_lba);
	return 0;
}
