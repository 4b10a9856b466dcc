/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small files out of an initrd. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "initrd/family.h"

struct get {
	struct dw_initrd_text *texts;
	size_t nr;
	struct dw_initrd_text *at;	/* of the entry at hand */
	const char *too_long;		/* name of one, if it stays so */
};

/* The text of an entry: of its name, or one that was empty so far and is the
 * same file under another name. */
static struct dw_initrd_text *text_of(struct get *g,
				      const struct dw_cpio_entry *e)
{
	for (size_t i = 0; i < g->nr; i++)
		if (!strcmp(e->name, g->texts[i].name))
			return &g->texts[i];
	for (size_t i = 0; e->links_nr > 1 && e->size && i < g->nr; i++)
		if (g->texts[i].linked && !g->texts[i].len &&
		    g->texts[i].ino == e->ino && g->texts[i].dev == e->dev)
			return &g->texts[i];
	return NULL;
}

/* Whatever comes later under the name replaces what was there. */
static enum dw_cpio_next on_entry(void *arg, const struct dw_cpio_entry *e)
{
	struct get *g = arg;
	struct dw_initrd_text *at = text_of(g, e);

	g->at = at;
	if (!at)
		return DW_CPIO_SKIP;
	free(at->data);
	at->data = NULL;
	at->len = 0;
	if (g->too_long == at->name)
		g->too_long = NULL;
	at->linked = S_ISREG(e->mode) && e->links_nr > 1;
	at->ino = e->ino;
	at->dev = e->dev;
	if (!S_ISREG(e->mode))
		return DW_CPIO_SKIP;
	if (e->size > DW_CPIO_DATA_LEN)
		g->too_long = at->name;
	return DW_CPIO_DATA;
}

static int on_data(void *arg, const struct dw_cpio_entry *e,
		   const uint8_t *data, size_t len, struct dw_err *err)
{
	struct get *g = arg;

	g->at->data = malloc(len + 1);
	if (!g->at->data)
		return dw_fail_nomem(err);
	if (len)
		memcpy(g->at->data, data, len);
	g->at->data[len] = '\0';
	g->at->len = len;
	return 0;
}

int dw_initrd_get_all(const struct dw_initrd_target *t, const char *path,
		      struct dw_initrd_text *texts, size_t nr,
		      struct dw_err *err)
{
	struct get g = { .texts = texts, .nr = nr };
	struct dw_cpio_visitor visitor = { on_entry, on_data, &g, NULL };
	struct dw_initrd_file file;
	int ret;

	ret = dw_initrd_file(t->fs, path, &file, err);
	if (!ret)
		ret = dw_cpio_walk(t->ctx, &file.src, &visitor, err);
	if (!ret && g.too_long)
		ret = dw_fail(err, DW_LIMIT, "%s in it has more than %u bytes",
			      g.too_long, DW_CPIO_DATA_LEN);
	return ret ? dw_err_prefix(err, ret, "%s", path) : 0;
}

void dw_initrd_texts_free(struct dw_initrd_text *texts, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		free(texts[i].data);
		texts[i].data = NULL;
	}
}

int dw_initrd_get(const struct dw_initrd_target *t, const char *path,
		  const char *name, char **data, size_t *len,
		  struct dw_err *err)
{
	struct dw_initrd_text text = { .name = name };
	int ret;

	*data = NULL;
	*len = 0;
	ret = dw_initrd_get_all(t, path, &text, 1, err);
	if (!ret && !text.data)
		ret = dw_fail(err, DW_NOENT, "%s: there is no %s in it", path,
			      name);
	if (ret) {
		dw_initrd_texts_free(&text, 1);
		return ret;
	}
	*data = text.data;
	*len = text.len;
	return 0;
}
