/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a section of LVM's text holds, by its keys. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lvm/config.h"

const struct dw_config_node *dw_config_group(const struct dw_config *cfg)
{
	const struct dw_config_node *node = cfg->root.children;

	while (node && !node->is_section)
		node = node->next;
	return node;
}

int dw_config_fail(const struct dw_config *cfg,
		   const struct dw_config_node *node, struct dw_err *err,
		   const char *fmt, ...)
{
	const struct dw_config_node *group = dw_config_group(cfg);
	char text[DW_ERR_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return dw_fail(err, DW_CORRUPT, "lvm: %s%smetadata line %u: %s",
		       group ? group->key : "", group ? " " : "",
		       node->line, text);
}

const struct dw_config_node *dw_config_find(const struct dw_config_node *s,
					    const char *key)
{
	const struct dw_config_node *node = s->children;

	while (node && strcmp(node->key, key))
		node = node->next;
	return node;
}

static int fail_missing(const struct dw_config *cfg,
			const struct dw_config_node *s, const char *key,
			struct dw_err *err)
{
	if (!s->key)
		return dw_config_fail(cfg, s, err, "no \"%s\"", key);
	return dw_config_fail(cfg, s, err, "\"%s\" has no \"%s\"", s->key,
			      key);
}

int dw_config_section(const struct dw_config *cfg,
		      const struct dw_config_node *s, const char *key,
		      const struct dw_config_node **out, struct dw_err *err)
{
	const struct dw_config_node *node = dw_config_find(s, key);

	*out = node;
	if (!node)
		return fail_missing(cfg, s, key, err);
	if (!node->is_section)
		return dw_config_fail(cfg, node, err,
				      "\"%s\" is no section", key);
	return 0;
}

int dw_config_opt_str(const struct dw_config *cfg,
		      const struct dw_config_node *s, const char *key,
		      const char **out, struct dw_err *err)
{
	const struct dw_config_node *node = dw_config_find(s, key);

	if (!node)
		return 0;
	if (!node->values || node->values->kind != DW_CONFIG_STRING ||
	    node->values->next)
		return dw_config_fail(cfg, node, err,
				      "\"%s\" is no string", key);
	*out = node->values->str;
	return 0;
}

int dw_config_str(const struct dw_config *cfg, const struct dw_config_node *s,
		  const char *key, const char **out, struct dw_err *err)
{
	*out = NULL;
	if (!dw_config_find(s, key))
		return fail_missing(cfg, s, key, err);
	return dw_config_opt_str(cfg, s, key, out, err);
}

int dw_config_opt_num(const struct dw_config *cfg,
		      const struct dw_config_node *s, const char *key,
		      uint64_t max, uint64_t *out, struct dw_err *err)
{
	const struct dw_config_node *node = dw_config_find(s, key);
	const struct dw_config_value *v;

	if (!node)
		return 0;
	v = node->values;
	if (!v || v->kind == DW_CONFIG_STRING || v->next)
		return dw_config_fail(cfg, node, err,
				      "\"%s\" is no number", key);
	if (v->kind != DW_CONFIG_INT || v->num > max)
		return dw_config_fail(cfg, node, err,
				      "\"%s\" is %s, not within 0 and %" PRIu64,
				      key, v->str, max);
	*out = v->num;
	return 0;
}

int dw_config_num(const struct dw_config *cfg, const struct dw_config_node *s,
		  const char *key, uint64_t max, uint64_t *out,
		  struct dw_err *err)
{
	*out = 0;
	if (!dw_config_find(s, key))
		return fail_missing(cfg, s, key, err);
	return dw_config_opt_num(cfg, s, key, max, out, err);
}

bool dw_config_has(const struct dw_config_node *s, const char *key,
		   const char *word)
{
	const struct dw_config_node *node = dw_config_find(s, key);
	const struct dw_config_value *v;

	for (v = node ? node->values : NULL; v; v = v->next)
		if (v->kind == DW_CONFIG_STRING && !strcmp(v->str, word))
			return true;
	return false;
}
