/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Swap space.  A signature ends the first page, whose length is that of the
 * system that made it.  The header behind the boot bits: version u32, number
 * of the last page u32, ... in that system's byte order.  A system that goes to
 * sleep puts another signature in the place (kernel/power/swap.c, uswsusp).
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "job/swap.h"

#define MAGIC_LEN 10
#define HEADER_OFF 1024
#define PAGE_MIN 4096u
#define PAGE_MAX DW_SWAP_START_LEN

static const char awake[][MAGIC_LEN + 1] = {
	"SWAPSPACE2", "SWAP-SPACE",
};
static const char sleeping[][MAGIC_LEN + 1] = {
	"S1SUSPEND", "S2SUSPEND", "ULSUSPEND", "LINHIB0001",
};

static bool is_one_of(const uint8_t *magic, const char (*list)[MAGIC_LEN + 1],
		      size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (!memcmp(magic, list[i], strlen(list[i])))
			return true;
	return false;
}

/* The first page that ends in one of the signatures; 0: none does. */
static int find_page(struct dw_dev *dev, const char (*list)[MAGIC_LEN + 1],
		     size_t nr, uint32_t *page_len, struct dw_err *err)
{
	uint8_t magic[MAGIC_LEN];
	uint32_t len;
	int ret;

	*page_len = 0;
	for (len = PAGE_MIN; len <= PAGE_MAX && len <= dev->size; len *= 2) {
		ret = dw_dev_pread(dev, len - MAGIC_LEN, magic, sizeof(magic),
				   err);
		if (ret)
			return ret;
		if (is_one_of(magic, list, nr)) {
			*page_len = len;
			return 0;
		}
	}
	return 0;
}

/* Where version 1 says that the swap space ends; version 0 does not say. */
static uint64_t find_end(const uint8_t head[8], uint32_t page_len,
			 uint64_t dev_size)
{
	uint64_t last;

	if (dw_le32(head) == 1)
		last = dw_le32(head + 4);
	else if (dw_be32(head) == 1)
		last = dw_be32(head + 4);
	else
		return dev_size;
	return dw_min((last + 1) * page_len, dev_size);
}

bool dw_swap_start_is_asleep(const uint8_t *start, size_t len)
{
	size_t page;

	for (page = PAGE_MIN; page <= PAGE_MAX && page <= len; page *= 2)
		if (is_one_of(start + page - MAGIC_LEN, sleeping, 4))
			return true;
	return false;
}

int dw_swap_is_asleep(struct dw_dev *dev, bool *asleep, struct dw_err *err)
{
	uint32_t page_len;
	int ret = find_page(dev, sleeping, 4, &page_len, err);

	*asleep = page_len;
	return ret;
}

/* What lies in swap space is dead with the system that put it there; the
 * header keeps UUID, label and the list of bad pages. */
int dw_swap_runs(struct dw_dev *dev, struct dw_used_run **runs,
		 size_t *runs_nr, struct dw_err *err)
{
	struct dw_used_run *r;
	uint32_t page_len = 0;
	uint8_t head[8];
	uint64_t end;
	bool asleep;
	int ret;

	*runs = NULL;
	*runs_nr = 0;
	ret = dw_swap_is_asleep(dev, &asleep, err);
	if (!ret && !asleep)
		ret = find_page(dev, awake, 2, &page_len, err);
	if (ret || !page_len)
		return ret;
	ret = dw_dev_pread(dev, HEADER_OFF, head, sizeof(head), err);
	if (ret)
		return ret;
	*runs = r = calloc(2, sizeof(*r));
	if (!r)
		return dw_fail_nomem(err);
	r[(*runs_nr)++] = (struct dw_used_run){ 0, page_len };
	end = find_end(head, page_len, dev->size);
	if (end < dev->size)
		r[(*runs_nr)++] = (struct dw_used_run){ end, dev->size - end };
	return 0;
}
