/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unnamed files on the host, for bytes that can be had only once, in order. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "dev/hostlock.h"
#include "dev/kinds.h"

#define DEFAULT_DIR "/var/tmp"
/* What is zero in steps of this, a block of most hosts, is not written. */
#define HOLE_LEN 4096u
/* A limit of the host's filesystem is met earlier; past this a few bytes that
 * claim to be an endless disk are more likely than a disk. */
#define SPOOL_LEN_MAX (16ull << 40)
#define STDIN_NAME "standard input"
#define STEP_LEN (1u << 20)

static const char *spool_dir(const struct dw_ctx *ctx)
{
	const char *dir = ctx->spool_dir;

	if (!dir)
		dir = getenv("TMPDIR");
	return dir && *dir ? dir : DEFAULT_DIR;
}

/* Where the host has no O_TMPFILE, the file has a name for a moment. */
static int open_named(const char *dir)
{
	char *path;
	int fd;

	if (asprintf(&path, "%s/diskwright.XXXXXX", dir) < 0)
		return -1;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	free(path);
	return fd;
}

int dw_spool_new(struct dw_ctx *ctx, const char *what, struct dw_dev **out,
		 struct dw_err *err)
{
	const char *dir = spool_dir(ctx);
	char *name;
	int fd, ret;

	*out = NULL;
	fd = open(dir, O_RDWR | O_TMPFILE | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		fd = open_named(dir);
	if (fd < 0)
		return dw_fail_errno(err, errno, "%s: no file can be made there",
				     dir);
	if (asprintf(&name, "%s in %s", what, dir) < 0) {
		close(fd);
		return dw_fail_nomem(err);
	}
	ret = dw_file_from_fd_take(fd, name, false, out, err);
	free(name);
	return ret;
}

/* The length of the run that starts at p, all of it zeros or all not. */
static size_t run_len(const uint8_t *p, size_t len, bool *zeros)
{
	size_t step = dw_min(len, HOLE_LEN), end = step;

	*zeros = dw_is_zero(p, step);
	for (; end < len; end += step) {
		step = dw_min(len - end, HOLE_LEN);
		if (dw_is_zero(p + end, step) != *zeros)
			break;
	}
	return end;
}

int dw_spool_write(struct dw_dev *spool, uint64_t off, const void *buf,
		   size_t len, struct dw_err *err)
{
	const uint8_t *p = buf;
	size_t step;
	bool zeros;
	int ret = 0;

	if (!dw_in_range(off, len, SPOOL_LEN_MAX))
		return dw_fail(err, DW_LIMIT, "%s: would be longer than %llu "
			       "bytes", spool->name, SPOOL_LEN_MAX);
	if (off + len > spool->size)
		ret = dw_dev_resize(spool, off + len, err);
	for (; len && !ret; p += step, off += step, len -= step) {
		step = run_len(p, len, &zeros);
		if (!zeros)
			ret = dw_dev_pwrite(spool, off, p, step, err);
	}
	return ret;
}

/* Fills the buffer as far as there is input; *len 0 at its end. */
static int read_stdin(struct dw_ctx *ctx, uint8_t *buf, size_t *len,
		      struct dw_err *err)
{
	struct pollfd pfd = { .fd = STDIN_FILENO, .events = POLLIN };
	ssize_t got = 1;
	int ret;

	for (*len = 0; *len < STEP_LEN && got; ) {
		ret = dw_ctx_check(ctx, err);
		if (ret)
			return ret;
		got = read(STDIN_FILENO, buf + *len, STEP_LEN - *len);
		if (got < 0 && errno == EAGAIN)
			poll(&pfd, 1, -1);
		else if (got < 0 && errno != EINTR)
			return dw_fail_errno(err, errno, STDIN_NAME);
		if (got > 0)
			*len += (size_t)got;
	}
	return 0;
}

static int spool_stdin(struct dw_ctx *ctx, struct dw_dev *spool,
		       struct dw_err *err)
{
	uint8_t *buf = malloc(STEP_LEN);
	uint64_t off = 0;
	size_t len = 1;
	int ret = buf ? 0 : dw_fail_nomem(err);

	while (!ret && len) {
		ret = read_stdin(ctx, buf, &len, err);
		if (!ret && len)
			ret = dw_spool_write(spool, off, buf, len, err);
		off += len;
		dw_ctx_progress(ctx, "read", off, 0);
	}
	free(buf);
	return ret;
}

/* From now on it is only read, and is what it stands for. */
static int end_spool(struct dw_dev *spool, const char *name,
		     struct dw_err *err)
{
	char *copy = strdup(name);

	if (!copy)
		return dw_fail_nomem(err);
	free(spool->name);
	spool->name = copy;
	return dw_file_settle(spool, err);
}

/* A descriptor of our own: offsets of the caller's one stay where they are. */
static int open_stdin(unsigned flags, struct dw_dev **out, struct dw_err *err)
{
	int fd = open("/proc/self/fd/0", O_RDONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return DW_NOT_MINE;
	if (!(flags & DW_OPEN_SHARE))
		ret = dw_hostlock_take(fd, STDIN_NAME, false, err);
	if (ret) {
		close(fd);
		return ret;
	}
	return dw_file_from_fd_take(fd, STDIN_NAME, true, out, err);
}

int dw_spool_stdin(struct dw_ctx *ctx, unsigned flags, struct dw_dev **out,
		   struct dw_err *err)
{
	struct stat st;
	int ret = DW_NOT_MINE;

	*out = NULL;
	if (fstat(STDIN_FILENO, &st) < 0)
		return dw_fail_errno(err, errno, STDIN_NAME);
	if (isatty(STDIN_FILENO))
		return dw_fail(err, DW_USAGE, STDIN_NAME ": a terminal");
	if (S_ISREG(st.st_mode) && !lseek(STDIN_FILENO, 0, SEEK_CUR))
		ret = open_stdin(flags, out, err);
	if (ret != DW_NOT_MINE)
		return ret;
	ret = dw_spool_new(ctx, STDIN_NAME, out, err);
	if (!ret)
		ret = spool_stdin(ctx, *out, err);
	if (!ret)
		ret = end_spool(*out, STDIN_NAME, err);
	if (ret) {
		dw_dev_close(*out, NULL);
		*out = NULL;
	}
	return ret;
}
