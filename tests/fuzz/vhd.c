/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VHD: reading, and what else its driver can do. */
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "image.h"

/* The complement of the sum of all bytes but its own four. */
static bool fix_sum(struct dw_dev *dev, uint64_t off, const char *cookie,
		    uint8_t *buf, uint32_t len, uint32_t sum_off)
{
	uint32_t sum = 0;

	if (!dw_in_range(off, len, dev->size) ||
	    dw_dev_pread(dev, off, buf, len, NULL) || memcmp(buf, cookie, 8))
		return false;
	dw_put_be32(buf + sum_off, 0);
	for (uint32_t i = 0; i < len; i++)
		sum += buf[i];
	dw_put_be32(buf + sum_off, ~sum);
	dw_dev_pwrite(dev, off, buf, len, NULL);
	return true;
}

static void fix(struct dw_dev *dev)
{
	uint8_t footer[512], header[1024];

	if (dev->size >= sizeof(footer))
		fix_sum(dev, dev->size - sizeof(footer), "conectix", footer,
			sizeof(footer), 64);
	if (fix_sum(dev, 0, "conectix", footer, sizeof(footer), 64))
		fix_sum(dev, dw_be64(footer + 16), "cxsparse", header,
			sizeof(header), 36);
}

static void run(struct fuzz *z)
{
	fuzz_image(z, "vhd", (enum fuzz_image_do)z->mode);
}

const struct fuzz_target fuzz_target = {
	.name = "vhd",
	.modes_nr = 3,
	.fix = fix,
	.run = run,
};
