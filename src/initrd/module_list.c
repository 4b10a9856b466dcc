/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of modules, each once, in the order in which they came. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "initrd/change.h"

/* Several times what any initrd holds; each name is compared with all. */
#define NAMES_MAX 20000

void dw_module_list_free(struct dw_module_list *list)
{
	free(list->names);
	memset(list, 0, sizeof(*list));
}

bool dw_module_list_has(const struct dw_module_list *list, const char *name)
{
	for (size_t i = 0; i < list->nr; i++)
		if (!strcmp(list->names[i], name))
			return true;
	return false;
}

int dw_module_list_add(struct dw_module_list *list, const char *name,
		       struct dw_err *err)
{
	char key[DW_MODULE_NAME], file[DW_MODULE_NAME + 4];
	size_t cap = list->cap * 2 + 16;
	void *p;

	if (snprintf(file, sizeof(file), "%s.ko", name) >=
	    (int)sizeof(file) || strchr(name, '/') ||
	    !dw_module_name(dw_span_of(file), key))
		return dw_fail(err, DW_USAGE, "'%.80s' is no name of a module",
			       name);
	if (dw_module_list_has(list, key))
		return 0;
	if (list->nr == NAMES_MAX)
		return dw_fail(err, DW_LIMIT, "initrd: more than %u modules",
			       NAMES_MAX);
	if (list->nr == list->cap) {
		p = realloc(list->names, cap * DW_MODULE_NAME);
		if (!p)
			return dw_fail_nomem(err);
		list->names = p;
		list->cap = cap;
	}
	memcpy(list->names[list->nr++], key, sizeof(key));
	return 0;
}
