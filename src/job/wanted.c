/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a disk is worth copying: its partitions, one by one, and all that
 * lies between them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "dev/kinds.h"
#include "job/wanted.h"
#include "job/wanted_table.h"

/* ---- the lists ----------------------------------------------------------- */

static int add_run(struct dw_ctx *ctx, struct dw_wanted *w, uint64_t off,
		   uint64_t len, struct dw_err *err)
{
	struct dw_used_run *last = w->runs_nr ? &w->runs[w->runs_nr - 1] : NULL;
	struct dw_used_run *grown;
	size_t cap;

	if (!len)
		return 0;
	w->total_len += len;
	if (last && last->off + last->len == off) {
		last->len += len;
		return 0;
	}
	if (w->runs_nr == w->runs_cap) {
		cap = w->runs_cap ? w->runs_cap * 2 : 64;
		if (cap * sizeof(*grown) > ctx->memory_cap_len)
			return dw_fail(err, DW_LIMIT, "%s: more than %zu runs "
				       "of wanted blocks need more memory than "
				       "the cap of %" PRIu64 " bytes",
				       w->disk->name, w->runs_nr,
				       ctx->memory_cap_len);
		grown = reallocarray(w->runs, cap, sizeof(*grown));
		if (!grown)
			return dw_fail_nomem(err);
		w->runs = grown;
		w->runs_cap = cap;
	}
	w->runs[w->runs_nr++] = (struct dw_used_run){ off, len };
	return 0;
}

/* Areas come in the order of the disk, so that runs do, too. */
static int add_area(struct dw_wanted *w, const char *name, const char *type,
		    uint64_t off, uint64_t len, struct dw_err *err)
{
	struct dw_convert_area *areas;
	struct dw_wanted_area *states;

	areas = reallocarray(w->areas, w->areas_nr + 1, sizeof(*areas));
	if (!areas)
		return dw_fail_nomem(err);
	w->areas = areas;
	states = reallocarray(w->states, w->areas_nr + 1, sizeof(*states));
	if (!states)
		return dw_fail_nomem(err);
	w->states = states;
	areas[w->areas_nr] = (struct dw_convert_area){
		.name = strdup(name), .type = strdup(type),
		.off = off, .len = len,
	};
	states[w->areas_nr] = (struct dw_wanted_area){ .dev = NULL };
	w->areas_nr++;
	return areas[w->areas_nr - 1].name && areas[w->areas_nr - 1].type
		? 0 : dw_fail_nomem(err);
}

/* An area of which all is wanted; note may be NULL. */
static int add_full(struct dw_ctx *ctx, struct dw_wanted *w, const char *name,
		    const char *type, uint64_t off, uint64_t len,
		    const char *note, struct dw_err *err)
{
	struct dw_convert_area *area;
	int ret;

	if (!len)
		return 0;
	ret = add_area(w, name, type, off, len, err);
	if (ret)
		return ret;
	area = &w->areas[w->areas_nr - 1];
	area->wanted_len = len;
	if (note) {
		area->note = strdup(note);
		if (!area->note)
			return dw_fail_nomem(err);
	}
	return add_run(ctx, w, off, len, err);
}

/* All that was found, so that the search can begin afresh. */
static void free_lists(struct dw_wanted *w)
{
	size_t i;

	for (i = 0; i < w->areas_nr; i++) {
		dw_dev_close(w->states[i].dev, NULL);
		dw_wanted_free_all(w->states[i].nested,
				   w->states[i].nested_nr);
		free(w->areas[i].name);
		free(w->areas[i].type);
		free(w->areas[i].note);
	}
	free(w->areas);
	free(w->states);
	free(w->runs);
	*w = (struct dw_wanted){
		.disk = w->disk, .view = w->view, .depth = w->depth,
	};
}

/* ---- partitions ---------------------------------------------------------- */

static int add_used(struct dw_ctx *ctx, struct dw_wanted *w, const char *name,
		    uint64_t off, uint64_t len,
		    const struct dw_wanted_part *part, struct dw_err *err)
{
	struct dw_convert_area *area;
	struct dw_wanted_area *state;
	size_t i;
	int ret;

	ret = add_area(w, name, part->type, off, len, err);
	if (ret)
		return ret;
	area = &w->areas[w->areas_nr - 1];
	area->recovery = part->recovery;
	if (part->note[0]) {
		area->note = strdup(part->note);
		if (!area->note)
			return dw_fail_nomem(err);
	}
	state = &w->states[w->areas_nr - 1];
	state->dev = part->overlay ? dw_dev_ref(part->overlay) : NULL;
	for (i = 0; i < part->runs_nr && !ret; i++) {
		area->wanted_len += part->runs[i].len;
		ret = add_run(ctx, w, off + part->runs[i].off,
			      part->runs[i].len, err);
	}
	return ret;
}

