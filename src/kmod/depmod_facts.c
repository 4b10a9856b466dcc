/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* modules.alias, .softdep, .weakdep, .devname: what modules say themselves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "kmod/depmod_impl.h"

bool dw_depmod_alias(const char *alias, char out[DW_DEPMOD_ALIAS_MAX])
{
	size_t i;

	for (i = 0; alias[i] && i < DW_DEPMOD_ALIAS_MAX - 1; i++) {
		if (alias[i] == ']')
			return false;
		if (alias[i] == '[') {
			size_t len = strcspn(alias + i, "]");

			if (!alias[i + len] || i + len >= DW_DEPMOD_ALIAS_MAX - 1)
				return false;
			memcpy(out + i, alias + i, len + 1);
			i += len;
			continue;
		}
		out[i] = alias[i] == '-' ? '_' : alias[i];
	}
	out[i] = '\0';
	return true;
}

static int add_aliases(const struct dw_depmod_job *job, uint32_t i,
		       struct dw_buf *text, struct dw_index *index,
		       struct dw_err *err)
{
	const struct dw_depmod_mod *m = &job->mods[i];
	const struct dw_buf *list = &m->facts.list[DW_FACT_ALIAS];
	char alias[DW_DEPMOD_ALIAS_MAX];
	int ret = 0;

	for (const char *s = NULL; !ret && (s = dw_fact_next(list, s));) {
		dw_buf_printf(text, "alias %s %s\n", s, m->name);
		if (dw_depmod_alias(s, alias))
			ret = dw_index_add(index, alias, m->name, i, err);
	}
	return ret;
}

static int put_aliases(struct dw_depmod_job *job, struct dw_err *err)
{
	struct dw_buf text = { 0 };
	struct dw_index index = { 0 };
	int ret = 0;

	dw_buf_adds(&text, "# Aliases extracted from modules themselves.\n");
	for (uint32_t i = 0; !ret && i < job->mods_nr; i++)
		ret = add_aliases(job, i, &text, &index, err);
	if (!ret)
		ret = dw_depmod_put(job->out, "modules.alias", &text, err);
	if (!ret)
		ret = dw_depmod_put_index(job, "modules.alias.bin",
					  &index, err);
	dw_buf_free(&text);
	dw_index_free(&index);
	return ret;
}

/* modules.softdep and .weakdep: "softdep MODULE pre: OTHER". */
static int put_lines(struct dw_depmod_job *job, const char *file,
		     const char *title, const char *word, enum dw_fact fact,
		     struct dw_err *err)
{
	struct dw_buf text = { 0 };
	int ret;

	dw_buf_printf(&text, "# %s dependencies extracted from modules "
		      "themselves.\n", title);
	for (size_t i = 0; i < job->mods_nr; i++) {
		const struct dw_depmod_mod *m = &job->mods[i];
		const struct dw_buf *list = &m->facts.list[fact];

		for (const char *s = NULL; (s = dw_fact_next(list, s));)
			dw_buf_printf(&text, "%s %s %s\n", word, m->name, s);
	}
	ret = dw_depmod_put(job->out, file, &text, err);
	dw_buf_free(&text);
	return ret;
}

/* The aliases "devname:NAME" and "char-major-10-232" of one module together
 * say which node makes the kernel load it. */
static void add_devname(const struct dw_depmod_mod *m, struct dw_buf *text)
{
	const struct dw_buf *list = &m->facts.list[DW_FACT_ALIAS];
	const char *name = NULL;
	unsigned major = 0, minor = 0, a, b;
	char type = 0;

	for (const char *s = NULL; !(name && type) &&
	     (s = dw_fact_next(list, s));) {
		bool is_char, is_block = false;

		if (!strncmp(s, "devname:", 8)) {
			name = s + 8;
			continue;
		}
		is_char = sscanf(s, "char-major-%u-%u", &a, &b) == 2;
		if (!is_char)
			is_block = sscanf(s, "block-major-%u-%u", &a, &b) == 2;
		if (!is_char && !is_block)
			continue;
		type = is_char ? 'c' : 'b';
		major = a;
		minor = b;
	}
	if (!name || !type)
		return;
	if (!text->len)
		dw_buf_adds(text, "# Device nodes to trigger on-demand module "
			    "loading.\n");
	dw_buf_printf(text, "%s %s %c%u:%u\n", m->name, name, type, major,
		      minor);
}

static int put_devnames(struct dw_depmod_job *job, struct dw_err *err)
{
	struct dw_buf text = { 0 };
	int ret;

	for (size_t i = 0; i < job->mods_nr; i++)
		add_devname(&job->mods[i], &text);
	ret = dw_depmod_put(job->out, "modules.devname", &text, err);
	dw_buf_free(&text);
	return ret;
}

/* kmod has it since 33.  Where a tree has the file, an old list would mislead;
 * where not, nobody reads it. */
static int put_weakdeps(struct dw_depmod_job *job, struct dw_err *err)
{
	char *path;
	bool there;

	if (asprintf(&path, "%s/modules.weakdep", job->dir) < 0)
		return dw_fail_nomem(err);
	there = dw_fs_exists(job->fs, path);
	free(path);
	return there ? put_lines(job, "modules.weakdep", "Weak", "weakdep",
				 DW_FACT_WEAKDEP, err) : 0;
}

int dw_depmod_put_facts(struct dw_depmod_job *job, struct dw_err *err)
{
	int ret;

	ret = put_aliases(job, err);
	if (!ret)
		ret = put_lines(job, "modules.softdep", "Soft", "softdep",
				DW_FACT_SOFTDEP, err);
	if (!ret)
		ret = put_weakdeps(job, err);
	return ret ? ret : put_devnames(job, err);
}
