/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* edit: a file inside an image, changed by expressions or by the caller. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/changes.h"
#include "base/notes.h"
#include "dev/kinds.h"
#include "job/amend.h"
#include "job/linediff.h"
#include "job/subst.h"
#include "job/target_file.h"

#define FILE_LEN_MAX (16u << 20)

struct dw_edit_state {
	struct dw_amend amend;
	struct dw_dev *new;		/* the file's content */
	char *bytes;			/* as it was */
	size_t len;
};

/* ---- the new content ---------------------------------------------------- */

static int apply_one(struct dw_ctx *ctx, const char *expression,
		     char **bytes, size_t *len, struct dw_err *err)
{
	struct dw_subst subst;
	size_t new_len = 0;
	char *new = NULL;
	int ret = dw_subst_parse(expression, &subst, err);

	if (!ret)
		ret = dw_subst_apply(ctx, &subst, *bytes, *len, FILE_LEN_MAX,
				     &new, &new_len, err);
	dw_subst_free(&subst);
	if (ret == DW_LIMIT)
		dw_err_prefix(err, ret, "'%s'", expression);
	if (ret)
		return ret;
	free(*bytes);
	*bytes = new;
	*len = new_len;
	return 0;
}

static int apply_all(const struct dw_edit_state *s,
		     const struct dw_edit_options *o, char **new, size_t *len,
		     struct dw_err *err)
{
	const char *zero = memchr(s->bytes, 0, s->len);
	int ret = 0;

	if (zero)
		return dw_fail(err, DW_UNSUPPORTED, "is no text: byte %zu is "
			       "0; an editor may change it",
			       (size_t)(zero - s->bytes));
	*new = malloc(s->len + 1);
	if (!*new)
		return dw_fail_nomem(err);
	memcpy(*new, s->bytes, s->len);
	(*new)[s->len] = '\0';
	*len = s->len;
	for (size_t i = 0; i < o->expressions_nr && !ret; i++)
		ret = apply_one(s->amend.ctx, o->expressions[i], new, len,
				err);
	return ret;
}

static int make_new(const struct dw_edit_plan *plan,
		    const struct dw_edit_options *o, char **new, size_t *len,
		    struct dw_err *err)
{
	const struct dw_edit_state *s = plan->state;
	int ret;

	if (o->expressions_nr)
		return apply_all(s, o, new, len, err);
	if (!o->editor)
		return dw_fail(err, DW_USAGE, "edit: neither an expression nor "
			       "an editor");
	ret = o->editor(o->arg, plan->path, s->bytes, s->len, new, len, err);
	if (!ret && *len > FILE_LEN_MAX)
		ret = dw_fail(err, DW_LIMIT, "has %zu bytes now, more than "
			      "%u", *len, FILE_LEN_MAX);
	return ret;
}

static int tell_changes(struct dw_edit_plan *plan, const char *new, size_t len,
			struct dw_err *err)
{
	const struct dw_edit_state *s = plan->state;
	int ret = 0;

	if (memchr(s->bytes, 0, s->len) || memchr(new, 0, len))
		dw_changes_note(&plan->changes, 0, "no text: %zu bytes become "
				"%zu", s->len, len);
	else
		ret = dw_linediff(s->bytes, s->len, new, len, &plan->changes,
				  err);
	dw_changes_set_path(&plan->changes, 0, plan->path);
	return ret ? ret : dw_changes_check(&plan->changes, err);
}

/* ---- the plan ----------------------------------------------------------- */

static int read_old(struct dw_edit_plan *plan, bool force, struct dw_err *err)
{
	struct dw_edit_state *s = plan->state;
	const char *path = s->amend.stack.path;
	struct dw_target_file old;
	int ret = dw_target_file_find(s->amend.fs, path, force, &old,
				      &plan->notes, err);

	if (!ret && !old.exists)
		ret = dw_fail(err, DW_NOENT, "%s: no such file", path);
	if (!ret)
		ret = dw_fs_read_file(s->amend.fs, path, FILE_LEN_MAX,
				      &s->bytes, &s->len, err);
	if (!ret)
		ret = dw_fs_realpath(s->amend.fs, path, &plan->path, err);
	plan->old_size = plan->size = s->len;
	return ret;
}

