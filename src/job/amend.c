/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changing files of a filesystem where it lies in an image. */
#include <stdlib.h>
#include <string.h>

#include "dev/kinds.h"
#include "job/amend.h"
#include "job/recovered.h"
#include "md/md.h"

int dw_amend_say_where(const struct dw_amend *a, int code, struct dw_err *err)
{
	return code ? dw_err_prefix(err, code, "%s", a->stack.dev->name) : 0;
}

/* One half of a mirror that changes alone is no mirror any more. */
static int check_alone(struct dw_amend *a, struct dw_err *err)
{
	struct dw_md_info md;

	if (dw_md_read(a->stack.dev, &md, NULL))
		return 0;
	return dw_fail(err, DW_UNSUPPORTED, "%s: a member of a RAID array, "
		       "whose other members would not change",
		       a->stack.dev->name);
}

static int identify(struct dw_amend *a, struct dw_err *err)
{
	int ret = dw_fs_identify(a->stack.dev, &a->info, err);

	if ((ret || a->info.partial) &&
	    dw_stack_explain(a->ctx, a->stack.dev, DW_USAGE, err))
		return DW_USAGE;
	return dw_amend_say_where(a, ret, err);
}

/* Its bitmaps must be right, or become so by recovery: a filesystem with a
 * journal stays marked as clean while it is mounted. */
static int check_state(const struct dw_fs_info *info, struct dw_err *err)
{
	bool is_whole = info->is_clean &&
			(info->has_journal || !info->has_orphans);

	if (info->has_errors)
		return dw_fail(err, DW_CORRUPT, "marked as having errors; "
			       "e2fsck has to look first");
	if (!is_whole && !info->needs_recovery)
		return dw_fail(err, DW_CORRUPT, "was not unmounted, and no "
			       "journal tells what was changed; e2fsck has to "
			       "look first");
	return 0;
}

static int check_usable(const struct dw_amend *a, struct dw_err *err)
{
	if (!dw_is_ext(&a->info))
		return dw_fail(err, DW_UNSUPPORTED, "%s, not an ext2, ext3 or "
			       "ext4 filesystem", a->info.type);
	return check_state(&a->info, err);
}

static int recover(struct dw_amend *a, struct dw_err *err)
{
	struct dw_fs_info info;
	int ret = dw_fs_recover(a->ctx, a->recovered, &a->cost.recovery, err);

	/* What was recovered as far as it goes is nothing to build on. */
	if (!ret && a->cost.recovery.damage[0])
		ret = dw_fail(err, DW_CORRUPT, "%s; e2fsck has to mend it "
			      "first", a->cost.recovery.damage);
	/* The journal may hold that a kernel found errors. */
	if (!ret)
		ret = dw_fs_identify(a->recovered, &info, err);
	return ret ? ret : check_state(&info, err);
}

/*
 * Overlays of whole blocks of the filesystem: none of their blocks is partly
 * seen through to a journal that is written meanwhile.
 */
static int open_overlays(struct dw_amend *a, struct dw_err *err)
{
	uint64_t cap_len = a->ctx->memory_cap_len;
	uint32_t len = a->info.block_len;
	int ret;

	ret = dw_overlay_new(a->stack.dev, len, cap_len, &a->recovered, err);
	if (!ret)
		ret = recover(a, err);
	if (!ret)
		ret = dw_overlay_new(a->recovered, len, cap_len, &a->changed,
				     err);
	if (!ret)
		ret = dw_fs_open(a->ctx, a->changed,
				 DW_FS_WRITE | DW_FS_PRIMARY_ONLY, &a->fs,
				 err);
	return ret;
}

int dw_amend_open(struct dw_ctx *ctx, const char *locator, const char *format,
		  unsigned flags, struct dw_amend *a, struct dw_err *err)
{
	int ret;

	memset(a, 0, sizeof(*a));
	a->ctx = ctx;
	ret = dw_stack_open(ctx, locator, format, flags, &a->stack, err);
	if (!ret)
		ret = check_alone(a, err);
	if (!ret)
		ret = dw_amend_check_undone(a, err);
	if (!ret)
		ret = identify(a, err);
	if (ret)
		return ret;
	ret = check_usable(a, err);
	if (!ret)
		ret = open_overlays(a, err);
	return dw_amend_say_where(a, ret, err);
}

int dw_amend_close(struct dw_amend *a, struct dw_err *err)
{
	int ret;

	dw_fs_close(a->fs);
	dw_dev_close(a->changed, NULL);
	dw_dev_close(a->recovered, NULL);
	for (size_t i = 0; i < a->files_nr; i++) {
		dw_dev_close(a->files[i].content, NULL);
		free(a->files[i].path);
	}
	free(a->files);
	free(a->runs);
	ret = dw_stack_close(&a->stack, err);
	memset(a, 0, sizeof(*a));
	return ret;
}

int dw_amend_add_file(struct dw_amend *a, const char *path,
		      struct dw_dev *content, uint64_t behind_len,
		      struct dw_err *err)
{
	struct dw_amend_file *files;

	files = realloc(a->files, (a->files_nr + 1) * sizeof(*files));
	if (!files)
		return dw_fail_nomem(err);
	a->files = files;
	files[a->files_nr].path = strdup(path);
	if (!files[a->files_nr].path)
		return dw_fail_nomem(err);
	files[a->files_nr].behind_len = behind_len;
	files[a->files_nr++].content = dw_dev_ref(content);
	return 0;
}

