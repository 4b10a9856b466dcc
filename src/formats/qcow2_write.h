/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qcow2, inside this room: changing an image where it lies. */
#ifndef DW_FORMATS_QCOW2_WRITE_H
#define DW_FORMATS_QCOW2_WRITE_H

#include <stdatomic.h>

#include "formats/qcow2.h"

/* What metadata a cluster of the file holds. */
enum dw_qcow2_meta {
	DW_QCOW2_NO_META = 0,
	DW_QCOW2_HEADER,
	DW_QCOW2_L1,
	DW_QCOW2_L2,
	DW_QCOW2_REFTABLE,
	DW_QCOW2_REFBLOCK,
	DW_QCOW2_SNAPSHOTS,
	DW_QCOW2_SNAPSHOT_L1,
};

struct dw_qcow2_meta_map {
	uint64_t *keys;
	size_t nr, cap;
};

/* L1 or the refcount table: held whole, written by sectors. */
struct dw_qcow2_table {
	uint64_t *entries;
	size_t nr;		/* entries held */
	size_t home_nr;		/* the first of them have a place in the file */
	uint64_t off;
	uint8_t *dirty;		/* one for each sector */
	bool is_dirty;
};

/* Clusters that tables in memory no longer name; see qcow2_commit.c. */
struct dw_qcow2_freed {
	uint64_t first, nr;
	bool is_discard;
};

#define DW_QCOW2_FREED_MAX 4096u

/* The bitmap of an extended L2 entry: below, what is allocated, above, what
 * reads as zeros. */
#define DW_QCOW2_SUBCLUSTERS_NR 32u
#define DW_QCOW2_ALL_ALLOCATED UINT64_C(0x00000000ffffffff)
#define DW_QCOW2_ALL_ZERO UINT64_C(0xffffffff00000000)

/*
 * Memory: two caches of 2 MiB (L2 tables, refcounts), L1 (32 MiB at most) and
 * the refcount table (8 MiB at most), one cluster, 96 KiB of freed runs, and
 * 8 bytes for each cluster of metadata (64 MiB at most).
 */
struct dw_qcow2_writer {
	atomic_bool begun;	/* the rest is filled in */
	atomic_int failed;	/* of an earlier write or flush: no more */
	struct dw_qcow2_table l1, reftable;
	bool reftable_moved;	/* but the header does not say so yet */
	bool growing;		/* the refcount table is looking for a place */
	struct dw_qcow2_cache refs;
	struct dw_qcow2_meta_map meta;
	struct dw_qcow2_freed *freed;
	unsigned freed_nr;
	uint64_t hint;		/* no free cluster lies before */
	uint64_t end;		/* nothing was ever stored from here on */
	uint8_t *bounce;	/* one cluster */
};

/* qcow2_write_open.c */
/* Makes the disk writable, before its tables are read; an image that was not
 * closed is given its refcounts anew. */
int dw_qcow2_writer_new(struct dw_ctx *ctx, struct dw_qcow2 *q,
			struct dw_err *err);
/* Before the first write: reads what writing needs to know, clears what
 * would no longer be true.  Under io_lock alone. */
int dw_qcow2_begin(struct dw_qcow2 *q, struct dw_err *err);
/* Writes everything, and gives back what the file has too much at its end. */
int dw_qcow2_writer_close(struct dw_qcow2 *q, struct dw_err *err);

/* qcow2_meta_map.c: where metadata lies.  Two kinds in one cluster are
 * DW_CORRUPT. */
int dw_qcow2_meta_add(struct dw_qcow2 *q, uint64_t first, uint64_t nr,
		      enum dw_qcow2_meta kind, struct dw_err *err);
void dw_qcow2_meta_free(struct dw_qcow2_meta_map *m);
void dw_qcow2_meta_remove(struct dw_qcow2 *q, uint64_t first, uint64_t nr);
/* DW_CORRUPT where data of len bytes at off would overwrite metadata. */
int dw_qcow2_check_no_meta(struct dw_qcow2 *q, uint64_t off, uint64_t len,
			   struct dw_err *err);
/* DW_CORRUPT where off does not lie in a cluster of that kind. */
int dw_qcow2_check_meta(struct dw_qcow2 *q, uint64_t off,
			enum dw_qcow2_meta kind, struct dw_err *err);
/* All that the tables and the snapshots say of themselves. */
int dw_qcow2_meta_load(struct dw_qcow2 *q, struct dw_err *err);

/* qcow2_table.c */
int dw_qcow2_table_load(struct dw_qcow2 *q, struct dw_qcow2_table *t,
			uint64_t off, size_t nr, const char *what,
			struct dw_err *err);
int dw_qcow2_table_grow(struct dw_qcow2_table *t, size_t nr,
			struct dw_err *err);
void dw_qcow2_table_set(struct dw_qcow2_table *t, size_t i, uint64_t entry);
/* The table moves: all of it is to be written at off. */
void dw_qcow2_table_move(struct dw_qcow2_table *t, uint64_t off);
int dw_qcow2_table_write(struct dw_qcow2 *q, struct dw_qcow2_table *t,
			 enum dw_qcow2_meta kind, struct dw_err *err);

/* qcow2_refcount.c: as they are in memory, which never says less than the
 * tables on disk need. */
uint64_t dw_qcow2_refblock_span(const struct dw_qcow2 *q);
int dw_qcow2_refs_get(struct dw_qcow2 *q, uint64_t cluster, uint64_t *out,
			  struct dw_err *err);
int dw_qcow2_refs_set(struct dw_qcow2 *q, uint64_t cluster, uint64_t value,
			  struct dw_err *err);
/* DW_CORRUPT where one of these clusters is not in use, or with 'once' not
 * in use exactly once. */
