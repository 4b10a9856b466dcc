/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strings as Python has them, and what the three parsers hand back. */
#ifndef DW_BOOT_PYGRUB_TEXT_H
#define DW_BOOT_PYGRUB_TEXT_H

#include "boot/pygrub.h"
#include "boot/text.h"

/* Python 3 (Xen 4.17) sees characters, Python 2 (Xen 4.4) bytes. */
struct dw_py {
	bool unicode;
};

/* Strict UTF-8: no surrogates, no overlong forms, nothing above 10FFFF.
 * Returns the offset of the first byte that is wrong, or len. */
size_t dw_py_utf8(const char *p, size_t len);

struct dw_span dw_py_strip(struct dw_py py, struct dw_span s);
/* s.split(None, 1): the first word, and the rest without blanks in front. */
struct dw_span dw_py_split_word(struct dw_py py, struct dw_span *rest);
/* Without the first n characters. */
struct dw_span dw_py_skip(struct dw_py py, struct dw_span s, size_t n);
bool dw_py_has(struct dw_span s, const char *text);
/* int(s); false where that raises ValueError.  Large values are capped. */
bool dw_py_int(struct dw_py py, struct dw_span s, bool *negative,
	       uint32_t *value);

/* PyGrub's own splitting: at '=' where it comes before the first space or
 * tab, else at white space; at most max pieces.  Returns how many. */
size_t dw_pygrub_split(struct dw_py py, struct dw_span s, size_t max,
		       struct dw_span *out);

/* One menu entry.  p of kernel, initrd and args is NULL for Python's None. */
struct dw_pygrub_image {
	struct dw_span title, kernel, initrd, args;
	uint32_t line_nr;	/* of its kernel, else where it starts */
	uint32_t ignored_nr;	/* line of an INITRD or LINUX that PyGrub does
				 * not know, or 0 */
};

/* One configuration while it is read. */
struct dw_pygrub_conf {
	enum dw_pygrub_rules rules;
	struct dw_py py;
	struct dw_pygrub_image *images;
	size_t images_nr, images_cap;
	uint32_t default_nr;
	struct dw_span default_label;	/* extlinux */
	struct dw_span timeout;
	uint32_t timeout_line_nr;
	/* Strings that are not part of the text. */
	char **own;
	size_t own_nr, own_cap;

	/* The fault that ends the reading; its line and text. */
	enum dw_pygrub_why why;
	uint32_t line_nr;
	char reason[160];
};

/* A line of an entry, stripped. */
struct dw_pygrub_line {
	struct dw_span s;
	uint32_t nr;
};

struct dw_pygrub_lines {
	struct dw_pygrub_line *l;
	size_t nr, cap;
};

/* The line at *off, stripped; false behind the last. */
bool dw_pygrub_next_line(struct dw_py py, struct dw_span text, size_t *off,
			 struct dw_pygrub_line *line);
int dw_pygrub_keep_line(struct dw_pygrub_lines *lines,
			const struct dw_pygrub_line *line, struct dw_err *err);
int dw_pygrub_new_image(struct dw_pygrub_conf *c, struct dw_pygrub_image **out,
			struct dw_err *err);
/* Gives the string at p, malloced, to the configuration. */
int dw_pygrub_own(struct dw_pygrub_conf *c, char *p, struct dw_err *err);
void dw_pygrub_conf_free(struct dw_pygrub_conf *c);

/* Notes a fault; always returns false, so that a check can return it. */
bool dw_pygrub_fault(struct dw_pygrub_conf *c, enum dw_pygrub_why why,
		     uint32_t line_nr, const char *fmt, ...) DW_PRINTF(4, 5);

/* Checks "(hd0,0)", "hd0,msdos1", "/dev/xvda" as a device. */
bool dw_pygrub_check_disk(struct dw_pygrub_conf *c, struct dw_span s,
			  uint32_t line_nr);
/* "(hd0,0)/path" or "/path" -> "/path" */
bool dw_pygrub_get_path(struct dw_pygrub_conf *c, struct dw_span s,
			uint32_t line_nr, struct dw_span *path);
/* kernel and args of an image from "PATH ARGS". */
bool dw_pygrub_set_kernel(struct dw_pygrub_conf *c, struct dw_pygrub_image *i,
			  struct dw_span s, uint32_t line_nr);
bool dw_pygrub_set_default(struct dw_pygrub_conf *c, struct dw_span s,
			   uint32_t line_nr);

/* The parsers.  0 also where a fault was noted: c->why tells. */
int dw_pygrub_read_grub1(struct dw_pygrub_conf *c, struct dw_span text,
			 struct dw_err *err);
int dw_pygrub_read_grub2(struct dw_pygrub_conf *c, struct dw_span text,
			 struct dw_err *err);
int dw_pygrub_read_extlinux(struct dw_pygrub_conf *c, struct dw_span text,
			    struct dw_err *err);

#endif
