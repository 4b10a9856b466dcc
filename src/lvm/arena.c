/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory for what a text is made into: many small pieces, freed together. */
#include <inttypes.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "lvm/arena.h"

#define CHUNK_LEN (64u << 10)
#define ALIGN alignof(max_align_t)

struct dw_arena_chunk {
	struct dw_arena_chunk *next;
	size_t used, len;
	alignas(max_align_t) uint8_t data[];
};

static int fail_cap(const struct dw_arena *a, struct dw_err *err)
{
	return dw_fail(err, DW_LIMIT,
		       "lvm: the metadata needs more than %" PRIu64
		       " bytes of memory", a->cap_len);
}

/* A piece that is larger than a chunk gets one of its own. */
static int add_chunk(struct dw_arena *a, size_t len, struct dw_err *err)
{
	struct dw_arena_chunk *chunk;
	uint64_t held_len;

	len = dw_max(len, dw_min(CHUNK_LEN, a->cap_len - a->held_len));
	if (!dw_add(a->held_len, len, &held_len) || held_len > a->cap_len)
		return fail_cap(a, err);
	chunk = calloc(1, sizeof(*chunk) + len);
	if (!chunk)
		return dw_fail_nomem(err);
	chunk->len = len;
	chunk->next = a->chunks;
	a->chunks = chunk;
	a->held_len = held_len;
	return 0;
}

int dw_arena_alloc(struct dw_arena *a, size_t nr, size_t len, void *out,
		   struct dw_err *err)
{
	struct dw_arena_chunk *chunk = a->chunks;
	uint64_t need_len;
	void *p;
	int rc;

	if (!dw_mul(nr, len, &need_len) || need_len > a->cap_len)
		return fail_cap(a, err);
	need_len = dw_round_up(need_len, ALIGN);
	if (!chunk || need_len > chunk->len - chunk->used) {
		rc = add_chunk(a, need_len, err);
		if (rc)
			return rc;
		chunk = a->chunks;
	}
	p = chunk->data + chunk->used;
	chunk->used += need_len;
	memcpy(out, &p, sizeof(p));
	return 0;
}

int dw_arena_dup(struct dw_arena *a, const char *s, size_t len, char **out,
		 struct dw_err *err)
{
	int rc = dw_arena_alloc(a, len + 1, 1, out, err);

	if (!rc)
		memcpy(*out, s, len);
	return rc;
}

void dw_arena_free(struct dw_arena *a)
{
	struct dw_arena_chunk *chunk, *next;

	for (chunk = a->chunks; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	a->chunks = NULL;
	a->held_len = 0;
}
