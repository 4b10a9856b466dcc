/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a kernel is packed, and which Xen can unpack that for a PV guest. */
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "boot/pygrub.h"

/* The order and the first release are those of Xen's domain builder
 * (xc_dom_bzimageloader.c); NOTES.md names the commits. */
static const struct {
	const char *name;
	const char *magic;
	size_t len;
	unsigned major, minor;
} packings[] = {
	{ "gzip", "\x1f\x8b", 2, 3, 3 },
	{ "bzip2", "BZh", 3, 4, 0 },
	{ "xz", "\xfd" "7zXZ", 6, 4, 2 },
	{ "zstd", "\x28\xb5\x2f\xfd", 4, 4, 15 },
	{ "lzma", "\x5d\x00", 2, 4, 0 },
	{ "lzo", "\x89LZO", 5, 4, 1 },
	{ "lz4", "\x02\x21", 2, 4, 4 },
	{ "none", "\x7f" "ELF", 4, 0, 0 },
};

static void name_packing(const uint8_t *p, size_t len, struct dw_bzimage *out)
{
	size_t i;

	out->packing = "unknown";
	for (i = 0; i < sizeof(packings) / sizeof(*packings); i++) {
		if (len < packings[i].len ||
		    memcmp(p, packings[i].magic, packings[i].len))
			continue;
		out->packing = packings[i].name;
		out->xen_major = packings[i].major;
		out->xen_minor = packings[i].minor;
		return;
	}
}

/* Offsets: Documentation/arch/x86/boot.rst of Linux. */
int dw_bzimage_decode(const uint8_t *head, size_t len, struct dw_bzimage *out,
		      struct dw_err *err)
{
	unsigned setup_sects;
	uint64_t off;

	memset(out, 0, sizeof(*out));
	if (len < 0x250 || memcmp(head + 0x202, "HdrS", 4))
		return dw_fail(err, DW_NOT_MINE, "kernel: no bzImage header");
	out->version = dw_le16(head + 0x206);
	if (out->version < 0x0208) {
		/* Before 2.08 nothing tells where the payload is. */
		out->packing = "unknown";
		return 0;
	}
	setup_sects = head[0x1f1] ? head[0x1f1] : 4;
	off = (setup_sects + 1) * 512u + (uint64_t)dw_le32(head + 0x248);
	if (!dw_in_range(off, 6, len))
		return dw_fail(err, DW_RANGE, "kernel: its payload starts at "
			       "byte %llu, behind the %zu that were read",
			       (unsigned long long)off, len);
	name_packing(head + off, len - off, out);
	return 0;
}
