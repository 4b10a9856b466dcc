/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a kernel and its initrd together find and mount the root disk. */
#include <string.h>

#include "initrd/change.h"
#include "initrd/family.h"

/* Of a group one module is enough; a bus needs each of its groups. */
#define GROUP_NR 5
struct group {
	const char *names[GROUP_NR];
};

static const struct {
	const char *name;
	struct group groups[3];
} buses[] = {
	[DW_BUS_VIRTIO_BLK] = { "virtio-blk", {
		{ { "virtio_pci" } }, { { "virtio_blk" } } } },
	[DW_BUS_VIRTIO_SCSI] = { "virtio-scsi", {
		{ { "virtio_pci" } }, { { "virtio_scsi" } },
		{ { "sd_mod" } } } },
	[DW_BUS_AHCI] = { "ahci", {
		{ { "ahci" } }, { { "sd_mod" } } } },
	[DW_BUS_IDE] = { "ide", {
		{ { "ata_piix", "ata_generic", "piix", "ide_generic" } },
		{ { "sd_mod", "ide_disk", "ide_gd_mod" } } } },
	[DW_BUS_XEN] = { "xen", {
		{ { "xen_blkfront", "xenblk", "xen_vbd" } } } },
};

const char *dw_bus_name(enum dw_bus bus)
{
	return (size_t)bus < DW_BUS_NR ? buses[bus].name : "?";
}

struct check {
	const struct dw_kernel *kernel;
	const struct dw_modules *mods;
	const struct dw_initrd *initrd;
	size_t lacking_nr;	/* in the group at hand */
	/* Told of each group of which nothing works. */
	void (*lacks)(struct check *c, const struct group *g);
	struct dw_buf *missing;			/* report() */
	struct dw_module_list *wanted;		/* want() */
	int ret;
	struct dw_err *err;
};

/* What the configuration says of a driver, by the module's name. */
static enum dw_have by_config(const struct dw_kconfig *c, const char *name)
{
	const struct {
		const char *name;
		enum dw_have have;
	} known[] = {
		{ "virtio_pci", c->virtio_pci },
		{ "virtio_blk", c->virtio_blk },
		{ "virtio_scsi", c->virtio_scsi }, { "ahci", c->ahci },
		{ "ata_piix", c->ata_piix }, { "sd_mod", c->sd },
		{ "xen_blkfront", c->xen_blk }, { "xenblk", c->xen_blk },
		{ "ext2", c->ext2 }, { "ext3", c->ext3 }, { "ext4", c->ext4 },
		{ "crc32c_generic", c->crc32c },
	};

	for (size_t i = 0; c->known && i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(known[i].name, name))
			return known[i].have;
	return DW_HAVE_UNKNOWN;
}

enum dw_have dw_initrd_kernel_has(const struct dw_kernel *kernel,
				  const struct dw_modules *mods,
				  const char *name)
{
	enum dw_have h = dw_modules_have(mods, name);
	enum dw_have config = by_config(&kernel->config, name);

	if (config == DW_HAVE_BUILTIN)
		return config;
	return h == DW_HAVE_UNKNOWN ? config : h;
}

static enum dw_have have(const struct check *c, const char *name)
{
	return dw_initrd_kernel_has(c->kernel, c->mods, name);
}

static void lack(struct check *c, const char *name, const char *between)
{
	if (c->missing->len)
		dw_buf_adds(c->missing, c->lacking_nr ? between : ", ");
	dw_buf_adds(c->missing, name);
	c->lacking_nr++;
}

static int count_lacking(void *arg, const char *name)
{
	struct check *c = arg;

	if (!dw_initrd_has(c->initrd, name))
		c->lacking_nr++;
	return 0;
}

static int add_lacking(void *arg, const char *name)
{
	struct check *c = arg;

	if (!dw_initrd_has(c->initrd, name))
		lack(c, name, ", ");
	return 0;
}

/* Works as it is: built in, or in the initrd with all that it needs. */
static bool works(struct check *c, const char *name)
{
	if (have(c, name) == DW_HAVE_BUILTIN)
		return true;
	if (!c->initrd || !dw_initrd_has(c->initrd, name))
		return false;
	c->lacking_nr = 0;
	dw_modules_needs(c->mods, name, count_lacking, c);
	return !c->lacking_nr;
}

