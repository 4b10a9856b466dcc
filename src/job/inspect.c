/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* inspect: the layers of an image, as a tree. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/install.h"
#include "dev/kinds.h"
#include "guest/guest.h"
#include "job/root.h"

/* ---- layers ------------------------------------------------------------------ */

static int set_text(char **field, const char *text, struct dw_err *err)
{
	free(*field);
	*field = strdup(text);
	return *field ? 0 : dw_fail_nomem(err);
}

/* Room for nr children at once: pointers to them stay valid. */
static int make_children(struct dw_layer *layer, size_t nr, struct dw_err *err)
{
	layer->children = calloc(nr ? nr : 1, sizeof(*layer->children));
	return layer->children ? 0 : dw_fail_nomem(err);
}

static struct dw_layer *add_child(struct dw_layer *layer,
				  enum dw_layer_kind kind, uint64_t off,
				  uint64_t len)
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
	free(layer->name);
	free(layer->type);
	free(layer->loader);
	free(layer->problem);
}

void dw_layer_free(struct dw_layer *layer)
{
	if (!layer)
		return;
	clear_layer(layer);
	free(layer);
}

/* ---- the guest ------------------------------------------------------------------ */

static int copy_kernels(const struct dw_kernels *from,
			struct dw_guest_info *to, struct dw_err *err)
{
	const struct dw_kernel *kernel;
	struct dw_kernel_info *info;
	size_t i;
	int ret = 0;

	to->kernels = calloc(from->nr ? from->nr : 1, sizeof(*to->kernels));
	if (!to->kernels)
		return dw_fail_nomem(err);
	for (i = 0; i < from->nr && !ret; i++) {
		kernel = &from->items[i];
		info = &to->kernels[to->kernels_nr++];
		info->xen_pv = kernel->xen_ok;
		info->virtio = kernel->kvm_ok;
		ret = set_text(&info->path, kernel->path, err);
		if (!ret)
			ret = set_text(&info->version, kernel->version, err);
		if (!ret && kernel->initrd_path)
			ret = set_text(&info->initrd, kernel->initrd_path,
				       err);
	}
	return ret;
}

static int copy_guest(const struct dw_guest *guest, struct dw_layer *layer,
		      struct dw_err *err)
{
	const struct dw_release *release = &guest->release;
	struct dw_guest_info *info;
	char version[32];
	int ret;

	if (!dw_guest_is_system(guest))
		return 0;
	info = layer->guest = calloc(1, sizeof(*info));
	if (!info)
		return dw_fail_nomem(err);
	snprintf(version, sizeof(version), release->minor ? "%u.%u" : "%u",
		 release->major, release->minor);
	ret = set_text(&info->name, release->name, err);
	if (!ret)
		ret = set_text(&info->version, release->major ? version : "",
			       err);
	if (!ret)
		ret = set_text(&info->init, dw_init_name(release->init), err);
	return ret ? ret : copy_kernels(&guest->kernels, info, err);
}

/*
 * A filesystem that needs recovery is read as it would be afterwards.  What
 * keeps it from being opened is its problem, not a failure of inspection.
 */
static int look_inside(struct dw_ctx *ctx, struct dw_dev *dev,
		       struct dw_layer *layer, struct dw_err *err)
{
	struct dw_dev *view = NULL;
	struct dw_guest *guest = NULL;
	struct dw_fs *fs = NULL;
	struct dw_err why;
	int ret = 0;

	if (layer->fs.needs_recovery)
		ret = dw_overlay_new(dev, 1024, ctx->memory_cap_len, &view,
				     &why);
	else
		view = dw_dev_ref(dev);
	if (!ret && layer->fs.needs_recovery)
		ret = dw_fs_recover(ctx, view, NULL, &why);
	if (!ret)
		ret = dw_fs_open(ctx, view, 0, &fs, &why);
	if (!ret)
		ret = dw_guest_inspect(ctx, fs, &guest, &why);
	if (ret)
		ret = set_text(&layer->problem, why.text, err);
	else
		ret = copy_guest(guest, layer, err);
	dw_guest_free(guest);
	dw_fs_close(fs);
	dw_dev_close(view, NULL);
	return ret;
}

/* ---- what a device holds -------------------------------------------------------- */

static int name_loader(struct dw_dev *dev, struct dw_layer *layer,
		       struct dw_err *err)
{
	struct dw_loader_state state;
	int ret = dw_loader_inspect_sector(dev, &state, err);

