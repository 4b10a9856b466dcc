/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* modules.dep: each module with all that it needs, what to load last first. */
#include <stdlib.h>
#include <string.h>

#include "kmod/depmod_impl.h"

/* A walk from one module over all that it needs. */
struct closure {
	const struct dw_depmod_job *job;
	uint32_t *marks;	/* number of the walk that saw a module, from 1 */
	uint32_t walk;
	uint32_t *found;	/* ranks of what was seen; work to do, too */
	size_t nr;
};

static void see(struct closure *c, const struct dw_depmod_mod *m)
{
	for (size_t d = 0; d < m->deps_nr; d++) {
		uint32_t dep = m->deps[d];

		if (c->marks[dep] == c->walk)
			continue;
		c->marks[dep] = c->walk;
		c->found[c->nr++] = c->job->mods[dep].rank;
	}
}

static int by_number(const void *a, const void *b)
{
	uint32_t na = *(const uint32_t *)a, nb = *(const uint32_t *)b;

	return (na > nb) - (na < nb);
}

static void close_over(struct closure *c, const struct dw_depmod_mod *m)
{
	c->walk++;
	c->nr = 0;
	see(c, m);
	for (size_t i = 0; i < c->nr; i++)
		see(c, &c->job->mods[c->job->ranked[c->found[i]]]);
	qsort(c->found, c->nr, sizeof(*c->found), by_number);
}

static const char *path_of(const struct dw_depmod_job *job,
			   const struct dw_depmod_mod *m)
{
	return job->flags & DW_DEPMOD_ABSOLUTE ? m->full : m->path;
}

static int add_module(struct closure *c, uint32_t i, struct dw_buf *text,
		      struct dw_index *index, struct dw_err *err)
{
	const struct dw_depmod_job *job = c->job;
	const struct dw_depmod_mod *m = &job->mods[i];
	size_t start = text->len;
	int ret;

	close_over(c, m);
	dw_buf_printf(text, "%s:", path_of(job, m));
	for (size_t n = 0; n < c->nr; n++) {
		m = &job->mods[job->ranked[c->found[n]]];
		dw_buf_adds(text, " ");
		dw_buf_adds(text, path_of(job, m));
	}
	ret = dw_buf_check(text, err);
	if (!ret && text->len > DW_DEPMOD_TEXT_MAX)
		ret = dw_fail(err, DW_LIMIT, "modules.dep passes %u bytes",
			      DW_DEPMOD_TEXT_MAX);
	if (!ret)
		ret = dw_index_add(index, job->mods[i].name, text->data + start, i, err);
	dw_buf_adds(text, "\n");
	return ret;
}

static int put_lists(struct closure *c, struct dw_err *err)
{
	struct dw_buf text = { 0 };
	struct dw_index index = { 0 };
	int ret = 0;

	for (uint32_t i = 0; !ret && i < c->job->mods_nr; i++) {
		ret = dw_ctx_check(c->job->ctx, err);
		if (!ret)
			ret = add_module(c, i, &text, &index, err);
	}
	if (!ret)
		ret = dw_depmod_put(c->job->out, "modules.dep", &text, err);
	if (!ret)
		ret = dw_depmod_put_index(c->job, "modules.dep.bin",
					  &index, err);
	dw_buf_free(&text);
	dw_index_free(&index);
	return ret;
}

int dw_depmod_put_deps(struct dw_depmod_job *job, struct dw_err *err)
{
	struct closure c = { .job = job };
	int ret;

	c.marks = calloc(job->mods_nr + 1, sizeof(*c.marks));
	c.found = calloc(job->mods_nr + 1, sizeof(*c.found));
	ret = c.marks && c.found ? put_lists(&c, err) : dw_fail_nomem(err);
	free(c.marks);
	free(c.found);
	return ret;
}
