/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Raw disks inside a compressed stream: gzip, xz, zstd. */
#ifndef DW_FORMATS_STREAM_H
#define DW_FORMATS_STREAM_H

#include "formats/format.h"

/* ---- in sequence ---------------------------------------------------------- */

/* What one step of unpacking has to work with, and what it did. */
struct dw_stream_io {
	const uint8_t *in;
	size_t in_len;		/* 0 only at the end of the file */
	bool in_ends;		/* nothing follows 'in' */
	uint8_t *out;
	size_t out_len;		/* never 0 */
	size_t used_len;	/* of 'in' */
	size_t made_len;	/* of 'out' */
	bool complete;		/* all may end behind what was used */
};

/* A packing as it is read from the beginning to the end, several streams that
 * follow each other included. */
struct dw_stream_unpacker {
	const char *name;
	int (*start)(uint64_t memory_cap_len, void **state, struct dw_err *err);
	/* Checks what the stream has of checksums and lengths: DW_CORRUPT.
	 * Says so by doing nothing where it waits for more input. */
	int (*step)(void *state, struct dw_stream_io *io, struct dw_err *err);
	void (*end)(void *state);	/* NULL is allowed */
};

#define DW_STREAM_SIZE_UNKNOWN UINT64_MAX

/*
 * The disk, unpacked into a spool, once.  Where its size is known beforehand
 * that is done as far as somebody reads; else all of it at once.  Holds a
 * reference on file; ctx must live as long as the device.
 */
int dw_stream_spool_open(struct dw_ctx *ctx, struct dw_dev *file,
			 const struct dw_stream_unpacker *how, uint64_t size,
			 struct dw_dev **out, struct dw_err *err);

/* ---- writing --------------------------------------------------------------- */

/* Packed units of one length that follow each other. */
struct dw_stream_run {
	uint32_t packed_len;	/* as the packing's index has it */
	uint32_t len;		/* of the disk */
	uint64_t nr;
};

/* A new stream; its runs are kept where the packing has an index. */
struct dw_stream_writer {
	struct dw_writer w;
	const struct dw_stream_packing *packing;
	struct dw_ctx *ctx;
	struct dw_dev *file;
	struct dw_packer *packer;
	uint64_t file_len;	/* what is written */
	uint64_t done_off;	/* of the disk: up to there */
	uint64_t placed_off;	/* of the unit that comes next */
	struct dw_stream_run *runs;
	size_t runs_nr, runs_cap;
};

/* How a stream is put together of units that are packed one by one. */
struct dw_stream_packing {
	enum dw_codec_kind codec;
	bool checksum;		/* for the codec */
	uint32_t unit_len;
	uint32_t zeros_len;	/* packed as one; a multiple of unit_len */
	/* What precedes the first unit; NULL: nothing. */
	int (*begin)(struct dw_stream_writer *s, struct dw_err *err);
	/* How the index counts a packed unit; NULL: by its length. */
	uint32_t (*measure)(const uint8_t *packed, size_t len);
	/* The index; NULL: there is none. */
	int (*end)(struct dw_stream_writer *s, struct dw_err *err);
};

int dw_stream_create(struct dw_ctx *ctx, struct dw_dev *file, uint64_t size,
		     const struct dw_stream_packing *packing,
		     const struct dw_format_options *options,
		     struct dw_writer **out, struct dw_err *err);

/* For begin and end. */
int dw_stream_append(struct dw_stream_writer *s, const void *buf, size_t len,
		     struct dw_err *err);

/* ---- what the drivers share ------------------------------------------------ */

/* 0 where the file has the magic bytes at off, DW_NOT_MINE, or an error. */
int dw_stream_probe(struct dw_dev *file, uint64_t off, const char *name,
		    const void *magic, size_t magic_len, struct dw_err *err);

/* A stream has no snapshots: DW_NOENT where one is asked for. */
int dw_stream_check_how(struct dw_dev *file, const char *name,
			const struct dw_format_how *how, struct dw_err *err);

/*
 * An image of another format inside is DW_UNSUPPORTED, as what is inside is
 * taken for the disk.  Closes *disk where it returns an error.
 */
int dw_stream_check_content(struct dw_dev **disk, const char *name,
			    struct dw_err *err);

#endif
