/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cached volumes: the newest of an origin and its cache. */
#include "base/bytes.h"
#include "base/checked.h"
#include "lvm/cache.h"
#include "lvm/targets.h"

/* lvm clears metadata that it makes, and Linux writes the superblock when the
 * cache is first active. */
static int is_new(struct dw_dev *metadata, bool *out, struct dw_err *err)
{
	uint8_t buf[DW_PDATA_BLOCK_LEN];
	size_t len = (size_t)dw_min(sizeof(buf), metadata->size);
	int rc = dw_dev_pread(metadata, 0, buf, len, err);

	*out = !rc && len == sizeof(buf) && dw_is_zero(buf, len);
	return rc;
}

static int load(struct dw_pdata *pd, const struct dw_cache_params *params,
		struct dw_chunkmap *map, struct dw_err *err)
{
	struct dw_cache_shape shape = {
		.chunk_len = params->chunk_len,
		.metadata_len = params->metadata->size,
		.origin_nr = params->origin->size / params->chunk_len,
		.data_nr = params->data->size / params->chunk_len,
	};
	uint8_t buf[DW_PDATA_BLOCK_LEN];
	struct dw_cache_super super;
	int rc;

	rc = dw_pdata_read(pd, 0, DW_PDATA_SALT_CACHE_SUPER, buf, err);
	if (rc)
		return rc;
	dw_cache_super_decode(buf, &super);
	rc = dw_cache_super_check(&super, &shape, err);
	if (!rc)
		rc = dw_pdata_set_blocks_nr(pd, super.metadata_blk_nr, err);
	return rc ? rc : dw_cache_load(pd, &super, &shape, map, err);
}

static int read_metadata(struct dw_ctx *ctx,
			 const struct dw_cache_params *params,
			 struct dw_chunkmap *map, struct dw_err *err)
{
	struct dw_pdata *pd;
	bool new;
	int rc;

	if (!params->chunk_len)
		return dw_fail(err, DW_CORRUPT, "cache: the volume group says "
			       "blocks of 0 bytes");
	rc = is_new(params->metadata, &new, err);
	if (rc || new)
		return rc;
	rc = dw_pdata_open(ctx, params->metadata, "cache metadata", &pd, err);
	if (!rc)
		rc = load(pd, params, map, err);
	dw_pdata_close(pd);
	return rc;
}

int dw_cache_open(struct dw_ctx *ctx, const char *name,
		  const struct dw_cache_params *params, struct dw_dev **out,
		  struct dw_err *err)
{
	struct dw_chunkmap map = { .ctx = ctx, .what = "cache" };
	int rc;

	*out = NULL;
	rc = read_metadata(ctx, params, &map, err);
	if (rc == DW_CORRUPT || rc == DW_UNSUPPORTED)
		dw_err_prefix(err, rc, "%s", name);
	if (!rc)
		return dw_chunkmap_dev_take(name, "cache", params->origin,
					    params->data, params->chunk_len,
					    &map, out, err);
	dw_chunkmap_free(&map);
	return rc;
}
