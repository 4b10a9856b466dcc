/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A volume of a group of which only some of the physical volumes are given,
 * for shell tests:
 *
 *   raidtool read VG/LV PV...              its bytes, to standard output
 *   raidtool write VG/LV OFF TEXT PV...    writes there
 *
 * An error is one line "code N: text" on standard error, and exit status 1.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "dev/kinds.h"
#include "lvm/lvm.h"

#define STEP_LEN 100000u

static struct dw_ctx *ctx;
static struct dw_err err;

static int add(struct dw_lvm *lvm, const char *path, unsigned flags)
{
	struct dw_dev *pv;
	int ret = dw_file_open(ctx, path, flags, &pv, &err);

	if (!ret)
		ret = dw_lvm_add(lvm, pv, &err);
	dw_dev_close(pv, NULL);
	return ret;
}

static int open_volume(char *name, char **paths, unsigned flags,
		       struct dw_dev **out)
{
	char *lv_name = strchr(name, '/');
	const struct dw_vg *vg;
	const struct dw_lv *lv;
	struct dw_lvm *lvm;
	int ret;

	*out = NULL;
	if (!lv_name)
		return dw_fail(&err, DW_USAGE, "%s is no VG/LV", name);
	*lv_name++ = '\0';
	ret = dw_lvm_new(ctx, &lvm, &err);
	for (; !ret && *paths; paths++)
		ret = add(lvm, *paths, flags);
	if (!ret)
		ret = dw_lvm_assemble(lvm, &err);
	if (!ret)
		ret = dw_lvm_find_vg(lvm, name, &vg, &err);
	if (!ret)
		ret = dw_lvm_find_lv(vg, lv_name, &lv, &err);
	if (!ret)
		ret = dw_lv_open(ctx, lv, lv_name, out, &err);
	dw_lvm_free(lvm);
	return ret;
}

static int read_all(struct dw_dev *dev)
{
	static uint8_t buf[STEP_LEN];
	uint64_t off, step;
	int ret;

	for (off = 0; off < dev->size; off += step) {
		step = dw_min(STEP_LEN, dev->size - off);
		ret = dw_dev_pread(dev, off, buf, step, &err);
		if (ret)
			return ret;
		if (fwrite(buf, 1, step, stdout) != step)
			return dw_fail(&err, DW_IO, "standard output");
	}
	return 0;
}

static int run(int argc, char **argv)
{
	struct dw_dev *dev = NULL;
	int ret;

	if (argc > 3 && !strcmp(argv[1], "read")) {
		ret = open_volume(argv[2], argv + 3, 0, &dev);
		if (!ret)
			ret = read_all(dev);
	} else if (argc > 5 && !strcmp(argv[1], "write")) {
		ret = open_volume(argv[2], argv + 5, DW_OPEN_RDWR, &dev);
		if (!ret)
			ret = dw_dev_pwrite(dev, strtoull(argv[3], NULL, 0),
					    argv[4], strlen(argv[4]), &err);
		if (!ret)
			ret = dw_dev_flush(dev, &err);
	} else {
		return dw_fail(&err, DW_USAGE, "raidtool read|write VG/LV");
	}
	if (ret)
		dw_dev_close(dev, NULL);
	else
		ret = dw_dev_close(dev, &err);
	return ret;
}

int main(int argc, char **argv)
{
	int ret = dw_ctx_new(&ctx, &err);

	if (!ret)
		ret = run(argc, argv);
	if (ret)
		fprintf(stderr, "code %d: %s\n", ret, err.text);
	dw_ctx_free(ctx);
	return !!ret;
}
