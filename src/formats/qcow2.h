/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qcow2, inside this room: its header, its tables, its open image. */
#ifndef DW_FORMATS_QCOW2_H
#define DW_FORMATS_QCOW2_H

#include <pthread.h>

#include "formats/format.h"
#include "formats/inflated.h"

#define DW_QCOW2_MAGIC 0x514649fbu	/* "QFI\xfb" */
#define DW_QCOW2_V2_LEN 72
#define DW_QCOW2_V3_LEN 104
#define DW_QCOW2_HEADER_LEN 112		/* with the compression type */

#define DW_QCOW2_CLUSTER_BITS_MIN 9
#define DW_QCOW2_CLUSTER_BITS_MAX 21
#define DW_QCOW2_CLUSTER_LEN 65536u	/* of a new image */

/* What QEMU accepts; larger tables are of no image that was ever used. */
#define DW_QCOW2_L1_MAX_LEN (32u << 20)
#define DW_QCOW2_REFTABLE_MAX_LEN (8u << 20)
#define DW_QCOW2_SNAPSHOTS_MAX 65536u
#define DW_QCOW2_BACKING_MAX_LEN 1023u

enum {
	DW_QCOW2_INCOMPAT_DIRTY = 1 << 0,
	DW_QCOW2_INCOMPAT_CORRUPT = 1 << 1,
	DW_QCOW2_INCOMPAT_DATA_FILE = 1 << 2,
	DW_QCOW2_INCOMPAT_COMPRESSION = 1 << 3,
	DW_QCOW2_INCOMPAT_EXT_L2 = 1 << 4,
	DW_QCOW2_INCOMPAT_KNOWN = (1 << 5) - 1,
};

enum { DW_QCOW2_COMPAT_LAZY_REFCOUNTS = 1 << 0 };
enum {
	DW_QCOW2_AUTOCLEAR_BITMAPS = 1 << 0,
	DW_QCOW2_AUTOCLEAR_RAW_EXTERNAL = 1 << 1,
	DW_QCOW2_AUTOCLEAR_KNOWN = (1 << 2) - 1,
};


enum { DW_QCOW2_ZLIB = 0, DW_QCOW2_ZSTD = 1 };

/* Table entries. */
#define DW_QCOW2_COPIED (UINT64_C(1) << 63)
#define DW_QCOW2_COMPRESSED (UINT64_C(1) << 62)
#define DW_QCOW2_READS_ZERO UINT64_C(1)
#define DW_QCOW2_OFF_MASK UINT64_C(0x00fffffffffffe00)

struct dw_qcow2_header {
	uint32_t version;
	uint64_t backing_off;
	uint32_t backing_len;
	uint32_t cluster_bits;
	uint64_t size;
	uint32_t crypt_method;
	uint32_t l1_nr;
	uint64_t l1_off;
	uint64_t reftable_off;
	uint32_t reftable_clusters_nr;
	uint32_t snapshots_nr;
	uint64_t snapshots_off;
	uint64_t incompat;
	uint64_t compat;
	uint64_t autoclear;
	uint32_t refcount_order;
	uint32_t header_len;
	uint8_t compression;
};

/* Bytes to struct; buf holds the first len bytes of the file.  DW_NOT_MINE
 * without the magic, DW_UNSUPPORTED for another version, DW_CORRUPT where the
 * header is cut off. */
int dw_qcow2_decode(const uint8_t *buf, size_t len, struct dw_qcow2_header *out,
		    struct dw_err *err);
/* Pure: every field, against the others and the length of the file. */
int dw_qcow2_check(const struct dw_qcow2_header *h, uint64_t file_len,
		   struct dw_err *err);
/* A header of version 3. */
void dw_qcow2_encode(const struct dw_qcow2_header *h,
		     uint8_t buf[DW_QCOW2_HEADER_LEN]);

/* Bytes of guest that one L1 entry stands for. */
uint64_t dw_qcow2_l2_span(const struct dw_qcow2_header *h);

struct dw_qcow2;
struct dw_qcow2_slice;
struct dw_qcow2_writer;

/*
 * Slices of tables of one kind, as they lie in the file or are to lie there.
 * At most 2 MiB, whatever the image is like.
 */
struct dw_qcow2_cache {
	struct dw_qcow2_slice *slices;
	uint32_t slice_len;
	uint64_t tick;
	unsigned dirty_nr;
	const char *what;	/* for errors: "an L2 table" */
	/* Only where slices become dirty: makes all of them clean; and says
	 * why a place in the file cannot be written with them. */
	int (*write_back)(struct dw_qcow2 *q, struct dw_err *err);
	int (*check_write)(struct dw_qcow2 *q, uint64_t off,
			   struct dw_err *err);
};

int dw_qcow2_cache_init(struct dw_qcow2_cache *c, uint32_t cluster_len,
			const char *what, struct dw_err *err);
void dw_qcow2_cache_free(struct dw_qcow2_cache *c);
/* The bytes at off, to the end of their slice; valid until the next call.
 * dirty: they are about to be changed. */
