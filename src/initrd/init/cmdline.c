/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's command line, as /init understands it. */
#include "cmdline.h"

/* Words end at blanks that are not in double quotes, as the kernel's own
 * parser has it (Documentation/admin-guide/kernel-parameters.rst). */
static void split(struct cmdline *c, const char *text)
{
	bool quoted = false, inside = false;

	c->len = 0;
	for (; *text && c->len + 2 < sizeof(c->words); text++) {
		if (is_blank(*text) && !quoted) {
			if (inside)
				c->words[c->len++] = '\0';
			inside = false;
			continue;
		}
		inside = true;
		if (*text == '"')
			quoted = !quoted;
		else
			c->words[c->len++] = *text;
	}
	if (inside)
		c->words[c->len++] = '\0';
}

const char *cmdline_next(const struct cmdline *c, const char *word)
{
	const char *end = c->words + c->len;
	const char *next = word ? word + strlen(word) + 1 : c->words;

	return next < end && !text_is(next, "--") ? next : NULL;
}

static void take(struct cmdline *c, const char *word)
{
	const struct {
		const char *start;
		const char **to;
	} texts[] = {
		{ "root=", &c->root }, { "rootfstype=", &c->root_type },
		{ "rootflags=", &c->root_flags }, { "init=", &c->init },
		{ "resume=", &c->resume }, { "break", &c->shell },
		{ "rd.break", &c->shell },
	};
	const char *value;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		value = text_after(word, texts[i].start);
		if (value)
			*texts[i].to = value;
	}
	value = text_after(word, "rootdelay=");
	if (value && !text_number(&value, 10, &c->root_delay))
		c->root_delay = 0;
	if (text_is(word, "rootwait"))
		c->root_wait = true;
	else if (text_is(word, "ro") || text_is(word, "rw"))
		c->rw = word[1] == 'w';
	else if (text_is(word, "quiet"))
		c->quiet = true;
}

void cmdline_parse(struct cmdline *c, const char *text)
{
	const char *word = NULL;

	memset(c, 0, sizeof(*c));
	split(c, text);
	while ((word = cmdline_next(c, word)))
		take(c, word);
}

/* Where the option of "MODULE.OPTION..." begins, or NULL. */
static const char *option_of(const char *word, const char *module)
{
	size_t len = 0;

	while (word[len] && word[len] != '.' && word[len] != '=')
		len++;
	return word[len] == '.' && word[len + 1] &&
		text_is_module(module, word, len) ? word + len + 1 : NULL;
}

static bool add_option(char *out, size_t cap, const char *option)
{
	bool quote = false;

	for (const char *at = option; *at; at++)
		quote |= is_blank(*at);
	return (!*out || text_add(out, cap, " ")) &&
		(!quote || text_add(out, cap, "\"")) &&
		text_add(out, cap, option) &&
		(!quote || text_add(out, cap, "\""));
}

/* An option that does not fit is left out whole: half of one says something
 * else. */
bool cmdline_options(const struct cmdline *c, const char *module, char *out,
		     size_t cap)
{
	const char *word = NULL;

	*out = '\0';
	while ((word = cmdline_next(c, word))) {
		const char *option = option_of(word, module);
		size_t len = strlen(out);

		if (option && !add_option(out, cap, option)) {
			out[len] = '\0';
			return false;
		}
	}
	return true;
}

static bool lists(const char *names, const char *module)
{
	while (*names) {
		size_t len = 0;

		while (names[len] && names[len] != ',')
			len++;
		if (text_is_module(module, names, len))
			return true;
		names += len + (names[len] == ',');
	}
	return false;
}

bool cmdline_blacklists(const struct cmdline *c, const char *module)
{
	const char *word = NULL, *names;

	while ((word = cmdline_next(c, word))) {
		names = text_after(word, "modprobe.blacklist=");
		if (!names)
			names = text_after(word, "rd.driver.blacklist=");
		if (names && lists(names, module))
			return true;
	}
	return false;
}
