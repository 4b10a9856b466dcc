/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the first bytes of a kernel file say about it. */
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "boot/bzimage.h"

/* Offsets of the setup header, Documentation/x86/boot.rst. */
#define SETUP_SECTS	0x1f1
#define BOOT_FLAG	0x1fe
#define HDRS_MAGIC	0x202
#define PROTOCOL	0x206
#define KERNEL_VERSION	0x20e
#define LOADFLAGS	0x211
#define RELOCATABLE	0x234
#define XLOADFLAGS	0x236
#define PAYLOAD_OFF	0x248
#define PAYLOAD_LEN	0x24c
#define HEADER_END	0x250

/* The order and the first release are those of Xen's domain builder
 * (xc_dom_bzimageloader.c); NOTES.md names the commits. */
static const struct {
	struct dw_kernel_packing packing;
	const char *magic;
	size_t len;
} packings[] = {
	{ { "gzip", 3, 3 }, "\x1f\x8b", 2 },
	{ { "bzip2", 4, 0 }, "BZh", 3 },
	{ { "xz", 4, 2 }, "\xfd" "7zXZ", 6 },
	{ { "zstd", 4, 15 }, "\x28\xb5\x2f\xfd", 4 },
	{ { "lzma", 4, 0 }, "\x5d\x00", 2 },
	{ { "lzo", 4, 1 }, "\x89LZO", 5 },
	{ { "lz4", 4, 4 }, "\x02\x21", 2 },
	{ { "none", 0, 0 }, "\x7f" "ELF", 4 },
};

static const struct dw_kernel_packing unknown = { "unknown", 0, 0 };

const struct dw_kernel_packing *dw_kernel_packing_find(const uint8_t *p,
						       size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(packings) / sizeof(*packings); i++)
		if (len >= packings[i].len &&
		    !memcmp(p, packings[i].magic, packings[i].len))
			return &packings[i].packing;
	return &unknown;
}

static void copy_version(const uint8_t *head, size_t len, size_t off,
			 struct dw_kernel_head *out)
{
	size_t i;

	for (i = 0; i + 1 < sizeof(out->version) && off + i < len; i++) {
		uint8_t c = head[off + i];

		if (c < ' ' || c > '~')
			break;
		out->version[i] = (char)c;
	}
	out->version[i] = '\0';
}

static void decode_setup(const uint8_t *head, size_t len,
			 struct dw_kernel_head *out)
{
	size_t setup_len = ((head[SETUP_SECTS] ? head[SETUP_SECTS] : 4) + 1u) *
			   512u;
	size_t version_off = dw_le16(head + KERNEL_VERSION);

	out->protocol = dw_le16(head + PROTOCOL);
	out->kind = head[LOADFLAGS] & 1 ? DW_KERNEL_BZIMAGE : DW_KERNEL_ZIMAGE;
	if (out->protocol >= 0x200 && version_off &&
	    version_off + 0x200 < setup_len)
		copy_version(head, len, version_off + 0x200, out);
	if (out->protocol >= 0x205)
		out->relocatable = head[RELOCATABLE] != 0;
	if (out->protocol >= 0x20c)
		out->is_64bit = head[XLOADFLAGS] & 1;
	if (out->protocol < 0x208) {
		/* Nothing tells where the payload is. */
		out->packing = &unknown;
		return;
	}
	out->payload_off = setup_len + (uint64_t)dw_le32(head + PAYLOAD_OFF);
	out->payload_len = dw_le32(head + PAYLOAD_LEN);
	if (dw_in_range(out->payload_off, DW_KERNEL_PACKING_LEN, len))
		out->packing = dw_kernel_packing_find(head + out->payload_off,
						      DW_KERNEL_PACKING_LEN);
}

void dw_kernel_head_decode(const uint8_t *head, size_t len,
			   struct dw_kernel_head *out)
{
	memset(out, 0, sizeof(*out));
	if (len >= HEADER_END && dw_le16(head + BOOT_FLAG) == 0xaa55 &&
	    !memcmp(head + HDRS_MAGIC, "HdrS", 4)) {
		decode_setup(head, len, out);
	} else if (len >= 5 && !memcmp(head, "\177ELF", 4)) {
		out->kind = DW_KERNEL_ELF;
		out->is_64bit = head[4] == 2;
	} else if (len >= 2 && head[0] == 0x1f && head[1] == 0x8b) {
		out->kind = DW_KERNEL_GZIP;
	}
}
