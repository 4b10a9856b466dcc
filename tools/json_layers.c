/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layers and the guests on them as JSON. */
#include "json.h"

static void kernel(struct json_object *to, const struct dw_kernel_info *info)
{
	cli_json_text(to, "path", info->path);
	cli_json_text(to, "version", info->version);
	cli_json_text(to, "initrd", info->initrd);
	cli_json_bool(to, "xen_pv", info->xen_pv);
	cli_json_bool(to, "virtio", info->virtio);
}

static void guest(struct json_object *to, const struct dw_guest_info *info)
{
	struct json_object *g = cli_json_object_in(to, "guest");
	struct json_object *kernels;

	cli_json_text(g, "name", info->name);
	cli_json_text(g, "version", info->version);
	cli_json_text(g, "init", info->init);
	kernels = cli_json_array_in(g, "kernels");
	for (size_t i = 0; i < info->kernels_nr; i++)
		kernel(cli_json_append(kernels), &info->kernels[i]);
	cli_json_advice(g, "kvm_advice", &info->kvm_advice);
	cli_json_advice(g, "pygrub_advice", &info->pygrub_advice);
}

static bool is_of_lvm(enum dw_layer_kind kind)
{
	return kind == DW_LAYER_PV || kind == DW_LAYER_VG ||
	       kind == DW_LAYER_LV;
}

static const char *kind_name(enum dw_layer_kind kind)
{
	switch (kind) {
	case DW_LAYER_IMAGE:		return "image";
	case DW_LAYER_TABLE:		return "table";
	case DW_LAYER_PARTITION:	return "partition";
	case DW_LAYER_FILESYSTEM:	return "filesystem";
	case DW_LAYER_RAID:		return "raid_member";
	case DW_LAYER_PV:		return "physical_volume";
	case DW_LAYER_VG:		return "volume_group";
	case DW_LAYER_LV:		return "logical_volume";
	case DW_LAYER_UNKNOWN:		break;
	}
	return "unknown";
}

/* Members that only layers of one kind have. */
static void by_kind(struct json_object *to, const struct dw_layer *layer)
{
	if (layer->kind == DW_LAYER_PARTITION)
		cli_json_bool(to, "active", layer->active);
	if (layer->kind == DW_LAYER_FILESYSTEM)
		cli_json_fs(to, &layer->fs);
	if (layer->guest)
		guest(to, layer->guest);
	if (layer->kind == DW_LAYER_RAID || is_of_lvm(layer->kind))
		cli_json_text(to, "uuid", layer->uuid);
	if (is_of_lvm(layer->kind))
		cli_json_number(to, "used", layer->used_len);
	if (layer->kind == DW_LAYER_PV)
		cli_json_text(to, "group", layer->group);
	if (layer->kind == DW_LAYER_VG)
		cli_json_number(to, "seqno", layer->generation);
	if (layer->kind == DW_LAYER_RAID) {
		cli_json_text(to, "metadata", layer->version);
		cli_json_number(to, "events", layer->generation);
	}
}

/* The depth is bounded by the library, which stacks the layers. */
void cli_json_layer(struct json_object *to, const struct dw_layer *layer)
{
	struct json_object *children;

	cli_json_text(to, "kind", kind_name(layer->kind));
	cli_json_text(to, "name", layer->name);
	cli_json_text(to, "type", layer->type);
	cli_json_number(to, "offset", layer->off);
	cli_json_number(to, "size", layer->len);
	cli_json_text(to, "loader", layer->loader);
	cli_json_text(to, "problem", layer->problem);
	by_kind(to, layer);
	cli_json_notes(to, "notes", &layer->notes);
	children = cli_json_array_in(to, "children");
	for (size_t i = 0; i < layer->children_nr; i++)
		cli_json_layer(cli_json_append(children),
			       &layer->children[i]);
}
