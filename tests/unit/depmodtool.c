/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What depmod would write, of a filesystem in an image:
 *
 *   depmodtool IMAGE FOLDER OUT [THREADS]
 *
 * FOLDER is the kernel's folder of modules in the image; the files are written
 * to OUT.  Damaged modules are lines "damaged: ..."; an error is one line too,
 * and status 1.
 */
#include <stdio.h>
#include <stdlib.h>

#include "dev/kinds.h"
#include "kmod/depmod.h"

static void write_file(const char *folder, const struct dw_depmod_file *f)
{
	char path[4096];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder, f->name);
	out = fopen(path, "wb");
	if (!out || (f->len && fwrite(f->data, f->len, 1, out) != 1) ||
	    fclose(out)) {
		perror(path);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct dw_err err = { 0 };
	struct dw_depmod lists;
	struct dw_ctx *ctx;
	struct dw_dev *dev;
	struct dw_fs *fs;

	if (argc < 4) {
		fprintf(stderr, "usage: depmodtool IMAGE FOLDER OUT [THREADS]\n");
		return 2;
	}
	if (dw_ctx_new(&ctx, &err) ||
	    dw_file_open(ctx, argv[1], DW_OPEN_SHARE, &dev, &err) ||
	    dw_fs_open(ctx, dev, 0, &fs, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	dw_ctx_set_threads(ctx, argc > 4 ? (unsigned)atoi(argv[4]) : 0);
	if (dw_depmod(ctx, fs, argv[2], 0, &lists, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	for (size_t i = 0; i < lists.damaged.nr; i++)
		printf("damaged: %s\n", lists.damaged.items[i]);
	for (size_t i = 0; i < lists.files_nr; i++)
		write_file(argv[3], &lists.files[i]);
	dw_depmod_free(&lists);
	dw_fs_close(fs);
	dw_dev_close(dev, NULL);
	dw_ctx_free(ctx);
	return 0;
}
