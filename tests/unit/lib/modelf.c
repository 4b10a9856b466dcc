/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernel modules as ELF objects, as far as depmod looks at them. */
#include <string.h>

#include "base/bytes.h"
#include "base/lines.h"
#include "modelf.h"

#define SECTIONS_MAX 16u
#define TEXT_SECTION 0xfff1u	/* SHN_ABS: defined, whatever it is */

struct object {
	const struct modelf *m;
	struct dw_buf *out;
	size_t start;
	struct dw_buf names, strings, symbols;
	struct { uint32_t name; uint64_t off, len; } sections[SECTIONS_MAX];
	unsigned nr;
};

static void put(const struct object *o, struct dw_buf *to, uint64_t v,
		unsigned len)
{
	uint8_t b[8];

	for (unsigned i = 0; i < len; i++)
		b[o->m->is_big ? len - 1 - i : i] = (uint8_t)(v >> 8 * i);
	dw_buf_add(to, b, len);
}

static unsigned word_len(const struct object *o)
{
	return o->m->is_32 ? 4 : 8;
}

static void add_section(struct object *o, const char *name, const void *data,
			size_t len)
{
	o->sections[o->nr].name = (uint32_t)o->names.len;
	o->sections[o->nr].off = o->out->len - o->start;
	o->sections[o->nr++].len = len;
	dw_buf_add(&o->names, name, strlen(name) + 1);
	dw_buf_add(o->out, data, len);
}

static void add_symbol(struct object *o, const char *prefix, struct dw_span name,
		       unsigned bind, unsigned type, unsigned section)
{
	struct dw_buf *s = &o->symbols;
	uint32_t at = (uint32_t)o->strings.len;

	dw_buf_adds(&o->strings, prefix);
	dw_buf_add(&o->strings, name.p, name.len);
	dw_buf_add(&o->strings, "", 1);
	put(o, s, at, 4);
	if (o->m->is_32) {
		put(o, s, 0x1234, 4);
		put(o, s, 0, 4);
	}
	put(o, s, bind << 4 | type, 1);
	put(o, s, 0, 1);
	put(o, s, section, 2);
	if (!o->m->is_32) {
		put(o, s, 0x1234, 8);
		put(o, s, 0, 8);
	}
}

static void add_symbols(struct object *o, const char *prefix, const char *words,
			unsigned bind, unsigned type, unsigned section)
{
	struct dw_span word;
	size_t pos = 0;

	while (words && dw_word_next(dw_span_of(words), &pos, &word))
		add_symbol(o, prefix, word, bind, type, section);
}

static void add_info(struct object *o)
{
	struct dw_buf b = { 0 };

	dw_buf_adds(&b, o->m->info);
	dw_buf_add(&b, "", 1);
	for (size_t i = 0; i < b.len; i++)
		if (b.data[i] == ';')
			b.data[i] = '\0';
	add_section(o, ".modinfo", b.data, b.len);
	dw_buf_free(&b);
}

static void add_strings(struct object *o)
{
	struct dw_buf b = { 0 };
	struct dw_span word;
	size_t pos = 0;

	while (dw_word_next(dw_span_of(o->m->strings), &pos, &word)) {
		dw_buf_add(&b, word.p, word.len);
		dw_buf_add(&b, "", 1);
	}
	add_section(o, "__ksymtab_strings", b.data, b.len);
	dw_buf_free(&b);
}

static void add_versions(struct object *o)
{
	struct dw_buf b = { 0 };
	struct dw_span word;
	size_t pos = 0;

	while (dw_word_next(dw_span_of(o->m->versions), &pos, &word)) {
		char name[64] = "";

		dw_span_copy(word, name, sizeof(name) - word_len(o));
		put(o, &b, 0x1234, word_len(o));
		dw_buf_add(&b, name, sizeof(name) - word_len(o));
	}
	add_section(o, "__versions", b.data, b.len);
	dw_buf_free(&b);
}

static void add_table(struct object *o, uint64_t *off)
{
	*off = o->out->len - o->start;
	for (unsigned i = 0; i < o->nr; i++) {
		put(o, o->out, o->sections[i].name, 4);
		put(o, o->out, 1, 4);
		put(o, o->out, 0, word_len(o));
		put(o, o->out, 0, word_len(o));
		put(o, o->out, o->sections[i].off, word_len(o));
		put(o, o->out, o->sections[i].len, word_len(o));
		put(o, o->out, 0, 4);
		put(o, o->out, 0, 4);
		put(o, o->out, 1, word_len(o));
		put(o, o->out, 0, word_len(o));
	}
}

static void add_header(struct object *o, struct dw_buf *to, uint64_t table_off)
{
	uint8_t ident[16] = { 0x7f, 'E', 'L', 'F', 0, 0, 1 };

	ident[4] = o->m->is_32 ? 1 : 2;
	ident[5] = o->m->is_big ? 2 : 1;
	dw_buf_add(to, ident, sizeof(ident));
	put(o, to, 1, 2);
	put(o, to, o->m->machine ? o->m->machine : 62, 2);
	put(o, to, 1, 4);
	put(o, to, 0, word_len(o));
	put(o, to, 0, word_len(o));
	put(o, to, table_off, word_len(o));
	put(o, to, 0, 4);
	put(o, to, o->m->is_32 ? 52 : 64, 2);
	put(o, to, 0, 2);
	put(o, to, 0, 2);
	put(o, to, o->m->is_32 ? 40 : 64, 2);
	put(o, to, o->nr, 2);
	put(o, to, o->nr - 1, 2);
}

static void add_parts(struct object *o)
{
	const struct modelf *m = o->m;
	struct dw_span none = { "", 0 };

	add_section(o, "", "", 0);
	if (m->info)
		add_info(o);
	if (m->strings)
		add_strings(o);
	if (m->versions)
		add_versions(o);
	add_symbol(o, "", none, 0, 0, 0);
	add_symbol(o, "init_module", none, 1, 2, TEXT_SECTION);
	add_symbols(o, "__crc_", m->crcs, 1, 0, TEXT_SECTION);
	add_symbols(o, "", m->needs, 1, m->need_type, 0);
	add_symbols(o, "", m->weak, 2, m->need_type, 0);
	if (!m->stripped) {
		add_section(o, ".symtab", o->symbols.data, o->symbols.len);
		add_section(o, ".strtab", o->strings.data, o->strings.len);
	}
	dw_buf_add(&o->names, ".shstrtab", 10);
	o->names.len -= 10;
	add_section(o, ".shstrtab", o->names.data, o->names.len + 10);
}

void modelf_make(const struct modelf *m, struct dw_buf *out)
{
	struct object o = { .m = m, .out = out, .start = out->len };
	struct dw_buf head = { 0 };
	uint64_t table_off;

	add_header(&o, out, 0);
	add_parts(&o);
	add_table(&o, &table_off);
	add_header(&o, &head, table_off);
	memcpy(out->data + o.start, head.data, head.len);
	dw_buf_free(&head);
	dw_buf_free(&o.names);
	dw_buf_free(&o.strings);
	dw_buf_free(&o.symbols);
}
