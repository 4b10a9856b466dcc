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

void cli_json_advice(struct json_object *to, const char *name,
		     const struct dw_kernel_advice *advice)
{
	struct json_object *a;

	if (!advice->text) {
		cli_json_text(to, name, NULL);
		return;
	}
	a = cli_json_object_in(to, name);
	cli_json_text(a, "package", advice->package);
	cli_json_text(a, "text", advice->text);
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
	cli_json_advice(v, "advice", &verdict->advice);
	cli_json_notes(v, "warnings", &verdict->warnings);
}

void cli_json_changes(struct json_object *to, const struct dw_changes *list)
{
	struct json_object *array = cli_json_array_in(to, "changes");

	for (size_t i = 0; i < list->nr; i++) {
		const struct dw_change *c = &list->items[i];
		struct json_object *o = cli_json_append(array);

		cli_json_text(o, "path", c->path);
		cli_json_number(o, "line", c->line_nr);
		cli_json_text(o, "before", c->before);
		cli_json_text(o, "after", c->after);
		cli_json_text(o, "note", c->note);
	}
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