static int read_content(void *arg, uint64_t off, void *buf, size_t len,
			struct dw_err *err)
{
	struct dw_amend_source *s = arg;

	return dw_dev_pread(s->content, off, buf, len, err);
}

int dw_amend_add_run(void *arg, uint64_t file_off, uint64_t dev_off,
		     uint64_t len, struct dw_err *err)
{
	struct dw_amend_source *s = arg;
	struct dw_amend *a = s->a;
	size_t cap = a->runs_cap ? 2 * a->runs_cap : 16;
	struct dw_amend_run *runs;

	if (a->runs_nr == a->runs_cap) {
		runs = realloc(a->runs, cap * sizeof(*runs));
		if (!runs)
			return dw_fail_nomem(err);
		a->runs = runs;
		a->runs_cap = cap;
	}
	a->runs[a->runs_nr++] = (struct dw_amend_run) {
		s->content, file_off, dev_off, len,
	};
	a->cost.data_len += len;
	return 0;
}

int dw_amend_file(struct dw_amend *a, const char *path, struct dw_dev *content,
		  bool no_holes, const struct dw_new *new, struct dw_err *err)
{
	struct dw_amend_source source = {
		.a = a, .content = content, .no_holes = no_holes,
	};
	struct dw_fs_content how = {
		.len = content->size, .read = read_content,
		.next_data = dw_amend_next_data, .place = dw_amend_add_run,
		.arg = &source,
	};
	int ret = dw_amend_add_file(a, path, content, 0, err);

	if (!ret)
		ret = dw_fs_place_file(a->fs, path, &how, new, err);
	free(source.buf);
	return ret;
}

/* ---- the way to the device ---------------------------------------------- */

static int count_block(void *arg, uint64_t off, uint64_t len,
		       struct dw_err *err)
{
	struct dw_amend *a = arg;

	a->cost.blocks_nr++;
	return 0;
}

static int plan_without_journal(struct dw_amend *a, bool force,
				struct dw_err *err)
{
	a->cost.block_len = a->info.block_len;
	a->cost.blocks_nr = 0;
	if (dw_amend_can_undo(a))
		a->cost.way = DW_CHANGE_UNDO;
	else if (force)
		a->cost.way = DW_CHANGE_BARE;
	else
		return dw_fail(err, DW_UNSUPPORTED, "the filesystem has no "
			       "journal, and %s; --force changes it all the "
			       "same, and a crash meanwhile may damage it",
			       dw_amend_on_file(a) ?
			       "only of a raw file an undo record can be kept" :
			       "beside a block device no undo record would "
			       "last");
	return dw_fs_changed(a->ctx, a->recovered, a->changed, count_block, a,
			     err);
}

static int plan_with_journal(struct dw_amend *a, struct dw_err *err)
{
	struct dw_fs_commit commit;
	int ret = dw_fs_commit_plan(a->ctx, a->recovered, a->changed, &commit,
				    err);

	a->cost.way = DW_CHANGE_JOURNAL;
	a->cost.blocks_nr = commit.blocks_nr;
	a->cost.block_len = commit.block_len;
	a->cost.log_blocks_nr = commit.log_blocks_nr;
	return ret;
}

static int plan(struct dw_amend *a, bool force, struct dw_err *err)
{
	return a->info.has_journal ? plan_with_journal(a, err)
				   : plan_without_journal(a, force, err);
}

int dw_amend_check(struct dw_amend *a, bool force, struct dw_err *err)
{
	return dw_amend_say_where(a, plan(a, force, err), err);
}

int dw_amend_plan(struct dw_amend *a, bool force, struct dw_err *err)
{
	int ret = dw_fs_flush(a->fs, err);

	if (!ret)
		ret = plan(a, force, err);
	if (!ret)
		ret = dw_amend_check_apart(a, err);
	return dw_amend_say_where(a, ret, err);
}

/*
 * First what the plan saw recovered becomes so: the journal is replayed, and
 * what orphans held is freed by a transaction of its own.  Only then is it
 * certain that nobody needs the blocks that the plan found free.
 */
static int run_with_journal(struct dw_amend *a, struct dw_err *err)
{
	struct dw_dev *dev = a->stack.dev;
	int ret = 0;

	if (a->info.needs_recovery)
		ret = dw_fs_replay(a->ctx, dev, err);
	if (!ret && (a->info.needs_recovery || a->info.has_orphans))
		ret = dw_fs_commit(a->ctx, dev, a->recovered, err);
	if (!ret)
		ret = dw_amend_copy(a, err);
	if (!ret)
		ret = dw_fs_commit(a->ctx, dev, a->changed, err);
	return ret ? ret : dw_amend_verify(a, err);
}

int dw_amend_run(struct dw_amend *a, struct dw_err *err)
{
	int ret;

	if (a->stack.dev->readonly)
		return dw_fail(err, DW_READONLY, "%s: was opened for a plan "
			       "only", a->stack.dev->name);
	if (a->cost.way == DW_CHANGE_JOURNAL)
		ret = run_with_journal(a, err);
	else if (a->cost.way == DW_CHANGE_UNDO)
		ret = dw_amend_run_undo(a, err);
	else
		ret = dw_amend_run_bare(a, err);
	return dw_amend_say_where(a, ret, err);
}
