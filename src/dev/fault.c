/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices and outputs that fail on demand, so that every failure is tested. */
#include <errno.h>
#include <stdlib.h>

#include "dev/output.h"

struct fault_dev {
	struct dw_dev dev;
	struct dw_dev *below;
	struct dw_fault *fault;
};

static struct fault_dev *fault_of(struct dw_dev *dev)
{
	return (struct fault_dev *)dev;
}

/* Counts a call; true where it is to fail. */
static bool strikes(atomic_ullong *calls_nr, uint64_t fail_at, bool sticky)
{
	uint64_t nr = atomic_fetch_add(calls_nr, 1) + 1;

	return fail_at && (nr == fail_at || (sticky && nr > fail_at));
}

static int fail(const char *name, const char *what, struct dw_err *err)
{
	return dw_fail_errno(err, EIO, "%s: %s (injected)", name, what);
}

static int fault_pread(struct dw_dev *dev, uint64_t off, void *buf, size_t len,
		       struct dw_err *err)
{
	struct dw_fault *f = fault_of(dev)->fault;

	if (strikes(&f->reads_nr, f->fail_read_at, f->sticky))
		return fail(dev->name, "read", err);
	return dw_dev_pread(fault_of(dev)->below, off, buf, len, err);
}

static int fault_pwrite(struct dw_dev *dev, uint64_t off, const void *buf,
			size_t len, struct dw_err *err)
{
	struct dw_fault *f = fault_of(dev)->fault;

	if (strikes(&f->writes_nr, f->fail_write_at, f->sticky))
		return fail(dev->name, "write", err);
	return dw_dev_pwrite(fault_of(dev)->below, off, buf, len, err);
}

static int fault_zero(struct dw_dev *dev, uint64_t off, uint64_t len,
		      struct dw_err *err)
{
	struct dw_fault *f = fault_of(dev)->fault;

	if (strikes(&f->writes_nr, f->fail_write_at, f->sticky))
		return fail(dev->name, "zeroing", err);
	return dw_dev_zero(fault_of(dev)->below, off, len, err);
}

static int fault_resize(struct dw_dev *dev, uint64_t size, struct dw_err *err)
{
	struct dw_fault *f = fault_of(dev)->fault;
	int ret;

	if (strikes(&f->writes_nr, f->fail_write_at, f->sticky))
		return fail(dev->name, "resize", err);
	ret = dw_dev_resize(fault_of(dev)->below, size, err);
	dev->size = fault_of(dev)->below->size;
	return ret;
}

static int fault_insert(struct dw_dev *dev, uint64_t off, uint64_t len,
			struct dw_err *err)
{
	struct dw_fault *f = fault_of(dev)->fault;
	int ret;

	if (strikes(&f->writes_nr, f->fail_write_at, f->sticky))
		return fail(dev->name, "insertion", err);
	ret = dw_dev_insert(fault_of(dev)->below, off, len, err);
	dev->size = fault_of(dev)->below->size;
	return ret;
}

static int fault_flush(struct dw_dev *dev, struct dw_err *err)
{
	struct dw_fault *f = fault_of(dev)->fault;

	if (strikes(&f->flushes_nr, f->fail_flush_at, f->sticky))
		return fail(dev->name, "flush", err);
	return dw_dev_flush(fault_of(dev)->below, err);
}

static int fault_extent(struct dw_dev *dev, uint64_t off, uint64_t len,
			struct dw_extent *out, struct dw_err *err)
{
	int ret = dw_dev_extent(fault_of(dev)->below, off, len, out, err);

	/* Reads past us would not be counted. */
	if (fault_of(dev)->fault->fail_read_at)
		out->host_fd = -1;
	return ret;
}

static int fault_close(struct dw_dev *dev, struct dw_err *err)
{
	return dw_dev_close(fault_of(dev)->below, err);
}

static const struct dw_dev_driver fault_driver = {
	.kind = "faulty device",
	.pread = fault_pread,
	.pwrite = fault_pwrite,
	.zero = fault_zero,
	.resize = fault_resize,
	.insert = fault_insert,
	.flush = fault_flush,
	.extent = fault_extent,
	.close = fault_close,
};

int dw_fault_new(struct dw_dev *below, struct dw_fault *fault,
		 struct dw_dev **out, struct dw_err *err)
{
	struct fault_dev *f = calloc(1, sizeof(*f));
	int ret;

	*out = NULL;
	if (!f)
		return dw_fail_nomem(err);
	ret = dw_dev_init(&f->dev, &fault_driver, below->name, below->size,
			  below->block_size, below->readonly, err);
	if (ret) {
		free(f);
		return ret;
	}
	f->below = dw_dev_ref(below);
	f->fault = fault;
	*out = &f->dev;
	return 0;
}

struct faulty_output {
	struct dw_output out;
	struct dw_output *inner;
	struct dw_fault *fault;
};

static int faulty_commit(struct dw_output *out, struct dw_err *err)
{
	struct faulty_output *f = (struct faulty_output *)out;
	int ret;

	/* The one below flushes past us. */
	ret = dw_dev_flush(out->dev, err);
	if (ret)
		return ret;
	if (strikes(&f->fault->commits_nr, f->fault->fail_commit_at,
		    f->fault->sticky))
		return fail(out->path, "rename", err);
	return dw_output_commit(f->inner, err);
}

static void faulty_withdraw(struct dw_output *out)
{
	dw_output_withdraw(((struct faulty_output *)out)->inner);
}

static void faulty_close(struct dw_output *out)
{
	dw_output_close(((struct faulty_output *)out)->inner);
}

static const struct dw_output_driver faulty_driver = {
	.commit = faulty_commit,
	.withdraw = faulty_withdraw,
	.close = faulty_close,
};

int dw_output_faulty_take(struct dw_output *inner, struct dw_fault *fault,
			  struct dw_output **out, struct dw_err *err)
{
	struct faulty_output *f = calloc(1, sizeof(*f));
	int ret;

	*out = NULL;
	ret = f ? dw_output_init(&f->out, &faulty_driver, inner->path, err)
		: dw_fail_nomem(err);
	if (!ret)
		ret = dw_fault_new(inner->dev, fault, &f->out.dev, err);
	if (ret) {
		if (f)
			free(f->out.path);
		free(f);
		dw_output_close(inner);
		return ret;
	}
	f->out.is_block = inner->is_block;
	f->inner = inner;
	f->fault = fault;
	*out = &f->out;
	return 0;
}
