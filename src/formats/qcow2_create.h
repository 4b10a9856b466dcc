/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing a new qcow2 image, inside this room. */
#ifndef DW_FORMATS_QCOW2_CREATE_H
#define DW_FORMATS_QCOW2_CREATE_H

#include "formats/format.h"
#include "formats/qcow2.h"

int dw_qcow2_create(struct dw_ctx *ctx, struct dw_dev *file, uint64_t size,
		    const struct dw_format_options *options,
		    struct dw_writer **out, struct dw_err *err);

/*
 * What was placed, as runs in the order of the guest: nr clusters from guest_cl
 * on whose L2 entries begin with 'entry' and rise by a cluster each; a
 * compressed cluster is a run of its own.
 */
struct dw_qcow2_placed {
	uint64_t guest_cl;
	uint64_t nr;
	uint64_t entry;
};

/* A host cluster that holds several compressed ones. */
struct dw_qcow2_shared {
	uint64_t host_cl;
	uint32_t refs_nr;
};

/*
 * Where payloads go.  Whole clusters are taken from next_off on.  Compressed
 * payloads fill a cluster of their own, [fill_off, fill_end), and run over
 * into the next one where that is still free.  So no layout needs more host
 * clusters for data than the disk has clusters.
 */
struct dw_qcow2_alloc {
	uint32_t cluster_bits;
	uint64_t next_off;
	uint64_t fill_off, fill_end;
	uint32_t fill_refs_nr;
	struct dw_qcow2_placed *placed;
	size_t placed_nr, placed_cap;
	struct dw_qcow2_shared *shared;
	size_t shared_nr, shared_cap;
	uint64_t cap_len;	/* of the memory for both lists */
};

/* nr whole clusters of the guest from guest_cl on. */
int dw_qcow2_alloc_plain(struct dw_qcow2_alloc *a, uint64_t guest_cl,
			 uint64_t nr, uint64_t *host_off, struct dw_err *err);
/* One cluster in len bytes, fewer than a cluster has. */
int dw_qcow2_alloc_packed(struct dw_qcow2_alloc *a, uint64_t guest_cl,
			  uint32_t len, uint64_t *host_off,
			  struct dw_err *err);
/* Notes the last shared cluster; nothing is placed after it. */
int dw_qcow2_alloc_end(struct dw_qcow2_alloc *a, struct dw_err *err);
void dw_qcow2_alloc_free(struct dw_qcow2_alloc *a);

/* The regions of a new image; each starts and ends with a cluster. */
struct dw_qcow2_layout {
	uint64_t l1_off, l1_nr;
	uint64_t reftable_off, reftable_clusters_nr;
	uint64_t data_off;
	/* Known at the end only. */
	uint64_t l2_off, l2_nr;
	uint64_t refblock_off, refblocks_nr;
	uint64_t end_off;
};

/* The part in front, from the virtual size: DW_LIMIT where the tables would
 * be larger than anyone reads. */
int dw_qcow2_layout_front(struct dw_qcow2_layout *l, uint64_t size,
			  uint32_t cluster_bits, struct dw_err *err);
/* The rest, from what was placed. */
int dw_qcow2_layout_end(struct dw_qcow2_layout *l,
			const struct dw_qcow2_alloc *a, struct dw_err *err);

/* Writes L2 tables, refcount blocks, refcount table and L1.  skip_zeros: the
 * file reads as zeros where nothing was written. */
int dw_qcow2_write_tables(struct dw_dev *file, const struct dw_qcow2_layout *l,
			  const struct dw_qcow2_alloc *a, bool skip_zeros,
			  struct dw_err *err);

#endif
