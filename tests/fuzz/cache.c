/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Caches: the image is the metadata, origin and data are plain devices. */
#include "base/bytes.h"
#include "fuzz.h"
#include "lvm/targets.h"
#include "pdata.h"

/* The chunk is the superblock's, or what the control says. */
enum { OWN_CHUNK, OTHER_CHUNK, MODES_NR };

#define CHUNK_UNIT	32768u
#define ORIGIN_UNIT	98304u
#define DATA_UNIT	66560u	/* no multiple of a chunk */
#define AT_BLOCK_LBA	232u

static void fix(struct dw_dev *dev)
{
	fuzz_fix_pdata(dev, DW_PDATA_SALT_CACHE_SUPER);
}

static uint32_t choose_chunk(const struct fuzz *z)
{
	uint8_t buf[4] = { 0 };

	if (z->mode == OWN_CHUNK && z->dev->size >= AT_BLOCK_LBA + 4)
		dw_dev_pread(z->dev, AT_BLOCK_LBA, buf, 4, NULL);
	return z->mode == OWN_CHUNK ? dw_le32(buf) * 512 :
	       z->ctl[FUZZ_OWN + 2] * CHUNK_UNIT;
}

static struct dw_dev *plain_dev(const char *name, uint64_t len)
{
	struct dw_dev *dev;

	if (dw_mem_new(name, len, &dev, NULL))
		fuzz_fail("no %s", name);
	return dev;
}

static void run(struct fuzz *z)
{
	struct dw_cache_params params = {
		.metadata = z->dev,
		.origin = plain_dev("origin", (256u - z->ctl[FUZZ_OWN]) *
				    ORIGIN_UNIT),
		.data = plain_dev("data", (256u - z->ctl[FUZZ_OWN + 1]) *
				  DATA_UNIT),
		.chunk_len = choose_chunk(z),
	};
	struct dw_dev *dev;

	if (!fuzz_result(z, dw_cache_open(z->ctx, "input", &params, &dev,
					  &z->err))) {
		if (dev->size != params.origin->size)
			fuzz_fail("%llu bytes of %llu",
				  (unsigned long long)dev->size,
				  (unsigned long long)params.origin->size);
		fuzz_read_dev(z, dev);
		dw_dev_close(dev, NULL);
	}
	dw_dev_close(params.origin, NULL);
	dw_dev_close(params.data, NULL);
}

const struct fuzz_target fuzz_target = {
	.name = "cache",
	.modes_nr = MODES_NR,
	.fix = fix,
	.run = run,
};
