/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One piece of the disk on its way through the copy engine. */
#ifndef DW_JOB_COPY_CHUNK_H
#define DW_JOB_COPY_CHUNK_H

#include "job/copy.h"

/* What one call of place is about; data lies in the chunk's buffers. */
struct dw_payload {
	uint64_t off;		/* of the disk */
	const uint8_t *data;
	uint64_t len;
	struct dw_place place;
};

struct dw_chunk {
	uint64_t off, len;	/* of the disk; off is aligned to the buffer */
	size_t first_run;	/* of the copy: no earlier one reaches it */
	uint8_t *buf;
	uint8_t *packed;	/* NULL where payloads are plain */
	struct dw_payload *payloads;	/* ascending */
	size_t payloads_nr;
	uint64_t read_len;	/* wanted bytes, ... */
	uint64_t data_len;	/* and of them such as had to be read */
	uint64_t written_len;
};

/* The length of every chunk but the disk's last: whole units, large enough to
 * make system calls cheap, else small enough for a core's cache. */
uint32_t dw_chunk_len(const struct dw_writer *w);
/* What the buffers of one chunk take. */
uint64_t dw_chunk_memory(const struct dw_writer *w);

int dw_chunk_init(struct dw_chunk *c, const struct dw_writer *w,
		  struct dw_err *err);
void dw_chunk_release(struct dw_chunk *c);

/* Reads what is wanted of off..off+len and makes payloads of what is not
 * zero.  The packer, NULL where payloads are plain, is this thread's own. */
int dw_chunk_prepare(struct dw_chunk *c, const struct dw_copy *copy,
		     struct dw_packer *packer, struct dw_err *err);

/* Decides where the payloads go; chunk after chunk, in the disk's order. */
int dw_chunk_place(struct dw_chunk *c, struct dw_writer *w,
		   struct dw_err *err);
/* Writes what was placed, beside other chunks. */
int dw_chunk_put(const struct dw_chunk *c, struct dw_writer *w,
		 struct dw_err *err);
/* Both, payload by payload, for an image that only grows at its end. */
int dw_chunk_append(struct dw_chunk *c, struct dw_writer *w,
		    struct dw_err *err);

#endif
