/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Volume groups as objects: what owns them, and what they hold by name. */
#include <stdlib.h>
#include <string.h>

#include "lvm/vg.h"

int dw_vg_new(uint64_t cap_len, struct dw_vg_own **out, struct dw_err *err)
{
	struct dw_vg_own *own = calloc(1, sizeof(*own));
	int rc;

	*out = NULL;
	if (!own)
		return dw_fail_nomem(err);
	own->arena.cap_len = cap_len;
	rc = dw_arena_dup(&own->arena, "", 0, &own->vg.name, err);
	if (rc) {
		free(own);
		return rc;
	}
	*out = own;
	return 0;
}

void dw_vg_free(struct dw_vg_own *own)
{
	size_t i;

	if (!own)
		return;
	for (i = 0; i < own->vg.pvs_nr; i++)
		dw_dev_close(own->vg.pvs[i].dev, NULL);
	dw_notes_free(&own->vg.notes);
	dw_arena_free(&own->arena);
	free(own);
}

/* ---- names --------------------------------------------------------------- */

static bool is_name_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || (c && strchr("+_.-", c));
}

bool dw_lvm_name_is(const char *name)
{
	size_t len = strlen(name);
	size_t i;

	if (!len || len >= DW_LVM_NAME_LEN || name[0] == '-' ||
	    !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (i = 0; i < len; i++)
		if (!is_name_char(name[i]))
			return false;
	return true;
}

static int find_pv(const void *name, const void *item)
{
	const struct dw_pv *const *pv = item;

	return strcmp(name, (*pv)->name);
}

struct dw_pv *dw_vg_pv(const struct dw_vg_own *own, const char *name)
{
	struct dw_pv **found;

	if (!own->vg.pvs_nr)
		return NULL;
	found = bsearch(name, own->pvs_by_name, own->vg.pvs_nr,
			sizeof(struct dw_pv *), find_pv);
	return found ? *found : NULL;
}

static int find_lv(const void *name, const void *item)
{
	const struct dw_lv *const *lv = item;

	return strcmp(name, (*lv)->name);
}

struct dw_lv *dw_vg_lv(const struct dw_vg_own *own, const char *name)
{
	struct dw_lv **found;

	if (!own->vg.lvs_nr)
		return NULL;
	found = bsearch(name, own->lvs_by_name, own->vg.lvs_nr,
			sizeof(struct dw_lv *), find_lv);
	return found ? *found : NULL;
}
