/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adds an entry for one more kernel to extlinux.conf or syslinux.cfg. */
#include <stdlib.h>
#include <string.h>

#include "boot/bootconf_impl.h"

/* Keywords that hold for the whole file wherever they stand. */
static const char *const globals[] = {
	"default", "ontimeout", "onerror", "timeout", "totaltimeout", "prompt",
	"ui", "include", "serial", "console", "display", "font", "say",
	"implicit", "allowoptions", "noescape", "nocomplete", "nohalt",
};

static bool is_global(struct dw_span key)
{
	for (size_t i = 0; i < sizeof(globals) / sizeof(*globals); i++)
		if (dw_span_is_nocase(key, globals[i]))
			return true;
	return false;
}

static bool is_menu(struct dw_span line, const char *what)
{
	return dw_span_is_nocase(dw_span_word(&line), "menu") &&
	       dw_span_is_nocase(dw_span_word(&line), what);
}

/* ---- the label ---------------------------------------------------------- */

static bool has_label(const struct dw_bootconf *bc, const char *label)
{
	for (size_t i = 0; i < bc->entries_nr; i++)
		if (dw_span_is_nocase(dw_span_of(label), bc->entries[i].label))
			return true;
	return false;
}

/* A label that no other entry has: there are more numbers than entries. */
static char *new_label(struct dw_bootconf *bc, struct dw_boot_copy *copy)
{
	struct dw_buf b = { 0 };
	size_t nr = 2;

	dw_boot_copy_text(copy, dw_span_of(copy->e->label));
	if (dw_buf_check(&copy->line, NULL))
		return NULL;
	dw_buf_adds(&b, strcmp(copy->line.data, copy->e->label)
		    ? copy->line.data : copy->add->version);
	copy->line.len = 0;
	while (!b.failed && has_label(bc, b.data)) {
		b.len = 0;
		dw_buf_printf(&b, "%s-%zu", copy->add->version, nr++);
	}
	if (dw_buf_check(&b, NULL))
		dw_buf_free(&b);
	return dw_buf_take(&b, NULL);
}

/* ---- its lines ---------------------------------------------------------- */

/* The indentation, "APPEND", and all arguments, where the entry has no line of
 * its own for them: PyGrub knows initrds only there. */
static int add_append(struct dw_boot_copy *copy, struct dw_span like,
		      struct dw_err *err)
{
	size_t indent = strspn(like.p, " \t");

	dw_buf_add(&copy->line, like.p, indent);
	dw_buf_adds(&copy->line, like.p[indent] >= 'a' ? "append" : "APPEND");
	if (copy->e->args && *copy->e->args)
		dw_buf_printf(&copy->line, " %s", copy->e->args);
	dw_buf_printf(&copy->line, " initrd=%s", copy->add->initrd);
	return dw_boot_copy_line(copy, err);
}

/* An APPEND line without the initrd that the new kernel does not have. */
static void copy_without_initrd(struct dw_boot_copy *copy, struct dw_span s)
{
	struct dw_span rest = s, word, value;
	size_t indent = (size_t)(dw_span_trim(s).p - s.p);
	bool first = true;

	dw_buf_add(&copy->line, s.p, indent);
	while ((word = dw_span_word(&rest)).len) {
		if (dw_arg_is(word, "initrd", &value))
			continue;
		if (!first)
			dw_buf_adds(&copy->line, " ");
		dw_boot_copy_text(copy, word);
		first = false;
	}
}

static void copy_append(struct dw_boot_copy *copy, struct dw_span s)
{
	if (!copy->add->initrd) {
		copy_without_initrd(copy, s);
		return;
	}
	dw_boot_copy_text(copy, s);
	if (!copy->e->initrds_nr)
		dw_buf_printf(&copy->line, " initrd=%s", copy->add->initrd);
}