/* Names what is lacking of a group of which nothing works. */
static void report(struct check *c, const struct group *g)
{
	bool any = false;

	c->lacking_nr = 0;
	/* One is there, but not what it needs: that is the news. */
	for (size_t i = 0; c->initrd && i < GROUP_NR && g->names[i]; i++)
		if (dw_initrd_has(c->initrd, g->names[i])) {
			dw_modules_needs(c->mods, g->names[i], add_lacking, c);
			return;
		}
	for (size_t i = 0; i < GROUP_NR && g->names[i]; i++)
		any |= have(c, g->names[i]) == DW_HAVE_MODULE;
	for (size_t i = 0; i < GROUP_NR && g->names[i]; i++)
		if (!any || have(c, g->names[i]) == DW_HAVE_MODULE)
			lack(c, g->names[i], " or ");
}

/* The first of a group that is a file. */
static void want(struct check *c, const struct group *g)
{
	for (size_t i = 0; i < GROUP_NR && g->names[i]; i++)
		if (have(c, g->names[i]) == DW_HAVE_MODULE) {
			if (!c->ret)
				c->ret = dw_module_list_add(c->wanted,
							    g->names[i],
							    c->err);
			return;
		}
}

static void check_group(struct check *c, const struct group *g)
{
	for (size_t i = 0; i < GROUP_NR && g->names[i]; i++)
		if (works(c, g->names[i]))
			return;
	c->lacks(c, g);
}

/* The driver of the root's type; ext4 mounts the older ones where the kernel
 * lets it, which its module list shows by the lack of theirs. */
static void check_root(struct check *c, const char *type)
{
	struct group g = { { type } };

	if (!strcmp(type, "ext4")) {
		g.names[1] = "ext4dev";
	} else if (!strcmp(type, "ext3") || !strcmp(type, "ext2")) {
		if (c->kernel->config.ext4_for_ext23 ||
		    have(c, type) == DW_HAVE_NO ||
		    have(c, type) == DW_HAVE_UNKNOWN)
			g.names[1] = "ext4";
	}
	check_group(c, &g);
}

/* With metadata_csum ext4 asks the crypto layer for crc32c by name, which no
 * list of dependencies shows; from 6.14 on it is a plain dependency, and the
 * generic module has gone. */
static void check_crc32c(struct check *c)
{
	static const struct group g = { {
		"crc32c_generic", "crc32c_intel", "crc32c_cryptoapi",
		"crc32c",
	} };

	if (dw_modules_have(c->mods, "crc32c_generic") == DW_HAVE_MODULE)
		check_group(c, &g);
}

static void check_bus(struct check *c, enum dw_bus bus)
{
	for (size_t i = 0; i < 3 && buses[bus].groups[i].names[0]; i++)
		check_group(c, &buses[bus].groups[i]);
}

static void check_root_fs(struct check *c, const struct dw_root_fs *root)
{
	check_root(c, root->type);
	if (root->metadata_csum)
		check_crc32c(c);
}

int dw_initrd_check(const struct dw_kernel *kernel,
		    const struct dw_modules *mods,
		    const struct dw_initrd *initrd, enum dw_bus bus,
		    const struct dw_root_fs *root, struct dw_buf *missing,
		    struct dw_err *err)
{
	struct check c = {
		.kernel = kernel, .mods = mods, .initrd = initrd,
		.lacks = report, .missing = missing,
	};

	if ((size_t)bus >= DW_BUS_NR)
		return dw_fail(err, DW_USAGE, "initrd: bus %d", (int)bus);
	check_bus(&c, bus);
	check_root_fs(&c, root);
	return dw_buf_check(missing, err);
}

int dw_initrd_wanted(const struct dw_initrd_target *t,
		     const struct dw_initrd *initrd, enum dw_side side,
		     struct dw_module_list *out, struct dw_err *err)
{
	struct check c = {
		.kernel = t->kernel, .mods = t->mods, .initrd = initrd,
		.lacks = want, .wanted = out, .err = err,
	};

	if (side == DW_SIDE_XEN) {
		check_bus(&c, DW_BUS_XEN);
	} else {
		check_bus(&c, DW_BUS_VIRTIO_BLK);
		if (have(&c, "virtio_scsi") == DW_HAVE_MODULE)
			check_bus(&c, DW_BUS_VIRTIO_SCSI);
	}
	check_root_fs(&c, &t->root);
	return c.ret;
}
