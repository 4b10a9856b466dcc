/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layout of a new qcow2 image: which byte of the file each payload takes. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "formats/qcow2_create.h"

#define REFS_MAX 65535u		/* what a refcount of 16 bits holds */

/* Makes room for one more element of a list. */
static int reserve(void **list, size_t nr, size_t *cap, size_t elem_len,
		   struct dw_err *err)
{
	size_t want = *cap ? *cap * 2 : 64;
	void *p;

	if (nr < *cap)
		return 0;
	p = reallocarray(*list, want, elem_len);
	if (!p)
		return dw_fail_nomem(err);
	*list = p;
	*cap = want;
	return 0;
}

static int check_cap(const struct dw_qcow2_alloc *a, struct dw_err *err)
{
	uint64_t len = a->placed_nr * sizeof(*a->placed) +
		       a->shared_nr * sizeof(*a->shared);

	if (len < a->cap_len)
		return 0;
	return dw_fail(err, DW_LIMIT,
		       "qcow2: the map of the new image takes more than the %"
		       PRIu64 " bytes of memory allowed; use larger clusters",
		       a->cap_len);
}

static int add_placed(struct dw_qcow2_alloc *a, uint64_t guest_cl, uint64_t nr,
		      uint64_t entry, struct dw_err *err)
{
	int rc;

	rc = check_cap(a, err);
	if (!rc)
		rc = reserve((void **)&a->placed, a->placed_nr, &a->placed_cap,
			     sizeof(*a->placed), err);
	if (!rc)
		a->placed[a->placed_nr++] = (struct dw_qcow2_placed){
			.guest_cl = guest_cl, .nr = nr, .entry = entry,
		};
	return rc;
}

/* Whether the clusters simply go on where the last run ends. */
static bool extends_last(const struct dw_qcow2_alloc *a, uint64_t guest_cl,
			 uint64_t entry)
{
	const struct dw_qcow2_placed *last;

	if (!a->placed_nr)
		return false;
	last = &a->placed[a->placed_nr - 1];
	return !(last->entry & DW_QCOW2_COMPRESSED) &&
	       last->guest_cl + last->nr == guest_cl &&
	       last->entry + (last->nr << a->cluster_bits) == entry;
}

int dw_qcow2_alloc_plain(struct dw_qcow2_alloc *a, uint64_t guest_cl,
			 uint64_t nr, uint64_t *host_off, struct dw_err *err)
{
	uint64_t entry = a->next_off | DW_QCOW2_COPIED;
	int rc = 0;

	*host_off = a->next_off;
	if (extends_last(a, guest_cl, entry))
		a->placed[a->placed_nr - 1].nr += nr;
	else
		rc = add_placed(a, guest_cl, nr, entry, err);
	if (!rc)
		a->next_off += nr << a->cluster_bits;
	return rc;
}

/* The filled cluster gets no more; a single reference is the normal case,
 * and is not listed. */
static int close_fill(struct dw_qcow2_alloc *a, struct dw_err *err)
{
	int rc;

	if (a->fill_refs_nr <= 1)
		return 0;
	rc = reserve((void **)&a->shared, a->shared_nr, &a->shared_cap,
		     sizeof(*a->shared), err);
	if (!rc)
		a->shared[a->shared_nr++] = (struct dw_qcow2_shared){
			.host_cl = (a->fill_end >> a->cluster_bits) - 1,
			.refs_nr = a->fill_refs_nr,
		};
	return rc;
}

/* A new cluster to fill; the bytes before fill_off are of the last one. */
static int open_fill(struct dw_qcow2_alloc *a, uint32_t refs_nr,
		     struct dw_err *err)
{
	int rc = close_fill(a, err);

	if (rc)
		return rc;
	a->next_off += UINT64_C(1) << a->cluster_bits;
	a->fill_end = a->next_off;
	a->fill_refs_nr = refs_nr;
	return 0;
}

/* Finds a place for len bytes and counts the references of what it touches. */
static int fill(struct dw_qcow2_alloc *a, uint32_t len, uint64_t *host_off,
		struct dw_err *err)
{
	uint64_t left = a->fill_end - a->fill_off;
	bool is_full = a->fill_refs_nr == REFS_MAX;
	int rc;

	if (is_full || !left || (left < len && a->fill_end != a->next_off)) {
		a->fill_off = a->next_off;
		rc = open_fill(a, 1, err);
	} else {
		a->fill_refs_nr++;
		rc = left < len ? open_fill(a, 1, err) : 0;
	}
	*host_off = a->fill_off;
	a->fill_off += len;
	return rc;
}

