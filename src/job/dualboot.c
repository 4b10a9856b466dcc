/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dualboot: a Xen guest becomes an image that boots under PyGrub and KVM.
 *
 * The plan makes every change on an overlay, so that it can be shown, judged
 * and thrown away; running it copies what the overlay and the source together
 * hold.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/changes.h"
#include "base/notes.h"
#include "base/sum.h"
#include "base/uuid.h"
#include "job/awake.h"
#include "job/dualboot.h"

#define SUPERBLOCK_OFF 1024

/* ---- what stands in the way ------------------------------------------------ */

/* With /boot on a filesystem of its own there are no kernels on the root. */
static int refuse_separate_boot(struct dw_dualboot_plan *plan,
				struct dw_err *err)
{
	struct dw_dualboot_state *s = plan->state;

	if (s->sys.guest->kernels.nr || !s->sys.guest->has_separate_boot)
		return 0;
	return dw_fail(err, DW_UNSUPPORTED,
		       "%s: /boot is a filesystem of its own, which this job "
		       "does not handle", s->source->name);
}

/* ---- identity --------------------------------------------------------------- */

/*
 * A root is named by its UUID: one that has none is given one, and a copy may
 * be given another.  old_uuid receives what the guest's files may still say,
 * or "".
 */
static int settle_uuid(struct dw_dualboot_plan *plan,
		       const struct dw_dualboot_options *options,
		       char old_uuid[DW_UUID_TEXT], struct dw_err *err)
{
	struct dw_fs *fs = plan->state->sys.root.fs;
	uint8_t uuid[16];
	int ret;

	old_uuid[0] = '\0';
	if (plan->fs.has_uuid && !options->new_uuid) {
		dw_notes_add(&plan->notes, "source and copy share their UUID; "
			     "--new-uuid gives the copy another");
		return 0;
	}
	if (!plan->fs.has_uuid && plan->fs.label[0] && !options->new_uuid)
		return 0;
	memcpy(uuid, options->uuid, sizeof(uuid));
	if (!options->new_uuid || dw_uuid_is_zero(uuid))
		dw_uuid_derive(plan->fs.uuid, "dualboot", uuid);
	if (plan->fs.has_uuid)
		dw_uuid_format(plan->fs.uuid, old_uuid);
	ret = dw_fs_set_uuid(fs, uuid, err);
	return ret ? ret : dw_fs_get_info(fs, &plan->fs, err);
}

static uint32_t signature_of(const struct dw_fs_info *info)
{
	uint32_t crc = dw_crc32(info->has_uuid ? info->uuid
			: (const uint8_t *)info->label,
			info->has_uuid ? 16 : strlen(info->label));

	/* Zero means "no signature". */
	return crc ? crc : 1;
}

/* ---- planning ---------------------------------------------------------------- */

static int check_options(const struct dw_dualboot_options *options,
			 struct dw_err *err)
{
	if (options->size == sizeof(*options))
		return 0;
	return dw_fail(err, DW_USAGE,
		       "dualboot: options of %zu bytes, this library has %zu",
		       options->size, sizeof(*options));
}

static int open_source(struct dw_dualboot_plan *plan, struct dw_err *err)
{
	struct dw_dualboot_state *s = plan->state;
	int ret;

	ret = dw_system_open(s->ctx, s->source, DW_FS_WRITE, &s->sys, err);
	if (ret)
		return ret;
	plan->had_table = s->sys.root.table;
	plan->recovery = s->sys.root.recovery;
	ret = dw_dev_pread(s->source, s->sys.root.start_off + SUPERBLOCK_OFF,
			   s->superblock, sizeof(s->superblock), err);
	if (ret)
		return ret;
	plan->distribution = strdup(s->sys.guest->release.name);
	if (!plan->distribution)
		return dw_fail_nomem(err);
	return dw_fs_get_info(s->sys.root.fs, &plan->fs, err);
}

/*
 * Blocks that files use but the bitmaps call free are marked, before anything
 * new could be put there.
 */
