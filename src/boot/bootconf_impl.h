/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the readers of the three dialects share; for src/boot alone. */
#ifndef DW_BOOT_BOOTCONF_IMPL_H
#define DW_BOOT_BOOTCONF_IMPL_H

#include "boot/bootconf.h"

struct dw_bootconf_ops {
	/* Fills entries and the rest from bc->text, which is kept. */
	int (*read)(struct dw_bootconf *bc, struct dw_err *err);
	int (*edit_entry)(struct dw_bootconf *bc,
			  const struct dw_boot_entry *e,
			  const struct dw_arg_edit *edits, size_t edits_nr,
			  struct dw_err *err);
	/* edits hold no DW_ARG_SET */
	int (*edit_defaults)(struct dw_bootconf *bc,
			     const struct dw_arg_edit *edits, size_t edits_nr,
			     struct dw_err *err);
	int (*set_partition)(struct dw_bootconf *bc, unsigned part_nr,
			     struct dw_err *err);
	int (*add)(struct dw_bootconf *bc, const struct dw_boot_add *add,
		   struct dw_err *err);
};

extern const struct dw_bootconf_ops dw_extlinux_ops;
extern const struct dw_bootconf_ops dw_menulst_ops;
extern const struct dw_bootconf_ops dw_grubcfg_ops;
const struct dw_bootconf_ops *dw_bootconf_ops_of(enum dw_bootconf_kind kind);

/* The editors, each beside its reader in a file of its own. */
#define DW_BOOTCONF_EDITORS(dialect)					\
	int dw_##dialect##_edit_entry(struct dw_bootconf *bc,		\
				      const struct dw_boot_entry *e,	\
				      const struct dw_arg_edit *edits,	\
				      size_t edits_nr,			\
				      struct dw_err *err);		\
	int dw_##dialect##_edit_defaults(struct dw_bootconf *bc,	\
					 const struct dw_arg_edit *edits, \
					 size_t edits_nr,		\
					 struct dw_err *err);		\
	int dw_##dialect##_set_partition(struct dw_bootconf *bc,	\
					 unsigned part_nr,		\
					 struct dw_err *err);		\
	int dw_##dialect##_add(struct dw_bootconf *bc,			\
			       const struct dw_boot_add *add,		\
			       struct dw_err *err)

DW_BOOTCONF_EDITORS(extlinux);
DW_BOOTCONF_EDITORS(menulst);
DW_BOOTCONF_EDITORS(grubcfg);

/*
 * Copying an entry for another kernel, line by line (bootconf_add.c).  Lines
 * are put together in 'line' and inserted behind 'after', which moves on.
 * dw_buf_free() the line at the end.
 */
struct dw_boot_copy {
	struct dw_text *t;
	const struct dw_boot_entry *e;
	const struct dw_boot_add *add;
	const char *old_initrd;	/* the kernel's own among several, or NULL */
	uint32_t after;		/* or DW_NO_LINE */
	struct dw_buf line;
};

void dw_boot_copy_init(struct dw_boot_copy *copy, struct dw_bootconf *bc,
		       const struct dw_boot_add *add);
/* Adds text to copy->line, with kernel, initrd and version exchanged. */
void dw_boot_copy_text(struct dw_boot_copy *copy, struct dw_span s);
/* Inserts copy->line, and empties it. */
int dw_boot_copy_line(struct dw_boot_copy *copy, struct dw_err *err);
/* The index of the line before the one of that number. */
uint32_t dw_boot_line_before(uint32_t line_nr);

/* A new last entry; pointers to others go stale. */
int dw_bootconf_new_entry(struct dw_bootconf *bc, struct dw_boot_entry **out,
			  struct dw_err *err);
/* Replaces a string field by a copy of s. */
int dw_boot_set(char **field, struct dw_span s, struct dw_err *err);
/* More than DW_BOOT_MAX_INITRDS are left out. */
int dw_boot_add_initrd(struct dw_boot_entry *e, struct dw_span s,
		       struct dw_err *err);

/* Cuts the first word (up to a blank) off *rest, which loses blanks at its
 * start; a word of length 0 means there was none. */
struct dw_span dw_span_word(struct dw_span *rest);
/* A number at the start of s: true, and the number capped at LONG_MAX. */
bool dw_span_number(struct dw_span s, long *out);

/* The line's content without blanks around it, and where it starts. */
struct dw_span dw_line_trimmed(const struct dw_text *t, uint32_t line,
			       size_t *off);

/* One entry of a menu.lst, with an empty line in front. */
int dw_menulst_entry_text(struct dw_buf *b, const char *root,
			  const struct dw_boot_spec_entry *e,
			  struct dw_err *err);

#endif
