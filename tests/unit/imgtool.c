/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A small program over the rooms formats and part, and the copy engine, for
 * shell tests:
 *
 *   imgtool to-raw IMAGE OUT [FORMAT]      the virtual disk as a raw file
 *   imgtool to-qcow2 IMAGE OUT [CLUSTER [zlib|zstd [LEVEL]]]
 *                                          as our own qcow2, optionally with
 *                                          compressed clusters
 *   imgtool to-vhd IMAGE OUT [dynamic|fixed]
 *   imgtool to-vmdk IMAGE OUT [monolithicSparse|streamOptimized]
 *   imgtool to-gzip|to-xz|to-zstd IMAGE OUT [LEVEL]
 *   imgtool extents IMAGE                  runs as KIND OFF LEN
 *   imgtool parts IMAGE                    the partition table
 *   imgtool change IMAGE COMMAND...        changes it in place, one after the
 *                                          other: "write OFF LEN BYTE",
 *                                          "zero OFF LEN", "discard OFF LEN",
 *                                          "resize SIZE", "flush"
 *
 * BACKING is the folder below which images may name files, THREADS says how
 * many threads copy.  An error is one line "code N: text", and exit status 1.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dev/kinds.h"
#include "dev/output.h"
#include "formats/format.h"
#include "job/copy.h"
#include "part/part.h"

static struct dw_ctx *ctx;

static int open_flags(const char *path, const char *format, unsigned flags,
		      struct dw_dev **out, struct dw_err *err)
{
	struct dw_dev *file = NULL;
	int rc;

	*out = NULL;
	rc = dw_file_open(ctx, path, flags, &file, err);
	if (!rc)
		rc = dw_format_open(ctx, file, format, NULL, out, err);
	dw_dev_close(file, NULL);
	return rc;
}

static int open_image(const char *path, const char *format, struct dw_dev **out,
		      struct dw_err *err)
{
	return open_flags(path, format, 0, out, err);
}

static int copy(struct dw_dev *src, struct dw_writer *w, struct dw_err *err)
{
	struct dw_used_run all = { .off = 0, .len = src->size };
	struct dw_copy job = {
		.disk = src, .writer = w, .runs = &all, .runs_nr = !!src->size,
	};
	int rc = dw_copy_run(ctx, &job, err);

	return rc ? rc : dw_writer_finish(w, err);
}

static void read_options(struct dw_format_options *options,
			 const struct dw_format_driver *format, int argc,
			 char **argv)
{
	if (argc > 4 && format != &dw_qcow2_format) {
		options->codec.level = atoi(argv[4]);
		if (!options->codec.level)
			options->subformat = argv[4];
		return;
	}
	if (argc > 4)
		options->cluster_len = (uint32_t)atoi(argv[4]);
	if (argc > 5)
		options->codec.kind = strcmp(argv[5], "zstd") ? DW_CODEC_ZLIB
							      : DW_CODEC_ZSTD;
	if (argc > 6)
		options->codec.level = atoi(argv[6]);
}

static int convert(const struct dw_format_driver *format, int argc, char **argv,
		   struct dw_err *err)
{
	struct dw_format_options options = { 0 };
	struct dw_output *out = NULL;
	struct dw_writer *w = NULL;
	struct dw_dev *src = NULL;
	bool to_raw = format == &dw_raw_format;
	int rc;

	if (!to_raw)
		read_options(&options, format, argc, argv);
	rc = open_image(argv[2], to_raw && argc > 4 ? argv[4] : NULL, &src,
			err);
	if (!rc)
		rc = dw_output_open(ctx, argv[3], DW_OUTPUT_FORCE, &out, err);
	if (!rc)
		rc = format->create(ctx, out->dev, src->size, &options, &w,
				    err);
	if (!rc)
		rc = copy(src, w, err);
	if (!rc)
		rc = dw_output_commit(out, err);
	dw_writer_free(w);
	dw_output_close(out);
	dw_dev_close(src, NULL);
	return rc;
}

static int extents(const char *path, struct dw_err *err)
{
	static const char *const names[] = {
		"data", "zero", "unmapped", "compressed"
	};
	struct dw_dev *src = NULL;
	struct dw_extent e;
	uint64_t off;
	int rc;

	rc = open_image(path, NULL, &src, err);
	for (off = 0; !rc && off < src->size; off += e.len) {
		rc = dw_dev_extent(src, off, src->size - off, &e, err);
		if (!rc)
			printf("%s %" PRIu64 " %" PRIu64 " %s %" PRIu64 "\n",
			       names[e.kind], e.off, e.len,
			       e.host_fd < 0 ? "-" : "plain",
			       e.host_fd < 0 ? 0 : e.host_off);
	}
	dw_dev_close(src, NULL);
	return rc;
}