static int copy_line(struct dw_boot_copy *copy, uint32_t line,
		     const char *label, struct dw_err *err)
{
	struct dw_span s = copy->t->lines[line].now, rest = s;
	struct dw_span key = dw_span_word(&rest);
	const struct dw_boot_copy *c = copy;
	int ret;

	if (!key.len || key.p[0] == '#' || is_global(key) ||
	    is_menu(s, "default") ||
	    (dw_span_is_nocase(key, "initrd") && !c->add->initrd))
		return 0;
	if (dw_span_is_nocase(key, "label")) {
		dw_buf_add(&copy->line, s.p, (size_t)(rest.p - s.p));
		dw_buf_adds(&copy->line, label);
	} else if (dw_span_is_nocase(key, "append")) {
		copy_append(copy, s);
	} else {
		dw_boot_copy_text(copy, s);
		if (is_menu(s, "label") && copy->line.len == s.len &&
		    !memcmp(copy->line.data, s.p, s.len))
			dw_buf_printf(&copy->line, " (%s)", c->add->version);
	}
	ret = dw_boot_copy_line(copy, err);
	if (!ret && c->e->kernel_line == line + 1 && c->e->stmt == SIZE_MAX &&
	    !c->e->initrds_nr && c->add->initrd)
		ret = add_append(copy, s, err);
	return ret;
}

static int copy_entry(struct dw_bootconf *bc, struct dw_boot_copy *copy,
		      const char *label, bool mark, struct dw_err *err)
{
	const struct dw_boot_entry *e = copy->e;
	bool first = copy->add->make_default;
	uint32_t nr;
	int ret = 0;

	/* PyGrub takes the first one where no label is the default. */
	copy->after = first ? dw_boot_line_before(bc->entries[0].first_line)
			    : e->last_line - 1;
	if (!first)
		ret = dw_boot_copy_line(copy, err);
	for (nr = e->first_line; nr <= e->last_line && !ret; nr++)
		ret = copy_line(copy, nr - 1, label, err);
	if (!ret && mark) {
		dw_buf_adds(&copy->line, "\tMENU DEFAULT");
		ret = dw_boot_copy_line(copy, err);
	}
	if (!ret && first)
		ret = dw_boot_copy_line(copy, err);
	return ret;
}

/* ---- the default -------------------------------------------------------- */

static int name_default(struct dw_bootconf *bc, const char *label,
			bool *has_menu, struct dw_err *err)
{
	struct dw_text *t = bc->text;
	struct dw_span rest, key;
	bool named = false;
	struct dw_buf b = { 0 };
	uint32_t i, nr = t->lines_nr;
	int ret = 0;

	*has_menu = false;
	for (i = 0; i < nr && !ret; i++) {
		rest = t->lines[i].now;
		key = dw_span_word(&rest);
		if (is_menu(t->lines[i].now, "default")) {
			*has_menu = true;
			dw_text_remove(t, i);
		}
		if (!dw_span_is_nocase(key, "default") &&
		    !dw_span_is_nocase(key, "ontimeout"))
			continue;
		if (dw_span_find(rest, "menu.c32")) {
			*has_menu = named = true;
			continue;
		}
		named |= dw_span_is_nocase(key, "default");
		ret = dw_text_splice(t, i, (size_t)(rest.p -
						    t->lines[i].now.p),
				     rest.len, label, strlen(label), err);
	}
	if (ret || named)
		return ret;
	dw_buf_printf(&b, "DEFAULT %s", label);
	ret = dw_buf_check(&b, err);
	if (!ret)
		ret = dw_text_insert(t, DW_NO_LINE, b.data, b.len, err);
	dw_buf_free(&b);
	return ret;
}

int dw_extlinux_add(struct dw_bootconf *bc, const struct dw_boot_add *add,
		    struct dw_err *err)
{
	struct dw_boot_copy copy;
	bool mark = false;
	char *label;
	int ret = 0;

	dw_boot_copy_init(&copy, bc, add);
	label = new_label(bc, &copy);
	if (!label)
		ret = dw_fail_nomem(err);
	if (!ret && add->make_default)
		ret = name_default(bc, label, &mark, err);
	if (!ret)
		ret = copy_entry(bc, &copy, label, mark, err);
	free(label);
	dw_buf_free(&copy.line);
	return ret;
}
