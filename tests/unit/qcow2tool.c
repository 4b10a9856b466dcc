/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A small program over what qcow2 is apart from a disk, for shell tests:
 *
 *   qcow2tool check IMAGE [repair [N]]
 *                                    what is counted, NAME=N each, and notes;
 *                                    from the N-th write on all of them fail
 *   qcow2tool info IMAGE             what the image says of itself
 *   qcow2tool read LOCATOR OUT       the bytes, as a raw file
 *   qcow2tool extents LOCATOR        runs as KIND OFF LEN
 *
 * BACKING is the folder below which images may name files.  An error is one
 * line "code N: text", and exit status 1.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/notes.h"
#include "dev/kinds.h"
#include "formats/format.h"

#define STEP_LEN 65536u

static struct dw_ctx *ctx;

static int check(const char *path, bool repair, unsigned fail_at,
		 struct dw_err *err)
{
	struct dw_fault fault = { .fail_write_at = fail_at, .sticky = true };
	struct dw_dev *file = NULL, *faulty = NULL;
	struct dw_image_check c = { 0 };
	size_t i;
	int rc;

	rc = dw_file_open(ctx, path, repair ? DW_OPEN_RDWR : 0, &file, err);
	if (!rc)
		rc = dw_fault_new(file, &fault, &faulty, err);
	if (!rc)
		rc = dw_qcow2_format.check(ctx, faulty, repair, &c, err);
	if (!rc)
		printf("corruptions=%" PRIu64 " leaks=%" PRIu64
		       " total-clusters=%" PRIu64 " allocated-clusters=%" PRIu64
		       " compressed-clusters=%" PRIu64
		       " fragmented-clusters=%" PRIu64
		       " image-end-offset=%" PRIu64 " corruptions-fixed=%"
		       PRIu64 " leaks-fixed=%" PRIu64 "\n", c.corruptions_nr,
		       c.leaks_nr, c.clusters_nr, c.allocated_nr,
		       c.compressed_nr, c.fragmented_nr, c.image_end_off,
		       c.corruptions_fixed_nr, c.leaks_fixed_nr);
	for (i = 0; !rc && i < c.notes.nr; i++)
		printf("# %s\n", c.notes.items[i]);
	dw_notes_free(&c.notes);
	dw_dev_close(faulty, NULL);
	dw_dev_close(file, NULL);
	return rc;
}

static void print_info(const struct dw_image_info *info)
{
	size_t i;

	printf("size=%" PRIu64 " cluster=%" PRIu32 " version=%u codec=%s"
	       " refcount-bits=%u lazy=%d extl2=%d dirty=%d corrupt=%d"
	       " encryption=%s backing=%s backing-format=%s data-file=%s\n",
	       info->size, info->cluster_len, info->version, info->codec,
	       info->refcount_bits, info->lazy_refcounts, info->extended_l2,
	       info->dirty, info->corrupt,
	       info->encryption ? info->encryption : "-",
	       info->backing_name ? info->backing_name : "-",
	       info->backing_format ? info->backing_format : "-",
	       info->data_file ? info->data_file : "-");
	for (i = 0; i < info->snapshots_nr; i++)
		printf("snapshot id=%s name=%s size=%" PRIu64 " time=%" PRId64
		       ".%09" PRIu32 " vm-state=%" PRIu64 " vm-clock=%" PRIu64
		       "\n", info->snapshots[i].id, info->snapshots[i].name,
		       info->snapshots[i].disk_size, info->snapshots[i].time,
		       info->snapshots[i].time_ns,
		       info->snapshots[i].vm_state_len,
		       info->snapshots[i].vm_clock_ns);
}

static int info(const char *path, struct dw_err *err)
{
	struct dw_image_info out = { 0 };
	struct dw_dev *file = NULL;
	size_t i;
	int rc;

	rc = dw_file_open(ctx, path, 0, &file, err);
	if (!rc)
		rc = dw_qcow2_format.info(ctx, file, &out, err);
	if (!rc)
		print_info(&out);
	free(out.backing_name);
	free(out.backing_format);
	free(out.data_file);
	for (i = 0; i < out.snapshots_nr; i++) {
		free(out.snapshots[i].id);
		free(out.snapshots[i].name);
	}
	free(out.snapshots);
	dw_dev_close(file, NULL);
	return rc;
}

static int read_all(const char *locator, const char *to, struct dw_err *err)
{
	struct dw_dev *dev = NULL;
	uint8_t *buf = malloc(STEP_LEN);
	FILE *f = fopen(to, "wb");
	uint64_t off, len;
	int rc;

	rc = f && buf ? dw_open(ctx, locator, NULL, 0, &dev, err) : DW_IO;
	for (off = 0; !rc && off < dw_dev_size(dev); off += len) {
		len = dw_min(STEP_LEN, dw_dev_size(dev) - off);
		rc = dw_dev_pread(dev, off, buf, len, err);
		if (!rc && fwrite(buf, 1, len, f) != len)
			rc = DW_IO;
	}
	if (f && fclose(f) && !rc)
		rc = DW_IO;
	free(buf);
	dw_dev_close(dev, NULL);
	return rc;
}

static int extents(const char *locator, struct dw_err *err)
{
	static const char *const names[] = {
		"data", "zero", "unmapped", "compressed"
	};
	struct dw_dev *dev = NULL;
	struct dw_extent e;
	uint64_t off;
	int rc;

	rc = dw_open(ctx, locator, NULL, 0, &dev, err);
	for (off = 0; !rc && off < dev->size; off += e.len) {
		rc = dw_dev_extent(dev, off, dev->size - off, &e, err);
		if (!rc)
			printf("%s %" PRIu64 " %" PRIu64 "\n", names[e.kind],
			       e.off, e.len);
	}
	dw_dev_close(dev, NULL);
	return rc;
}

int main(int argc, char **argv)
{
	struct dw_err err = { 0 };
	int rc = DW_USAGE;

	if (dw_ctx_new(&ctx, &err) ||
	    dw_ctx_set_backing_dir(ctx, getenv("BACKING"), &err))
		return 1;
	if (argc >= 3 && !strcmp(argv[1], "check"))
		rc = check(argv[2], argc > 3,
			   argc > 4 ? (unsigned)atoi(argv[4]) : 0, &err);
	else if (argc == 3 && !strcmp(argv[1], "info"))
		rc = info(argv[2], &err);
	else if (argc == 4 && !strcmp(argv[1], "read"))
		rc = read_all(argv[2], argv[3], &err);
	else if (argc == 3 && !strcmp(argv[1], "extents"))
		rc = extents(argv[2], &err);
	dw_ctx_free(ctx);
	if (rc)
		printf("code %d: %s\n", rc, err.text);
	return rc ? 1 : 0;
}
