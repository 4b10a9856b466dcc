/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A module's file in a guest, unpacked where it is stored compressed. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/checked.h"
#include "base/unpack.h"
#include "kmod/module_file.h"

struct memory {
	const char *p;
	size_t len;
};

static int read_memory(void *arg, uint64_t off, void *buf, size_t len,
		       size_t *got, struct dw_err *err)
{
	const struct memory *m = arg;

	*got = off < m->len ? dw_min(len, m->len - (size_t)off) : 0;
	if (*got)
		memcpy(buf, m->p + off, *got);
	return 0;
}

static int unpack(struct dw_ctx *ctx, enum dw_packing kind, const char *data,
		  size_t len, struct dw_buf *out, struct dw_err *err)
{
	struct memory m = { data, len };
	struct dw_source src = { read_memory, &m, len };
	struct dw_unpack *u;
	const uint8_t *p;
	size_t n = 1;
	int ret;

	ret = dw_unpack_open(kind, &src, 0, ctx->memory_cap_len, &u, err);
	if (ret)
		return ret;
	while (!ret && n) {
		ret = dw_ctx_check(ctx, err);
		if (!ret)
			ret = dw_unpack_next(u, &p, &n, err);
		if (!ret && out->len + n > DW_MODULE_LEN_MAX)
			ret = dw_fail(err, DW_LIMIT, "unpacks to more than %u "
				      "bytes", DW_MODULE_LEN_MAX);
		if (!ret)
			dw_buf_add(out, p, n);
	}
	dw_unpack_close(u);
	return ret ? ret : dw_buf_check(out, err);
}

int dw_module_unpack(struct dw_ctx *ctx, char **data, size_t *len,
		     struct dw_err *err)
{
	enum dw_packing kind = dw_packing_of((const uint8_t *)*data, *len);
	struct dw_buf out = { 0 };
	int ret;

	if (kind == DW_PACK_NONE)
		return 0;
	ret = unpack(ctx, kind, *data, *len, &out, err);
	free(*data);
	*data = ret ? NULL : dw_buf_take(&out, len);
	dw_buf_free(&out);
	return ret;
}

int dw_module_read(struct dw_ctx *ctx, struct dw_fs *fs, const char *path,
		   char **data, size_t *len, struct dw_err *err)
{
	int ret;

	ret = dw_fs_read_file(fs, path, DW_MODULE_LEN_MAX, data, len, err);
	if (!ret)
		ret = dw_module_unpack(ctx, data, len, err);
	return ret ? dw_err_prefix(err, ret, "%s", path) : 0;
}
