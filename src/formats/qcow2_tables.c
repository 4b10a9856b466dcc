/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of a new qcow2 image, written in rising order of the file. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "formats/qcow2_create.h"

#define WINDOW_LEN (256u << 10)
#define PAGE_LEN 4096u

/*
 * A window that moves up through a region of the file and is written when it
 * is left.  Tables of a sparse disk are mostly zeros: pages in which nothing
 * was put are not written where the file is known to read as zeros.
 */
struct window {
	struct dw_dev *file;
	uint64_t off, end;	/* the window starts at off; region's end */
	bool dirty, skip_zeros;
	uint8_t *buf;
};

/* Writes the pages of the window that hold anything. */
static int write_pages(struct window *w, size_t len, struct dw_err *err)
{
	size_t at, start = 0;
	int rc = 0;

	for (at = 0; !rc && at < len; at += PAGE_LEN) {
		size_t page_len = dw_min(PAGE_LEN, len - at);

		if (!dw_is_zero(w->buf + at, page_len))
			continue;
		if (at > start)
			rc = dw_dev_pwrite(w->file, w->off + start,
					   w->buf + start, at - start, err);
		start = at + page_len;
	}
	if (!rc && start < len)
		rc = dw_dev_pwrite(w->file, w->off + start, w->buf + start,
				   len - start, err);
	return rc;
}

static int window_flush(struct window *w, struct dw_err *err)
{
	size_t len = dw_min(WINDOW_LEN, w->end - w->off);
	int rc = 0;

	if (!w->skip_zeros)
		rc = dw_dev_pwrite(w->file, w->off, w->buf, len, err);
	else if (w->dirty)
		rc = write_pages(w, len, err);
	if (w->dirty)
		memset(w->buf, 0, len);
	w->dirty = false;
	w->off += len;
	return rc;
}

/* Makes the window hold off; regions and windows are multiples of 512, so
 * that an entry never lies across their edge. */
static int window_at(struct window *w, uint64_t off, uint8_t **p,
		     struct dw_err *err)
{
	int rc = 0;

	if (off - w->off >= WINDOW_LEN && !w->dirty && w->skip_zeros)
		w->off += dw_round_down(off - w->off, WINDOW_LEN);
	while (!rc && off - w->off >= WINDOW_LEN)
		rc = window_flush(w, err);
	w->dirty = true;
	*p = w->buf + (off - w->off);
	return rc;
}

static int put_be64(struct window *w, uint64_t off, uint64_t v,
		    struct dw_err *err)
{
	uint8_t *p;
	int rc = window_at(w, off, &p, err);

	if (!rc)
		dw_put_be64(p, v);
	return rc;
}

static int put_be16(struct window *w, uint64_t off, uint16_t v,
		    struct dw_err *err)
{
	uint8_t *p;
	int rc = window_at(w, off, &p, err);

	if (!rc)
		dw_put_be16(p, v);
	return rc;
}

static void window_start(struct window *w, uint64_t off, uint64_t end)
{
	w->off = off;
	w->end = end;
	w->dirty = false;
}

static int window_end(struct window *w, struct dw_err *err)
{
	int rc = 0;

	while (!rc && w->off < w->end)
		rc = window_flush(w, err);
	return rc;
}

/* Neighbouring entries of one L2 table. */
struct segment {
	uint64_t l1_i;		/* the table's L1 entry */
	uint64_t table_off;	/* the table's place in the file */
	uint64_t first;		/* entries from here on, */
	uint64_t nr;		/* so many, */
	uint64_t entry;		/* the first of them */
};

/* Walks what was placed: the run, and the clusters of it that are done. */
struct walk {
	size_t i;
	uint64_t done_nr;
	uint64_t tables_nr;
	uint64_t last_l1_i;
};

