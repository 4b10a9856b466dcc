/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads extlinux.conf and syslinux.cfg as extlinux 6 understands them. */
#include <stdlib.h>
#include <string.h>

#include "boot/bootconf_impl.h"

struct reader {
	struct dw_bootconf *bc;
	struct dw_boot_entry *e;	/* the label that is open, or NULL */
	char *append;			/* global APPEND */
	char *own_append;		/* that of the open label */
	char *kernel_args;		/* what stands behind KERNEL's file */
	char *initrd;			/* INITRD of the open label */
	char *ontimeout;
	long menu_default;
	bool has_ui, in_help;
};

static const char *const other_kinds[] = {
	"com32", "boot", "bss", "pxe", "fdimage", "comboot", "config",
	"localboot",
};

static const char *const other_ends[] = {
	".c32", ".com", ".cbt", ".bin", ".bs", ".bss", ".0", ".img",
};

static bool ends_in(const char *s, const char *end)
{
	size_t len = strlen(s), n = strlen(end);

	return len >= n && dw_span_is_nocase((struct dw_span){ s + len - n, n },
					     end);
}

static void sort_kernel(struct dw_boot_entry *e)
{
	size_t i;

	if (ends_in(e->kernel, "mboot.c32")) {
		e->is_module = true;
		return;
	}
	for (i = 0; i < sizeof(other_ends) / sizeof(*other_ends); i++)
		if (ends_in(e->kernel, other_ends[i]))
			e->is_other = true;
}

static int add_initrds(struct dw_boot_entry *e, struct dw_span list,
		       struct dw_err *err)
{
	const char *comma;
	size_t len;
	int ret = 0;

	while (list.len && !ret) {
		comma = memchr(list.p, ',', list.len);
		len = comma ? (size_t)(comma - list.p) : list.len;
		ret = dw_boot_add_initrd(e, (struct dw_span){ list.p, len },
					 err);
		list.p += len + !!comma;
		list.len -= len + !!comma;
	}
	return ret;
}

static void add_words(struct dw_buf *b, struct dw_span s)
{
	if (!s.len)
		return;
	if (b->len)
		dw_buf_adds(b, " ");
	dw_buf_add(b, s.p, s.len);
}

/* The command line without initrd=; extlinux loads what the first of these
 * names, those behind it have no effect. */
static int take_args(struct dw_boot_entry *e, struct dw_span all,
		     struct dw_err *err)
{
	struct dw_span word, list;
	struct dw_buf b = { 0 };
	int ret = 0;

	dw_buf_adds(&b, "");
	while ((word = dw_span_word(&all)).len && !ret) {
		if (!dw_arg_is(word, "initrd", &list) || !list.p)
			add_words(&b, word);
		else if (!e->initrds_nr)
			ret = add_initrds(e, list, err);
	}
	if (!ret)
		ret = dw_buf_check(&b, err);
	if (ret)
		dw_buf_free(&b);
	else
		e->args = dw_buf_take(&b, NULL);
	return ret;
}

static struct dw_span span_of(const char *s)
{
	return (struct dw_span){ s, s ? strlen(s) : 0 };
}

static void forget_label(struct reader *r)
{
	free(r->own_append);
	free(r->kernel_args);
	free(r->initrd);
	r->own_append = r->kernel_args = r->initrd = NULL;
	r->e = NULL;
}

/* The label is complete: puts its command line together. */
static int finish_label(struct reader *r, struct dw_err *err)
{
	struct dw_boot_entry *e = r->e;
	struct dw_span append;
	struct dw_buf b = { 0 };
	int ret = 0;

	if (!e)
		return 0;
	append = span_of(r->own_append ? r->own_append : r->append);
	if (dw_span_is(append, "-"))
		append.len = 0;
	add_words(&b, span_of(r->kernel_args));
	add_words(&b, append);
	ret = dw_buf_check(&b, err);
	if (!ret && !e->title)
		ret = dw_boot_set(&e->title, span_of(e->label), err);
	if (!ret && !e->kernel)
		ret = dw_boot_set(&e->kernel, span_of(e->label), err);
	if (!ret)
		ret = take_args(e, (struct dw_span){ b.data, b.len }, err);
	if (!ret && !e->initrds_nr)
		ret = add_initrds(e, span_of(r->initrd), err);
	if (!ret)
		sort_kernel(e);
	dw_buf_free(&b);
	forget_label(r);
	return ret;
}

static int start_label(struct reader *r, struct dw_span rest, uint32_t nr,
		       struct dw_err *err)
{
	int ret = finish_label(r, err);

	if (!ret)
		ret = dw_bootconf_new_entry(r->bc, &r->e, err);
	if (ret)
		return ret;
	r->e->first_line = r->e->last_line = nr;
	r->e->stmt = SIZE_MAX;
	return dw_boot_set(&r->e->label, dw_span_word(&rest), err);
}

static int read_menu(struct reader *r, struct dw_span rest, struct dw_err *err)
{
	struct dw_span word = dw_span_word(&rest);

	if (r->e && dw_span_is_nocase(word, "label"))
		return dw_boot_set(&r->e->title, rest, err);
	if (r->e && dw_span_is_nocase(word, "default"))
		r->menu_default = (long)r->bc->entries_nr - 1;
	return 0;
}

static int add_include(struct dw_bootconf *bc, struct dw_span rest,
		       struct dw_err *err)
{
	char **list;

	list = realloc(bc->includes, (bc->includes_nr + 1) * sizeof(*list));
	if (!list)
		return dw_fail_nomem(err);
	bc->includes = list;
	list[bc->includes_nr] = dw_span_dup(dw_span_word(&rest));
	if (!list[bc->includes_nr])
		return dw_fail_nomem(err);
	bc->includes_nr++;
	return 0;
}

