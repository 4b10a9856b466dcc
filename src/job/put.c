/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* put: a file of the host becomes one inside an image. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/notes.h"
#include "dev/kinds.h"
#include "job/amend.h"
#include "job/target_file.h"

struct dw_put_state {
	struct dw_amend amend;
	struct dw_dev *content;
};

static int open_content(struct dw_ctx *ctx, const char *from,
			struct dw_dev **out, struct dw_err *err)
{
	if (!strcmp(from, "-"))
		return dw_spool_stdin(ctx, 0, out, err);
	return dw_file_open(ctx, from, 0, out, err);
}

static void note_folders(struct dw_put_plan *plan, const char *path)
{
	struct dw_fs *fs = plan->state->amend.fs;
	char *part = strdup(path), *end;

	if (!part) {
		plan->notes.failed = true;
		return;
	}
	/* "/a" of "/a/b/c", then "/a/b". */
	for (end = part; (end = strchr(end + 1, '/')); *end = '/') {
		*end = '\0';
		if (end[-1] != '/' && !dw_fs_exists(fs, part))
			dw_notes_add(&plan->notes, "the folder %s is made",
				     part);
	}
	free(part);
}

static int make_folders(struct dw_put_plan *plan, const char *path,
			struct dw_err *err)
{
	char *folder = dw_target_folder(path);
	int ret;

	if (!folder)
		return dw_fail_nomem(err);
	note_folders(plan, path);
	ret = dw_fs_mkdir(plan->state->amend.fs, folder, true, NULL, err);
	free(folder);
	return ret;
}

/* Owner and mode of a file that was there, where the caller wants others. */
static int adjust(struct dw_put_plan *plan, const char *path,
		  const struct dw_put_options *o, struct dw_err *err)
{
	struct dw_fs *fs = plan->state->amend.fs;
	struct dw_stat st;
	int ret = dw_fs_stat(fs, path, &st, err);

	if (!ret && (o->uid >= 0 || o->gid >= 0))
		ret = dw_fs_chown(fs, path,
				  o->uid >= 0 ? (uint32_t)o->uid : st.uid,
				  o->gid >= 0 ? (uint32_t)o->gid : st.gid, err);
	if (!ret && o->has_mode)
		ret = dw_fs_chmod(fs, path, o->mode, err);
	if (!ret)
		ret = dw_fs_stat(fs, path, &st, err);
	plan->mode = st.mode & 07777;
	plan->uid = st.uid;
	plan->gid = st.gid;
	plan->size = st.size;
	return ret;
}

static int make_plan(struct dw_put_plan *plan, const char *path,
		     const struct dw_put_options *o, struct dw_err *err)
{
	struct dw_put_state *s = plan->state;
	const struct dw_new new = { .uid = -1, .gid = -1 };
	struct dw_target_file old = { 0 };
	int ret = 0;

	if (o->parents)
		ret = make_folders(plan, path, err);
	if (!ret)
		ret = dw_target_file_find(s->amend.fs, path, o->force, &old,
					  &plan->notes, err);
	if (ret == DW_NOENT)
		ret = dw_fail(err, ret, "%s: its folder is missing; --parents "
			      "makes it", path);
	plan->is_new = !old.exists;
	plan->old_size = old.size;
	if (!ret)
		ret = dw_amend_file(&s->amend, path, s->content, o->no_holes,
				    &new, err);
	if (!ret)
		ret = adjust(plan, path, o, err);
	if (!ret)
		ret = dw_fs_realpath(s->amend.fs, path, &plan->path, err);
	return dw_amend_say_where(&s->amend, ret, err);
}

static int fill_plan(struct dw_ctx *ctx, struct dw_put_plan *plan,
		     const char *from, const char *locator, const char *format,
		     const struct dw_put_options *o, struct dw_err *err)
{
	struct dw_put_state *s = plan->state;
	unsigned flags = o->dry_run ? 0 : DW_OPEN_RDWR;
	int ret = open_content(ctx, from, &s->content, err);

	if (!ret)
		ret = dw_amend_open(ctx, locator, format, flags, &s->amend,
				    err);
	if (!ret)
		ret = dw_target_path_given(&s->amend.stack, locator, err);
	if (!ret)
		ret = make_plan(plan, s->amend.stack.path, o, err);
	if (!ret)
		ret = dw_amend_plan(&s->amend, o->force, err);
	plan->cost = s->amend.cost;
	return ret ? ret : dw_notes_check(&plan->notes, err);
}

int dw_put_plan(struct dw_ctx *ctx, const char *from, const char *locator,
		const char *format, const struct dw_put_options *options,
		struct dw_put_plan **out, struct dw_err *err)
{
	struct dw_put_plan *plan = calloc(1, sizeof(*plan));
	int ret;

	*out = NULL;
	if (plan)
		plan->state = calloc(1, sizeof(*plan->state));
	if (!plan || !plan->state)
		ret = dw_fail_nomem(err);
	else if (options->size != sizeof(*options))
		ret = dw_fail(err, DW_USAGE, "put: options of another version");
	else
		ret = fill_plan(ctx, plan, from, locator, format, options, err);
	if (ret)
		dw_put_plan_free(plan);
	else
		*out = plan;
	return ret;
}

int dw_put_run(struct dw_put_plan *plan, struct dw_err *err)
{
	struct dw_amend *a = &plan->state->amend;
	int ret = dw_amend_run(a, err);
	int closed = dw_amend_close(a, ret ? NULL : err);

	return ret ? ret : closed;
}

void dw_put_plan_free(struct dw_put_plan *plan)
{
	if (!plan)
		return;
	if (plan->state) {
		dw_amend_close(&plan->state->amend, NULL);
		dw_dev_close(plan->state->content, NULL);
	}
	free(plan->state);
	free(plan->path);
	dw_notes_free(&plan->notes);
	free(plan);
}
