/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A thin volume for the shell tests, out of files:
 *	thintool map METADATA CHUNK-LEN DEVICE	its runs: chunk, data chunk, nr
 *	thintool used METADATA CHUNK-LEN DEVICE	bytes that are mapped
 *	thintool cat METADATA CHUNK-LEN DEVICE DATA SIZE [ORIGIN]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "dev/kinds.h"
#include "lvm/thin.h"

static struct dw_ctx *ctx;
static struct dw_err err;

static void check(int rc)
{
	if (!rc)
		return;
	fprintf(stderr, "thintool: %s\n", err.text);
	exit(1);
}

/* Runs that a leaf of the tree cuts in two are joined again. */
static void print_map(const struct dw_thin_params *params)
{
	struct dw_thin_volume v;
	struct dw_thin_run run;
	uint64_t chunk, start = 0, data = 0, nr = 0;

	check(dw_thin_volume_open(ctx, params, &v, &err));
	for (chunk = 0; chunk < UINT64_MAX; chunk += run.nr) {
		check(dw_thin_map(&v, chunk, UINT64_MAX - chunk, &run, &err));
		if (!run.is_mapped)
			continue;
		if (nr && start + nr == chunk && data + nr == run.data_chunk) {
			nr += run.nr;
			continue;
		}
		if (nr)
			printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", start,
			       data, nr);
		start = chunk;
		data = run.data_chunk;
		nr = run.nr;
	}
	if (nr)
		printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", start, data,
		       nr);
	dw_thin_volume_close(&v);
}

static void print_used(const struct dw_thin_params *params)
{
	uint64_t len;

	check(dw_thin_used_len(ctx, params, &len, &err));
	printf("%" PRIu64 "\n", len);
}

static void cat(const struct dw_thin_params *params)
{
	static uint8_t buf[1 << 20];
	struct dw_dev *dev;
	uint64_t off;
	size_t len;

	check(dw_thin_open(ctx, "volume", params, &dev, &err));
	for (off = 0; off < dev->size; off += len) {
		len = dw_min(sizeof(buf), dev->size - off);
		check(dw_dev_pread(dev, off, buf, len, &err));
		if (write(STDOUT_FILENO, buf, len) != (ssize_t)len)
			exit(1);
	}
	dw_dev_close(dev, NULL);
}

static struct dw_dev *open_file(const char *path)
{
	struct dw_dev *dev;

	check(dw_file_open(ctx, path, 0, &dev, &err));
	return dev;
}

int main(int argc, char **argv)
{
	struct dw_thin_params params = { .size = UINT64_MAX / 2 };

	if (argc < 5)
		return 2;
	check(dw_ctx_new(&ctx, &err));
	params.metadata = open_file(argv[2]);
	params.chunk_len = (uint32_t)strtoul(argv[3], NULL, 10);
	params.device_id = strtoull(argv[4], NULL, 10);
	if (argc > 6) {
		params.data = open_file(argv[5]);
		params.size = strtoull(argv[6], NULL, 10);
	}
	if (argc > 7)
		params.external_origin = open_file(argv[7]);
	if (!strcmp(argv[1], "map"))
		print_map(&params);
	else if (!strcmp(argv[1], "used"))
		print_used(&params);
	else if (params.data)
		cat(&params);
	dw_dev_close(params.external_origin, NULL);
	dw_dev_close(params.data, NULL);
	dw_dev_close(params.metadata, NULL);
	dw_ctx_free(ctx);
	return 0;
}