/* Tables exist only where something was placed, one after the other. */
static bool next_segment(struct walk *walk, const struct dw_qcow2_layout *l,
			 const struct dw_qcow2_alloc *a, struct segment *s)
{
	unsigned l2_bits = a->cluster_bits - 3;
	const struct dw_qcow2_placed *p;
	uint64_t cl;

	if (walk->i == a->placed_nr)
		return false;
	p = &a->placed[walk->i];
	cl = p->guest_cl + walk->done_nr;
	s->l1_i = cl >> l2_bits;
	if (!walk->tables_nr || s->l1_i != walk->last_l1_i)
		walk->tables_nr++;
	walk->last_l1_i = s->l1_i;
	s->table_off = l->l2_off + ((walk->tables_nr - 1) << a->cluster_bits);
	s->first = cl - (s->l1_i << l2_bits);
	s->nr = dw_min(p->nr - walk->done_nr,
		       (UINT64_C(1) << l2_bits) - s->first);
	s->entry = p->entry + (walk->done_nr << a->cluster_bits);
	walk->done_nr += s->nr;
	if (walk->done_nr == p->nr) {
		walk->i++;
		walk->done_nr = 0;
	}
	return true;
}

static int write_l2(struct window *w, const struct dw_qcow2_layout *l,
		    const struct dw_qcow2_alloc *a, struct dw_err *err)
{
	struct walk walk = { 0 };
	struct segment s;
	uint64_t k;
	int rc = 0;

	window_start(w, l->l2_off, l->refblock_off);
	while (!rc && next_segment(&walk, l, a, &s))
		for (k = 0; !rc && k < s.nr; k++)
			rc = put_be64(w, s.table_off + (s.first + k) * 8,
				      s.entry + (k << a->cluster_bits), err);
	return rc ? rc : window_end(w, err);
}

static int write_l1(struct window *w, const struct dw_qcow2_layout *l,
		    const struct dw_qcow2_alloc *a, struct dw_err *err)
{
	struct walk walk = { 0 };
	struct segment s;
	int rc = 0;

	window_start(w, l->l1_off, l->reftable_off);
	while (!rc && next_segment(&walk, l, a, &s))
		rc = put_be64(w, l->l1_off + s.l1_i * 8,
			      s.table_off | DW_QCOW2_COPIED, err);
	return rc ? rc : window_end(w, err);
}

static int write_refblocks(struct window *w, const struct dw_qcow2_layout *l,
			   const struct dw_qcow2_alloc *a, struct dw_err *err)
{
	uint64_t cl, end_cl = l->end_off >> a->cluster_bits;
	const struct dw_qcow2_shared *s = a->shared;
	const struct dw_qcow2_shared *s_end = s + a->shared_nr;
	uint16_t refs_nr;
	int rc = 0;

	window_start(w, l->refblock_off, l->end_off);
	for (cl = 0; !rc && cl < end_cl; cl++) {
		refs_nr = 1;
		if (s < s_end && s->host_cl == cl)
			refs_nr = (uint16_t)s++->refs_nr;
		rc = put_be16(w, l->refblock_off + cl * 2, refs_nr, err);
	}
	return rc ? rc : window_end(w, err);
}

static int write_reftable(struct window *w, const struct dw_qcow2_layout *l,
			  const struct dw_qcow2_alloc *a, struct dw_err *err)
{
	uint64_t i;
	int rc = 0;

	window_start(w, l->reftable_off, l->data_off);
	for (i = 0; !rc && i < l->refblocks_nr; i++)
		rc = put_be64(w, l->reftable_off + i * 8,
			      l->refblock_off + (i << a->cluster_bits), err);
	return rc ? rc : window_end(w, err);
}

int dw_qcow2_write_tables(struct dw_dev *file, const struct dw_qcow2_layout *l,
			  const struct dw_qcow2_alloc *a, bool skip_zeros,
			  struct dw_err *err)
{
	struct window w = { .file = file, .skip_zeros = skip_zeros };
	int rc;

	w.buf = calloc(1, WINDOW_LEN);
	if (!w.buf)
		return dw_fail_nomem(err);
	rc = write_l2(&w, l, a, err);
	if (!rc)
		rc = write_refblocks(&w, l, a, err);
	if (!rc)
		rc = write_reftable(&w, l, a, err);
	if (!rc)
		rc = write_l1(&w, l, a, err);
	free(w.buf);
	return rc;
}
