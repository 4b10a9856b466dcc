/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The grammar of LVM's text; see NOTES.md. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "lvm/config.h"

enum token {
	TOKEN_END,
	TOKEN_KEY,
	TOKEN_STRING,
	TOKEN_NUMBER,
	TOKEN_MARK,		/* one of "{}[],=" */
};

struct parser {
	struct dw_config *cfg;
	const char *at, *end;
	unsigned line;
	const char *until;
	bool is_done;
	struct dw_err *err;
	/* The token at hand. */
	enum token token;
	const char *start;	/* without a string's quotes */
	size_t len;
	unsigned token_line;
	/* Of the last string that went over a line's end: LVM allows it, but
	 * mostly it is one whose end is missing. */
	unsigned long_line;
};

/* ---- tokens -------------------------------------------------------------- */

static int fail_at(struct parser *p, unsigned line, const char *what)
{
	struct dw_config_node node = { .line = line };

	return dw_config_fail(p->cfg, &node, p->err, "%s", what);
}

static int fail_token(struct parser *p, const char *what)
{
	if (p->long_line)
		return fail_at(p, p->long_line, "string without its end");
	return fail_at(p, p->token_line, what);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_mark(char c)
{
	return c && strchr("{}[],=", c);
}

/* Bytes from 0x80 on may be UTF-8 of a host's name or a command's arguments:
 * they stand in strings and comments. */
static bool is_control(char c)
{
	return ((unsigned char)c < ' ' && !is_blank(c)) || c == 0x7f;
}

/* What a key or number goes on with.  Key and value may stand side by side
 * without a blank. */
static bool is_word(char c)
{
	return c > ' ' && c < 0x7f && !is_mark(c) && c != '#' && c != '"';
}

static int skip_blanks(struct parser *p)
{
	bool is_comment = false;

	for (; p->at < p->end; p->at++) {
		if (is_control(*p->at))
			/* LVM's text ends with a byte 0. */
			return *p->at ? fail_at(p, p->line,
						"a control character") : 0;
		if (*p->at == '\n') {
			p->line++;
			is_comment = false;
		} else if (*p->at == '#') {
			is_comment = true;
		} else if (!is_comment && !is_blank(*p->at)) {
			return 0;
		}
	}
	return 0;
}

/* From behind the quote on; the token has its escapes still. */
static int take_string(struct parser *p)
{
	p->start = ++p->at;
	for (; p->at < p->end && *p->at != '"'; p->at++) {
		if (*p->at == '\\' && p->at + 1 < p->end)
			p->at++;
		if (is_control(*p->at))
			return fail_at(p, p->token_line, *p->at ?
				       "a control character in a string" :
				       "string without its end");
		if (*p->at == '\n') {
			p->line++;
			p->long_line = p->token_line;
		}
	}
	if (p->at == p->end)
		return fail_at(p, p->token_line, "string without its end");
	p->len = (size_t)(p->at++ - p->start);
	if (p->len > DW_CONFIG_STRING_MAX)
		return fail_at(p, p->token_line, "a string that is too long");
	p->token = TOKEN_STRING;
	return 0;
}

static int take_word(struct parser *p, bool is_value)
{
	p->start = p->at;
	while (p->at < p->end && is_word(*p->at))
		p->at++;
	p->len = (size_t)(p->at - p->start);
	if (!p->len)
		return fail_token(p, *p->at == '"' ? "a string out of place" :
				  "a byte that belongs to no text of LVM");
	if (p->len > DW_CONFIG_KEY_MAX)
		return fail_token(p, "a word that is too long");
	p->token = is_value ? TOKEN_NUMBER : TOKEN_KEY;
	return 0;
}

static int next(struct parser *p, bool is_value)
{
	int rc = skip_blanks(p);

	if (rc)
		return rc;
	p->token_line = p->line;
	p->start = p->at;
	p->len = 1;
	if (p->at == p->end || !*p->at) {
		p->token = TOKEN_END;
		return 0;
	}
	if (*p->at == '"' && is_value)
		return take_string(p);
	if (!is_mark(*p->at))
		return take_word(p, is_value);
	p->token = TOKEN_MARK;
	p->at++;
	return 0;
}

static bool is_at(const struct parser *p, char mark)
{
	return p->token == TOKEN_MARK && *p->start == mark;
}

/* ---- values -------------------------------------------------------------- */

/* A quote or backslash stands behind a backslash. */
static int add_string(struct parser *p, struct dw_config_value *v)
{
	size_t i, nr = 0;
	char *s;
	int rc;

	rc = dw_arena_dup(p->cfg->arena, p->start, p->len, &s, p->err);
	if (rc)
		return rc;
	for (i = 0; i < p->len; i++) {
		if (s[i] == '\\' && i + 1 < p->len &&
		    (s[i + 1] == '"' || s[i + 1] == '\\'))
			i++;
		s[nr++] = s[i];
	}
	s[nr] = '\0';
	v->kind = DW_CONFIG_STRING;
	v->str = s;
	return 0;
}

/* Optional sign, digits, at most one point. */
static bool is_number(const char *s)
{
	size_t digits_nr, points_nr = 0;

	s += *s == '-' || *s == '+';
	for (digits_nr = 0; *s; s++) {
		if (*s == '.')
			points_nr++;
		else if (*s >= '0' && *s <= '9')
			digits_nr++;
		else
			return false;
	}
	return digits_nr && points_nr < 2;
}

/* What is no plain number of 64 bits is an error only for who needs it: old
 * versions of LVM wrote times that are none.  With a 0 in front LVM would take
 * it for octal. */
static int add_number(struct parser *p, struct dw_config_value *v)
{
	const char *c;
	char *s;
	int rc;

	rc = dw_arena_dup(p->cfg->arena, p->start, p->len, &s, p->err);
	if (rc)
		return rc;
	if (!is_number(s))
		return fail_token(p, "neither a number nor a string");
	v->str = s;
	c = s + (*s == '+');
	v->kind = c[0] == '0' && c[1] ? DW_CONFIG_NUMBER : DW_CONFIG_INT;
	for (; *c; c++)
		if (*c == '.' || *c == '-' || !dw_mul(v->num, 10, &v->num) ||
		    !dw_add(v->num, (uint64_t)(*c - '0'), &v->num)) {
			v->kind = DW_CONFIG_NUMBER;
			break;
		}
	return 0;
}

static int add_value(struct parser *p, struct dw_config_value ***tail)
{
	struct dw_config_value *v;
	int rc;

	if (p->token != TOKEN_STRING && p->token != TOKEN_NUMBER)
		return fail_token(p, "a value is expected");
	rc = dw_arena_alloc(p->cfg->arena, 1, sizeof(*v), &v, p->err);
	if (!rc)
		rc = p->token == TOKEN_STRING ? add_string(p, v)
					      : add_number(p, v);
	if (rc)
		return rc;
	**tail = v;
	*tail = &v->next;
	return 0;
}

/* Behind the '['.  Ends at the text's end at the latest. */
static int parse_array(struct parser *p, struct dw_config_value **tail)
{
	int rc = next(p, true);

	if (!rc && is_at(p, ']'))
		return next(p, false);
	while (!rc) {
		rc = add_value(p, &tail);
		if (!rc)
			rc = next(p, false);
		if (!rc && is_at(p, ']'))
			return next(p, false);
		if (!rc && !is_at(p, ','))
			return fail_token(p, "an array without its end");
		if (!rc)
			rc = next(p, true);
	}
	return rc;
}

/* Behind the '='. */
static int parse_value(struct parser *p, struct dw_config_node *node)
{
	struct dw_config_value **tail = &node->values;
	int rc = next(p, true);

	if (!rc && is_at(p, '['))
		return parse_array(p, tail);
	if (!rc)
		rc = add_value(p, &tail);
	return rc ? rc : next(p, false);
}

/* ---- sections ------------------------------------------------------------ */

static int parse_node(struct parser *p, struct dw_config_node *parent,
		      struct dw_config_node ***tail, unsigned depth);

static int compare_keys(const void *a, const void *b)
{
	const struct dw_config_node *const *na = a, *const *nb = b;

	return strcmp((*na)->key, (*nb)->key);
}

/* LVM would join sections and take the last of values, with a warning; it
 * never writes such a text. */
static int check_twice(struct parser *p, struct dw_config_node *s)
{
	const struct dw_config_node **sorted, *node;
	size_t i = 0;
	int rc = 0;

	if (s->children_nr < 2)
		return 0;
	sorted = calloc(s->children_nr, sizeof(*sorted));
	if (!sorted)
		return dw_fail_nomem(p->err);
	for (node = s->children; node; node = node->next)
		sorted[i++] = node;
	qsort(sorted, s->children_nr, sizeof(*sorted), compare_keys);
	for (i = 1; !rc && i < s->children_nr; i++)
		if (!compare_keys(&sorted[i - 1], &sorted[i]))
			rc = dw_config_fail(p->cfg, sorted[i], p->err,
					    "\"%s\" is there twice",
					    sorted[i]->key);
	free(sorted);
	return rc;
}

/* Behind the '{', or at the text's start; leaves the '}' at hand. */
static int parse_section(struct parser *p, struct dw_config_node *s,
			 unsigned depth)
{
	struct dw_config_node **tail = &s->children;
	int rc = next(p, false);

	if (!rc && depth > DW_CONFIG_DEPTH_MAX)
		return fail_token(p, "sections that are nested too deeply");
	while (!rc && !p->is_done && p->token == TOKEN_KEY)
		rc = parse_node(p, s, &tail, depth);
	if (rc || p->is_done)
		return rc;
	if (depth ? !is_at(p, '}') : p->token != TOKEN_END)
		return fail_token(p, p->token == TOKEN_END ?
				  "a section without its end" :
				  "a key or a section is expected");
	return check_twice(p, s);
}

static int parse_node(struct parser *p, struct dw_config_node *parent,
		      struct dw_config_node ***tail, unsigned depth)
{
	struct dw_config_node *node;
	char *key;
	int rc;

	rc = dw_arena_alloc(p->cfg->arena, 1, sizeof(*node), &node, p->err);
	if (!rc)
		rc = dw_arena_dup(p->cfg->arena, p->start, p->len, &key,
				  p->err);
	if (rc)
		return rc;
	node->key = key;
	node->line = p->token_line;
	**tail = node;
	*tail = &node->next;
	parent->children_nr++;
	rc = next(p, false);
	if (!rc && is_at(p, '{')) {
		node->is_section = true;
		rc = parse_section(p, node, depth + 1);
		return rc || p->is_done ? rc : next(p, false);
	}
	if (!rc && !is_at(p, '='))
		return fail_token(p, "neither '=' nor '{' behind a key");
	if (!rc)
		rc = parse_value(p, node);
	/* Another value could be read since: the string was meant so. */
	if (!rc && node->line > p->long_line)
		p->long_line = 0;
	if (!rc && p->until && depth == 1 && !strcmp(key, p->until))
		p->is_done = true;
	return rc;
}

int dw_config_parse(struct dw_config *cfg, const char *text, size_t len,
		    const char *until, struct dw_err *err)
{
	struct parser p = {
		.cfg = cfg, .at = text, .end = text + len, .line = 1,
		.until = until, .err = err,
	};

	cfg->root = (struct dw_config_node){ .is_section = true };
	return parse_section(&p, &cfg->root, 0);
}
