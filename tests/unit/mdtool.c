/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A small program over the room md, for shell tests:
 *
 *   mdtool info IMAGE            what the superblock says, NAME=VALUE a line
 *   mdtool to-raw IMAGE OUT      the array's content
 *
 * An error is one line "code N: text", and exit status 1.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/uuid.h"
#include "dev/kinds.h"
#include "formats/format.h"
#include "md/md.h"

#define STEP_LEN 65536u

static void print_info(const struct dw_md_info *info)
{
	char uuid[DW_UUID_TEXT];

	dw_uuid_format(info->uuid, uuid);
	printf("version=%u.%u\nlevel=%d\nmembers=%u\nrole=%u\nuuid=%s\n"
	       "name=%s\nevents=%" PRIu64 "\noffset=%" PRIu64 "\nlength=%"
	       PRIu64 "\nclean=%d\nwhy=%s\n", info->major, info->minor,
	       info->level, info->members_nr, info->role, uuid, info->name,
	       info->events, info->data_off, info->data_len, info->is_clean,
	       info->why ? info->why : "");
}

static int to_raw(struct dw_dev *dev, const struct dw_md_info *info,
		  const char *path, struct dw_err *err)
{
	static uint8_t buf[STEP_LEN];
	struct dw_dev *content;
	uint64_t off, step;
	FILE *out;
	int ret;

	ret = dw_md_open(dev, info, &content, err);
	if (ret)
		return ret;
	out = fopen(path, "wb");
	if (!out)
		ret = dw_fail(err, DW_IO, "%s cannot be written", path);
	for (off = 0; !ret && off < content->size; off += step) {
		step = dw_min(STEP_LEN, content->size - off);
		ret = dw_dev_pread(content, off, buf, step, err);
		if (!ret && fwrite(buf, 1, step, out) != step)
			ret = dw_fail(err, DW_IO, "%s cannot be written",
				      path);
	}
	if (out && fclose(out) && !ret)
		ret = dw_fail(err, DW_IO, "%s cannot be written", path);
	dw_dev_close(content, NULL);
	return ret;
}

static int run(struct dw_ctx *ctx, int argc, char **argv, struct dw_err *err)
{
	struct dw_dev *file = NULL, *dev = NULL;
	struct dw_md_info info;
	int ret;

	if (argc < 3)
		return dw_fail(err, DW_USAGE, "mdtool info|to-raw IMAGE");
	ret = dw_file_open(ctx, argv[2], 0, &file, err);
	if (!ret)
		ret = dw_format_open(ctx, file, NULL, NULL, &dev, err);
	if (!ret)
		ret = dw_md_read(dev, &info, err);
	if (!ret && !strcmp(argv[1], "info"))
		print_info(&info);
	else if (!ret && !strcmp(argv[1], "to-raw") && argc == 4)
		ret = to_raw(dev, &info, argv[3], err);
	else if (!ret)
		ret = dw_fail(err, DW_USAGE, "mdtool %s", argv[1]);
	dw_dev_close(dev, NULL);
	dw_dev_close(file, NULL);
	return ret;
}

int main(int argc, char **argv)
{
	struct dw_err err = { 0 };
	struct dw_ctx *ctx = NULL;
	int ret = dw_ctx_new(&ctx, &err);

	if (!ret)
		ret = run(ctx, argc, argv, &err);
	if (ret)
		printf("code %d: %s\n", ret, err.text);
	dw_ctx_free(ctx);
	return !!ret;
}
