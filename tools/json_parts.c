/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Results as JSON: the parts that several verbs show. */
#include "json.h"

void cli_json_notes(struct json_object *to, const char *name,
		    const struct dw_notes *notes)
{
	struct json_object *array = cli_json_array_in(to, name);

	for (size_t i = 0; i < notes->nr; i++)
		cli_json_append_text(array, notes->items[i]);
}

void cli_json_verdict(struct json_object *to, const char *side,
		      const struct dw_boot_verdict *verdict)
{
	struct json_object *v = cli_json_object_in(to, side);

	cli_json_bool(v, "boots", verdict->boots);
	cli_json_text(v, "reason", verdict->reason);
	cli_json_text(v, "config", verdict->config);
	cli_json_text(v, "entry", verdict->entry);
	cli_json_text(v, "kernel", verdict->kernel);
	cli_json_text(v, "initrd", verdict->initrd);
	cli_json_text(v, "arguments", verdict->args);
	cli_json_text(v, "root", verdict->root);
	cli_json_notes(v, "warnings", &verdict->warnings);
}

void cli_json_recovery(struct json_object *to, const struct dw_recovery *r)
{
	struct json_object *o = cli_json_object_in(to, "recovery");

	cli_json_number(o, "transactions", r->transactions_nr);
	cli_json_number(o, "replayed_blocks", r->replayed_blk_nr);
	cli_json_number(o, "revoked_blocks", r->revoked_blk_nr);
	cli_json_number(o, "orphans_deleted", r->orphans_deleted_nr);
	cli_json_number(o, "orphans_truncated", r->orphans_truncated_nr);
	cli_json_number(o, "free_counts_fixed", r->free_counts_fixed_nr);
}

void cli_json_fs(struct json_object *to, const struct dw_fs_info *fs)
{
	struct json_object *f = cli_json_object_in(to, "filesystem");

	cli_json_text(f, "type", fs->type);
	if (fs->has_uuid)
		cli_json_uuid(f, "uuid", fs->uuid);
	else
		cli_json_text(f, "uuid", NULL);
	cli_json_text(f, "label", fs->label);
	cli_json_bool(f, "readable", !fs->partial);
	if (fs->partial)
		return;
	cli_json_number(f, "block_size", fs->block_len);
	cli_json_number(f, "size", fs->size);
	cli_json_number(f, "free", fs->free_len);
	cli_json_number(f, "inode_size", fs->inode_len);
	cli_json_signed(f, "write_time", fs->write_time);
	cli_json_bool(f, "needs_recovery", fs->needs_recovery);
	cli_json_bool(f, "has_orphans", fs->has_orphans);
	cli_json_bool(f, "has_errors", fs->has_errors);
	cli_json_text(f, "features", fs->features);
}

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
	if (layer->kind == DW_LAYER_PARTITION)
		cli_json_bool(to, "active", layer->active);
	if (layer->kind == DW_LAYER_FILESYSTEM)
		cli_json_fs(to, &layer->fs);
	if (layer->guest)
		guest(to, layer->guest);
	children = cli_json_array_in(to, "children");
	for (size_t i = 0; i < layer->children_nr; i++)
		cli_json_layer(cli_json_append(children),
			       &layer->children[i]);
}

void cli_json_check(struct json_object *to,
		    const struct dw_check_report *report)
{
	cli_json_text(to, "root_filesystem", report->where);
	cli_json_text(to, "loader", report->loader);
	cli_json_bool(to, "loader_is_ours", report->loader_ours);
	cli_json_bool(to, "loader_stale", report->loader_stale);
	cli_json_bool(to, "needs_recovery", report->needs_recovery);
	cli_json_verdict(to, "kvm", &report->kvm);
	cli_json_verdict(to, "pygrub", &report->pygrub);
	cli_json_notes(to, "notes", &report->notes);
}
