/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adds an entry for one more kernel to a grub.cfg. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/bootconf_impl.h"
#include "boot/grubcfg.h"

/*
 * Where the entry stands that is copied.  GRUB counts what is in the outermost
 * menu, entries and submenus, while PyGrub counts entries wherever they are;
 * the first item is number 0 to both, and what PyGrub takes where the number
 * is in a variable.  So that is where a new default goes.
 */
struct finder {
	size_t like;
	size_t depth;		/* of submenus */
	long items_nr;		/* of the outermost menu so far */
	bool in_item;
	long index;		/* found: the item's ... */
	uint32_t last_line;	/* ... and the last of its lines */
	uint32_t title_line, top_line;	/* the entry's, the first item's */
	struct dw_word title, id;	/* words of the entry; len 0: none */
	/* "set default=" with a plain value, the last of them; len 0: none */
	struct dw_word plain;
};

static void open_item(struct finder *f, const struct dw_text *t,
		      const struct dw_grubcfg_stmt *s)
{
	if (f->depth)
		return;
	if (!f->items_nr++)
		f->top_line = t->lines[s->words.w[0].line].nr;
}

static void find_words(struct finder *f, const struct dw_text *t,
		       const struct dw_grubcfg_stmt *s)
{
	f->in_item = true;
	f->index = f->items_nr - 1;
	f->title_line = t->lines[s->words.w[0].line].nr;
	if (s->words.nr > 1)
		f->title = s->words.w[1];
	for (size_t i = 2; i + 1 < s->words.nr; i++)
		if (dw_grubcfg_word_is(t, s, i, "--id") ||
		    dw_grubcfg_word_is(t, s, i, "$menuentry_id_option") ||
		    dw_grubcfg_word_is(t, s, i, "${menuentry_id_option}"))
			f->id = s->words.w[i + 1];
}

static void close_item(struct finder *f, const struct dw_text *t,
		       const struct dw_grubcfg_stmt *s)
{
	if (f->depth || !f->in_item)
		return;
	f->in_item = false;
	f->last_line = t->lines[s->line].nr;
}

static void note_default(struct finder *f, const struct dw_text *t,
			 const struct dw_grubcfg_stmt *s)
{
	struct dw_span v;
	size_t off;

	if (s->entry_nr >= 0 || !dw_grubcfg_is_set(t, s, "default", &v, &off))
		return;
	if (!v.len || memchr(v.p, '$', v.len))
		return;
	f->plain = s->words.w[1];
	f->plain.off += (uint32_t)off;
	f->plain.len = (uint32_t)v.len;
	if (v.len >= 2 && (v.p[0] == '"' || v.p[0] == '\'')) {
		f->plain.off++;
		f->plain.len -= 2;
	}
}

static int visit(void *arg, const struct dw_text *t,
		 const struct dw_grubcfg_stmt *s, struct dw_err *err)
{
	struct finder *f = arg;

	switch (s->event) {
	case DW_GRUB_OPEN_ENTRY:
		open_item(f, t, s);
		if (s->entry_nr == (long)f->like)
			find_words(f, t, s);
		break;
	case DW_GRUB_OPEN_SUBMENU:
		open_item(f, t, s);
		f->depth++;
		break;
	case DW_GRUB_CLOSE_SUBMENU:
		f->depth -= f->depth > 0;
		close_item(f, t, s);
		break;
	case DW_GRUB_CLOSE_ENTRY:
		close_item(f, t, s);
		break;
	default:
		note_default(f, t, s);
		break;
	}
	return 0;
}

/* ---- its lines ---------------------------------------------------------- */

/* A word of the first line; what has no version in it gets one, so that the
 * two entries can be told apart. */
static void copy_word(struct dw_boot_copy *copy, struct dw_span word,
		      const char *between)
{
	size_t from = copy->line.len, quoted;

	dw_boot_copy_text(copy, word);
	if (copy->line.len - from != word.len || copy->line.failed ||
	    memcmp(copy->line.data + from, word.p, word.len))
		return;
	quoted = word.len && strchr("'\"", word.p[word.len - 1]) ? 1 : 0;
	copy->line.len -= quoted;
	dw_buf_printf(&copy->line, "%s%s", between, copy->add->version);
	dw_buf_add(&copy->line, word.p + word.len - quoted, quoted);
}

static int copy_first_line(struct dw_boot_copy *copy, const struct finder *f,
			   size_t indent, struct dw_err *err)
{
	uint32_t line = f->title_line - 1;
	struct dw_span s = dw_span_skip(copy->t->lines[line].now, indent);
	struct dw_span title = dw_word_span(copy->t, f->title), id;
	size_t at;

	at = (size_t)(title.p - s.p) + title.len;
	dw_boot_copy_text(copy, (struct dw_span) { s.p, at - title.len });
	copy_word(copy, title, ", with Linux ");
	if (f->id.len && f->id.line == line) {
		id = dw_word_span(copy->t, f->id);
		dw_boot_copy_text(copy, (struct dw_span) {
				s.p + at, (size_t)(id.p - s.p) - at });
		copy_word(copy, id, "-");
		at = (size_t)(id.p - s.p) + id.len;
	}
	dw_boot_copy_text(copy, dw_span_skip(s, at));
	return dw_boot_copy_line(copy, err);
}