int dw_qcow2_cache_get(struct dw_qcow2 *q, struct dw_qcow2_cache *c,
		       uint64_t off, bool dirty, uint8_t **data,
		       struct dw_err *err);
/* Writes what is dirty; flushes nothing. */
int dw_qcow2_cache_write(struct dw_qcow2 *q, struct dw_qcow2_cache *c,
			 struct dw_err *err);
/* Forgets what is held of len bytes at off, dirty or not. */
void dw_qcow2_cache_drop(struct dw_qcow2_cache *c, uint64_t off, uint64_t len);

struct dw_qcow2 {
	struct dw_dev dev;
	struct dw_dev *file;
	/* Where host offsets of data count: 'file', or the external one. */
	struct dw_dev *data_file;
	struct dw_dev *backing;	/* NULL: what is unallocated reads as zeros */
	struct dw_qcow2_header h;
	uint32_t cluster_len;
	uint64_t *l1;		/* entries as they are on disk, flags too */
	size_t l1_nr;

	/* Of a writable disk, else never taken.  Shared by whoever uses a
	 * place that the tables name, alone for whoever changes the tables. */
	pthread_rwlock_t io_lock;
	struct dw_qcow2_writer *w;	/* NULL: read-only */

	/* Guards the slices; what they hold is copied out under it.  Not
	 * needed by who holds io_lock alone. */
	pthread_mutex_t lock;
	struct dw_qcow2_cache l2;
	struct dw_inflated inflated;
};

/* A run of guest bytes that lies in one way. */
struct dw_qcow2_run {
	enum dw_extent_kind kind;
	bool backed;		/* UNMAPPED: reads as the backing file does */
	bool owned;		/* DATA: no snapshot has it, says the image */
	uint64_t len;
	uint64_t host_off;	/* DATA, COMPRESSED */
	uint64_t host_len;	/* COMPRESSED: at most so many bytes */
};

int dw_qcow2_caches_new(struct dw_qcow2 *q, struct dw_err *err);
void dw_qcow2_caches_free(struct dw_qcow2 *q);

/* Finds out how the bytes from off on lie, for at most len; a COMPRESSED run
 * stays within one cluster. */
int dw_qcow2_map(struct dw_qcow2 *q, uint64_t off, uint64_t len,
		 struct dw_qcow2_run *out, struct dw_err *err);

/* An L2 entry as it is on disk; bitmap: of extended ones. */
struct dw_qcow2_entry {
	uint64_t word, bitmap;
};

static inline bool dw_qcow2_has_ext_l2(const struct dw_qcow2 *q)
{
	return q->h.incompat & DW_QCOW2_INCOMPAT_EXT_L2;
}

/* Whether an entry that is not compressed names a cluster.  Bit 63 of one in
 * a file apart tells offset 0 from none. */
static inline bool dw_qcow2_names_cluster(const struct dw_qcow2_header *h,
					  uint64_t word)
{
	return word & DW_QCOW2_OFF_MASK ||
	       (h->incompat & DW_QCOW2_INCOMPAT_DATA_FILE &&
		word & DW_QCOW2_COPIED);
}

static inline bool dw_qcow2_has_cluster(const struct dw_qcow2 *q, uint64_t word)
{
	return dw_qcow2_names_cluster(&q->h, word);
}

/* The bytes of the file that a compressed entry names. */
void dw_qcow2_compressed_place(const struct dw_qcow2_header *h, uint64_t word,
			       uint64_t *off, uint64_t *end);

/* The L2 entry of the cluster at off, all zero where there is no table; and
 * its change, where there is one that is not shared.  Both under the lock. */
int dw_qcow2_get_entry(struct dw_qcow2 *q, uint64_t off,
		       struct dw_qcow2_entry *out, struct dw_err *err);
int dw_qcow2_set_entry(struct dw_qcow2 *q, uint64_t off,
		       const struct dw_qcow2_entry *entry, struct dw_err *err);

/* Reads len bytes from in_off on of the cluster that run describes. */
int dw_qcow2_read_compressed(struct dw_qcow2 *q, const struct dw_qcow2_run *run,
			     uint32_t in_off, void *buf, uint32_t len,
			     struct dw_err *err);

/* Unpacks one cluster, pure: DW_CORRUPT where src does not give dst_len. */
int dw_qcow2_unpack(uint8_t compression, const uint8_t *src, size_t src_len,
		    uint8_t *dst, size_t dst_len, struct dw_err *err);

extern const struct dw_dev_driver dw_qcow2_dev_driver;

/*
 * Makes the refcounts and the flags derived from them those that the tables
 * ask for, whatever they were, and clears the dirty bit: what an image that
 * was not closed needs before it is written.  'file' is writable, and flushed
 * at the end.  DW_CORRUPT where more than that is wrong.
 */
int dw_qcow2_rebuild_refcounts(struct dw_ctx *ctx, struct dw_dev *file,
			       struct dw_err *err);

#endif
