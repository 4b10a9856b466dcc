/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Probing and opening a VMDK, and what it says of itself.
 *
 * A disk can be a text that names its parts.  Nothing that an image names is
 * opened: only the kinds that are one file are read, monolithicSparse and
 * streamOptimized.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "formats/vmdk.h"

#define TEXT_MAGIC "# Disk DescriptorFile"
#define COWD_MAGIC 0x44574f43u		/* "COWD" */
#define SESPARSE_MAGIC UINT64_C(0xcafebabe)
#define DESCRIPTOR_LEN_MAX (1u << 20)

enum kind { KIND_NONE, KIND_SPARSE, KIND_TEXT, KIND_COWD, KIND_SESPARSE };

/* The first sector, as far as the file reaches. */
static int read_first(struct dw_dev *file, uint8_t buf[DW_VMDK_HEADER_LEN],
		      struct dw_err *err)
{
	memset(buf, 0, DW_VMDK_HEADER_LEN);
	if (!file->size)
		return 0;
	return dw_dev_pread(file, 0, buf,
			    dw_min(file->size, DW_VMDK_HEADER_LEN), err);
}

static enum kind kind_of(const uint8_t buf[DW_VMDK_HEADER_LEN])
{
	if (dw_le32(buf) == DW_VMDK_MAGIC)
		return KIND_SPARSE;
	if (dw_le32(buf) == COWD_MAGIC)
		return KIND_COWD;
	if (dw_le64(buf) == SESPARSE_MAGIC)
		return KIND_SESPARSE;
	if (!strncasecmp((const char *)buf, TEXT_MAGIC, strlen(TEXT_MAGIC)))
		return KIND_TEXT;
	return KIND_NONE;
}

/* ---- headers ------------------------------------------------------------ */

static bool is_marker(const uint8_t *buf, enum dw_vmdk_marker type)
{
	return !dw_le32(buf + 8) && dw_le32(buf + 12) == type;
}

/*
 * A stream ends with a marker, a copy of the header that knows where the
 * grain directory is, and the marker of the end.
 */
static int read_footer(struct dw_dev *file, struct dw_vmdk_header *h,
		       struct dw_err *err)
{
	uint8_t buf[3 * DW_VMDK_SECTOR];
	struct dw_vmdk_header footer;
	int rc;

	if (file->size % DW_VMDK_SECTOR || file->size < sizeof(buf))
		return dw_fail(err, DW_CORRUPT, "vmdk: the stream was cut off "
			       "at %" PRIu64, file->size);
	rc = dw_dev_pread(file, file->size - sizeof(buf), buf, sizeof(buf),
			  err);
	if (rc)
		return rc;
	if (!is_marker(buf, DW_VMDK_MARKER_FOOTER) ||
	    !is_marker(buf + 2 * DW_VMDK_SECTOR, DW_VMDK_MARKER_END) ||
	    dw_vmdk_header_decode(buf + DW_VMDK_SECTOR, &footer, NULL))
		return dw_fail(err, DW_CORRUPT,
			       "vmdk: the stream has no footer at its end at %"
			       PRIu64 "; it was cut off", file->size);
	if (footer.capacity_lba != h->capacity_lba ||
	    footer.grain_lba != h->grain_lba ||
	    footer.table_nr != h->table_nr ||
	    footer.directory_off_lba == DW_VMDK_GD_AT_END)
		return dw_fail(err, DW_CORRUPT,
			       "vmdk: header and footer differ");
	/* The descriptor is where the header says. */
	footer.descriptor_off_lba = h->descriptor_off_lba;
	footer.descriptor_len_lba = h->descriptor_len_lba;
	*h = footer;
	return dw_vmdk_header_check(h, file->size, err);
}

static int read_descriptor(struct dw_dev *file, uint64_t off, uint64_t len,
			   struct dw_vmdk_descriptor *out, struct dw_err *err)
{
	char *text;
	int rc;

	len = dw_min(dw_min(len, DESCRIPTOR_LEN_MAX), file->size - off);
	text = malloc(len + 1);
	if (!text)
		return dw_fail_nomem(err);
	rc = len ? dw_dev_pread(file, off, text, len, err) : 0;
	if (!rc)
		dw_vmdk_descriptor_parse(text, len, out);
	free(text);
	return rc;
}

static int read_sparse(struct dw_dev *file, const uint8_t *buf,
		       struct dw_vmdk_image *out, struct dw_err *err)
{
	struct dw_vmdk_header *h = &out->h;
	int rc;

	rc = dw_vmdk_header_decode(buf, h, err);
	if (!rc)
		rc = dw_vmdk_header_check(h, file->size, err);
	if (!rc && h->directory_off_lba == DW_VMDK_GD_AT_END)
		rc = read_footer(file, h, err);
	if (rc)
		return rc;
	out->size = h->capacity_lba * DW_VMDK_SECTOR;
	if (!h->descriptor_off_lba)
		return 0;
	return read_descriptor(file, h->descriptor_off_lba * DW_VMDK_SECTOR,
			       h->descriptor_len_lba * DW_VMDK_SECTOR,
			       &out->descriptor, err);
}

