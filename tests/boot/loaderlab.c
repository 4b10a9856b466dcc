/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The loader's installer for the loader's tests:
 *
 *   loaderlab install FILESYSTEM START-LBA|whole [DIR]
 *   loaderlab mbr DISK
 *   loaderlab inspect FILESYSTEM START-LBA|whole
 *   loaderlab repair FILESYSTEM START-LBA|whole
 *   loaderlab name FILE		(the first sector alone)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/install.h"
#include "dev/kinds.h"

struct lab {
	struct dw_ctx *ctx;
	struct dw_dev *dev;
	struct dw_fs *fs;
	struct dw_loader_place place;
};

static const char *const kinds[] = {
	[DW_LOADER_NONE] = "none", [DW_LOADER_CHAIN] = "chain",
	[DW_LOADER_OURS] = "ours", [DW_LOADER_SYSLINUX] = "syslinux",
	[DW_LOADER_GRUB] = "grub", [DW_LOADER_OTHER] = "other",
};

static int open_lab(struct lab *lab, const char *path, const char *place,
		    bool writable, struct dw_err *err)
{
	int ret;

	ret = dw_ctx_new(&lab->ctx, err);
	if (ret)
		return ret;
	ret = dw_file_open(lab->ctx, path, writable ? DW_OPEN_RDWR : 0,
			   &lab->dev, err);
	if (ret || !place)
		return ret;
	lab->place.whole_disk = !strcmp(place, "whole");
	lab->place.start_lba = strtoull(place, NULL, 0);
	return dw_fs_open(lab->ctx, lab->dev, writable ? DW_FS_WRITE : 0,
			  &lab->fs, err);
}

static void show(const struct dw_loader_state *state)
{
	printf("%s '%s' version=%u inode=%llu path=%s %s%s\n",
	       kinds[state->kind], state->name, state->version,
	       (unsigned long long)state->stage2_ino, state->stage2_path,
	       state->stale ? "STALE: " : "good", state->problem);
}

static int inspect(struct lab *lab, struct dw_loader_state *state,
		   struct dw_err *err)
{
	return dw_loader_inspect(lab->fs, lab->dev, &lab->place, state, err);
}

static int run(struct lab *lab, int argc, char **argv, struct dw_err *err)
{
	struct dw_loader_state state;
	const char *verb = argv[1];
	const char *place = argc > 3 ? argv[3] : NULL;
	bool writes = strcmp(verb, "inspect") && strcmp(verb, "name");
	int ret;

	ret = open_lab(lab, argv[2], place, writes, err);
	if (ret)
		return ret;
	if (!strcmp(verb, "mbr"))
		return dw_loader_install_mbr(lab->dev, err);
	if (!strcmp(verb, "install"))
		return dw_loader_install(lab->fs, lab->dev, &lab->place,
					 argc > 4 ? argv[4] : NULL, err);
	if (!strcmp(verb, "name"))
		ret = dw_loader_inspect_sector(lab->dev, &state, err);
	else
		ret = inspect(lab, &state, err);
	if (!ret && !strcmp(verb, "repair")) {
		ret = dw_loader_repair(lab->fs, lab->dev, &lab->place, &state,
				       err);
		if (!ret)
			ret = inspect(lab, &state, err);
	}
	if (!ret)
		show(&state);
	return ret;
}

int main(int argc, char **argv)
{
	struct lab lab = { 0 };
	struct dw_err err = { 0 };
	int ret;

	if (argc < 3) {
		fprintf(stderr, "usage: loaderlab VERB IMAGE [PLACE [DIR]]\n");
		return 2;
	}
	ret = run(&lab, argc, argv, &err);
	dw_fs_close(lab.fs);
	if (dw_dev_close(lab.dev, ret ? NULL : &err) && !ret)
		ret = err.code;
	dw_ctx_free(lab.ctx);
	if (ret)
		fprintf(stderr, "loaderlab: %s\n", err.text);
	return ret ? dw_exit_status(ret) : 0;
}
