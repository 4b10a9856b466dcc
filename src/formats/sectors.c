/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables of an image, read by the sector as they are needed. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "formats/sectors.h"

/* A sector has one place where it can be kept. */
#define SLOTS_NR 512u

struct dw_sectors_slot {
	uint64_t off;
	bool used;
	uint8_t data[DW_TABLE_SECTOR];
};

int dw_sectors_init(struct dw_sectors *s, struct dw_dev *file,
		    struct dw_err *err)
{
	s->file = file;
	s->slots = calloc(SLOTS_NR, sizeof(*s->slots));
	if (!s->slots)
		return dw_fail_nomem(err);
	pthread_mutex_init(&s->lock, NULL);
	return 0;
}

void dw_sectors_free(struct dw_sectors *s)
{
	if (!s->slots)
		return;
	pthread_mutex_destroy(&s->lock);
	free(s->slots);
}

int dw_sectors_read(struct dw_sectors *s, uint64_t off,
		    uint8_t buf[DW_TABLE_SECTOR], struct dw_err *err)
{
	struct dw_sectors_slot *slot;
	bool found;
	int rc;

	slot = &s->slots[off / DW_TABLE_SECTOR % SLOTS_NR];
	pthread_mutex_lock(&s->lock);
	found = slot->used && slot->off == off;
	if (found)
		memcpy(buf, slot->data, DW_TABLE_SECTOR);
	pthread_mutex_unlock(&s->lock);
	if (found)
		return 0;
	memset(buf, 0, DW_TABLE_SECTOR);
	rc = dw_dev_pread(s->file, off, buf,
			  dw_min(DW_TABLE_SECTOR, s->file->size - off), err);
	if (rc)
		return rc;
	pthread_mutex_lock(&s->lock);
	slot->off = off;
	slot->used = true;
	memcpy(slot->data, buf, DW_TABLE_SECTOR);
	pthread_mutex_unlock(&s->lock);
	return 0;
}
