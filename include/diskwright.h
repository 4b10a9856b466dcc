/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * diskwright.h - the public interface of libdiskwright
 *
 * Everything is reached through three kinds of object:
 *
 *   struct dw_ctx     policy and limits of the caller; no globals exist
 *   struct dw_dev     a block device: a host file, a virtual disk, a partition
 *   struct dw_output  a file that becomes real only when it is complete
 *
 * and jobs, each of which is two calls: dw_<job>_plan() reads and decides
 * everything, dw_<job>_run() carries out exactly that plan.
 *
 * A function that can fail returns 0 or a negative enum dw_code and fills the
 * struct dw_err given as its last argument, which may be NULL.  Offsets and
 * lengths are bytes unless the name says _lba (512-byte sectors) or _blk
 * (filesystem blocks).
 */
#ifndef DISKWRIGHT_H
#define DISKWRIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DW_PUBLIC __attribute__((visibility("default")))

/* ---- errors ----------------------------------------------------------- */

enum dw_code {
	DW_OK = 0,
	DW_NOMEM = -1,		/* out of memory */
	DW_IO = -2,		/* the host failed to read or write */
	DW_NOT_MINE = -3,	/* a probe's answer: another driver's format */
	DW_CORRUPT = -4,	/* the input is damaged */
	DW_UNSUPPORTED = -5,	/* valid, but not handled here */
	DW_DENIED = -6,		/* valid, but not allowed by the caller */
	DW_RANGE = -7,		/* outside of a device or a number range */
	DW_READONLY = -8,	/* write to something that cannot be written */
	DW_NOSPACE = -9,	/* host, filesystem or table is full */
	DW_NOENT = -10,		/* no such file, partition, layer */
	DW_EXISTS = -11,	/* the target is there already */
	DW_BUSY = -12,		/* in use by someone else, or it changed */
	DW_LIMIT = -13,		/* a stated limit of ours was reached */
	DW_CANCELLED = -14,	/* the caller's cancel flag was set */
	DW_NOBOOT = -15,	/* the result would not boot */
	DW_USAGE = -16,		/* the caller's arguments make no sense */
};

#define DW_ERR_TEXT 256

/* An error: written where the fault is found, never allocates. */
struct dw_err {
	enum dw_code code;
	int saved_errno;	/* the host's errno, 0 where none was involved */
	char text[DW_ERR_TEXT];
};

/* Exit status of the command for a code: 0 done, 1 failed here, 2 usage,
 * 3 not supported or not allowed, 4 damaged input, 5 would not boot. */
DW_PUBLIC int dw_exit_status(enum dw_code code);

/* ---- context ---------------------------------------------------------- */

struct dw_ctx;

/* One report of progress.  total_len may be 0 where it is not known. */
struct dw_progress {
	const char *phase;	/* "copy", "check", ... */
	uint64_t done_len;
	uint64_t total_len;
};

/* Called from one thread at a time, at most some times a second. */
typedef void (*dw_progress_fn)(void *arg, const struct dw_progress *p);

DW_PUBLIC int dw_ctx_new(struct dw_ctx **out, struct dw_err *err);
DW_PUBLIC void dw_ctx_free(struct dw_ctx *ctx);

/* Worker threads for copying; 0 takes the number of online processors. */
DW_PUBLIC void dw_ctx_set_threads(struct dw_ctx *ctx, unsigned threads_nr);
/* The time given to what is written, seconds since 1970; without this call
 * times are derived from the source. */
DW_PUBLIC void dw_ctx_set_clock(struct dw_ctx *ctx, int64_t seconds);
/* Cap of what a job may hold of an image's metadata, bytes. */
DW_PUBLIC void dw_ctx_set_memory_cap(struct dw_ctx *ctx, uint64_t len);
/* Bytes a second that a copy may read at most; 0: as fast as it can. */
DW_PUBLIC void dw_ctx_set_rate(struct dw_ctx *ctx, uint64_t bytes_per_second);
/* Lets images name backing and data files below this folder; without it none
 * is opened. */
