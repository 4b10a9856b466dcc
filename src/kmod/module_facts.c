/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a module says of itself: what depmod takes from its ELF object. */
#include <string.h>

#include "kmod/elf.h"
#include "kmod/module_facts.h"

/* An entry of __versions: a CRC as wide as the class says, then the name. */
#define VERSION_LEN 64u
/* gcc 3.3 on SPARC: a global register variable looks like a symbol of others,
 * of this type, and is none. */
#define TYPE_SPARC_REGISTER 13

static const char crc_prefix[] = "__crc_";

const char *dw_fact_next(const struct dw_buf *list, const char *prev)
{
	const char *next = prev ? prev + strlen(prev) + 1 : list->data;

	return list->len && next < list->data + list->len ? next : NULL;
}

void dw_module_facts_free(struct dw_module_facts *facts)
{
	for (int i = 0; i < DW_FACTS_NR; i++)
		dw_buf_free(&facts->list[i]);
}

/* The names of a hostile table may all be one long name: bounded here. */
static int add(struct dw_buf *list, struct dw_span s, struct dw_err *err)
{
	if (list->len + s.len >= DW_MODULE_FACTS_MAX)
		return dw_fail(err, DW_LIMIT, "a module with more than %u "
			       "bytes of names", DW_MODULE_FACTS_MAX);
	dw_buf_add(list, s.p, s.len);
	dw_buf_add(list, "", 1);
	return dw_buf_check(list, err);
}

static int add_name(struct dw_buf *list, const char *name, struct dw_err *err)
{
	return *name ? add(list, dw_span_of(name), err) : 0;
}

/* The next of the strings that zero bytes separate, any number of them. */
static bool next_string(struct dw_span *rest, struct dw_span *out)
{
	const char *end;

	while (rest->len && !*rest->p)
		*rest = dw_span_skip(*rest, 1);
	if (!rest->len)
		return false;
	end = memchr(rest->p, 0, rest->len);
	*out = (struct dw_span){
		rest->p, end ? (size_t)(end - rest->p) : rest->len,
	};
	*rest = dw_span_skip(*rest, out->len);
	return true;
}

/* .modinfo: KEY=VALUE strings. */
static int add_info(struct dw_module_facts *out, struct dw_span s,
		    struct dw_err *err)
{
	static const char *const keys[] = {
		[DW_FACT_ALIAS] = "alias",
		[DW_FACT_SOFTDEP] = "softdep",
		[DW_FACT_WEAKDEP] = "weakdep",
	};
	const char *equals = memchr(s.p, '=', s.len);
	struct dw_span key = s, value = { "", 0 };

	if (equals) {
		key.len = (size_t)(equals - s.p);
		value = dw_span_skip(s, key.len + 1);
	}
	for (int i = 0; i <= DW_FACT_WEAKDEP; i++)
		if (dw_span_is(key, keys[i]))
			return add(&out->list[i], value, err);
	return 0;
}

static int read_info(const struct dw_elf *elf, struct dw_module_facts *out,
		     struct dw_err *err)
{
	struct dw_span rest, s;
	int ret = 0;

	if (!dw_elf_section(elf, ".modinfo", &rest))
		return 0;
	while (!ret && next_string(&rest, &s))
		ret = add_info(out, s, err);
	return ret;
}

/* Kernels without CONFIG_MODVERSIONS have no __crc_ symbols; the names alone
 * are in a section of strings. */
static int read_export_strings(const struct dw_elf *elf, struct dw_buf *list,
			       struct dw_err *err)
{
	struct dw_span rest, s;
	int ret = 0;

	if (!dw_elf_section(elf, "__ksymtab_strings", &rest))
		return 0;
	while (!ret && next_string(&rest, &s))
		ret = add(list, s, err);
	return ret;
}

/* The symbol __crc_NAME says that NAME is exported.  Its value is the CRC, or
 * where the CRC lies; no list of depmod's tells it. */
static int read_crc_symbols(const struct dw_elf_symbols *symbols,
			    struct dw_buf *list, struct dw_err *err)
{
	struct dw_elf_symbol sym;
	int ret = 0;

