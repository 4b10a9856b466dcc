/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Image formats: what a file on the host is, and the virtual disk in it. */
#ifndef DW_FORMATS_FORMAT_H
#define DW_FORMATS_FORMAT_H

#include "base/codec.h"
#include "base/ctx.h"
#include "dev/dev.h"

struct dw_writer;
struct dw_backing_link;

/* What a new image shall be like; zero fields mean the format's default.  What
 * a format cannot do is DW_USAGE. */
struct dw_format_options {
	uint32_t cluster_len;
	struct dw_codec codec;		/* NONE: plain */
	const char *subformat;		/* vhd, vmdk: which of them */
};

/* How to open an image; zero fields (or NULL for all of it): as it stands. */
struct dw_format_how {
	const char *snapshot;	/* id or name: the disk as it was then */
	bool share;		/* files that it names: DW_OPEN_SHARE */
	/* How many images name this one, and which; for drivers. */
	unsigned depth;
	const struct dw_backing_link *above;
};

struct dw_format_driver {
	const char *name;
	const char *alias;	/* what qemu-img calls it, or NULL */
	const char *suffix;	/* ".qcow2": what a target's name implies */
	bool in_sequence;	/* to open it means to unpack all of it */
	/* 0, DW_NOT_MINE, or an error of reading. */
	int (*probe)(struct dw_dev *file, struct dw_err *err);
	/* The virtual disk; holds a reference on file.  It can be written
	 * where file can and the driver knows how to. */
	int (*open)(struct dw_ctx *ctx, struct dw_dev *file,
		    const struct dw_format_how *how, struct dw_dev **out,
		    struct dw_err *err);
	/* Starts a new image of 'size' virtual bytes in the empty 'file', or
	 * on a block device, which keeps its size.  'file' is borrowed until
	 * dw_writer_free(). */
	int (*create)(struct dw_ctx *ctx, struct dw_dev *file, uint64_t size,
		      const struct dw_format_options *options,
		      struct dw_writer **out, struct dw_err *err);
	/* What the image says of itself; format, path and the host's figures
	 * are filled in by the caller.  Opens no other file.  NULL: only the
	 * sizes are known. */
	int (*info)(struct dw_ctx *ctx, struct dw_dev *file,
		    struct dw_image_info *out, struct dw_err *err);
	/* Counts leaks and corruptions, and with 'repair' (file is writable)
	 * mends what it can.  NULL: the format has nothing to check. */
	int (*check)(struct dw_ctx *ctx, struct dw_dev *file, bool repair,
		     struct dw_image_check *out, struct dw_err *err);
};

/* The drivers in the order of probing; raw is last and takes everything. */
extern const struct dw_format_driver *const dw_formats[];
extern const struct dw_format_driver dw_raw_format, dw_qcow2_format,
	dw_vhd_format, dw_vmdk_format;
extern const struct dw_format_driver dw_gzip_format, dw_xz_format,
	dw_zstd_format;

const struct dw_format_driver *dw_format_by_name(const char *name);

/* The format that a target's file name implies; raw where none does. */
const struct dw_format_driver *dw_format_by_suffix(const char *path);

/* The format of a file: the one of that name, or what probing finds. */
int dw_format_find(struct dw_dev *file, const char *name,
		   const struct dw_format_driver **out, struct dw_err *err);

/* name NULL probes.  *driver (may be NULL) receives the format. */
int dw_format_open(struct dw_ctx *ctx, struct dw_dev *file, const char *name,
		   const struct dw_format_driver **driver, struct dw_dev **out,
		   struct dw_err *err);
/* The same in a way of your choosing; a format without snapshots refuses one
 * as DW_NOENT. */
int dw_format_open_how(struct dw_ctx *ctx, struct dw_dev *file,
		       const char *name, const struct dw_format_how *how,
		       const struct dw_format_driver **driver,
		       struct dw_dev **out, struct dw_err *err);

/*
 * Writing a new image as a stream.  The virtual disk starts as zeros.  Data
 * comes in units of unit_len bytes (a cluster), aligned, each at most once;
 * units of zeros are left out by the caller, who has tested them.
 * Writing goes in two steps, so that several threads can prepare and write
 * while the layout stays that of one thread:
 *
 *   place   called in ascending order of off, by one thread at a time: decides
 *           where the payload goes.  Fast, never does I/O.
 *   put     writes the payload; any thread, any order.
 *
 * finish writes the tables, and the header last; nothing is an image before.
 *
 * A payload that is a multiple of unit_len (the last unit padded with zeros),
 * or ends with the disk, is the bytes themselves: one unit or several, which
 * lie together in the file.  Where one place begins at the end of the one
 * before, both may be written by one put.
 *
 * Where the writer names a codec, each unit comes packed by it: a payload
 * shorter than its unit is that unit packed.  A unit that packing does not
 * make smaller comes plain, unless must_pack is set: then every payload is a
 * packed unit, whatever its length, and only the last unit may stand for less
 * than unit_len bytes (those up to the disk's end), or not even that one, with
 * whole_units: zeros fill it up.
 *
 * Where sequential is set, put is called right after its place, one unit a
 * time, in that order: the image can only grow at its end.  What lies between
 * two units are zeros, which the writer sees to itself.
 *
 * Where maps is false (raw), off is the place, any length at any offset is
 * taken, and unit_len only says in what steps zeros become holes.
 */
struct dw_place {
	uint64_t host_off;	/* in the image file */
	uint64_t len;		/* payload bytes */
};

struct dw_writer_driver {
	int (*place)(struct dw_writer *w, uint64_t off, uint64_t payload_len,
		     struct dw_place *out, struct dw_err *err);
	int (*put)(struct dw_writer *w, const struct dw_place *place,
		   const void *payload, struct dw_err *err);
	/* Lets the bytes of another host file be those of the disk at off, too,
	 * instead of place and put; off, len and from_off are multiples of
	 * DW_CLONE_ALIGN.  False: it cannot be done, put them.  Any thread,
	 * any order.  NULL: never. */
	bool (*share)(struct dw_writer *w, uint64_t off, uint64_t len, int fd,
		      uint64_t from_off);
	int (*finish)(struct dw_writer *w, struct dw_err *err);
	void (*free)(struct dw_writer *w);
};

struct dw_writer {
	const struct dw_writer_driver *driver;
	uint32_t unit_len;
	bool maps;		/* false: off is its own place, any length */
	bool must_pack, sequential, whole_units;
	struct dw_codec codec;	/* NONE: payloads are plain */
	uint64_t size;
	uint64_t placed_end;	/* where the last place ends */
};

int dw_writer_place(struct dw_writer *w, uint64_t off, uint64_t payload_len,
		    struct dw_place *out, struct dw_err *err);
int dw_writer_put(struct dw_writer *w, const struct dw_place *place,
		  const void *payload, struct dw_err *err);
int dw_writer_finish(struct dw_writer *w, struct dw_err *err);
void dw_writer_free(struct dw_writer *w);

#endif
