/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the lines of a kernel's configuration that decide where it boots. */
#include <string.h>

#include "guest/kernel.h"

/* What is of interest, by where it goes. */
static const struct {
	const char *name;
	size_t off;
} options[] = {
#define OPT(n, field) { n, offsetof(struct dw_kconfig, field) }
	OPT("XEN_BLKDEV_FRONTEND", xen_blk),
	OPT("VIRTIO_PCI", virtio_pci),
	OPT("VIRTIO_BLK", virtio_blk),
	OPT("VIRTIO_NET", virtio_net),
	OPT("SCSI_VIRTIO", virtio_scsi),
	OPT("SATA_AHCI", ahci),
	OPT("ATA_PIIX", ata_piix),
	OPT("BLK_DEV_SD", sd),
	OPT("EXT2_FS", ext2),
	OPT("EXT3_FS", ext3),
	OPT("EXT4_FS", ext4),
	OPT("EXT4DEV_FS", ext4),
	OPT("CRYPTO_CRC32C", crc32c),
	OPT("BLK_DEV_INITRD", initrd),
#undef OPT
};

/* Facts that are no driver, gathered on the way. */
struct seen {
	bool x86_64;
	bool classic;
	bool xen;
	bool xen_pv_named, xen_pv;
	bool ext4_use_ext2, ext4_use_ext3;
	bool ext3_moved;
};

static enum dw_have value(struct dw_slice v)
{
	if (dw_slice_is(v, "y"))
		return DW_HAVE_BUILTIN;
	return dw_slice_is(v, "m") ? DW_HAVE_MODULE : DW_HAVE_NO;
}

static void take(struct dw_kconfig *out, struct seen *seen,
		 struct dw_slice name, enum dw_have have)
{
	bool on = have >= DW_HAVE_MODULE;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (dw_slice_is(name, options[i].name) && on)
			*(enum dw_have *)((char *)out + options[i].off) = have;
	if (dw_slice_is(name, "X86_64"))
		seen->x86_64 |= on;
	else if (dw_slice_is(name, "X86_XEN") ||
		 dw_slice_is(name, "X86_64_XEN"))
		seen->classic |= on;
	else if (dw_slice_is(name, "XEN"))
		seen->xen |= on;
	else if (dw_slice_is(name, "XEN_PV"))
		seen->xen_pv_named = true, seen->xen_pv |= on;
	else if (dw_slice_is(name, "EXT4_USE_FOR_EXT23"))
		seen->ext4_use_ext2 = seen->ext4_use_ext3 = on;
	else if (dw_slice_is(name, "EXT4_USE_FOR_EXT2"))
		seen->ext4_use_ext2 |= on;
}

/* "CONFIG_X=y" or "# CONFIG_X is not set"; others are of no interest. */
static bool split(struct dw_slice s, struct dw_slice *name,
		  enum dw_have *have)
{
	const char *end;

	*have = DW_HAVE_NO;
	if (dw_slice_starts(s, "# CONFIG_")) {
		*name = dw_slice_skip(s, 9);
		end = dw_slice_find(*name, " is not set");
	} else if (dw_slice_starts(s, "CONFIG_")) {
		*name = dw_slice_skip(s, 7);
		end = memchr(name->p, '=', name->len);
		if (end)
			*have = value(dw_slice_skip(*name, (size_t)(end -
							   name->p) + 1));
	} else {
		return false;
	}
	if (!end)
		return false;
	name->len = (size_t)(end - name->p);
	return true;
}

static void conclude(struct dw_kconfig *out, const struct seen *seen,
		     const char *version)
{
	bool pv = seen->classic || seen->xen_pv;

	/* CONFIG_XEN means PV from 2.6.23 (before, only drivers for HVM)
	 * until XEN_PV was split off in 4.12; a later kernel that does not
	 * even list XEN_PV (32 bits since 5.9) has it not. */
	if (!seen->xen_pv_named && seen->xen &&
	    dw_version_at_least(version, 2, 6, 23) &&
	    !dw_version_at_least(version, 4, 14, 0))
		pv = true;
	out->xen_pv = pv ? DW_HAVE_BUILTIN : DW_HAVE_NO;
	out->xen_classic = seen->classic;
	out->is_64bit = seen->x86_64;
	/* ext4 registers itself for ext3 since ext3 went, in 4.3. */
	out->ext4_for_ext23 = out->ext4 >= DW_HAVE_MODULE &&
		((seen->ext4_use_ext2 && seen->ext4_use_ext3) ||
		 dw_version_at_least(version, 4, 3, 0));
}

void dw_kconfig_parse(const char *text, size_t len, const char *version,
		      struct dw_kconfig *out)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct seen seen = { 0 };
	struct dw_line line;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		*(enum dw_have *)((char *)out + options[i].off) = DW_HAVE_NO;
	while (dw_lines_next(&walk, &line)) {
		struct dw_slice name;
		enum dw_have have;

		if (split(line.text, &name, &have)) {
			out->known = true;
			take(out, &seen, name, have);
		}
	}
	if (out->known)
		conclude(out, &seen, version);
	else
		memset(out, 0, sizeof(*out));
}
