/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Image files, and convert: a disk into a new image. */
#ifndef DISKWRIGHT_IMAGE_H
#define DISKWRIGHT_IMAGE_H
#ifndef DISKWRIGHT_H
#error "include <diskwright.h>"
#endif

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

#endif