static int read_text(struct dw_dev *file, struct dw_vmdk_image *out,
		     struct dw_err *err)
{
	int rc = read_descriptor(file, 0, file->size, &out->descriptor, err);

	out->is_text = true;
	if (!dw_mul(out->descriptor.extents_lba, DW_VMDK_SECTOR, &out->size))
		out->size = UINT64_MAX;
	return rc;
}

int dw_vmdk_read_headers(struct dw_dev *file, struct dw_vmdk_image *out,
			 struct dw_err *err)
{
	uint8_t buf[DW_VMDK_HEADER_LEN];
	int rc;

	memset(out, 0, sizeof(*out));
	rc = read_first(file, buf, err);
	if (rc)
		return rc;
	switch (kind_of(buf)) {
	case KIND_SPARSE:
		return read_sparse(file, buf, out, err);
	case KIND_TEXT:
		return read_text(file, out, err);
	case KIND_COWD:
	case KIND_SESPARSE:
		return dw_fail(err, DW_UNSUPPORTED,
			       "vmdk: is a sparse file of ESX (%s), which is "
			       "not supported", kind_of(buf) == KIND_COWD ?
			       "COWD" : "seSparse");
	default:
		return dw_fail(err, DW_NOT_MINE, "vmdk: no magic number");
	}
}

/* ---- what is not for us ------------------------------------------------- */

int dw_vmdk_refuse(const struct dw_vmdk_image *image, struct dw_err *err)
{
	const struct dw_vmdk_descriptor *d = &image->descriptor;

	if (d->has_parent)
		return dw_fail(err, DW_UNSUPPORTED,
			       "vmdk: needs its parent \"%s\", which is not "
			       "supported", d->parent);
	if (image->is_text && !strcasecmp(d->extent_kind, "FLAT"))
		return dw_fail(err, DW_UNSUPPORTED,
			       "vmdk: only describes a disk (%s), which lies "
			       "in \"%s\"; that file is a raw disk",
			       d->create_type, d->extent_file);
	if (image->is_text)
		return dw_fail(err, DW_UNSUPPORTED,
			       "vmdk: only describes a disk (%s), which lies "
			       "in \"%s\"; no other file is opened",
			       d->create_type, d->extent_file);
	if (!*d->create_type)
		return dw_fail(err, DW_UNSUPPORTED,
			       "vmdk: is one extent of a disk that another "
			       "file describes");
	if ((strcasecmp(d->create_type, "monolithicSparse") &&
	     strcasecmp(d->create_type, "streamOptimized")) ||
	    d->extents_nr > 1)
		return dw_fail(err, DW_UNSUPPORTED,
			       "vmdk: a disk of the type \"%s\" with %u "
			       "extents is not supported", d->create_type,
			       d->extents_nr);
	return 0;
}

/* ---- the driver --------------------------------------------------------- */

static int vmdk_probe(struct dw_dev *file, struct dw_err *err)
{
	uint8_t buf[DW_VMDK_HEADER_LEN];
	int rc = read_first(file, buf, err);

	if (rc)
		return rc;
	/* Also what is refused is ours, rather than taken for a raw disk. */
	return kind_of(buf) == KIND_NONE ?
	       dw_fail(err, DW_NOT_MINE, "vmdk: no magic number") : 0;
}

static int vmdk_open(struct dw_ctx *ctx, struct dw_dev *file,
		     const struct dw_format_how *how, struct dw_dev **out,
		     struct dw_err *err)
{
	struct dw_vmdk_image image;
	int rc;

	*out = NULL;
	if (how->snapshot)
		return dw_fail(err, DW_NOENT, "%s: a VMDK image has no "
			       "snapshots", file->name);
	rc = dw_vmdk_read_headers(file, &image, err);
	if (!rc)
		rc = dw_vmdk_refuse(&image, err);
	return rc ? rc : dw_vmdk_sparse_open(file, &image, out, err);
}

/* An empty text is none. */
static int set_text(char **to, const char *text, struct dw_err *err)
{
	if (!*text)
		return 0;
	*to = strdup(text);
	return *to ? 0 : dw_fail_nomem(err);
}

static int vmdk_info(struct dw_ctx *ctx, struct dw_dev *file,
		     struct dw_image_info *out, struct dw_err *err)
{
	struct dw_vmdk_image image;
	int rc;

	rc = dw_vmdk_read_headers(file, &image, err);
	if (rc)
		return rc;
	out->size = image.size;
	out->cluster_len = (uint32_t)image.h.grain_lba * DW_VMDK_SECTOR;
	out->dirty = image.h.unclean;
	if (image.h.flags & DW_VMDK_FLAG_PACKED)
		out->codec = dw_codec_name(DW_CODEC_ZLIB);
	rc = set_text(&out->subformat, image.descriptor.create_type, err);
	if (!rc && image.descriptor.has_parent)
		rc = set_text(&out->backing_name, image.descriptor.parent,
			      err);
	if (!rc && image.is_text)
		rc = set_text(&out->data_file, image.descriptor.extent_file,
			      err);
	return rc;
}

const struct dw_format_driver dw_vmdk_format = {
	.name = "vmdk",
	.suffix = ".vmdk",
	.probe = vmdk_probe,
	.open = vmdk_open,
	.create = dw_vmdk_create,
	.info = vmdk_info,
};
