/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Btrees of the kernel's persistent-data library: numbers to values of one
 * length, each node a block.
 *
 * Every descent starts at the root and tells each node which keys may be in
 * it: those from its own key in the node above up to the next one there.  A
 * node that is empty or holds another key is damaged.  That is what makes all
 * walks end: two ways that lead to one node are two ranges without a common
 * key, which cannot both hold what is in it, so that no node is met twice.
 * The exception is a circle of nodes with one entry each, whose range never
 * gets smaller; the depth is bounded for that.
 */
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "lvm/btree.h"

/* Offsets in a node; see NOTES.md. */
enum {
	NODE_FLAGS = 4,
	NODE_NR = 16,
	NODE_MAX_NR = 20,
	NODE_VALUE_LEN = 24,
};

#define FLAG_INTERNAL 1u
#define FLAG_LEAF 2u

/* Block numbers, in nodes that are no leaves. */
#define CHILD_LEN 8u

/* Nodes of the kernel are at least a third full, 42 entries; 12 levels of such
 * are more keys than there are. */
#define LEVELS_MAX 16u

/* ---- a node ------------------------------------------------------------- */

static uint32_t flags_of(const struct dw_btree_node *n)
{
	return dw_le32(n->block + NODE_FLAGS) & (FLAG_INTERNAL | FLAG_LEAF);
}

static void decode(struct dw_btree_node *n)
{
	n->is_leaf = flags_of(n) == FLAG_LEAF;
	n->nr = dw_le32(n->block + NODE_NR);
	n->max_nr = dw_le32(n->block + NODE_MAX_NR);
	n->value_len = dw_le32(n->block + NODE_VALUE_LEN);
}

/* value_len: of a leaf. */
static int check_shape(const struct dw_btree_node *n, size_t value_len,
		       struct dw_err *err)
{
	size_t want_len = n->is_leaf ? value_len : CHILD_LEN;
	uint32_t flags = flags_of(n);

	if (flags != FLAG_INTERNAL && flags != FLAG_LEAF)
		return dw_fail(err, DW_CORRUPT,
			       "neither a leaf nor above leaves (flags %" PRIu32
			       ")", dw_le32(n->block + NODE_FLAGS));
	if (n->value_len != want_len)
		return dw_fail(err, DW_CORRUPT,
			       "values of %" PRIu32 " bytes in place of %zu",
			       n->value_len, want_len);
	if (n->max_nr > (DW_PDATA_BLOCK_LEN - DW_BTREE_HEADER_LEN) /
			(8 + want_len))
		return dw_fail(err, DW_CORRUPT, "room for %" PRIu32 " entries "
			       "of %zu bytes", n->max_nr, 8 + want_len);
	if (n->nr > n->max_nr)
		return dw_fail(err, DW_CORRUPT, "%" PRIu32 " entries, with "
			       "room for %" PRIu32, n->nr, n->max_nr);
	return 0;
}

static int check_keys(const struct dw_btree_node *n, struct dw_err *err)
{
	uint64_t key = dw_btree_key(n, 0), next;
	uint32_t i;

	if (key < n->first)
		return dw_fail(err, DW_CORRUPT,
			       "its first key, %" PRIu64 ", is below %" PRIu64
			       " of the node above", key, n->first);
	for (i = 1; i < n->nr; i++, key = next) {
		next = dw_btree_key(n, i);
		if (next <= key)
			return dw_fail(err, DW_CORRUPT,
				       "key %" PRIu64 " after %" PRIu64,
				       next, key);
	}
	if (key > n->last)
		return dw_fail(err, DW_CORRUPT,
			       "its last key, %" PRIu64 ", is past %" PRIu64
			       " of the node above", key, n->last);
	return 0;
}

/* blk, first and last are set; fills in the rest. */
static int read_node(struct dw_pdata *pd, bool is_root, size_t value_len,
		     struct dw_btree_node *n, struct dw_err *err)
{
	int rc = dw_pdata_read(pd, n->blk, DW_PDATA_SALT_BTREE, n->block, err);

	if (rc)
		return rc;
	decode(n);
	rc = check_shape(n, value_len, err);
	if (!rc && n->nr)
		rc = check_keys(n, err);
	else if (!rc && !(is_root && n->is_leaf))
		rc = dw_fail(err, DW_CORRUPT, "it is empty");
	if (!rc)
		return 0;
	return dw_err_prefix(err, rc, "%s: btree node at block %" PRIu64,
			     dw_pdata_what(pd), n->blk);
}

