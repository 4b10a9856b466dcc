/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Outputs on the host: a temporary file that gets its name at the end. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dev/output.h"

struct file_output {
	struct dw_output out;
	int dir_fd;
	char *base;		/* name within the folder */
	char *temp;		/* temporary name; NULL: O_TMPFILE has none */
	int fd;			/* the device's, which closes it */
	mode_t mode;
	bool force;
	bool replaces;		/* something had the name when it was opened,
				 * and may go */
};

int dw_output_init(struct dw_output *out, const struct dw_output_driver *driver,
		   const char *path, struct dw_err *err)
{
	out->driver = driver;
	out->path = strdup(path);
	return out->path ? 0 : dw_fail_nomem(err);
}

int dw_output_commit(struct dw_output *out, struct dw_err *err)
{
	int ret = out->driver->commit(out, err);

	if (!ret)
		out->committed = true;
	return ret;
}

int dw_output_flush(struct dw_output *out, struct dw_err *err)
{
	return out->no_sync ? 0 : dw_dev_flush(out->dev, err);
}

void dw_output_withdraw(struct dw_output *out)
{
	if (out->driver->withdraw)
		out->driver->withdraw(out);
	out->committed = false;
}

void dw_output_close(struct dw_output *out)
{
	if (!out)
		return;
	dw_dev_close(out->dev, NULL);
	out->driver->close(out);
	free(out->path);
	free(out);
}

static struct file_output *file_of(struct dw_output *out)
{
	return (struct file_output *)out;
}

static int temp_name(const char *base, char **name)
{
	uint64_t salt = 0;

	/* A name that nobody can have laid in wait; O_EXCL does the rest. */
	if (getrandom(&salt, sizeof(salt), 0) < 0)
		salt = (uint64_t)getpid();
	/* NAME_MAX: the base may be as long as the host allows. */
	return asprintf(name, ".%.200s.%016" PRIx64, base, salt) < 0 ? -1 : 0;
}

/* linkat() cannot replace, so that replacing goes by a temporary name. */
static int link_named(struct file_output *f, const char *name)
{
	char proc[40];

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", f->fd);
	return linkat(AT_FDCWD, proc, f->dir_fd, name, AT_SYMLINK_FOLLOW);
}

/* Only what was there before is replaced: of two outputs whose names a
 * filesystem takes for one, the second shall not take the first away. */
static int put_in_place(struct file_output *f)
{
	if (!f->replaces) {
		if (!f->temp)
			return link_named(f, f->base);
		return renameat2(f->dir_fd, f->temp, f->dir_fd, f->base,
				 RENAME_NOREPLACE);
	}
	if (!f->temp) {
		if (temp_name(f->base, &f->temp) < 0)
			return -1;
		if (link_named(f, f->temp) < 0)
			return -1;
	}
	return renameat(f->dir_fd, f->temp, f->dir_fd, f->base);
}

/* Network filesystems may lack RENAME_NOREPLACE; link() never replaces. */
static int put_in_place_plain(struct file_output *f)
{
	if (linkat(f->dir_fd, f->temp, f->dir_fd, f->base, 0) < 0)
		return -1;
	return unlinkat(f->dir_fd, f->temp, 0);
}

static int file_commit(struct dw_output *out, struct dw_err *err)
{
	struct file_output *f = file_of(out);
	int ret = dw_output_flush(out, err);

	if (ret)
		return ret;
	if (put_in_place(f) < 0 &&
	    (f->replaces || !f->temp || errno != EINVAL ||
	     put_in_place_plain(f) < 0)) {
		if (errno == EEXIST)
			return dw_fail(err, DW_EXISTS, f->force ?
				       "%s: has come into being meanwhile" :
				       "%s: exists; --force replaces it",
				       out->path);
		return dw_fail_errno(err, errno, "%s: put in place", out->path);
	}
	free(f->temp);
	f->temp = NULL;
	if (!out->no_sync && fsync(f->dir_fd) < 0 && errno != EINVAL)
		return dw_fail_errno(err, errno, "%s: flush of its folder",
				     out->path);
	return 0;
}

/* Only while the name is that of our file. */
static void file_withdraw(struct dw_output *out)
{
	struct file_output *f = file_of(out);
	struct stat ours, there;

	if (f->replaces || fstat(f->fd, &ours) < 0 ||
	    fstatat(f->dir_fd, f->base, &there, AT_SYMLINK_NOFOLLOW) < 0 ||
	    ours.st_dev != there.st_dev || ours.st_ino != there.st_ino)
		return;
	unlinkat(f->dir_fd, f->base, 0);
}