static int change_file(struct dw_edit_plan *plan,
		       const struct dw_edit_options *o, const char *new,
		       size_t len, struct dw_err *err)
{
	struct dw_edit_state *s = plan->state;
	int ret = tell_changes(plan, new, len, err);

	plan->size = len;
	if (!ret)
		ret = dw_mem_from("the new content", new, len, &s->new,
				  err);
	if (!ret && o->backup)
		ret = dw_amend_backup(&s->amend, plan->path, plan->backup_path,
				      err);
	if (!ret)
		ret = dw_amend_file(&s->amend, plan->path, s->new, false, NULL,
				    err);
	return ret;
}

/* Somebody's work at an editor must not be lost by what was known before.  An
 * expression that changes nothing needs none of it. */
static int check_before_editor(struct dw_edit_plan *plan,
			       const struct dw_edit_options *o,
			       struct dw_err *err)
{
	struct dw_amend *a = &plan->state->amend;
	int ret = 0;

	if (o->backup)
		ret = dw_amend_check_backup(a, plan->backup_path, err);
	return ret ? ret : dw_amend_check(a, o->force, err);
}

static int make_plan(struct dw_edit_plan *plan,
		     const struct dw_edit_options *o, struct dw_err *err)
{
	struct dw_edit_state *s = plan->state;
	size_t len = 0;
	char *new = NULL;
	int ret = read_old(plan, o->force, err);

	if (!ret && o->backup)
		ret = dw_amend_name_backup(plan->path, o->backup,
					   &plan->backup_path, err);
	if (!ret && !o->expressions_nr)
		ret = check_before_editor(plan, o, err);
	if (!ret) {
		ret = make_new(plan, o, &new, &len, err);
		if (ret)
			dw_err_prefix(err, ret, "%s", plan->path);
	}
	if (!ret) {
		plan->is_changed = len != s->len || memcmp(new, s->bytes, len);
		if (plan->is_changed)
			ret = change_file(plan, o, new, len, err);
	}
	free(new);
	return dw_amend_say_where(&s->amend, ret, err);
}

static int fill_plan(struct dw_ctx *ctx, struct dw_edit_plan *plan,
		     const char *locator, const char *format,
		     const struct dw_edit_options *o, struct dw_err *err)
{
	struct dw_edit_state *s = plan->state;
	unsigned flags = o->dry_run ? 0 : DW_OPEN_RDWR;
	int ret = dw_amend_open(ctx, locator, format, flags, &s->amend, err);

	if (!ret)
		ret = dw_target_path_given(&s->amend.stack, locator, err);
	if (!ret)
		ret = make_plan(plan, o, err);
	if (!ret && plan->is_changed)
		ret = dw_amend_plan(&s->amend, o->force, err);
	plan->cost = s->amend.cost;
	return ret ? ret : dw_notes_check(&plan->notes, err);
}

int dw_edit_plan(struct dw_ctx *ctx, const char *locator, const char *format,
		 const struct dw_edit_options *options,
		 struct dw_edit_plan **out, struct dw_err *err)
{
	struct dw_edit_plan *plan = calloc(1, sizeof(*plan));
	int ret;

	*out = NULL;
	if (plan)
		plan->state = calloc(1, sizeof(*plan->state));
	if (!plan || !plan->state)
		ret = dw_fail_nomem(err);
	else if (options->size != sizeof(*options))
		ret = dw_fail(err, DW_USAGE, "edit: options of another "
			      "version");
	else
		ret = fill_plan(ctx, plan, locator, format, options, err);
	if (ret)
		dw_edit_plan_free(plan);
	else
		*out = plan;
	return ret;
}

int dw_edit_run(struct dw_edit_plan *plan, struct dw_err *err)
{
	struct dw_amend *a = &plan->state->amend;
	int ret = plan->is_changed ? dw_amend_run(a, err) : 0;
	int closed = dw_amend_close(a, ret ? NULL : err);

	return ret ? ret : closed;
}

void dw_edit_plan_free(struct dw_edit_plan *plan)
{
	struct dw_edit_state *s;

	if (!plan)
		return;
	s = plan->state;
	if (s) {
		dw_amend_close(&s->amend, NULL);
		dw_dev_close(s->new, NULL);
		free(s->bytes);
	}
	free(s);
	free(plan->path);
	free(plan->backup_path);
	dw_changes_free(&plan->changes);
	dw_notes_free(&plan->notes);
	free(plan);
}
