/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tree that inspection makes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/notes.h"
#include "job/layer.h"

int dw_set_text(char **field, const char *text, struct dw_err *err)
{
	free(*field);
	*field = strdup(text);
	return *field ? 0 : dw_fail_nomem(err);
}

int dw_set_lv_problem(char **field, const struct dw_lv *lv,
		      const struct dw_err *why, struct dw_err *err)
{
	const char *text = why->text;
	char name[2 * DW_LVM_NAME_LEN + 4];
	size_t len;

	len = (size_t)snprintf(name, sizeof(name), "%s/%s: ", lv->vg->name,
			       lv->name);
	if (!strncmp(text, name, len))
		text += len;
	return dw_set_text(field, text, err);
}

int dw_layer_room(struct dw_layer *layer, size_t nr, struct dw_err *err)
{
	layer->children = calloc(nr ? nr : 1, sizeof(*layer->children));
	return layer->children ? 0 : dw_fail_nomem(err);
}

struct dw_layer *dw_layer_add(struct dw_layer *layer, enum dw_layer_kind kind,
			      uint64_t off, uint64_t len)
{
	struct dw_layer *child = &layer->children[layer->children_nr++];

	child->kind = kind;
	child->off = off;
	child->len = len;
	return child;
}

static void clear_guest(struct dw_guest_info *guest)
{
	size_t i;

	if (!guest)
		return;
	for (i = 0; i < guest->kernels_nr; i++) {
		free(guest->kernels[i].path);
		free(guest->kernels[i].version);
		free(guest->kernels[i].initrd);
	}
	free(guest->kernels);
	free(guest->name);
	free(guest->version);
	free(guest->init);
	dw_kernel_advice_clear(&guest->kvm_advice);
	dw_kernel_advice_clear(&guest->pygrub_advice);
	free(guest);
}

/* Recursion is as deep as the tree, which inspection bounds. */
static void clear_layer(struct dw_layer *layer)
{
	size_t i;

	for (i = 0; i < layer->children_nr; i++)
		clear_layer(&layer->children[i]);
	free(layer->children);
	clear_guest(layer->guest);
	dw_notes_free(&layer->notes);
	free(layer->name);
	free(layer->type);
	free(layer->loader);
	free(layer->problem);
	free(layer->uuid);
	free(layer->group);
	free(layer->version);
}

void dw_layer_free(struct dw_layer *layer)
{
	if (!layer)
		return;
	clear_layer(layer);
	free(layer);
}
