/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What modprobe loads before a module that does not depend on it. */
#ifndef DW_KMOD_SOFTDEP_H
#define DW_KMOD_SOFTDEP_H

#include "kmod/modules.h"

struct dw_softdeps;

/*
 * Takes in modules.softdep of a kernel's modules, and modules.alias for what it
 * names ("softdep ext4 pre: crc32c").  Where there are none that is success.
 */
int dw_softdeps_open(struct dw_fs *fs, const struct dw_modules *mods,
		     struct dw_softdeps **out, struct dw_err *err);

/* The same from two texts, which are copied; either may be NULL. */
int dw_softdeps_parse(const char *softdep, size_t softdep_len,
		      const char *alias, size_t alias_len,
		      struct dw_softdeps **out, struct dw_err *err);
void dw_softdeps_free(struct dw_softdeps *s);

/*
 * Calls fn for each module or alias that is to be loaded before 'name', as it
 * is written but with '_' for '-'.  A return other than 0 ends the walk and is
 * returned.
 */
int dw_softdeps_pre(const struct dw_softdeps *s, const char *name,
		    dw_module_fn fn, void *arg);

/* The same for the modules that an alias stands for: exactly, not by a
 * pattern.  DW_LIMIT where they are more than any alias has. */
int dw_softdeps_alias(const struct dw_softdeps *s, const char *alias,
		      dw_module_fn fn, void *arg, struct dw_err *err);

#endif
