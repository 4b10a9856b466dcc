/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* initrd: modules put into initrds where they lie, as one change. */
#include <stdlib.h>
#include <string.h>

#include "base/notes.h"
#include "dev/kinds.h"
#include "job/amend.h"
#include "job/initrd_need.h"
#include "job/initrd_pick.h"
#include "job/target_file.h"

/* One initrd, while the plan is made. */
struct wanted {
	struct dw_kernel kernel;	/* shallow; of the guest */
	char *path;			/* its initrd_path */
	struct dw_initrd_need need;
	struct dw_initrd_decision decision;
};

struct dw_initrd_state {
	struct dw_amend amend;
	const char *root_on;	/* see struct dw_initrd_target */
	struct dw_guest *guest;
	struct dw_module_list modules;
	struct dw_edits edits;
};

/* ---- which ---------------------------------------------------------------- */

static bool any_side(const struct dw_initrd_options *o)
{
	return o->sides[DW_SIDE_KVM] || o->sides[DW_SIDE_XEN];
}

/* The sides that are asked for and that the kernel runs on. */
static bool sides_of(const struct dw_kernel *k,
		     const struct dw_initrd_options *o, bool sides[DW_SIDE_NR],
		     const char **why)
{
	sides[DW_SIDE_KVM] = o->sides[DW_SIDE_KVM] && k->kvm_ok;
	sides[DW_SIDE_XEN] = o->sides[DW_SIDE_XEN] && k->xen_ok;
	*why = o->sides[DW_SIDE_KVM] ? k->kvm_why : k->xen_why;
	return !any_side(o) || sides[DW_SIDE_KVM] || sides[DW_SIDE_XEN];
}

/* *skip: it is none of those that are meant, and a note says so. */
static int check_pick(struct dw_initrd_plan *plan,
		      const struct dw_initrd_pick *pick,
		      const struct dw_initrd_options *o, bool one_meant,
		      bool *skip, struct dw_err *err)
{
	bool sides[DW_SIDE_NR];
	const char *why;

	*skip = false;
	if (!pick->kernel)
		return dw_fail(err, DW_USAGE, "%s: is the initrd of no kernel "
			       "here; --kernel says of which it is to be",
			       pick->path);
	*skip = !sides_of(pick->kernel, o, sides, &why);
	if (*skip && one_meant)
		return dw_fail(err, DW_NOBOOT, "%s: %s", pick->kernel->path,
			       why);
	if (*skip)
		dw_notes_add(&plan->notes, "%s is left out: %s",
			     pick->kernel->path, why);
	return 0;
}

/* Two kernels may share one initrd: the same version under two names is one,
 * another version would need modules of its own. */
static int check_shared(const struct dw_initrd_plan *plan,
			const struct wanted *all, size_t nr,
			const struct wanted *w, bool *same, struct dw_err *err)
{
	struct dw_fs *fs = plan->state->amend.fs;
	struct dw_stat a, b;

	*same = false;
	for (size_t i = 0; i < nr && w->path; i++) {
		if (!all[i].path || dw_fs_stat(fs, w->path, &a, NULL) ||
		    dw_fs_stat(fs, all[i].path, &b, NULL) || a.ino != b.ino)
			continue;
		*same = !strcmp(all[i].kernel.version, w->kernel.version);
		if (!*same)
			return dw_fail(err, DW_UNSUPPORTED, "%s: is the initrd "
				       "of %s and of %s; --kernel says for "
				       "which it is changed", w->path,
				       all[i].kernel.path, w->kernel.path);
	}
	return 0;
}

/* ---- what ----------------------------------------------------------------- */

static int decide(struct dw_initrd_plan *plan,
		  const struct dw_initrd_options *o, struct wanted *w,
		  struct dw_err *err)
{
	struct dw_initrd_state *s = plan->state;
	const char *why;

	w->need = (struct dw_initrd_need){
		.ctx = s->amend.ctx, .fs = s->amend.fs,
		.release = &s->guest->release, .kernel = &w->kernel,
		.more = &s->modules, .root_on = s->root_on,
	};
	sides_of(&w->kernel, o, w->need.sides, &why);
	return dw_initrd_decide(&w->need, &w->decision, err);
}

static int take(const struct dw_initrd_pick *pick, struct wanted *w,
		struct dw_err *err)
{
	w->kernel = *pick->kernel;
	if (pick->path) {
		w->path = strdup(pick->path);
		if (!w->path)
			return dw_fail_nomem(err);
	}
	w->kernel.initrd_path = w->path;
	return 0;
}

/* All is decided before anything is placed: the bytes of what is placed are
 * not there to be read yet. */
