/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A thin volume as a read-only block device. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/checked.h"
#include "dev/mapped.h"
#include "lvm/thin.h"

struct thin_dev {
	struct dw_dev dev;
	struct dw_thin_volume volume;
	struct dw_dev *metadata;	/* held by the volume */
	struct dw_dev *data;
	struct dw_dev *origin;		/* external; NULL: none */
	uint64_t device_id;
	uint32_t chunk_len;
	uint64_t data_chunks_nr;
};

/* ---- mapping ------------------------------------------------------------ */

/* What is not mapped is the external origin's, up to its end. */
static void map_unmapped(const struct thin_dev *t, uint64_t off, uint64_t len,
			 struct dw_run *out)
{
	*out = (struct dw_run){ .kind = DW_EXTENT_UNMAPPED, .len = len };
	if (!t->origin || off >= t->origin->size)
		return;
	out->kind = DW_EXTENT_DATA;
	out->len = dw_min(len, t->origin->size - off);
	out->dev = t->origin;
	out->off = off;
	out->is_view = true;
}

/* A run that passes the end of the data is cut off there: what is wrong with
 * the rest is told when it is asked for. */
static int map_mapped(const struct thin_dev *t, uint64_t off, uint64_t len,
		      const struct dw_thin_run *chunks, struct dw_run *out,
		      struct dw_err *err)
{
	uint64_t in = off % t->chunk_len, nr;

	if (chunks->data_chunk >= t->data_chunks_nr)
		return dw_fail(err, DW_CORRUPT,
			       "thin metadata: chunk %" PRIu64 " of device %"
			       PRIu64 " lies at chunk %" PRIu64 " of data that "
			       "has %" PRIu64, off / t->chunk_len,
			       t->device_id, chunks->data_chunk,
			       t->data_chunks_nr);
	nr = dw_min(chunks->nr, t->data_chunks_nr - chunks->data_chunk);
	*out = (struct dw_run){
		.kind = DW_EXTENT_DATA,
		.len = dw_min(len, nr * t->chunk_len - in),
		.dev = t->data,
		.off = chunks->data_chunk * t->chunk_len + in,
	};
	return 0;
}

static int map(struct dw_dev *dev, uint64_t off, uint64_t len,
	       struct dw_run *out, struct dw_err *err)
{
	struct thin_dev *t = (struct thin_dev *)dev;
	uint64_t in = off % t->chunk_len;
	struct dw_thin_run chunks;
	int rc;

	/* Nothing overflows: the size and a chunk fit 64 bits together. */
	rc = dw_thin_map(&t->volume, off / t->chunk_len,
			 dw_div_up(in + len, t->chunk_len), &chunks, err);
	if (rc)
		return rc;
	if (chunks.is_mapped)
		return map_mapped(t, off, len, &chunks, out, err);
	map_unmapped(t, off, dw_min(len, chunks.nr * t->chunk_len - in), out);
	return 0;
}

/* ---- the device --------------------------------------------------------- */

static int thin_pread(struct dw_dev *dev, uint64_t off, void *buf, size_t len,
		      struct dw_err *err)
{
	return dw_mapped_pread(dev, map, NULL, off, buf, len, err);
}

static int thin_extent(struct dw_dev *dev, uint64_t off, uint64_t len,
		       struct dw_extent *out, struct dw_err *err)
{
	return dw_mapped_extent(dev, map, off, len, out, err);
}

static int thin_check_unchanged(struct dw_dev *dev, struct dw_err *err)
{
	struct thin_dev *t = (struct thin_dev *)dev;
	int rc;

	rc = dw_dev_check_unchanged(t->metadata, err);
	if (!rc)
		rc = dw_dev_check_unchanged(t->data, err);
	if (!rc && t->origin)
		rc = dw_dev_check_unchanged(t->origin, err);
	return rc;
}

/* All below is only read here, so that no close has anything to say. */
static int thin_close(struct dw_dev *dev, struct dw_err *err)
{
	struct thin_dev *t = (struct thin_dev *)dev;

	dw_thin_volume_close(&t->volume);
	dw_dev_close(t->data, NULL);
	dw_dev_close(t->origin, NULL);
	return 0;
}

static const struct dw_dev_driver thin_driver = {
	.kind = "thin volume",
	.pread = thin_pread,
	.extent = thin_extent,
	.check_unchanged = thin_check_unchanged,
	.close = thin_close,
};

int dw_thin_open(struct dw_ctx *ctx, const char *name,
		 const struct dw_thin_params *params, struct dw_dev **out,
		 struct dw_err *err)
{
	struct dw_dev *origin = params->external_origin;
	struct thin_dev *t;
	int rc;

	*out = NULL;
	t = calloc(1, sizeof(*t));
	if (!t)
		return dw_fail_nomem(err);
	rc = dw_thin_volume_open(ctx, params, &t->volume, err);
	if (rc == DW_CORRUPT || rc == DW_UNSUPPORTED)
		dw_err_prefix(err, rc, "%s", name);
	if (!rc)
		rc = dw_dev_init(&t->dev, &thin_driver, name, params->size,
				 params->data->block_size, true, err);
	if (rc) {
		dw_thin_volume_close(&t->volume);
		free(t);
		return rc;
	}
	t->metadata = params->metadata;
	t->data = dw_dev_ref(params->data);
	t->origin = origin ? dw_dev_ref(origin) : NULL;
	t->device_id = params->device_id;
	t->chunk_len = params->chunk_len;
	t->data_chunks_nr = params->data->size / params->chunk_len;
	*out = &t->dev;
	return 0;
}