DW_PUBLIC int dw_ctx_set_backing_dir(struct dw_ctx *ctx, const char *path,
				     struct dw_err *err);
/* Where what must be kept aside lies meanwhile, unnamed (an image that comes
 * through a pipe, or in one piece of gzip); NULL: TMPDIR, else /var/tmp. */
DW_PUBLIC int dw_ctx_set_spool_dir(struct dw_ctx *ctx, const char *path,
				   struct dw_err *err);
/* Another image over which a volume group may be spread, by its locator; any
 * number of them. */
DW_PUBLIC int dw_ctx_add_pv(struct dw_ctx *ctx, const char *locator,
			    struct dw_err *err);
/* Each image in this folder that is, or holds, a physical volume. */
DW_PUBLIC int dw_ctx_set_pv_dir(struct dw_ctx *ctx, const char *path,
				struct dw_err *err);
DW_PUBLIC void dw_ctx_set_progress(struct dw_ctx *ctx, dw_progress_fn fn,
				   void *arg);
/* Asks every job under this context to stop soon; safe in a signal handler. */
DW_PUBLIC void dw_ctx_cancel(struct dw_ctx *ctx);

/* ---- devices and outputs ---------------------------------------------- */

struct dw_dev;
struct dw_output;

enum dw_open_flags {
	DW_OPEN_RDWR = 1 << 0,	/* writable, taking the host's locks for it */
	DW_OPEN_SHARE = 1 << 1,	/* use it even where someone else writes it */
};

/*
 * Opens a locator, IMAGE[@LAYER]... .  'format' names the image's format and
 * turns probing off; NULL probes.  The device is the caller's: dw_dev_close().
 */
DW_PUBLIC int dw_open(struct dw_ctx *ctx, const char *locator,
		      const char *format, unsigned flags,
		      struct dw_dev **out, struct dw_err *err);
DW_PUBLIC int dw_dev_close(struct dw_dev *dev, struct dw_err *err);
DW_PUBLIC uint64_t dw_dev_size(const struct dw_dev *dev);

enum dw_output_flags {
	DW_OUTPUT_FORCE = 1 << 0,	/* replace what is there */
	DW_OUTPUT_NO_SYNC = 1 << 1,	/* leave durability to the host */
	DW_OUTPUT_PRIVATE = 1 << 2,	/* a file for its owner only */
};

/*
 * A file to be written beside 'path' and put there by dw_output_commit().
 * With DW_OUTPUT_FORCE 'path' may be a block device, written in place.  "-" is
 * standard output, for what can be written in order: raw, gzip, xz, zstd.
 * dw_output_close() without a commit leaves nothing behind.
 */
DW_PUBLIC int dw_output_open(struct dw_ctx *ctx, const char *path,
			     unsigned flags, struct dw_output **out,
			     struct dw_err *err);
DW_PUBLIC void dw_output_close(struct dw_output *out);

/* ---- what reports are made of ----------------------------------------- */

/*
 * One line that changes.  Lines are without their line end; a byte 0 inside
 * one is shown as '?'.  Other bytes are as the file has them: who prints them
 * escapes them.
 */
struct dw_change {
	char *path;		/* NULL where a pure text function reports */
	uint64_t line_nr;	/* from 1, in the old text; 0: whole file */
	char *before;		/* NULL: the line is new */
	char *after;		/* NULL: the line goes; both NULL: only a note */
	char *note;		/* why, NULL where that is obvious */
};

struct dw_changes {
	struct dw_change *items;
	size_t nr;
	size_t cap;
	bool failed;	/* memory ran out while it was made; never in a result */
};

/* Lines for the reader that belong to no file: "source and copy share ...". */
struct dw_notes {
	char **items;
	size_t nr;
	bool failed;	/* as above */
};

/* What one side would boot, or why it would not. */
struct dw_boot_verdict {
	bool boots;
	char *reason;		/* why not; NULL where it boots */
	char *config;		/* the configuration file that decides */
	char *entry;		/* its title or label */
	char *kernel;
	char *initrd;		/* NULL: none */
	char *args;
	char *root;		/* the root= among them, or NULL */
	struct dw_notes warnings;
};

