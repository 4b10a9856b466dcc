/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A kernel's modules: which are files, which are built in, who needs whom. */
#ifndef DW_KMOD_MODULES_H
#define DW_KMOD_MODULES_H

#include "fs/fs.h"
#include "base/lines.h"

/* Longest module name that is looked at; the kernel's own limit is 56. */
#define DW_MODULE_NAME 64

/* How a kernel has a driver. */
enum dw_have {
	DW_HAVE_UNKNOWN = 0,
	DW_HAVE_NO,
	DW_HAVE_MODULE,
	DW_HAVE_BUILTIN,
};

/*
 * The name of a module from its path: folder and ".ko", ".ko.gz", ".ko.xz",
 * ".ko.zst" (or ".o" of Linux 2.4) taken off and '-' made '_', as modprobe
 * compares them.  False where the path is not a module's.
 */
bool dw_module_name(struct dw_span path, char out[DW_MODULE_NAME]);

/* Whether a module's path ends as those of packed ones do: .gz, .xz, .zst. */
bool dw_module_is_packed(struct dw_span path);

struct dw_modules;

/*
 * Takes in /lib/modules/VERSION: modules.dep (which names every module and
 * what it needs) and modules.builtin.  DW_NOENT where neither exists; then
 * nothing can be said about modules.
 */
int dw_modules_open(struct dw_fs *fs, const char *version,
		    struct dw_modules **out, struct dw_err *err);

/* The same from two texts, which are copied; either may be NULL. */
int dw_modules_parse(const char *dep, size_t dep_len, const char *builtin,
		     size_t builtin_len, struct dw_modules **out,
		     struct dw_err *err);
void dw_modules_free(struct dw_modules *mods);

/* The name is compared modulo '-' and '_'.  Where modules.builtin is missing
 * (before Linux 2.6.33) a name not found is UNKNOWN, not NO. */
enum dw_have dw_modules_have(const struct dw_modules *mods, const char *name);

/* The guest's folder that the lists were read in: "/lib/modules/6.1.0-50-amd64";
 * "" for parsed texts. */
const char *dw_modules_dir(const struct dw_modules *mods);

/* Whether modules.dep has absolute paths to what lies in its own folder, as
 * before module-init-tools 3.4. */
bool dw_modules_are_absolute(const struct dw_modules *mods);

/* Where a module's file is in the guest, an absolute path that the caller
 * frees.  DW_NOENT for what is unknown or built in. */
int dw_modules_file(const struct dw_modules *mods, const char *name,
		    char **path, struct dw_err *err);

/* Calls fn for each module that 'name' needs, itself last, in the order of
 * loading; nothing for a built-in or unknown one.  A return other than 0 ends
 * the walk and is returned. */
typedef int (*dw_module_fn)(void *arg, const char *name);
int dw_modules_needs(const struct dw_modules *mods, const char *name,
		     dw_module_fn fn, void *arg);

#endif
