/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* inspect: the layers of an image, as a tree. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/notes.h"
#include "job/inspect.h"
#include "md/md.h"
#include "part/part.h"

int dw_inspect_room(struct dw_inspection *ins, struct dw_layer *layer,
		    size_t nr, struct dw_err *err)
{
	if (nr > ins->layers_left)
		return dw_fail(err, DW_LIMIT, "%s: more than %d layers in all;"
			       " inspect this one by its own locator",
			       ins->stack.dev->name, DW_INSPECT_LAYERS_MAX);
	ins->layers_left -= nr;
	return dw_layer_room(layer, nr, err);
}

/* In a volume a failing read is most likely one of a lost device, or of the
 * kind that always fails. */
int dw_inspect_settle(const struct dw_inspection *ins, struct dw_layer *layer,
		      int ret, const struct dw_err *why, struct dw_err *err)
{
	if (!ret)
		return 0;
	if (ret != DW_NOMEM && ret != DW_CANCELLED &&
	    (ret != DW_IO || ins->volumes_nr))
		return dw_set_text(&layer->problem, why->text, err);
	if (err)
		*err = *why;
	return ret;
}

static int look_at(struct dw_inspection *ins, struct dw_layer *above,
		   struct dw_err *err);

/* The recursion ends with the depth. */
int dw_inspect_in_take(struct dw_inspection *ins, struct dw_dev *dev, int ret,
		       struct dw_err *why, struct dw_layer *layer,
		       struct dw_err *err)
{
	if (!ret && ins->depth == DW_INSPECT_DEPTH_MAX) {
		dw_dev_close(dev, NULL);
		ret = dw_fail(why, DW_LIMIT, "more than %d layers lie in each"
			      " other; this one is not looked into",
			      DW_INSPECT_DEPTH_MAX);
	} else if (!ret) {
		ret = dw_stack_push_take(&ins->stack, dev, why);
		if (!ret) {
			ins->depth++;
			ret = look_at(ins, layer, why);
			ins->depth--;
			dw_stack_pop(&ins->stack);
		}
	}
	return dw_inspect_settle(ins, layer, ret, why, err);
}

/* ---- partitions ---------------------------------------------------------- */

static int look_at_part(struct dw_inspection *ins, const struct dw_part *part,
			struct dw_layer *layer, struct dw_err *err)
{
	struct dw_dev *dev = NULL;
	struct dw_err why;
	char text[120];
	int ret;

	layer->active = part->active;
	snprintf(text, sizeof(text), "p%u", part->nr);
	ret = dw_set_text(&layer->name, text, err);
	if (!ret && part->mbr_type) {
		snprintf(text, sizeof(text), "0x%02x", part->mbr_type);
		ret = dw_set_text(&layer->type, text, err);
	} else if (!ret) {
		ret = dw_set_text(&layer->type, part->name, err);
	}
	if (ret || part->extended)
		return ret;
	ret = dw_part_open(ins->stack.dev, part, &dev, &why);
	return dw_inspect_in_take(ins, dev, ret, &why, layer, err);
}

static int look_at_table(struct dw_inspection *ins,
			 const struct dw_part_table *table,
			 struct dw_layer *above, struct dw_err *err)
{
	struct dw_dev *disk = ins->stack.dev;
	const struct dw_part *part;
	struct dw_layer *layer;
	size_t i;
	int ret;

	ret = dw_inspect_room(ins, above, 1, err);
	if (ret)
		return ret;
	layer = dw_layer_add(above, DW_LAYER_TABLE, 0, disk->size);
	ret = dw_set_text(&layer->type, table->kind == DW_PART_GPT ? "gpt"
			  : "mbr", err);
	if (!ret)
		ret = dw_inspect_loader(disk, layer, err);
	if (!ret)
		ret = dw_inspect_room(ins, layer, table->parts_nr, err);
	for (i = 0; i < table->parts_nr && !ret; i++) {
		part = &table->parts[i];
		ret = look_at_part(ins, part,
			dw_layer_add(layer, DW_LAYER_PARTITION,
				     part->start_lba * DW_SECTOR,
				     part->len_lba * DW_SECTOR), err);
	}
	return ret;
}

/* ---- RAID ---------------------------------------------------------------- */

static int describe_raid(const struct dw_md_info *info, struct dw_layer *layer,
			 struct dw_err *err)
{
	const uint8_t *u = info->uuid;
	char text[64];
	int ret;

