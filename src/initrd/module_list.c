/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of modules, each once, in the order in which they came. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "initrd/change.h"

/* Several times what any initrd holds. */
#define NAMES_MAX 20000

#define SLOTS_MIN 64

void dw_module_list_free(struct dw_module_list *list)
{
	free(list->names);
	free(list->slots);
	memset(list, 0, sizeof(*list));
}

/* The next few names do not pay for the slots of many. */
void dw_module_list_clear(struct dw_module_list *list)
{
	free(list->slots);
	list->slots = NULL;
	list->slots_nr = 0;
	list->nr = 0;
}

/* FNV-1a. */
static uint32_t hash_of(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return hash ^ hash >> 16;
}

/* The slot of a name, or the free one where it would go. */
static uint32_t *slot_of(const struct dw_module_list *list, const char *name)
{
	size_t mask = list->slots_nr - 1, at = hash_of(name) & mask;

	while (list->slots[at] &&
	       strcmp(list->names[list->slots[at] - 1], name))
		at = (at + 1) & mask;
	return &list->slots[at];
}

bool dw_module_list_has(const struct dw_module_list *list, const char *name)
{
	if (list->slots)
		return *slot_of(list, name);
	for (size_t i = 0; i < list->nr; i++)
		if (!strcmp(list->names[i], name))
			return true;
	return false;
}

/* At most half of the slots are taken, so that each search ends soon. */
static int grow_slots(struct dw_module_list *list, struct dw_err *err)
{
	size_t nr = list->slots_nr ? list->slots_nr * 2 : SLOTS_MIN;
	uint32_t *slots;

	if (list->nr + 1 <= list->slots_nr / 2)
		return 0;
	slots = calloc(nr, sizeof(*slots));
	if (!slots)
		return dw_fail_nomem(err);
	free(list->slots);
	list->slots = slots;
	list->slots_nr = nr;
	for (size_t i = 0; i < list->nr; i++)
		*slot_of(list, list->names[i]) = (uint32_t)i + 1;
	return 0;
}

int dw_module_list_put(struct dw_module_list *list,
		       const char *key, struct dw_err *err)
{
	size_t cap = list->cap * 2 + 16;
	int ret = grow_slots(list, err);
	void *p;

	if (ret || *slot_of(list, key))
		return ret;
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
	*slot_of(list, key) = (uint32_t)list->nr + 1;
	memcpy(list->names[list->nr++], key, strlen(key) + 1);
	return 0;
}

int dw_module_list_add(struct dw_module_list *list, const char *name,
		       struct dw_err *err)
{
	char key[DW_MODULE_NAME], file[DW_MODULE_NAME + 4];

	if (snprintf(file, sizeof(file), "%s.ko", name) >=
	    (int)sizeof(file) || strchr(name, '/') ||
	    !dw_module_name(dw_span_of(file), key))
		return dw_fail(err, DW_USAGE, "'%.80s' is no name of a module",
			       name);
	return dw_module_list_put(list, key, err);
}
