/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A sparse ordered array: a tree of nodes with 64 slots, one level for each
 * six bits of the highest key.  Level 0 holds values, the others children.
 * Nodes are not given back before the tree is: they are few and small.
 */
#include <stdlib.h>

#include "base/radix.h"

#define BITS 6
#define SLOTS (1u << BITS)
/* 11 levels of 6 bits cover 64. */
#define MAX_HEIGHT 11

struct dw_radix_node {
	union {
		struct dw_radix_node *child;
		uint64_t value;
	} slot[SLOTS];
};

static unsigned index_at(uint64_t key, unsigned level)
{
	return key >> (level * BITS) & (SLOTS - 1);
}

static bool covers(const struct dw_radix *tree, uint64_t key)
{
	return tree->height >= MAX_HEIGHT ||
	       !(key >> (tree->height * BITS));
}

uint64_t dw_radix_get(const struct dw_radix *tree, uint64_t key)
{
	const struct dw_radix_node *node = tree->root;
	unsigned level;

	if (!node || !covers(tree, key))
		return 0;
	for (level = tree->height - 1; level; level--) {
		node = node->slot[index_at(key, level)].child;
		if (!node)
			return 0;
	}
	return node->slot[index_at(key, 0)].value;
}

static int grow(struct dw_radix *tree, uint64_t key, struct dw_err *err)
{
	struct dw_radix_node *node;

	while (!tree->root || !covers(tree, key)) {
		node = calloc(1, sizeof(*node));
		if (!node)
			return dw_fail_nomem(err);
		node->slot[0].child = tree->root;
		tree->root = node;
		tree->height++;
	}
	return 0;
}

int dw_radix_set(struct dw_radix *tree, uint64_t key, uint64_t value,
		 struct dw_err *err)
{
	struct dw_radix_node *node, **child;
	unsigned level;
	int ret;

	if (!value && !dw_radix_get(tree, key))
		return 0;
	ret = grow(tree, key, err);
	if (ret)
		return ret;
	node = tree->root;
	for (level = tree->height - 1; level; level--) {
		child = &node->slot[index_at(key, level)].child;
		if (!*child)
			*child = calloc(1, sizeof(**child));
		if (!*child)
			return dw_fail_nomem(err);
		node = *child;
	}
	node->slot[index_at(key, 0)].value = value;
	return 0;
}

/* At most MAX_HEIGHT deep. */
static bool next_in(const struct dw_radix_node *node, unsigned level,
		    uint64_t key, uint64_t base, uint64_t *found,
		    uint64_t *value)
{
	unsigned i = index_at(key, level);
	uint64_t at;

	for (; i < SLOTS; i++, key = 0) {
		at = base | (uint64_t)i << (level * BITS);
		if (!level && node->slot[i].value) {
			*found = at;
			*value = node->slot[i].value;
			return true;
		}
		if (level && node->slot[i].child &&
		    next_in(node->slot[i].child, level - 1, key, at, found,
			    value))
			return true;
	}
	return false;
}

bool dw_radix_next(const struct dw_radix *tree, uint64_t key,
		   uint64_t *found, uint64_t *value)
{
	if (!tree->root || !covers(tree, key))
		return false;
	return next_in(tree->root, tree->height - 1, key, 0, found, value);
}

static void free_node(struct dw_radix_node *node, unsigned level)
{
	unsigned i;

	if (!node)
		return;
	for (i = 0; level && i < SLOTS; i++)
		free_node(node->slot[i].child, level - 1);
	free(node);
}

void dw_radix_free(struct dw_radix *tree)
{
	if (tree->height)
		free_node(tree->root, tree->height - 1);
	tree->root = NULL;
	tree->height = 0;
}
