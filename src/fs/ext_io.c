/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libext2fs on a device: an io_manager over the cache. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "fs/ext_cache.h"
#include "fs/ext_internal.h"

/*
 * An io_manager's open() is given a name and nothing else.  The device waits
 * here for the length of the one call of ext2fs_open2() that needs it.
 */
static _Thread_local struct dw_ext_io *opening;

static errcode_t io_open(const char *name, int flags, io_channel *out);
static errcode_t io_close(io_channel ch);
static errcode_t io_set_blksize(io_channel ch, int blksize);
static errcode_t io_read64(io_channel ch, unsigned long long blk, int count,
			   void *buf);
static errcode_t io_write64(io_channel ch, unsigned long long blk, int count,
			    const void *buf);
static errcode_t io_read(io_channel ch, unsigned long blk, int count,
			 void *buf);
static errcode_t io_write(io_channel ch, unsigned long blk, int count,
			  const void *buf);
static errcode_t io_flush(io_channel ch);

static struct struct_io_manager manager = {
	.magic = EXT2_ET_MAGIC_IO_MANAGER,
	.name = "diskwright",
	.open = io_open,
	.close = io_close,
	.set_blksize = io_set_blksize,
	.read_blk = io_read,
	.write_blk = io_write,
	.flush = io_flush,
	.read_blk64 = io_read64,
	.write_blk64 = io_write64,
};

static errcode_t io_open(const char *name, int flags, io_channel *out)
{
	io_channel ch = calloc(1, sizeof(*ch));

	if (!ch)
		return EXT2_ET_NO_MEMORY;
	ch->name = strdup(name);
	if (!ch->name) {
		free(ch);
		return EXT2_ET_NO_MEMORY;
	}
	ch->magic = EXT2_ET_MAGIC_IO_CHANNEL;
	ch->manager = &manager;
	ch->block_size = 1024;
	ch->refcount = 1;
	ch->private_data = opening;
	*out = ch;
	return 0;
}

/* The struct dw_ext_io outlives the channel: its error is wanted still. */
static errcode_t io_close(io_channel ch)
{
	if (--ch->refcount > 0)
		return 0;
	free(ch->name);
	free(ch);
	return 0;
}

static errcode_t io_set_blksize(io_channel ch, int blksize)
{
	if (blksize <= 0)
		return EXT2_ET_INVALID_ARGUMENT;
	ch->block_size = blksize;
	return 0;
}

/* A negative count is a number of bytes. */
static bool io_span(io_channel ch, unsigned long long blk, int count,
		    uint64_t *off, uint64_t *len)
{
	if (count < 0)
		*len = -(int64_t)count;
	else
		*len = (uint64_t)count * (unsigned)ch->block_size;
	return dw_mul(blk, (unsigned)ch->block_size, off);
}

static errcode_t io_read64(io_channel ch, unsigned long long blk, int count,
			   void *buf)
{
	struct dw_ext_io *io = ch->private_data;
	uint64_t off, len;
	struct dw_err e;

	if (!io_span(ch, blk, count, &off, &len) ||
	    !dw_in_range(off, len, io->dev->size))
		return EXT2_ET_BAD_BLOCK_NUM;
	if (dw_ext_cache_read(io->cache, off, buf, len, &e)) {
		io->err = e;
		return EXT2_ET_SHORT_READ;
	}
	return 0;
}

static errcode_t io_write64(io_channel ch, unsigned long long blk, int count,
			    const void *buf)
{
	struct dw_ext_io *io = ch->private_data;
	uint64_t off, len;
	struct dw_err e;

	if (!io_span(ch, blk, count, &off, &len) ||
	    !dw_in_range(off, len, io->dev->size))
		return EXT2_ET_BAD_BLOCK_NUM;
	if (dw_ext_cache_write(io->cache, off, buf, len, &e)) {
		io->err = e;
		return EXT2_ET_SHORT_WRITE;
	}
	return 0;
}

static errcode_t io_read(io_channel ch, unsigned long blk, int count, void *buf)
{
	return io_read64(ch, blk, count, buf);
}

static errcode_t io_write(io_channel ch, unsigned long blk, int count,
			  const void *buf)
{
	return io_write64(ch, blk, count, buf);
}

static errcode_t io_flush(io_channel ch)
{
	struct dw_ext_io *io = ch->private_data;
	struct dw_err e;

	if (dw_ext_cache_flush(io->cache, &e)) {
		io->err = e;
		return EXT2_ET_SHORT_WRITE;
	}
	return 0;
}

static void io_free(struct dw_ext_io *io)
{
	if (!io)
		return;
	dw_ext_cache_free(io->cache);
	free(io);
}

int dw_ext_io_open(struct dw_dev *dev, int ext2_flags, ext2_filsys *out,
		   struct dw_err *err)
{
	struct dw_ext_io *io = calloc(1, sizeof(*io));
	struct dw_err e;
	errcode_t rc;
	int ret;

	*out = NULL;
	if (!io)
		return dw_fail_nomem(err);
	io->dev = dev;
	ret = dw_ext_cache_new(dev, &io->cache, err);
	if (ret)
		goto out;
	opening = io;
	rc = ext2fs_open2("", NULL, ext2_flags, 0, 0, &manager, out);
	opening = NULL;
	if (!rc) {
		(*out)->priv_data = io;
		return 0;
	}
	*out = NULL;
	e = io->err;
	if (e.code) {
		if (err)
			*err = e;
		ret = dw_err_prefix(err, e.code, "ext");
	} else {
		ret = dw_ext_fail(err, NULL, rc, "ext: cannot be opened");
	}
out:
	io_free(io);
	return ret;
}

void dw_ext_close_raw(ext2_filsys fs)
{
	struct dw_ext_io *io;

	if (!fs)
		return;
	io = fs->priv_data;
	ext2fs_free(fs);
	io_free(io);
}
