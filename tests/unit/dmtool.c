/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Snapshots and caches for the shell tests, out of files:
 *	dmtool cow ORIGIN STORE			the snapshot's content
 *	dmtool merging ORIGIN STORE		what the origin reads as
 *	dmtool used STORE			bytes, as lvs counts
 *	dmtool cache ORIGIN METADATA DATA CHUNK-LEN
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "dev/kinds.h"
#include "lvm/targets.h"

static struct dw_ctx *ctx;
static struct dw_err err;

static void check(int rc)
{
	if (!rc)
		return;
	fprintf(stderr, "dmtool: %s\n", err.text);
	exit(1);
}

static struct dw_dev *open_file(const char *path)
{
	struct dw_dev *dev;

	check(dw_file_open(ctx, path, 0, &dev, &err));
	return dev;
}

static void cat_take(struct dw_dev *dev)
{
	static uint8_t buf[1 << 20];
	uint64_t off;
	size_t len;

	for (off = 0; off < dev->size; off += len) {
		len = dw_min(sizeof(buf), dev->size - off);
		check(dw_dev_pread(dev, off, buf, len, &err));
		if (write(STDOUT_FILENO, buf, len) != (ssize_t)len)
			exit(1);
	}
	dw_dev_close(dev, NULL);
}

static void cat_cow(char **paths, bool is_merging)
{
	struct dw_dev *origin = open_file(paths[0]), *out;
	struct dw_dev *cow = open_file(paths[1]);

	check(is_merging ?
	      dw_cow_open_merging(ctx, "origin", origin, cow, &out, &err) :
	      dw_cow_open(ctx, "snapshot", origin, cow, &out, &err));
	cat_take(out);
	dw_dev_close(origin, NULL);
	dw_dev_close(cow, NULL);
}

static void print_used(const char *path)
{
	struct dw_dev *cow = open_file(path);
	uint64_t len;

	check(dw_cow_used_len(ctx, cow, &len, &err));
	printf("%" PRIu64 "\n", len);
	dw_dev_close(cow, NULL);
}

static void cat_cache(char **args)
{
	struct dw_cache_params params = {
		.origin = open_file(args[0]), .metadata = open_file(args[1]),
		.data = open_file(args[2]),
		.chunk_len = (uint32_t)strtoul(args[3], NULL, 10),
	};
	struct dw_dev *out;

	check(dw_cache_open(ctx, "cached", &params, &out, &err));
	cat_take(out);
	dw_dev_close(params.origin, NULL);
	dw_dev_close(params.metadata, NULL);
	dw_dev_close(params.data, NULL);
}

int main(int argc, char **argv)
{
	check(dw_ctx_new(&ctx, &err));
	if (argc == 4 && !strcmp(argv[1], "cow"))
		cat_cow(argv + 2, false);
	else if (argc == 4 && !strcmp(argv[1], "merging"))
		cat_cow(argv + 2, true);
	else if (argc == 3 && !strcmp(argv[1], "used"))
		print_used(argv[2]);
	else if (argc == 6 && !strcmp(argv[1], "cache"))
		cat_cache(argv + 2);
	else
		return 2;
	dw_ctx_free(ctx);
	return 0;
}
