/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A new image file that grows while several threads write to it. */
#include <inttypes.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "formats/grow.h"

/* The file grows in steps, so that threads seldom wait for each other. */
#define STEP_LEN (64u << 20)
/* The block of most host filesystems: the smallest hole. */
#define HOLE_LEN 4096u

void dw_grow_init(struct dw_grow *g, struct dw_dev *file)
{
	g->file = file;
	g->is_fresh = !file->size;
	pthread_rwlock_init(&g->lock, NULL);
}

void dw_grow_free(struct dw_grow *g)
{
	pthread_rwlock_destroy(&g->lock);
}

/* Where the step is too much (a limit, a full host), what is needed may still
 * fit. */
static int reach_locked(struct dw_grow *g, uint64_t end, struct dw_err *err)
{
	int rc;

	if (g->file->size >= end)
		return 0;
	if (!g->is_fresh)
		return dw_fail(err, DW_NOSPACE,
			       "%s: has %" PRIu64 " bytes, %" PRIu64
			       " are needed", g->file->name, g->file->size,
			       end);
	rc = dw_dev_resize(g->file, dw_round_up(end, STEP_LEN), err);
	if (rc == DW_NOSPACE)
		rc = dw_dev_resize(g->file, end, err);
	return rc;
}

int dw_grow_reach(struct dw_grow *g, uint64_t end, struct dw_err *err)
{
	int rc;

	pthread_rwlock_wrlock(&g->lock);
	rc = reach_locked(g, end, err);
	pthread_rwlock_unlock(&g->lock);
	return rc;
}

int dw_grow_pwrite(struct dw_grow *g, uint64_t off, const void *buf,
		   size_t len, struct dw_err *err)
{
	int rc;

	pthread_rwlock_rdlock(&g->lock);
	if (g->file->size < off + len) {
		pthread_rwlock_unlock(&g->lock);
		rc = dw_grow_reach(g, off + len, err);
		if (rc)
			return rc;
		pthread_rwlock_rdlock(&g->lock);
	}
	rc = dw_dev_pwrite(g->file, off, buf, len, err);
	pthread_rwlock_unlock(&g->lock);
	return rc;
}

/* From *at on: a run of zeros is passed over, and then the length of the run
 * that holds data is returned; 0 at the end. */
static size_t next_data(uint64_t off, const uint8_t *buf, size_t len,
			size_t *at)
{
	size_t start = len, pos = *at, block;

	for (; pos < len; pos += block) {
		block = dw_min(HOLE_LEN - (off + pos) % HOLE_LEN, len - pos);
		if (!dw_is_zero(buf + pos, block))
			start = dw_min(start, pos);
		else if (start != len)
			break;
	}
	*at = start;
	return pos - start;
}

int dw_grow_put(struct dw_grow *g, uint64_t off, const void *buf, size_t len,
		struct dw_err *err)
{
	size_t at = 0, data_len;
	int rc = 0;

	if (!g->is_fresh)
		return dw_grow_pwrite(g, off, buf, len, err);
	while (!rc && (data_len = next_data(off, buf, len, &at))) {
		rc = dw_grow_pwrite(g, off + at, (const uint8_t *)buf + at,
				    data_len, err);
		at += data_len;
	}
	return rc;
}

int dw_grow_end(struct dw_grow *g, uint64_t end, struct dw_err *err)
{
	return g->is_fresh ? dw_dev_resize(g->file, end, err) :
			     dw_grow_reach(g, end, err);
}
