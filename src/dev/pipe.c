/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Standard output as a device that can only grow at its end. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/checked.h"
#include "dev/kinds.h"

#define NAME "standard output"

/* What lies between two writes, and behind the last one up to the size, are
 * zeros, which the device writes itself. */
struct pipe_dev {
	struct dw_dev dev;
	struct dw_ctx *ctx;
	int fd;
	uint64_t written_len;
};

static struct pipe_dev *pipe_of(struct dw_dev *dev)
{
	return (struct pipe_dev *)dev;
}

/* A reader that takes its time must not hold up a cancelled job: a signal ends
 * the wait. */
static int wait_for_room(struct pipe_dev *p, struct dw_err *err)
{
	struct pollfd pfd = { .fd = p->fd, .events = POLLOUT };

	if (errno == EAGAIN)
		poll(&pfd, 1, -1);
	else if (errno != EINTR)
		return dw_fail_errno(err, errno, NAME ": write at %" PRIu64,
				     p->written_len);
	return dw_ctx_check(p->ctx, err);
}

static int append(struct pipe_dev *p, const void *buf, size_t len,
		  struct dw_err *err)
{
	const uint8_t *at = buf;
	ssize_t done;
	int ret;

	while (len) {
		done = write(p->fd, at, len);
		if (done < 0) {
			ret = wait_for_room(p, err);
			if (ret)
				return ret;
			continue;
		}
		at += done;
		len -= (size_t)done;
		p->written_len += (uint64_t)done;
	}
	return 0;
}

static int fill_up_to(struct pipe_dev *p, uint64_t off, struct dw_err *err)
{
	static const uint8_t zeros[65536];
	int ret = 0;

	while (!ret && p->written_len < off) {
		ret = dw_ctx_check(p->ctx, err);
		if (!ret)
			ret = append(p, zeros, dw_min(sizeof(zeros),
						      off - p->written_len),
				     err);
	}
	return ret;
}

static int check_off(const struct pipe_dev *p, uint64_t off,
		     struct dw_err *err)
{
	if (off >= p->written_len)
		return 0;
	return dw_fail(err, DW_UNSUPPORTED, NAME ": a write at %" PRIu64
		       ", of which %" PRIu64 " bytes are written already",
		       off, p->written_len);
}

static int pipe_pread(struct dw_dev *dev, uint64_t off, void *buf, size_t len,
		      struct dw_err *err)
{
	return dw_fail(err, DW_UNSUPPORTED, NAME ": cannot be read");
}

static int pipe_pwrite(struct dw_dev *dev, uint64_t off, const void *buf,
		       size_t len, struct dw_err *err)
{
	struct pipe_dev *p = pipe_of(dev);
	int ret = check_off(p, off, err);

	if (!ret)
		ret = fill_up_to(p, off, err);
	return ret ? ret : append(p, buf, len, err);
}

/* What is not written yet is zero anyway. */
static int pipe_zero(struct dw_dev *dev, uint64_t off, uint64_t len,
		     struct dw_err *err)
{
	return check_off(pipe_of(dev), off, err);
}

static int pipe_resize(struct dw_dev *dev, uint64_t size, struct dw_err *err)
{
	int ret = check_off(pipe_of(dev), size, err);

	if (!ret)
		dev->size = size;
	return ret;
}

static int pipe_flush(struct dw_dev *dev, struct dw_err *err)
{
	return fill_up_to(pipe_of(dev), dev->size, err);
}

static int pipe_close(struct dw_dev *dev, struct dw_err *err)
{
	if (close(pipe_of(dev)->fd) < 0)
		return dw_fail_errno(err, errno, NAME ": close");
	return 0;
}

static const struct dw_dev_driver pipe_driver = {
	.kind = "pipe",
	.pread = pipe_pread,
	.pwrite = pipe_pwrite,
	.zero = pipe_zero,
	.resize = pipe_resize,
	.flush = pipe_flush,
	.close = pipe_close,
};

int dw_pipe_stdout(struct dw_ctx *ctx, struct dw_dev **out, struct dw_err *err)
{
	struct pipe_dev *p;
	int ret;

	*out = NULL;
	if (isatty(STDOUT_FILENO))
		return dw_fail(err, DW_USAGE,
			       NAME ": a terminal, which shows no images");
	p = calloc(1, sizeof(*p));
	if (!p)
		return dw_fail_nomem(err);
	p->ctx = ctx;
	p->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	if (p->fd < 0) {
		free(p);
		return dw_fail_errno(err, errno, NAME);
	}
	ret = dw_dev_init(&p->dev, &pipe_driver, NAME, 0, 512, false, err);
	if (ret) {
		close(p->fd);
		free(p);
		return ret;
	}
	*out = &p->dev;
	return 0;
}

bool dw_pipe_is(const struct dw_dev *dev)
{
	return dev->driver == &pipe_driver;
}
