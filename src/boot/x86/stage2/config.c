/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Parser of extlinux.conf and syslinux.cfg: one directive a line, keywords in
 * any case, no quoting and no continuation. What concerns only looks, or other
 * machines, is accepted and means nothing; so are unknown lines.
 */
#include "config.h"

struct parser {
	struct config *cfg;
	const struct config_ops *ops;
	struct config_text *text;
	struct entry *entry;	/* being described; NULL: global part */
	struct entry spare;	/* takes what comes when the array is full */
	uint32_t nesting;
	bool in_help;		/* between TEXT and ENDTEXT */
};

struct keyword {
	const char *name;
	void (*handle)(struct parser *p, char *value);
};

static fault parse_file(struct parser *p, const char *path);

static bool is_on(const char *value)
{
	return parse_number(value, NULL) != 0;
}

static void do_default(struct parser *p, char *v)
{
	p->cfg->default_line = v;
}

static void do_ui(struct parser *p, char *v)
{
	p->cfg->ui = v;
}

static void do_ontimeout(struct parser *p, char *v)
{
	p->cfg->on_timeout = v;
}

static void do_onerror(struct parser *p, char *v)
{
	p->cfg->on_error = v;
}

static void do_timeout(struct parser *p, char *v)
{
	p->cfg->timeout = parse_number(v, NULL);
}

static void do_totaltimeout(struct parser *p, char *v)
{
	p->cfg->total_timeout = parse_number(v, NULL);
}

static void do_prompt(struct parser *p, char *v)
{
	p->cfg->prompt = is_on(v);
}

static void do_noescape(struct parser *p, char *v)
{
	p->cfg->no_escape = is_on(v);
}

static void do_implicit(struct parser *p, char *v)
{
	p->cfg->no_implicit = !is_on(v);
}

static void do_allowoptions(struct parser *p, char *v)
{
	p->cfg->no_options = !is_on(v);
}

static void do_serial(struct parser *p, char *v)
{
	p->ops->serial(p->ops->arg, v);
}

static void do_say(struct parser *p, char *v)
{
	p->ops->say(p->ops->arg, v);
}

static void do_label(struct parser *p, char *v)
{
	struct config *cfg = p->cfg;

	*skip_word(v) = 0;
	p->entry = cfg->entries_nr < CONFIG_ENTRIES_MAX ?
		   &cfg->entries[cfg->entries_nr++] : &p->spare;
	memset(p->entry, 0, sizeof(*p->entry));
	p->entry->label = v;
	p->entry->title = v;
}

static void do_append(struct parser *p, char *v)
{
	if (same_word(v, "-") && !*skip_blanks(v + 1))
		v++;				/* "-": nothing */
	if (p->entry)
		p->entry->append = v;
	else
		p->cfg->append = v;
}

static void do_initrd(struct parser *p, char *v)
{
	if (p->entry)
		p->entry->initrd = v;
}

static void set_target(struct parser *p, char *v, enum boot_type type)
{
	if (!p->entry)
		return;
	p->entry->target = v;
	p->entry->type = type;
}

static bool ends_with(const char *word, size_t len, const char *suffix)
{
	size_t suffix_len = strlen(suffix), i;

	if (suffix_len > len)
		return false;
	for (i = 0; i < suffix_len; i++)
		if (lower(word[len - suffix_len + i]) != suffix[i])
			return false;
	return true;
}

/* KERNEL tells by the name what it is; these are not kernels. */
static bool is_foreign(const char *path)
{
	static const char *const suffixes[] = {
		".c32", ".com", ".cbt", ".0", ".bin", ".bs", ".bss", ".img",
	};
	size_t len = skip_word(path) - path;
	uint32_t i;

	for (i = 0; i < ARRAY_LEN(suffixes); i++)
		if (ends_with(path, len, suffixes[i]))
			return true;
	return false;
}

static void do_kernel(struct parser *p, char *v)
{
	set_target(p, v, is_foreign(v) ? BOOT_FOREIGN : BOOT_LINUX);
}

static void do_linux(struct parser *p, char *v)
{
	set_target(p, v, BOOT_LINUX);
}

static void do_foreign(struct parser *p, char *v)
{
	set_target(p, v, BOOT_FOREIGN);
}

static void do_localboot(struct parser *p, char *v)
{
	set_target(p, v, BOOT_LOCAL);
}

static void do_include(struct parser *p, char *v)
{
	*skip_word(v) = 0;		/* MENU INCLUDE may have a title */
	parse_file(p, v);		/* a missing one is no fault */
}

static void do_text(struct parser *p, char *v)
{
	p->in_help = has_word(v, "help");
}

