/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Edits the scripts in initrds of SUSE's mkinitrd. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "initrd/suse.h"

/* Of 2.x /init sources run_all.sh, or each step; 1.2 has functions of its own
 * that find the root. */
enum dw_suse_kind dw_suse_kind(const char *init, size_t len)
{
	struct dw_span s = { init, len };

	if (dw_span_find(s, "run_all.sh") || dw_span_find(s, "load_modules"))
		return DW_SUSE_STEPS;
	if (dw_span_find(s, "udev_discover_root"))
		return DW_SUSE_SCRIPT;
	return DW_SUSE_NONE;
}

/* ---- lists --------------------------------------------------------------- */

/* Where a list is set. */
struct place {
	uint64_t nr;		/* its line; 0: nowhere */
	struct dw_span line;
	size_t value_at;	/* in the text: behind the opening quote */
	size_t value_len;	/* up to the closing one */
	bool quoted;
	uint64_t use_nr;	/* the first line that takes it */
};

/* What follows NAME= on a line that sets it, a guard before it allowed. */
static bool sets(struct dw_span line, const char *name, struct dw_span *value)
{
	struct dw_span s = dw_span_trim(line);
	size_t len = strlen(name);
	const char *or = dw_span_find(s, "||");

	if (dw_span_starts(s, "[") && or)
		s = dw_span_trim(dw_span_skip(s, (size_t)(or - s.p) + 2));
	if (!dw_span_starts(s, name) || s.len == len || s.p[len] != '=')
		return false;
	*value = dw_span_skip(s, len + 1);
	return true;
}

static bool takes(struct dw_span line, const char *name)
{
	struct dw_span s = dw_span_trim(line);
	const char *at;

	if (dw_span_starts(s, "#"))
		return false;
	at = dw_span_find(s, name);
	return at && at > s.p && (at[-1] == '$' || at[-1] == '{');
}

/* A shell takes what stands without quotes up to a blank or ';'. */
static size_t bare_len(struct dw_span value)
{
	size_t len = 0;

	while (len < value.len && !strchr(" \t;#", value.p[len]))
		len++;
	return len;
}

/* The value may go over several lines, up to its quote. */
static void note_value(const char *text, size_t len, struct dw_span value,
		       struct place *p)
{
	char quote = value.len ? value.p[0] : '\0';
	const char *end;
	size_t at = (size_t)(value.p - text);

	p->quoted = quote == '"' || quote == '\'';
	p->value_at = at + p->quoted;
	end = p->quoted ? memchr(text + p->value_at, quote,
				 len - p->value_at) : NULL;
	p->value_len = end ? (size_t)(end - text) - p->value_at :
		       p->quoted ? value.len - 1 : bare_len(value);
}

/* Of several lines the last counts in a file that is sourced. */
static void find_place(const char *text, size_t len, const char *name,
		       struct place *p)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_span value;
	struct dw_line line;

	while (dw_lines_next(&walk, &line)) {
		if (sets(line.text, name, &value)) {
			p->nr = line.nr;
			p->line = line.text;
			note_value(text, len, value, p);
		} else if (!p->use_nr && takes(line.text, name)) {
			p->use_nr = line.nr;
		}
	}
}

static bool is_module(const char *p, size_t len, const char *name)
{
	for (size_t i = 0; i < len; i++)
		if (!name[i] || (p[i] == '-' ? '_' : p[i]) != name[i])
			return false;
	return !name[len];
}

static bool has_module(struct dw_span list, const char *name)
{
	size_t start = 0;

	for (size_t i = 0; i <= list.len; i++) {
		if (i < list.len && !strchr(" \t\r\n\\", list.p[i]))
			continue;
		if (is_module(list.p + start, i - start, name))
			return true;
		start = i + 1;
	}
	return false;
}

/* "virtio_pci virtio_blk", those that the list lacks. */
static void put_names(struct dw_span list,
		      const struct dw_module_list *modules, struct dw_buf *out)
{
	bool any = false;

	for (size_t i = 0; i < modules->nr; i++) {
		if (has_module(list, modules->names[i]))
			continue;
		dw_buf_printf(out, "%s%s", any ? " " : "", modules->names[i]);
		any = true;
	}
}

static void edit_value(const char *text, size_t len, const struct place *p,
		       struct dw_span names, struct dw_buf *out,
		       struct dw_changes *changes)
{
	size_t line_at = (size_t)(p->line.p - text);
	size_t line_end = line_at + p->line.len, start = out->len + line_at;
	size_t value_end = p->value_at + p->value_len;
	bool blank = p->value_len && text[p->value_at] != ' ';

	dw_buf_add(out, text, p->value_at);
	dw_buf_adds(out, p->quoted ? "" : "\"");
	dw_buf_add(out, names.p, names.len);
	dw_buf_adds(out, blank ? " " : "");
	if (p->quoted) {
		dw_buf_add(out, text + p->value_at, line_end - p->value_at);
	} else {
		dw_buf_add(out, text + p->value_at, p->value_len);
		dw_buf_adds(out, "\"");
		dw_buf_add(out, text + value_end, line_end - value_end);
	}
	if (!out->failed)
		dw_changes_add(changes, p->nr, p->line.p, p->line.len,
			       out->data + start, out->len - start, NULL);
	dw_buf_add(out, text + line_end, len - line_end);
}

static void put_new(const struct dw_suse_list *list, uint64_t nr,
		    struct dw_span names, struct dw_buf *out,
		    struct dw_changes *changes)
{
	size_t start = out->len;

