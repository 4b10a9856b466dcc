/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes kernel arguments and devices in menu.lst and grub.conf. */
#include <stdio.h>
#include <string.h>

#include "boot/bootconf_impl.h"
#include "boot/menulst.h"

static int edit_words(struct dw_text *t, uint32_t line, size_t off,
		      size_t from, const struct dw_arg_edit *edits,
		      size_t edits_nr, struct dw_err *err)
{
	struct dw_words words = { 0 };
	int ret;

	ret = dw_words_split(t, line, off, &words, err);
	if (!ret && words.nr)
		ret = dw_words_edit(t, &words, from, edits, edits_nr, err);
	dw_words_free(&words);
	return ret;
}

/* A Linux kernel under a hypervisor stands in a module line; what is meant
 * for it is changed where it stands already, in each of them. */
static int edit_modules(struct dw_bootconf *bc, const struct dw_boot_entry *e,
			const struct dw_arg_edit *edits, size_t edits_nr,
			struct dw_err *err)
{
	struct dw_arg_edit own;
	struct dw_menulst_line l;
	struct dw_text *t = bc->text;
	uint32_t line;
	size_t i;
	int ret = 0;

	for (line = e->first_line - 1; line < e->last_line; line++) {
		for (i = 0; i < edits_nr && !ret; i++) {
			if (!dw_menulst_cut(t, line, &l) ||
			    !dw_span_starts(l.command, "module"))
				break;
			own = edits[i];
			if (own.op == DW_ARG_ADD)
				continue;
			if (own.op == DW_ARG_SET)
				own.op = DW_ARG_REPLACE;
			ret = edit_words(t, line, l.off, 1, &own, 1, err);
		}
	}
	return ret;
}

int dw_menulst_edit_entry(struct dw_bootconf *bc,
			  const struct dw_boot_entry *e,
			  const struct dw_arg_edit *edits, size_t edits_nr,
			  struct dw_err *err)
{
	struct dw_menulst_line l;

	if (e->is_module)
		return edit_modules(bc, e, edits, edits_nr, err);
	if (e->stmt == SIZE_MAX ||
	    !dw_menulst_cut(bc->text, (uint32_t)e->stmt, &l))
		return 0;
	return edit_words(bc->text, (uint32_t)e->stmt, l.off, 1, edits,
			  edits_nr, err);
}

static bool is_name_char(char c)
{
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z');
}

/*
 * A setting of Debian's update-grub: "# NAME=value" with one '#'.  Its
 * documentation in the same file has two.  Returns where the value starts;
 * 0: no such line.
 */
static size_t automagic(struct dw_span s, struct dw_span *name)
{
	size_t i = 1, start;

	if (!s.len || s.p[0] != '#')
		return 0;
	while (i < s.len && (s.p[i] == ' ' || s.p[i] == '\t'))
		i++;
	start = i;
	while (i < s.len && is_name_char(s.p[i]))
		i++;
	*name = (struct dw_span){ s.p + start, i - start };
	return i < s.len && s.p[i] == '=' ? i + 1 : 0;
}

/* kopt, and those for one kernel version, kopt_2_6_18: what each entry's
 * arguments start with. */
static bool is_kopt(struct dw_span name)
{
	return dw_span_is(name, "kopt") || dw_span_starts(name, "kopt_");
}

/* What some of the entries get in addition; nothing is added there. */
static bool is_more_opts(struct dw_span name)
{
	return dw_span_is(name, "xenkopt") ||
	       dw_span_starts(name, "xenkopt_") ||
	       dw_span_is(name, "defoptions") ||
	       dw_span_is(name, "altoptions");
}

bool dw_menulst_setting(const struct dw_bootconf *bc, const char *name,
			struct dw_span *value)
{
	const struct dw_text *t = bc->text;
	struct dw_span found;
	bool has = false;
	size_t off;
	uint32_t i;