/* '^' marks a hot key in a title; the text goes on without it. */
static void drop_caret(char *s)
{
	for (; *s && *s != '^'; s++)
		;
	for (; *s; s++)
		*s = s[1];
}

static void menu_label(struct parser *p, char *v)
{
	drop_caret(v);
	if (p->entry)
		p->entry->title = v;
}

static void menu_default(struct parser *p, char *v)
{
	if (p->entry && p->entry != &p->spare)
		p->cfg->menu_default = p->entry - p->cfg->entries;
}

static void menu_title(struct parser *p, char *v)
{
	p->cfg->menu_title = v;
}

static void menu_hidden(struct parser *p, char *v)
{
	p->cfg->menu_hidden = true;
}

static void menu_hide(struct parser *p, char *v)
{
	if (p->entry)
		p->entry->hidden = true;
}

static const struct keyword menu_keywords[] = {
	{ "label", menu_label },
	{ "default", menu_default },
	{ "title", menu_title },
	{ "hidden", menu_hidden },
	{ "hide", menu_hide },
	{ "disable", menu_hide },
	{ "include", do_include },
};

static void do_menu(struct parser *p, char *v);

static const struct keyword keywords[] = {
	{ "label", do_label },
	{ "linux", do_linux },
	{ "kernel", do_kernel },
	{ "append", do_append },
	{ "initrd", do_initrd },
	{ "default", do_default },
	{ "timeout", do_timeout },
	{ "totaltimeout", do_totaltimeout },
	{ "ontimeout", do_ontimeout },
	{ "onerror", do_onerror },
	{ "prompt", do_prompt },
	{ "noescape", do_noescape },
	{ "implicit", do_implicit },
	{ "allowoptions", do_allowoptions },
	{ "serial", do_serial },
	{ "say", do_say },
	{ "ui", do_ui },
	{ "menu", do_menu },
	{ "include", do_include },
	{ "text", do_text },
	{ "localboot", do_localboot },
	{ "com32", do_foreign },
	{ "comboot", do_foreign },
	{ "boot", do_foreign },
	{ "bss", do_foreign },
	{ "pxe", do_foreign },
	{ "fdimage", do_foreign },
	{ "config", do_foreign },
};

static void dispatch(struct parser *p, const struct keyword *list,
		     uint32_t nr, char *line)
{
	uint32_t i;

	for (i = 0; i < nr; i++) {
		if (has_word(line, list[i].name)) {
			list[i].handle(p, skip_blanks(skip_word(line)));
			return;
		}
	}
}

static void do_menu(struct parser *p, char *v)
{
	dispatch(p, menu_keywords, ARRAY_LEN(menu_keywords), v);
}

static void parse_line(struct parser *p, char *line)
{
	line = skip_blanks(line);
	if (p->in_help)
		p->in_help = !has_word(line, "endtext");
	else
		dispatch(p, keywords, ARRAY_LEN(keywords), line);
}

/* Cuts the line end and trailing blanks off; returns the next line. */
static char *cut_line(char *line)
{
	char *end = line, *next;

	while (*end && *end != '\n')
		end++;
	next = *end ? end + 1 : end;
	while (end > line && (is_blank(end[-1]) || end[-1] == '\r'))
		end--;
	if (*end)
		*end = 0;
	return next;
}

static fault parse_file(struct parser *p, const char *path)
{
	struct config_text *text = p->text;
	char *line = text->start + text->len, *end, *next;
	uint32_t len, i;
	fault f;

	if (p->nesting == CONFIG_NESTING_MAX)
		return "files are included too deep";
	f = p->ops->read(p->ops->arg, path, line, text->max - text->len, &len);
	if (f)
		return f;
	end = line + len;
	for (i = 0; i < len; i++)
		if (!line[i])
			line[i] = ' ';
	*end = 0;
	text->len += len + 1;
	p->nesting++;
	for (; line < end; line = next) {
		next = cut_line(line);
		parse_line(p, line);
	}
	p->nesting--;
	return NULL;
}

fault config_read(struct config *cfg, const struct config_ops *ops,
		  struct config_text *text, const char *path)
{
	struct parser p = { .cfg = cfg, .ops = ops, .text = text };

	memset(cfg, 0, sizeof(*cfg));
	cfg->menu_default = CONFIG_NO_ENTRY;
	return parse_file(&p, path);
}

struct entry *config_find(struct config *cfg, const char *line)
{
	uint32_t i;

	for (i = 0; i < cfg->entries_nr; i++)
		if (same_word(cfg->entries[i].label, line))
			return &cfg->entries[i];
	return NULL;
}

bool config_is_menu(const char *line)
{
	size_t len = line ? skip_word(line) - line : 0;

	return ends_with(line, len, "menu.c32");
}
