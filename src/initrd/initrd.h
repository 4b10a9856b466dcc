/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an initrd holds, and whether it can find the root disk. */
#ifndef DW_INITRD_INITRD_H
#define DW_INITRD_INITRD_H

#include "base/buf.h"
#include "initrd/cpio.h"
#include "guest/kernel.h"

/* The program that made it; "what it does with root=" follows from that. */
enum dw_initrd_family {
	DW_INITRD_UNKNOWN = 0,
	DW_INITRD_INITRAMFS_TOOLS,	/* Debian, Ubuntu */
	DW_INITRD_DRACUT,		/* RHEL 6 on, Fedora, SUSE 12 on */
	DW_INITRD_NASH,			/* RHEL 4 and 5 */
	DW_INITRD_SUSE,			/* SLES 10 and 11 */
	DW_INITRD_MKINITCPIO,		/* Arch */
	DW_INITRD_MKINITFS,		/* Alpine */
	DW_INITRD_OWN,			/* made here; see init/ */
};

const char *dw_initrd_family_name(enum dw_initrd_family family);

struct dw_initrd {
	enum dw_initrd_family family;
	enum dw_packing packing;	/* of the archive with the modules, or
					 * of the last one */
	unsigned packings;		/* of all archives, bits 1 << enum
					 * dw_packing */
	char (*modules)[DW_MODULE_NAME];	/* normalised, sorted, once */
	size_t modules_nr, modules_cap;
	uint64_t entries_nr;
	bool usr_lib;		/* modules lie under usr/lib/modules */
	/* What its scripts make of root=UUID=... and root=LABEL=... */
	bool root_by_uuid, root_by_label;
	char *init;		/* text of /init (up to 256 KiB) where that is
				 * a script, else NULL */
	char *conf_modules;	/* initramfs-tools' conf/modules, or NULL */
};

/*
 * Reads the names in an initrd of the guest, all of it.  'version' (NULL: any)
 * is the kernel whose modules count; modules in a flat /lib count always.
 */
int dw_initrd_read(struct dw_ctx *ctx, struct dw_fs *fs, const char *path,
		   const char *version, struct dw_initrd **out,
		   struct dw_err *err);
/* The same from any source. */
int dw_initrd_read_source(struct dw_ctx *ctx, const struct dw_source *src,
			  const char *version, struct dw_initrd **out,
			  struct dw_err *err);
void dw_initrd_free(struct dw_initrd *initrd);

/* An initrd of a guest as a source of bytes. */
struct dw_initrd_file {
	struct dw_fs *fs;
	uint64_t ino;
	struct dw_source src;	/* points to this struct */
};

/* DW_UNSUPPORTED for what is no file, DW_LIMIT above 2 GiB. */
int dw_initrd_file(struct dw_fs *fs, const char *path,
		   struct dw_initrd_file *out, struct dw_err *err);

bool dw_initrd_has(const struct dw_initrd *initrd, const char *name);

/* What the root disk hangs on. */
enum dw_bus {
	DW_BUS_VIRTIO_BLK,
	DW_BUS_VIRTIO_SCSI,
	DW_BUS_AHCI,
	DW_BUS_IDE,
	DW_BUS_XEN,
	DW_BUS_NR,
};

const char *dw_bus_name(enum dw_bus bus);

/* The filesystem that is to be mounted. */
struct dw_root_fs {
	const char *type;	/* "ext4" */
	bool metadata_csum;
};

struct dw_root_fs dw_root_fs_of(const struct dw_fs_info *info);

/*
 * Whether kernel and initrd together (initrd NULL: the kernel alone) can mount
 * the root on that bus.  mods may be NULL; then the configuration has to tell
 * what is built in, and dependencies are not followed.  missing receives the
 * names of lacking modules, "a or b" where one of several would do, with ", "
 * between them, and stays empty where it would work.
 */
int dw_initrd_check(const struct dw_kernel *kernel,
		    const struct dw_modules *mods,
		    const struct dw_initrd *initrd, enum dw_bus bus,
		    const struct dw_root_fs *root, struct dw_buf *missing,
		    struct dw_err *err);

#endif