/* The first entry whose key is not below 'key'; nr where there is none. */
static uint32_t find(const struct dw_btree_node *n, uint64_t key)
{
	uint32_t lo = 0, hi = n->nr, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (dw_btree_key(n, mid) < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* ---- descending --------------------------------------------------------- */

/* Turns n into the block number and the range of its child for 'key'. */
static void step_down(struct dw_btree_node *n, uint64_t key)
{
	uint32_t i = find(n, key);

	/* The last whose key is not above this one; the first for any lower. */
	if (i && (i == n->nr || dw_btree_key(n, i) > key))
		i--;
	if (i + 1 < n->nr)
		n->last = dw_btree_key(n, i + 1) - 1;
	n->first = dw_btree_key(n, i);
	n->blk = dw_le64(dw_btree_value(n, i));
}

/* The leaf whose range holds 'key', or the first one for a key below all.
 * Where it has none from 'key' on, the next is in the leaf of its last + 1. */
static int find_leaf(struct dw_pdata *pd, uint64_t root_blk, uint64_t key,
		     size_t value_len, struct dw_btree_node *out,
		     struct dw_err *err)
{
	unsigned level;
	int rc;

	out->blk = root_blk;
	out->first = 0;
	out->last = UINT64_MAX;
	for (level = 0; level < LEVELS_MAX; level++) {
		rc = read_node(pd, level == 0, value_len, out, err);
		if (rc || out->is_leaf)
			return rc;
		step_down(out, key);
	}
	return dw_fail(err, DW_CORRUPT, "%s: the btree at block %" PRIu64
		       " has more than %u levels, down to block %" PRIu64,
		       dw_pdata_what(pd), root_blk, LEVELS_MAX, out->blk);
}

int dw_btree_leaf_from(struct dw_pdata *pd, uint64_t root_blk, uint64_t key,
		       size_t value_len, struct dw_btree_node *out,
		       uint32_t *at, struct dw_err *err)
{
	int rc;

	/* It ends because 'key' only grows, and at the second leaf at the
	 * latest, none being empty. */
	for (;; key = out->last + 1) {
		rc = find_leaf(pd, root_blk, key, value_len, out, err);
		if (rc)
			return rc;
		*at = find(out, key);
		if (*at < out->nr)
			return 0;
		if (out->last == UINT64_MAX)
			return dw_fail(err, DW_NOENT,
				       "%s: the btree at block %" PRIu64
				       " has no key from %" PRIu64 " on",
				       dw_pdata_what(pd), root_blk, key);
	}
}

/* ---- values ------------------------------------------------------------- */

int dw_btree_next(struct dw_pdata *pd, uint64_t root_blk, uint64_t *key,
		  void *value, size_t value_len, struct dw_err *err)
{
	struct dw_btree_node leaf;
	uint32_t at;
	int rc;

	rc = dw_btree_leaf_from(pd, root_blk, *key, value_len, &leaf, &at,
				err);
	if (rc)
		return rc;
	*key = dw_btree_key(&leaf, at);
	memcpy(value, dw_btree_value(&leaf, at), value_len);
	return 0;
}

int dw_btree_lookup(struct dw_pdata *pd, uint64_t root_blk, uint64_t key,
		    void *value, size_t value_len, struct dw_err *err)
{
	struct dw_btree_node leaf;
	uint32_t at;
	int rc;

	rc = find_leaf(pd, root_blk, key, value_len, &leaf, err);
	if (rc)
		return rc;
	at = find(&leaf, key);
	if (at == leaf.nr || dw_btree_key(&leaf, at) != key)
		return dw_fail(err, DW_NOENT,
			       "%s: the btree at block %" PRIu64
			       " has no key %" PRIu64, dw_pdata_what(pd),
			       root_blk, key);
	memcpy(value, dw_btree_value(&leaf, at), value_len);
	return 0;
}

int dw_btree_walk(struct dw_pdata *pd, uint64_t root_blk, size_t value_len,
		  dw_btree_fn fn, void *arg, struct dw_err *err)
{
	struct dw_btree_node leaf;
	uint64_t key = 0;
	uint32_t i;
	int rc;

	/* It ends because each leaf has higher keys than the one before. */
	do {
		rc = dw_pdata_check_cancel(pd, err);
		if (!rc)
			rc = find_leaf(pd, root_blk, key, value_len, &leaf,
				       err);
		for (i = 0; !rc && i < leaf.nr; i++)
			rc = fn(arg, dw_btree_key(&leaf, i),
				dw_btree_value(&leaf, i), err);
		key = rc ? 0 : leaf.last + 1;
	} while (!rc && key);
	return rc;
}
