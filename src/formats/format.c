/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of image formats, probing, and the checks all writers share. */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/checked.h"
#include "formats/format.h"

const struct dw_format_driver *const dw_formats[] = {
	&dw_qcow2_format,
	&dw_vmdk_format,
	&dw_gzip_format,
	&dw_xz_format,
	&dw_zstd_format,
	&dw_vhd_format,
	&dw_raw_format,
	NULL,
};

const struct dw_format_driver *dw_format_by_name(const char *name)
{
	size_t i;

	for (i = 0; dw_formats[i]; i++)
		if (!strcmp(dw_formats[i]->name, name) ||
		    (dw_formats[i]->alias && !strcmp(dw_formats[i]->alias, name)))
			return dw_formats[i];
	return NULL;
}

const struct dw_format_driver *dw_format_by_suffix(const char *path)
{
	size_t i, len = strlen(path), suffix_len;

	for (i = 0; dw_formats[i]; i++) {
		suffix_len = strlen(dw_formats[i]->suffix);
		if (len > suffix_len && !strcasecmp(path + len - suffix_len,
						    dw_formats[i]->suffix))
			return dw_formats[i];
	}
	return &dw_raw_format;
}

static int probe(struct dw_dev *file, const struct dw_format_driver **out,
		 struct dw_err *err)
{
	size_t i;
	int rc = DW_NOT_MINE;

	for (i = 0; rc == DW_NOT_MINE && dw_formats[i]; i++) {
		*out = dw_formats[i];
		rc = dw_formats[i]->probe(file, err);
	}
	return rc;
}

int dw_format_find(struct dw_dev *file, const char *name,
		   const struct dw_format_driver **out, struct dw_err *err)
{
	*out = NULL;
	if (!name)
		return probe(file, out, err);
	*out = dw_format_by_name(name);
	if (!*out)
		return dw_fail(err, DW_USAGE, "no image format is called \"%s\"",
			       name);
	return 0;
}

int dw_format_open_how(struct dw_ctx *ctx, struct dw_dev *file,
		       const char *name, const struct dw_format_how *how,
		       const struct dw_format_driver **driver,
		       struct dw_dev **out, struct dw_err *err)
{
	static const struct dw_format_how plain;
	const struct dw_format_driver *found;
	int rc;

	*out = NULL;
	rc = dw_format_find(file, name, &found, err);
	if (rc)
		return rc;
	if (driver)
		*driver = found;
	rc = found->open(ctx, file, how ? how : &plain, out, err);
	/* What the host says has the name in it already. */
	if (rc == DW_CORRUPT || rc == DW_UNSUPPORTED || rc == DW_DENIED)
		return dw_err_prefix(err, rc, "%s", file->name);
	return rc;
}

int dw_format_open(struct dw_ctx *ctx, struct dw_dev *file, const char *name,
		   const struct dw_format_driver **driver, struct dw_dev **out,
		   struct dw_err *err)
{
	return dw_format_open_how(ctx, file, name, NULL, driver, out, err);
}

int dw_writer_place(struct dw_writer *w, uint64_t off, uint64_t payload_len,
		    struct dw_place *out, struct dw_err *err)
{
	uint32_t unit = w->maps ? w->unit_len : 1;
	/* A packed unit may be longer than its bytes. */
	uint64_t len = w->must_pack ? unit : payload_len;

	*out = (struct dw_place){ 0 };
	/* The last unit may come whole, with zeros behind the disk's end. */
	if (!payload_len || off >= w->size ||
	    !dw_in_range(off, len, dw_round_up(w->size, unit)))
		return dw_fail(err, DW_RANGE,
			       "a payload of %" PRIu64 " bytes at %" PRIu64
			       " for a disk of %" PRIu64, payload_len, off,
			       w->size);
	if (w->maps && (off % unit || off < w->placed_end))
		return dw_fail(err, DW_USAGE,
			       "a payload at %" PRIu64 " after %" PRIu64
			       ", in units of %" PRIu32, off, w->placed_end,
			       unit);
	w->placed_end = off + dw_round_up(len, unit);
	return w->driver->place(w, off, payload_len, out, err);
}

int dw_writer_put(struct dw_writer *w, const struct dw_place *place,
		  const void *payload, struct dw_err *err)
{
	return w->driver->put(w, place, payload, err);
}

int dw_writer_finish(struct dw_writer *w, struct dw_err *err)
{
	return w->driver->finish(w, err);
}

void dw_writer_free(struct dw_writer *w)
{
	if (w)
		w->driver->free(w);
}
