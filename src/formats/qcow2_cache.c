/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A bounded number of slices of tables that lie in a qcow2 file. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "formats/qcow2.h"

/*
 * Tables are held in slices, because a table of a large cluster stands for
 * far more of the disk than one reader looks at.  512 slices of 4 KiB take
 * 2 MiB; of L2 tables they stand for 16 GiB of a disk with clusters of 64 KiB.
 */
#define SLICE_LEN 4096u
#define SETS_NR 128u
#define WAYS_NR 4u
#define SLICES_NR (SETS_NR * WAYS_NR)

struct dw_qcow2_slice {
	uint64_t off;		/* in the file; 0: empty */
	uint64_t used;		/* tick of the last use */
	uint8_t *data;
	bool is_dirty;
};

int dw_qcow2_cache_init(struct dw_qcow2_cache *c, uint32_t cluster_len,
			const char *what, struct dw_err *err)
{
	c->slice_len = (uint32_t)dw_min(SLICE_LEN, cluster_len);
	c->what = what;
	c->slices = calloc(SLICES_NR, sizeof(*c->slices));
	return c->slices ? 0 : dw_fail_nomem(err);
}

void dw_qcow2_cache_free(struct dw_qcow2_cache *c)
{
	unsigned i;

	for (i = 0; c->slices && i < SLICES_NR; i++)
		free(c->slices[i].data);
	free(c->slices);
	memset(c, 0, sizeof(*c));
}

/* Tables lie at regular distances; the product spreads them over the sets. */
static struct dw_qcow2_slice *set_of(struct dw_qcow2_cache *c, uint64_t off)
{
	uint64_t hash = off / c->slice_len * UINT64_C(0x9e3779b97f4a7c15);

	return c->slices + (hash >> 32) % SETS_NR * WAYS_NR;
}

/* The slot that holds off, or NULL. */
static struct dw_qcow2_slice *find(struct dw_qcow2_cache *c, uint64_t off)
{
	struct dw_qcow2_slice *set = set_of(c, off);
	unsigned i;

	for (i = 0; i < WAYS_NR; i++)
		if (set[i].off == off)
			return &set[i];
	return NULL;
}

/* The one of off's set that was longest unused; NULL where all are dirty. */
static struct dw_qcow2_slice *find_victim(struct dw_qcow2_cache *c,
					  uint64_t off)
{
	struct dw_qcow2_slice *set = set_of(c, off), *oldest = NULL;
	unsigned i;

	for (i = 0; i < WAYS_NR; i++)
		if (!set[i].is_dirty && (!oldest || set[i].used < oldest->used))
			oldest = &set[i];
	return oldest;
}

static int fill(struct dw_qcow2 *q, struct dw_qcow2_cache *c, uint64_t off,
		struct dw_qcow2_slice **out, struct dw_err *err)
{
	struct dw_qcow2_slice *s = find_victim(c, off);
	int rc;

	if (!s) {
		rc = c->write_back(q, err);
		if (rc)
			return rc;
		s = find_victim(c, off);
	}
	s->off = 0;
	if (!s->data)
		s->data = malloc(c->slice_len);
	if (!s->data)
		return dw_fail_nomem(err);
	rc = dw_dev_pread(q->file, off, s->data, c->slice_len, err);
	if (rc)
		return dw_err_prefix(err, rc, "qcow2: %s", c->what);
	s->off = off;
	*out = s;
	return 0;
}

int dw_qcow2_cache_get(struct dw_qcow2 *q, struct dw_qcow2_cache *c,
		       uint64_t off, bool dirty, uint8_t **data,
		       struct dw_err *err)
{
	uint64_t slice_off = dw_round_down(off, c->slice_len);
	struct dw_qcow2_slice *s = find(c, slice_off);
	int rc;

	*data = NULL;
	if (!s) {
		rc = fill(q, c, slice_off, &s, err);
		if (rc)
			return rc;
	}
	s->used = ++c->tick;
	if (dirty && !s->is_dirty) {
		s->is_dirty = true;
		c->dirty_nr++;
	}
	*data = s->data + (off - slice_off);
	return 0;
}

int dw_qcow2_cache_write(struct dw_qcow2 *q, struct dw_qcow2_cache *c,
			 struct dw_err *err)
{
	struct dw_qcow2_slice *s;
	int rc;

	for (s = c->slices; c->dirty_nr && s < c->slices + SLICES_NR; s++) {
		if (!s->is_dirty)
			continue;
		rc = c->check_write(q, s->off, err);
		if (!rc)
			rc = dw_dev_pwrite(q->file, s->off, s->data,
					   c->slice_len, err);
		if (rc)
			return dw_err_prefix(err, rc, "qcow2: %s", c->what);
		s->is_dirty = false;
		c->dirty_nr--;
	}
	return 0;
}

void dw_qcow2_cache_drop(struct dw_qcow2_cache *c, uint64_t off, uint64_t len)
{
	struct dw_qcow2_slice *s;
	uint64_t at;

	for (at = off; at < off + len; at += c->slice_len) {
		s = find(c, at);
		if (!s)
			continue;
		c->dirty_nr -= s->is_dirty;
		s->is_dirty = false;
		s->off = 0;
		s->used = 0;
	}
}
