/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changing a raw file where it lies, with a way back. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "job/inplace.h"

static int add_patch(struct dw_inplace *job, uint64_t off, uint64_t len,
		     uint8_t **data, struct dw_err *err)
{
	struct dw_patch *patches;

	/* Twice: the new bytes here, the old ones in the record. */
	if (len > job->cap_len / 2 - job->held_len)
		return dw_fail(err, DW_LIMIT,
			       "more than %" PRIu64 " bytes would change in "
			       "place; convert to another file instead",
			       job->cap_len / 2);
	patches = realloc(job->patches,
			  (job->patches_nr + 1) * sizeof(*patches));
	if (!patches)
		return dw_fail_nomem(err);
	job->patches = patches;
	*data = malloc(len ? len : 1);
	if (!*data)
		return dw_fail_nomem(err);
	patches[job->patches_nr++] = (struct dw_patch){ off, len, *data };
	job->held_len += len;
	return 0;
}

int dw_inplace_add(struct dw_inplace *job, struct dw_dev *from,
		   uint64_t from_off, uint64_t old_off, uint64_t len,
		   struct dw_err *err)
{
	uint8_t *data;
	int ret;

	ret = add_patch(job, old_off + job->insert_len, len, &data, err);
	if (!ret)
		ret = dw_dev_pread(from, from_off, data, len, err);
	if (!ret)
		ret = dw_undo_add_range(&job->record, job->file, old_off, len,
					err);
	return ret;
}

int dw_inplace_add_new(struct dw_inplace *job, uint64_t off, const void *data,
		       uint64_t len, struct dw_err *err)
{
	uint8_t *copy;
	int ret = add_patch(job, off, len, &copy, err);

	if (!ret)
		memcpy(copy, data, len);
	return ret;
}

static int write_record(struct dw_inplace *job, struct dw_err *err)
{
	struct dw_extent extent;
	int ret;

	job->record.old_size = job->file->size;
	job->record.insert_len = job->insert_len;
	ret = dw_dev_extent(job->file, 0, job->file->size, &extent, err);
	/* The record is one of bytes of the host's file. */
	if (!ret && (extent.host_fd < 0 || extent.host_off))
		ret = dw_fail(err, DW_UNSUPPORTED,
			      "%s: only a raw file can be changed in place",
			      job->file->name);
	if (!ret && job->insert_len)
		ret = dw_hostmap_read(extent.host_fd, &job->record.before,
				      err);
	if (!ret)
		ret = dw_undo_write(&job->record, job->undo_path, err);
	return ret;
}

static int change(struct dw_ctx *ctx, struct dw_inplace *job,
		  struct dw_err *err)
{
	const struct dw_patch *patch;
	size_t i;
	int ret = 0;

	if (job->insert_len)
		ret = dw_dev_insert(job->file, 0, job->insert_len, err);
	if (!ret && job->size > job->file->size)
		ret = dw_dev_resize(job->file, job->size, err);
	for (i = 0; i < job->patches_nr && !ret; i++) {
		patch = &job->patches[i];
		ret = dw_ctx_check(ctx, err);
		if (!ret && i + 1 == job->patches_nr)
			ret = dw_dev_flush(job->file, err);
		if (!ret)
			ret = dw_dev_pwrite(job->file, patch->off, patch->data,
					    patch->len, err);
	}
	return ret ? ret : dw_dev_flush(job->file, err);
}

int dw_inplace_run(struct dw_ctx *ctx, struct dw_inplace *job,
		   struct dw_err *err)
{
	int ret = write_record(job, err);

	if (ret)
		return ret;
	ret = change(ctx, job, err);
	if (ret && dw_inplace_undo(job, NULL))
		dw_err_prefix(err, ret, "%s: neither changed nor made whole "
			      "again, run 'undo' with %s", job->file->name,
			      job->undo_path);
	return ret;
}

int dw_inplace_finish(struct dw_inplace *job, struct dw_err *err)
{
	return dw_undo_remove(job->undo_path, err);
}

int dw_inplace_undo(struct dw_inplace *job, struct dw_err *err)
{
	int ret = dw_undo_apply(&job->record, job->file, err);

	return ret ? ret : dw_undo_remove(job->undo_path, err);
}

void dw_inplace_free(struct dw_inplace *job)
{
	size_t i;

	for (i = 0; i < job->patches_nr; i++)
		free(job->patches[i].data);
	free(job->patches);
	dw_undo_record_free(&job->record);
	memset(job, 0, sizeof(*job));
}
