/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of modules in the initrd. */
#include "list.h"

/* The next line without its end, cut off at cap. */
static void take_line(const char **at, char *out, size_t cap, bool *whole)
{
	size_t len = 0;

	*whole = true;
	for (; **at && **at != '\n'; (*at)++) {
		if (len + 1 < cap)
			out[len++] = **at;
		else
			*whole = false;
	}
	*at += **at == '\n';
	while (len && is_blank(out[len - 1]))
		len--;
	out[len] = '\0';
}

/* The name in "a/b/NAME.ko". */
static bool name_of(const char *path, char out[LIST_MODULE])
{
	const char *name = path;
	size_t len;

	for (; *path; path++)
		if (*path == '/')
			name = path + 1;
	len = (size_t)(path - name);
	if (len < 4 || len - 3 >= LIST_MODULE || !text_is(path - 3, ".ko"))
		return false;
	for (size_t i = 0; i < len - 3; i++)
		out[i] = name[i] == '-' ? '_' : name[i];
	out[len - 3] = '\0';
	return true;
}

bool list_next(const char **at, struct list_entry *out, uint32_t *bad)
{
	char line[INIT_PATH_LEN + 8];
	const char *path;
	bool whole;

	while (**at) {
		take_line(at, line, sizeof(line), &whole);
		if (!*line || *line == '#')
			continue;
		path = text_after(line, "need ");
		out->optional = !path;
		if (!path)
			path = text_after(line, "try ");
		if (whole && path && name_of(path, out->module) &&
		    text_copy(out->path, sizeof(out->path), path))
			return true;
		(*bad)++;
	}
	return false;
}
