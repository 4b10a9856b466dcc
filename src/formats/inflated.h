/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A few compressed units (clusters, grains) of an image, kept unpacked. */
#ifndef DW_FORMATS_INFLATED_H
#define DW_FORMATS_INFLATED_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct dw_inflated_slot;

struct dw_inflated {
	pthread_mutex_t lock;
	uint32_t unit_len;
	uint64_t tick;
	struct dw_inflated_slot *slots;	/* made on first use */
	unsigned slots_nr;
};

void dw_inflated_init(struct dw_inflated *cache, uint32_t unit_len);
void dw_inflated_free(struct dw_inflated *cache);

/* Copies len bytes from in_off on of the unit that is known by key (its place
 * in the file or on the disk); false where it is not kept. */
bool dw_inflated_read(struct dw_inflated *cache, uint64_t key,
		      uint32_t in_off, void *buf, uint32_t len);

/* Takes data, unit_len bytes from malloc(), in place of what was not used for
 * the longest time. */
void dw_inflated_keep_take(struct dw_inflated *cache, uint64_t key,
			   uint8_t *data);

#endif
