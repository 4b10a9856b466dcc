/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Edits the /init of a nash initrd. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "initrd/nash.h"

enum kind {
	OTHER,
	ECHO,		/* says what the next line does */
	LOAD,		/* loads a module */
	NODES,		/* makes device nodes */
	BOUND,		/* needs disks */
	ROOT,		/* finds or mounts the root */
};

struct command {
	enum kind kind;
	char module[DW_MODULE_NAME];	/* of LOAD */
	struct dw_span file;		/* of LOAD: what it names */
};

struct survey {
	uint64_t at_nr;		/* lines are inserted before this one */
	uint64_t bound_nr;	/* the first BOUND or ROOT, its echo included */
	uint64_t root_nr;	/* the last line that must come after */
	uint64_t last_load_nr;	/* of a wanted module */
	bool nodes_after;	/* between at_nr and the root */
	struct dw_span nodes;	/* a line that makes them */
	struct dw_span loader;	/* "insmod", "modprobe -q" */
	struct dw_nash_style style;
	bool *present;		/* by index of the wanted module */
	size_t missing_nr;
};

/* ---- what a line does ---------------------------------------------------- */

static bool is_one_of(struct dw_span word, const char *const *of)
{
	for (; *of; of++)
		if (dw_span_is(word, *of))
			return true;
	return false;
}

/* The command without its folder; nash takes "nash-X" for its own X. */
static struct dw_span bare(struct dw_span word)
{
	const char *slash = word.len ? memrchr(word.p, '/', word.len) : NULL;

	if (slash)
		word = dw_span_skip(word, (size_t)(slash + 1 - word.p));
	return dw_span_starts(word, "nash-") ? dw_span_skip(word, 5) : word;
}

/* "insmod /lib/dm-mod.ko param=1", "modprobe -q dm_mod". */
static bool parse_load(struct dw_span line, size_t pos, struct command *out)
{
	char path[DW_MODULE_NAME + 4];
	struct dw_span word;

	do {
		if (!dw_word_next(line, &pos, &word))
			return false;
	} while (word.p[0] == '-');
	out->file = word;
	if (dw_module_name(word, out->module))
		return true;
	if (word.len >= DW_MODULE_NAME)
		return false;
	snprintf(path, sizeof(path), "%.*s.ko", (int)word.len, word.p);
	return dw_module_name(dw_span_of(path), out->module);
}

/* "mount /sysroot", "mount -o defaults --ro -t ext3 /dev/root /sysroot" */
static bool mounts_root(struct dw_span line)
{
	return dw_span_ends(dw_span_trim(line), "/sysroot");
}

static void parse(struct dw_span line, struct command *out)
{
	static const char *const nodes[] = {
		"mkblkdevs", "udevstart", "mkdevices", NULL,
	};
	static const char *const bounds[] = {
		"stabilized", "lvm", "raidautorun", "mdadm", "dm", "dmraid",
		"kpartx", "rmparts", "resume", "mkdmnod", "multipath",
		"cryptsetup", "waitdev", "network", NULL,
	};
	struct dw_span word;
	size_t pos = 0;

	memset(out, 0, sizeof(*out));
	if (!dw_word_next(line, &pos, &word) || word.p[0] == '#')
		return;
	word = bare(word);
	if (dw_span_is(word, "echo"))
		out->kind = dw_span_find(line, ">") ? OTHER :
			    dw_span_find(line, "Waiting for driver init") ?
			    BOUND : ECHO;
	else if (dw_span_is(word, "insmod") || dw_span_is(word, "modprobe"))
		out->kind = parse_load(line, pos, out) ? LOAD : OTHER;
	else if (is_one_of(word, nodes))
		out->kind = NODES;
	else if (is_one_of(word, bounds))
		out->kind = BOUND;
	else if (dw_span_is(word, "mkrootdev") ||
		 (dw_span_is(word, "mount") && mounts_root(line)))
		out->kind = ROOT;
}

/* What comes before all disks: USB, for its keyboards. */
static bool is_usb(const char *module)
{
	size_t len = strlen(module);

	return !strncmp(module, "usb", 3) || !strncmp(module, "hid", 3) ||
	       (len > 4 && !strcmp(module + len - 4, "_hcd"));
}

/* ---- where the new lines go ---------------------------------------------- */