struct dw_fs_info {
	char type[32];		/* "ext2", "ext3", "ext4", or blkid's name */
	uint8_t uuid[16];	/* zero where there is none */
	bool has_uuid;
	char label[64];		/* "" where there is none */
	uint32_t block_len;
	uint64_t size;		/* bytes the filesystem spans */
	uint64_t free_len;
	uint32_t inode_len;
	int64_t write_time;	/* last write, seconds */
	bool needs_recovery;	/* its journal holds transactions */
	bool has_orphans;
	bool has_errors;	/* marked so by a kernel or fsck */
	bool is_clean;		/* unmounted; says little with a journal */
	bool has_journal;
	bool partial;		/* only named, not readable */
	char features[256];	/* "has_journal ext_attr ..." */
};

/* What recovery did; counts of things mended. */
struct dw_recovery {
	uint64_t transactions_nr;
	uint64_t replayed_blk_nr;
	uint64_t revoked_blk_nr;
	uint64_t orphans_deleted_nr;
	uint64_t orphans_truncated_nr;
	uint64_t free_counts_fixed_nr;
	uint64_t bad_blk_nr;	/* in the journal with a wrong checksum */
	/* "", or what could not be recovered: the filesystem was then marked
	 * as having errors, and only e2fsck can mend it. */
	char damage[160];
};

/* ---- dualboot: a Xen guest that also boots under KVM ------------------- */

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
	bool new_uuid;		/* give the copy another UUID ... */
	uint8_t uuid[16];	/* ... this one; zero: derived from the old */
	const char *format;	/* of the result, and how it is written: as in */
	const char *subformat;	/* struct dw_convert_options */
	const char *compress;
	uint32_t cluster_len;
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

/* ---- image files: what they are, and care for them ---------------------- */

struct dw_image_snapshot {
	char *id;
	char *name;
	uint64_t disk_size;	/* bytes; of the disk as it was then */
	uint64_t vm_state_len;
	int64_t time;		/* seconds since 1970 */
	uint32_t time_ns;
	uint64_t vm_clock_ns;
};

struct dw_image_info {
	char *path;
	const char *format;	/* "qcow2" */
	uint64_t size;		/* of the virtual disk, bytes */
	uint64_t file_len;	/* of the image file */
	uint64_t host_len;	/* what the host stores of it */
	uint32_t cluster_len;	/* 0: the format has none */
	char *subformat;	/* "streamOptimized", or NULL */
	const char *codec;	/* of compressed clusters: "zlib"; NULL: none */
	char *backing_name, *backing_format;	/* or NULL */
	char *data_file;	/* or NULL */
	const char *encryption;	/* "LUKS"; NULL: none */
	unsigned version;	/* qcow2: 2 or 3; 0: the format has none */
	unsigned refcount_bits;
	bool lazy_refcounts, extended_l2, dirty, corrupt;
	size_t snapshots_nr;
	struct dw_image_snapshot *snapshots;
};

/* Reads what the image file says of itself, and opens nothing that it names;
 * also of images that dw_open() refuses. */
DW_PUBLIC int dw_image_info(struct dw_ctx *ctx, const char *path,
			    const char *format, unsigned flags,
			    struct dw_image_info **out, struct dw_err *err);
DW_PUBLIC void dw_image_info_free(struct dw_image_info *info);

struct dw_image_check {
	const char *format;
	bool checkable;		/* false: the format has nothing to check */
	uint64_t corruptions_nr, leaks_nr;
	uint64_t corruptions_fixed_nr, leaks_fixed_nr;
	uint64_t clusters_nr;	/* of the virtual disk ... */
	uint64_t allocated_nr, compressed_nr, fragmented_nr;
	uint64_t image_end_off;	/* behind the last cluster in use */
	struct dw_notes notes;	/* the first corruptions, with numbers */
};

/* Counts as 'qemu-img check' does: leaks take space, corruptions lose data.
 * With 'repair' the figures are those left after it.  Of the locator only the
 * image matters. */
