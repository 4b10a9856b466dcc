/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The binary indexes of kmod: modules.dep.bin and its kind.
 *
 * The file is a trie, each node behind its children.  Which nodes there are
 * follows from the keys alone, whatever their order, so no tree is built: the
 * entries are sorted, and the nodes on the way to the current key are on a
 * stack.  A node that the next key does not pass any more is complete.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "kmod/index_write.h"

#define MAGIC 0xb007f457u
#define VERSION 0x00020001u
#define HEADER_LEN 12u
#define ROOT_OFF 8u

/* In the upper bits of a node's offset: what the node has. */
#define HAS_PREFIX 0x80000000u
#define HAS_VALUES 0x40000000u
#define HAS_CHILDREN 0x20000000u
#define OFF_END 0x10000000u

/* A node on the way to the current key. */
struct node {
	size_t depth;		/* length of its key */
	size_t first_entry, entries_nr;
	size_t first_child;	/* in the stack of children */
};

/* A node that is written, its parent is not. */
struct child {
	uint8_t c;
	uint32_t ref;
};

struct writer {
	const struct dw_index *index;
	const struct dw_index_entry **sorted;
	struct node *nodes;
	size_t nodes_nr, nodes_cap;
	struct child *children;
	size_t children_nr, children_cap;
	size_t start;		/* of the file in out */
	struct dw_buf *out;
};

void dw_index_free(struct dw_index *index)
{
	dw_buf_free(&index->text);
	free(index->entries);
	memset(index, 0, sizeof(*index));
}

