/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lists that depmod makes of a kernel's modules, byte for byte. */
#include <stdlib.h>
#include <string.h>

#include "kmod/depmod_impl.h"

int dw_depmod_put(struct dw_depmod *out, const char *name, struct dw_buf *data,
		  struct dw_err *err)
{
	struct dw_depmod_file *files, *f;
	int ret = dw_buf_check(data, err);

	if (ret)
		return ret;
	files = reallocarray(out->files, out->files_nr + 1, sizeof(*files));
	if (!files)
		return dw_fail_nomem(err);
	out->files = files;
	f = &files[out->files_nr++];
	f->name = name;
	f->data = dw_buf_take(data, &f->len);
	return 0;
}

int dw_depmod_put_index(const struct dw_depmod_job *job, const char *name,
			const struct dw_index *index, struct dw_err *err)
{
	struct dw_buf data = { 0 };
	int ret;

	if (job->flags & DW_DEPMOD_ABSOLUTE)
		return 0;
	ret = dw_index_write(index, &data, err);
	if (!ret)
		ret = dw_depmod_put(job->out, name, &data, err);
	dw_buf_free(&data);
	return dw_err_prefix(err, ret, "%s", name);
}

void dw_depmod_free(struct dw_depmod *d)
{
	for (size_t i = 0; i < d->files_nr; i++)
		free(d->files[i].data);
	free(d->files);
	dw_notes_free(&d->damaged);
	memset(d, 0, sizeof(*d));
}

static void free_job(struct dw_depmod_job *job)
{
	for (size_t i = 0; i < job->mods_nr; i++) {
		struct dw_depmod_mod *m = &job->mods[i];

		dw_module_facts_free(&m->facts);
		free(m->deps);
		free(m->full);
		free(m->name);
	}
	free(job->mods);
	free(job->ranked);
}

static int note_damage(struct dw_depmod_job *job, struct dw_err *err)
{
	struct dw_notes *notes = &job->out->damaged;

	for (size_t i = 0; i < job->mods_nr; i++) {
		const struct dw_err *damage = &job->mods[i].facts.damage;

		if (!damage->code)
			continue;
		if (job->out->damaged_nr++ < DW_DEPMOD_NOTES_MAX)
			dw_notes_add(notes, "%s: %s", job->mods[i].full,
				     damage->text);
	}
	return dw_notes_check(notes, err);
}

int dw_depmod(struct dw_ctx *ctx, struct dw_fs *fs, const char *dir,
	      unsigned flags, struct dw_depmod *out, struct dw_err *err)
{
	static int (*const steps[])(struct dw_depmod_job *job,
				    struct dw_err *err) = {
		dw_depmod_find, dw_depmod_load, note_damage, dw_depmod_resolve,
		dw_depmod_put_deps, dw_depmod_put_facts, dw_depmod_put_builtin,
	};
	struct dw_depmod_job job = {
		.ctx = ctx, .fs = fs, .dir = dir, .flags = flags, .out = out,
	};
	int ret = 0;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; !ret && i < sizeof(steps) / sizeof(*steps); i++)
		ret = steps[i](&job, err);
	free_job(&job);
	if (ret)
		dw_depmod_free(out);
	return ret;
}
