/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What image files say of themselves, as JSON. */
#include "json.h"

/* What the format does not have is null. */
static void number_or_null(struct json_object *to, const char *name,
			   uint64_t value)
{
	if (value)
		cli_json_number(to, name, value);
	else
		cli_json_text(to, name, NULL);
}

static void snapshot(struct json_object *to,
		     const struct dw_image_snapshot *snap)
{
	cli_json_text(to, "id", snap->id);
	cli_json_text(to, "name", snap->name);
	cli_json_number(to, "disk_size", snap->disk_size);
	cli_json_number(to, "vm_state_size", snap->vm_state_len);
	cli_json_signed(to, "time", snap->time);
	cli_json_number(to, "time_ns", snap->time_ns);
	cli_json_number(to, "vm_clock_ns", snap->vm_clock_ns);
}

void cli_json_image_info(struct json_object *to,
			 const struct dw_image_info *info)
{
	struct json_object *snapshots;

	cli_json_text(to, "image", info->path);
	cli_json_text(to, "format", info->format);
	cli_json_text(to, "subformat", info->subformat);
	number_or_null(to, "version", info->version);
	cli_json_number(to, "size", info->size);
	cli_json_number(to, "file_size", info->file_len);
	cli_json_number(to, "stored_size", info->host_len);
	number_or_null(to, "cluster_size", info->cluster_len);
	cli_json_text(to, "compression", info->codec);
	number_or_null(to, "refcount_bits", info->refcount_bits);
	cli_json_bool(to, "lazy_refcounts", info->lazy_refcounts);
	cli_json_bool(to, "extended_l2", info->extended_l2);
	cli_json_bool(to, "dirty", info->dirty);
	cli_json_bool(to, "corrupt", info->corrupt);
	cli_json_text(to, "encryption", info->encryption);
	cli_json_text(to, "backing_file", info->backing_name);
	cli_json_text(to, "backing_format", info->backing_format);
	cli_json_text(to, "data_file", info->data_file);
	snapshots = cli_json_array_in(to, "snapshots");
	for (size_t i = 0; i < info->snapshots_nr; i++)
		snapshot(cli_json_append(snapshots), &info->snapshots[i]);
}

void cli_json_image_check(struct json_object *to,
			  const struct dw_image_check *check)
{
	struct json_object *image = cli_json_object_in(to, "image_check");

	cli_json_text(image, "format", check->format);
	cli_json_bool(image, "checkable", check->checkable);
	if (!check->checkable)
		return;
	cli_json_number(image, "corruptions", check->corruptions_nr);
	cli_json_number(image, "leaks", check->leaks_nr);
	cli_json_number(image, "corruptions_fixed",
			check->corruptions_fixed_nr);
	cli_json_number(image, "leaks_fixed", check->leaks_fixed_nr);
	cli_json_number(image, "clusters", check->clusters_nr);
	cli_json_number(image, "allocated", check->allocated_nr);
	cli_json_number(image, "compressed", check->compressed_nr);
	cli_json_number(image, "fragmented", check->fragmented_nr);
	cli_json_number(image, "image_end", check->image_end_off);
	cli_json_notes(image, "notes", &check->notes);
}
