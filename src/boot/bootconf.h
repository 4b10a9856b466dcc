/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Boot configurations: extlinux.conf or syslinux.cfg, GRUB legacy's menu.lst
 * or grub.conf, and GRUB 2's grub.cfg, as one list of entries.
 *
 * Pure text: nothing here opens a file.  Reading keeps the text, edits change
 * single words of it, dw_text_report() tells which lines differ.
 */
#ifndef DW_BOOT_BOOTCONF_H
#define DW_BOOT_BOOTCONF_H

#include "boot/text.h"
#include "boot/text_words.h"

enum dw_bootconf_kind {
	DW_BOOTCONF_EXTLINUX,
	DW_BOOTCONF_MENULST,
	DW_BOOTCONF_GRUBCFG,
};

#define DW_BOOT_MAX_ENTRIES 1024
#define DW_BOOT_MAX_INITRDS 16

/*
 * One entry, as its own boot loader (not PyGrub) reads it.  Strings are NULL
 * where the file has none; paths are as written, without a GRUB device in
 * front.  Line numbers count from 1 in the file as read, 0 is none.
 */
struct dw_boot_entry {
	char *title;		/* label where it has no other title */
	char *label;		/* extlinux: LABEL; grub.cfg: --id */
	char *kernel;
	char *args;		/* initrd= taken out for extlinux */
	char *initrds[DW_BOOT_MAX_INITRDS];
	unsigned initrds_nr;
	char *root;		/* "(hd0,0)", or what set root= gives */
	bool is_default;
	bool is_module;		/* a Xen or multiboot entry: kernel is what the
				 * hypervisor starts */
	bool is_other;		/* chain loaders and what else is no Linux */
	uint32_t first_line, last_line;
	uint32_t kernel_line, args_line, initrd_line, root_line;
	size_t stmt;		/* for the editors: number of the statement
				 * that holds the arguments */
};

struct dw_bootconf {
	enum dw_bootconf_kind kind;
	struct dw_text *text;
	struct dw_boot_entry *entries;
	size_t entries_nr;
	/* Index of what boots when no key is pressed; -1: nothing does, or
	 * the file does not tell (saved entries). */
	long default_nr;
	char *default_spec;	/* as written, NULL where nothing is */
	long timeout_ds;	/* tenths of a second; -1: none given */
	/* extlinux: names of INCLUDEd files; their entries are not read */
	char **includes;
	size_t includes_nr;
};

/* DW_LIMIT for a text or a list of entries that is too long.  No text is too
 * broken for it: what makes no sense is left out. */
int dw_bootconf_parse(enum dw_bootconf_kind kind, const char *data, size_t len,
		      struct dw_bootconf **out, struct dw_err *err);
void dw_bootconf_free(struct dw_bootconf *bc);

/* The configurations that a guest may have, in PyGrub's order; the last path is
 * NULL. */
struct dw_boot_file {
	const char *path;
	int kind;		/* enum dw_bootconf_kind */
};
extern const struct dw_boot_file dw_boot_files[];

/*
 * The edits.  They change bc->text alone: entries tell what was read until
 * dw_bootconf_reread() is called, which keeps the number of entries.
 */

/* Arguments of one entry's kernel. */
int dw_bootconf_edit_entry(struct dw_bootconf *bc, size_t entry_nr,
			   const struct dw_arg_edit *edits, size_t edits_nr,
			   struct dw_err *err);

/*
 * Arguments from which a guest makes entries later: "# kopt=", "# kopt_...="
 * in a menu.lst, global APPEND lines of extlinux, kernelopts and
 * default_kernelopts in a grub.cfg.  DW_ARG_SET does not add to a line that
 * has no NAME= yet.  "# xenkopt=", "# defoptions=" and "# altoptions=" of a
 * menu.lst are changed likewise, but DW_ARG_ADD leaves them alone.
 *
 * Call it before dw_bootconf_edit_entry(): an extlinux entry that takes the
 * global APPEND gets one of its own where the edits ask for something else.
 */
int dw_bootconf_edit_defaults(struct dw_bootconf *bc,
			      const struct dw_arg_edit *edits, size_t edits_nr,
			      struct dw_err *err);

