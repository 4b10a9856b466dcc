/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which modules have to be added, and in which order they are loaded. */
#include <string.h>

#include "initrd/family.h"

struct resolve {
	const struct dw_initrd_target *t;
	const struct dw_initrd *initrd;
	struct dw_module_list *load;
	struct dw_err *err;
};

static int add_need(void *arg, const char *name)
{
	struct resolve *r = arg;

	if (r->initrd && dw_initrd_has(r->initrd, name))
		return 0;
	if (dw_initrd_kernel_has(r->t->kernel, r->t->mods, name) ==
	    DW_HAVE_BUILTIN)
		return 0;
	return dw_module_list_add(r->load, name, r->err);
}

int dw_initrd_resolve(const struct dw_initrd_target *t,
		      const struct dw_initrd *initrd,
		      const struct dw_module_list *names,
		      struct dw_module_list *load, struct dw_err *err)
{
	struct resolve r = { t, initrd, load, err };
	int ret = 0;

	for (size_t i = 0; !ret && i < names->nr; i++) {
		const char *name = names->names[i];

		switch (dw_initrd_kernel_has(t->kernel, t->mods, name)) {
		case DW_HAVE_BUILTIN:
			break;
		case DW_HAVE_MODULE:
			ret = dw_modules_needs(t->mods, name, add_need, &r);
			break;
		default:
			return dw_fail(err, DW_NOENT,
				       "kernel %s has no module %s",
				       t->kernel->version, name);
		}
	}
	return ret;
}
