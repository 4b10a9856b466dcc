/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the menu of a grub.cfg. */
#include <stdlib.h>
#include <string.h>

#include "boot/bootconf_impl.h"
#include "boot/grubcfg.h"
#include "boot/menulst.h"

/* A submenu, or where an entry stands: GRUB names the default by numbers,
 * titles or ids, "1>2", from the outermost menu inwards. */
struct place {
	long parent;		/* submenu, -1: the outermost menu */
	unsigned index;		/* among all items of the parent */
	unsigned items_nr;	/* of a submenu: counted so far */
	char *title;
	char *id;
};

struct reader {
	struct dw_bootconf *bc;
	struct place *menus;
	size_t menus_nr;
	long menu;		/* the open one */
	unsigned items_nr;	/* of the outermost menu */
	struct place places[DW_BOOT_MAX_ENTRIES];
};

static int set_unquoted(char **field, struct dw_span s, struct dw_err *err)
{
	char *copy = dw_grubcfg_unquote(s);

	if (!copy)
		return dw_fail_nomem(err);
	free(*field);
	*field = copy;
	return 0;
}

static void take_place(struct reader *r, struct place *p)
{
	memset(p, 0, sizeof(*p));
	p->parent = r->menu;
	p->index = r->menu < 0 ? r->items_nr++ : r->menus[r->menu].items_nr++;
}

/* TITLE and --id of a menuentry or submenu; Debian gives the id behind a
 * variable that holds "--id". */
static int read_names(const struct dw_text *t, const struct dw_grubcfg_stmt *s,
		      char **title, char **id, struct dw_err *err)
{
	size_t i;
	int ret = 0;

	if (s->words.nr > 1)
		ret = set_unquoted(title, dw_word_span(t, s->words.w[1]), err);
	for (i = 2; i + 1 < s->words.nr && !ret; i++)
		if (dw_grubcfg_word_is(t, s, i, "--id") ||
		    dw_grubcfg_word_is(t, s, i, "$menuentry_id_option") ||
		    dw_grubcfg_word_is(t, s, i, "${menuentry_id_option}"))
			ret = set_unquoted(id, dw_word_span(t,
						s->words.w[i + 1]), err);
	return ret;
}

static int open_submenu(struct reader *r, const struct dw_text *t,
			const struct dw_grubcfg_stmt *s, struct dw_err *err)
{
	struct place *menus;

	if (r->menus_nr == DW_BOOT_MAX_ENTRIES)
		return dw_fail(err, DW_LIMIT, "more than %u submenus",
			       DW_BOOT_MAX_ENTRIES);
	menus = realloc(r->menus, (r->menus_nr + 1) * sizeof(*menus));
	if (!menus)
		return dw_fail_nomem(err);
	r->menus = menus;
	take_place(r, &menus[r->menus_nr]);
	r->menu = (long)r->menus_nr++;
	return read_names(t, s, &menus[r->menu].title, &menus[r->menu].id,
			  err);
}

static int open_entry(struct reader *r, const struct dw_text *t,
		      const struct dw_grubcfg_stmt *s, struct dw_err *err)
{
	struct dw_boot_entry *e;
	int ret = dw_bootconf_new_entry(r->bc, &e, err);

	if (ret)
		return ret;
	take_place(r, &r->places[r->bc->entries_nr - 1]);
	e->first_line = e->last_line = t->lines[s->line].nr;
	e->stmt = SIZE_MAX;
	return read_names(t, s, &e->title, &e->label, err);
}

static int set_path(char **field, struct dw_span word, struct dw_err *err)
{
	char *all = dw_grubcfg_unquote(word);
	int ret;

	if (!all)
		return dw_fail_nomem(err);
	ret = dw_boot_set(field, dw_menulst_path((struct dw_span){
			all, strlen(all) }), err);
	free(all);
	return ret;
}

static int read_linux(struct dw_boot_entry *e, const struct dw_text *t,
		      const struct dw_grubcfg_stmt *s, struct dw_err *err)
{
	struct dw_buf b = { 0 };
	struct dw_span word;
	size_t i;
	int ret;

	if (s->words.nr < 2)
		return 0;
	e->kernel_line = e->args_line = t->lines[s->words.w[0].line].nr;
	ret = set_path(&e->kernel, dw_word_span(t, s->words.w[1]), err);
	if (ret)
		return ret;
	dw_buf_adds(&b, "");
	for (i = 2; i < s->words.nr; i++) {
		word = dw_word_span(t, s->words.w[i]);
		if (i > 2)
			dw_buf_adds(&b, " ");
		dw_buf_add(&b, word.p, word.len);
	}
	ret = dw_buf_check(&b, err);
	if (!ret)
		ret = set_unquoted(&e->args, (struct dw_span){ b.data, b.len },
				   err);
	dw_buf_free(&b);
	return ret;
}

static int read_initrds(struct dw_boot_entry *e, const struct dw_text *t,
			const struct dw_grubcfg_stmt *s, struct dw_err *err)
{
	char *path = NULL;
	size_t i;
	int ret = 0;

	e->initrd_line = t->lines[s->words.w[0].line].nr;
	for (i = 1; i < s->words.nr && !ret; i++) {
		ret = set_path(&path, dw_word_span(t, s->words.w[i]), err);
		if (!ret)
			ret = dw_boot_add_initrd(e, (struct dw_span){
					path, strlen(path) }, err);
	}
	free(path);
	return ret;
}

