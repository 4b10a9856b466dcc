/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernel modules as ELF objects, as far as depmod looks at them. */
#ifndef TESTS_UNIT_MODELF_H
#define TESTS_UNIT_MODELF_H

#include "base/buf.h"

/* Lists of words with blanks between; NULL: no such section or symbol. */
struct modelf {
	bool is_32, is_big;
	const char *info;	/* .modinfo: "alias=a;softdep=pre: b", a zero
				 * byte for each ';' */
	const char *crcs;	/* exported, by symbols __crc_... */
	const char *strings;	/* exported, by __ksymtab_strings */
	const char *needs, *weak;	/* undefined symbols */
	const char *versions;	/* names in __versions */
	uint16_t machine;
	uint8_t need_type;	/* of undefined symbols, STT_* */
	bool stripped;		/* no .symtab */
};

/* Appends the object to out; the parts lie in the order of the fields, then
 * the table of sections. */
void modelf_make(const struct modelf *m, struct dw_buf *out);

#endif
