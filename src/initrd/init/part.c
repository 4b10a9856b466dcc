/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Partitions by what their table calls them. */
#include "part.h"

#define SECTOR_MAX	4096
#define ENTRIES_MAX	1024	/* tables have 128 */
#define NAME_NR		36	/* UTF-16 units of a GPT's name */

struct gpt {
	uint32_t sector_len;
	uint64_t entries_off;
	uint32_t entries_nr, entry_len;
};

static bool has_mbr(const struct disk *disk, uint8_t buf[512])
{
	return disk->read(disk->arg, 0, buf, 512) && le16(buf + 510) == 0xaa55;
}

/* UEFI 2.10, 5.3.2: the header in LBA 1, whose sum includes itself as 0. */
static bool read_header(const struct disk *disk, uint32_t sector_len,
			struct gpt *out)
{
	uint8_t p[SECTOR_MAX];
	uint32_t len, sum;

	if (!disk->read(disk->arg, sector_len, p, sector_len) ||
	    memcmp(p, "EFI PART", 8))
		return false;
	len = le32(p + 12);
	sum = le32(p + 16);
	if (len < 92 || len > sector_len || le64(p + 24) != 1)
		return false;
	memset(p + 16, 0, 4);
	if (~crc_of(CRC32_POLY, ~0u, p, len) != sum)
		return false;
	out->sector_len = sector_len;
	out->entries_nr = le32(p + 80);
	out->entry_len = le32(p + 84);
	if (le64(p + 72) >> 40 || out->entry_len < 128 ||
	    out->entry_len > SECTOR_MAX || out->entry_len % 8)
		return false;
	out->entries_off = le64(p + 72) * sector_len;
	if (out->entries_nr > ENTRIES_MAX)
		out->entries_nr = ENTRIES_MAX;
	return true;
}

/* GUIDs store their first three fields little-endian. */
static void guid_text(const uint8_t *p, char out[UUID_TEXT])
{
	static const uint8_t order[16] = {
		3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15,
	};
	uint8_t uuid[16];

	for (unsigned i = 0; i < 16; i++)
		uuid[i] = p[order[i]];
	text_uuid(uuid, out);
}

static bool is_guid(const uint8_t *entry, const char *text)
{
	char uuid[UUID_TEXT];

	guid_text(entry + 16, uuid);
	return text_is_nocase(uuid, text);
}

static bool is_name(const uint8_t *entry, const char *text)
{
	const uint8_t *p = entry + 56;
	unsigned i;

	for (i = 0; i < NAME_NR && text[i]; i++)
		if (le16(p + 2 * i) != (uint8_t)text[i])
			return false;
	return !text[i] && (i == NAME_NR || !le16(p + 2 * i));
}

static uint32_t find(const struct disk *disk, const char *text,
		     bool (*is)(const uint8_t *entry, const char *text))
{
	uint8_t entry[128];
	struct gpt gpt;

	if (!read_header(disk, 512, &gpt) && !read_header(disk, 4096, &gpt))
		return 0;
	for (uint32_t i = 0; i < gpt.entries_nr; i++) {
		uint64_t off = gpt.entries_off + (uint64_t)i * gpt.entry_len;

		if (!disk->read(disk->arg, off, entry, sizeof(entry)))
			return 0;
		/* A type of zeros: the entry is free. */
		if ((le64(entry) | le64(entry + 8)) && is(entry, text))
			return i + 1;
	}
	return 0;
}

uint32_t part_by_label(const struct disk *disk, const char *name)
{
	return *name ? find(disk, name, is_name) : 0;
}

uint32_t part_by_uuid(const struct disk *disk, const char *uuid)
{
	const char *at = uuid;
	uint32_t signature, number;
	uint8_t buf[512];

	if (strlen(uuid) == UUID_TEXT - 1)
		return find(disk, uuid, is_guid);
	if (strlen(uuid) != 11 || !text_number(&at, 16, &signature) ||
	    at != uuid + 8 || *at++ != '-' ||
	    !text_number(&at, 16, &number) || *at)
		return 0;
	if (!signature || !has_mbr(disk, buf) || le32(buf + 440) != signature)
		return 0;
	return number;
}
