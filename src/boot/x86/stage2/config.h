/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What extlinux.conf or syslinux.cfg says. All strings point into the text
 * that was read.
 */
#ifndef STAGE2_CONFIG_H
#define STAGE2_CONFIG_H

#include "lib.h"

#define CONFIG_ENTRIES_MAX 128
#define CONFIG_NESTING_MAX 16
#define CONFIG_NO_ENTRY	UINT32_MAX

enum boot_type {
	BOOT_LINUX,
	BOOT_LOCAL,		/* target: drive number, or -1 */
	BOOT_FOREIGN,		/* a program for syslinux itself */
};

struct entry {
	char *label;
	char *title;		/* MENU LABEL without '^'; else the label */
	char *target;		/* kernel; NULL: the label is its name */
	char *append;		/* NULL: the global one */
	char *initrd;
	enum boot_type type;
	bool hidden;		/* not in the menu */
};

struct config {
	struct entry entries[CONFIG_ENTRIES_MAX];
	uint32_t entries_nr;
	uint32_t menu_default;	/* MENU DEFAULT, or CONFIG_NO_ENTRY */
	char *default_line;	/* DEFAULT; NULL if there is none */
	char *ui;
	char *append;
	char *on_timeout;
	char *on_error;
	char *menu_title;
	uint32_t timeout;	/* tenths of a second, 0: none */
	uint32_t total_timeout;
	bool prompt;
	bool menu_hidden;
	bool no_escape;
	bool no_implicit;	/* only labels may be typed */
	bool no_options;	/* nothing may be added to them */
};

/* What parsing does beside filling the structure. */
struct config_ops {
	/* Reads a file whole, at most max - 1 bytes and a NUL. */
	fault (*read)(void *arg, const char *path, char *dst, uint32_t max,
		      uint32_t *len);
	void (*say)(void *arg, const char *text);
	void (*serial)(void *arg, const char *args);
	void *arg;
};

/* The text of all files, one behind the other. */
struct config_text {
	char *start;
	uint32_t max;
	uint32_t len;
};

/* Reads and parses a file and all it includes. */
fault config_read(struct config *cfg, const struct config_ops *ops,
		  struct config_text *text, const char *path);

/* Entry with the label that line begins with; NULL if there is none. */
struct entry *config_find(struct config *cfg, const char *line);

/* Whether a UI or DEFAULT line asks for a menu. */
bool config_is_menu(const char *line);

#endif