/*
 * Names of the whole first disk become its partition part_nr (1...): in a
 * menu.lst (hd0) -> (hd0,0), "# groot=" too; in a grub.cfg set root= of hd0,
 * /dev/xvda, xen/... or hostdisk/... -> hd0,msdos1.
 */
int dw_bootconf_set_partition(struct dw_bootconf *bc, unsigned part_nr,
			      struct dw_err *err);

/* Every occurrence of one text by another, comments included; for a new
 * UUID. */
int dw_bootconf_replace(struct dw_bootconf *bc, const char *from,
			const char *to, struct dw_err *err);

/*
 * Of a menu.lst or grub.conf alone: makes entry entry_nr the default, by a line
 * of its own where there is none; and adds an entry at the end, behind what
 * Debian's update-grub makes anew.  'root' as in struct dw_boot_spec, or NULL.
 */
int dw_menulst_set_default(struct dw_bootconf *bc, size_t entry_nr,
			   struct dw_err *err);
/* The value of a setting of update-grub, such as "kopt" or "defoptions". */
bool dw_menulst_setting(const struct dw_bootconf *bc, const char *name,
			struct dw_span *value);
struct dw_boot_spec_entry;
int dw_menulst_add_entry(struct dw_bootconf *bc,
			 const struct dw_boot_spec_entry *entry,
			 const char *root, struct dw_err *err);

int dw_bootconf_reread(struct dw_bootconf *bc, struct dw_err *err);

/* ---- one more kernel (bootconf_add.c) ----------------------------------- */

struct dw_boot_add {
	size_t like;		/* the entry that it is made after */
	const char *old_version;	/* of its kernel; "": not known */
	const char *version;
	const char *kernel;	/* absolute in the filesystem */
	const char *initrd;	/* NULL: none */
	bool make_default;
};

/* The entry that another kernel's is best made after: the default one, else
 * the first that starts Linux without a hypervisor; -1: none does. */
long dw_bootconf_model(const struct dw_bootconf *bc);

/*
 * Adds an entry as the guest's own tools write it: a copy of another one's
 * lines, with kernel, initrd and version exchanged, and a title of its own.
 * As the default it comes before the other, in a menu.lst inside the list that
 * update-grub keeps, in a grub.cfg outside of submenus, as PyGrub counts
 * entries in another way than GRUB; else behind it, and what is the default
 * stays so.  Every other line is kept.  For a text as it was parsed, once; it
 * is read again.  DW_UNSUPPORTED where the entry has a shape that cannot be
 * copied by lines.  *entry_nr is the new entry's.
 */
int dw_bootconf_add_entry(struct dw_bootconf *bc,
			  const struct dw_boot_add *add, size_t *entry_nr,
			  struct dw_err *err);

/* ---- new configurations ------------------------------------------------ */

struct dw_boot_spec_entry {
	const char *label;	/* no blanks; syslinux.cfg needs it */
	const char *title;	/* NULL: the label */
	const char *kernel;	/* absolute in the filesystem */
	const char *initrd;	/* NULL: none */
	const char *args;	/* without initrd= */
};

struct dw_boot_spec {
	const char *comment;	/* first lines, without "# "; may be NULL */
	const struct dw_boot_spec_entry *entries;
	size_t entries_nr;
	size_t default_nr;
	unsigned timeout_ds;	/* tenths of a second; 0: none is written */
	bool prompt;		/* syslinux.cfg: wait at the prompt */
	int serial_port;	/* -1: none */
	unsigned serial_baud;	/* 0: 115200 */
	const char *grub_root;	/* menu.lst: "(hd0,0)" */
};

/* Whether a configuration can name a file of this path: absolute, without
 * blanks, control bytes, commas and quotes. */
bool dw_boot_can_name(const char *path);

/*
 * Writes a syslinux.cfg that our loader, extlinux and (where it reads the file
 * at all) PyGrub understand alike: KERNEL before APPEND, initrd= in APPEND,
 * absolute paths.  The caller owns *data.
 */
int dw_extlinux_build(const struct dw_boot_spec *spec, char **data,
		      size_t *len, struct dw_err *err);
/* The same as a menu.lst that GRUB legacy and PyGrub understand. */
int dw_menulst_build(const struct dw_boot_spec *spec, char **data, size_t *len,
		     struct dw_err *err);

#endif
