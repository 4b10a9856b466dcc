/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernel arguments as words of a text's lines, and changing one of them. */
#ifndef DW_BOOT_TEXT_WORDS_H
#define DW_BOOT_TEXT_WORDS_H

#include "boot/text.h"

/* Where a word stands; a statement of grub.cfg may go over several lines. */
struct dw_word {
	uint32_t line;
	uint32_t off;
	uint32_t len;
};

struct dw_words {
	struct dw_word *w;
	size_t nr, cap;
};

enum dw_arg_op {
	DW_ARG_REPLACE,	/* wherever NAME= stands already */
	DW_ARG_SET,	/* replace, or add where it is not there */
	DW_ARG_ADD,	/* add, unless just this NAME=VALUE is there */
	DW_ARG_REMOVE,	/* every NAME and NAME=... */
};

/* What to do with one argument.  value NULL is a bare NAME.  Where 'only' is
 * given, words with another value are left alone. */
struct dw_arg_edit {
	enum dw_arg_op op;
	const char *name;
	const char *value;
	const char *only;
};

void dw_words_free(struct dw_words *words);
int dw_words_add(struct dw_words *words, uint32_t line, size_t off, size_t len,
		 struct dw_err *err);

/* Adds the words of a line from 'off' on: runs without blanks; a double quote
 * joins words as the kernel's own parser has it. */
int dw_words_split(const struct dw_text *t, uint32_t line, size_t off,
		   struct dw_words *out, struct dw_err *err);

struct dw_span dw_word_span(const struct dw_text *t, struct dw_word w);

/* One word as an argument: whether it is NAME or NAME=VALUE; quotes around the
 * word or the value are left out of *value; its p is NULL for a bare NAME. */
bool dw_arg_is(struct dw_span word, const char *name, struct dw_span *value);
/* The value of the last NAME= in a command line, as the kernel takes it. */
bool dw_args_get(struct dw_span args, const char *name, struct dw_span *value);

/* Replaces len bytes of a line at off. */
int dw_text_splice(struct dw_text *t, uint32_t line, size_t off, size_t len,
		   const char *with, size_t with_len, struct dw_err *err);

/*
 * Applies the edits to words[from...]; what they add goes behind the last word
 * (of all words: words.nr is at least 1).  DW_USAGE for a name or value that
 * a command line cannot hold.
 */
int dw_words_edit(struct dw_text *t, const struct dw_words *words, size_t from,
		  const struct dw_arg_edit *edits, size_t edits_nr,
		  struct dw_err *err);

#endif
