/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a qcow2 image says of itself, without opening what it names. */
#include <stdlib.h>
#include <string.h>

#include "formats/qcow2_meta.h"

static const char *encryption_name(uint32_t method)
{
	static const char *const names[] = { NULL, "AES", "LUKS" };

	return method < 3 ? names[method] : "unknown";
}

static void fill_header(const struct dw_qcow2_header *h,
			struct dw_image_info *out)
{
	out->size = h->size;
	out->cluster_len = UINT32_C(1) << h->cluster_bits;
	out->codec = h->compression == DW_QCOW2_ZSTD ? "zstd" : "zlib";
	out->encryption = encryption_name(h->crypt_method);
	out->version = h->version;
	out->refcount_bits = 1u << h->refcount_order;
	out->lazy_refcounts = h->compat & DW_QCOW2_COMPAT_LAZY_REFCOUNTS;
	out->extended_l2 = h->incompat & DW_QCOW2_INCOMPAT_EXT_L2;
	out->dirty = h->incompat & DW_QCOW2_INCOMPAT_DIRTY;
	out->corrupt = h->incompat & DW_QCOW2_INCOMPAT_CORRUPT;
}

/* The strings move over. */
static void fill_exts(const struct dw_qcow2_header *h,
		      struct dw_qcow2_exts *exts, struct dw_image_info *out)
{
	out->backing_name = exts->backing_name;
	out->backing_format = exts->backing_format;
	exts->backing_name = exts->backing_format = NULL;
	if (!(h->incompat & DW_QCOW2_INCOMPAT_DATA_FILE))
		return;
	out->data_file = exts->data_name;
	exts->data_name = NULL;
}

static int fill_snapshots(struct dw_qcow2_snapshots *list,
			  struct dw_image_info *out, struct dw_err *err)
{
	size_t i;

	if (!list->nr)
		return 0;
	out->snapshots = calloc(list->nr, sizeof(*out->snapshots));
	if (!out->snapshots)
		return dw_fail_nomem(err);
	out->snapshots_nr = list->nr;
	for (i = 0; i < list->nr; i++) {
		struct dw_qcow2_snapshot *from = &list->items[i];

		out->snapshots[i] = (struct dw_image_snapshot){
			.id = from->id,
			.name = from->name,
			.disk_size = from->disk_size,
			.vm_state_len = from->vm_state_len,
			.time = from->time_s,
			.time_ns = from->time_ns,
			.vm_clock_ns = from->vm_clock_ns,
		};
		from->id = from->name = NULL;
	}
	return 0;
}

int dw_qcow2_info(struct dw_ctx *ctx, struct dw_dev *file,
		  struct dw_image_info *out, struct dw_err *err)
{
	struct dw_qcow2_snapshots snapshots = { 0 };
	struct dw_qcow2_exts exts = { 0 };
	struct dw_qcow2_header h;
	int rc;

	rc = dw_qcow2_read_header(file, &h, err);
	if (!rc)
		rc = dw_qcow2_exts_read(file, &h, &exts, err);
	if (!rc)
		rc = dw_qcow2_refuse_unknown(&h, &exts, err);
	if (!rc)
		rc = dw_qcow2_snapshots_read(file, &h, &snapshots, err);
	if (!rc) {
		fill_header(&h, out);
		fill_exts(&h, &exts, out);
		rc = fill_snapshots(&snapshots, out, err);
	}
	dw_qcow2_snapshots_free(&snapshots);
	dw_qcow2_exts_free(&exts);
	return rc;
}
