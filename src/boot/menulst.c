/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads menu.lst and grub.conf as GRUB legacy understands them. */
#include <stdlib.h>
#include <string.h>

#include "boot/bootconf_impl.h"
#include "boot/menulst.h"

bool dw_menulst_cut(const struct dw_text *t, uint32_t line,
		    struct dw_menulst_line *out)
{
	struct dw_span s = dw_line_trimmed(t, line, &out->off);
	size_t len = 0;

	if (!s.len || s.p[0] == '#')
		return false;
	while (len < s.len && s.p[len] != ' ' && s.p[len] != '\t' &&
	       s.p[len] != '=')
		len++;
	out->command = (struct dw_span){ s.p, len };
	while (len < s.len && (s.p[len] == ' ' || s.p[len] == '\t' ||
			       s.p[len] == '='))
		len++;
	out->rest = (struct dw_span){ s.p + len, s.len - len };
	out->off += len;
	return true;
}

struct dw_span dw_menulst_path(struct dw_span word)
{
	const char *close;

	if (!word.len || word.p[0] != '(')
		return word;
	close = memchr(word.p, ')', word.len);
	if (!close)
		return word;
	close++;
	return (struct dw_span){ close, word.len - (size_t)(close - word.p) };
}

static int read_kernel(struct dw_boot_entry *e, struct dw_span rest,
		       uint32_t line, struct dw_err *err)
{
	struct dw_span word = dw_span_word(&rest);
	int ret;

	/* GRUB's own options: --type=linux, --no-mem-option */
	while (dw_span_starts(word, "--"))
		word = dw_span_word(&rest);
	e->stmt = line;
	ret = dw_boot_set(&e->kernel, dw_menulst_path(word), err);
	return ret ? ret : dw_boot_set(&e->args, rest, err);
}

static int read_initrds(struct dw_boot_entry *e, struct dw_span rest,
			struct dw_err *err)
{
	struct dw_span word;
	int ret = 0;

	while ((word = dw_span_word(&rest)).len && !ret)
		ret = dw_boot_add_initrd(e, dw_menulst_path(word), err);
	return ret;
}

static int read_of_entry(struct dw_boot_entry *e,
			 const struct dw_menulst_line *l, uint32_t line,
			 uint32_t nr, struct dw_err *err)
{
	e->last_line = nr;
	if (dw_span_is(l->command, "root") ||
	    dw_span_is(l->command, "rootnoverify") ||
	    dw_span_is(l->command, "uuid")) {
		e->root_line = nr;
		return dw_boot_set(&e->root, l->rest, err);
	}
	if (dw_span_is(l->command, "kernel")) {
		e->kernel_line = e->args_line = nr;
		return read_kernel(e, l->rest, line, err);
	}
	if (dw_span_is(l->command, "initrd")) {
		e->initrd_line = nr;
		return read_initrds(e, l->rest, err);
	}
	if (dw_span_is(l->command, "module") ||
	    dw_span_is(l->command, "modulenounzip"))
		e->is_module = true;
	else if (dw_span_is(l->command, "chainloader") ||
		 dw_span_is(l->command, "configfile"))
		e->is_other = true;
	return 0;
}

static int start_entry(struct dw_bootconf *bc, struct dw_span title,
		       uint32_t nr, struct dw_err *err)
{
	struct dw_boot_entry *e;
	int ret = dw_bootconf_new_entry(bc, &e, err);

	if (ret)
		return ret;
	e->first_line = e->last_line = nr;
	e->stmt = SIZE_MAX;
	return dw_boot_set(&e->title, title, err);
}

static int read_global(struct dw_bootconf *bc,
		       const struct dw_menulst_line *l, struct dw_err *err)
{
	long v;

	if (dw_span_is(l->command, "default"))
		return dw_boot_set(&bc->default_spec, l->rest, err);
	if (dw_span_is(l->command, "timeout") && dw_span_number(l->rest, &v))
		bc->timeout_ds = v < 100000 ? v * 10 : 1000000;
	return 0;
}

/* "default saved" is a number kept in a file that is not ours to read. */
static void choose_default(struct dw_bootconf *bc)
{
	struct dw_span spec = { bc->default_spec, 0 };
	long v = 0;

	if (bc->default_spec) {
		spec.len = strlen(bc->default_spec);
		if (!dw_span_number(spec, &v))
			return;
	}
	if (v >= 0 && (size_t)v < bc->entries_nr)
		bc->default_nr = v;
}

static int menulst_read(struct dw_bootconf *bc, struct dw_err *err)
{
	const struct dw_text *t = bc->text;
	struct dw_menulst_line l;
	int ret = 0;
	uint32_t i;

	for (i = t->first; i != DW_NO_LINE && !ret; i = t->lines[i].next) {
		if (t->lines[i].removed || !dw_menulst_cut(t, i, &l))
			continue;
		if (dw_span_is(l.command, "title"))
			ret = start_entry(bc, l.rest, t->lines[i].nr, err);
		else if (bc->entries_nr)
			ret = read_of_entry(&bc->entries[bc->entries_nr - 1],
					    &l, i, t->lines[i].nr, err);
		else
			ret = read_global(bc, &l, err);
	}
	if (!ret)
		choose_default(bc);
	return ret;
}

const struct dw_bootconf_ops dw_menulst_ops = {
	.read = menulst_read,
	.edit_entry = dw_menulst_edit_entry,
	.edit_defaults = dw_menulst_edit_defaults,
	.set_partition = dw_menulst_set_partition,
	.add = dw_menulst_add,
};
