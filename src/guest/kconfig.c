/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the lines of a kernel's configuration that decide where it boots. */
#include <string.h>

#include "guest/kernel.h"

/* Everything that is looked for; what is no field of struct dw_kconfig itself
 * decides about one. */
struct found {
	struct dw_kconfig c;
	enum dw_have x86_64;
	enum dw_have x86_xen, x86_64_xen;	/* XenLinux, before pvops */
	enum dw_have xen, xen_pv;
	enum dw_have ext4_for_ext2, ext4_for_ext23;
	enum dw_have rd_gzip;
};

static const struct option {
	const char *name;
	size_t name_len;
	size_t off;
} options[] = {
#define OPT(n, field) { n, sizeof(n) - 1, offsetof(struct found, field) }
	OPT("X86_64", x86_64),
	OPT("X86_XEN", x86_xen),
	OPT("X86_64_XEN", x86_64_xen),
	OPT("XEN", xen),
	OPT("XEN_PV", xen_pv),
	OPT("XEN_BLKDEV_FRONTEND", c.xen_blk),
	OPT("VIRTIO_PCI", c.virtio_pci),
	OPT("VIRTIO_BLK", c.virtio_blk),
	OPT("VIRTIO_NET", c.virtio_net),
	OPT("SCSI_VIRTIO", c.virtio_scsi),
	OPT("SATA_AHCI", c.ahci),
	OPT("ATA_PIIX", c.ata_piix),
	OPT("BLK_DEV_SD", c.sd),
	OPT("EXT2_FS", c.ext2),
	OPT("EXT3_FS", c.ext3),
	OPT("EXT4_FS", c.ext4),
	OPT("EXT4DEV_FS", c.ext4),
	OPT("EXT4_USE_FOR_EXT2", ext4_for_ext2),
	OPT("EXT4_USE_FOR_EXT23", ext4_for_ext23),
	OPT("CRYPTO_CRC32C", c.crc32c),
	OPT("BLK_DEV_INITRD", c.initrd),
	OPT("RD_GZIP", rd_gzip),
#undef OPT
};
#define OPTIONS_NR (sizeof(options) / sizeof(options[0]))

static enum dw_have *slot(struct found *f, const struct option *o)
{
	return (enum dw_have *)((char *)f + o->off);
}

static enum dw_have value(struct dw_span v)
{
	if (v.len == 1 && v.p[0] == 'y')
		return DW_HAVE_BUILTIN;
	return v.len == 1 && v.p[0] == 'm' ? DW_HAVE_MODULE : DW_HAVE_NO;
}

/* There are ten thousand lines, and inspect reads them: of most the first
 * letter and the length tell that they are not looked for. */
struct filter {
	uint32_t lens[256];	/* by first letter: bit n for a length of n */
};

static void filter_init(struct filter *filter)
{
	memset(filter, 0, sizeof(*filter));
	for (size_t i = 0; i < OPTIONS_NR; i++)
		filter->lens[(uint8_t)options[i].name[0]] |=
			1u << options[i].name_len;
}

static bool filter_passes(const struct filter *filter, struct dw_span name)
{
	return name.len < 32 &&
	       filter->lens[(uint8_t)name.p[0]] >> name.len & 1;
}

static void take(struct found *f, struct dw_span name, enum dw_have have)
{
	for (size_t i = 0; i < OPTIONS_NR; i++) {
		const struct option *o = &options[i];

		if (o->name_len != name.len || o->name[0] != name.p[0] ||
		    memcmp(o->name, name.p, name.len))
			continue;
		if (have > *slot(f, o))
			*slot(f, o) = have;
		return;
	}
}

/* "CONFIG_X=y" or "# CONFIG_X is not set"; others are of no interest. */
static bool split(struct dw_span s, struct dw_span *name,
		  enum dw_have *have)
{
	static const char on[] = "CONFIG_", off[] = "# CONFIG_";
	bool is_off = s.len > 9 && !memcmp(s.p, off, 9);
	const char *end;

	if (!is_off && (s.len <= 7 || memcmp(s.p, on, 7)))
		return false;
	*name = dw_span_skip(s, is_off ? 9 : 7);
	end = memchr(name->p, is_off ? ' ' : '=', name->len);
	if (!end || end == name->p)
		return false;
	*have = is_off ? DW_HAVE_NO :
		value((struct dw_span){ end + 1, (size_t)(s.p + s.len - end) -
					 1 });
	name->len = (size_t)(end - name->p);
	return true;
}

static void conclude(struct found *f, const char *version)
{
	struct dw_kconfig *c = &f->c;
	bool pv = f->xen_pv >= DW_HAVE_MODULE;

	c->xen_classic = f->x86_xen >= DW_HAVE_MODULE ||
			 f->x86_64_xen >= DW_HAVE_MODULE;
	/* CONFIG_XEN means PV from 2.6.23 (before, only drivers for HVM)
	 * until XEN_PV was split off in 4.12; a later kernel that does not
	 * even list XEN_PV (32 bits since 5.9) has it not. */
	if (f->xen_pv == DW_HAVE_UNKNOWN && f->xen >= DW_HAVE_MODULE &&
	    dw_version_at_least(version, 2, 6, 23) &&
	    !dw_version_at_least(version, 4, 14, 0))
		pv = true;
	c->xen_pv = pv || c->xen_classic ? DW_HAVE_BUILTIN : DW_HAVE_NO;
	c->is_64bit = f->x86_64 >= DW_HAVE_MODULE;
	/* ext4 registers itself for ext3 since ext3 went, in 4.3. */
	c->ext4_for_ext23 = c->ext4 >= DW_HAVE_MODULE &&
		(f->ext4_for_ext23 >= DW_HAVE_MODULE ||
		 dw_version_at_least(version, 4, 3, 0));
	c->no_gzip_initrd = f->rd_gzip == DW_HAVE_NO;
	/* What a configuration does not mention is not there. */
	for (size_t i = 0; i < OPTIONS_NR; i++)
		if (*slot(f, &options[i]) == DW_HAVE_UNKNOWN)
			*slot(f, &options[i]) = DW_HAVE_NO;
}

void dw_kconfig_parse(const char *text, size_t len, const char *version,
		      struct dw_kconfig *out)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct found found = { 0 };
	struct filter filter;
	struct dw_line line;

	filter_init(&filter);
	while (dw_lines_next(&walk, &line)) {
		struct dw_span name;
		enum dw_have have;

		if (!split(line.text, &name, &have))
			continue;
		found.c.known = true;
		if (filter_passes(&filter, name))
			take(&found, name, have);
	}
	if (found.c.known)
		conclude(&found, version);
	*out = found.c;
}
