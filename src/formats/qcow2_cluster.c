/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compressed clusters of qcow2. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "formats/qcow2.h"

int dw_qcow2_unpack(uint8_t compression, const uint8_t *src, size_t src_len,
		    uint8_t *dst, size_t dst_len, struct dw_err *err)
{
	return dw_unpack_exact(compression == DW_QCOW2_ZSTD ? DW_CODEC_ZSTD
							    : DW_CODEC_DEFLATE,
			       src, src_len, dst, dst_len, err);
}

/* Reads and unpacks the whole cluster. */
static int fetch(struct dw_qcow2 *q, const struct dw_qcow2_run *run,
		 uint8_t *dst, struct dw_err *err)
{
	uint8_t *src;
	int rc;

	/* At most two clusters: that is what the entry's bits can say. */
	src = malloc(run->host_len);
	if (!src)
		return dw_fail_nomem(err);
	rc = dw_dev_pread(q->file, run->host_off, src, run->host_len, err);
	if (!rc) {
		rc = dw_qcow2_unpack(q->h.compression, src, run->host_len, dst,
				     q->cluster_len, err);
		if (rc)
			rc = dw_err_prefix(err, rc, "qcow2: the compressed "
					   "cluster at %" PRIu64,
					   run->host_off);
	}
	free(src);
	return rc;
}

int dw_qcow2_read_compressed(struct dw_qcow2 *q, const struct dw_qcow2_run *run,
			     uint32_t in_off, void *buf, uint32_t len,
			     struct dw_err *err)
{
	uint8_t *data;
	int rc;

	/* Whole clusters are a copy's, which never comes back to them. */
	if (len == q->cluster_len)
		return fetch(q, run, buf, err);
	if (dw_inflated_read(&q->inflated, run->host_off, in_off, buf, len))
		return 0;
	data = malloc(q->cluster_len);
	if (!data)
		return dw_fail_nomem(err);
	rc = fetch(q, run, data, err);
	if (rc) {
		free(data);
		return rc;
	}
	memcpy(buf, data + in_off, len);
	dw_inflated_keep_take(&q->inflated, run->host_off, data);
	return 0;
}