static bool is_ascii(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

/* The array with room for one more item; NULL when out of memory. */
static void *grown(void *items, size_t nr, size_t *cap, size_t item_len)
{
	size_t more = *cap * 2 + 64;
	void *p = items;

	if (nr == *cap) {
		p = reallocarray(items, more, item_len);
		if (p)
			*cap = more;
	}
	return p;
}

int dw_index_add(struct dw_index *index, const char *key, const char *value,
		 uint32_t priority, struct dw_err *err)
{
	struct dw_index_entry *e;

	if (!is_ascii(key))
		return 0;
	e = grown(index->entries, index->nr, &index->cap, sizeof(*e));
	if (!e)
		return dw_fail_nomem(err);
	index->entries = e;
	e += index->nr++;
	e->priority = priority;
	e->key = index->text.len;
	dw_buf_add(&index->text, key, strlen(key) + 1);
	e->value = index->text.len;
	dw_buf_add(&index->text, value, strlen(value) + 1);
	return dw_buf_check(&index->text, err);
}

static const char *key_of(const struct writer *w, size_t i)
{
	return w->index->text.data + w->sorted[i]->key;
}

/* By key; then the lower priority first, of equal ones the later entry. */
static int by_key(const void *a, const void *b, void *arg)
{
	const struct dw_index_entry *ea = *(const struct dw_index_entry **)a;
	const struct dw_index_entry *eb = *(const struct dw_index_entry **)b;
	const char *text = arg;
	int cmp = strcmp(text + ea->key, text + eb->key);

	if (cmp)
		return cmp;
	if (ea->priority != eb->priority)
		return ea->priority < eb->priority ? -1 : 1;
	return ea->key > eb->key ? -1 : 1;
}

static void put32(struct dw_buf *out, uint32_t v)
{
	uint8_t b[4];

	dw_put_be32(b, v);
	dw_buf_add(out, b, sizeof(b));
}

/* A table with a place for each character from the first child's to the
 * last's; they are in their order. */
static void put_children(struct writer *w, const struct node *n)
{
	const struct child *c = w->children + n->first_child;
	size_t nr = w->children_nr - n->first_child;
	uint8_t range[2] = { c[0].c, c[nr - 1].c };

	dw_buf_add(w->out, range, sizeof(range));
	for (unsigned at = range[0]; at <= range[1]; at++) {
		put32(w->out, c->c == at ? c->ref : 0);
		c += c->c == at;
	}
}

static void put_values(struct writer *w, const struct node *n)
{
	const char *text = w->index->text.data;

	put32(w->out, (uint32_t)n->entries_nr);
	for (size_t i = 0; i < n->entries_nr; i++) {
		const struct dw_index_entry *e = w->sorted[n->first_entry + i];

		put32(w->out, e->priority);
		dw_buf_add(w->out, text + e->value, strlen(text + e->value) + 1);
	}
}

/* Writes the uppermost node of the stack, whose key is the start of 'key' and
 * whose prefix is what follows byte 'from' of it. */
static int put_node(struct writer *w, const char *key, size_t from,
		    uint32_t *ref, struct dw_err *err)
{
	const struct node *n = &w->nodes[w->nodes_nr - 1];
	size_t off = w->out->len - w->start;

	*ref = (uint32_t)off;
	if (n->depth > from) {
		dw_buf_add(w->out, key + from, n->depth - from);
		dw_buf_add(w->out, "", 1);
		*ref |= HAS_PREFIX;
	}
	if (w->children_nr > n->first_child) {
		put_children(w, n);
		*ref |= HAS_CHILDREN;
	}
	if (n->entries_nr) {
		put_values(w, n);
		*ref |= HAS_VALUES;
	}
	if (w->out->len - w->start >= OFF_END)
		return dw_fail(err, DW_LIMIT, "an index of modules passes %u "
			       "bytes", OFF_END);
	return dw_buf_check(w->out, err);
}

static int push_node(struct writer *w, size_t depth, size_t entry,
		     size_t entries_nr, size_t first_child, struct dw_err *err)
{
	struct node *n = grown(w->nodes, w->nodes_nr, &w->nodes_cap,
			       sizeof(*n));

	if (!n)
		return dw_fail_nomem(err);
	w->nodes = n;
	n[w->nodes_nr++] = (struct node){ depth, entry, entries_nr,
					  first_child };
	return 0;
}

static int push_child(struct writer *w, struct child c, struct dw_err *err)
{
	struct child *all = grown(w->children, w->children_nr,
				  &w->children_cap, sizeof(*all));

	if (!all)
		return dw_fail_nomem(err);
	w->children = all;
	all[w->children_nr++] = c;
	return 0;
}

/* Writes each node that is deeper than 'depth' on the way to 'key'; a node at
 * that depth is made where its children begin to differ there. */
static int close_nodes(struct writer *w, const char *key, size_t depth,
		       struct dw_err *err)
{
	int ret = 0;

	while (!ret && w->nodes[w->nodes_nr - 1].depth > depth) {
		size_t first = w->nodes[w->nodes_nr - 1].first_child;
		size_t above = w->nodes[w->nodes_nr - 2].depth;
		struct child c;

		if (above < depth)
			above = depth;
		c.c = (uint8_t)key[above];
		ret = put_node(w, key, above + 1, &c.ref, err);
		w->nodes_nr--;
		w->children_nr = first;
		if (!ret && w->nodes[w->nodes_nr - 1].depth < above)
			ret = push_node(w, above, 0, 0, first, err);
		if (!ret)
			ret = push_child(w, c, err);
	}
	return ret;
}

static size_t common_len(const char *a, const char *b)
{
	size_t i = 0;

	while (a[i] && a[i] == b[i])
		i++;
	return i;
}

/* The entries with one key, from number i on. */
static int add_key(struct writer *w, size_t i, size_t nr, struct dw_err *err)
{
	const char *key = key_of(w, i);
	size_t len = strlen(key);
	int ret = 0;

	if (i)
		ret = close_nodes(w, key_of(w, i - 1),
				  common_len(key_of(w, i - 1), key), err);
	if (ret)
		return ret;
	if (!len) {
		w->nodes[0].first_entry = i;
		w->nodes[0].entries_nr = nr;
		return 0;
	}
	return push_node(w, len, i, nr, w->children_nr, err);
}

static int write_nodes(struct writer *w, struct dw_err *err)
{
	const char *last = "";
	uint32_t root;
	size_t nr, i;
	int ret;

	ret = push_node(w, 0, 0, 0, 0, err);
	for (i = 0; !ret && i < w->index->nr; i += nr) {
		last = key_of(w, i);
		for (nr = 1; i + nr < w->index->nr; nr++)
			if (strcmp(last, key_of(w, i + nr)))
				break;
		ret = add_key(w, i, nr, err);
	}
	if (!ret)
		ret = close_nodes(w, last, 0, err);
	if (!ret)
		ret = put_node(w, last, 0, &root, err);
	if (!ret)
		dw_put_be32((uint8_t *)w->out->data + w->start + ROOT_OFF, root);
	return ret;
}

int dw_index_write(const struct dw_index *index, struct dw_buf *out,
		   struct dw_err *err)
{
	struct writer w = { .index = index, .out = out, .start = out->len };
	int ret;

	w.sorted = calloc(index->nr + 1, sizeof(*w.sorted));
	if (!w.sorted)
		return dw_fail_nomem(err);
	for (size_t i = 0; i < index->nr; i++)
		w.sorted[i] = &index->entries[i];
	qsort_r(w.sorted, index->nr, sizeof(*w.sorted), by_key,
		index->text.data);
	put32(out, MAGIC);
	put32(out, VERSION);
	put32(out, 0);
	ret = dw_buf_check(out, err);
	if (!ret)
		ret = write_nodes(&w, err);
	free(w.sorted);
	free(w.nodes);
	free(w.children);
	return ret;
}
