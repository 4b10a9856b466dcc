/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a module says of itself: what depmod takes from its ELF object. */
#ifndef DW_KMOD_MODULE_FACTS_H
#define DW_KMOD_MODULE_FACTS_H

#include "base/buf.h"

/* What all strings of one module may take; those of distributions take some
 * 100 KiB. */
#define DW_MODULE_FACTS_MAX (64u << 20)

enum dw_fact {
	DW_FACT_ALIAS,		/* of .modinfo, in its order */
	DW_FACT_SOFTDEP,
	DW_FACT_WEAKDEP,
	DW_FACT_EXPORT,		/* symbols that others may use */
	DW_FACT_NEED,		/* symbols of others, weak ones too */
	DW_FACTS_NR,
};

struct dw_module_facts {
	struct dw_buf list[DW_FACTS_NR];	/* strings, each with its NUL */
	struct dw_err damage;			/* code 0: none was found */
};

/*
 * Damage is no error: depmod goes on with what it can read of a module, and so
 * *out has that, and the first damage.  Otherwise the result is 0, DW_NOMEM or
 * DW_LIMIT; the caller frees *out in any case.
 */
int dw_module_facts(const char *elf, size_t len, struct dw_module_facts *out,
		    struct dw_err *err);
void dw_module_facts_free(struct dw_module_facts *facts);

/* The string behind prev, or the first (NULL); NULL at the end. */
const char *dw_fact_next(const struct dw_buf *list, const char *prev);

#endif
