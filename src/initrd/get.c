/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One file out of an initrd. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "initrd/family.h"

struct get {
	const char *name;
	char *data;
	size_t len;
	bool found;
	bool too_long;
};

/* Whatever comes later under the name replaces what was there. */
static enum dw_cpio_next on_entry(void *arg, const struct dw_cpio_entry *e)
{
	struct get *g = arg;

	if (strcmp(e->name, g->name))
		return DW_CPIO_SKIP;
	free(g->data);
	g->data = NULL;
	g->len = 0;
	g->found = S_ISREG(e->mode);
	g->too_long = g->found && e->size > DW_CPIO_DATA_LEN;
	return g->found && !g->too_long ? DW_CPIO_DATA : DW_CPIO_SKIP;
}

static int on_data(void *arg, const struct dw_cpio_entry *e,
		   const uint8_t *data, size_t len, struct dw_err *err)
{
	struct get *g = arg;

	g->data = malloc(len + 1);
	if (!g->data)
		return dw_fail_nomem(err);
	memcpy(g->data, data, len);
	g->data[len] = '\0';
	g->len = len;
	return 0;
}

static int conclude(struct get *g, struct dw_err *err)
{
	if (!g->found)
		return dw_fail(err, DW_NOENT, "there is no %s in it", g->name);
	if (g->too_long)
		return dw_fail(err, DW_LIMIT, "%s in it has more than %u bytes",
			       g->name, DW_CPIO_DATA_LEN);
	if (!g->data)
		g->data = calloc(1, 1);
	return g->data ? 0 : dw_fail_nomem(err);
}

int dw_initrd_get(const struct dw_initrd_target *t, const char *path,
		  const char *name, char **data, size_t *len,
		  struct dw_err *err)
{
	struct get g = { .name = name };
	struct dw_cpio_visitor visitor = { on_entry, on_data, &g, NULL };
	struct dw_initrd_file file;
	int ret;

	*data = NULL;
	*len = 0;
	ret = dw_initrd_file(t->fs, path, &file, err);
	if (!ret)
		ret = dw_cpio_walk(t->ctx, &file.src, &visitor, err);
	if (!ret)
		ret = conclude(&g, err);
	if (ret) {
		free(g.data);
		return dw_err_prefix(err, ret, "%s", path);
	}
	*data = g.data;
	*len = g.len;
	return 0;
}
