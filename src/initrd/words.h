/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of modules in configurations, in guests and in initrds. */
#ifndef DW_INITRD_WORDS_H
#define DW_INITRD_WORDS_H

#include "initrd/family.h"

/* How a list has a module on a line of its own: its name between these two.
 * With an empty end there may be more behind it, as options. */
struct dw_line_form {
	const char *start, *end;
};

/* Just names, and options. */
extern const struct dw_line_form dw_line_plain;

/* Appends the text to out, with a line more for each name that it lacks,
 * be it written with '-' or '_'.  changes may be NULL. */
void dw_initrd_add_lines(const char *text, size_t len,
			 const struct dw_module_list *names,
			 const struct dw_line_form *form, struct dw_buf *out,
			 struct dw_changes *changes);

/* Plans that for a file of the guest, which is made where it is missing. */
int dw_initrd_keep_lines(const struct dw_initrd_target *t, const char *path,
			 const struct dw_module_list *names,
			 const struct dw_line_form *form,
			 struct dw_edits *edits, struct dw_err *err);

/* Puts a file with b->names on lines into the archive, behind what the initrd
 * has under its name ('old', NULL: nothing). */
int dw_initrd_put_lines(struct dw_initrd_build *b,
			const struct dw_initrd_text *old,
			const struct dw_line_form *form, struct dw_err *err);

/* For what has one such list: the modules as modprobe finds them, and in the
 * file of that name in the initrd b->names on lines. */
int dw_initrd_add_listed(struct dw_initrd_build *b, const char *name,
			 struct dw_err *err);

/*
 * An editor of shell text (dw_edit_fn): adds words to what NAME=(...),
 * NAME="...", NAME='...' or NAME=word of the last line with NAME= or NAME+=
 * holds.  Where that is none of these, or goes over several lines, a line
 * that adds to it is put behind all.
 */
struct dw_shell_words {
	const char *name;
	const struct dw_module_list *words;
	bool array;		/* as which it is made anew */
	bool adds;		/* where the text does not set it, something
				 * else may have */
};

int dw_shell_add_words(const char *text, size_t len, const void *arg,
		       struct dw_buf *out, struct dw_changes *changes,
		       struct dw_err *err);
/* Whether a line of the text sets NAME, or adds to it. */
bool dw_shell_sets(const char *text, size_t len, const char *name);

/* Plans that for a file of the guest; where it is missing a remark says so. */
int dw_initrd_keep_words(const struct dw_initrd_target *t, const char *path,
			 const struct dw_shell_words *words,
			 struct dw_edits *edits, struct dw_err *err);

#endif
