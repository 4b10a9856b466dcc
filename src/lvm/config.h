/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * LVM's text as a tree: sections that hold sections and keys with values.
 * What the keys mean is the matter of vg_decode.c.
 */
#ifndef DW_LVM_CONFIG_H
#define DW_LVM_CONFIG_H

#include "lvm/arena.h"

/* Bounds of what is taken; LVM's own texts nest five deep. */
#define DW_CONFIG_DEPTH_MAX 16u
#define DW_CONFIG_KEY_MAX 127u
#define DW_CONFIG_STRING_MAX (1u << 20)

enum dw_config_kind {
	DW_CONFIG_STRING,
	DW_CONFIG_INT,		/* that fits num */
	DW_CONFIG_NUMBER,	/* negative, with a fraction, or too large */
};

struct dw_config_value {
	struct dw_config_value *next;	/* of an array */
	enum dw_config_kind kind;
	uint64_t num;
	const char *str;		/* of a number as it was written */
};

struct dw_config_node {
	struct dw_config_node *next;
	const char *key;
	unsigned line;			/* from 1 */
	bool is_section;
	size_t children_nr;
	struct dw_config_node *children;	/* in the order of the text */
	struct dw_config_value *values;	/* NULL: a section, or "[]" */
};

struct dw_config {
	struct dw_arena *arena;
	/* A section without a key.  The first section in it is the group. */
	struct dw_config_node root;
};

/*
 * Reads a text into cfg, whose arena the caller set.  Errors name the line,
 * and the group as soon as it is known; what was read until then stays in the
 * tree.  'until', or NULL, is a key of the group at which reading stops.
 */
int dw_config_parse(struct dw_config *cfg, const char *text, size_t len,
		    const char *until, struct dw_err *err);

/* DW_CORRUPT, its text beginning with the group and the line of the node. */
int dw_config_fail(const struct dw_config *cfg,
		   const struct dw_config_node *node, struct dw_err *err,
		   const char *fmt, ...) DW_PRINTF(4, 5);

/* The group's section, or NULL. */
const struct dw_config_node *dw_config_group(const struct dw_config *cfg);

/* ---- what a section holds ----------------------------------------------- */

/* NULL where it is not there. */
const struct dw_config_node *dw_config_find(const struct dw_config_node *s,
					    const char *key);

/* Each is DW_CORRUPT where the key is missing or of another kind. */
int dw_config_section(const struct dw_config *cfg,
		      const struct dw_config_node *s, const char *key,
		      const struct dw_config_node **out, struct dw_err *err);
int dw_config_str(const struct dw_config *cfg, const struct dw_config_node *s,
		  const char *key, const char **out, struct dw_err *err);
int dw_config_num(const struct dw_config *cfg, const struct dw_config_node *s,
		  const char *key, uint64_t max, uint64_t *out,
		  struct dw_err *err);
/* The same for a key that need not be there; *out then stays as it is. */
int dw_config_opt_str(const struct dw_config *cfg,
		      const struct dw_config_node *s, const char *key,
		      const char **out, struct dw_err *err);
int dw_config_opt_num(const struct dw_config *cfg,
		      const struct dw_config_node *s, const char *key,
		      uint64_t max, uint64_t *out, struct dw_err *err);

/* Whether the strings under key, if it is there, have this one. */
bool dw_config_has(const struct dw_config_node *s, const char *key,
		   const char *word);

#endif
