/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the drivers of compressed streams share. */
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "dev/kinds.h"
#include "formats/stream.h"

#define MAGIC_LEN_MAX 8
/* Enough for the headers of every format. */
#define HEAD_LEN (64u << 10)

int dw_stream_probe(struct dw_dev *file, uint64_t off, const char *name,
		    const void *magic, size_t magic_len, struct dw_err *err)
{
	uint8_t head[MAGIC_LEN_MAX];
	int rc;

	if (!dw_in_range(off, magic_len, file->size))
		return dw_fail(err, DW_NOT_MINE, "%s: %" PRIu64 " bytes", name,
			       file->size);
	rc = dw_dev_pread(file, off, head, magic_len, err);
	if (rc)
		return rc;
	if (memcmp(head, magic, magic_len))
		return dw_fail(err, DW_NOT_MINE, "%s: no magic number", name);
	return 0;
}

int dw_stream_check_how(struct dw_dev *file, const char *name,
			const struct dw_format_how *how, struct dw_err *err)
{
	if (!how->snapshot)
		return 0;
	return dw_fail(err, DW_NOENT, "%s: the disk in a %s file has no "
		       "snapshots", file->name, name);
}

/* Only the first bytes are shown to the drivers: the end of a stream is a long
 * way off. */
static int check_head(struct dw_dev *head, const char *name,
		      struct dw_err *err)
{
	size_t i;
	int rc;

	for (i = 0; dw_formats[i] != &dw_raw_format; i++) {
		rc = dw_formats[i]->probe(head, err);
		if (!rc)
			return dw_fail(err, DW_UNSUPPORTED,
				       "%s: holds a %s image, not a raw disk; "
				       "decompress it first", name,
				       dw_formats[i]->name);
		if (rc != DW_NOT_MINE)
			return rc;
	}
	return 0;
}

int dw_stream_check_content(struct dw_dev **disk, const char *name,
			    struct dw_err *err)
{
	struct dw_dev *head = NULL;
	int rc;

	rc = dw_window_new(*disk, 0, dw_min((*disk)->size, HEAD_LEN),
			   (*disk)->name, &head, err);
	if (!rc)
		rc = check_head(head, name, err);
	dw_dev_close(head, NULL);
	if (rc) {
		dw_dev_close(*disk, NULL);
		*disk = NULL;
	}
	return rc;
}
