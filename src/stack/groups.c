/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The volume groups of a stack: where physical volumes are looked for. */
#include <stdlib.h>
#include <string.h>

#include "lvm/lvm.h"
#include "part/part.h"
#include "stack/layers.h"

/* How sure it is that a device belongs to what is asked for. */
enum origin {
	ORIGIN_TOP,	/* the layer that is asked about */
	ORIGIN_BELOW,	/* what it lies on; it may hold others of the group */
	ORIGIN_ADDED,	/* images that the context names */
};

/* Physical volumes, which lvm keeps. */
struct dev_list {
	size_t nr;
	struct dw_dev **devs;
};

struct search {
	struct dw_lvm *lvm;
	enum origin origin;
	bool is_added_asked;
	struct dev_list known;	/* all that were added */
	struct dev_list asked;	/* those whose groups are asked for */
};

static int keep(struct dev_list *list, struct dw_dev *dev, struct dw_err *err)
{
	struct dw_dev **grown = reallocarray(list->devs, list->nr + 1,
					     sizeof(*grown));

	if (!grown)
		return dw_fail_nomem(err);
	list->devs = grown;
	grown[list->nr++] = dev;
	return 0;
}

static void free_lists(struct search *s)
{
	free(s->known.devs);
	free(s->asked.devs);
}

/* Layers are named by what they lie on, down to the image, which is open once:
 * those of one name are the same. */
static struct dw_dev *find_known(const struct search *s,
				 const struct dw_dev *dev)
{
	for (size_t i = 0; i < s->known.nr; i++)
		if (!strcmp(s->known.devs[i]->name, dev->name))
			return s->known.devs[i];
	return NULL;
}

/*
 * A second one of the same UUID is an error, except in what lies below: there
 * the one nearer to the top was added before, as itself or as a copy.  What is
 * added by name may be what lies below.
 */
static int add_again(struct search *s, struct dw_dev *dev, struct dw_err *err)
{
	struct dw_dev *known = find_known(s, dev);

	if (s->origin == ORIGIN_BELOW)
		return 0;
	if (!known || s->origin == ORIGIN_TOP)
		return DW_EXISTS;
	return s->is_added_asked ? keep(&s->asked, known, err) : 0;
}

/* Adds a device that is a physical volume; DW_NOT_MINE where it is none. */
static int add_pv(struct search *s, struct dw_dev *dev, struct dw_err *err)
{
	int ret = dw_lvm_add(s->lvm, dev, err);

	if (ret == DW_EXISTS)
		return add_again(s, dev, err);
	if (!ret)
		ret = keep(&s->known, dev, err);
	if (ret || s->origin == ORIGIN_BELOW ||
	    (s->origin == ORIGIN_ADDED && !s->is_added_asked))
		return ret;
	return keep(&s->asked, dev, err);
}

/* A partition that cannot be seen through holds nothing for us. */
static int add_part(struct search *s, struct dw_dev *disk,
		    const struct dw_part *part, struct dw_err *err)
{
	struct dw_dev *dev = NULL, *content = NULL;
	int ret = dw_part_open(disk, part, &dev, err);

	if (!ret)
		ret = dw_stack_see_through(dev, &content, err);
	if (ret == DW_UNSUPPORTED || ret == DW_CORRUPT)
		ret = DW_NOT_MINE;
	if (!ret)
		ret = add_pv(s, content, err);
	dw_dev_close(content, NULL);
	dw_dev_close(dev, NULL);
	return ret == DW_NOT_MINE ? 0 : ret;
}

static int add_parts(struct search *s, struct dw_dev *disk, struct dw_err *err)
{
	struct dw_part_table *table;
	int ret = dw_part_read(disk, &table, err);

	for (size_t i = 0; !ret && i < table->parts_nr; i++)
		if (!table->parts[i].extended)
			ret = add_part(s, disk, &table->parts[i], err);
	dw_part_free(table);
	return ret == DW_NOT_MINE ? 0 : ret;
}

/* A device, or else its partitions.  What is damaged below the layer in
 * question does not matter to it. */
static int add_device(struct search *s, struct dw_dev *dev, struct dw_err *err)
{
	struct dw_dev *content;
	int ret = dw_stack_see_through(dev, &content, err);

	if (!ret)
		ret = add_pv(s, content, err);
	if (ret == DW_NOT_MINE)
		ret = add_parts(s, content, err);
	dw_dev_close(content, NULL);
	if (s->origin == ORIGIN_BELOW &&
	    (ret == DW_UNSUPPORTED || ret == DW_CORRUPT))
		return 0;
	return ret;
}

