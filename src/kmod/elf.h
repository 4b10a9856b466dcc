/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sections and symbols of an ELF object in memory; nothing in it is trusted. */
#ifndef DW_KMOD_ELF_H
#define DW_KMOD_ELF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

#define DW_ELF_SPARC	2	/* e_machine */
#define DW_ELF_SPARCV9	43

#define DW_ELF_UNDEF	0	/* st_shndx of what another object has */

/* No name of a symbol is longer, its NUL included; kernels stop at 512. */
#define DW_ELF_NAME_MAX 4096u

/* Either class and byte order; the bytes are the caller's. */
struct dw_elf {
	const uint8_t *p;
	uint64_t len;
	bool is_64, is_big;
	uint16_t machine;
	uint64_t sections_off;
	uint32_t sections_nr;
	struct dw_span names;	/* of sections; ends in a zero byte */
};

struct dw_elf_symbol {
	const char *name;	/* NUL-terminated, in the object */
	uint8_t type;		/* STT_* */
	uint16_t section;
};

/* DW_CORRUPT for what is no ELF object, or has no sound table of sections. */
int dw_elf_open(const void *data, size_t len, struct dw_elf *out,
		struct dw_err *err);

/* The bytes of the first section of that name; one that leads out of the file
 * is passed over.  False where there is none. */
bool dw_elf_section(const struct dw_elf *elf, const char *name,
		    struct dw_span *out);

/* .symtab and the .strtab of its names. */
struct dw_elf_symbols {
	const struct dw_elf *elf;
	struct dw_span table, strings;
	uint64_t nr;
};

/* DW_NOENT where a module has been stripped of its symbols, DW_CORRUPT where
 * the table is no whole number of them. */
int dw_elf_symbols(const struct dw_elf *elf, struct dw_elf_symbols *out,
		   struct dw_err *err);
/* i < nr.  DW_CORRUPT for a name outside the strings, or one that does not end
 * in time. */
int dw_elf_symbol(const struct dw_elf_symbols *s, uint64_t i,
		  struct dw_elf_symbol *out, struct dw_err *err);

#endif