static void learn_style(struct survey *s, struct dw_span line,
			const struct command *c)
{
	struct dw_span word = { line.p, 0 };
	const char *slash;
	size_t pos = 0;

	if (s->style.known)
		return;
	s->style.known = true;
	dw_word_next(line, &pos, &word);
	s->style.modprobe = dw_span_is(bare(word), "modprobe");
	/* All that stands before the module, options too. */
	s->loader = dw_span_trim((struct dw_span){
		line.p, (size_t)(c->file.p - line.p) });
	slash = memrchr(c->file.p, '/', c->file.len);
	dw_span_copy((struct dw_span){ c->file.p, slash ?
				       (size_t)(slash - c->file.p) : 0 },
		     s->style.folder, sizeof(s->style.folder));
}

static void note_load(struct survey *s, const struct dw_nash_want *want,
		      const struct command *c, uint64_t nr)
{
	for (size_t i = 0; i < want->nr; i++) {
		if (strcmp(want->modules[i].name, c->module))
			continue;
		s->missing_nr -= !s->present[i];
		s->present[i] = true;
		s->last_load_nr = nr;
	}
}

static void first(uint64_t *at, uint64_t nr)
{
	if (!*at)
		*at = nr;
}

/* The first pass: kinds of lines, and the place that they leave. */
static void find_place(const char *text, size_t len,
		       const struct dw_nash_want *want, struct survey *s)
{
	struct dw_lines walk = { .p = text, .len = len };
	uint64_t echo_nr = 0, nodes_nr = 0;
	struct dw_line line;
	struct command c;

	while (dw_lines_next(&walk, &line)) {
		/* What announces a line stays with it. */
		uint64_t nr = echo_nr ? echo_nr : line.nr;

		parse(line.text, &c);
		if (c.kind == ROOT && !s->root_nr)
			s->root_nr = nr;
		if (c.kind == ROOT || c.kind == BOUND)
			first(&s->bound_nr, nr);
		if (c.kind == LOAD && !s->root_nr) {
			learn_style(s, line.text, &c);
			note_load(s, want, &c, line.nr);
			if (!is_usb(c.module))
				first(&s->at_nr, nr);
		}
		if (c.kind == NODES && nodes_nr++)
			first(&s->at_nr, nr);
		if (c.kind == NODES && !s->nodes.len)
			s->nodes = dw_span_trim(line.text);
		echo_nr = c.kind == ECHO ? nr : 0;
	}
	if (!s->at_nr || (s->bound_nr && s->bound_nr < s->at_nr))
		s->at_nr = s->bound_nr;
	/* What a new module needs may be loaded further down. */
	if (s->at_nr <= s->last_load_nr)
		s->at_nr = s->last_load_nr + 1;
}

/* The second: whether nodes are made between that place and the root. */
static void find_nodes(const char *text, size_t len, struct survey *s)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_line line;
	struct command c;

	while (dw_lines_next(&walk, &line) && line.nr < s->root_nr) {
		parse(line.text, &c);
		s->nodes_after |= c.kind == NODES && line.nr >= s->at_nr;
	}
}

static int judge(const char *text, size_t len, const struct survey *s,
		 struct dw_err *err)
{
	const char *nul = len ? memchr(text, '\0', len) : NULL;
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_line line = { .nr = 0 };

	dw_lines_next(&walk, &line);
	if (!line.nr || !dw_span_starts(line.text, "#!") ||
	    !dw_span_find(line.text, "/nash"))
		return dw_fail(err, DW_UNSUPPORTED,
			       "init: no script for nash, by its first line");
	if (nul)
		return dw_fail(err, DW_UNSUPPORTED,
			       "init: a zero byte at %zu, where nash ends",
			       (size_t)(nul - text));
	if (!s->root_nr)
		return dw_fail(err, DW_UNSUPPORTED, "init: no line finds the "
			       "root (mkrootdev, mount /sysroot)");
	if (!s->nodes.len)
		return dw_fail(err, DW_UNSUPPORTED, "init: no line makes "
			       "device nodes (mkblkdevs, udevstart, "
			       "mkdevices)");
	return 0;
}

/* ---- the new text -------------------------------------------------------- */

static void put_line(struct dw_buf *out, size_t start, uint64_t nr,
		     const char *note, struct dw_changes *changes)
{
	if (!out->failed)
		dw_changes_add(changes, nr, NULL, 0, out->data + start,
			       out->len - start, "%s", note);
	dw_buf_adds(out, "\n");
}

static void put_loads(const struct survey *s, const struct dw_nash_want *want,
		      struct dw_buf *out, struct dw_changes *changes)
{
	const struct dw_span insmod = dw_span_of("insmod");
	struct dw_span loader = s->loader.len ? s->loader : insmod;