	if (list->guard)
		dw_buf_printf(out, "[ \"$%s\" ] || %s='%.*s'", list->name,
			      list->name, (int)names.len, names.p);
	else
		dw_buf_printf(out, "%s=\"%.*s\"", list->name, (int)names.len,
			      names.p);
	if (!out->failed)
		dw_changes_add(changes, nr, NULL, 0, out->data + start,
			       out->len - start, NULL);
	dw_buf_adds(out, "\n");
}

static void insert_value(const char *text, size_t len, const struct place *p,
			 const struct dw_suse_list *list,
			 struct dw_span names, struct dw_buf *out,
			 struct dw_changes *changes)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_line line = { .nr = 0 };

	while (dw_lines_next(&walk, &line)) {
		if (line.nr == p->use_nr)
			put_new(list, line.nr, names, out, changes);
		dw_buf_add(out, line.text.p, line.text.len);
		dw_buf_add(out, line.eol.p, line.eol.len);
	}
	if (p->use_nr)
		return;
	if (len && !line.eol.len)
		dw_buf_adds(out, "\n");
	put_new(list, walk.nr, names, out, changes);
}

int dw_suse_list_edit(const char *text, size_t len, const void *arg,
		      struct dw_buf *out, struct dw_changes *changes,
		      struct dw_err *err)
{
	const struct dw_suse_list *list = arg;
	struct place p = { .nr = 0 };
	struct dw_buf names = { 0 };
	struct dw_span span;
	int ret;

	find_place(text, len, list->name, &p);
	put_names((struct dw_span){ text + p.value_at, p.value_len },
		  list->modules, &names);
	span = (struct dw_span){ names.data, names.len };
	if (!names.len)
		dw_buf_add(out, text, len);
	else if (p.nr)
		edit_value(text, len, &p, span, out, changes);
	else
		insert_value(text, len, &p, list, span, out, changes);
	ret = dw_buf_check(&names, err);
	if (!ret)
		ret = dw_buf_check(out, err);
	if (!ret)
		ret = dw_changes_check(changes, err);
	dw_buf_free(&names);
	return ret;
}

/* ---- /init of 1.2 -------------------------------------------------------- */

/* "modprobe ext3" at the start of a line: what stands in a function is
 * indented. */
static bool loads(struct dw_span line, struct dw_span *module)
{
	struct dw_span word;
	size_t pos = 0;

	if (!line.len || line.p[0] == ' ' || line.p[0] == '\t' ||
	    !dw_word_next(line, &pos, &word) || !dw_span_ends(word, "modprobe"))
		return false;
	if (!dw_span_is(word, "modprobe") && !dw_span_ends(word, "/modprobe"))
		return false;
	do {
		if (!dw_word_next(line, &pos, module))
			return false;
	} while (module->p[0] == '-');
	return true;
}

static bool looks_for_root(struct dw_span line)
{
	return line.len && line.p[0] != '#' && line.p[0] != ' ' &&
	       line.p[0] != '\t' && dw_span_find(line, "udev_discover_root") &&
	       !dw_span_find(line, "udev_discover_root()") &&
	       !dw_span_find(line, "udev_discover_root ()") &&
	       !dw_span_starts(line, "unset");
}

struct init_place {
	uint64_t at_nr;
	bool *present;
	size_t missing_nr;
};

static void find_init_place(const char *text, size_t len,
			    const struct dw_module_list *modules,
			    struct init_place *p)
{
	struct dw_lines walk = { .p = text, .len = len };
	uint64_t echo_nr = 0;
	struct dw_span module;
	struct dw_line line;

	while (dw_lines_next(&walk, &line)) {
		bool load = loads(line.text, &module);

		for (size_t i = 0; load && i < modules->nr; i++)
			if (is_module(module.p, module.len,
				      modules->names[i]) && !p->present[i]) {
				p->present[i] = true;
				p->missing_nr--;
			}
		if (!p->at_nr && (load || looks_for_root(line.text)))
			p->at_nr = echo_nr ? echo_nr : line.nr;
		echo_nr = dw_span_starts(line.text, "echo ") ? line.nr : 0;
	}
}

static void put_modprobes(const struct dw_module_list *modules,
			  const struct init_place *p, struct dw_buf *out,
			  struct dw_changes *changes)
{
	for (size_t i = 0; i < modules->nr; i++) {
		size_t start;

		if (p->present[i])
			continue;
		dw_buf_printf(out, "echo \"Loading %s\"\n", modules->names[i]);
		start = out->len;
		dw_buf_printf(out, "modprobe %s", modules->names[i]);
		if (!out->failed)
			dw_changes_add(changes, p->at_nr, NULL, 0,
				       out->data + start, out->len - start,
				       NULL);
		dw_buf_adds(out, "\n");
	}
}

int dw_suse_init_edit(const char *text, size_t len, const void *arg,
		      struct dw_buf *out, struct dw_changes *changes,
		      struct dw_err *err)
{
	const struct dw_module_list *modules = arg;
	struct dw_lines walk = { .p = text, .len = len };
	struct init_place p = { .missing_nr = modules->nr };
	struct dw_line line;
	int ret;

	p.present = calloc(modules->nr + 1, sizeof(*p.present));
	if (!p.present)
		return dw_fail_nomem(err);
	find_init_place(text, len, modules, &p);
	while (dw_lines_next(&walk, &line)) {
		if (p.missing_nr && line.nr == p.at_nr)
			put_modprobes(modules, &p, out, changes);
		dw_buf_add(out, line.text.p, line.text.len);
		dw_buf_add(out, line.eol.p, line.eol.len);
	}
	ret = p.at_nr ? dw_buf_check(out, err) :
		dw_fail(err, DW_UNSUPPORTED, "init: no line loads a module or "
			"looks for the root (modprobe, udev_discover_root)");
	if (!ret)
		ret = dw_changes_check(changes, err);
	free(p.present);
	return ret;
}
