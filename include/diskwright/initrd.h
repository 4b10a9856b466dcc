/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* initrd: what initrds hold, whether they find their root, adding to them. */
#ifndef DISKWRIGHT_INITRD_H
#define DISKWRIGHT_INITRD_H
#ifndef DISKWRIGHT_H
#error "include <diskwright.h>"
#endif

/* What a kernel and its initrd are to come up under. */
enum dw_side {
	DW_SIDE_KVM,		/* a disk on virtio-blk, or virtio-scsi */
	DW_SIDE_XEN,		/* PV */
	DW_SIDE_NR,
};

/* ---- what there is -------------------------------------------------------- */

/* A way to attach the root disk, and what is lacking to find it there. */
struct dw_initrd_disk {
	const char *bus;	/* "virtio-blk", "ahci", "xen" */
	char *missing;		/* "virtio_pci, virtio_blk"; NULL: nothing */
};

#define DW_INITRD_DISKS_NR 5

struct dw_initrd_side {
	/* The kernel itself: without, nothing that an initrd holds helps. */
	bool kernel_runs;
	bool boots;		/* kernel and initrd together */
	char *reason;		/* why not, or NULL */
};

/* A kernel with its initrd. */
struct dw_initrd_info {
	char *kernel;		/* its path; NULL: an initrd by itself */
	char *version;		/* as in /lib/modules; "" where not known */
	char *path;		/* of the initrd; NULL: there is none */
	char *problem;		/* why it cannot be read, or NULL */
	uint64_t size;		/* bytes; 0 where there is none */
	const char *family;	/* "initramfs-tools", "dracut"; NULL: none */
	struct dw_notes packings;	/* "none", "zstd": of its archives */
	uint64_t entries_nr;	/* of all of them */
	struct dw_notes modules;	/* names, sorted */
	/* Of a kernel only. */
	struct dw_initrd_disk disks[DW_INITRD_DISKS_NR];
	struct dw_initrd_side sides[DW_SIDE_NR];
};

struct dw_initrds {
	size_t nr;
	struct dw_initrd_info *items;	/* newest kernel first, rescue last */
};

/*
 * LOCATOR[:PATH]: the initrds of the kernels on a filesystem, or the one file.
 * 'kernel' (NULL: all) is a version or a path.  Each initrd is unpacked as a
 * whole; one that cannot be read has a problem.  A journal is replayed in
 * memory first.  DW_NOENT where there is no such kernel, or none at all.
 */
DW_PUBLIC int dw_initrds(struct dw_ctx *ctx, const char *locator,
			 const char *format, unsigned flags,
			 const char *kernel, struct dw_initrds **out,
			 struct dw_err *err);
DW_PUBLIC void dw_initrds_free(struct dw_initrds *initrds);

/* ---- adding modules ------------------------------------------------------- */

struct dw_initrd_options {
	size_t size;		/* sizeof(struct dw_initrd_options) */
	const char *kernel;	/* version or path; NULL: each */
	/* What is wanted: these modules, and those that a side takes. */
	const char *const *modules;
	size_t modules_nr;
	bool sides[DW_SIDE_NR];
	const char *backup;	/* suffix of a copy of each old initrd; NULL:
				 * only of those that made ones replace, with
				 * ".before-diskwright" */
	bool force, dry_run;	/* as for dw_put_plan() */
};

struct dw_initrd_state;

/* What becomes of an initrd. */
struct dw_initrd_item {
	char *kernel;		/* path and version of its kernel */
	char *version;
	char *path;		/* of the initrd, links resolved; NULL: it has
				 * none, and needs none */
	bool is_changed;
	bool is_made;		/* not added to, but made as a whole */
	uint64_t old_size, size;
	char *note;		/* "virtio_blk, virtio_pci added (5 modules, 412
				 * KiB)" */
	struct dw_notes added;	/* with what they need, in the order of
				 * loading */
	char *backup;		/* the copy of the old one, or NULL */
};

/* Everything belongs to the plan: dw_initrd_plan_free(). */
struct dw_initrd_plan {
	bool is_changed;	/* else there is nothing to do */
	size_t items_nr;
	struct dw_initrd_item *items;
	/* Of the guest's own configuration, so that the next initrd that it
	 * makes holds the modules, too. */
	struct dw_changes changes;
	struct dw_change_cost cost;
	struct dw_notes notes;
	struct dw_initrd_state *state;
};

/*
 * Puts modules, with what they need, into initrds where they lie: an archive is
 * appended, which the kernel unpacks after those that are there.  Where a
 * kernel has no initrd that can be added to, one is made for it, if a side is
 * asked for.  Without a kernel or path, each initrd whose kernel runs on that
 * side.  DW_NOENT names a module that the kernel does not have; DW_UNSUPPORTED
 * a root that one that is made would not find.  The plan
 * changes nothing, and keeps the image locked until it is freed.
 */
DW_PUBLIC int dw_initrd_plan(struct dw_ctx *ctx, const char *locator,
			     const char *format,
			     const struct dw_initrd_options *options,
			     struct dw_initrd_plan **out, struct dw_err *err);
/* Carries the plan out, all of it as one change; what is written is read back
 * and compared. */
DW_PUBLIC int dw_initrd_run(struct dw_initrd_plan *plan, struct dw_err *err);
DW_PUBLIC void dw_initrd_plan_free(struct dw_initrd_plan *plan);

#endif
