/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the sources of this room share: one layer on another. */
#ifndef DW_STACK_LAYERS_H
#define DW_STACK_LAYERS_H

#include "stack/images.h"
#include "stack/stack.h"

/* Opens what the layer names in stack->dev, and puts it on top. */
int dw_stack_push_layer(struct dw_stack *stack,
			const struct dw_locator_layer *layer,
			struct dw_err *err);

/* As dw_stack_open(), with images that somebody else closes. */
int dw_stack_open_in(struct dw_images *images, const char *locator,
		     const char *format, struct dw_stack *out,
		     struct dw_err *err);

/* Whether dev or a partition of it is a physical volume. */
int dw_stack_has_pv(struct dw_ctx *ctx, struct dw_dev *dev, bool *has_pv,
		    struct dw_err *err);

/* In the place of an error, where 'name' is a group: what to name behind it. */
void dw_stack_explain_group(struct dw_stack *stack, const char *name,
			    enum dw_code code, struct dw_err *err);

/* "root, swap, home, ...": of many names those that fit. */
#define DW_LISTING_TEXT 100
struct dw_listing {
	char text[DW_LISTING_TEXT];
	size_t nr;
	bool is_full;
};
void dw_listing_add(struct dw_listing *names, const char *name);

#endif
