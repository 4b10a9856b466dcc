/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adds an entry for one more kernel to a boot configuration. */
#include <string.h>

#include "boot/bootconf_impl.h"

/* ---- copying ------------------------------------------------------------ */

static bool is_name_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || c == '.' || c == '_' || c == '+' ||
	       c == '~';
}

/* Whether 'what' stands at s, as a whole: "6.1.0-5" is no part of "6.1.0-50",
 * nor "/vmlinuz" of "/vmlinuz-6.1". */
static bool stands_at(struct dw_span s, size_t at, const char *what,
		      bool is_path)
{
	size_t len = what ? strlen(what) : 0;
	char next;

	if (!len || s.len - at < len || memcmp(s.p + at, what, len))
		return false;
	next = at + len < s.len ? s.p[at + len] : ' ';
	if (is_name_char(next) || (is_path && (next == '-' || next == '/')))
		return false;
	return is_path || !at || !is_name_char(s.p[at - 1]);
}

/* Among several initrds, as of microcode, the one with the version in its name,
 * else the last. */
void dw_boot_copy_init(struct dw_boot_copy *copy, struct dw_bootconf *bc,
		       const struct dw_boot_add *add)
{
	const struct dw_boot_entry *e = &bc->entries[add->like];
	unsigned i;

	memset(copy, 0, sizeof(*copy));
	copy->t = bc->text;
	copy->e = e;
	copy->add = add;
	for (i = 0; i < e->initrds_nr; i++) {
		copy->old_initrd = e->initrds[i];
		if (*add->old_version && strstr(e->initrds[i],
						add->old_version))
			break;
	}
}

void dw_boot_copy_text(struct dw_boot_copy *copy, struct dw_span s)
{
	const struct dw_boot_add *add = copy->add;
	size_t i = 0;

	while (i < s.len) {
		if (stands_at(s, i, copy->e->kernel, true)) {
			dw_buf_adds(&copy->line, add->kernel);
			i += strlen(copy->e->kernel);
		} else if (add->initrd &&
			   stands_at(s, i, copy->old_initrd, true)) {
			dw_buf_adds(&copy->line, add->initrd);
			i += strlen(copy->old_initrd);
		} else if (stands_at(s, i, add->old_version, false)) {
			dw_buf_adds(&copy->line, add->version);
			i += strlen(add->old_version);
		} else {
			dw_buf_add(&copy->line, s.p + i++, 1);
		}
	}
}

int dw_boot_copy_line(struct dw_boot_copy *copy, struct dw_err *err)
{
	struct dw_text *t = copy->t;
	int ret = dw_buf_check(&copy->line, err);

	if (!ret)
		ret = dw_text_insert(t, copy->after,
				     copy->line.len ? copy->line.data : "",
				     copy->line.len, err);
	if (!ret)
		copy->after = copy->after == DW_NO_LINE
			? t->first : t->lines[copy->after].next;
	copy->line.len = 0;
	return ret;
}

uint32_t dw_boot_line_before(uint32_t line_nr)
{
	return line_nr > 1 ? line_nr - 2 : DW_NO_LINE;
}

/* ---- the entry ---------------------------------------------------------- */

static bool is_linux(const struct dw_boot_entry *e)
{
	return e->kernel && *e->kernel && !e->is_other && !e->is_module;
}

long dw_bootconf_model(const struct dw_bootconf *bc)
{
	if (bc->default_nr >= 0 && is_linux(&bc->entries[bc->default_nr]))
		return bc->default_nr;
	for (size_t i = 0; i < bc->entries_nr; i++)
		if (is_linux(&bc->entries[i]))
			return (long)i;
	return -1;
}

/* What a line of any of the three dialects can hold as one word. */
static bool is_word(const char *s)
{
	if (!s)
		return true;
	return *s && !s[strcspn(s, " \t\r\n\"'\\,;{}$#<>|&")];
}

static int check(const struct dw_bootconf *bc, const struct dw_boot_add *add,
		 struct dw_err *err)
{
	if (add->like >= bc->entries_nr || !is_linux(&bc->entries[add->like]))
		return dw_fail(err, DW_USAGE, "entry %zu of %zu is none to "
			       "make another after", add->like,
			       bc->entries_nr);
	if (!is_word(add->kernel) || !is_word(add->initrd) ||
	    !is_word(add->version))
		return dw_fail(err, DW_USAGE, "a boot configuration cannot "
			       "name %s", add->kernel);
	if (bc->entries_nr == DW_BOOT_MAX_ENTRIES)
		return dw_fail(err, DW_LIMIT, "has %u entries already",
			       DW_BOOT_MAX_ENTRIES);
	return 0;
}

/* Another kernel's entry of the same kernel file would be found as well. */
static bool find_added(const struct dw_bootconf *bc,
		       const struct dw_boot_add *add, size_t *entry_nr)
{
	for (size_t i = 0; i < bc->entries_nr; i++) {
		if (!is_linux(&bc->entries[i]) ||
		    strcmp(bc->entries[i].kernel, add->kernel))
			continue;
		*entry_nr = i;
		return true;
	}
	return false;
}

int dw_bootconf_add_entry(struct dw_bootconf *bc,
			  const struct dw_boot_add *add, size_t *entry_nr,
			  struct dw_err *err)
{
	size_t entries_nr = bc->entries_nr;
	int ret = check(bc, add, err);

	if (!ret)
		ret = dw_bootconf_ops_of(bc->kind)->add(bc, add, err);
	if (!ret)
		ret = dw_bootconf_reread(bc, err);
	if (!ret && (bc->entries_nr != entries_nr + 1 ||
		     !find_added(bc, add, entry_nr)))
		ret = dw_fail(err, DW_UNSUPPORTED, "its entries are written "
			      "in a manner that cannot be copied");
	return ret;
}