/* "linux", "linux16" or "linuxefi"; but Ubuntu's "initrdfail" is no initrd. */
static bool is_command(struct dw_span s, const char *name)
{
	struct dw_span word = dw_span_word(&s);

	if (!dw_span_starts(word, name))
		return false;
	word = dw_span_skip(word, strlen(name));
	return !word.len || dw_span_is(word, "16") || dw_span_is(word, "efi");
}

/* An initrd line as the kernel's is written, in front of the last line. */
static int add_initrd(struct dw_boot_copy *copy, size_t indent,
		      struct dw_err *err)
{
	uint32_t line = copy->e->kernel_line - 1;
	struct dw_span s = dw_span_skip(copy->t->lines[line].now, indent);
	struct dw_span rest = s, word = dw_span_word(&rest);
	const char *end = word.p + word.len;

	dw_buf_add(&copy->line, s.p, (size_t)(word.p - s.p));
	dw_buf_adds(&copy->line, "initrd");
	dw_buf_add(&copy->line, word.p + strlen("linux"),
		   word.len - strlen("linux"));
	dw_buf_add(&copy->line, end, (size_t)(rest.p - end));
	dw_buf_adds(&copy->line, copy->add->initrd);
	return dw_boot_copy_line(copy, err);
}

static int copy_lines(struct dw_boot_copy *copy, const struct finder *f,
		      struct dw_err *err)
{
	struct dw_span s = copy->t->lines[f->title_line - 1].now;
	size_t indent = (size_t)(dw_span_trim(s).p - s.p), own;
	uint32_t nr;
	int ret = copy_first_line(copy, f, indent, err);

	for (nr = f->title_line + 1; nr <= copy->e->last_line && !ret; nr++) {
		s = copy->t->lines[nr - 1].now;
		own = (size_t)(dw_span_trim(s).p - s.p);
		s = dw_span_skip(s, own < indent ? own : indent);
		if (is_command(s, "initrd") && !copy->add->initrd)
			continue;
		if (nr == copy->e->last_line && copy->add->initrd &&
		    !copy->e->initrds_nr)
			ret = add_initrd(copy, indent, err);
		dw_boot_copy_text(copy, s);
		if (!ret)
			ret = dw_boot_copy_line(copy, err);
	}
	return ret;
}

/* One statement a line, as everybody writes it. */
static int check_shape(const struct dw_bootconf *bc, const struct finder *f,
		       struct dw_err *err)
{
	const struct dw_boot_entry *e = &bc->entries[f->like];
	struct dw_span first, last, linux_line;

	if (f->title_line && f->title.line == f->title_line - 1 &&
	    f->last_line >= e->last_line && e->last_line > f->title_line &&
	    e->kernel_line > f->title_line && e->kernel_line < e->last_line) {
		first = dw_span_trim(bc->text->lines[f->title_line - 1].now);
		last = dw_span_trim(bc->text->lines[e->last_line - 1].now);
		linux_line = bc->text->lines[e->kernel_line - 1].now;
		if (dw_span_starts(first, "menuentry") &&
		    dw_span_is(last, "}") && is_command(linux_line, "linux"))
			return 0;
	}
	return dw_fail(err, DW_UNSUPPORTED, "its entries are written in a "
		       "manner that cannot be copied");
}

/* ---- the default -------------------------------------------------------- */

static int set_value(struct dw_text *t, struct dw_word w, long nr,
		     size_t keep_from, struct dw_err *err)
{
	char text[24];

	snprintf(text, sizeof(text), "%ld", nr);
	return dw_text_splice(t, w.line, w.off, keep_from, text, strlen(text),
			      err);
}

/* A number, or "2>1": what comes behind the new item counts one more. */
static int shift_default(struct dw_text *t, const struct finder *f,
			 struct dw_err *err)
{
	struct dw_span v = dw_word_span(t, f->plain);
	size_t digits = 0;
	long nr;

	while (digits < v.len && v.p[digits] >= '0' && v.p[digits] <= '9')
		digits++;
	if (!dw_span_number(v, &nr) || nr <= f->index ||
	    (digits < v.len && v.p[digits] != '>'))
		return 0;
	return set_value(t, f->plain, nr + 1, digits, err);
}

int dw_grubcfg_add(struct dw_bootconf *bc, const struct dw_boot_add *add,
		   struct dw_err *err)
{
	struct finder f = { .like = add->like };
	struct dw_boot_copy copy;
	int ret = dw_grubcfg_walk(bc->text, visit, &f, err);

	dw_boot_copy_init(&copy, bc, add);
	if (!ret)
		ret = check_shape(bc, &f, err);
	if (!ret && f.plain.len && add->make_default)
		ret = set_value(bc->text, f.plain, 0, f.plain.len, err);
	else if (!ret && f.plain.len)
		ret = shift_default(bc->text, &f, err);
	if (!ret) {
		copy.after = add->make_default
			? dw_boot_line_before(f.top_line) : f.last_line - 1;
		ret = copy_lines(&copy, &f, err);
	}
	dw_buf_free(&copy.line);
	return ret;
}
