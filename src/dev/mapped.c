/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a device whose bytes lie, run by run, on other devices. */
#include <string.h>

#include "dev/mapped.h"

/* What a device below says has its name in it already. */
static int say_where(struct dw_dev *dev, int rc, struct dw_err *err)
{
	return rc == DW_CORRUPT ? dw_err_prefix(err, rc, "%s", dev->name) : rc;
}

static int read_run(struct dw_dev *dev, dw_run_unpack_fn unpack, uint64_t off,
		    const struct dw_run *run, void *buf, struct dw_err *err)
{
	switch (run->kind) {
	case DW_EXTENT_DATA:
		return dw_dev_pread(run->dev, run->off, buf, run->len, err);
	case DW_EXTENT_COMPRESSED:
		return say_where(dev, unpack(dev, off, run, buf, err), err);
	default:
		memset(buf, 0, run->len);
		return 0;
	}
}

int dw_mapped_pread(struct dw_dev *dev, dw_run_map_fn map,
		    dw_run_unpack_fn unpack, uint64_t off, void *buf,
		    size_t len, struct dw_err *err)
{
	struct dw_run run = { 0 };
	uint8_t *p = buf;
	int rc;

	/* It ends because a run is never empty. */
	for (; len; p += run.len, off += run.len, len -= run.len) {
		rc = say_where(dev, map(dev, off, len, &run, err), err);
		if (!rc)
			rc = read_run(dev, unpack, off, &run, p, err);
		if (rc)
			return rc;
	}
	return 0;
}

int dw_mapped_extent(struct dw_dev *dev, dw_run_map_fn map, uint64_t off,
		     uint64_t len, struct dw_extent *out, struct dw_err *err)
{
	struct dw_run run = { 0 };
	int rc;

	rc = say_where(dev, map(dev, off, len, &run, err), err);
	if (rc)
		return rc;
	out->kind = run.kind;
	out->len = run.len;
	if (run.kind != DW_EXTENT_DATA)
		return 0;
	rc = dw_dev_extent(run.dev, run.off, run.len, out, err);
	out->off = off;
	/* A hole there is room that is kept here, and reads as zeros. */
	if (!rc && !run.is_view && out->kind == DW_EXTENT_UNMAPPED)
		out->kind = DW_EXTENT_ZERO;
	return rc;
}