int dw_stack_has_pv(struct dw_ctx *ctx, struct dw_dev *dev, bool *has_pv,
		    struct dw_err *err)
{
	struct search s = { .origin = ORIGIN_TOP };
	int ret = dw_lvm_new(ctx, &s.lvm, err);

	if (!ret)
		ret = add_device(&s, dev, err);
	/* What is damaged holds none that could be used. */
	if (ret == DW_UNSUPPORTED || ret == DW_CORRUPT)
		ret = 0;
	*has_pv = s.asked.nr;
	free_lists(&s);
	dw_lvm_free(s.lvm);
	return ret;
}

/* What lies below is asked where the top is not all of a group. */
static int add_below(struct search *s, struct dw_stack *stack,
		     struct dw_err *err)
{
	int ret = 0;

	s->origin = ORIGIN_BELOW;
	for (size_t i = stack->layers_nr - 1; !ret && i > 0; i--)
		ret = add_device(s, stack->layers[i - 1], err);
	return ret;
}

/* The stack's own image was searched where the top is all of it; of what lies
 * below nothing was asked. */
static int add_added(struct search *s, struct dw_stack *stack,
		     struct dw_err *err)
{
	struct dw_images *images = stack->images;
	int ret = dw_images_load(images, stack->layers_nr == 1, err);

	s->origin = ORIGIN_ADDED;
	for (size_t i = 0; !ret && i < images->added_nr; i++)
		ret = add_device(s, images->added[i], err);
	return ret;
}

/* Each group once, in the order of its first physical volume. */
static int list_near(const struct search *s, struct dw_near_vgs *near,
		     struct dw_err *err)
{
	near->nr = 0;
	near->vgs = calloc(s->asked.nr + 1, sizeof(*near->vgs));
	if (!near->vgs)
		return dw_fail_nomem(err);
	for (size_t i = 0; i < s->asked.nr; i++) {
		const struct dw_vg *vg = dw_lvm_vg_of(s->lvm,
						      s->asked.devs[i]);
		size_t known = 0;

		while (known < near->nr && near->vgs[known] != vg)
			known++;
		if (vg && known == near->nr)
			near->vgs[near->nr++] = vg;
	}
	return 0;
}

/* One search, on the uppermost layer alone or on all. */
static int search_once(struct dw_stack *stack, bool everywhere,
		       bool is_added_asked, struct dw_lvm **out,
		       struct dw_near_vgs *near, struct dw_err *err)
{
	struct search s = { .is_added_asked = is_added_asked };
	int ret;

	ret = dw_lvm_new(stack->ctx, &s.lvm, err);
	if (!ret)
		ret = add_device(&s, stack->dev, err);
	if (!ret && everywhere)
		ret = add_below(&s, stack, err);
	if (!ret && everywhere)
		ret = add_added(&s, stack, err);
	if (!ret)
		ret = dw_lvm_assemble(s.lvm, err);
	if (!ret)
		ret = list_near(&s, near, err);
	free_lists(&s);
	if (ret)
		dw_lvm_free(s.lvm);
	else
		*out = s.lvm;
	return ret;
}

static bool is_complete(const struct dw_near_vgs *near)
{
	for (size_t i = 0; i < near->nr; i++)
		if (near->vgs[i]->missing_nr || near->vgs[i]->problem)
			return false;
	return near->nr;
}

/* What the caller names counts even where nothing seems to be missing: it may
 * hold newer metadata. */
int dw_stack_groups(struct dw_stack *stack, struct dw_lvm **out,
		    struct dw_near_vgs *near, struct dw_err *err)
{
	const struct dw_ctx *ctx = stack->ctx;
	int ret;

	*out = NULL;
	*near = (struct dw_near_vgs){ 0 };
	if (!ctx->pvs_nr && !ctx->pv_dir) {
		ret = search_once(stack, false, false, out, near, err);
		if (ret || is_complete(near) || stack->layers_nr == 1)
			return ret;
		free(near->vgs);
		near->vgs = NULL;
		dw_lvm_free(*out);
		*out = NULL;
	}
	return search_once(stack, true, false, out, near, err);
}

int dw_stack_all_groups(struct dw_stack *stack, struct dw_lvm **out,
			struct dw_near_vgs *near, struct dw_err *err)
{
	*out = NULL;
	*near = (struct dw_near_vgs){ 0 };
	return search_once(stack, true, true, out, near, err);
}