static void file_close(struct dw_output *out)
{
	struct file_output *f = file_of(out);

	if (f->temp)
		unlinkat(f->dir_fd, f->temp, 0);
	if (f->dir_fd >= 0)
		close(f->dir_fd);
	free(f->temp);
	free(f->base);
}

static const struct dw_output_driver file_driver = {
	.commit = file_commit,
	.withdraw = file_withdraw,
	.close = file_close,
};

/* A block device has no name to take at the end; only durability is left. */
static int block_commit(struct dw_output *out, struct dw_err *err)
{
	return dw_dev_flush(out->dev, err);
}

static const struct dw_output_driver block_driver = {
	.commit = block_commit,
	.close = file_close,
};

/* Durability is the matter of whoever reads it. */
static const struct dw_output_driver pipe_driver = {
	.commit = block_commit,
	.close = file_close,
};

static int split_path(struct file_output *f, const char *path,
		      struct dw_err *err)
{
	char *copy = strdup(path);
	int ret = 0;

	f->base = copy ? strdup(basename(copy)) : NULL;
	free(copy);
	copy = strdup(path);
	if (!f->base || !copy) {
		free(copy);
		return dw_fail_nomem(err);
	}
	f->dir_fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->dir_fd < 0)
		ret = dw_fail_errno(err, errno, "%s: its folder", path);
	free(copy);
	return ret;
}

static int open_temp(struct file_output *f, struct dw_err *err)
{
	char self[40];

	f->fd = openat(f->dir_fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC,
		       f->mode);
	if (f->fd >= 0) {
		/* Without /proc it could never be given a name. */
		snprintf(self, sizeof(self), "/proc/self/fd/%d", f->fd);
		if (!access(self, F_OK))
			return 0;
		close(f->fd);
	}
	if (temp_name(f->base, &f->temp) < 0)
		return dw_fail_nomem(err);
	f->fd = openat(f->dir_fd, f->temp,
		       O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, f->mode);
	if (f->fd >= 0)
		return 0;
	free(f->temp);
	f->temp = NULL;
	return dw_fail_errno(err, errno, "%s: cannot be created", f->out.path);
}

/* Says what stands in the way before any work is done. */
static int check_target(struct file_output *f, bool *is_block,
			struct dw_err *err)
{
	const char *path = f->out.path;
	struct stat st;

	*is_block = false;
	/* A link that leads nowhere is there, too. */
	f->replaces = f->force && !fstatat(f->dir_fd, f->base, &st,
					   AT_SYMLINK_NOFOLLOW);
	if (fstatat(f->dir_fd, f->base, &st, 0) < 0)
		return 0;
	*is_block = S_ISBLK(st.st_mode);
	if (!*is_block && !S_ISREG(st.st_mode))
		return dw_fail(err, DW_USAGE,
			       "%s: neither a file nor a block device", path);
	if (f->force)
		return 0;
	return dw_fail(err, DW_EXISTS, *is_block ?
		       "%s: a block device; --force overwrites it" :
		       "%s: exists; --force replaces it", path);
}

static int open_target(struct dw_ctx *ctx, struct file_output *f,
		       struct dw_err *err)
{
	bool is_block;
	int ret;

	if (!strcmp(f->out.path, "-")) {
		f->out.driver = &pipe_driver;
		f->out.is_pipe = true;
		return dw_pipe_stdout(ctx, &f->out.dev, err);
	}
	ret = split_path(f, f->out.path, err);
	if (ret)
		return ret;
	ret = check_target(f, &is_block, err);
	if (ret)
		return ret;
	if (is_block) {
		f->out.driver = &block_driver;
		f->out.is_block = true;
		return dw_file_open(ctx, f->out.path, DW_OPEN_RDWR,
				    &f->out.dev, err);
	}
	ret = open_temp(f, err);
	if (ret)
		return ret;
	return dw_file_from_fd_take(f->fd, f->out.path, false, &f->out.dev,
				    err);
}

int dw_output_open(struct dw_ctx *ctx, const char *path, unsigned flags,
		   struct dw_output **out, struct dw_err *err)
{
	struct file_output *f = calloc(1, sizeof(*f));
	int ret;

	*out = NULL;
	if (!f)
		return dw_fail_nomem(err);
	f->dir_fd = -1;
	f->mode = flags & DW_OUTPUT_PRIVATE ? 0600 : 0666;
	f->force = flags & DW_OUTPUT_FORCE;
	f->out.no_sync = flags & DW_OUTPUT_NO_SYNC;
	ret = dw_output_init(&f->out, &file_driver, path, err);
	if (!ret)
		ret = open_target(ctx, f, err);
	if (!ret && !f->out.no_sync)
		dw_file_write_behind(f->out.dev);
	if (ret) {
		dw_output_close(&f->out);
		return ret;
	}
	*out = &f->out;
	return 0;
}
