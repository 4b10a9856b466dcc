/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* inspect: the layers of an image; check: would it boot? */
#ifndef DISKWRIGHT_INSPECT_H
#define DISKWRIGHT_INSPECT_H
#ifndef DISKWRIGHT_H
#error "include <diskwright.h>"
#endif

/* ---- inspect: the layers of an image ------------------------------------ */

enum dw_layer_kind {
	DW_LAYER_IMAGE,		/* the file and its format */
	DW_LAYER_TABLE,		/* a partition table */
	DW_LAYER_PARTITION,
	DW_LAYER_FILESYSTEM,
	DW_LAYER_RAID,		/* a member of an MD array */
	DW_LAYER_PV,		/* an LVM physical volume */
	DW_LAYER_VG,
	DW_LAYER_LV,
	DW_LAYER_UNKNOWN,	/* nothing that anybody knows */
};

struct dw_kernel_info {
	char *path;
	char *version;
	char *initrd;		/* its path, or NULL */
	bool xen_pv;		/* can run as a Xen PV guest */
	bool virtio;		/* has virtio drivers, built in or modules */
};

struct dw_guest_info {
	char *name;		/* "Debian GNU/Linux 12 (bookworm)" */
	char *version;
	char *init;		/* "systemd", "sysvinit", ... */
	size_t kernels_nr;
	struct dw_kernel_info *kernels;	/* newest first */
	struct dw_kernel_advice kvm_advice, pygrub_advice;
};

struct dw_layer {
	enum dw_layer_kind kind;
	char *name;		/* "guest.img", "p1", ... */
	char *type;		/* "qcow2", "mbr", "0x83", "ext4" */
	uint64_t off, len;	/* within the layer above */
	bool active;		/* a partition marked so */
	char *loader;		/* boot code here: "diskwright 0.1.0", "grub"...;
				 * NULL: none */
	char *problem;		/* why this layer could not be read, or NULL */
	struct dw_fs_info fs;	/* of a filesystem */
	struct dw_guest_info *guest;	/* of a root filesystem, or NULL */
	char *uuid;		/* of a PV, VG, LV, RAID array; else NULL */
	char *group;		/* of a PV: the VG that it is part of, or NULL */
	char *version;		/* of a RAID member's metadata: "1.2" */
	/* Of a PV and a VG what is allocated; of an LV what is stored. */
	uint64_t used_len;
	uint64_t generation;	/* a VG's seqno, a RAID member's events */
	struct dw_notes notes;	/* what else is to be said of it */
	struct dw_layer *children;
	size_t children_nr;
};

/*
 * Reads only what names and counts: superblocks, tables, directory entries.
 * Layers lie in each other as deep as a locator can name them, 16, and there
 * are at most 4096 of them; what goes beyond is a layer's problem.  Flags as
 * for dw_volumes().
 */
DW_PUBLIC int dw_inspect(struct dw_ctx *ctx, struct dw_dev *dev,
			 unsigned flags, struct dw_layer **out,
			 struct dw_err *err);
DW_PUBLIC void dw_layer_free(struct dw_layer *layer);

/* ---- check: would it boot? ----------------------------------------------- */

struct dw_check_report {
	char *where;		/* the root filesystem: "p1", "" */
	bool loader_ours;
	char *loader;		/* what the BIOS would run, or NULL */
	bool loader_stale;	/* its boot record no longer finds stage 2 */
	bool needs_recovery;
	struct dw_boot_verdict kvm, pygrub;
	struct dw_notes notes;
};

/* Follows what the BIOS and PyGrub would do, initrds included. */
DW_PUBLIC int dw_check(struct dw_ctx *ctx, struct dw_dev *dev,
		       struct dw_check_report **out, struct dw_err *err);
/* Rewrites a stale boot record; dev is writable. */
DW_PUBLIC int dw_check_repair_boot(struct dw_ctx *ctx, struct dw_dev *dev,
				   struct dw_err *err);
DW_PUBLIC void dw_check_report_free(struct dw_check_report *report);

#endif
