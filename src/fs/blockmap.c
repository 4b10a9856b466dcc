/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Extents and block lists of an inode; see blockmap.h. */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "fs/blockmap.h"

#define EXTENT_MAGIC		0xf30au
#define EXTENT_MAX_DEPTH	5u
#define EXTENT_HEADER_LEN	12u
#define EXTENT_ENTRY_LEN	12u
#define EXTENT_INIT_MAX		32768u
#define DIRECT_NR		12u

bool dw_blockmap_looks_like_extents(const uint8_t *i_block)
{
	/* For a list of blocks to look like this its second one would have to
	 * be a small number that belongs to the first group's metadata. */
	return dw_le16(i_block) == EXTENT_MAGIC && dw_le16(i_block + 4) == 4 &&
	       dw_le16(i_block + 6) <= EXTENT_MAX_DEPTH;
}

static int found_run(struct dw_blockmap *m, uint64_t log, uint64_t blk,
		     uint32_t nr, struct dw_err *err)
{
	if (log < m->next_log)
		return dw_fail(err, DW_CORRUPT, "%s %u: block %llu of the file "
			       "comes after block %llu", m->what, m->ino,
			       (unsigned long long)log,
			       (unsigned long long)m->next_log);
	if (blk == 0 || !dw_in_range(blk, nr, m->blocks_nr))
		return dw_fail(err, DW_CORRUPT, "%s %u: %u blocks at %llu of "
			       "%llu", m->what, m->ino, nr,
			       (unsigned long long)blk,
			       (unsigned long long)m->blocks_nr);
	if (nr > m->blocks_nr - m->seen_nr)
		return dw_fail(err, DW_CORRUPT, "%s %u: more blocks than the "
			       "filesystem's %llu", m->what, m->ino,
			       (unsigned long long)m->blocks_nr);
	m->seen_nr += nr;
	m->next_log = log + nr;
	return m->run(m->arg, log, blk, nr, err);
}

/* Fetches a node into a new buffer, which the caller frees. */
static int fetch_node(struct dw_blockmap *m, uint64_t blk, uint8_t **out,
		      struct dw_err *err)
{
	*out = NULL;
	if (blk == 0 || blk >= m->blocks_nr)
		return dw_fail(err, DW_CORRUPT, "%s %u: block list at block "
			       "%llu of %llu", m->what, m->ino,
			       (unsigned long long)blk,
			       (unsigned long long)m->blocks_nr);
	if (++m->nodes_nr > m->blocks_nr)
		return dw_fail(err, DW_CORRUPT, "%s %u: its block lists go "
			       "round", m->what, m->ino);
	*out = malloc(m->block_len);
	if (!*out)
		return dw_fail_nomem(err);
	return m->fetch(m->arg, blk, *out, err);
}

static int leave_node(struct dw_blockmap *m, uint64_t blk, struct dw_err *err)
{
	return m->node ? m->node(m->arg, blk, err) : 0;
}

/* ---- extents ------------------------------------------------------------ */

static int check_header(const struct dw_blockmap *m, const uint8_t *node,
			uint32_t len, unsigned depth, struct dw_err *err)
{
	uint32_t entries = dw_le16(node + 2);

	if (dw_le16(node) != EXTENT_MAGIC || dw_le16(node + 6) != depth)
		return dw_fail(err, DW_CORRUPT, "%s %u: extent node with magic "
			       "number 0x%04x and depth %u, not %u", m->what,
			       m->ino, dw_le16(node), dw_le16(node + 6),
			       depth);
	if (entries > (len - EXTENT_HEADER_LEN) / EXTENT_ENTRY_LEN)
		return dw_fail(err, DW_CORRUPT, "%s %u: extent node with %u "
			       "entries in %u bytes", m->what, m->ino, entries,
			       len);
	return 0;
}

static int walk_leaf(struct dw_blockmap *m, const uint8_t *p,
		     struct dw_err *err)
{
	uint32_t nr = dw_le16(p + 4);