static int mark_used(struct dw_dualboot_plan *plan, struct dw_err *err)
{
	struct dw_used *used;
	int ret = dw_fs_used(plan->state->sys.root.fs, &used, err);

	if (!ret && used->unmarked_blk_nr)
		dw_notes_add(&plan->notes, "%" PRIu64 " blocks are in use but "
			     "marked free, block %" PRIu64 " first; they are "
			     "kept, run e2fsck on the result",
			     used->unmarked_blk_nr, used->first_unmarked_blk);
	if (!ret && plan->fs.has_errors)
		dw_notes_add(&plan->notes, "the filesystem is marked as having "
			     "errors; run e2fsck on the result");
	if (!ret && used->damaged_inodes_nr)
		dw_notes_add(&plan->notes, "%" PRIu64 " inodes are damaged; "
			     "run e2fsck on the result",
			     used->damaged_inodes_nr);
	dw_used_free(used);
	return ret;
}

/* As with the notes of other partitions, whoever boots the result decides. */
static int note_sleeper(struct dw_dualboot_plan *plan, struct dw_err *err)
{
	struct dw_err why = { 0 };
	int ret = dw_awake_check_fs(plan->state->sys.root.fs, &why);

	if (ret == DW_UNSUPPORTED) {
		dw_notes_add(&plan->notes, "%s, which must not wake up from it"
			     " in the result: its files were changed",
			     why.text);
		return 0;
	}
	if (ret && err)
		*err = why;
	return ret;
}

static void note_others(struct dw_dualboot_plan *plan)
{
	const struct dw_wanted *w = &plan->state->disk.others;
	size_t i;

	for (i = 0; i < w->areas_nr; i++)
		if (w->areas[i].note)
			dw_notes_add(&plan->notes, "%s copied in full, as it "
				     "is: %s", w->areas_nr > 1 ?
				     w->areas[i].name : "the rest of the disk",
				     w->areas[i].note);
}

static int lay_out(struct dw_dualboot_plan *plan,
		   const struct dw_dualboot_options *options,
		   struct dw_err *err)
{
	struct dw_dualboot_state *s = plan->state;
	struct dw_new_disk_options layout = {
		.layout = options->layout,
		.fs_size = plan->fs.size,
		.size = options->disk_size,
		.signature = signature_of(&plan->fs),
		.in_place = s->in_place,
	};
	struct dw_new_disk *d = &s->disk;
	int ret;

	ret = dw_new_disk_open(s->ctx, &s->sys.root, &layout, d, err);
	if (ret)
		return ret;
	note_others(plan);
	plan->part_nr = d->part_nr;
	plan->part_start_off = d->fs_off;
	plan->part_len = d->part_nr ? d->part_len : d->size;
	plan->disk_size = d->size;
	plan->disk_signature = d->signature;
	if (plan->part_len > plan->fs.size && d->has_new_table &&
	    options->disk_size)
		dw_notes_add(&plan->notes, "the partition is larger than its "
			     "filesystem: resize2fs in the guest grows it");
	if (d->has_new_table)
		dw_notes_add(&plan->notes, "the domain's configuration must "
			     "name it as a whole disk now: xvda, not xvda1");
	if (!d->part_nr)
		dw_notes_add(&plan->notes, "unpartitioned: PyGrub boots it "
			     "from Xen 4.7, 4.6.3 or 4.5.3 on");
	s->sys.source.disk = d->whole;
	s->sys.source.part_nr = d->part_nr;
	s->sys.source.start_lba = d->fs_off / DW_SECTOR;
	s->sys.source.disk_signature = d->signature;
	return 0;
}

static int find_wanted(struct dw_dualboot_plan *plan, struct dw_err *err)
{
	struct dw_dualboot_state *s = plan->state;
	struct dw_used *used;
	size_t i;
	int ret;

	ret = dw_fs_used(s->sys.root.fs, &used, err);
	if (ret)
		return ret;
	ret = dw_new_disk_wanted(&s->disk, used, &s->runs, &s->runs_nr, err);
	dw_used_free(used);
	for (i = 0; i < s->runs_nr; i++)
		plan->copy_len += s->runs[i].len;
	return ret;
}

static int judge(struct dw_dualboot_plan *plan, struct dw_err *err)
{
	struct dw_verdict_source *source = &plan->state->sys.source;
	const struct dw_boot_verdict *v;
	int ret;

	ret = dw_verdict_kvm(source, &plan->kvm, err);
	if (!ret)
		ret = dw_verdict_pygrub(source, &plan->pygrub, err);
	if (ret || (plan->kvm.boots && plan->pygrub.boots))
		return ret;
	if (plan->state->allow_unbootable) {
		dw_notes_add(&plan->notes, "written all the same, as asked");
		return 0;
	}
	v = plan->kvm.boots ? &plan->pygrub : &plan->kvm;
	/* The package is what helps; the reason stands in the plan. */
	return dw_fail(err, DW_NOBOOT, "%s: would not boot under %s: %s%s",
		       plan->state->source->name,
		       plan->kvm.boots ? "PyGrub" : "KVM", v->advice.text
		       ? "no kernel of it runs there; " : "",
		       v->advice.text ? v->advice.text : v->reason);
}