	for (size_t i = 0; i < want->nr; i++) {
		const struct dw_nash_module *m = &want->modules[i];
		const char *name = s->style.modprobe ? m->name : m->file;
		size_t start;

		if (s->present[i])
			continue;
		dw_buf_printf(out, "echo \"Loading %s module\"\n", name);
		start = out->len;
		dw_buf_printf(out, "%.*s %s%s%s", (int)loader.len, loader.p,
			      s->style.modprobe ? "" : s->style.folder,
			      s->style.modprobe ? "" : "/", name);
		put_line(out, start, s->at_nr, "loads the module", changes);
	}
	if (s->nodes_after)
		return;
	dw_buf_add(out, s->nodes.p, s->nodes.len);
	put_line(out, out->len - s->nodes.len, s->at_nr,
		 "makes the device nodes of its disks", changes);
}

/* "/dev/xvda1", "hda2": called after the driver, which differs. */
static bool is_driver_name(struct dw_span name)
{
	static const char *const kinds[] = { "xvd", "sd", "hd", "vd" };
	size_t i = 0;

	if (dw_span_starts(name, "/dev/"))
		name = dw_span_skip(name, 5);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds) && !i; k++)
		if (dw_span_starts(name, kinds[k]))
			i = strlen(kinds[k]);
	if (!i || i == name.len || !islower((unsigned char)name.p[i]))
		return false;
	while (i < name.len && islower((unsigned char)name.p[i]))
		i++;
	while (i < name.len && isdigit((unsigned char)name.p[i]))
		i++;
	return i == name.len;
}

/* Before 5.0 mkrootdev took the node that it was to make, and the root from
 * the kernel's arguments alone; since then its argument is used where those
 * name none. */
static bool root_word(struct dw_span line, struct dw_span *out)
{
	struct dw_span word;
	size_t pos = 0;

	if (!dw_word_next(line, &pos, &word) ||
	    !dw_span_is(bare(word), "mkrootdev"))
		return false;
	while (dw_word_next(line, &pos, &word)) {
		if (dw_span_is(word, "-t") || dw_span_is(word, "-o"))
			dw_word_next(line, &pos, &word);
		else if (is_driver_name(word)) {
			*out = word;
			return true;
		}
	}
	return false;
}

static void put_old(const struct dw_line *line, const struct dw_nash_want *want,
		    struct dw_buf *out, struct dw_changes *changes)
{
	size_t start = out->len, before;
	struct dw_span name;

	if (!want->root || !root_word(line->text, &name)) {
		dw_buf_add(out, line->text.p, line->text.len);
		return;
	}
	before = (size_t)(name.p - line->text.p);
	dw_buf_add(out, line->text.p, before);
	dw_buf_adds(out, want->root);
	dw_buf_add(out, name.p + name.len, line->text.len - before - name.len);
	if (!out->failed)
		dw_changes_add(changes, line->nr, line->text.p, line->text.len,
			       out->data + start, out->len - start,
			       "for a command line without root=");
}

static void put_all(const char *text, size_t len, const struct survey *s,
		    const struct dw_nash_want *want, struct dw_buf *out,
		    struct dw_changes *changes)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_line line;

	while (dw_lines_next(&walk, &line)) {
		if (s->missing_nr && line.nr == s->at_nr)
			put_loads(s, want, out, changes);
		put_old(&line, want, out, changes);
		dw_buf_add(out, line.eol.p, line.eol.len);
	}
}

int dw_nash_edit(const char *text, size_t len, const struct dw_nash_want *want,
		 struct dw_nash_style *style, struct dw_buf *out,
		 struct dw_changes *changes, struct dw_err *err)
{
	struct survey s = { .missing_nr = want->nr };
	int ret;

	s.present = calloc(want->nr + 1, sizeof(*s.present));
	if (!s.present)
		return dw_fail_nomem(err);
	find_place(text, len, want, &s);
	if (!s.style.known)
		snprintf(s.style.folder, sizeof(s.style.folder), "/lib");
	ret = judge(text, len, &s, err);
	if (ret)
		goto out;
	find_nodes(text, len, &s);
	put_all(text, len, &s, want, out, changes);
	ret = dw_buf_check(out, err);
	if (!ret)
		ret = dw_changes_check(changes, err);
	*style = s.style;
out:
	free(s.present);
	return ret;
}
