/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* inspect: a filesystem, and the guest on it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/install.h"
#include "dev/kinds.h"
#include "guest/guest.h"
#include "guest/packages.h"
#include "job/inspect.h"
#include "job/root.h"

/* ---- the guest ----------------------------------------------------------- */

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
		ret = dw_set_text(&info->path, kernel->path, err);
		if (!ret)
			ret = dw_set_text(&info->version, kernel->version, err);
		if (!ret && kernel->initrd_path)
			ret = dw_set_text(&info->initrd, kernel->initrd_path,
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
	ret = dw_set_text(&info->name, release->name, err);
	if (!ret)
		ret = dw_set_text(&info->version, release->major ? version : "",
			       err);
	if (!ret)
		ret = dw_set_text(&info->init, dw_init_name(release->init), err);
	if (!ret)
		ret = copy_kernels(&guest->kernels, info, err);
	if (!ret && guest->kernels.nr)
		ret = dw_packages_advise(release, &guest->kernels, DW_SIDE_KVM,
					 &info->kvm_advice, err);
	if (!ret && guest->kernels.nr)
		ret = dw_packages_advise(release, &guest->kernels, DW_SIDE_XEN,
					 &info->pygrub_advice, err);
	return ret;
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
		ret = dw_set_text(&layer->problem, why.text, err);
	else
		ret = copy_guest(guest, layer, err);
	dw_guest_free(guest);
	dw_fs_close(fs);
	dw_dev_close(view, NULL);
	return ret;
}

/* ---- the filesystem ------------------------------------------------------ */

int dw_inspect_loader(struct dw_dev *dev, struct dw_layer *layer,
		      struct dw_err *err)
{
	struct dw_loader_state state;
	int ret = dw_loader_inspect_sector(dev, &state, err);

	if (ret || state.kind == DW_LOADER_NONE)
		return ret;
	return dw_set_text(&layer->loader, state.name, err);
}

int dw_inspect_fs(struct dw_inspection *ins, struct dw_dev *dev,
		  struct dw_layer *above, struct dw_err *err)
{
	struct dw_fs_info info;
	struct dw_layer *layer;
	struct dw_err why;
	int found, ret;

	ret = dw_inspect_room(ins, above, 1, err);
	if (ret)
		return ret;
	found = dw_fs_identify(dev, &info, &why);
	if (found == DW_IO || found == DW_NOMEM) {
		if (err)
			*err = why;
		return found;
	}
	layer = dw_layer_add(above, found ? DW_LAYER_UNKNOWN :
			     DW_LAYER_FILESYSTEM, 0,
			     found ? dev->size : info.size);
	if (found == DW_NOT_MINE)
		return dw_set_text(&layer->type, "unknown", err);
	if (found) {
		ret = dw_set_text(&layer->type, "damaged", err);
		return ret ? ret : dw_set_text(&layer->problem, why.text, err);
	}
	layer->fs = info;
	ret = dw_set_text(&layer->type, info.type, err);
	if (ret || info.partial)
		return ret;
	ret = dw_inspect_loader(dev, layer, err);
	return ret ? ret : look_inside(ins->ctx, dev, layer, err);
}
