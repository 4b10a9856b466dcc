/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A few compressed units (clusters, grains) of an image, kept unpacked. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "formats/inflated.h"

/*
 * Filesystem readers ask for blocks of 4 KiB and less; without a cache each
 * of them would unpack its unit again.
 */
#define CACHE_LEN (2u << 20)
#define SLOTS_NR_MIN 2u
#define SLOTS_NR_MAX 16u

struct dw_inflated_slot {
	uint64_t key;
	uint64_t used;		/* tick of the last use; 0: empty */
	uint8_t *data;
};

void dw_inflated_init(struct dw_inflated *cache, uint32_t unit_len)
{
	*cache = (struct dw_inflated){ .unit_len = unit_len };
	pthread_mutex_init(&cache->lock, NULL);
}

void dw_inflated_free(struct dw_inflated *cache)
{
	unsigned i;

	for (i = 0; i < cache->slots_nr; i++)
		free(cache->slots[i].data);
	free(cache->slots);
	pthread_mutex_destroy(&cache->lock);
}

/* The one that holds the unit, else the one to give up next. */
static struct dw_inflated_slot *find_slot(struct dw_inflated *cache,
					  uint64_t key)
{
	struct dw_inflated_slot *oldest = cache->slots, *slot;

	for (slot = oldest; slot < cache->slots + cache->slots_nr; slot++) {
		if (slot->used && slot->key == key)
			return slot;
		if (slot->used < oldest->used)
			oldest = slot;
	}
	return oldest;
}

bool dw_inflated_read(struct dw_inflated *cache, uint64_t key,
		      uint32_t in_off, void *buf, uint32_t len)
{
	struct dw_inflated_slot *slot;
	bool found = false;

	pthread_mutex_lock(&cache->lock);
	if (cache->slots) {
		slot = find_slot(cache, key);
		found = slot->used && slot->key == key;
	}
	if (found) {
		slot->used = ++cache->tick;
		memcpy(buf, slot->data + in_off, len);
	}
	pthread_mutex_unlock(&cache->lock);
	return found;
}

void dw_inflated_keep_take(struct dw_inflated *cache, uint64_t key,
			   uint8_t *data)
{
	struct dw_inflated_slot *slot;
	unsigned nr = CACHE_LEN / cache->unit_len;

	nr = (unsigned)dw_min(dw_max(nr, SLOTS_NR_MIN), SLOTS_NR_MAX);
	pthread_mutex_lock(&cache->lock);
	if (!cache->slots) {
		cache->slots = calloc(nr, sizeof(*cache->slots));
		cache->slots_nr = cache->slots ? nr : 0;
	}
	if (cache->slots) {
		slot = find_slot(cache, key);
		free(slot->data);
		slot->data = data;
		slot->key = key;
		slot->used = ++cache->tick;
		data = NULL;
	}
	pthread_mutex_unlock(&cache->lock);
	free(data);
}
