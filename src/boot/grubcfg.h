/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * grub.cfg as statements; for its reader and its editor.
 *
 * Enough of GRUB 2's shell language to find menu entries and the commands in
 * them: words with quotes, $ and ${}, comments, ';', blocks in braces, lines
 * joined by a backslash.  Nothing is evaluated.
 */
#ifndef DW_BOOT_GRUBCFG_H
#define DW_BOOT_GRUBCFG_H

#include "boot/text_words.h"

enum dw_grubcfg_event {
	DW_GRUB_STMT,		/* any statement, those below not */
	DW_GRUB_OPEN_ENTRY,	/* words: menuentry TITLE ... */
	DW_GRUB_CLOSE_ENTRY,	/* no words */
	DW_GRUB_OPEN_SUBMENU,
	DW_GRUB_CLOSE_SUBMENU,
};

struct dw_grubcfg_stmt {
	enum dw_grubcfg_event event;
	struct dw_words words;	/* without leading then, else, do */
	uint32_t line;		/* index of the line it ends on */
	long entry_nr;		/* the entry it stands in, or -1 */
};

typedef int (*dw_grubcfg_fn)(void *arg, const struct dw_text *t,
			     const struct dw_grubcfg_stmt *s,
			     struct dw_err *err);

/* Calls fn for each statement outside of functions.  A non-zero answer ends
 * the walk and is returned. */
int dw_grubcfg_walk(const struct dw_text *t, dw_grubcfg_fn fn, void *arg,
		    struct dw_err *err);

/* Whether word i is there and is 'text'. */
bool dw_grubcfg_word_is(const struct dw_text *t,
			const struct dw_grubcfg_stmt *s, size_t i,
			const char *text);
/* linux, linux16, linuxefi; initrd, ...; multiboot, ...; module, ... */
bool dw_grubcfg_is_linux(const struct dw_text *t,
			 const struct dw_grubcfg_stmt *s);
bool dw_grubcfg_is_initrd(const struct dw_text *t,
			  const struct dw_grubcfg_stmt *s);
bool dw_grubcfg_is_multiboot(const struct dw_text *t,
			     const struct dw_grubcfg_stmt *s);
bool dw_grubcfg_is_module(const struct dw_text *t,
			  const struct dw_grubcfg_stmt *s);
/* "set NAME=VALUE": the value as written, quotes included, and where in word 1
 * it starts. */
bool dw_grubcfg_is_set(const struct dw_text *t,
		       const struct dw_grubcfg_stmt *s, const char *name,
		       struct dw_span *value, size_t *value_off);
/* What a quoted word means: quotes and backslashes taken away. */
char *dw_grubcfg_unquote(struct dw_span s);

#endif
