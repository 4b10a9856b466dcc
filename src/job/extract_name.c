/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of extracted files: made from an image's, and never trusted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job/extract.h"

/* NAME_MAX of the hosts that matter. */
#define FILE_NAME_MAX 255

static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+_.-";

/*
 * LVM's own rules, but for the dot in front, which it allows: a file of that
 * name would be hidden.
 */
static int check_name(const char *name, size_t len, struct dw_err *err)
{
	if (len && strspn(name, letters) >= len && *name != '-' && *name != '.')
		return 0;
	return dw_fail(err, DW_UNSUPPORTED, "\"%.*s\" cannot be the name of a "
		       "file here", (int)len, name);
}

/* The last name of a layer: all of "p1", "root" of "vg0/root". */
static const char *last_name(const char *layer)
{
	const char *at = strrchr(layer, '@');
	const char *slash = strrchr(at ? at : layer, '/');

	return slash ? slash + 1 : at ? at + 1 : layer;
}

/* Appends a name behind a '-'; out has twice the room of the layer. */
static char *append_name(char *out, const char *name, size_t len)
{
	*out++ = '-';
	while (len--) {
		if (*name == '-')
			*out++ = '-';
		*out++ = *name++;
	}
	return out;
}

int dw_extract_file_name(const char *layer, bool is_long, const char *suffix,
			 char **out, struct dw_err *err)
{
	char *joined = malloc(2 * strlen(layer) + 2), *end = joined;
	const char *last = last_name(layer);
	size_t len;
	int ret = 0;

	*out = NULL;
	if (!joined)
		return dw_fail_nomem(err);
	for (; !ret; layer += len + 1) {
		len = strcspn(layer, "@/");
		ret = check_name(layer, len, err);
		end = append_name(end, layer, len);
		if (!layer[len])
			break;
	}
	*end = '\0';
	if (!ret && asprintf(out, "%s%s", is_long ? joined + 1 : last,
			     suffix) < 0)
		ret = dw_fail_nomem(err);
	free(joined);
	if (ret || strlen(*out) <= FILE_NAME_MAX)
		return ret;
	ret = dw_fail(err, DW_UNSUPPORTED, "the file's name would have %zu "
		      "characters", strlen(*out));
	free(*out);
	*out = NULL;
	return ret;
}

/* Files of all items that have none yet. */
static int name_all(struct dw_extract_plan *plan, bool is_long,
		    const char *suffix, struct dw_err *err)
{
	struct dw_extract_item *item = plan->items;
	struct dw_err why;
	int ret = 0;

	for (; item < plan->items + plan->items_nr && !ret; item++) {
		free(item->file_name);
		ret = dw_extract_file_name(item->layer, is_long, suffix,
					   &item->file_name, &why);
		if (ret == DW_UNSUPPORTED)
			ret = item->problem ? 0 :
				dw_extract_set_problem(plan, item, &why, err);
		else if (ret && err)
			*err = why;
	}
	return ret;
}

static int by_file(const void *a, const void *b)
{
	const struct dw_extract_item *const *x = a, *const *y = b;

	return strcmp((*x)->file_name, (*y)->file_name);
}

/* Two items with the same file, or NULL; sorted receives all that have one. */
static const struct dw_extract_item *const *
find_alike(const struct dw_extract_plan *plan,
	   const struct dw_extract_item **sorted)
{
	size_t i, nr = 0;

	for (i = 0; i < plan->items_nr; i++)
		if (plan->items[i].file_name)
			sorted[nr++] = &plan->items[i];
	qsort(sorted, nr, sizeof(*sorted), by_file);
	for (i = 1; i < nr; i++)
		if (!by_file(&sorted[i - 1], &sorted[i]))
			return &sorted[i - 1];
	return NULL;
}

/* The group of a volume, its length in *len; NULL: it is a partition. */
static const char *group_of(const char *layer, size_t *len)
{
	const char *at = strrchr(layer, '@');
	const char *group = at ? at + 1 : layer;

	*len = strcspn(group, "/");
	return group[*len] ? group : NULL;
}

static bool has_several_groups(const struct dw_extract_plan *plan)
{
	const char *first = NULL, *group;
	size_t first_len = 0, len, i;

	for (i = 0; i < plan->items_nr; i++) {
		group = group_of(plan->items[i].layer, &len);
		if (!group)
			continue;
		if (first && (len != first_len || memcmp(group, first, len)))
			return true;
		first = group;
		first_len = len;
	}
	return false;
}

int dw_extract_name_files(struct dw_extract_plan *plan, const char *suffix,
			  struct dw_err *err)
{
	const struct dw_extract_item **sorted, *const *alike;
	bool is_long = has_several_groups(plan);
	int ret = name_all(plan, is_long, suffix, err);

	if (ret)
		return ret;
	sorted = calloc(plan->items_nr + 1, sizeof(*sorted));
	if (!sorted)
		return dw_fail_nomem(err);
	alike = find_alike(plan, sorted);
	if (alike && !is_long) {
		ret = name_all(plan, true, suffix, err);
		alike = ret ? NULL : find_alike(plan, sorted);
	}
	if (alike)
		ret = dw_fail(err, DW_USAGE, "%s: is asked for twice",
			      alike[0]->layer);
	free(sorted);
	return ret;
}