/* dev is that part of the disk. */
static int add_content(struct dw_ctx *ctx, struct dw_wanted *w,
		       const char *name, struct dw_dev *dev, uint64_t off,
		       struct dw_err *err)
{
	struct dw_wanted_part part;
	struct dw_wanted_area *state;
	int ret;

	ret = dw_wanted_look(ctx, dev, w->depth, &part, err);
	if (!ret && part.runs)
		ret = add_used(ctx, w, name, off, dev->size, &part, err);
	else if (!ret)
		ret = add_full(ctx, w, name, part.type, off, dev->size,
			       part.note[0] ? part.note : NULL, err);
	if (!ret && part.is_asleep)
		snprintf(w->asleep, sizeof(w->asleep), "%.15s: %.200s", name,
			 part.note);
	if (!ret && part.has_super) {
		state = &w->states[w->areas_nr - 1];
		state->has_super = true;
		memcpy(state->super, part.super, DW_SUPER_LEN);
	}
	if (!ret && part.nested) {
		state = &w->states[w->areas_nr - 1];
		state->nested = part.nested;
		state->nested_nr = part.nested_nr;
		part.nested = NULL;
		part.nested_nr = 0;
	}
	dw_wanted_part_free(&part);
	return ret;
}

static int add_part(struct dw_ctx *ctx, struct dw_wanted *w,
		    const struct dw_part *part, bool skip, struct dw_err *err)
{
	struct dw_dev *dev;
	char name[16];
	int ret;

	snprintf(name, sizeof(name), "p%u", part->nr);
	if (skip)
		return add_area(w, name, "", part->start_lba * DW_SECTOR,
				part->len_lba * DW_SECTOR, err);
	ret = dw_part_open(w->disk, part, &dev, err);
	if (ret)
		return ret;
	ret = add_content(ctx, w, name, dev, part->start_lba * DW_SECTOR, err);
	dw_dev_close(dev, NULL);
	return ret;
}

/* ---- tables -------------------------------------------------------------- */

static int by_start(const void *a, const void *b)
{
	const struct dw_part *const *x = a, *const *y = b;

	return ((*x)->start_lba > (*y)->start_lba) -
	       ((*x)->start_lba < (*y)->start_lba);
}

/* All but containers, in the order of the disk. */
static int sort_parts(const struct dw_part_table *table,
		      const struct dw_part ***out, size_t *nr,
		      struct dw_err *err)
{
	const struct dw_part **sorted;
	size_t i;

	*nr = 0;
	*out = sorted = calloc(table->parts_nr + 1, sizeof(*sorted));
	if (!sorted)
		return dw_fail_nomem(err);
	for (i = 0; i < table->parts_nr; i++)
		if (!table->parts[i].extended)
			sorted[(*nr)++] = &table->parts[i];
	qsort(sorted, *nr, sizeof(*sorted), by_start);
	return 0;
}

static int add_parts(struct dw_ctx *ctx, struct dw_wanted *w,
		     const struct dw_part_table *table,
		     const struct dw_part **sorted, size_t nr,
		     unsigned skip_part_nr, struct dw_err *err)
{
	const char *type = table->kind == DW_PART_GPT ? "gpt" : "mbr";
	uint64_t off = 0, start;
	size_t i;
	int ret = 0;

	for (i = 0; i < nr && !ret; i++) {
		start = sorted[i]->start_lba * DW_SECTOR;
		ret = add_full(ctx, w, off ? "gap" : "table",
			       off ? "unknown" : type, off, start - off, NULL,
			       err);
		if (!ret)
			ret = add_part(ctx, w, sorted[i],
				       sorted[i]->nr == skip_part_nr, err);
		off = start + sorted[i]->len_lba * DW_SECTOR;
	}
	if (ret)
		return ret;
	return add_full(ctx, w, nr ? "gap" : "disk", nr ? "unknown" : type,
			off, w->disk->size - off, NULL, err);
}

/*
 * A disk on which a system sleeps is wanted as it is, all partitions of it.
 * One that does so in a file is seen only when its filesystem is open.
 */
static int take_asleep(struct dw_ctx *ctx, struct dw_wanted *w,
		       struct dw_err *err)
{
	char note[DW_ERR_TEXT];

	memcpy(note, w->asleep, sizeof(note));
	free_lists(w);
	return add_full(ctx, w, "disk", "unknown", 0, w->disk->size, note,
			err);
}

