/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A thin volume in the metadata of its pool: what is mapped, and where to. */
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "lvm/btree.h"
#include "lvm/thin.h"

/* A mapping: the data chunk, and below it the time when it was mapped. */
#define MAPPING_LEN 8u
#define TIME_BITS 24

/* What is known of a volume begins with the number of its mapped chunks. */
#define DETAILS_LEN 24u

/* ---- opening ------------------------------------------------------------ */

/*
 * The superblock's own number of blocks is that of the day when the pool was
 * made; the kernel keeps the space map's when the device grows.
 */
static int read_super(struct dw_pdata *pd, uint32_t chunk_len,
		      struct dw_thin_super *out, struct dw_err *err)
{
	uint8_t block[DW_PDATA_BLOCK_LEN];
	int rc;

	rc = dw_pdata_read(pd, 0, DW_PDATA_SALT_THIN_SUPER, block, err);
	if (rc)
		return rc;
	dw_thin_super_decode(block, out);
	rc = dw_thin_super_check(out, chunk_len, err);
	return rc ? rc : dw_pdata_set_blocks_nr(pd, out->blocks_nr, err);
}

/* DW_NOENT where the pool has no such device. */
static int find_device(struct dw_thin_volume *v,
		       const struct dw_thin_super *super, uint64_t id,
		       struct dw_err *err)
{
	uint8_t details[DETAILS_LEN], tree[8];
	int rc;

	rc = dw_btree_lookup(v->pd, super->details_root_blk, id, details,
			     sizeof(details), err);
	if (rc)
		return rc;
	rc = dw_btree_lookup(v->pd, super->mapping_root_blk, id, tree,
			     sizeof(tree), err);
	if (rc == DW_NOENT)
		return dw_fail(err, DW_CORRUPT, "thin metadata: device %"
			       PRIu64 " has no mappings", id);
	if (rc)
		return rc;
	v->has_tree = true;
	v->tree_blk = dw_le64(tree);
	v->mapped_nr = dw_le64(details);
	return 0;
}

/*
 * LVM writes its text first, and then has the pool make the device, at the
 * transaction that the text says.  Where that was cut short the pool has not
 * got there: LVM will catch up when the volume is next activated, and it will
 * then be empty, or what its parent is now.
 */
static int find_volume(struct dw_thin_volume *v,
		       const struct dw_thin_super *super,
		       const struct dw_thin_params *params, struct dw_err *err)
{
	int rc = find_device(v, super, params->device_id, err);

	if (rc != DW_NOENT)
		return rc;
	if (params->transaction_id < super->transaction_id)
		return dw_fail(err, DW_CORRUPT,
			       "thin metadata: no device %" PRIu64 ", which "
			       "LVM made in transaction %" PRIu64 "; the pool "
			       "has had %" PRIu64, params->device_id,
			       params->transaction_id, super->transaction_id);
	if (!params->parent_id)
		return 0;
	rc = find_device(v, super, params->parent_id, err);
	if (rc == DW_NOENT)
		return dw_fail(err, DW_CORRUPT,
			       "thin metadata: neither device %" PRIu64
			       " nor its parent %" PRIu64, params->device_id,
			       params->parent_id);
	return rc;
}

int dw_thin_volume_open(struct dw_ctx *ctx,
			const struct dw_thin_params *params,
			struct dw_thin_volume *out, struct dw_err *err)
{
	struct dw_thin_super super;
	int rc;

	memset(out, 0, sizeof(*out));
	if (params->size > INT64_MAX)
		return dw_fail(err, DW_CORRUPT, "thin metadata: a volume of %"
			       PRIu64 " bytes", params->size);
	rc = dw_pdata_open(ctx, params->metadata, "thin metadata", &out->pd,
			   err);
	if (!rc)
		rc = read_super(out->pd, params->chunk_len, &super, err);
	if (!rc)
		rc = find_volume(out, &super, params, err);
	if (rc)
		dw_thin_volume_close(out);
	return rc;
}

void dw_thin_volume_close(struct dw_thin_volume *v)
{
	dw_pdata_close(v->pd);
	memset(v, 0, sizeof(*v));
}

int dw_thin_used_len(struct dw_ctx *ctx, const struct dw_thin_params *params,
		     uint64_t *out, struct dw_err *err)
{
	struct dw_thin_volume v;
	int rc;

	*out = 0;
	rc = dw_thin_volume_open(ctx, params, &v, err);
	if (rc)
		return rc;
	/* A volume that was cut off keeps what was mapped behind its end. */
	if (!dw_mul(v.mapped_nr, params->chunk_len, out) ||
	    *out > params->size)
		*out = params->size;
	dw_thin_volume_close(&v);
	return 0;
}

/* ---- mapping ------------------------------------------------------------ */

static uint64_t data_chunk(const struct dw_btree_node *leaf, uint32_t i)
{
	return dw_le64(dw_btree_value(leaf, i)) >> TIME_BITS;
}

/* How many of the leaf's entries from 'at' on, nr at most, lie one behind the
 * other in the volume and in the data. */
static uint64_t count_joined(const struct dw_btree_node *leaf, uint32_t at,
			     uint64_t nr)
{
	uint64_t key = dw_btree_key(leaf, at), chunk = data_chunk(leaf, at);
	uint32_t i, end = at + (uint32_t)dw_min(nr, leaf->nr - at);

	for (i = at + 1; i < end; i++)
		if (dw_btree_key(leaf, i) != key + (i - at) ||
		    data_chunk(leaf, i) != chunk + (i - at))
			break;
	return i - at;
}

int dw_thin_map(const struct dw_thin_volume *v, uint64_t chunk, uint64_t nr,
		struct dw_thin_run *out, struct dw_err *err)
{
	struct dw_btree_node leaf;
	uint32_t at;
	int rc;

	*out = (struct dw_thin_run){ .nr = nr };
	if (!v->has_tree)
		return 0;
	rc = dw_btree_leaf_from(v->pd, v->tree_blk, chunk, MAPPING_LEN, &leaf,
				&at, err);
	if (rc)
		return rc == DW_NOENT ? 0 : rc;
	if (dw_btree_key(&leaf, at) > chunk) {
		out->nr = dw_min(nr, dw_btree_key(&leaf, at) - chunk);
		return 0;
	}
	out->is_mapped = true;
	out->data_chunk = data_chunk(&leaf, at);
	out->nr = count_joined(&leaf, at, nr);
	return 0;
}