static int decide_all(struct dw_initrd_plan *plan,
		      const struct dw_initrd_picks *picks,
		      const struct dw_initrd_options *o, struct wanted *all,
		      size_t *nr, struct dw_err *err)
{
	bool skip = false;
	int ret = 0;

	for (size_t i = 0; !ret && i < picks->nr; i++) {
		const struct dw_initrd_pick *pick = &picks->items[i];
		struct wanted *w = &all[*nr];

		ret = check_pick(plan, pick, o, picks->one_meant, &skip, err);
		if (ret || skip)
			continue;
		ret = take(pick, w, err);
		if (!ret)
			ret = check_shared(plan, all, *nr, w, &skip, err);
		if (!ret && skip) {
			free(w->path);
			memset(w, 0, sizeof(*w));
			continue;
		}
		++*nr;
		if (!ret)
			ret = decide(plan, o, w, err);
	}
	if (!ret && !*nr)
		ret = dw_fail(err, DW_NOBOOT, "none of its kernels runs "
			      "there: %s", plan->notes.items[0]);
	return ret;
}

/* ---- how ------------------------------------------------------------------ */

static int copy_text(const char *text, char **out, struct dw_err *err)
{
	*out = text ? strdup(text) : NULL;
	return text && !*out ? dw_fail_nomem(err) : 0;
}

static int describe(const struct wanted *w, struct dw_initrd_item *item,
		    struct dw_err *err)
{
	const struct dw_initrd_change *c = &w->decision.change;
	int ret = copy_text(w->kernel.path, &item->kernel, err);

	if (!ret)
		ret = copy_text(w->kernel.version, &item->version, err);
	if (!ret)
		ret = copy_text(c->path ? c->path : w->path, &item->path, err);
	if (!ret)
		ret = copy_text(c->note ? c->note : "nothing is lacking",
				&item->note, err);
	item->is_changed = c->len;
	for (size_t i = 0; i < c->added.nr; i++)
		dw_notes_add(&item->added, "%s", c->added.names[i]);
	return ret ? ret : dw_notes_check(&item->added, err);
}

/* Which was not added to may do what a made one does not. */
#define MADE_SUFFIX ".before-diskwright"

static int keep_backup(struct dw_initrd_plan *plan, const char *suffix,
		       struct dw_initrd_item *item, struct dw_err *err)
{
	int ret = dw_amend_name_backup(item->path, suffix, &item->backup, err);

	return ret ? ret : dw_amend_backup(&plan->state->amend, item->path,
					   item->backup, err);
}

static int place_whole(struct dw_amend *a, const struct dw_initrd_change *c,
		       struct dw_err *err)
{
	const struct dw_new new = { .uid = -1, .gid = -1 };
	struct dw_dev *content = NULL;
	int ret = dw_mem_from(c->path, c->bytes, c->len, &content, err);

	if (!ret)
		ret = dw_amend_file(a, c->path, content, true, &new, err);
	dw_dev_close(content, NULL);
	return ret;
}

static int place(struct dw_initrd_plan *plan, const struct wanted *w,
		 const struct dw_initrd_options *o,
		 struct dw_initrd_item *item, struct dw_err *err)
{
	const struct dw_initrd_change *c = &w->decision.change;
	struct dw_amend *a = &plan->state->amend;
	struct dw_target_file old = { 0 };
	int ret = 0;

	if (item->path)
		ret = dw_target_file_find(a->fs, item->path, o->force, &old,
					  &plan->notes, err);
	item->old_size = item->size = old.size;
	if (ret || !c->len)
		return ret;
	item->is_made = c->whole;
	item->size = c->whole ? c->len : old.size + c->len;
	plan->is_changed = true;
	if (old.exists && (o->backup || c->whole))
		ret = keep_backup(plan, o->backup ? o->backup : MADE_SUFFIX,
				  item, err);
	if (!ret && c->whole)
		ret = place_whole(a, c, err);
	else if (!ret)
		ret = dw_amend_append(a, c->path, c->bytes, c->len, err);
	return ret;
}

static int place_all(struct dw_initrd_plan *plan, struct wanted *all,
		     size_t nr, const struct dw_initrd_options *o,
		     struct dw_err *err)
{
	int ret = 0;

	plan->items = calloc(nr ? nr : 1, sizeof(*plan->items));
	if (!plan->items)
		return dw_fail_nomem(err);
	for (size_t i = 0; !ret && i < nr; i++) {
		struct dw_initrd_item *item = &plan->items[plan->items_nr++];

		ret = describe(&all[i], item, err);
		if (!ret)
			ret = place(plan, &all[i], o, item, err);
		/* What was added is held by the plan now. */
		free(all[i].decision.change.bytes);
		all[i].decision.change.bytes = NULL;
	}
	return ret;
}

