/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a host file's bytes lie on the host's disk, and closing gaps in it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/falloc.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/checked.h"
#include "dev/hostmap.h"

#define BATCH 512u
/* A file of more pieces would make an undo record of hundreds of megabytes. */
#define MAX_EXTENTS (4u << 20)

static int append(struct dw_hostmap *map, const struct fiemap *batch,
		  struct dw_err *err)
{
	const struct fiemap_extent *e;
	struct dw_host_extent *extents;
	uint32_t i;

	if (map->nr + batch->fm_mapped_extents > MAX_EXTENTS)
		return dw_fail(err, DW_LIMIT,
			       "the file lies in more than %u pieces",
			       MAX_EXTENTS);
	extents = realloc(map->extents, (map->nr + batch->fm_mapped_extents) *
			  sizeof(*extents));
	if (!extents)
		return dw_fail_nomem(err);
	map->extents = extents;
	for (i = 0; i < batch->fm_mapped_extents; i++) {
		e = &batch->fm_extents[i];
		extents[map->nr++] = (struct dw_host_extent){
			e->fe_logical, e->fe_physical, e->fe_length,
		};
	}
	return 0;
}

/* Ends: each batch starts behind the last extent of the one before. */
static int read_batches(int fd, struct fiemap *batch, struct dw_hostmap *out,
			struct dw_err *err)
{
	const struct fiemap_extent *last;
	uint64_t start = 0;
	int ret;

	for (;;) {
		memset(batch, 0, sizeof(*batch));
		batch->fm_start = start;
		batch->fm_length = FIEMAP_MAX_OFFSET - start;
		batch->fm_flags = FIEMAP_FLAG_SYNC;
		batch->fm_extent_count = BATCH;
		if (ioctl(fd, FS_IOC_FIEMAP, batch) < 0)
			return dw_fail(err, DW_UNSUPPORTED,
				       "the host's filesystem does not tell "
				       "where a file lies (FIEMAP: %s)",
				       strerrorname_np(errno));
		if (!batch->fm_mapped_extents)
			return 0;
		ret = append(out, batch, err);
		if (ret)
			return ret;
		last = &batch->fm_extents[batch->fm_mapped_extents - 1];
		if (last->fe_flags & FIEMAP_EXTENT_LAST)
			return 0;
		start = last->fe_logical + last->fe_length;
	}
}

int dw_hostmap_read(int fd, struct dw_hostmap *out, struct dw_err *err)
{
	struct fiemap *batch;
	int ret;

	memset(out, 0, sizeof(*out));
	batch = malloc(sizeof(*batch) + BATCH * sizeof(batch->fm_extents[0]));
	if (!batch)
		return dw_fail_nomem(err);
	ret = read_batches(fd, batch, out, err);
	free(batch);
	if (ret)
		dw_hostmap_free(out);
	return ret;
}

void dw_hostmap_free(struct dw_hostmap *map)
{
	free(map->extents);
	memset(map, 0, sizeof(*map));
}

static int by_physical(const void *a, const void *b)
{
	const struct dw_host_extent *x = a, *y = b;

	return x->physical_off < y->physical_off ? -1
						 : x->physical_off > y->physical_off;
}

/* The file offset of a physical byte; false where the file does not hold it. */
static bool find_physical(const struct dw_hostmap *sorted, uint64_t physical,
			  uint64_t *off)
{
	size_t lo = 0, hi = sorted->nr, mid;
	const struct dw_host_extent *e;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (sorted->extents[mid].physical_off <= physical)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return false;
	e = &sorted->extents[lo - 1];
	if (physical - e->physical_off >= e->len)
		return false;
	*off = e->off + (physical - e->physical_off);
	return true;
}

/*
 * Filesystems move extents from the end of the file towards the insertion, so
 * that a move that was cut short leaves the upper extents moved.  Extents that
 * are no longer found (rewritten elsewhere by a copy-on-write host) say
 * nothing either way.
 */
bool dw_hostmap_shifted(const struct dw_hostmap *before,
			const struct dw_hostmap *now, uint64_t insert_len,
			uint64_t *from_off)
{
	struct dw_hostmap sorted = { .nr = now->nr };
	bool shifted = false;
	uint64_t off;
	size_t i;

	if (!now->nr)
		return false;
	sorted.extents = malloc(now->nr * sizeof(*now->extents));
	if (!sorted.extents)
		return false;
	memcpy(sorted.extents, now->extents, now->nr * sizeof(*now->extents));
	qsort(sorted.extents, sorted.nr, sizeof(*sorted.extents), by_physical);
	for (i = 0; i < before->nr && !shifted; i++) {
		if (!find_physical(&sorted, before->extents[i].physical_off,
				   &off) ||
		    off != before->extents[i].off + insert_len)
			continue;
		shifted = true;
		*from_off = i ? before->extents[i].off : 0;
	}
	dw_hostmap_free(&sorted);
	return shifted;
}

int dw_hostfile_collapse(int fd, uint64_t off, uint64_t len,
			 struct dw_err *err)
{
	int ret;

	do {
		ret = fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, (off_t)off,
				(off_t)len);
	} while (ret < 0 && errno == EINTR);
	if (ret < 0)
		return dw_fail_errno(err, errno,
				     "removal of %" PRIu64 " bytes at %" PRIu64,
				     len, off);
	return 0;
}
