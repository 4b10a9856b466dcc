/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device on a host file or host block device. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checked.h"
#include "dev/hostlock.h"
#include "dev/kinds.h"

/* What a flush takes in one go without it being worth beginning earlier. */
#define WRITE_BEHIND_LEN (256u << 10)

struct file_dev {
	struct dw_dev dev;
	int fd;
	bool is_block;
	bool write_behind;
	atomic_bool cannot_clone;	/* the host said so once */
	/* As it was when it was opened: a source must not change under us. */
	struct timespec mtime;
	uint64_t opened_size;
	/* The run of data that was found last, of a file only read. */
	pthread_mutex_t run_lock;
	uint64_t run_off, run_end;
};

static struct file_dev *file_of(struct dw_dev *dev)
{
	return (struct file_dev *)dev;
}

static int file_pread(struct dw_dev *dev, uint64_t off, void *buf, size_t len,
		      struct dw_err *err)
{
	uint8_t *p = buf;
	ssize_t got;

	while (len) {
		got = pread(file_of(dev)->fd, p, len, (off_t)off);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return dw_fail_errno(err, errno,
					     "%s: read of %zu bytes at %" PRIu64,
					     dev->name, len, off);
		/* It was longer when it was opened. */
		if (!got)
			return dw_fail(err, DW_IO,
				       "%s: ends at %" PRIu64
				       ", it was truncated while in use",
				       dev->name, off);
		p += got;
		off += (uint64_t)got;
		len -= (size_t)got;
	}
	return 0;
}

/*
 * A file that will be flushed at the end had better begin to reach the disk
 * while the rest is still being made.  Only advice; small pieces are left to
 * the flush.
 */
static void begin_writeback(struct file_dev *file, uint64_t off, size_t len)
{
	if (file->write_behind && len >= WRITE_BEHIND_LEN)
		sync_file_range(file->fd, (off_t)off, (off_t)len,
				SYNC_FILE_RANGE_WRITE);
}

static int file_pwrite(struct dw_dev *dev, uint64_t off, const void *buf,
		       size_t len, struct dw_err *err)
{
	const uint64_t start_off = off;
	const uint8_t *p = buf;
	ssize_t done;

	while (len) {
		done = pwrite(file_of(dev)->fd, p, len, (off_t)off);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return dw_fail_errno(err, done ? errno : ENOSPC,
				"%s: write of %zu bytes at %" PRIu64,
				dev->name, len, off);
		p += done;
		off += (uint64_t)done;
		len -= (size_t)done;
	}
	begin_writeback(file_of(dev), start_off, off - start_off);
	return 0;
}