	layer->generation = info->events;
	snprintf(text, sizeof(text), "raid%d", info->level);
	ret = dw_set_text(&layer->type, info->level >= 0 ? text :
			  info->level == -1 ? "linear" : "other", err);
	if (!ret && *info->name)
		ret = dw_set_text(&layer->name, info->name, err);
	snprintf(text, sizeof(text), info->major ? "%u.%u" : "%u.%02u",
		 info->major, info->minor);
	if (!ret)
		ret = dw_set_text(&layer->version, text, err);
	/* As mdadm writes it. */
	snprintf(text, sizeof(text), "%02x%02x%02x%02x:%02x%02x%02x%02x:"
		 "%02x%02x%02x%02x:%02x%02x%02x%02x", u[0], u[1], u[2], u[3],
		 u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12],
		 u[13], u[14], u[15]);
	if (!ret)
		ret = dw_set_text(&layer->uuid, text, err);
	if (info->role < info->members_nr)
		dw_notes_add(&layer->notes, "member %u of %u", info->role + 1,
			     info->members_nr);
	if (!info->is_clean)
		dw_notes_add(&layer->notes, "the array was not stopped");
	return ret ? ret : dw_notes_check(&layer->notes, err);
}

static int look_at_raid(struct dw_inspection *ins,
			const struct dw_md_info *info, struct dw_layer *above,
			struct dw_err *err)
{
	struct dw_dev *content = NULL;
	struct dw_layer *layer;
	struct dw_err why;
	int ret = dw_inspect_room(ins, above, 1, err);

	if (ret)
		return ret;
	layer = dw_layer_add(above, DW_LAYER_RAID, info->data_off,
			     info->data_len ? info->data_len :
			     ins->stack.dev->size);
	ret = describe_raid(info, layer, err);
	if (ret)
		return ret;
	ret = dw_md_open(ins->stack.dev, info, &content, &why);
	return dw_inspect_in_take(ins, content, ret, &why, layer, err);
}

/* ---- any device ---------------------------------------------------------- */

/* A table that is damaged is one only of a disk; a partition, or a volume with
 * a guest's own content, may have such bytes by chance. */
static bool is_table_doubtful(const struct dw_inspection *ins, int ret)
{
	return ins->depth && (ret == DW_CORRUPT || ret == DW_UNSUPPORTED);
}

/* Without a table: a physical volume, a filesystem, or nothing known. */
static int look_at_whole(struct dw_inspection *ins, struct dw_layer *above,
			 struct dw_err *err)
{
	if (dw_lvm_is_pv(ins->stack.dev))
		return dw_inspect_pv(ins, above, err);
	return dw_inspect_fs(ins, ins->stack.dev, above, err);
}

static int look_for_table(struct dw_inspection *ins, struct dw_layer *above,
			  struct dw_err *err)
{
	struct dw_part_table *table;
	struct dw_layer *child;
	struct dw_err why;
	int found = dw_part_read(ins->stack.dev, &table, &why);
	int ret;

	if (!found) {
		ret = look_at_table(ins, table, above, err);
		dw_part_free(table);
		return ret;
	}
	if (found != DW_NOT_MINE && !is_table_doubtful(ins, found)) {
		if (err)
			*err = why;
		return found;
	}
	ret = look_at_whole(ins, above, err);
	child = above->children;
	if (!ret && found != DW_NOT_MINE && child->kind == DW_LAYER_UNKNOWN &&
	    !child->problem)
		ret = dw_set_text(&child->problem, why.text, err);
	return ret;
}

static int look_at(struct dw_inspection *ins, struct dw_layer *above,
		   struct dw_err *err)
{
	struct dw_md_info info;
	int ret = dw_ctx_check(ins->ctx, err);

	if (ret)
		return ret;
	ret = dw_md_read(ins->stack.dev, &info, err);
	if (!ret)
		return look_at_raid(ins, &info, above, err);
	/* A damaged superblock tells nothing; what it lies on may. */
	if (ret != DW_NOT_MINE && ret != DW_CORRUPT)
		return ret;
	return look_for_table(ins, above, err);
}

static int look_at_image(struct dw_inspection *ins, struct dw_layer *image,
			 struct dw_err *err)
{
	struct dw_dev *dev = ins->stack.dev;
	const char *kind = dev->driver->kind;
	int ret;

	image->kind = DW_LAYER_IMAGE;
	image->len = dev->size;
	ret = dw_set_text(&image->name, dev->name, err);
	if (!ret)
		ret = dw_set_text(&image->type, strcmp(kind, "file") ? kind
				  : "raw", err);
	return ret ? ret : look_at(ins, image, err);
}

int dw_inspect(struct dw_ctx *ctx, struct dw_dev *dev, unsigned flags,
	       struct dw_layer **out, struct dw_err *err)
{
	struct dw_inspection ins = {
		.ctx = ctx, .layers_left = DW_INSPECT_LAYERS_MAX,
	};
	struct dw_layer *image = calloc(1, sizeof(*image));
	int ret = image ? 0 : dw_fail_nomem(err);

	*out = NULL;
	if (!ret)
		ret = dw_stack_on(ctx, dev, flags, &ins.stack, err);
	if (!ret)
		ret = look_at_image(&ins, image, err);
	for (size_t i = 0; i < ins.drawn_nr; i++)
		free(ins.drawn[i].where);
	free(ins.drawn);
	dw_stack_close(&ins.stack, NULL);
	if (ret)
		dw_layer_free(image);
	else
		*out = image;
	return ret;
}