	/* A length above the maximum marks blocks not written yet. */
	if (nr > EXTENT_INIT_MAX)
		nr -= EXTENT_INIT_MAX;
	if (nr == 0)
		return dw_fail(err, DW_CORRUPT, "%s %u: empty extent at block "
			       "%u of the file", m->what, m->ino, dw_le32(p));
	return found_run(m, dw_le32(p),
			 (uint64_t)dw_le16(p + 6) << 32 | dw_le32(p + 8), nr,
			 err);
}

/*
 * Ends because depth falls with each level, a node has a bounded number of
 * entries, and found_run() and fetch_node() count what they are given.
 */
static int walk_extents(struct dw_blockmap *m, const uint8_t *node,
			uint32_t len, unsigned depth, struct dw_err *err)
{
	const uint8_t *p = node + EXTENT_HEADER_LEN;
	uint32_t i, entries = dw_le16(node + 2);
	uint64_t blk;
	uint8_t *child;
	int ret;

	ret = check_header(m, node, len, depth, err);
	for (i = 0; !ret && i < entries; i++, p += EXTENT_ENTRY_LEN) {
		if (depth == 0) {
			ret = walk_leaf(m, p, err);
			continue;
		}
		blk = dw_le32(p + 4) | (uint64_t)dw_le16(p + 8) << 32;
		ret = fetch_node(m, blk, &child, err);
		if (!ret)
			ret = walk_extents(m, child, m->block_len, depth - 1,
					   err);
		if (!ret)
			ret = leave_node(m, blk, err);
		free(child);
	}
	return ret;
}

/* ---- block lists -------------------------------------------------------- */

/*
 * level 0: blk holds data; n: it holds numbers of blocks of level n - 1.  A
 * 0 is a hole, of any size.  Ends because level falls and because found_run()
 * and fetch_node() count.
 */
static int walk_list(struct dw_blockmap *m, uint64_t blk, uint64_t log,
		     uint64_t span, unsigned level, struct dw_err *err)
{
	uint32_t i, per_block = m->block_len / 4;
	uint8_t *list;
	int ret;

	if (blk == 0)
		return 0;
	if (level == 0)
		return found_run(m, log, blk, 1, err);
	span /= per_block;
	ret = fetch_node(m, blk, &list, err);
	for (i = 0; !ret && i < per_block; i++)
		ret = walk_list(m, dw_le32(list + 4 * i), log + i * span, span,
				level - 1, err);
	if (!ret)
		ret = leave_node(m, blk, err);
	free(list);
	return ret;
}

static int walk_lists(struct dw_blockmap *m, const uint8_t *i_block,
		      struct dw_err *err)
{
	uint64_t log = DIRECT_NR, span = 1;
	unsigned i;
	int ret = 0;

	for (i = 0; !ret && i < DIRECT_NR; i++)
		ret = walk_list(m, dw_le32(i_block + 4 * i), i, 1, 0, err);
	for (i = 1; !ret && i <= 3; i++) {
		span *= m->block_len / 4;
		ret = walk_list(m, dw_le32(i_block + 4 * (DIRECT_NR + i - 1)),
				log, span, i, err);
		log += span;
	}
	return ret;
}

int dw_blockmap_walk(struct dw_blockmap *m, const uint8_t *i_block,
		     bool is_extents, struct dw_err *err)
{
	unsigned depth = dw_le16(i_block + 6);

	m->seen_nr = m->nodes_nr = m->next_log = 0;
	if (!is_extents)
		return walk_lists(m, i_block, err);
	if (depth > EXTENT_MAX_DEPTH)
		return dw_fail(err, DW_CORRUPT, "%s %u: extents %u levels deep",
			       m->what, m->ino, depth);
	return walk_extents(m, i_block, DW_BLOCKMAP_LEN, depth, err);
}