int dw_qcow2_check_used(struct dw_qcow2 *q, uint64_t first, uint64_t nr,
			bool once, struct dw_err *err);
/* Gives clusters up once no table on disk names them.  There is room, by
 * dw_qcow2_make_room(). */
void dw_qcow2_free_later(struct dw_qcow2 *q, uint64_t first, uint64_t nr,
			 bool is_discard);
int dw_qcow2_free_now(struct dw_qcow2 *q, struct dw_err *err);
/* Takes back an allocation that nothing ever named. */
void dw_qcow2_unalloc(struct dw_qcow2 *q, uint64_t first, uint64_t nr);

/* qcow2_alloc_rw.c */
struct dw_qcow2_taken {
	uint64_t first, nr;
	bool is_fresh;		/* reads as zeros */
};

/* Takes min_nr to max_nr free clusters that follow one another. */
int dw_qcow2_alloc(struct dw_qcow2 *q, uint64_t min_nr, uint64_t max_nr,
		   struct dw_qcow2_taken *out, struct dw_err *err);
/* nr clusters of metadata. */
int dw_qcow2_alloc_meta(struct dw_qcow2 *q, uint64_t nr,
			enum dw_qcow2_meta kind, struct dw_qcow2_taken *out,
			struct dw_err *err);
/* Makes zeros of clusters just taken, at the least cost. */
int dw_qcow2_zero_new(struct dw_qcow2 *q, const struct dw_qcow2_taken *a,
		      struct dw_err *err);

/* qcow2_commit.c */
int dw_qcow2_write_header(struct dw_qcow2 *q, struct dw_err *err);
/* Writes refcounts, so that whoever flushes next finds them durable. */
int dw_qcow2_write_refs(struct dw_qcow2 *q, struct dw_err *err);
int dw_qcow2_write_back_l2(struct dw_qcow2 *q, struct dw_err *err);
/* Everything written so far becomes durable; then clusters become free. */
int dw_qcow2_commit(struct dw_qcow2 *q, struct dw_err *err);
/* As dw_dev_flush(q->file), but its failure ends all writing. */
int dw_qcow2_flush_file(struct dw_qcow2 *q, struct dw_err *err);

/* qcow2_own.c: under io_lock alone, but for the first. */

/* DW_CORRUPT where data in place would meet a cluster that is metadata, or not
 * in use just once.  Under the lock. */
int dw_qcow2_check_place(struct dw_qcow2 *q, uint64_t off, uint64_t len,
			 struct dw_err *err);
/* Whether the cluster that an entry names may be written where it lies. */
bool dw_qcow2_is_owned(const struct dw_qcow2 *q,
		       const struct dw_qcow2_entry *e);
/* Room for the clusters that one L2 slice can give up. */
int dw_qcow2_make_room(struct dw_qcow2 *q, struct dw_err *err);
/* Sees to an L2 table for off that may be changed. */
int dw_qcow2_own_l2(struct dw_qcow2 *q, uint64_t off, struct dw_err *err);
/* What an entry names is about to be given up: DW_CORRUPT where that is not
 * in use; then the giving up, which cannot fail. */
int dw_qcow2_check_entry(struct dw_qcow2 *q,
			 const struct dw_qcow2_entry *entry,
			 struct dw_err *err);
void dw_qcow2_free_entry(struct dw_qcow2 *q,
			 const struct dw_qcow2_entry *entry, bool is_discard);
/* Makes the entry of a cluster one that names host_off; what it named before
 * is given up. */
int dw_qcow2_point(struct dw_qcow2 *q, uint64_t off, uint64_t host_off,
		   uint64_t bitmap, struct dw_err *err);

/* qcow2_write_part.c: len bytes within one cluster, whose L2 table is there. */
int dw_qcow2_write_part(struct dw_qcow2 *q, uint64_t off, const void *buf,
			uint32_t len, struct dw_err *err);

/* qcow2_write.c */
int dw_qcow2_pwrite(struct dw_dev *dev, uint64_t off, const void *buf,
		    size_t len, struct dw_err *err);
/* The same under io_lock alone. */
int dw_qcow2_write_run(struct dw_qcow2 *q, uint64_t off, const void *buf,
		       size_t len, struct dw_err *err);

/* qcow2_write_zero.c */
int dw_qcow2_zero(struct dw_dev *dev, uint64_t off, uint64_t len,
		  struct dw_err *err);
int dw_qcow2_discard(struct dw_dev *dev, uint64_t off, uint64_t len,
		     struct dw_err *err);
/* Under io_lock alone. */
int dw_qcow2_zero_range(struct dw_qcow2 *q, uint64_t off, uint64_t len,
			struct dw_err *err);

/* qcow2_write_resize.c */
int dw_qcow2_resize(struct dw_dev *dev, uint64_t size, struct dw_err *err);

/* Takes io_lock alone, with everything begun. */
int dw_qcow2_lock(struct dw_qcow2 *q, struct dw_err *err);
void dw_qcow2_unlock(struct dw_qcow2 *q);

/* Reads guest bytes; under io_lock. */
int dw_qcow2_read_range(struct dw_qcow2 *q, uint64_t off, void *buf,
			uint64_t len, struct dw_err *err);

static inline bool dw_qcow2_has_data_file(const struct dw_qcow2 *q)
{
	return q->data_file != q->file;
}

/* The data file is to be the disk, whoever reads it without the image. */
static inline bool dw_qcow2_is_raw_external(const struct dw_qcow2 *q)
{
	return dw_qcow2_has_data_file(q) &&
	       q->h.autoclear & DW_QCOW2_AUTOCLEAR_RAW_EXTERNAL;
}

#endif
