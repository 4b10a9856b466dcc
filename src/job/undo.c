/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The record that makes a file whole again after an in-place job died.
 *
 * It is durable before the first change.  The job inserts, then writes; so a
 * dead job leaves the file either as it was, or partly moved and not written,
 * or wholly moved and partly written.  The record's map of the host's extents
 * tells the three apart.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "dev/kinds.h"
#include "job/undo.h"

int dw_undo_add_range(struct dw_undo_record *record, struct dw_dev *dev,
		      uint64_t off, uint64_t len, struct dw_err *err)
{
	struct dw_undo_range *ranges;
	uint8_t *data;
	int ret;

	ranges = realloc(record->ranges,
			 (record->ranges_nr + 1) * sizeof(*ranges));
	data = malloc(len ? len : 1);
	if (ranges)
		record->ranges = ranges;
	if (!ranges || !data) {
		free(data);
		return dw_fail_nomem(err);
	}
	ret = dw_dev_pread(dev, off, data, len, err);
	if (ret) {
		free(data);
		return ret;
	}
	ranges[record->ranges_nr++] = (struct dw_undo_range){ off, len, data };
	return 0;
}

void dw_undo_record_free(struct dw_undo_record *record)
{
	size_t i;

	for (i = 0; i < record->ranges_nr; i++)
		free(record->ranges[i].data);
	free(record->ranges);
	dw_hostmap_free(&record->before);
	memset(record, 0, sizeof(*record));
}

static int host_fd(struct dw_dev *file, int *fd, struct dw_err *err)
{
	struct dw_extent extent;
	int ret = dw_dev_extent(file, 0, file->size, &extent, err);

	if (ret)
		return ret;
	if (extent.host_fd < 0)
		return dw_fail(err, DW_UNSUPPORTED,
			       "%s: not a plain file of the host", file->name);
	*fd = extent.host_fd;
	return 0;
}

/* How far the bytes of the old file have moved, and from where on. */
static int find_shift(const struct dw_undo_record *record, struct dw_dev *file,
		      int fd, bool *shifted, uint64_t *from_off,
		      struct dw_err *err)
{
	struct dw_hostmap now;
	int ret;

	*shifted = false;
	*from_off = 0;
	if (!record->insert_len || file->size <= record->old_size)
		return 0;
	/* A file of nothing but holes: zeros wherever they are. */
	if (!record->before.nr)
		return 0;
	ret = dw_hostmap_read(fd, &now, err);
	if (ret)
		return ret;
	*shifted = dw_hostmap_shifted(&record->before, &now,
				      record->insert_len, from_off);
	dw_hostmap_free(&now);
	return 0;
}

int dw_undo_apply(const struct dw_undo_record *record, struct dw_dev *file,
		  struct dw_err *err)
{
	const struct dw_undo_range *range;
	uint64_t from_off, moved_len;
	bool shifted;
	int fd = -1, ret;
	size_t i;

	ret = host_fd(file, &fd, err);
	if (!ret)
		ret = find_shift(record, file, fd, &shifted, &from_off, err);
	if (ret)
		return ret;
	/* Partly moved means not yet written: these then write what is there,
	 * at the place where it is. */
	for (i = 0; i < record->ranges_nr && !ret; i++) {
		range = &record->ranges[i];
		moved_len = shifted && range->off >= from_off
			? record->insert_len : 0;
		ret = dw_dev_pwrite(file, range->off + moved_len, range->data,
				    range->len, err);
	}
	/* Durable before the gap closes: afterwards the map no longer tells
	 * where they belong. */
	if (!ret)
		ret = dw_dev_flush(file, err);
	if (!ret && shifted) {
		ret = dw_hostfile_collapse(fd, from_off, record->insert_len,
					   err);
		if (ret)
			return dw_err_prefix(err, ret, "%s", file->name);
		file->size -= record->insert_len;
	}
	if (!ret)
		ret = dw_dev_resize(file, record->old_size, err);
	return ret ? ret : dw_dev_flush(file, err);
}

static int sync_folder_of(const char *path, struct dw_err *err)
{
	char *copy = strdup(path);
	int fd, ret = 0;

	if (!copy)
		return dw_fail_nomem(err);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
		ret = dw_fail_errno(err, errno, "%s: flush of its folder",
				    path);
	if (fd >= 0)
		close(fd);
	free(copy);
	return ret;
}

int dw_undo_remove(const char *path, struct dw_err *err)
{
	if (unlink(path) < 0)
		return dw_fail_errno(err, errno, "%s: removal", path);
	return sync_folder_of(path, err);
}

int dw_undo(struct dw_ctx *ctx, const char *path, const char *undo_path,
	    struct dw_err *err)
{
	struct dw_undo_record record = { 0 };
	struct dw_dev *file = NULL;
	int ret;

	ret = dw_undo_read(undo_path, &record, err);
	if (!ret)
		ret = dw_file_open(ctx, path, DW_OPEN_RDWR, &file, err);
	if (!ret)
		ret = dw_undo_apply(&record, file, err);
	if (!ret)
		ret = dw_undo_remove(undo_path, err);
	dw_dev_close(file, NULL);
	dw_undo_record_free(&record);
	return ret;
}
