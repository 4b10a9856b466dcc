/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading the persistent exception store of dm-snapshot: its header, and the
 * areas in which the exceptions stand.
 *
 * Source: the layout as drivers/md/dm-snap-persistent.c of Linux tells it.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "lvm/cow.h"

#define SECTOR 512u
#define HEADER_CHUNKS 1u
/* What Linux takes: the highest power of two below 2^31 bytes. */
#define CHUNK_LEN_MAX (1u << 30)
/* An area is as long as a chunk, and mostly empty. */
#define PIECE_LEN (64u << 10)

/* ---- the header --------------------------------------------------------- */

void dw_cow_decode(const uint8_t buf[DW_COW_HEADER_LEN],
		   struct dw_cow_header *out)
{
	out->magic = dw_le32(buf);
	out->valid = dw_le32(buf + 4);
	out->version = dw_le32(buf + 8);
	out->chunk_lba = dw_le32(buf + 12);
}

static int check_chunk(const struct dw_cow_header *h, uint64_t cow_len,
		       struct dw_err *err)
{
	if (!dw_is_pow2(h->chunk_lba) || h->chunk_lba > CHUNK_LEN_MAX / SECTOR)
		return dw_fail(err, DW_CORRUPT, "cow: chunks of %" PRIu32
			       " sectors, which is no power of two up to %u",
			       h->chunk_lba, CHUNK_LEN_MAX / SECTOR);
	if (cow_len / SECTOR / h->chunk_lba <= HEADER_CHUNKS)
		return dw_fail(err, DW_CORRUPT, "cow: a store of %" PRIu64
			       " bytes has no room for exceptions behind a "
			       "header of %" PRIu32 " sectors", cow_len,
			       h->chunk_lba);
	return 0;
}

/*
 * As Linux decides.  lvm writes zeros over the place of the header when it
 * makes a snapshot, and the first activation writes the header, so that magic
 * 0 is a snapshot that was never active.  "PO" in a table, which lets a
 * snapshot survive that it ran full by its own writes, is not stored here.
 */
int dw_cow_check(const struct dw_cow_header *h, uint64_t cow_len,
		 struct dw_cow_store *out, struct dw_err *err)
{
	int rc;

	*out = (struct dw_cow_store){ .state = DW_COW_NEW };
	if (!h->magic)
		return 0;
	if (h->magic != DW_COW_MAGIC)
		return dw_fail(err, DW_CORRUPT, "cow: no store of a snapshot: "
			       "magic %08" PRIx32 ", not %08x", h->magic,
			       DW_COW_MAGIC);
	if (h->version != DW_COW_VERSION)
		return dw_fail(err, DW_UNSUPPORTED, "cow: the store has "
			       "version %" PRIu32 ", not %u", h->version,
			       DW_COW_VERSION);
	out->state = h->valid ? DW_COW_VALID : DW_COW_LOST;
	if (!h->valid)
		return 0;
	rc = check_chunk(h, cow_len, err);
	if (rc)
		return rc;
	out->chunk_len = h->chunk_lba * SECTOR;
	out->chunks_nr = cow_len / out->chunk_len;
	out->stride = out->chunk_len / DW_COW_ENTRY_LEN + 1;
	return 0;
}

int dw_cow_read(struct dw_dev *cow, struct dw_cow_store *out,
		struct dw_err *err)
{
	uint8_t buf[DW_COW_HEADER_LEN];
	struct dw_cow_header h;
	int rc;

	if (cow->size < sizeof(buf))
		return dw_fail(err, DW_CORRUPT, "cow: a store of %" PRIu64
			       " bytes has no room for a header", cow->size);
	rc = dw_dev_pread(cow, 0, buf, sizeof(buf), err);
	if (rc)
		return rc;
	dw_cow_decode(buf, &h);
	return dw_cow_check(&h, cow->size, out, err);
}

/* ---- exceptions --------------------------------------------------------- */

struct walk {
	struct dw_ctx *ctx;
	struct dw_dev *cow;
	const struct dw_cow_store *store;
	dw_cow_fn fn;
	void *arg;
	uint8_t *buf;		/* PIECE_LEN */
	bool is_end;
};

static int check_entry(const struct dw_cow_store *store, uint64_t old_chunk,
		       uint64_t new_chunk, struct dw_err *err)
{
	if (new_chunk >= store->chunks_nr)
		return dw_fail(err, DW_CORRUPT, "cow: chunk %" PRIu64
			       " is at chunk %" PRIu64 ", but the store has %"
			       PRIu64 " of %" PRIu32 " bytes", old_chunk,
			       new_chunk, store->chunks_nr, store->chunk_len);
	if (new_chunk % store->stride == HEADER_CHUNKS)
		return dw_fail(err, DW_CORRUPT, "cow: chunk %" PRIu64
			       " is at chunk %" PRIu64 " of the store, which "
			       "is an area of exceptions", old_chunk,
			       new_chunk);
	return 0;
}

static int walk_piece(struct walk *w, size_t len, struct dw_err *err)
{
	uint64_t old_chunk, new_chunk;
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < len; i += DW_COW_ENTRY_LEN) {
		old_chunk = dw_le64(w->buf + i);
		new_chunk = dw_le64(w->buf + i + 8);
		w->is_end = !new_chunk;
		if (w->is_end)
			return 0;
		rc = check_entry(w->store, old_chunk, new_chunk, err);
		if (!rc)
			rc = w->fn(w->arg, old_chunk, new_chunk, err);
	}
	return rc;
}

static int walk_area(struct walk *w, uint64_t chunk, struct dw_err *err)
{
	uint64_t off = chunk * w->store->chunk_len;
	uint64_t end_off = off + w->store->chunk_len;
	size_t len;
	int rc = 0;

	for (; !rc && !w->is_end && off < end_off; off += len) {
		len = dw_min(PIECE_LEN, end_off - off);
		rc = dw_ctx_check(w->ctx, err);
		if (!rc)
			rc = dw_dev_pread(w->cow, off, w->buf, len, err);
		if (!rc)
			rc = walk_piece(w, len, err);
	}
	return rc;
}

/*
 * An area that is full goes on in the next one, whose place follows from its
 * number; nothing on disk leads to it, so that no cycle can be, and the last
 * is where the store ends.  Linux clears the next area before it fills one,
 * and gives the snapshot up where there is no room for that.
 */
static int walk_areas(struct walk *w, struct dw_err *err)
{
	uint64_t chunk;
	int rc = 0;

	for (chunk = HEADER_CHUNKS; !rc && !w->is_end;
	     chunk += w->store->stride) {
		if (chunk >= w->store->chunks_nr)
			return dw_fail(err, DW_CORRUPT, "cow: the exceptions "
				       "go on in chunk %" PRIu64 ", but the "
				       "store has %" PRIu64 " of %" PRIu32
				       " bytes", chunk, w->store->chunks_nr,
				       w->store->chunk_len);
		rc = walk_area(w, chunk, err);
	}
	return rc;
}

int dw_cow_walk(struct dw_ctx *ctx, struct dw_dev *cow,
		const struct dw_cow_store *store, dw_cow_fn fn, void *arg,
		struct dw_err *err)
{
	struct walk w = {
		.ctx = ctx, .cow = cow, .store = store, .fn = fn, .arg = arg,
		.buf = malloc(PIECE_LEN),
	};
	int rc = w.buf ? walk_areas(&w, err) : dw_fail_nomem(err);

	free(w.buf);
	return rc;
}
