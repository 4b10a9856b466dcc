/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Builds and reads the kernel's command line.
 */
#include "cmdline.h"

static void add(struct cmdline *cl, const char *prefix, const char *s,
		size_t len)
{
	if (!append_text(cl->text, CMDLINE_MAX, prefix, strlen(prefix)) ||
	    !append_text(cl->text, CMDLINE_MAX, s, len))
		cl->cut = true;
}

static void add_options(struct cmdline *cl, const char *s)
{
	s = s ? skip_blanks(s) : "";
	if (*s)
		add(cl, " ", s, strlen(s));
}

static uint32_t parse_vga(const char *s)
{
	static const struct {
		const char *name;
		uint16_t mode;
	} names[] = {
		{ "normal", VGA_NORMAL }, { "ext", 0xfffe }, { "ask", 0xfffd },
		{ "current", 0x0f04 },
	};
	uint32_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		if (has_word(s, names[i].name))
			return names[i].mode;
	return parse_number(s, NULL);
}

/* A size with k, m or g; one of 4 GiB and more sets no limit for us. */
static uint32_t parse_mem(const char *s)
{
	const char *end;
	uint32_t v = parse_number(s, &end);
	char unit = lower(*end);
	uint32_t shift = unit == 'g' ? 30 : unit == 'm' ? 20 :
			 unit == 'k' ? 10 : 0;

	return (v << shift) >> shift == v ? v << shift : 0;
}

/* What follows name if the word begins with it, else NULL. */
static const char *value_of(const char *word, const char *name)
{
	while (*name)
		if (*word++ != *name++)
			return NULL;
	return word;
}

/* Obeys the words from 'word' on; returns the first initrd= among them. */
static const char *obey(struct cmdline *cl, const char *word)
{
	const char *initrd = NULL, *v;

	for (word = skip_blanks(word); *word;
	     word = skip_blanks(skip_word(word))) {
		if ((v = value_of(word, "mem=")))
			cl->mem_end = parse_mem(v);
		else if ((v = value_of(word, "vga=")))
			cl->vga = parse_vga(v);
		else if (!initrd && (v = value_of(word, "initrd=")))
			initrd = v;
		else if (has_word(word, "quiet"))
			cl->quiet = true;
	}
	return initrd;
}

static const char *end_of(const struct cmdline *cl)
{
	return cl->text + strlen(cl->text);
}

/*
 * Of an entry syslinux takes the first initrd=, which is that of APPEND before
 * INITRD; what is typed behind it is meant to change it.
 */
void cmdline_build(struct cmdline *cl, const char *kernel, const char *first,
		   const char *second, const char *initrd, const char *last)
{
	const char *group, *typed;

	memset(cl, 0, sizeof(*cl));
	cl->vga = VGA_NORMAL;
	add(cl, "BOOT_IMAGE=", kernel, skip_word(kernel) - kernel);
	add_options(cl, first);
	add_options(cl, second);
	if (initrd && *initrd)
		add(cl, " initrd=", initrd, skip_word(initrd) - initrd);
	cl->initrd = obey(cl, cl->text);
	group = end_of(cl);
	add_options(cl, last);
	typed = obey(cl, group);
	if (typed)
		cl->initrd = typed;
}
