/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Probing and opening a qcow2 image. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "formats/backing.h"
#include "formats/qcow2.h"
#include "formats/qcow2_create.h"
#include "formats/qcow2_meta.h"
#include "formats/qcow2_write.h"

static int qcow2_probe(struct dw_dev *file, struct dw_err *err)
{
	uint8_t magic[4];
	int rc;

	if (file->size < sizeof(magic))
		return dw_fail(err, DW_NOT_MINE, "qcow2: %" PRIu64 " bytes",
			       file->size);
	rc = dw_dev_pread(file, 0, magic, sizeof(magic), err);
	if (rc)
		return rc;
	/* Versions that we do not read are ours all the same: refused by
	 * name, rather than taken for a raw disk. */
	if (dw_be32(magic) != DW_QCOW2_MAGIC)
		return dw_fail(err, DW_NOT_MINE, "qcow2: no magic number");
	return 0;
}

int dw_qcow2_read_header(struct dw_dev *file, struct dw_qcow2_header *out,
			 struct dw_err *err)
{
	uint8_t buf[DW_QCOW2_HEADER_LEN];
	size_t len = dw_min(file->size, sizeof(buf));
	int rc;

	rc = dw_dev_pread(file, 0, buf, len, err);
	if (!rc)
		rc = dw_qcow2_decode(buf, len, out, err);
	if (!rc)
		rc = dw_qcow2_check(out, file->size, err);
	return rc;
}

/* A file of its own for the data has no snapshots, and does not compress. */
static int open_data_file(struct dw_ctx *ctx, struct dw_qcow2 *q,
			  const struct dw_format_how *how, const char *name,
			  struct dw_err *err)
{
	struct dw_dev *data_file;
	int rc;

	if (!name)
		return dw_fail(err, DW_UNSUPPORTED,
			       "qcow2: keeps its data in an external file that "
			       "it does not name");
	if (how->snapshot)
		return dw_fail(err, DW_UNSUPPORTED,
			       "qcow2: has snapshots, though its data lies in "
			       "the external file \"%.128s\"", name);
	rc = dw_backing_file(ctx, how, q->file, "external file", name,
			     !q->file->readonly, &data_file, err);
	if (rc)
		return rc;
	dw_dev_close(q->data_file, NULL);
	q->data_file = data_file;
	return 0;
}

/* Names in an image are opened only where the caller allows it. */
static int open_named(struct dw_ctx *ctx, struct dw_qcow2 *q,
		      const struct dw_format_how *how,
		      const struct dw_qcow2_exts *exts, struct dw_err *err)
{
	int rc = 0;

	if (q->h.incompat & DW_QCOW2_INCOMPAT_DATA_FILE)
		rc = open_data_file(ctx, q, how, exts->data_name, err);
	if (!rc && exts->backing_name)
		rc = dw_backing_disk(ctx, how, q->file, exts->backing_name,
				     exts->backing_format, &q->backing, err);
	return rc;
}

/* Everything around the disk: whether it is for us, and what it names. */
static int open_around(struct dw_ctx *ctx, struct dw_qcow2 *q,
		       const struct dw_format_how *how, struct dw_err *err)
{
	struct dw_qcow2_exts exts;
	int rc;

	rc = dw_qcow2_exts_read(q->file, &q->h, &exts, err);
	if (!rc)
		rc = dw_qcow2_refuse(&q->h, &exts, err);
	if (!rc)
		rc = open_named(ctx, q, how, &exts, err);
	dw_qcow2_exts_free(&exts);
	return rc;
}

/* Only as much of the table as the disk needs: at most 32 MiB. */
static int read_l1(struct dw_qcow2 *q, struct dw_err *err)
{
	size_t i, nr = dw_div_up(q->h.size, dw_qcow2_l2_span(&q->h));
	int rc;

	if (!nr)
		return 0;
	q->l1 = malloc(nr * 8);
	if (!q->l1)
		return dw_fail_nomem(err);
	rc = dw_dev_pread(q->file, q->h.l1_off, q->l1, nr * 8, err);
	if (rc)
		return dw_err_prefix(err, rc, "qcow2: the L1 table");
	for (i = 0; i < nr; i++)
		q->l1[i] = dw_be64((const uint8_t *)&q->l1[i]);
	q->l1_nr = nr;
	return 0;
}

/* A snapshot has the name that a locator has for it. */
static int init_dev(struct dw_qcow2 *q, const struct dw_dev *file,
		    const char *snapshot, uint64_t size, struct dw_err *err)
{
	char *name = NULL;
	int rc;

	if (snapshot && asprintf(&name, "%s@snap:%s", file->name, snapshot) < 0)
		return dw_fail_nomem(err);
	rc = dw_dev_init(&q->dev, &dw_qcow2_dev_driver,
			 snapshot ? name : file->name, size, 512, true, err);
	free(name);
	return rc;
}

static int qcow2_open(struct dw_ctx *ctx, struct dw_dev *file,
		      const struct dw_format_how *how, struct dw_dev **out,
		      struct dw_err *err)
{
	struct dw_qcow2_header h;
	struct dw_qcow2 *q;
	int rc;

	*out = NULL;
	rc = dw_qcow2_read_header(file, &h, err);
	if (!rc && how->snapshot)
		rc = dw_qcow2_snapshot_apply(file, how->snapshot, &h, err);
	if (rc)
		return rc;
	q = calloc(1, sizeof(*q));
	if (!q)
		return dw_fail_nomem(err);
	rc = init_dev(q, file, how->snapshot, h.size, err);
	if (rc) {
		free(q);
		return rc;
	}
	q->file = dw_dev_ref(file);
	q->data_file = dw_dev_ref(file);
	q->h = h;
	q->cluster_len = 1u << h.cluster_bits;
	rc = dw_qcow2_caches_new(q, err);
	if (!rc)
		rc = open_around(ctx, q, how, err);
	if (!rc && !q->file->readonly && !q->data_file->readonly &&
	    !how->snapshot)
		rc = dw_qcow2_writer_new(ctx, q, err);
	if (!rc)
		rc = read_l1(q, err);
	if (rc) {
		dw_dev_close(&q->dev, NULL);
		return rc;
	}
	*out = &q->dev;
	return 0;
}

const struct dw_format_driver dw_qcow2_format = {
	.name = "qcow2",
	.suffix = ".qcow2",
	.probe = qcow2_probe,
	.open = qcow2_open,
	.create = dw_qcow2_create,
	.info = dw_qcow2_info,
	.check = dw_qcow2_check_image,
};