	for (i = t->first; i != DW_NO_LINE; i = t->lines[i].next) {
		off = t->lines[i].removed ? 0 :
			automagic(t->lines[i].now, &found);
		if (!off || !dw_span_is(found, name))
			continue;
		*value = dw_span_skip(t->lines[i].now, off);
		has = true;
	}
	return has;
}

static int edit_present(struct dw_text *t, uint32_t line, size_t off,
			const struct dw_arg_edit *edits, size_t edits_nr,
			struct dw_err *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < edits_nr && !ret; i++)
		if (edits[i].op != DW_ARG_ADD)
			ret = edit_words(t, line, off, 0, &edits[i], 1, err);
	return ret;
}

int dw_menulst_edit_defaults(struct dw_bootconf *bc,
			     const struct dw_arg_edit *edits, size_t edits_nr,
			     struct dw_err *err)
{
	struct dw_text *t = bc->text;
	struct dw_span name;
	int ret = 0;
	size_t off;
	uint32_t i;

	for (i = t->first; i != DW_NO_LINE && !ret; i = t->lines[i].next) {
		if (t->lines[i].removed)
			continue;
		off = automagic(t->lines[i].now, &name);
		if (off && is_kopt(name))
			ret = edit_words(t, i, off, 0, edits, edits_nr, err);
		else if (off && is_more_opts(name))
			ret = edit_present(t, i, off, edits, edits_nr, err);
	}
	return ret;
}

/* "(hd0)" at off in a line -> "(hd0,N)" */
static int set_device(struct dw_text *t, uint32_t line, size_t off,
		      unsigned part_nr, struct dw_err *err)
{
	struct dw_span s = t->lines[line].now;
	char with[24];

	if (off > s.len || !dw_span_starts((struct dw_span){ s.p + off,
							     s.len - off },
					   "(hd0)"))
		return 0;
	snprintf(with, sizeof(with), "(hd0,%u)", part_nr - 1);
	return dw_text_splice(t, line, off, strlen("(hd0)"), with,
			      strlen(with), err);
}

/* Commands whose words name files or a device to read them from.  Not those
 * that mean the disk itself: chainloader, setup, map, device. */
static const char *const device_commands[] = {
	"root", "rootnoverify", "kernel", "initrd", "module", "modulenounzip",
	"splashimage", "background", "gfxmenu", "configfile", "find",
};

static bool names_device(struct dw_span command)
{
	size_t i;

	for (i = 0; i < sizeof(device_commands) / sizeof(char *); i++)
		if (dw_span_is(command, device_commands[i]))
			return true;
	return false;
}

/* From the last word to the first, so that places found stay right.  Files
 * stand among the first words; each change copies the line, so a line of
 * nothing but devices is not followed to its end. */
#define FILE_WORDS 16

static int set_devices(struct dw_text *t, uint32_t line, size_t off,
		       unsigned part_nr, struct dw_err *err)
{
	struct dw_words words = { 0 };
	size_t i;
	int ret;

	ret = dw_words_split(t, line, off, &words, err);
	for (i = words.nr < FILE_WORDS ? words.nr : FILE_WORDS;
	     i-- > 0 && !ret; )
		ret = set_device(t, line, words.w[i].off, part_nr, err);
	dw_words_free(&words);
	return ret;
}

int dw_menulst_set_partition(struct dw_bootconf *bc, unsigned part_nr,
			     struct dw_err *err)
{
	struct dw_text *t = bc->text;
	struct dw_menulst_line l;
	struct dw_span name;
	int ret = 0;
	size_t off;
	uint32_t i;

	for (i = t->first; i != DW_NO_LINE && !ret; i = t->lines[i].next) {
		if (t->lines[i].removed)
			continue;
		off = automagic(t->lines[i].now, &name);
		if (off && dw_span_is(name, "groot"))
			ret = set_device(t, i, off, part_nr, err);
		else if (dw_menulst_cut(t, i, &l) && names_device(l.command))
			ret = set_devices(t, i, l.off, part_nr, err);
	}
	return ret;
}
