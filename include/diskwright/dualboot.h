/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dualboot: a Xen guest that also boots under KVM. */
#ifndef DISKWRIGHT_DUALBOOT_H
#define DISKWRIGHT_DUALBOOT_H
#ifndef DISKWRIGHT_H
#error "include <diskwright.h>"
#endif

enum dw_layout {
	DW_LAYOUT_PARTITIONED,	/* an MBR and one partition at 1 MiB */
	DW_LAYOUT_UNPARTITIONED,	/* the filesystem stays at sector 0 */
};

struct dw_dualboot_options {
	size_t size;		/* sizeof(struct dw_dualboot_options) */
	enum dw_layout layout;
	uint64_t disk_size;	/* bytes; 0: what the filesystem needs */
	const char *xen_root;	/* root= for Xen; NULL: chosen */
	const char *kvm_root;	/* root= for KVM; NULL: chosen */
	bool replace_loader;	/* the source boots by another loader */
	bool allow_unbootable;	/* write it even where a side cannot boot */
	bool allow_changed;	/* even where the source changes meanwhile */
	bool keep_net;		/* no net.ifnames=0 */
	bool keep_initrd;	/* nothing is put into initrds */
	bool new_uuid;		/* give the copy another UUID ... */
	uint8_t uuid[16];	/* ... this one; zero: derived from the old */
	const char *format;	/* of the result, and how it is written: as in */
	const char *subformat;	/* struct dw_convert_options */
	const char *compress;
	uint32_t cluster_len;
	bool no_hook;		/* nothing that renews syslinux.cfg later */
	bool in_place;		/* the plan is for dw_dualboot_run_in_place() */
	const char *loader;	/* "syslinux"; NULL: "diskwright", our own */
	const char *extlinux;	/* the host's program that syslinux is in */
};

struct dw_dualboot_state;

/* What will be done, and what will come of it.  Everything belongs to the
 * plan: dw_dualboot_plan_free(). */
struct dw_dualboot_plan {
	const char *source_format;
	const char *target_format;
	struct dw_fs_info fs;	/* the root filesystem, recovered */
	char *distribution;	/* "Debian GNU/Linux 12", or NULL */
	struct dw_recovery recovery;
	bool had_table;		/* the source has an MBR, which is kept */
	unsigned part_nr;	/* of the root filesystem; 0: no partition */
	uint64_t part_start_off, part_len;
	uint64_t disk_size;
	uint32_t disk_signature;
	char *loader;		/* "diskwright 0.1.0" */
	char *stage2_path;
	char *hook_path;	/* what renews syslinux.cfg; NULL: nothing */
	uint64_t copy_len;	/* used bytes that will be read */
	struct dw_changes changes;
	struct dw_notes notes;
	struct dw_boot_verdict kvm, pygrub;
	struct dw_dualboot_state *state;
};

struct dw_dualboot_report {
	uint64_t copied_len;	/* read and looked at */
	uint64_t written_len;	/* of them not zero */
	/* Read back from the written image. */
	struct dw_boot_verdict kvm, pygrub;
};

/*
 * Reads the source (a disk, or one filesystem) and decides everything.  The
 * plan keeps a reference on source.  DW_NOBOOT, without allow_unbootable,
 * comes with a plan, so that the caller can show why; it cannot be run.
 */
DW_PUBLIC int dw_dualboot_plan(struct dw_ctx *ctx, struct dw_dev *source,
			       const struct dw_dualboot_options *options,
			       struct dw_dualboot_plan **out,
			       struct dw_err *err);

/* Carries the plan out and commits the output.  The source is not written. */
DW_PUBLIC int dw_dualboot_run(struct dw_dualboot_plan *plan,
			      struct dw_output *output,
			      struct dw_dualboot_report **report,
			      struct dw_err *err);

/*
 * Carries the plan out on the source itself, a raw file opened with
 * DW_OPEN_RDWR: the host inserts the room in front.  Until it is complete,
 * undo_path holds what makes the file whole again: dw_undo().
 */
DW_PUBLIC int dw_dualboot_run_in_place(struct dw_dualboot_plan *plan,
				       const char *undo_path,
				       struct dw_dualboot_report **report,
				       struct dw_err *err);

DW_PUBLIC void dw_dualboot_plan_free(struct dw_dualboot_plan *plan);
DW_PUBLIC void dw_dualboot_report_free(struct dw_dualboot_report *report);

/* Makes an image whole again after an in-place job died, and removes the
 * record.  DW_NOENT where there is no record. */
DW_PUBLIC int dw_undo(struct dw_ctx *ctx, const char *path,
		      const char *undo_path, struct dw_err *err);

#endif