static int find_in_table(struct dw_ctx *ctx, struct dw_wanted *w,
			 const struct dw_part_table *table,
			 unsigned skip_part_nr, struct dw_err *err)
{
	const struct dw_part **sorted;
	struct dw_err why = { 0 };
	size_t nr;
	int ret;

	ret = sort_parts(table, &sorted, &nr, err);
	if (ret)
		return ret;
	ret = dw_wanted_check_table(ctx, w->disk, table, sorted, nr, &why);
	if (!ret)
		ret = add_parts(ctx, w, table, sorted, nr, skip_part_nr, err);
	else if (dw_is_about_content(ret))
		ret = add_full(ctx, w, "disk", "unknown", 0, w->disk->size,
			       why.text, err);
	else if (err)
		*err = why;
	if (!ret && w->asleep[0])
		ret = take_asleep(ctx, w, err);
	free(sorted);
	return ret;
}

static int find_on_disk(struct dw_ctx *ctx, struct dw_wanted *w,
			unsigned skip_part_nr, struct dw_err *err)
{
	struct dw_part_table *table = NULL;
	struct dw_err why = { 0 };
	int ret = dw_part_read(w->disk, &table, &why);

	if (!ret)
		ret = find_in_table(ctx, w, table, skip_part_nr, err);
	else if (ret == DW_NOT_MINE)
		ret = add_content(ctx, w, "disk", w->disk, 0, err);
	else if (dw_is_about_content(ret))
		ret = add_full(ctx, w, "disk", "unknown", 0, w->disk->size,
			       why.text, err);
	else if (err)
		*err = why;
	dw_part_free(table);
	return ret;
}

/* ---- the view ------------------------------------------------------------ */

/* The areas side by side, each read from where the copy reads it. */
static int make_view(struct dw_wanted *w, struct dw_err *err)
{
	struct dw_map_piece *pieces = calloc(w->areas_nr + 1, sizeof(*pieces));
	bool is_changed = false;
	size_t i;
	int ret = 0;

	if (!pieces)
		return dw_fail_nomem(err);
	for (i = 0; i < w->areas_nr; i++) {
		pieces[i] = (struct dw_map_piece){
			w->disk, w->areas[i].off, w->areas[i].len,
		};
		if (!w->states[i].dev)
			continue;
		pieces[i].dev = w->states[i].dev;
		pieces[i].off = 0;
		is_changed = true;
	}
	if (is_changed)
		ret = dw_map_new(w->disk->name, pieces, w->areas_nr, &w->view,
				 err);
	else
		w->view = dw_dev_ref(w->disk);
	free(pieces);
	return ret;
}

int dw_wanted_find(struct dw_ctx *ctx, struct dw_dev *disk,
		   const struct dw_wanted_options *options,
		   struct dw_wanted *out, struct dw_err *err)
{
	int ret;

	memset(out, 0, sizeof(*out));
	out->disk = dw_dev_ref(disk);
	out->depth = options->depth;
	if (options->all_blocks)
		ret = add_full(ctx, out, "disk", "unknown", 0, disk->size,
			       options->note, err);
	else
		ret = find_on_disk(ctx, out, options->skip_part_nr, err);
	return ret ? ret : make_view(out, err);
}

static int check_area(const struct dw_wanted *wanted, size_t i,
		      struct dw_err *err)
{
	const struct dw_wanted_area *state = &wanted->states[i];
	uint8_t now[DW_SUPER_LEN];
	size_t nested;
	int ret = 0;

	for (nested = 0; nested < state->nested_nr && !ret; nested++)
		ret = dw_wanted_check_unchanged(&state->nested[nested], err);
	if (ret || !state->has_super)
		return ret;
	ret = dw_dev_pread(wanted->disk, wanted->areas[i].off + DW_SUPER_OFF,
			   now, sizeof(now), err);
	if (!ret && memcmp(now, state->super, sizeof(now)))
		ret = dw_fail(err, DW_BUSY, "%s: the filesystem on %s was "
			      "changed while it was read", wanted->disk->name,
			      wanted->areas[i].name);
	return ret;
}

int dw_wanted_check_unchanged(const struct dw_wanted *wanted,
			      struct dw_err *err)
{
	size_t i;
	int ret = dw_dev_check_unchanged(wanted->disk, err);

	for (i = 0; i < wanted->areas_nr && !ret; i++)
		ret = check_area(wanted, i, err);
	return ret;
}

void dw_wanted_free_all(struct dw_wanted *wanted, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		dw_wanted_free(&wanted[i]);
	free(wanted);
}

void dw_wanted_free(struct dw_wanted *w)
{
	free_lists(w);
	dw_dev_close(w->view, NULL);
	dw_dev_close(w->disk, NULL);
	memset(w, 0, sizeof(*w));
}