DW_PUBLIC int dw_image_check(struct dw_ctx *ctx, const char *locator,
			     const char *format, unsigned flags, bool repair,
			     struct dw_image_check **out, struct dw_err *err);
DW_PUBLIC void dw_image_check_free(struct dw_image_check *check);

struct dw_image_resize_options {
	uint64_t size;		/* bytes, a multiple of 512 */
	bool grow_by;		/* 'size' is what comes on top */
	bool dry_run;		/* only tell, open nothing for writing */
};

struct dw_image_resize_report {
	uint64_t old_size, new_size;
	struct dw_notes notes;	/* what inside does not grow by itself */
};

/* Grows an image in place, durably; smaller is refused as DW_UNSUPPORTED. */
DW_PUBLIC int dw_image_resize(struct dw_ctx *ctx, const char *path,
			      const char *format,
			      const struct dw_image_resize_options *options,
			      struct dw_image_resize_report **out,
			      struct dw_err *err);
DW_PUBLIC void
dw_image_resize_report_free(struct dw_image_resize_report *report);

enum dw_map_kind { DW_MAP_DATA, DW_MAP_ZERO, DW_MAP_UNMAPPED, DW_MAP_COMPRESSED };

struct dw_map_run {
	uint64_t off, len;	/* of the disk */
	enum dw_map_kind kind;
	unsigned depth;		/* 0: the image's own; n: of the n-th below it */
	bool has_host_off;	/* lies plain in that one's file, at ... */
	uint64_t host_off;
};

typedef int (*dw_map_fn)(void *arg, const struct dw_map_run *run,
			 struct dw_err *err);
/* The whole disk, run by run, neighbours of one kind joined. */
DW_PUBLIC int dw_image_map(struct dw_ctx *ctx, struct dw_dev *dev, dw_map_fn fn,
			   void *arg, struct dw_err *err);

enum dw_compare_flags {
	/* Disks of different sizes differ, at the end of the shorter one. */
	DW_COMPARE_STRICT = 1 << 0,
	/* Go on where somebody changes a disk meanwhile; else DW_BUSY. */
	DW_COMPARE_ALLOW_CHANGED = 1 << 1,
};

struct dw_compare_report {
	bool equal;
	bool sizes_differ;
	uint64_t first_off;	/* of the first byte that differs */
	uint64_t compared_len;	/* that had to be read; 0 where they differ */
};

/* Compares what guests would read, up to the first byte that differs.  Behind
 * its end a shorter disk counts as zeros. */
DW_PUBLIC int dw_compare(struct dw_ctx *ctx, struct dw_dev *a, struct dw_dev *b,
			 unsigned flags, struct dw_compare_report *out,
			 struct dw_err *err);

/* ---- convert: a disk into a new image ----------------------------------- */

struct dw_convert_options {
	size_t size;		/* sizeof(struct dw_convert_options) */
	const char *format;	/* "raw", "qcow2", "vhd", "vmdk", "gzip", "xz",
				 * "zstd"; NULL: raw */
	const char *subformat;	/* vhd: "dynamic", "fixed"; vmdk:
				 * "monolithicSparse", "streamOptimized" */
	const char *compress;	/* "zlib", "zstd", with ":LEVEL"; NULL: none */
	uint32_t cluster_len;	/* 0: the format's default */
	bool all_blocks;	/* deleted blocks too, nothing recovered */
	bool allow_changed;	/* even where the source changes meanwhile */
};

struct dw_convert_state;

/* One area of the source, and how it will be copied. */
struct dw_convert_area {
	char *name;		/* "p1", "table", "gap", "disk" */
	char *type;		/* "ext4", "swap", "unknown" */
	uint64_t off, len;
	uint64_t wanted_len;	/* bytes that will be looked at */
	struct dw_recovery recovery;	/* of a filesystem */
	char *note;		/* why it is copied in full although it looks
				 * like a filesystem or a table, or NULL */
};

/* Everything belongs to the plan: dw_convert_plan_free(). */
struct dw_convert_plan {
	const char *target_format;
	uint64_t disk_size;
	uint64_t copy_len;	/* bytes that will be looked at */
	size_t areas_nr;
	struct dw_convert_area *areas;	/* in the order of the disk */
	struct dw_convert_state *state;
};