/* Comes behind what is placed: these files give up blocks at once. */
static int keep_all(struct dw_initrd_plan *plan, const struct wanted *all,
		    size_t nr, struct dw_err *err)
{
	struct dw_edits *edits = &plan->state->edits;
	int ret = 0;

	for (size_t i = 0; !ret && i < nr; i++)
		if (all[i].decision.names.nr)
			ret = dw_initrd_decision_keep(&all[i].need,
						      &all[i].decision, edits,
						      err);
	if (!ret)
		ret = dw_edits_apply(edits, plan->state->amend.fs, err);
	if (!ret)
		ret = dw_changes_check(&edits->changes, err);
	plan->is_changed |= edits->nr;
	dw_changes_take(&plan->changes, &edits->changes);
	return ret;
}

/* ---- the plan ------------------------------------------------------------- */

static int list_modules(const struct dw_initrd_options *o,
			struct dw_module_list *out, struct dw_err *err)
{
	int ret = 0;

	if (!o->modules_nr && !any_side(o))
		return dw_fail(err, DW_USAGE, "initrd: neither modules nor a "
			       "side is asked for");
	for (size_t i = 0; !ret && i < o->modules_nr; i++)
		ret = dw_module_list_add(out, o->modules[i], err);
	return ret;
}

static int make_plan(struct dw_initrd_plan *plan,
		     const struct dw_initrd_options *o, struct dw_err *err)
{
	struct dw_initrd_state *s = plan->state;
	struct dw_initrd_picks picks = { 0 };
	struct wanted *all = NULL;
	size_t nr = 0;
	int ret;

	ret = dw_guest_inspect(s->amend.ctx, s->amend.fs, &s->guest, err);
	if (!ret)
		ret = dw_initrd_pick_all(s->amend.fs, s->guest,
					 s->amend.stack.path, o->kernel, &picks,
					 err);
	if (!ret) {
		all = calloc(picks.nr, sizeof(*all));
		ret = all ? decide_all(plan, &picks, o, all, &nr, err)
			  : dw_fail_nomem(err);
	}
	if (!ret)
		ret = place_all(plan, all, nr, o, err);
	if (!ret)
		ret = keep_all(plan, all, nr, err);
	for (size_t i = 0; i < nr; i++) {
		dw_initrd_decision_free(&all[i].decision);
		free(all[i].path);
	}
	free(all);
	free(picks.items);
	return dw_amend_say_where(&s->amend, ret, err);
}

static int fill_plan(struct dw_ctx *ctx, struct dw_initrd_plan *plan,
		     const char *locator, const char *format,
		     const struct dw_initrd_options *o, struct dw_err *err)
{
	struct dw_initrd_state *s = plan->state;
	unsigned flags = o->dry_run ? 0 : DW_OPEN_RDWR;
	int ret = list_modules(o, &s->modules, err);

	s->root_on = dw_stack_root_on(locator);
	if (!ret)
		ret = dw_amend_open(ctx, locator, format, flags, &s->amend,
				    err);
	if (!ret)
		ret = make_plan(plan, o, err);
	if (!ret && plan->is_changed)
		ret = dw_amend_plan(&s->amend, o->force, err);
	plan->cost = s->amend.cost;
	return ret ? ret : dw_notes_check(&plan->notes, err);
}

int dw_initrd_plan(struct dw_ctx *ctx, const char *locator, const char *format,
		   const struct dw_initrd_options *options,
		   struct dw_initrd_plan **out, struct dw_err *err)
{
	struct dw_initrd_plan *plan = calloc(1, sizeof(*plan));
	int ret;

	*out = NULL;
	if (plan)
		plan->state = calloc(1, sizeof(*plan->state));
	if (!plan || !plan->state)
		ret = dw_fail_nomem(err);
	else if (options->size != sizeof(*options))
		ret = dw_fail(err, DW_USAGE, "initrd: options of another "
			      "version");
	else
		ret = fill_plan(ctx, plan, locator, format, options, err);
	if (ret)
		dw_initrd_plan_free(plan);
	else
		*out = plan;
	return ret;
}

int dw_initrd_run(struct dw_initrd_plan *plan, struct dw_err *err)
{
	struct dw_amend *a = &plan->state->amend;
	int ret = plan->is_changed ? dw_amend_run(a, err) : 0;
	int closed = dw_amend_close(a, ret ? NULL : err);

	return ret ? ret : closed;
}

static void clear(struct dw_initrd_item *item)
{
	free(item->kernel);
	free(item->version);
	free(item->path);
	free(item->note);
	free(item->backup);
	dw_notes_free(&item->added);
}

void dw_initrd_plan_free(struct dw_initrd_plan *plan)
{
	struct dw_initrd_state *s;

	if (!plan)
		return;
	s = plan->state;
	if (s) {
		dw_amend_close(&s->amend, NULL);
		dw_guest_free(s->guest);
		dw_module_list_free(&s->modules);
		dw_edits_free(&s->edits);
	}
	free(s);
	for (size_t i = 0; i < plan->items_nr; i++)
		clear(&plan->items[i]);
	free(plan->items);
	dw_changes_free(&plan->changes);
	dw_notes_free(&plan->notes);
	free(plan);
}
