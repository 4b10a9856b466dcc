/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps of dw_depmod(): find modules, read them, order them, write. */
#ifndef DW_KMOD_DEPMOD_IMPL_H
#define DW_KMOD_DEPMOD_IMPL_H

#include "base/buf.h"
#include "fs/fs.h"
#include "kmod/depmod.h"
#include "kmod/index_write.h"
#include "kmod/module_facts.h"

/* kmod counts modules in 16 bits, and stops where they do not suffice. */
#define DW_DEPMOD_MODULES_MAX 65534u
/* What one of the written files may take. */
#define DW_DEPMOD_TEXT_MAX (256u << 20)
#define DW_DEPMOD_NOTES_MAX 100u

struct dw_depmod_mod {
	char *full;		/* where its file is in the guest */
	const char *path;	/* as it is written: below the folder, or full */
	char *name;		/* with '_' for '-' */
	size_t stem_len;	/* of full, up to the end of the name */
	bool is_below;		/* the folder */
	int64_t order;		/* below 0 where modules.order has it */
	struct dw_module_facts facts;
	uint32_t *deps;		/* whose symbols it uses, numbers of modules */
	size_t deps_nr, deps_cap;
	uint32_t rank;		/* users come before what they use */
};

struct dw_depmod_job {
	struct dw_ctx *ctx;
	struct dw_fs *fs;
	const char *dir;
	unsigned flags;
	struct dw_depmod_mod *mods;	/* as they are written */
	size_t mods_nr;
	uint32_t *ranked;	/* numbers of modules by rank */
	struct dw_depmod *out;
};

/* The place of a string in kmod's hash tables: their order shows in what it
 * writes.  buckets_nr is a power of two. */
uint32_t dw_depmod_bucket(const char *s, uint32_t buckets_nr);

/* mods: one of each name, in the order in which they are written, which
 * dw_depmod_order() makes of that of the hashed names. */
int dw_depmod_find(struct dw_depmod_job *job, struct dw_err *err);
int dw_depmod_order(struct dw_depmod_job *job, struct dw_err *err);
/* Their facts, with the context's threads. */
int dw_depmod_load(struct dw_depmod_job *job, struct dw_err *err);
/* deps, rank and ranked; puts modules.symbols and its index.  DW_CORRUPT for a
 * cycle. */
int dw_depmod_resolve(struct dw_depmod_job *job, struct dw_err *err);

/* Adds a file to the result; the bytes are taken out of what they come in. */
int dw_depmod_put(struct dw_depmod *out, const char *name, struct dw_buf *data,
		  struct dw_err *err);
/* Indexes are left out with DW_DEPMOD_ABSOLUTE. */
int dw_depmod_put_index(const struct dw_depmod_job *job, const char *name,
			const struct dw_index *index, struct dw_err *err);

/* modules.dep and its index */
int dw_depmod_put_deps(struct dw_depmod_job *job, struct dw_err *err);
/* modules.alias and its index, modules.softdep, .weakdep, .devname */
int dw_depmod_put_facts(struct dw_depmod_job *job, struct dw_err *err);
/* modules.builtin.bin, modules.builtin.alias.bin */
int dw_depmod_put_builtin(struct dw_depmod_job *job, struct dw_err *err);

/* An alias as the indexes have it: '-' is '_' but in brackets.  kmod cuts one
 * that is too long.  False where brackets do not pair. */
#define DW_DEPMOD_ALIAS_MAX 4096u
bool dw_depmod_alias(const char *alias, char out[DW_DEPMOD_ALIAS_MAX]);

#endif