struct dw_convert_report {
	uint64_t copied_len;	/* read and looked at */
	uint64_t written_len;	/* of them not zero */
	uint64_t file_len;	/* of the new image; 0: a pipe */
};

/* The format that the name of a target implies: "qcow2" for x.qcow2, "raw"
 * where it implies none.  DW_USAGE where it implies one that is not written
 * here. */
DW_PUBLIC int dw_convert_format(const char *path, const char **format,
				struct dw_err *err);

/*
 * Reads the source and decides what is copied; the plan keeps a reference on
 * it.  A filesystem whose used blocks cannot be told for certain is no error:
 * its area has a note, and is copied in full.
 */
DW_PUBLIC int dw_convert_plan(struct dw_ctx *ctx, struct dw_dev *source,
			      const struct dw_convert_options *options,
			      struct dw_convert_plan **out,
			      struct dw_err *err);
/* Carries the plan out and commits the output.  The source is not written. */
DW_PUBLIC int dw_convert_run(struct dw_convert_plan *plan,
			     struct dw_output *output,
			     struct dw_convert_report *report,
			     struct dw_err *err);
DW_PUBLIC void dw_convert_plan_free(struct dw_convert_plan *plan);

/* ---- volumes: what pvs, vgs and lvs would say --------------------------- */

struct dw_pv_info {
	char *name;		/* in the group's metadata: "pv0" */
	char *uuid;
	char *where;		/* the image or partition; NULL: missing */
	char *hint;		/* the device node that it was once, or "" */
	uint64_t device_size;	/* bytes, when it was made; 0: not told */
	uint64_t size, used_len;	/* of its extents, bytes */
	uint64_t pe_start_off;
};

struct dw_segment_info {
	char *type;		/* "linear", "raid5_ls" */
	uint64_t off, len;	/* in the volume, bytes */
	uint32_t stripe_len, chunk_len;	/* bytes; 0: none */
	struct dw_notes areas;	/* "pv0:0-15", "tp_tdata:0-3" */
};

struct dw_lv_info {
	char *name;
	char *uuid;
	char *type;		/* of its first segment; "snapshot" of a store */
	uint64_t size, used_len;	/* bytes; used_len of thin and snapshots
					 * is what is stored, else the size */
	bool visible;
	bool writable;		/* can be changed here */
	char *problem;		/* why it cannot be read, or NULL */
	char *origin, *pool;	/* or NULL */
	size_t segments_nr;
	struct dw_segment_info *segments;
};

struct dw_vg_info {
	char *name;
	char *uuid;
	uint64_t seqno, extent_len, size, free_len;
	bool exported;
	bool shared;		/* or clustered: others may use it meanwhile */
	char *problem;		/* why its metadata cannot be used, or NULL */
	size_t pvs_nr, lvs_nr;
	struct dw_pv_info *pvs;
	struct dw_lv_info *lvs;
	struct dw_notes notes;	/* damaged copies of the metadata */
};

struct dw_volumes {
	size_t vgs_nr;
	struct dw_vg_info *vgs;
	struct dw_notes notes;	/* PVs without a group */
};

/* The groups on a device and on the images added to the context, which are
 * opened with 'flags', those with which dev was opened. */
DW_PUBLIC int dw_volumes(struct dw_ctx *ctx, struct dw_dev *dev,
			 unsigned flags, struct dw_volumes **out,
			 struct dw_err *err);
DW_PUBLIC void dw_volumes_free(struct dw_volumes *volumes);

/* ---- extract: volumes and partitions, each into an image of its own ------ */

struct dw_extract_options {
	size_t size;		/* sizeof(struct dw_extract_options) */
	/* As in a locator: "p1", "vg0/root", "p2@vg0/root".  None: each visible
	 * volume of the groups that the disk is part of or holds, thin pools
	 * left out; where there is no group, each partition. */
	const char *const *layers;
	size_t layers_nr;
	struct dw_convert_options image;	/* each of them */
	bool partial;		/* leave out what cannot be read */
};

