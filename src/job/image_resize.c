/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resize: grows the disk of an image where it is. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/notes.h"
#include "fs/fs.h"
#include "job/image.h"
#include "part/part.h"
#include "stack/stack.h"

/* ---- what to do ---------------------------------------------------------- */

static int choose_size(const struct dw_stack *stack,
		       const struct dw_image_resize_options *options,
		       struct dw_image_resize_report *r, struct dw_err *err)
{
	r->old_size = stack->disk->size;
	r->new_size = options->size;
	if (options->grow_by &&
	    !dw_add(r->old_size, options->size, &r->new_size))
		return dw_fail(err, DW_USAGE, "%s: %" PRIu64 " bytes cannot "
			       "grow by %" PRIu64, stack->image, r->old_size,
			       options->size);
	if (r->new_size < r->old_size)
		return dw_fail(err, DW_UNSUPPORTED, "%s: the disk has %" PRIu64
			       " bytes; making it smaller, to %" PRIu64
			       ", is not supported", stack->image,
			       r->old_size, r->new_size);
	if (r->new_size % DW_SECTOR && r->new_size != r->old_size)
		return dw_fail(err, DW_USAGE, "%s: a size of %" PRIu64
			       " bytes is no multiple of %u", stack->image,
			       r->new_size, DW_SECTOR);
	return 0;
}

/* A dry run opens nothing for writing, so the driver has to tell. */
static int check_growable(const struct dw_stack *stack, struct dw_err *err)
{
	if (stack->disk->driver->resize)
		return 0;
	return dw_fail(err, DW_UNSUPPORTED, "%s: a %s image cannot be resized",
		       stack->image, stack->format->name);
}

/* ---- what does not grow by itself ---------------------------------------- */

static const struct dw_part *last_part(const struct dw_part_table *table)
{
	const struct dw_part *part, *last = NULL;
	size_t i;

	for (i = 0; i < table->parts_nr; i++) {
		part = &table->parts[i];
		if (!part->extended &&
		    (!last || part->start_lba > last->start_lba))
			last = part;
	}
	return last;
}

static void note_table(const struct dw_part_table *table,
		       struct dw_image_resize_report *r)
{
	const struct dw_part *last = last_part(table);
	uint64_t end;

	if (table->kind == DW_PART_GPT)
		dw_notes_add(&r->notes, "the second copy of the GPT is no "
			     "longer at the end of the disk; 'sgdisk -e' moves "
			     "it there");
	if (!last)
		return;
	end = (last->start_lba + last->len_lba) * DW_SECTOR;
	dw_notes_add(&r->notes, "partition %u, the last one, still ends at %"
		     PRIu64 ", with %" PRIu64 " bytes behind it; it can grow, "
		     "and then what is on it", last->nr, end,
		     r->new_size - end);
}

/* A damaged table, or an unknown filesystem, is no reason against growing. */
static void note_content(struct dw_dev *disk, struct dw_image_resize_report *r)
{
	struct dw_part_table *table = NULL;
	struct dw_fs_info fs;
	int ret = dw_part_read(disk, &table, NULL);

	if (!ret)
		note_table(table, r);
	else if (ret == DW_NOT_MINE && !dw_fs_identify(disk, &fs, NULL))
		dw_notes_add(&r->notes, "the %s filesystem stays as large as "
			     "it is", fs.type);
	dw_part_free(table);
}

/* ---- the job ------------------------------------------------------------- */

static int grow(struct dw_stack *stack,
		const struct dw_image_resize_options *options,
		struct dw_image_resize_report *r, struct dw_err *err)
{
	int ret = choose_size(stack, options, r, err);

	if (ret || r->new_size == r->old_size)
		return ret;
	ret = check_growable(stack, err);
	if (ret)
		return ret;
	note_content(stack->disk, r);
	ret = dw_notes_check(&r->notes, err);
	if (ret || options->dry_run)
		return ret;
	ret = dw_dev_resize(stack->disk, r->new_size, err);
	return ret ? ret : dw_dev_flush(stack->disk, err);
}

int dw_image_resize(struct dw_ctx *ctx, const char *path, const char *format,
		    const struct dw_image_resize_options *options,
		    struct dw_image_resize_report **out, struct dw_err *err)
{
	struct dw_image_resize_report *r = calloc(1, sizeof(*r));
	struct dw_stack stack = { 0 };
	int closed, ret;

	*out = NULL;
	if (!r)
		return dw_fail_nomem(err);
	ret = dw_image_only(path, err);
	if (!ret)
		ret = dw_stack_open(ctx, path, format, options->dry_run ? 0 :
				    DW_OPEN_RDWR, &stack, err);
	if (!ret)
		ret = grow(&stack, options, r, err);
	closed = dw_stack_close(&stack, ret ? NULL : err);
	if (!ret)
		ret = closed;
	if (ret)
		dw_image_resize_report_free(r);
	else
		*out = r;
	return ret;
}

void dw_image_resize_report_free(struct dw_image_resize_report *report)
{
	if (!report)
		return;
	dw_notes_free(&report->notes);
	free(report);
}