static int try_fallocate(int fd, int mode, uint64_t off, uint64_t len)
{
	int ret;

	do {
		ret = fallocate(fd, mode, (off_t)off, (off_t)len);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? errno : 0;
}

/* Where the host's filesystem cannot punch, plain zeros are as good. */
static int file_zero(struct dw_dev *dev, uint64_t off, uint64_t len,
		     struct dw_err *err)
{
	static const uint8_t zeros[65536];
	size_t step;
	int ret;

	if (!try_fallocate(file_of(dev)->fd,
			   FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off,
			   len))
		return 0;
	for (; len; off += step, len -= step) {
		step = dw_min(len, sizeof(zeros));
		ret = file_pwrite(dev, off, zeros, step, err);
		if (ret)
			return ret;
	}
	return 0;
}

/* Only advice: a host that cannot discard has lost nothing. */
static int file_discard(struct dw_dev *dev, uint64_t off, uint64_t len,
			struct dw_err *err)
{
	try_fallocate(file_of(dev)->fd,
		      FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off, len);
	return 0;
}

static int file_resize(struct dw_dev *dev, uint64_t size, struct dw_err *err)
{
	if (file_of(dev)->is_block) {
		if (size > dev->size)
			return dw_fail(err, DW_NOSPACE,
				       "%s: the device has %" PRIu64
				       " bytes, %" PRIu64 " are needed",
				       dev->name, dev->size, size);
		return 0;
	}
	if (size > INT64_MAX || ftruncate(file_of(dev)->fd, (off_t)size) < 0)
		return dw_fail_errno(err, size > INT64_MAX ? EFBIG : errno,
				     "%s: resize to %" PRIu64 " bytes",
				     dev->name, size);
	dev->size = size;
	return 0;
}

static int file_insert(struct dw_dev *dev, uint64_t off, uint64_t len,
		       struct dw_err *err)
{
	int errnum = try_fallocate(file_of(dev)->fd, FALLOC_FL_INSERT_RANGE,
				   off, len);

	if (errnum == EOPNOTSUPP || errnum == EINVAL || errnum == ENODEV)
		return dw_fail(err, DW_UNSUPPORTED,
			       "%s: the host's filesystem cannot insert %" PRIu64
			       " bytes at %" PRIu64 " (%s)", dev->name, len,
			       off, strerrorname_np(errnum));
	if (errnum)
		return dw_fail_errno(err, errnum,
				     "%s: insertion of %" PRIu64
				     " bytes at %" PRIu64, dev->name, len, off);
	dev->size += len;
	return 0;
}

static int file_flush(struct dw_dev *dev, struct dw_err *err)
{
	if (!dev->readonly && fdatasync(file_of(dev)->fd) < 0)
		return dw_fail_errno(err, errno, "%s: flush", dev->name);
	return 0;
}

/*
 * SEEK_HOLE looks at every page up to the hole (tmpfs), so a run that is asked
 * for piece by piece is searched once.  A file that is written is asked anew.
 */
static bool run_known(struct file_dev *file, uint64_t off, uint64_t *end)
{
	bool known;

	pthread_mutex_lock(&file->run_lock);
	known = file->run_off <= off && off < file->run_end;
	*end = file->run_end;
	pthread_mutex_unlock(&file->run_lock);
	return known;
}

static void keep_run(struct file_dev *file, uint64_t off, uint64_t end)
{
	if (!file->dev.readonly)
		return;
	pthread_mutex_lock(&file->run_lock);
	file->run_off = off;
	file->run_end = end;
	pthread_mutex_unlock(&file->run_lock);
}

/* SEEK_HOLE tells what is stored; what it does not know it calls data. */
static int file_extent(struct dw_dev *dev, uint64_t off, uint64_t len,
		       struct dw_extent *out, struct dw_err *err)
{
	struct file_dev *file = file_of(dev);
	off_t data, hole;
	uint64_t end;

	out->host_fd = file->fd;
	out->host_off = off;
	if (file->is_block)
		return 0;
	if (run_known(file, off, &end)) {
		out->len = dw_min(len, end - off);
		return 0;
	}
	data = lseek(file->fd, (off_t)off, SEEK_DATA);
	if (data < 0 && errno != ENXIO)
		return 0;
	if (data < 0 || (uint64_t)data > off) {
		out->kind = DW_EXTENT_UNMAPPED;
		if (data >= 0)
			out->len = dw_min(len, (uint64_t)data - off);
		return 0;
	}
	hole = lseek(file->fd, (off_t)off, SEEK_HOLE);
	if (hole > 0 && (uint64_t)hole > off) {
		out->len = dw_min(len, (uint64_t)hole - off);
		keep_run(file, off, (uint64_t)hole);
	}
	return 0;
}

/* Size and time of the last change, of a file; what a block device holds
 * leaves no such trace. */
static int file_check_unchanged(struct dw_dev *dev, struct dw_err *err)
{
	struct file_dev *file = file_of(dev);
	struct stat st;

	if (file->is_block)
		return 0;
	if (fstat(file->fd, &st) < 0)
		return dw_fail_errno(err, errno, "%s", dev->name);
	if ((uint64_t)st.st_size == file->opened_size &&
	    st.st_mtim.tv_sec == file->mtime.tv_sec &&
	    st.st_mtim.tv_nsec == file->mtime.tv_nsec)
		return 0;
	return dw_fail(err, DW_BUSY,
		       "%s: it was changed by someone else while it was read",
		       dev->name);
}

static int file_close(struct dw_dev *dev, struct dw_err *err)
{
	int ret = 0;

	if (close(file_of(dev)->fd) < 0 && !dev->readonly)
		ret = dw_fail_errno(err, errno, "%s: close", dev->name);
	pthread_mutex_destroy(&file_of(dev)->run_lock);
	return ret;
}

static const struct dw_dev_driver file_driver = {
	.kind = "file",
	.pread = file_pread,
	.pwrite = file_pwrite,
	.zero = file_zero,
	.discard = file_discard,
	.resize = file_resize,
	.insert = file_insert,
	.flush = file_flush,
	.extent = file_extent,
	.check_unchanged = file_check_unchanged,
	.close = file_close,
};

static int measure(struct file_dev *file, const struct stat *st,
		   const char *name, uint64_t *size, struct dw_err *err)
{
	file->is_block = S_ISBLK(st->st_mode);
	file->mtime = st->st_mtim;
	if (S_ISREG(st->st_mode)) {
		*size = (uint64_t)st->st_size;
	} else if (!file->is_block) {
		return dw_fail(err, DW_USAGE,
			       "%s: neither a file nor a block device", name);
	} else if (ioctl(file->fd, BLKGETSIZE64, size) < 0) {
		return dw_fail_errno(err, errno, "%s: size", name);
	}
	file->opened_size = *size;
	return 0;
}

/* Image files are 512-byte disks; a 4Kn block device keeps its size. */
static uint32_t host_block_size(const struct file_dev *file)
{
	int len;

	if (file->is_block && !ioctl(file->fd, BLKSSZGET, &len) && len == 4096)
		return 4096;
	return 512;
}

int dw_file_from_fd_take(int fd, const char *name, bool readonly,
			 struct dw_dev **out, struct dw_err *err)
{
	struct file_dev *file = calloc(1, sizeof(*file));
	struct stat st;
	uint64_t size;
	int ret;

	*out = NULL;
	if (!file) {
		close(fd);
		return dw_fail_nomem(err);
	}
	file->fd = fd;
	pthread_mutex_init(&file->run_lock, NULL);
	ret = fstat(fd, &st) < 0 ? dw_fail_errno(err, errno, "%s", name)
				 : measure(file, &st, name, &size, err);
	if (!ret)
		ret = dw_dev_init(&file->dev, &file_driver, name, size,
				  host_block_size(file), readonly, err);
	if (ret) {
		pthread_mutex_destroy(&file->run_lock);
		close(fd);
		free(file);
		return ret;
	}
	*out = &file->dev;
	return 0;
}

/* O_NONBLOCK: a FIFO in place of an image must not hang us in open(). */
static int open_host(const char *path, bool rdwr, int *fd, struct dw_err *err)
{
	int flags = (rdwr ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK;
	struct stat st;

	if (stat(path, &st) == 0 && S_ISBLK(st.st_mode))
		flags |= O_EXCL;
	*fd = open(path, flags);
	if (*fd < 0 && errno == EBUSY)
		return dw_fail(err, DW_BUSY,
			       "%s: the block device is in use (mounted?)",
			       path);
	if (*fd < 0)
		return dw_fail_errno(err, errno, "%s", path);
	return 0;
}

int dw_file_open(struct dw_ctx *ctx, const char *path, unsigned flags,
		 struct dw_dev **out, struct dw_err *err)
{
	bool rdwr = flags & DW_OPEN_RDWR;
	int fd, ret;

	*out = NULL;
	ret = open_host(path, rdwr, &fd, err);
	if (ret)
		return ret;
	if (!(flags & DW_OPEN_SHARE)) {
		ret = dw_hostlock_take(fd, path, rdwr, err);
		if (ret) {
			close(fd);
			return ret;
		}
	}
	return dw_file_from_fd_take(fd, path, !rdwr, out, err);
}

int dw_file_host_len(struct dw_dev *dev, uint64_t *len, struct dw_err *err)
{
	struct stat st;

	*len = 0;
	if (dev->driver != &file_driver)
		return 0;
	if (fstat(file_of(dev)->fd, &st) < 0)
		return dw_fail_errno(err, errno, "%s", dev->name);
	/* st_blocks is in units of 512 bytes, whatever st_blksize is. */
	*len = file_of(dev)->is_block ? dev->size
				      : (uint64_t)st.st_blocks * 512;
	return 0;
}

int dw_file_settle(struct dw_dev *dev, struct dw_err *err)
{
	struct file_dev *file = file_of(dev);
	struct stat st;

	if (dev->driver != &file_driver)
		return 0;
	if (fstat(file->fd, &st) < 0)
		return dw_fail_errno(err, errno, "%s", dev->name);
	file->mtime = st.st_mtim;
	file->opened_size = (uint64_t)st.st_size;
	dev->readonly = true;
	return 0;
}

void dw_file_write_behind(struct dw_dev *dev)
{
	if (dev->driver == &file_driver)
		file_of(dev)->write_behind = true;
}

int dw_file_clone(struct dw_dev *dev, uint64_t off, int fd, uint64_t from_off,
		  uint64_t len, struct dw_err *err)
{
	struct file_clone_range range = {
		.src_fd = fd, .src_offset = from_off, .src_length = len,
		.dest_offset = off,
	};
	struct file_dev *file = file_of(dev);

	if (dev->driver != &file_driver || dev->readonly || file->is_block ||
	    !dw_in_range(off, len, dev->size) || file->cannot_clone)
		return dw_fail(err, DW_UNSUPPORTED,
			       "%s: shares no blocks", dev->name);
	if (!ioctl(file->fd, FICLONERANGE, &range))
		return 0;
	/* Whatever it is, copying will do, or tell it better. */
	file->cannot_clone = true;
	return dw_fail(err, DW_UNSUPPORTED, "%s: %s", dev->name,
		       strerror(errno));
}