struct dw_extract_state;

struct dw_extract_item {
	char *layer;		/* "vg0/root", as it follows the '@' */
	/* "root.raw", "p1.qcow2"; with names of several groups, or alike,
	 * "vg0-root.raw".  Letters, digits and +_.- only, no dot in front.
	 * NULL: its problem is that it cannot have one. */
	char *file_name;
	char *problem;		/* why it cannot be read; NULL: it can */
	struct dw_convert_plan *image;	/* NULL where there is a problem */
};

/* Everything belongs to the plan: dw_extract_plan_free(). */
struct dw_extract_plan {
	const char *target_format;
	uint64_t copy_len;	/* bytes that will be looked at */
	size_t items_nr, problems_nr;
	struct dw_extract_item *items;
	struct dw_extract_state *state;
};

struct dw_extract_result {
	char *problem;		/* why it was left out, or NULL */
	struct dw_convert_report image;
};

struct dw_extract_report {
	uint64_t copied_len;	/* read and looked at */
	uint64_t written_len;	/* of them not zero */
	size_t items_nr, problems_nr;
	struct dw_extract_result *items;	/* as the plan has them */
};

/*
 * Finds what is to be extracted from the disk and plans each image; the plan
 * keeps a reference on source.  Where one cannot be read, and 'partial' is not
 * set, the error (that of the first one) comes with a plan, so that the caller
 * can show all; it cannot be run.
 */
DW_PUBLIC int dw_extract_plan(struct dw_ctx *ctx, struct dw_dev *source,
			      const struct dw_extract_options *options,
			      struct dw_extract_plan **out,
			      struct dw_err *err);
/*
 * Writes and checks all images, then commits all outputs, one for each item,
 * in its order; NULL where the item has a problem.  After an error none is
 * committed.  With 'partial' an item that turns out to be unreadable only now
 * is left out, and its output is not committed.  dw_extract_report_free().
 */
DW_PUBLIC int dw_extract_run(struct dw_extract_plan *plan,
			     struct dw_output *const *outputs,
			     struct dw_extract_report **report,
			     struct dw_err *err);
DW_PUBLIC void dw_extract_plan_free(struct dw_extract_plan *plan);
DW_PUBLIC void dw_extract_report_free(struct dw_extract_report *report);

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

/* ---- files inside an image ----------------------------------------------- */

struct dw_dir_item {
	const char *name;
	uint32_t mode;		/* as st_mode */
	uint32_t uid, gid;
	uint64_t size;
	int64_t mtime;
	const char *target;	/* of a symbolic link, or NULL */
	uint32_t rdev_major, rdev_minor;
};

typedef int (*dw_dir_item_fn)(void *arg, const struct dw_dir_item *item,
			      struct dw_err *err);
typedef int (*dw_bytes_fn)(void *arg, const void *buf, size_t len,
			   struct dw_err *err);

/* LOCATOR[:PATH]: the items of a directory by name, or the one file.  A
 * journal is replayed in memory first. */
DW_PUBLIC int dw_list(struct dw_ctx *ctx, const char *locator,
		      const char *format, unsigned flags, dw_dir_item_fn fn,
		      void *arg, struct dw_err *err);
/* LOCATOR:PATH: the bytes of a file, in pieces. */
DW_PUBLIC int dw_read_path(struct dw_ctx *ctx, const char *locator,
			   const char *format, unsigned flags, dw_bytes_fn fn,
			   void *arg, struct dw_err *err);

/* ---- put: a file of the host into an image ------------------------------- */

/* How a change gets into the image. */
enum dw_change_way {
	DW_CHANGE_JOURNAL,	/* as one transaction: a crash leaves the old or
				 * the new */
	DW_CHANGE_UNDO,		/* a record beside the image brings the old back
				 * after a crash: dw_undo() */
	DW_CHANGE_BARE,		/* a crash leaves it to e2fsck */
};

