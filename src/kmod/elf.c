/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sections and symbols of an ELF object in memory; nothing in it is trusted. */
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "kmod/elf.h"

#define IDENT_LEN 16u
#define EI_CLASS 4
#define EI_DATA 5

/* Where the fields lie in each class: "ELF Object File Format", gABI 4.1. */
struct layout {
	unsigned header_len, shoff, shentsize, shnum, shstrndx;
	unsigned section_len, sh_offset, sh_size;
	unsigned symbol_len, st_info, st_shndx;
	unsigned word_len;
};

static const struct layout layout_32 = {
	52, 32, 46, 48, 50, 40, 16, 20, 16, 12, 14, 4,
};
static const struct layout layout_64 = {
	64, 40, 58, 60, 62, 64, 24, 32, 24, 4, 6, 8,
};

static const struct layout *layout_of(const struct dw_elf *elf)
{
	return elf->is_64 ? &layout_64 : &layout_32;
}

static uint16_t get16(const struct dw_elf *elf, const uint8_t *p)
{
	return elf->is_big ? dw_be16(p) : dw_le16(p);
}

static uint32_t get32(const struct dw_elf *elf, const uint8_t *p)
{
	return elf->is_big ? dw_be32(p) : dw_le32(p);
}

/* An address or offset: as wide as the class says. */
static uint64_t get_word(const struct dw_elf *elf, const uint8_t *p)
{
	if (!elf->is_64)
		return get32(elf, p);
	return elf->is_big ? dw_be64(p) : dw_le64(p);
}

struct section {
	uint32_t name;
	struct dw_span data;
};

/* i < sections_nr, whose table was found to lie in the file. */
static bool section(const struct dw_elf *elf, uint32_t i, struct section *out)
{
	const struct layout *at = layout_of(elf);
	const uint8_t *p = elf->p + elf->sections_off +
			   (uint64_t)i * at->section_len;
	uint64_t off = get_word(elf, p + at->sh_offset);
	uint64_t len = get_word(elf, p + at->sh_size);

	if (!dw_in_range(off, len, elf->len))
		return false;
	out->name = get32(elf, p);
	out->data = (struct dw_span){ (const char *)elf->p + off, len };
	return true;
}

static int decode_ident(struct dw_elf *elf, struct dw_err *err)
{
	const uint8_t *p = elf->p;

	if (elf->len <= IDENT_LEN || memcmp(p, "\177ELF", 4))
		return dw_fail(err, DW_CORRUPT, "no ELF object");
	if (p[EI_CLASS] != 1 && p[EI_CLASS] != 2)
		return dw_fail(err, DW_CORRUPT, "elf: class %u", p[EI_CLASS]);
	if (p[EI_DATA] != 1 && p[EI_DATA] != 2)
		return dw_fail(err, DW_CORRUPT, "elf: byte order %u",
			       p[EI_DATA]);
	elf->is_64 = p[EI_CLASS] == 2;
	elf->is_big = p[EI_DATA] == 2;
	if (elf->len <= layout_of(elf)->header_len)
		return dw_fail(err, DW_CORRUPT, "elf: cut at byte %llu",
			       (unsigned long long)elf->len);
	return 0;
}

static int check_names(struct dw_elf *elf, uint32_t names_nr,
		       struct dw_err *err)
{
	struct section s;

	if (!names_nr || names_nr >= elf->sections_nr ||
	    !section(elf, names_nr, &s))
		return dw_fail(err, DW_CORRUPT, "elf: section %u of %u has the "
			       "names and is not there", names_nr,
			       elf->sections_nr);
	if (!s.data.len || s.data.p[s.data.len - 1])
		return dw_fail(err, DW_CORRUPT,
			       "elf: the names of sections do not end");
	elf->names = s.data;
	return 0;
}

int dw_elf_open(const void *data, size_t len, struct dw_elf *out,
		struct dw_err *err)
{
	const struct layout *at;
	uint16_t entry_len;
	int ret;

	*out = (struct dw_elf){ .p = data, .len = len };
	ret = decode_ident(out, err);
	if (ret)
		return ret;
	at = layout_of(out);
	out->machine = get16(out, out->p + 18);
	out->sections_off = get_word(out, out->p + at->shoff);
	out->sections_nr = get16(out, out->p + at->shnum);
	entry_len = get16(out, out->p + at->shentsize);
	if (entry_len != at->section_len)
		return dw_fail(err, DW_CORRUPT, "elf: sections of %u bytes, "
			       "not %u", entry_len, at->section_len);
	if (!dw_in_range(out->sections_off,
			 (uint64_t)out->sections_nr * entry_len, len))
		return dw_fail(err, DW_CORRUPT, "elf: %u sections at %llu end "
			       "behind byte %zu", out->sections_nr,
			       (unsigned long long)out->sections_off, len);
	return check_names(out, get16(out, out->p + at->shstrndx), err);
}

bool dw_elf_section(const struct dw_elf *elf, const char *name,
		    struct dw_span *out)
{
	struct section s;

	for (uint32_t i = 1; i < elf->sections_nr; i++) {
		if (!section(elf, i, &s) || s.name >= elf->names.len ||
		    strcmp(elf->names.p + s.name, name))
			continue;
		*out = s.data;
		return true;
	}
	return false;
}

int dw_elf_symbols(const struct dw_elf *elf, struct dw_elf_symbols *out,
		   struct dw_err *err)
{
	unsigned symbol_len = layout_of(elf)->symbol_len;

	*out = (struct dw_elf_symbols){ .elf = elf };
	if (!dw_elf_section(elf, ".strtab", &out->strings) ||
	    !dw_elf_section(elf, ".symtab", &out->table))
		return dw_fail(err, DW_NOENT, "elf: no symbols");
	if (out->table.len % symbol_len)
		return dw_fail(err, DW_CORRUPT, "elf: %zu bytes of symbols of "
			       "%u bytes", out->table.len, symbol_len);
	out->nr = out->table.len / symbol_len;
	return 0;
}

int dw_elf_symbol(const struct dw_elf_symbols *s, uint64_t i,
		  struct dw_elf_symbol *out, struct dw_err *err)
{
	const struct layout *at = layout_of(s->elf);
	const uint8_t *p = (const uint8_t *)s->table.p + i * at->symbol_len;
	uint32_t name = get32(s->elf, p);
	struct dw_span rest = dw_span_skip(s->strings, name);

	if (!rest.len || !memchr(rest.p, 0, dw_min(rest.len, DW_ELF_NAME_MAX)))
		return dw_fail(err, DW_CORRUPT, "elf: the name of symbol %llu, "
			       "at byte %u of %zu, does not end",
			       (unsigned long long)i, name, s->strings.len);
	out->name = s->strings.p + name;
	out->type = p[at->st_info] & 15;
	out->section = get16(s->elf, p + at->st_shndx);
	return 0;
}