int dw_qcow2_alloc_packed(struct dw_qcow2_alloc *a, uint64_t guest_cl,
			  uint32_t len, uint64_t *host_off, struct dw_err *err)
{
	unsigned off_bits = 62 - (a->cluster_bits - 8);
	uint64_t more_nr;
	int rc;

	rc = fill(a, len, host_off, err);
	if (rc)
		return rc;
	if (*host_off >> off_bits)
		return dw_fail(err, DW_LIMIT,
			       "qcow2: a compressed cluster at %" PRIu64
			       " does not fit into its table", *host_off);
	more_nr = (*host_off + len - 1) / 512 - *host_off / 512;
	return add_placed(a, guest_cl, 1,
			  *host_off | more_nr << off_bits | DW_QCOW2_COMPRESSED,
			  err);
}

int dw_qcow2_alloc_end(struct dw_qcow2_alloc *a, struct dw_err *err)
{
	int rc = close_fill(a, err);

	a->fill_refs_nr = 0;
	return rc;
}

void dw_qcow2_alloc_free(struct dw_qcow2_alloc *a)
{
	free(a->placed);
	free(a->shared);
}

/* Refcount blocks that count nr clusters and themselves, 2 bytes each. */
static uint64_t refblocks_for(uint64_t nr, uint32_t cluster_bits)
{
	uint64_t per_block = UINT64_C(1) << (cluster_bits - 1);

	/* Each block counts per_block clusters, one of which is itself. */
	return dw_div_up(nr, per_block - 1);
}

int dw_qcow2_layout_front(struct dw_qcow2_layout *l, uint64_t size,
			  uint32_t cluster_bits, struct dw_err *err)
{
	uint64_t cluster_len = UINT64_C(1) << cluster_bits;
	uint64_t clusters_nr = dw_div_up(size, cluster_len);
	uint64_t l1_clusters, blocks, reftable_nr = 0, need;

	memset(l, 0, sizeof(*l));
	l->l1_nr = dw_max(dw_div_up(clusters_nr, cluster_len / 8), 1);
	if (l->l1_nr > DW_QCOW2_L1_MAX_LEN / 8)
		return dw_fail(err, DW_LIMIT,
			       "qcow2: a disk of %" PRIu64 " bytes needs larger "
			       "clusters than %" PRIu64 " bytes", size,
			       cluster_len);
	l1_clusters = dw_div_up(l->l1_nr * 8, cluster_len);
	/* Every cluster used; the table counts itself, so it may grow. */
	do {
		need = reftable_nr;
		blocks = refblocks_for(1 + l1_clusters + need + l->l1_nr +
				       clusters_nr, cluster_bits);
		reftable_nr = dw_div_up(blocks * 8, cluster_len);
	} while (reftable_nr > need);
	if (reftable_nr << cluster_bits > DW_QCOW2_REFTABLE_MAX_LEN)
		return dw_fail(err, DW_LIMIT,
			       "qcow2: a disk of %" PRIu64 " bytes needs larger "
			       "clusters than %" PRIu64 " bytes", size,
			       cluster_len);
	l->l1_off = cluster_len;
	l->reftable_off = l->l1_off + l1_clusters * cluster_len;
	l->reftable_clusters_nr = reftable_nr;
	l->data_off = l->reftable_off + reftable_nr * cluster_len;
	return 0;
}

/* L2 tables that hold at least one entry. */
static uint64_t count_l2(const struct dw_qcow2_alloc *a)
{
	unsigned l2_bits = a->cluster_bits - 3;
	uint64_t first, last, nr = 0, end = 0;
	size_t i;

	for (i = 0; i < a->placed_nr; i++) {
		const struct dw_qcow2_placed *p = &a->placed[i];

		first = dw_max(p->guest_cl >> l2_bits, end);
		last = (p->guest_cl + p->nr - 1) >> l2_bits;
		if (last >= first) {
			nr += last - first + 1;
			end = last + 1;
		}
	}
	return nr;
}

int dw_qcow2_layout_end(struct dw_qcow2_layout *l,
			const struct dw_qcow2_alloc *a, struct dw_err *err)
{
	uint64_t cluster_len = UINT64_C(1) << a->cluster_bits;

	l->l2_off = a->next_off;
	l->l2_nr = count_l2(a);
	l->refblock_off = l->l2_off + l->l2_nr * cluster_len;
	l->refblocks_nr = refblocks_for(l->refblock_off >> a->cluster_bits,
					a->cluster_bits);
	l->end_off = l->refblock_off + l->refblocks_nr * cluster_len;
	if (l->refblocks_nr * 8 > l->reftable_clusters_nr * cluster_len)
		return dw_fail(err, DW_LIMIT,
			       "qcow2: %" PRIu64 " refcount blocks, but room for "
			       "%" PRIu64, l->refblocks_nr,
			       l->reftable_clusters_nr * cluster_len / 8);
	return 0;
}