static int read_of_entry(struct dw_boot_entry *e, const struct dw_text *t,
			 const struct dw_grubcfg_stmt *s, struct dw_err *err)
{
	struct dw_span v;
	size_t off;

	if (dw_grubcfg_is_linux(t, s))
		return read_linux(e, t, s, err);
	if (dw_grubcfg_is_initrd(t, s))
		return read_initrds(e, t, s, err);
	if (dw_grubcfg_is_multiboot(t, s)) {
		e->is_module = true;
		return read_linux(e, t, s, err);
	}
	if (dw_grubcfg_is_set(t, s, "root", &v, &off)) {
		e->root_line = t->lines[s->words.w[1].line].nr;
		return set_unquoted(&e->root, v, err);
	}
	if (dw_grubcfg_word_is(t, s, 0, "chainloader") ||
	    dw_grubcfg_word_is(t, s, 0, "configfile"))
		e->is_other = true;
	return 0;
}

/*
 * Of several "set default=", one in each branch of an "if", the one with a
 * plain value counts: what variables hold is not in this file.
 */
static int read_global(struct dw_bootconf *bc, const struct dw_text *t,
		       const struct dw_grubcfg_stmt *s, struct dw_err *err)
{
	struct dw_span v;
	size_t off;
	char *text = NULL;
	long n;
	int ret;

	if (dw_grubcfg_is_set(t, s, "default", &v, &off)) {
		if (bc->default_spec && memchr(v.p, '$', v.len))
			return 0;
		return set_unquoted(&bc->default_spec, v, err);
	}
	if (!dw_grubcfg_is_set(t, s, "timeout", &v, &off))
		return 0;
	ret = set_unquoted(&text, v, err);
	if (!ret && dw_span_number((struct dw_span){ text, strlen(text) }, &n))
		bc->timeout_ds = n < 100000 ? n * 10 : 1000000;
	free(text);
	return ret;
}

static int read_stmt(void *arg, const struct dw_text *t,
		     const struct dw_grubcfg_stmt *s, struct dw_err *err)
{
	struct reader *r = arg;

	switch (s->event) {
	case DW_GRUB_OPEN_ENTRY:
		return open_entry(r, t, s, err);
	case DW_GRUB_CLOSE_ENTRY:
		r->bc->entries[s->entry_nr].last_line = t->lines[s->line].nr;
		return 0;
	case DW_GRUB_OPEN_SUBMENU:
		return open_submenu(r, t, s, err);
	case DW_GRUB_CLOSE_SUBMENU:
		if (r->menu >= 0)
			r->menu = r->menus[r->menu].parent;
		return 0;
	default:
		break;
	}
	if (s->entry_nr < 0)
		return read_global(r->bc, t, s, err);
	return read_of_entry(&r->bc->entries[s->entry_nr], t, s, err);
}

static bool names_place(struct dw_span part, const struct place *p,
			const char *title, const char *id)
{
	size_t i = 0;
	long v;

	while (i < part.len && part.p[i] >= '0' && part.p[i] <= '9')
		i++;
	if (i && i == part.len)
		return dw_span_number(part, &v) && v == (long)p->index;
	return (title && dw_span_is(part, title)) ||
	       (id && dw_span_is(part, id));
}

/* Whether "a>b>c" leads to an entry: from its end, and the entry outwards. */
static bool leads_to(const struct reader *r, const char *spec, size_t entry_nr)
{
	const struct dw_boot_entry *e = &r->bc->entries[entry_nr];
	const struct place *p = &r->places[entry_nr];
	const char *title = e->title, *id = e->label;
	size_t end = strlen(spec), start;

	for (;;) {
		for (start = end; start > 0 && spec[start - 1] != '>'; )
			start--;
		if (!names_place((struct dw_span){ spec + start, end - start },
				 p, title, id))
			return false;
		if (p->parent < 0 || !start)
			return p->parent < 0 && !start;
		p = &r->menus[p->parent];
		title = p->title;
		id = p->id;
		end = start - 1;
	}
}

static void choose_default(struct reader *r)
{
	struct dw_bootconf *bc = r->bc;
	size_t i;

	for (i = 0; i < bc->entries_nr; i++) {
		if (!leads_to(r, bc->default_spec ? bc->default_spec : "0", i))
			continue;
		bc->default_nr = (long)i;
		return;
	}
}

static int grubcfg_read(struct dw_bootconf *bc, struct dw_err *err)
{
	struct reader *r = calloc(1, sizeof(*r));
	size_t i;
	int ret;

	if (!r)
		return dw_fail_nomem(err);
	r->bc = bc;
	r->menu = -1;
	ret = dw_grubcfg_walk(bc->text, read_stmt, r, err);
	if (!ret)
		choose_default(r);
	for (i = 0; i < r->menus_nr; i++) {
		free(r->menus[i].title);
		free(r->menus[i].id);
	}
	free(r->menus);
	free(r);
	return ret;
}

const struct dw_bootconf_ops dw_grubcfg_ops = {
	.read = grubcfg_read,
	.edit_entry = dw_grubcfg_edit_entry,
	.edit_defaults = dw_grubcfg_edit_defaults,
	.set_partition = dw_grubcfg_set_partition,
	.add = dw_grubcfg_add,
};
