/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Physical volumes as images: one, and two that lie one behind the other. */
#include "lvmset.h"

enum { ONE, TWO, MODES_NR };

/* Halves are whole sectors. */
static uint64_t half(const struct dw_dev *dev)
{
	return dev->size / 1024 * 512;
}

static struct dw_dev *window(struct dw_dev *dev, uint64_t off, uint64_t len)
{
	struct dw_dev *out;

	if (dw_window_new(dev, off, len, off ? "second" : "first", &out,
			  NULL))
		fuzz_fail("no window");
	return out;
}

/* Both ways: which one counts is for the control to say, later. */
static void fix(struct dw_dev *dev)
{
	struct dw_dev *second = window(dev, half(dev), half(dev));

	fuzz_fix_pv(dev);
	fuzz_fix_pv(second);
	dw_dev_close(second, NULL);
}

static void run(struct fuzz *z)
{
	struct dw_dev *devs[2];

	if (z->mode == ONE) {
		fuzz_lvm_set(z, &z->dev, 1);
		return;
	}
	devs[0] = window(z->dev, 0, half(z->dev));
	devs[1] = window(z->dev, half(z->dev), half(z->dev));
	fuzz_lvm_set(z, devs, 2);
	dw_dev_close(devs[0], NULL);
	dw_dev_close(devs[1], NULL);
}

const struct fuzz_target fuzz_target = {
	.name = "lvm_label",
	.modes_nr = MODES_NR,
	.fix = fix,
	.run = run,
};