	for (uint64_t i = 1; !ret && i < symbols->nr; i++) {
		ret = dw_elf_symbol(symbols, i, &sym, err);
		if (!ret && !strncmp(sym.name, crc_prefix,
				     sizeof(crc_prefix) - 1))
			ret = add_name(list, sym.name + sizeof(crc_prefix) - 1,
				       err);
	}
	return ret;
}

static int read_exports(const struct dw_elf *elf, struct dw_module_facts *out,
			struct dw_err *err)
{
	struct dw_buf *list = &out->list[DW_FACT_EXPORT];
	struct dw_elf_symbols symbols;
	int ret, more = 0;

	ret = dw_elf_symbols(elf, &symbols, err);
	if (!ret)
		ret = read_crc_symbols(&symbols, list, err);
	if (ret == DW_CORRUPT)
		list->len = 0;
	if (!list->len)
		more = read_export_strings(elf, list, err);
	if (more)
		return more;
	return ret == DW_NOENT ? 0 : ret;
}

/* The names that a module was built against: the undefined ones again, and
 * module_layout, which the kernel asks for. */
static int read_versions(const struct dw_elf *elf, struct dw_buf *list,
			 struct dw_err *err)
{
	unsigned crc_len = elf->is_64 ? 8 : 4;
	struct dw_span s, name;
	int ret = 0;

	if (!dw_elf_section(elf, "__versions", &s) || s.len % VERSION_LEN)
		return 0;
	for (; !ret && s.len; s = dw_span_skip(s, VERSION_LEN)) {
		name = (struct dw_span){ s.p + crc_len, VERSION_LEN - crc_len };
		name.len = strnlen(name.p, name.len);
		if (name.len)
			ret = add(list, name, err);
	}
	return ret;
}

static bool is_needed(const struct dw_elf *elf, const struct dw_elf_symbol *sym)
{
	bool sparc = elf->machine == DW_ELF_SPARC ||
		     elf->machine == DW_ELF_SPARCV9;

	return sym->section == DW_ELF_UNDEF && *sym->name &&
	       !(sparc && sym->type == TYPE_SPARC_REGISTER);
}

/* A weak symbol counts too: where a module has it, that one goes first. */
static int read_needs(const struct dw_elf *elf, struct dw_module_facts *out,
		      struct dw_err *err)
{
	struct dw_buf *list = &out->list[DW_FACT_NEED];
	struct dw_elf_symbols symbols;
	struct dw_elf_symbol sym;
	int ret;

	ret = dw_elf_symbols(elf, &symbols, err);
	if (ret)
		return ret == DW_NOENT ? 0 : ret;
	for (uint64_t i = 1; !ret && i < symbols.nr; i++) {
		ret = dw_elf_symbol(&symbols, i, &sym, err);
		if (!ret && is_needed(elf, &sym))
			ret = add_name(list, sym.name, err);
	}
	if (!ret)
		ret = read_versions(elf, list, err);
	if (ret)
		list->len = 0;
	return ret;
}

/* Keeps the first damage, for which nothing ends. */
static int settle(struct dw_module_facts *facts, int ret,
		  const struct dw_err *why, struct dw_err *err)
{
	if (ret == DW_CORRUPT) {
		if (!facts->damage.code)
			facts->damage = *why;
		return 0;
	}
	if (ret && err)
		*err = *why;
	return ret;
}

int dw_module_facts(const char *elf, size_t len, struct dw_module_facts *out,
		    struct dw_err *err)
{
	static int (*const parts[])(const struct dw_elf *elf,
				    struct dw_module_facts *out,
				    struct dw_err *err) = {
		read_exports, read_info, read_needs,
	};
	struct dw_elf object;
	struct dw_err why;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = dw_elf_open(elf, len, &object, &why);
	if (ret)
		return settle(out, ret, &why, err);
	for (size_t i = 0; !ret && i < sizeof(parts) / sizeof(parts[0]); i++)
		ret = settle(out, parts[i](&object, out, &why), &why, err);
	return ret;
}
