/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which modules have to be added, and in which order they are loaded. */
#include <stdlib.h>
#include <string.h>

#include "initrd/family.h"

/* What waits at a time: more than any module needs. */
#define TASKS_MAX 20000

/*
 * A module is seen to after all that goes before it: first what it needs, then
 * what is to be loaded softly before it, then itself.  Tasks are taken from the
 * end, so they are put there in reverse.  Ends: a module is seen once.
 */
struct task {
	char name[DW_MODULE_NAME];
	bool done;		/* all before it was seen: it is its turn */
};

struct resolve {
	const struct dw_initrd_target *t;
	const struct dw_initrd *initrd;
	const struct dw_softdeps *soft;
	struct dw_module_list seen;
	struct dw_module_list before;	/* of the module at hand */
	struct dw_module_list words;	/* that its "pre:" had so far */
	struct task *tasks;
	size_t nr, cap;
	struct dw_err *err;
};

static int push(struct resolve *r, const char *name, bool done)
{
	struct task *task = r->tasks;

	if (r->nr == TASKS_MAX)
		return dw_fail(r->err, DW_LIMIT, "modules: more than %u that "
			       "need each other", TASKS_MAX);
	if (r->nr == r->cap) {
		size_t cap = r->cap * 2 + 64;

		task = realloc(task, cap * sizeof(*task));
		if (!task)
			return dw_fail_nomem(r->err);
		r->tasks = task;
		r->cap = cap;
	}
	task = &r->tasks[r->nr++];
	memcpy(task->name, name, strlen(name) + 1);
	task->done = done;
	return 0;
}

static enum dw_have have(const struct resolve *r, const char *name)
{
	return dw_initrd_kernel_has(r->t->kernel, r->t->mods, name);
}

/* Built in, or in the initrd. */
static bool is_there(const struct resolve *r, const char *name)
{
	return (r->initrd && dw_initrd_has(r->initrd, name)) ||
		have(r, name) == DW_HAVE_BUILTIN;
}

static int add_before(void *arg, const char *name)
{
	struct resolve *r = arg;
	int ret = dw_ctx_check(r->t->ctx, r->err);

	return ret ? ret : dw_module_list_add(&r->before, name, r->err);
}

/* Of an alias: ends with 1 where one is there as it is. */
static int check_alias(void *arg, const char *name)
{
	struct resolve *r = arg;
	int ret = dw_ctx_check(r->t->ctx, r->err);

	return ret ? ret : is_there(r, name);
}

static int add_alias(void *arg, const char *name)
{
	struct resolve *r = arg;

	return have(r, name) == DW_HAVE_MODULE ? add_before(r, name) : 0;
}

/* A name that is no module is an alias: of several any may serve, so all are
 * added where none is there. */
static int add_soft(void *arg, const char *name)
{
	struct resolve *r = arg;
	size_t words_nr = r->words.nr;
	int ret = dw_ctx_check(r->t->ctx, r->err);

	if (!ret)
		ret = dw_module_list_put(&r->words, name, r->err);
	if (ret || r->words.nr == words_nr || is_there(r, name))
		return ret;
	if (have(r, name) == DW_HAVE_MODULE)
		return add_before(r, name);
	ret = dw_softdeps_alias(r->soft, name, check_alias, r, r->err);
	if (!ret)
		ret = dw_softdeps_alias(r->soft, name, add_alias, r, r->err);
	return ret < 0 ? ret : 0;
}

static int visit(struct resolve *r, const char *name)
{
	size_t seen_nr = r->seen.nr;
	int ret;

	ret = dw_module_list_add(&r->seen, name, r->err);
	if (ret || r->seen.nr == seen_nr || have(r, name) == DW_HAVE_BUILTIN)
		return ret;
	dw_module_list_clear(&r->before);
	dw_module_list_clear(&r->words);
	ret = dw_modules_needs(r->t->mods, name, add_before, r);
	if (!ret && !(r->initrd && dw_initrd_has(r->initrd, name)))
		ret = dw_softdeps_pre(r->soft, name, add_soft, r);
	if (!ret)
		ret = push(r, name, true);
	/* It is among those itself, which does nothing: it was seen. */
	for (size_t i = r->before.nr; !ret && i--;)
		ret = push(r, r->before.names[i], false);
	return ret;
}

static int run(struct resolve *r, struct dw_module_list *load)
{
	int ret = 0;

	while (!ret && r->nr) {
		struct task task = r->tasks[--r->nr];

		ret = dw_ctx_check(r->t->ctx, r->err);
		if (!ret && !task.done)
			ret = visit(r, task.name);
		else if (!ret && !is_there(r, task.name))
			ret = dw_module_list_add(load, task.name, r->err);
	}
	return ret;
}

int dw_initrd_order(const struct dw_initrd_target *t,
		    const struct dw_initrd *initrd,
		    const struct dw_softdeps *soft,
		    const struct dw_module_list *names,
		    struct dw_module_list *load, struct dw_err *err)
{
	struct resolve r = {
		.t = t, .initrd = initrd, .soft = soft, .err = err,
	};
	int ret = 0;

	for (size_t i = 0; !ret && i < names->nr; i++) {
		enum dw_have h = have(&r, names->names[i]);

		if (h != DW_HAVE_BUILTIN && h != DW_HAVE_MODULE)
			ret = dw_fail(err, DW_NOENT,
				      "kernel %s has no module %s",
				      t->kernel->version, names->names[i]);
		if (!ret)
			ret = push(&r, names->names[i], false);
		if (!ret)
			ret = run(&r, load);
	}
	dw_module_list_free(&r.seen);
	dw_module_list_free(&r.before);
	dw_module_list_free(&r.words);
	free(r.tasks);
	return ret;
}

int dw_initrd_resolve(const struct dw_initrd_target *t,
		      const struct dw_initrd *initrd,
		      const struct dw_module_list *names,
		      struct dw_module_list *load, struct dw_err *err)
{
	struct dw_softdeps *soft;
	int ret = dw_softdeps_open(t->fs, t->mods, &soft, err);

	if (!ret)
		ret = dw_initrd_order(t, initrd, soft, names, load, err);
	dw_softdeps_free(soft);
	return ret;
}
