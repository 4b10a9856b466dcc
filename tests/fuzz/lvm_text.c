/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of a volume group, on one or two physical volumes that are right:
 * grammar, decoding, checks, and opening what came of it. */
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "lvm/mda.h"
#include "lvmset.h"

enum { ONE, TWO, MODES_NR };

#define SECTOR 512u
#define MDA_OFF 4096u
#define MDA_LEN 262144u
#define PV_SIZE (1u << 20)

/* PVs of the group in tests/images. */
static const char *const ids[] = {
	"aaaaaa0000111122223333444455555a",
	"bbbbbb0000111122223333444455555b",
};

static void put(struct dw_dev *dev, uint64_t off, const void *buf, size_t len)
{
	if (dw_dev_pwrite(dev, off, buf, len, NULL))
		fuzz_fail("no room for %zu bytes", len);
}

static void put_label(struct dw_dev *dev, const char *id)
{
	uint8_t buf[SECTOR] = "LABELONE";

	dw_put_le64(buf + 8, 1);
	dw_put_le32(buf + 20, 32);
	memcpy(buf + 24, "LVM2 001", 8);
	memcpy(buf + 32, id, 32);
	dw_put_le64(buf + 64, PV_SIZE);
	/* No data areas, one metadata area. */
	dw_put_le64(buf + 88, MDA_OFF);
	dw_put_le64(buf + 96, MDA_LEN);
	put(dev, SECTOR, buf, sizeof(buf));
}

static void put_text(struct dw_dev *dev, const uint8_t *text, size_t len)
{
	uint8_t buf[SECTOR] = { 0 };

	memcpy(buf + 4, " LVM2 x[5A%r0N*>", 16);
	dw_put_le32(buf + 20, 1);
	dw_put_le64(buf + 24, MDA_OFF);
	dw_put_le64(buf + 32, MDA_LEN);
	dw_put_le64(buf + 40, SECTOR);
	dw_put_le64(buf + 48, len);
	put(dev, MDA_OFF, buf, sizeof(buf));
	put(dev, MDA_OFF + SECTOR, text, len);
}

static struct dw_dev *make_pv(const struct fuzz *z, const char *id)
{
	struct dw_dev *dev;

	if (dw_mem_new("pv", PV_SIZE, &dev, NULL))
		fuzz_fail("no device");
	put_label(dev, id);
	put_text(dev, z->data, dw_min(z->len, MDA_LEN - SECTOR));
	fuzz_fix_pv(dev);
	return dev;
}

static void run(struct fuzz *z)
{
	struct dw_dev *devs[2] = { NULL };
	size_t i, nr = z->mode == TWO ? 2 : 1;

	for (i = 0; i < nr; i++)
		devs[i] = make_pv(z, ids[i]);
	fuzz_lvm_set(z, devs, nr);
	for (i = 0; i < nr; i++)
		dw_dev_close(devs[i], NULL);
}

const struct fuzz_target fuzz_target = {
	.name = "lvm_text",
	.modes_nr = MODES_NR,
	.plain = true,
	.run = run,
};
