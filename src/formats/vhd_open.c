/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Probing and opening a VHD, and what it says of itself. */
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "dev/kinds.h"
#include "formats/vhd.h"

/* Footers of old Virtual PC lack a byte, and with it so does the file. */
static size_t end_footer_len(const struct dw_dev *file)
{
	return file->size % DW_VHD_SECTOR == DW_VHD_OLD_FOOTER_LEN ?
	       DW_VHD_OLD_FOOTER_LEN : DW_VHD_FOOTER_LEN;
}

static int read_end(struct dw_dev *file, struct dw_vhd_footer *out,
		    struct dw_err *err)
{
	uint8_t buf[DW_VHD_FOOTER_LEN];
	size_t len = end_footer_len(file);
	int rc;

	if (file->size < len)
		return dw_fail(err, DW_NOT_MINE, "vhd: %" PRIu64 " bytes",
			       file->size);
	rc = dw_dev_pread(file, file->size - len, buf, len, err);
	return rc ? rc : dw_vhd_footer_decode(buf, len, out, err);
}

static int read_front(struct dw_dev *file, struct dw_vhd_footer *out,
		      struct dw_err *err)
{
	uint8_t buf[DW_VHD_FOOTER_LEN];
	int rc;

	if (file->size < sizeof(buf))
		return dw_fail(err, DW_NOT_MINE, "vhd: %" PRIu64 " bytes",
			       file->size);
	rc = dw_dev_pread(file, 0, buf, sizeof(buf), err);
	if (!rc)
		rc = dw_vhd_footer_decode(buf, sizeof(buf), out, err);
	/* A fixed disk begins with the disk: here, with another image. */
	if (!rc && out->type == DW_VHD_FIXED)
		rc = dw_fail(err, DW_CORRUPT, "vhd: the footer at 0 is of a "
			     "fixed disk");
	return rc;
}

/* The footer at the end is the one that counts; a dynamic disk has a copy in
 * front, for the case that the file was cut off. */
static int find_footer(struct dw_dev *file, struct dw_vhd_image *out,
		       struct dw_err *err)
{
	struct dw_err front_err;
	int rc, front_rc;

	rc = read_end(file, &out->footer, err);
	if (!rc) {
		out->data_end = file->size - end_footer_len(file);
		return 0;
	}
	if (rc != DW_CORRUPT && rc != DW_NOT_MINE)
		return rc;
	out->data_end = file->size;
	front_rc = read_front(file, &out->footer, &front_err);
	if (!front_rc)
		return 0;
	if (rc == DW_CORRUPT && front_rc == DW_CORRUPT)
		return dw_fail(err, rc, "vhd: the footer at the end and its "
			       "copy in front are both damaged");
	/* Without a copy in front it was a fixed disk. */
	if (rc == DW_CORRUPT && front_rc == DW_NOT_MINE)
		return rc;
	if (err)
		*err = front_err;
	return front_rc;
}

int dw_vhd_read_headers(struct dw_dev *file, struct dw_vhd_image *out,
			struct dw_err *err)
{
	uint8_t buf[DW_VHD_DYNAMIC_LEN];
	int rc;

	memset(out, 0, sizeof(*out));
	rc = find_footer(file, out, err);
	if (!rc)
		rc = dw_vhd_footer_check(&out->footer, out->data_end, err);
	if (rc)
		return rc;
	out->size = dw_vhd_size(&out->footer);
	if (out->footer.type == DW_VHD_FIXED)
		return 0;
	rc = dw_dev_pread(file, out->footer.dynamic_off, buf, sizeof(buf),
			  err);
	if (!rc)
		rc = dw_vhd_dynamic_decode(buf, &out->dynamic, err);
	if (!rc)
		rc = dw_vhd_dynamic_check(&out->dynamic, out->size,
					  out->data_end, err);
	return rc;
}

/*
 * A dynamic disk begins with its footer's copy, and is ours even if that is
 * damaged.  A fixed one has nothing but its last sector, which must be right
 * in all; what is expensive to reach is not looked at.
 */
static int vhd_probe(struct dw_dev *file, struct dw_err *err)
{
	struct dw_vhd_footer footer;
	struct dw_extent extent;
	size_t len = end_footer_len(file);
	int rc;

	rc = read_front(file, &footer, err);
	if (rc == DW_CORRUPT)
		return 0;
	if (rc != DW_NOT_MINE || file->size < len)
		return rc;
	rc = dw_dev_extent(file, file->size - len, len, &extent, err);
	if (rc)
		return rc;
	if (extent.kind != DW_EXTENT_DATA)
		return dw_fail(err, DW_NOT_MINE, "vhd: no footer");
	rc = read_end(file, &footer, err);
	return rc == DW_CORRUPT ? dw_fail(err, DW_NOT_MINE, "vhd: no footer")
				: rc;
}

static int vhd_open(struct dw_ctx *ctx, struct dw_dev *file,
		    const struct dw_format_how *how, struct dw_dev **out,
		    struct dw_err *err)
{
	struct dw_vhd_image image;
	int rc;

	*out = NULL;
	if (how->snapshot)
		return dw_fail(err, DW_NOENT, "%s: a VHD image has no "
			       "snapshots", file->name);
	rc = dw_vhd_read_headers(file, &image, err);
	if (rc)
		return rc;
	if (image.footer.type == DW_VHD_DIFFERENCING)
		return dw_fail(err, DW_UNSUPPORTED,
			       "vhd: is a differencing disk, which needs its "
			       "parent \"%s\"", image.dynamic.parent);
	if (image.footer.type == DW_VHD_FIXED)
		return dw_window_new_kind(file, 0, image.size, file->name,
					  "vhd", out, err);
	return dw_vhd_dynamic_open(file, &image, out, err);
}

static int vhd_info(struct dw_ctx *ctx, struct dw_dev *file,
		    struct dw_image_info *out, struct dw_err *err)
{
	static const char *const names[] = {
		[DW_VHD_FIXED] = "fixed",
		[DW_VHD_DYNAMIC] = "dynamic",
		[DW_VHD_DIFFERENCING] = "differencing",
	};
	struct dw_vhd_image image;
	int rc;

	rc = dw_vhd_read_headers(file, &image, err);
	if (rc)
		return rc;
	out->size = image.size;
	out->cluster_len = image.dynamic.block_len;
	out->subformat = strdup(names[image.footer.type]);
	if (!out->subformat)
		return dw_fail_nomem(err);
	if (image.footer.type != DW_VHD_DIFFERENCING)
		return 0;
	out->backing_name = strdup(image.dynamic.parent);
	return out->backing_name ? 0 : dw_fail_nomem(err);
}

const struct dw_format_driver dw_vhd_format = {
	.name = "vhd",
	.alias = "vpc",
	.suffix = ".vhd",
	.probe = vhd_probe,
	.open = vhd_open,
	.create = dw_vhd_create,
	.info = vhd_info,
};