	if (ret || state.kind == DW_LOADER_NONE)
		return ret;
	return set_text(&layer->loader, state.name, err);
}

static int look_at_fs(struct dw_ctx *ctx, struct dw_dev *dev,
		      struct dw_layer *above, struct dw_err *err)
{
	struct dw_fs_info info;
	struct dw_layer *layer;
	struct dw_err why;
	int ret;

	ret = make_children(above, 1, err);
	if (ret)
		return ret;
	ret = dw_fs_identify(dev, &info, &why);
	if (ret == DW_IO || ret == DW_NOMEM) {
		if (err)
			*err = why;
		return ret;
	}
	layer = add_child(above, ret ? DW_LAYER_UNKNOWN : DW_LAYER_FILESYSTEM,
			  0, ret ? dev->size : info.size);
	if (ret == DW_NOT_MINE)
		return set_text(&layer->type, "unknown", err);
	if (ret) {
		ret = set_text(&layer->type, "damaged", err);
		return ret ? ret : set_text(&layer->problem, why.text, err);
	}
	layer->fs = info;
	ret = set_text(&layer->type, info.type, err);
	if (ret || info.partial)
		return ret;
	ret = name_loader(dev, layer, err);
	return ret ? ret : look_inside(ctx, dev, layer, err);
}

static int look_at_part(struct dw_ctx *ctx, struct dw_dev *disk,
			const struct dw_part *part, struct dw_layer *layer,
			struct dw_err *err)
{
	struct dw_dev *dev;
	char text[120];
	int ret;

	layer->active = part->active;
	snprintf(text, sizeof(text), "p%u", part->nr);
	ret = set_text(&layer->name, text, err);
	if (!ret && part->mbr_type) {
		snprintf(text, sizeof(text), "0x%02x", part->mbr_type);
		ret = set_text(&layer->type, text, err);
	} else if (!ret) {
		ret = set_text(&layer->type, part->name, err);
	}
	if (ret || part->extended)
		return ret;
	ret = dw_part_open(disk, part, &dev, err);
	if (!ret)
		ret = look_at_fs(ctx, dev, layer, err);
	dw_dev_close(dev, NULL);
	return ret;
}

static int look_at_table(struct dw_ctx *ctx, struct dw_dev *disk,
			 const struct dw_part_table *table,
			 struct dw_layer *image, struct dw_err *err)
{
	const struct dw_part *part;
	struct dw_layer *layer;
	size_t i;
	int ret;

	ret = make_children(image, 1, err);
	if (ret)
		return ret;
	layer = add_child(image, DW_LAYER_TABLE, 0, disk->size);
	ret = set_text(&layer->type, table->kind == DW_PART_GPT ? "gpt"
		       : "mbr", err);
	if (!ret)
		ret = name_loader(disk, layer, err);
	if (!ret)
		ret = make_children(layer, table->parts_nr, err);
	for (i = 0; i < table->parts_nr && !ret; i++) {
		part = &table->parts[i];
		ret = look_at_part(ctx, disk, part,
			add_child(layer, DW_LAYER_PARTITION,
				  part->start_lba * DW_SECTOR,
				  part->len_lba * DW_SECTOR), err);
	}
	return ret;
}

static int look_at_disk(struct dw_ctx *ctx, struct dw_dev *disk,
			struct dw_layer *image, struct dw_err *err)
{
	struct dw_part_table *table;
	int ret = dw_part_read(disk, &table, err);

	if (ret == DW_NOT_MINE)
		return look_at_fs(ctx, disk, image, err);
	if (!ret)
		ret = look_at_table(ctx, disk, table, image, err);
	dw_part_free(table);
	return ret;
}

int dw_inspect(struct dw_ctx *ctx, struct dw_dev *dev, struct dw_layer **out,
	       struct dw_err *err)
{
	struct dw_layer *image = calloc(1, sizeof(*image));
	const char *kind = dev->driver->kind;
	int ret;

	*out = NULL;
	if (!image)
		return dw_fail_nomem(err);
	image->kind = DW_LAYER_IMAGE;
	image->len = dev->size;
	ret = set_text(&image->name, dev->name, err);
	if (!ret)
		ret = set_text(&image->type, strcmp(kind, "file") ? kind
			       : "raw", err);
	if (!ret)
		ret = look_at_disk(ctx, dev, image, err);
	if (ret) {
		dw_layer_free(image);
		return ret;
	}
	*out = image;
	return 0;
}