static int parts(const char *path, struct dw_err *err)
{
	struct dw_part_table *t = NULL;
	struct dw_dev *disk = NULL;
	size_t i;
	int rc;

	rc = open_image(path, NULL, &disk, err);
	if (!rc)
		rc = dw_part_read(disk, &t, err);
	if (!rc)
		printf("%s sector %u signature %08x%s\n",
		       t->kind == DW_PART_GPT ? "gpt" : "mbr", t->sector_len,
		       t->disk_signature, t->backup_used ? " backup" : "");
	for (i = 0; !rc && i < t->parts_nr; i++)
		printf("%u %" PRIu64 " %" PRIu64 " %02x%s%s%s%s\n",
		       t->parts[i].nr, t->parts[i].start_lba,
		       t->parts[i].len_lba, t->parts[i].mbr_type,
		       t->parts[i].active ? " active" : "",
		       t->parts[i].extended ? " extended" : "",
		       *t->parts[i].name ? " " : "", t->parts[i].name);
	dw_part_free(t);
	dw_dev_close(disk, NULL);
	return rc;
}

static int fill(struct dw_dev *disk, uint64_t off, uint64_t len, unsigned byte,
		struct dw_err *err)
{
	uint8_t *buf = malloc(len ? len : 1);
	int rc;

	if (!buf)
		return dw_fail_nomem(err);
	memset(buf, (int)byte, len);
	rc = dw_dev_pwrite(disk, off, buf, len, err);
	free(buf);
	return rc;
}

static int change_one(struct dw_dev *disk, const char *command,
		      struct dw_err *err)
{
	uint64_t a, b;
	unsigned byte;

	if (sscanf(command, "write %" SCNu64 " %" SCNu64 " %u", &a, &b,
		   &byte) == 3)
		return fill(disk, a, b, byte, err);
	if (sscanf(command, "zero %" SCNu64 " %" SCNu64, &a, &b) == 2)
		return dw_dev_zero(disk, a, b, err);
	if (sscanf(command, "discard %" SCNu64 " %" SCNu64, &a, &b) == 2)
		return dw_dev_discard(disk, a, b, err);
	if (sscanf(command, "resize %" SCNu64, &a) == 1)
		return dw_dev_resize(disk, a, err);
	if (!strcmp(command, "flush"))
		return dw_dev_flush(disk, err);
	return dw_fail(err, DW_USAGE, "what is \"%s\"?", command);
}

static int change(const char *path, char **commands, struct dw_err *err)
{
	struct dw_dev *disk = NULL;
	int rc, close_rc;

	rc = open_flags(path, NULL, DW_OPEN_RDWR, &disk, err);
	for (; !rc && *commands; commands++)
		rc = change_one(disk, *commands, err);
	close_rc = dw_dev_close(disk, rc ? NULL : err);
	return rc ? rc : close_rc;
}

int main(int argc, char **argv)
{
	const struct dw_format_driver *format = NULL;
	struct dw_err err = { 0 };
	int rc = DW_USAGE;

	if (argc >= 4 && !strncmp(argv[1], "to-", 3))
		format = dw_format_by_name(argv[1] + 3);
	if (dw_ctx_new(&ctx, &err) ||
	    dw_ctx_set_backing_dir(ctx, getenv("BACKING"), &err))
		return 1;
	if (getenv("THREADS"))
		dw_ctx_set_threads(ctx, (unsigned)atoi(getenv("THREADS")));
	if (format)
		rc = convert(format, argc, argv, &err);
	else if (argc == 3 && !strcmp(argv[1], "extents"))
		rc = extents(argv[2], &err);
	else if (argc == 3 && !strcmp(argv[1], "parts"))
		rc = parts(argv[2], &err);
	else if (argc >= 3 && !strcmp(argv[1], "change"))
		rc = change(argv[2], argv + 3, &err);
	dw_ctx_free(ctx);
	if (rc)
		printf("code %d: %s\n", rc, err.text);
	return rc ? 1 : 0;
}