static int read_global(struct reader *r, struct dw_span key,
		       struct dw_span rest, struct dw_err *err)
{
	struct dw_bootconf *bc = r->bc;
	long v;

	if (dw_span_is_nocase(key, "default"))
		return dw_boot_set(&bc->default_spec, rest, err);
	if (dw_span_is_nocase(key, "ontimeout"))
		return dw_boot_set(&r->ontimeout, rest, err);
	if (dw_span_is_nocase(key, "include"))
		return add_include(bc, rest, err);
	if (dw_span_is_nocase(key, "ui"))
		r->has_ui = true;
	else if (dw_span_is_nocase(key, "timeout") && dw_span_number(rest, &v))
		bc->timeout_ds = v;
	else if (dw_span_is_nocase(key, "text"))
		r->in_help = dw_span_is_nocase(dw_span_word(&rest), "help");
	else if (dw_span_is_nocase(key, "append") && !r->e)
		return dw_boot_set(&r->append, rest, err);
	return 0;
}

static int read_kernel(struct reader *r, struct dw_span rest, uint32_t nr,
		       struct dw_err *err)
{
	int ret;

	r->e->kernel_line = nr;
	r->e->is_other = false;
	ret = dw_boot_set(&r->e->kernel, dw_span_word(&rest), err);
	return ret ? ret : dw_boot_set(&r->kernel_args, rest, err);
}

/* A keyword of the open label; *mine false: not one of those. */
static int read_of_label(struct reader *r, struct dw_span key,
			 struct dw_span rest, uint32_t line, bool *mine,
			 struct dw_err *err)
{
	struct dw_boot_entry *e = r->e;
	uint32_t nr = r->bc->text->lines[line].nr;
	size_t i;

	*mine = true;
	if (dw_span_is_nocase(key, "kernel") || dw_span_is_nocase(key, "linux"))
		return read_kernel(r, rest, nr, err);
	if (dw_span_is_nocase(key, "append")) {
		e->args_line = nr;
		e->stmt = line;
		return dw_boot_set(&r->own_append, rest, err);
	}
	if (dw_span_is_nocase(key, "initrd")) {
		e->initrd_line = nr;
		return dw_boot_set(&r->initrd, rest, err);
	}
	for (i = 0; i < sizeof(other_kinds) / sizeof(*other_kinds); i++) {
		if (!dw_span_is_nocase(key, other_kinds[i]))
			continue;
		e->is_other = true;
		return dw_boot_set(&e->kernel, dw_span_word(&rest), err);
	}
	*mine = false;
	return 0;
}

static int read_line(struct reader *r, uint32_t line, struct dw_err *err)
{
	const struct dw_text_line *l = &r->bc->text->lines[line];
	struct dw_span rest = l->now, key = dw_span_word(&rest);
	bool mine = false;
	int ret;

	if (r->in_help) {
		r->in_help = !dw_span_is_nocase(key, "endtext");
		return 0;
	}
	if (!key.len || key.p[0] == '#')
		return 0;
	if (dw_span_is_nocase(key, "label"))
		return start_label(r, rest, l->nr, err);
	if (dw_span_is_nocase(key, "menu"))
		return read_menu(r, rest, err);
	if (r->e) {
		r->e->last_line = l->nr;
		ret = read_of_label(r, key, rest, line, &mine, err);
		if (ret || mine)
			return ret;
	}
	return read_global(r, key, rest, err);
}

static long find_label(const struct dw_bootconf *bc, const char *spec)
{
	struct dw_span rest = span_of(spec), word = dw_span_word(&rest);
	size_t i;

	for (i = 0; word.len && i < bc->entries_nr; i++)
		if (dw_span_is(word, bc->entries[i].label))
			return (long)i;
	return -1;
}

static bool is_menu(const char *spec)
{
	struct dw_span rest = span_of(spec), word = dw_span_word(&rest);

	return word.len >= 8 && dw_span_is_nocase((struct dw_span){
			word.p + word.len - 8, 8 }, "menu.c32");
}

/*
 * What boots without a key.  A menu (UI, or the menu program as DEFAULT) takes
 * DEFAULT's label, else the one marked MENU DEFAULT, else the first.  Without
 * a menu it is DEFAULT's label or nothing.  ONTIMEOUT comes before either.
 */
static void choose_default(struct reader *r)
{
	struct dw_bootconf *bc = r->bc;
	bool menu = r->has_ui || is_menu(bc->default_spec);
	long nr = find_label(bc, bc->default_spec);

	if (r->ontimeout && bc->timeout_ds > 0) {
		bc->default_nr = find_label(bc, r->ontimeout);
		return;
	}
	if (nr < 0 && menu)
		nr = r->menu_default;
	if (nr < 0 && menu && bc->entries_nr)
		nr = 0;
	bc->default_nr = nr;
}

static int extlinux_read(struct dw_bootconf *bc, struct dw_err *err)
{
	struct reader r = { .bc = bc, .menu_default = -1 };
	const struct dw_text *t = bc->text;
	int ret = 0;
	uint32_t i;

	for (i = t->first; i != DW_NO_LINE && !ret; i = t->lines[i].next)
		if (!t->lines[i].removed)
			ret = read_line(&r, i, err);
	if (!ret)
		ret = finish_label(&r, err);
	if (!ret)
		choose_default(&r);
	forget_label(&r);
	free(r.append);
	free(r.ontimeout);
	return ret;
}

const struct dw_bootconf_ops dw_extlinux_ops = {
	.read = extlinux_read,
	.edit_entry = dw_extlinux_edit_entry,
	.edit_defaults = dw_extlinux_edit_defaults,
	.set_partition = dw_extlinux_set_partition,
	.add = dw_extlinux_add,
};
