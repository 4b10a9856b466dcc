/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads and edits texts of network configuration. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "guest/network.h"

#define DISABLED "# disabled by diskwright: "

/* eth0, eth0:1, eth0.5, eth* for the prefix "eth". */
static bool is_card(struct dw_span s, const char *prefix)
{
	size_t len = strlen(prefix);

	if (!dw_span_starts(s, prefix) || s.len == len)
		return false;
	for (size_t i = len; i < s.len; i++)
		if (s.p[i] == '*' || s.p[i] == ':' || s.p[i] == '.')
			return i > len || s.p[i] == '*';
		else if (!isdigit((unsigned char)s.p[i]))
			return false;
	return true;
}

static struct dw_span unquote(struct dw_span s)
{
	s = dw_span_trim(s);
	if (s.len >= 2 && (s.p[0] == '"' || s.p[0] == '\'') &&
	    s.p[s.len - 1] == s.p[0])
		return (struct dw_span){ s.p + 1, s.len - 2 };
	return s;
}

/* key and value around the first 'sep'. */
static bool split(struct dw_span line, char sep, struct dw_span *key,
		  struct dw_span *value)
{
	const char *at = line.len ? memchr(line.p, sep, line.len) : NULL;
	size_t len;

	if (!at)
		return false;
	len = (size_t)(at - line.p);
	*key = dw_span_trim((struct dw_span){ line.p, len });
	*value = unquote(dw_span_skip(line, len + 1));
	return true;
}

static bool key_is(struct dw_span key, const char *name)
{
	return key.len == strlen(name) && !strncasecmp(key.p, name, key.len);
}

/* "iface eth0 inet dhcp", "auto lo eth0" */
static bool ifupdown_names(struct dw_span line, const char *prefix)
{
	struct dw_span word;
	size_t pos = 0;

	if (!dw_word_next(line, &pos, &word) ||
	    !(dw_span_is(word, "iface") || dw_span_is(word, "auto") ||
	      dw_span_is(word, "mapping") ||
	      dw_span_starts(word, "allow-") ||
	      dw_span_is(word, "bridge_ports")))
		return false;
	while (dw_word_next(line, &pos, &word))
		if (is_card(word, prefix))
			return true;
	return false;
}

static bool any_word_is(struct dw_span s, const char *prefix)
{
	struct dw_span word;
	size_t pos = 0;

	while (dw_word_next(s, &pos, &word))
		if (is_card(word, prefix))
			return true;
	return false;
}

static bool line_names(enum dw_net_syntax syntax, struct dw_span line,
		       const char *prefix)
{
	struct dw_span key, value;

	switch (syntax) {
	case DW_NET_IFUPDOWN:
		return ifupdown_names(line, prefix);
	case DW_NET_NETPLAN:
		return split(line, ':', &key, &value) &&
		       (is_card(unquote(key), prefix) ||
			(key_is(key, "set-name") && is_card(value, prefix)));
	case DW_NET_NETWORKD:
	case DW_NET_LINK:
		return split(line, '=', &key, &value) &&
		       (key_is(key, "Name") ||
			key_is(key, "OriginalName")) &&
		       any_word_is(value, prefix);
	case DW_NET_KEYFILE:
		return split(line, '=', &key, &value) &&
		       key_is(key, "interface-name") && is_card(value, prefix);
	case DW_NET_NETCTL:
		return split(line, '=', &key, &value) &&
		       key_is(key, "Interface") && is_card(value, prefix);
	case DW_NET_IFCFG:
		return split(line, '=', &key, &value) &&
		       key_is(key, "DEVICE") && is_card(value, prefix);
	default:
		return false;
	}
}

static bool is_comment(struct dw_span line)
{
	return !line.len || line.p[0] == '#' || line.p[0] == ';';
}

bool dw_net_names(enum dw_net_syntax syntax, const char *text, size_t len,
		  const char *prefix)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_line line;

	while (dw_lines_next(&walk, &line)) {
		struct dw_span s = dw_span_trim(line.text);

		if (!is_comment(s) && line_names(syntax, s, prefix))
			return true;
	}
	return false;
}

/* What the lines before say of this one. */
struct place {
	bool in_match;		/* networkd: section [Match] */
	bool in_ethernet;	/* keyfile: section [ethernet] */
	bool continued;		/* udev: goes on from a disabled line */
	int match_indent;	/* netplan: of "match:", -1 outside */
};

static bool is_udev_pin(struct dw_span s)
{
	return (dw_span_find(s, "{address}==") ||
		dw_span_find(s, "{address}=\"")) &&
	       (dw_span_find(s, "NAME=") ||
		dw_span_find(s, "rename_netiface"));
}

static int indent_of(struct dw_span line)
{
	int n = 0;

	while ((size_t)n < line.len && line.p[n] == ' ' && n < 1000)
		n++;
	return n;
}

