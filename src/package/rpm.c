/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * RPM packages: a lead of 96 bytes, a header of signatures, the header proper,
 * and a compressed cpio archive (the chapter "Package file format" of Linux
 * Standard Base Core, version 3 of the format; rpm 4 writes the same).
 *
 * libarchive skips the headers, so the few tags that are needed are read here:
 * what the package is called, and for which machine it is.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "package/package_impl.h"

#define LEAD_LEN	96
#define MAJOR_OFF	4
#define TYPE_OFF	6	/* 0: binary, 1: source */
#define INTRO_LEN	16
#define ENTRY_LEN	16
#define ENTRIES_OFF	8
#define STORE_OFF	12
/* A kernel of 8,000 files has some 3 MB. */
#define ENTRIES_MAX	65536u
#define STORE_MAX	(64u << 20)

enum tag {
	TAG_NAME = 1000,
	TAG_VERSION = 1001,
	TAG_RELEASE = 1002,
	TAG_ARCH = 1022,
	TAG_PAYLOAD_FORMAT = 1124,
};

#define TYPE_STRING	6

/* A header in memory: its entries, and the store of their values. */
struct header {
	uint64_t off, end;	/* in the file */
	uint8_t *bytes;
	uint32_t entries_nr, store_len;
};

static int read_intro(struct dw_dev *dev, uint64_t off, struct header *h,
		      struct dw_err *err)
{
	static const uint8_t magic[4] = { 0x8e, 0xad, 0xe8, 0x01 };
	uint8_t intro[INTRO_LEN];
	int ret = 0;

	memset(h, 0, sizeof(*h));
	if (!dw_in_range(off, INTRO_LEN, dev->size))
		return dw_fail(err, DW_CORRUPT, "rpm: ends before its header "
			       "at byte %llu", (unsigned long long)off);
	ret = dw_dev_pread(dev, off, intro, sizeof(intro), err);
	if (!ret && memcmp(intro, magic, sizeof(magic)))
		ret = dw_fail(err, DW_CORRUPT, "rpm: no header at byte %llu",
			      (unsigned long long)off);
	if (ret)
		return ret;
	h->entries_nr = dw_be32(intro + ENTRIES_OFF);
	h->store_len = dw_be32(intro + STORE_OFF);
	h->off = off + INTRO_LEN;
	if (h->entries_nr > ENTRIES_MAX || h->store_len > STORE_MAX)
		return dw_fail(err, DW_LIMIT, "rpm: a header of %u entries and "
			       "%u bytes", h->entries_nr, h->store_len);
	h->end = h->off + (uint64_t)h->entries_nr * ENTRY_LEN + h->store_len;
	if (h->end > dev->size)
		return dw_fail(err, DW_CORRUPT, "rpm: a header ends at byte "
			       "%llu of %llu", (unsigned long long)h->end,
			       (unsigned long long)dev->size);
	return 0;
}

/* A string that ends inside the store; NULL where there is none. */
static const char *get_string(const struct header *h, uint32_t tag)
{
	const uint8_t *store = h->bytes + (size_t)h->entries_nr * ENTRY_LEN;

	for (uint32_t i = 0; i < h->entries_nr; i++) {
		const uint8_t *e = h->bytes + (size_t)i * ENTRY_LEN;
		uint32_t off = dw_be32(e + 8);

		if (dw_be32(e) != tag || dw_be32(e + 4) != TYPE_STRING ||
		    off >= h->store_len ||
		    !memchr(store + off, 0, h->store_len - off))
			continue;
		return (const char *)store + off;
	}
	return NULL;
}

static bool copy(char *to, const char *from)
{
	if (!from || !*from || strlen(from) >= DW_PACKAGE_FIELD)
		return false;
	strcpy(to, from);
	return true;
}

static int take_tags(struct dw_package *pkg, const struct header *h,
		     struct dw_err *err)
{
	const char *format = get_string(h, TAG_PAYLOAD_FORMAT);
	const char *release = get_string(h, TAG_RELEASE);
	const char *version = get_string(h, TAG_VERSION);

	if (format && strcmp(format, "cpio"))
		return dw_fail(err, DW_UNSUPPORTED, "rpm: holds '%.40s', not "
			       "cpio", format);
	if (!copy(pkg->name, get_string(h, TAG_NAME)) ||
	    !copy(pkg->arch, get_string(h, TAG_ARCH)) || !version ||
	    !release || strlen(version) + strlen(release) + 2 >
	    sizeof(pkg->version))
		return dw_fail(err, DW_CORRUPT, "rpm: its header lacks name, "
			       "version, release or architecture");
	strcpy(pkg->version, version);
	strcat(pkg->version, "-");
	strcat(pkg->version, release);
	return 0;
}

static int read_header(struct dw_package *pkg, struct header *h,
		       struct dw_err *err)
{
	size_t len = (size_t)(h->end - h->off);
	int ret;

	if (!len)
		return dw_fail(err, DW_CORRUPT, "rpm: its header is empty");
	h->bytes = malloc(len);
	if (!h->bytes)
		return dw_fail_nomem(err);
	ret = dw_dev_pread(pkg->file, h->off, h->bytes, len, err);
	if (!ret)
		ret = take_tags(pkg, h, err);
	free(h->bytes);
	h->bytes = NULL;
	return ret;
}

static int check_lead(struct dw_dev *dev, struct dw_err *err)
{
	uint8_t lead[LEAD_LEN];
	int ret;

	if (dev->size < LEAD_LEN)
		return dw_fail(err, DW_CORRUPT, "rpm: has %llu bytes, fewer "
			       "than its lead",
			       (unsigned long long)dev->size);
	ret = dw_dev_pread(dev, 0, lead, sizeof(lead), err);
	if (ret)
		return ret;
	if (lead[MAJOR_OFF] != 3 && lead[MAJOR_OFF] != 4)
		return dw_fail(err, DW_UNSUPPORTED, "rpm: format %u",
			       lead[MAJOR_OFF]);
	if (dw_be16(lead + TYPE_OFF))
		return dw_fail(err, DW_UNSUPPORTED, "rpm: a source package");
	return 0;
}

int dw_rpm_read(struct dw_ctx *ctx, struct dw_package *pkg,
		struct dw_err *err)
{
	struct dw_payload *p = NULL;
	struct dw_piece piece = { .dev = pkg->file };
	struct header h;
	int ret = check_lead(pkg->file, err);

	if (!ret)
		ret = read_intro(pkg->file, LEAD_LEN, &h, err);
	/* Only the header of signatures is padded. */
	if (!ret)
		ret = read_intro(pkg->file, dw_round_up(h.end, 8), &h, err);
	if (!ret)
		ret = read_header(pkg, &h, err);
	if (ret)
		return ret;
	piece.off = h.end;
	piece.len = pkg->file->size - h.end;
	ret = dw_payload_open(ctx, DW_PAYLOAD_CPIO, &piece, &p, err);
	if (!ret)
		ret = dw_package_take(ctx, pkg, p, err);
	dw_payload_close(p);
	return ret;
}
