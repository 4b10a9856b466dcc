/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* modules.dep of an initrd: it names files as they are there. */
#include <stdlib.h>
#include <string.h>

#include "initrd/tree.h"
#include "kmod/index_write.h"

/* A distribution's has 1 MiB; each word may become a longer one. */
#define TEXT_CAP_LEN (32u << 20)

struct deps {
	struct dw_initrd_build *b;
	const struct dw_tree_paths *paths;
	struct dw_buf text;
	struct dw_buf line;	/* the one at hand */
	struct dw_index index;
	bool with_index;
	struct dw_err *err;
};

static int by_name(const void *key, const void *item)
{
	const struct dw_tree_path *p = item;

	return strcmp(key, p->name);
}

static const char *added(const struct dw_tree_paths *paths, const char *name)
{
	const struct dw_tree_path *p = bsearch(name, paths->items, paths->nr,
					       sizeof(*p), by_name);

	return p ? p->path : NULL;
}

/* A file of a line as the initrd has it: what is not in it stays as it is.
 * Before module-init-tools 3.4 paths are absolute. */
static int put_path(struct deps *d, struct dw_span word)
{
	char name[DW_MODULE_NAME];
	const char *path = NULL;

	if (dw_module_name(word, name)) {
		path = dw_tree_held(&d->b->layout, name);
		if (!path)
			path = added(d->paths, name);
	}
	if (path && word.p[0] == '/')
		dw_buf_printf(&d->line, "/%s/%s", d->b->layout.dir, path);
	else if (path)
		dw_buf_adds(&d->line, path);
	else
		dw_buf_add(&d->line, word.p, word.len);
	if (d->text.len + d->line.len <= TEXT_CAP_LEN)
		return 0;
	return dw_fail(d->err, DW_LIMIT, "modules.dep: more than %u bytes with "
		       "the paths of the initrd", TEXT_CAP_LEN);
}

/* "FILE: FILE ..." */
static int put_line(struct deps *d, struct dw_span line, uint32_t nr)
{
	const char *colon = line.len ? memchr(line.p, ':', line.len) : NULL;
	char name[DW_MODULE_NAME];
	struct dw_span file, word;
	size_t pos;
	int ret;

	if (!colon)
		return 0;
	file = (struct dw_span){ line.p, (size_t)(colon - line.p) };
	pos = file.len + 1;
	d->line.len = 0;
	ret = put_path(d, file);
	dw_buf_adds(&d->line, ":");
	while (!ret && dw_word_next(line, &pos, &word)) {
		dw_buf_adds(&d->line, " ");
		ret = put_path(d, word);
	}
	if (ret)
		return ret;
	dw_buf_add(&d->text, d->line.data, d->line.len);
	dw_buf_adds(&d->text, "\n");
	if (d->line.failed || !d->with_index || !dw_module_name(file, name))
		return dw_buf_check(&d->line, d->err);
	return dw_index_add(&d->index, name, d->line.data, nr, d->err);
}

static int rewrite(struct deps *d, const char *dep, size_t len)
{
	struct dw_lines walk = { .p = dep, .len = len };
	struct dw_line line;
	int ret = 0;

	while (!ret && dw_lines_next(&walk, &line)) {
		ret = dw_ctx_check(d->b->target->ctx, d->err);
		if (!ret)
			ret = put_line(d, line.text, (uint32_t)line.nr);
	}
	return ret ? ret : dw_buf_check(&d->text, d->err);
}

static int put_index(struct deps *d)
{
	struct dw_buf bin = { 0 };
	int ret = dw_index_write(&d->index, &bin, d->err);

	if (!ret)
		ret = dw_buf_check(&bin, d->err);
	if (!ret)
		dw_tree_put(d->b, "dep.bin", bin.data, bin.len);
	dw_buf_free(&bin);
	return ret;
}

int dw_tree_add_deps(struct dw_initrd_build *b,
		     const struct dw_tree_paths *paths, struct dw_err *err)
{
	struct deps d = { .b = b, .paths = paths, .err = err };
	char *dep = NULL, *bin = NULL;
	size_t len = 0, bin_len = 0;
	int ret;

	ret = dw_tree_read(b->target, "dep", &dep, &len, err);
	if (!ret)
		ret = dw_tree_read(b->target, "dep.bin", &bin, &bin_len, err);
	d.with_index = bin;
	if (!ret && dep)
		ret = rewrite(&d, dep, len);
	if (ret)
		goto out;
	if (dep)
		dw_tree_put(b, "dep", d.text.data, d.text.len);
	if (dep && bin && (d.text.len != len || memcmp(d.text.data, dep, len)))
		ret = put_index(&d);
	else if (bin)
		dw_tree_put(b, "dep.bin", bin, bin_len);
out:
	dw_buf_free(&d.text);
	dw_buf_free(&d.line);
	dw_index_free(&d.index);
	free(dep);
	free(bin);
	return ret;
}
