/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compressed clusters of qcow2, and a few of them kept unpacked. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/checked.h"
#include "formats/qcow2.h"

/*
 * Filesystem readers ask for blocks of 4 KiB and less; without a cache each
 * of them would unpack its cluster again.
 */
#define CACHE_LEN (2u << 20)
#define CACHE_NR_MIN 2u
#define CACHE_NR_MAX 16u

struct dw_qcow2_inflated {
	uint64_t host_off;
	uint64_t used;		/* tick of the last use; 0: empty */
	uint8_t *data;
};

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

static struct dw_qcow2_inflated *find_slot(struct dw_qcow2 *q,
					   uint64_t host_off)
{
	struct dw_qcow2_inflated *oldest = q->inflated;
	unsigned i;

	for (i = 0; i < q->inflated_nr; i++) {
		if (q->inflated[i].used && q->inflated[i].host_off == host_off)
			return &q->inflated[i];
		if (q->inflated[i].used < oldest->used)
			oldest = &q->inflated[i];
	}
	return oldest;
}

static bool read_cached(struct dw_qcow2 *q, uint64_t host_off, uint32_t in_off,
			void *buf, uint32_t len)
{
	struct dw_qcow2_inflated *slot;
	bool found = false;

	pthread_mutex_lock(&q->lock);
	if (q->inflated) {
		slot = find_slot(q, host_off);
		found = slot->used && slot->host_off == host_off;
	}
	if (found) {
		slot->used = ++q->tick;
		memcpy(buf, slot->data + in_off, len);
	}
	pthread_mutex_unlock(&q->lock);
	return found;
}

/* Gives data to the cache, which is made on first use. */
static void keep_take(struct dw_qcow2 *q, uint64_t host_off, uint8_t *data)
{
	struct dw_qcow2_inflated *slot;
	unsigned nr = CACHE_LEN / q->cluster_len;

	nr = nr < CACHE_NR_MIN ? CACHE_NR_MIN : nr;
	nr = nr > CACHE_NR_MAX ? CACHE_NR_MAX : nr;
	pthread_mutex_lock(&q->lock);
	if (!q->inflated) {
		q->inflated = calloc(nr, sizeof(*q->inflated));
		q->inflated_nr = q->inflated ? nr : 0;
	}
	if (q->inflated) {
		slot = find_slot(q, host_off);
		free(slot->data);
		slot->data = data;
		slot->host_off = host_off;
		slot->used = ++q->tick;
		data = NULL;
	}
	pthread_mutex_unlock(&q->lock);
	free(data);
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
	if (read_cached(q, run->host_off, in_off, buf, len))
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
	keep_take(q, run->host_off, data);
	return 0;
}

void dw_qcow2_inflated_free(struct dw_qcow2 *q)
{
	unsigned i;

	for (i = 0; i < q->inflated_nr; i++)
		free(q->inflated[i].data);
	free(q->inflated);
}