static int make_plan(struct dw_dualboot_plan *plan,
		     const struct dw_dualboot_options *options,
		     struct dw_err *err)
{
	struct dw_dualboot_state *s = plan->state;
	char old_uuid[DW_UUID_TEXT];
	int ret;

	ret = open_source(plan, err);
	if (!ret)
		ret = dw_dualboot_choose_loader(plan, options, err);
	if (!ret)
		ret = refuse_separate_boot(plan, err);
	if (!ret)
		ret = mark_used(plan, err);
	if (!ret)
		ret = note_sleeper(plan, err);
	if (!ret)
		ret = settle_uuid(plan, options, old_uuid, err);
	if (!ret)
		ret = lay_out(plan, options, err);
	if (!ret && !s->in_place)
		ret = dw_target_try(s->ctx, &s->target, plan->disk_size, err);
	if (!ret)
		ret = dw_dualboot_install_loader(plan, err);
	if (!ret)
		ret = dw_dualboot_edit_guest(plan, options, old_uuid, err);
	if (!ret)
		ret = dw_fs_flush(s->sys.root.fs, err);
	if (!ret && !s->in_place)
		ret = find_wanted(plan, err);
	if (!ret)
		ret = judge(plan, err);
	if (!ret)
		ret = dw_notes_check(&plan->notes, err);
	return ret;
}

static int new_plan(struct dw_ctx *ctx, struct dw_dev *source,
		    const struct dw_dualboot_options *options,
		    struct dw_dualboot_plan **out, struct dw_err *err)
{
	const struct dw_target_names names = {
		.format = options->format, .subformat = options->subformat,
		.compress = options->compress,
		.cluster_len = options->cluster_len,
	};
	struct dw_dualboot_plan *plan = calloc(1, sizeof(*plan));
	struct dw_dualboot_state *s = calloc(1, sizeof(*s));
	int ret;

	if (!plan || !s) {
		free(plan);
		free(s);
		return dw_fail_nomem(err);
	}
	*out = plan;
	plan->state = s;
	s->ctx = ctx;
	s->source = dw_dev_ref(source);
	s->allow_unbootable = options->allow_unbootable;
	s->allow_changed = options->allow_changed;
	s->in_place = options->in_place;
	ret = dw_target_choose(&names, &s->target, err);
	if (ret)
		return ret;
	plan->source_format = !strcmp(source->driver->kind, "file")
		? "raw" : source->driver->kind;
	plan->target_format = s->target.format->name;
	return 0;
}

int dw_dualboot_plan(struct dw_ctx *ctx, struct dw_dev *source,
		     const struct dw_dualboot_options *options,
		     struct dw_dualboot_plan **out, struct dw_err *err)
{
	struct dw_dualboot_plan *plan = NULL;
	int ret;

	*out = NULL;
	ret = check_options(options, err);
	if (!ret)
		ret = new_plan(ctx, source, options, &plan, err);
	if (!ret)
		ret = make_plan(plan, options, err);
	if (ret && ret != DW_NOBOOT) {
		dw_dualboot_plan_free(plan);
		return ret;
	}
	*out = plan;
	return ret;
}

void dw_dualboot_plan_free(struct dw_dualboot_plan *plan)
{
	if (!plan)
		return;
	dw_new_disk_close(&plan->state->disk);
	dw_system_close(&plan->state->sys);
	dw_dev_close(plan->state->source, NULL);
	free(plan->state->runs);
	dw_target_free(&plan->state->target);
	dw_syslinux_free(&plan->state->syslinux);
	free(plan->state);
	free(plan->distribution);
	free(plan->loader);
	free(plan->stage2_path);
	free(plan->hook_path);
	dw_changes_free(&plan->changes);
	dw_notes_free(&plan->notes);
	dw_verdict_free(&plan->kvm);
	dw_verdict_free(&plan->pygrub);
	free(plan);
}