/* What a change of files takes, whichever job makes it. */
struct dw_change_cost {
	enum dw_change_way way;
	uint64_t data_len;	/* bytes of files that are written */
	uint64_t blocks_nr;	/* of the filesystem itself that change ... */
	uint32_t block_len;
	uint64_t log_blocks_nr;	/* ... of so many that its journal could take;
				 * 0: it has none */
	struct dw_recovery recovery;	/* done first, as a part of it */
};

struct dw_put_options {
	size_t size;		/* sizeof(struct dw_put_options) */
	bool parents;		/* make the folders that are missing */
	bool no_holes;		/* store blocks of zeros, too */
	bool force;		/* immutable files; DW_CHANGE_BARE */
	bool dry_run;		/* only a plan: the image is opened to read */
	bool has_mode;
	uint32_t mode;		/* permission bits; else those of the old file,
				 * or 0644 */
	int64_t uid, gid;	/* -1: the old file's, or those of the folder */
};

struct dw_put_state;

/* Everything belongs to the plan: dw_put_plan_free(). */
struct dw_put_plan {
	char *path;		/* in the filesystem, links resolved */
	bool is_new;
	uint64_t size, old_size;
	uint32_t mode, uid, gid;	/* as they will be */
	struct dw_change_cost cost;
	struct dw_notes notes;
	struct dw_put_state *state;
};

/*
 * LOCATOR:PATH becomes a copy of the host's file 'from' ("-": standard input).
 * A file that is there stays itself: inode, owner, mode, attributes, hard
 * links; a new one takes owner and security label from its folder.  The plan
 * changes nothing, and keeps the image locked until it is freed.
 */
DW_PUBLIC int dw_put_plan(struct dw_ctx *ctx, const char *from,
			  const char *locator, const char *format,
			  const struct dw_put_options *options,
			  struct dw_put_plan **out, struct dw_err *err);
/* Carries the plan out, reads the file back and compares it. */
DW_PUBLIC int dw_put_run(struct dw_put_plan *plan, struct dw_err *err);
DW_PUBLIC void dw_put_plan_free(struct dw_put_plan *plan);

/* ---- edit: a file inside an image, by an expression or an editor ---------- */

/* Makes new bytes of old ones, e.g. by asking somebody; *out is malloced. */
typedef int (*dw_editor_fn)(void *arg, const char *path, const char *old,
			  size_t old_len, char **out, size_t *len,
			  struct dw_err *err);

struct dw_edit_options {
	size_t size;		/* sizeof(struct dw_edit_options) */
	/* "s/REGEX/TEXT/g", done one after the other to each line ... */
	const char *const *expressions;
	size_t expressions_nr;
	dw_editor_fn editor;	/* ... or, where there is none, this */
	void *arg;
	const char *backup;	/* suffix of a copy of the old file; NULL: none */
	bool force, dry_run;	/* as for dw_put_plan() */
};

struct dw_edit_state;

/* Everything belongs to the plan: dw_edit_plan_free(). */
struct dw_edit_plan {
	char *path;		/* in the filesystem, links resolved */
	char *backup_path;	/* or NULL */
	bool is_changed;	/* else there is nothing to do */
	uint64_t size, old_size;
	struct dw_changes changes;	/* line by line */
	struct dw_change_cost cost;
	struct dw_notes notes;
	struct dw_edit_state *state;
};

/*
 * Changes a file of at most 16 MiB, which stays itself as with put.  The editor
 * is called while the plan is made, unless it is known before that nothing can
 * be changed; the image is locked meanwhile.
 * Expressions are for text: a byte 0 is DW_UNSUPPORTED.  DW_EXISTS where the
 * backup is there.
 */
DW_PUBLIC int dw_edit_plan(struct dw_ctx *ctx, const char *locator,
			   const char *format,
			   const struct dw_edit_options *options,
			   struct dw_edit_plan **out, struct dw_err *err);
DW_PUBLIC int dw_edit_run(struct dw_edit_plan *plan, struct dw_err *err);
DW_PUBLIC void dw_edit_plan_free(struct dw_edit_plan *plan);

#ifdef __cplusplus
}
#endif
#endif
