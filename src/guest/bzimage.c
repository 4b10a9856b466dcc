/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the first bytes of a kernel file say about it. */
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "guest/bzimage.h"

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

static const struct {
	const char *kind;
	uint8_t len;
	uint8_t magic[6];
} magics[] = {
	{ "gzip", 2, { 0x1f, 0x8b } },
	{ "gzip", 2, { 0x1f, 0x9e } },
	{ "bzip2", 3, { 'B', 'Z', 'h' } },
	{ "xz", 6, { 0xfd, '7', 'z', 'X', 'Z', 0 } },
	{ "lzma", 3, { 0x5d, 0, 0 } },
	{ "lzo", 4, { 0x89, 'L', 'Z', 'O' } },
	{ "lz4", 4, { 0x02, 0x21, 0x4c, 0x18 } },
	{ "lz4", 4, { 0x04, 0x22, 0x4d, 0x18 } },
	{ "zstd", 4, { 0x28, 0xb5, 0x2f, 0xfd } },
};

const char *dw_payload_kind(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (len >= magics[i].len &&
		    !memcmp(p, magics[i].magic, magics[i].len))
			return magics[i].kind;
	return "";
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
	if (out->protocol >= 0x208) {
		out->payload_off = setup_len +
				   (uint64_t)dw_le32(head + PAYLOAD_OFF);
		out->payload_len = dw_le32(head + PAYLOAD_LEN);
	}
	if (out->payload_off && dw_in_range(out->payload_off, 6, len))
		strcpy(out->payload, dw_payload_kind(head + out->payload_off,
						     6));
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
	} else if (!strcmp(dw_payload_kind(head, len), "gzip")) {
		out->kind = DW_KERNEL_GZIP;
	}
}
