/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes of a filesystem without a journal: an undo record, or nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checked.h"
#include "dev/kinds.h"
#include "job/amend.h"
#include "job/inplace.h"

/* Beside the image itself, whatever link it was named by. */
static char *record_path(const struct dw_amend *a)
{
	char *real = realpath(a->stack.image, NULL), *path = NULL;
	int len = asprintf(&path, "%s.diskwright-undo",
			   real ? real : a->stack.image);

	free(real);
	return len < 0 ? NULL : path;
}

int dw_amend_check_undone(const struct dw_amend *a, struct dw_err *err)
{
	char *path = record_path(a);
	int ret = 0;

	if (!path)
		return dw_fail_nomem(err);
	if (access(path, F_OK) == 0)
		ret = dw_fail(err, DW_EXISTS, "%s: an earlier change did not "
			      "end; 'undo' brings back what was before it",
			      path);
	free(path);
	return ret;
}

/* Where in the host's file the device's bytes lie; false: not plain there. */
static bool find_on_host(struct dw_amend *a, uint64_t off, uint64_t len,
			 struct dw_extent *out)
{
	struct dw_extent file;

	return !dw_dev_extent(a->stack.file, 0, a->stack.file->size, &file,
			      NULL) &&
	       !dw_dev_extent(a->stack.dev, off, len, out, NULL) &&
	       out->host_fd >= 0 && out->host_fd == file.host_fd;
}

static int check_block(void *arg, uint64_t off, uint64_t len,
		       struct dw_err *err)
{
	struct dw_amend *a = arg;
	struct dw_extent e;

	for (; len; off += e.len, len -= e.len)
		if (!find_on_host(a, off, len, &e))
			return dw_fail(err, DW_UNSUPPORTED, "block at %llu is "
				       "elsewhere", (unsigned long long)off);
	return 0;
}

bool dw_amend_on_file(struct dw_amend *a)
{
	struct dw_extent e;
	struct stat st;

	return !dw_dev_extent(a->stack.file, 0, a->stack.file->size, &e,
			      NULL) &&
	       e.host_fd >= 0 && !fstat(e.host_fd, &st) && S_ISREG(st.st_mode);
}

bool dw_amend_can_undo(struct dw_amend *a)
{
	/* Of other formats some clusters lie plain, too, but shared. */
	return !strcmp(a->stack.format->name, "raw") && dw_amend_on_file(a) &&
	       !dw_fs_changed(a->ctx, a->recovered, a->changed, check_block, a,
			      NULL);
}

struct recording {
	struct dw_amend *a;
	struct dw_inplace job;
};

static int record(void *arg, uint64_t off, uint64_t len, struct dw_err *err)
{
	struct recording *r = arg;
	struct dw_extent e;
	int ret = 0;

	for (; len && !ret; off += e.len, len -= e.len) {
		if (!find_on_host(r->a, off, len, &e))
			return dw_fail(err, DW_UNSUPPORTED, "%s: the bytes at "
				       "%llu are not in the image's own file",
				       r->a->stack.dev->name,
				       (unsigned long long)off);
		ret = dw_inplace_add(&r->job, r->a->changed, off, e.host_off,
				     e.len, err);
	}
	return ret;
}

/* Checked before the record goes: what does not read back is undone. */
static int run_recorded(struct recording *r, struct dw_err *err)
{
	int ret = dw_inplace_run(r->a->ctx, &r->job, err);

	if (ret)
		return ret;
	ret = dw_amend_verify(r->a, err);
	if (!ret)
		return dw_inplace_finish(&r->job, err);
	if (dw_inplace_undo(&r->job, NULL))
		dw_err_prefix(err, ret, "run 'undo' with %s", r->job.undo_path);
	return ret;
}

int dw_amend_run_undo(struct dw_amend *a, struct dw_err *err)
{
	struct recording r = { .a = a };
	char *path = record_path(a);
	int ret;

	if (!path)
		return dw_fail_nomem(err);
	r.job.file = a->stack.file;
	r.job.undo_path = path;
	r.job.size = a->stack.file->size;
	r.job.cap_len = a->ctx->memory_cap_len;
	ret = dw_fs_changed(a->ctx, a->stack.dev, a->changed, record, &r, err);
	if (!ret)
		ret = dw_amend_copy(a, err);
	if (!ret)
		ret = dw_dev_flush(a->stack.dev, err);
	if (!ret)
		ret = run_recorded(&r, err);
	dw_inplace_free(&r.job);
	free(path);
	return ret;
}

/* Where the blocks lie that change. */
struct places {
	uint64_t *offs;
	size_t nr, cap;
};

static int add_place(void *arg, uint64_t off, uint64_t len, struct dw_err *err)
{
	struct places *p = arg;
	size_t cap = p->cap ? 2 * p->cap : 64;
	uint64_t *offs;

	if (p->nr == p->cap) {
		offs = realloc(p->offs, cap * sizeof(*offs));
		if (!offs)
			return dw_fail_nomem(err);
		p->offs = offs;
		p->cap = cap;
	}
	p->offs[p->nr++] = off;
	return 0;
}

static int write_block(struct dw_amend *a, uint64_t off, uint8_t *buf,
		       struct dw_err *err)
{
	uint64_t len = dw_min(a->info.block_len, a->stack.dev->size - off);
	int ret = dw_dev_pread(a->changed, off, buf, len, err);

	return ret ? ret : dw_dev_pwrite(a->stack.dev, off, buf, len, err);
}

/* Nobody can cancel it: half of the blocks are no filesystem. */
static int write_blocks(struct dw_amend *a, const struct places *p,
			struct dw_err *err)
{
	uint8_t *buf = malloc(a->info.block_len);
	int ret = buf ? dw_ctx_check(a->ctx, err) : dw_fail_nomem(err);

	for (size_t i = 0; i < p->nr && !ret; i++)
		ret = write_block(a, p->offs[i], buf, err);
	free(buf);
	return ret;
}

/* The data first, so that no file ever shows what it does not hold. */
int dw_amend_run_bare(struct dw_amend *a, struct dw_err *err)
{
	struct places places = { 0 };
	int ret = dw_amend_copy(a, err);

	if (!ret)
		ret = dw_dev_flush(a->stack.dev, err);
	if (!ret)
		ret = dw_fs_changed(a->ctx, a->stack.dev, a->changed,
				    add_place, &places, err);
	if (!ret)
		ret = write_blocks(a, &places, err);
	if (!ret)
		ret = dw_dev_flush(a->stack.dev, err);
	free(places.offs);
	return ret ? ret : dw_amend_verify(a, err);
}