/* Whether the (trimmed) line pins something; follows the sections. */
static bool is_pin(enum dw_net_syntax syntax, const struct dw_line *line,
		   struct dw_span s, struct place *at)
{
	struct dw_span key, value;
	bool pin;

	switch (syntax) {
	case DW_NET_UDEV:
		pin = at->continued || is_udev_pin(s);
		at->continued = pin && dw_span_ends(s, "\\");
		return pin;
	case DW_NET_IFTAB:
		return dw_span_starts(s, "eth") && dw_span_find(s, " mac ");
	case DW_NET_IFCFG:
		return split(s, '=', &key, &value) && key_is(key, "HWADDR") &&
		       value.len;
	case DW_NET_NETWORKD:
		if (s.p[0] == '[')
			at->in_match = dw_span_is(s, "[Match]");
		return at->in_match && split(s, '=', &key, &value) &&
		       (key_is(key, "MACAddress") ||
			key_is(key, "PermanentMACAddress"));
	case DW_NET_KEYFILE:
		if (s.p[0] == '[')
			at->in_ethernet = dw_span_is(s, "[ethernet]") ||
				dw_span_is(s, "[802-3-ethernet]");
		return at->in_ethernet && split(s, '=', &key, &value) &&
		       key_is(key, "mac-address");
	case DW_NET_NETPLAN:
		if (indent_of(line->text) <= at->match_indent)
			at->match_indent = -1;
		if (!split(s, ':', &key, &value))
			return false;
		if (key_is(key, "match") && !value.len)
			at->match_indent = indent_of(line->text);
		return at->match_indent >= 0 && key_is(key, "macaddress");
	default:
		return false;
	}
}

static size_t count_pins(enum dw_net_syntax syntax, const char *text,
			 size_t len)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct place at = { .match_indent = -1 };
	struct dw_line line;
	size_t nr = 0;

	while (dw_lines_next(&walk, &line)) {
		struct dw_span s = dw_span_trim(line.text);

		if (!is_comment(s))
			nr += is_pin(syntax, &line, s, &at);
	}
	return nr;
}

/* A match must not become empty: what matched one card by its address then
 * matches every wired card by its name. */
static void put_disabled(enum dw_net_syntax syntax, struct dw_span line,
			 bool has_name, const char *eol, struct dw_buf *out)
{
	size_t indent = (size_t)indent_of(line);

	if (syntax == DW_NET_NETPLAN) {
		dw_buf_add(out, line.p, indent);
		dw_buf_adds(out, "name: \"e*\"  ");
		line = dw_span_skip(line, indent);
	}
	dw_buf_adds(out, DISABLED);
	dw_buf_add(out, line.p, line.len);
	if (syntax == DW_NET_NETWORKD && !has_name)
		dw_buf_printf(out, "%sName=en* eth*", eol);
}

/* Whether a .network file's match names cards besides their address. */
static bool match_has_name(const char *text, size_t len)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_span key, value;
	struct dw_line line;
	bool in_match = false;

	while (dw_lines_next(&walk, &line)) {
		struct dw_span s = dw_span_trim(line.text);

		if (!is_comment(s) && s.p[0] == '[')
			in_match = dw_span_is(s, "[Match]");
		else if (in_match && !is_comment(s) &&
			 split(s, '=', &key, &value) && key_is(key, "Name"))
			return true;
	}
	return false;
}

int dw_net_unpin(enum dw_net_syntax syntax, const char *text, size_t len,
		 struct dw_buf *out, struct dw_changes *changes,
		 struct dw_err *err)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct place at = { .match_indent = -1 };
	bool has_name = match_has_name(text, len);
	size_t pins_nr = count_pins(syntax, text, len);
	struct dw_line line;
	int ret;

	/* Several matches would all become the same. */
	bool leave = syntax == DW_NET_NETPLAN && pins_nr > 1;

	while (dw_lines_next(&walk, &line)) {
		struct dw_span s = dw_span_trim(line.text);
		bool crlf = line.eol.len == 2;
		size_t start = out->len;

		if (is_comment(s) || !is_pin(syntax, &line, s, &at)) {
			dw_buf_add(out, line.text.p, line.text.len);
		} else if (leave) {
			dw_buf_add(out, line.text.p, line.text.len);
			dw_changes_note(changes, line.nr, "pins one of %zu "
					"cards; left as it is", pins_nr);
		} else {
			put_disabled(syntax, line.text, has_name,
				     crlf ? "\r\n" : "\n", out);
			has_name = true;
			if (!out->failed)
				dw_changes_add(changes, line.nr, line.text.p,
					       line.text.len,
					       out->data + start,
					       out->len - start, "pins the "
					       "card of the old machine");
		}
		dw_buf_add(out, line.eol.p, line.eol.len);
	}
	ret = dw_buf_check(out, err);
	return ret ? ret : dw_changes_check(changes, err);
}
