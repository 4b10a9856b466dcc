/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest with placed files, their bytes at their places, for readers. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "dev/kinds.h"
#include "job/add_kernel.h"

int dw_rehearsal_open(struct dw_add_kernel_state *s, struct dw_amend *a,
		      struct dw_err *err)
{
	int ret;

	memset(a, 0, sizeof(*a));
	a->ctx = s->ctx;
	a->stack = s->amend.stack;
	a->info = s->amend.info;
	a->recovered = s->amend.recovered;
	ret = dw_overlay_new(a->recovered, a->info.block_len,
			     s->ctx->memory_cap_len, &a->changed, err);
	if (!ret)
		ret = dw_fs_open(s->ctx, a->changed,
				 DW_FS_WRITE | DW_FS_PRIMARY_ONLY, &a->fs,
				 err);
	return ret;
}

/* Stack and recovered filesystem are borrowed. */
void dw_rehearsal_close(struct dw_amend *a)
{
	memset(&a->stack, 0, sizeof(a->stack));
	a->recovered = NULL;
	dw_amend_close(a, NULL);
}

/* ---- the disk ------------------------------------------------------------ */

struct pieces {
	struct dw_map_piece *list;
	size_t nr;
	uint64_t at;		/* on the filesystem's device */
};

static void add_piece(struct pieces *p, struct dw_dev *dev, uint64_t off,
		      uint64_t len)
{
	if (len)
		p->list[p->nr++] = (struct dw_map_piece) { dev, off, len };
}

static int by_place(const void *a, const void *b)
{
	const struct dw_amend_run *x = a, *y = b;

	return (x->dev_off > y->dev_off) - (x->dev_off < y->dev_off);
}

/* The last block of a file ends in zeros. */
static int add_run(struct pieces *p, struct dw_amend *a,
		   const struct dw_amend_run *run, struct dw_err *err)
{
	uint64_t have = dw_min(run->len, run->content->size -
			       run->content_off);

	if (run->dev_off < p->at)
		return dw_fail(err, DW_CORRUPT, "a block is of two files at "
			       "once");
	add_piece(p, a->changed, p->at, run->dev_off - p->at);
	add_piece(p, run->content, run->content_off, have);
	add_piece(p, NULL, 0, run->len - have);
	p->at = run->dev_off + run->len;
	return 0;
}

/* Where on the disk the filesystem's device begins. */
static int find_start(const struct dw_amend *a, uint64_t *start_off,
		      struct dw_err *err)
{
	struct dw_part_table *table = NULL;
	int ret = 0;

	*start_off = 0;
	if (!a->stack.part_nr)
		return 0;
	ret = dw_part_read(a->stack.disk, &table, err);
	for (size_t i = 0; !ret && i < table->parts_nr; i++)
		if (table->parts[i].nr == a->stack.part_nr)
			*start_off = table->parts[i].start_lba * DW_SECTOR;
	dw_part_free(table);
	return ret;
}

static int list_pieces(struct dw_amend *a, struct dw_amend_run *runs,
		       uint64_t start_off, struct pieces *p,
		       struct dw_err *err)
{
	uint64_t size = a->stack.dev->size, end = start_off + size;
	int ret = 0;

	memcpy(runs, a->runs, a->runs_nr * sizeof(*runs));
	qsort(runs, a->runs_nr, sizeof(*runs), by_place);
	add_piece(p, a->stack.disk, 0, start_off);
	for (size_t i = 0; i < a->runs_nr && !ret; i++)
		ret = add_run(p, a, &runs[i], err);
	if (ret)
		return ret;
	add_piece(p, a->changed, p->at, size - p->at);
	add_piece(p, a->stack.disk, end, a->stack.disk->size - end);
	return 0;
}

static int open_disk(struct dw_amend *a, struct dw_dev **out,
		     struct dw_err *err)
{
	struct dw_amend_run *runs = malloc((a->runs_nr + 1) * sizeof(*runs));
	struct pieces p = {
		.list = malloc((3 * a->runs_nr + 3) * sizeof(*p.list)),
	};
	uint64_t start_off;
	int ret = runs && p.list ? 0 : dw_fail_nomem(err);

	if (!ret)
		ret = find_start(a, &start_off, err);
	if (!ret)
		ret = list_pieces(a, runs, start_off, &p, err);
	if (!ret)
		ret = dw_map_new(a->stack.disk->name, p.list, p.nr, out, err);
	free(runs);
	free(p.list);
	return ret;
}

/* ---- the guest ----------------------------------------------------------- */

static void find_kernel(const struct dw_add_kernel_plan *plan,
			struct dw_kernel_view *view)
{
	const struct dw_kernels *kernels = &view->sys.guest->kernels;

	view->kernel_nr = -1;
	for (size_t i = 0; i < kernels->nr; i++)
		if (!strcmp(kernels->items[i].path, plan->kernel))
			view->kernel_nr = (long)i;
}

int dw_kernel_view_open(const struct dw_add_kernel_plan *plan,
			struct dw_amend *a, struct dw_kernel_view *view,
			struct dw_err *err)
{
	int ret;

	memset(view, 0, sizeof(*view));
	ret = dw_fs_flush(a->fs, err);
	if (!ret)
		ret = open_disk(a, &view->disk, err);
	if (!ret)
		ret = dw_system_open(plan->state->ctx, view->disk, 0,
				     &view->sys, err);
	if (!ret)
		find_kernel(plan, view);
	return ret;
}

void dw_kernel_view_close(struct dw_kernel_view *view)
{
	dw_system_close(&view->sys);
	dw_dev_close(view->disk, NULL);
	memset(view, 0, sizeof(*view));
}
