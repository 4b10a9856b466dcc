/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What device-mapper calls targets: one constructor for each way in which a
 * volume is put together out of others.  All hold references on the devices
 * given, report extents where they know them, and are read-only unless they
 * say otherwise.
 */
#ifndef DW_LVM_TARGETS_H
#define DW_LVM_TARGETS_H

#include "base/ctx.h"
#include "dev/dev.h"

/*
 * Chunk k of stripe_len bytes lies in leg k % legs_nr, in its row k / legs_nr.
 * Writable where all legs are; extents tell where the bytes lie in host files.
 */
int dw_striped_new(const char *name, struct dw_dev *const *legs,
		   size_t legs_nr, uint32_t stripe_len, uint64_t size,
		   struct dw_dev **out, struct dw_err *err);

/* Every read fails with 'why': dm's error target, and a leg that is gone. */
int dw_error_new(const char *name, uint64_t size, enum dw_code code,
		 const char *why, struct dw_dev **out, struct dw_err *err);

/* A mirror's and raid1's legs all hold the same. */

enum dw_raid_level {
	DW_RAID_0, DW_RAID_1, DW_RAID_4, DW_RAID_5, DW_RAID_6, DW_RAID_10,
};

struct dw_raid_leg {
	struct dw_dev *data;	/* NULL: missing */
	struct dw_dev *meta;	/* dm-raid's superblock; NULL: missing */
	bool is_writemostly;	/* raid1: not read where there is another */
};

/*
 * 'type' is LVM's name: "raid1", "raid5_ls", "raid6_zr" ...; it tells the
 * level, the layout and the number of parity legs.  Names of layouts that are
 * not handled are DW_UNSUPPORTED.
 */
struct dw_raid_set {
	const char *type;
	struct dw_raid_leg *legs;
	size_t legs_nr;
	uint32_t stripe_len;	/* 0 for raid1 */
	uint64_t size;		/* of the volume */
	bool has_metas;		/* else no leg has a superblock */
	bool is_notsynced;
	bool is_writebehind;	/* raid1: write-mostly legs are, and lag */
	unsigned data_copies;	/* raid10: 0 means 2 */
};

/*
 * Legs that are missing, or that the newest superblock calls failed or not yet
 * rebuilt, are rebuilt from the others while reading; too few of them are
 * DW_NOENT.  raid1 with all its legs is writable where they are and none may
 * lag.
 */
int dw_raid_new(const char *name, const struct dw_raid_set *set,
		struct dw_dev **out, struct dw_err *err);

struct dw_mirror_params {
	struct dw_dev *const *legs;	/* NULL: missing */
	size_t legs_nr;
	struct dw_dev *log;		/* NULL: a core log, or missing */
	bool is_log_missing;		/* there is one on disk, but not here */
	uint64_t region_len;
	bool is_notsynced;
};

/* dm-mirror.  DW_NOENT: the first leg is missing, and nothing says that
 * another one holds the same. */
int dw_mirror_new(struct dw_ctx *ctx, const char *name,
		  const struct dw_mirror_params *params, struct dw_dev **out,
		  struct dw_err *err);

/*
 * A snapshot: the origin as it was, by the persistent exception store in cow,
 * which knows its own chunks.  It is as long as the origin given: where that
 * was extended later, a window of what the snapshot's segment covers.  A store
 * that overflowed or was invalidated is DW_CORRUPT.
 */
int dw_cow_open(struct dw_ctx *ctx, const char *name, struct dw_dev *origin,
		struct dw_dev *cow, struct dw_dev **out, struct dw_err *err);
/* An origin into which a snapshot is being merged: what is not merged yet is
 * read from the store, all of it from the origin where the store was lost. */
int dw_cow_open_merging(struct dw_ctx *ctx, const char *name,
			struct dw_dev *origin, struct dw_dev *cow,
			struct dw_dev **out, struct dw_err *err);
/* What lvs counts as used, bytes: headers, exceptions, and the chunks in use;
 * all of a store that was lost, nothing of one that was never active. */
int dw_cow_used_len(struct dw_ctx *ctx, struct dw_dev *cow, uint64_t *out,
		    struct dw_err *err);

struct dw_thin_params {
	struct dw_dev *metadata;	/* of the pool */
	struct dw_dev *data;
	struct dw_dev *external_origin;	/* NULL: what is unmapped is zero */
	uint32_t chunk_len;		/* of the pool, as LVM has it */
	uint64_t device_id;
	/* Of the volume, as LVM has them: for one that LVM made, but the pool
	 * has not yet. */
	uint64_t transaction_id;
	uint64_t parent_id;		/* of what it is a snapshot; 0: none */
	uint64_t size;
};

int dw_thin_open(struct dw_ctx *ctx, const char *name,
		 const struct dw_thin_params *params, struct dw_dev **out,
		 struct dw_err *err);
/* What is mapped of one volume, bytes. */
int dw_thin_used_len(struct dw_ctx *ctx, const struct dw_thin_params *params,
		     uint64_t *out, struct dw_err *err);

struct dw_cache_params {
	struct dw_dev *origin;
	struct dw_dev *metadata;
	struct dw_dev *data;
	uint32_t chunk_len;
};

/* The newest of origin and cache: of a cache that was shut down cleanly its
 * dirty blocks, else all that are valid.  Of a cachevol, metadata and data are
 * windows.  The metadata knows its own version. */
int dw_cache_open(struct dw_ctx *ctx, const char *name,
		  const struct dw_cache_params *params, struct dw_dev **out,
		  struct dw_err *err);

#endif
