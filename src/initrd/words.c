/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of modules in a guest's configuration. */
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "initrd/words.h"

/* Whether a line of the list has that name as its first word. */
static bool has_line(const char *text, size_t len, const char *name)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_line line;

	while (dw_lines_next(&walk, &line)) {
		struct dw_span word;
		size_t pos = 0, i = 0;

		if (!dw_word_next(line.text, &pos, &word))
			continue;
		while (i < word.len && name[i] &&
		       (word.p[i] == '-' ? '_' : word.p[i]) == name[i])
			i++;
		if (i == word.len && !name[i])
			return true;
	}
	return false;
}

void dw_initrd_add_lines(const char *text, size_t len,
			 const struct dw_module_list *names,
			 struct dw_buf *out, struct dw_changes *changes)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_line line;

	while (dw_lines_next(&walk, &line))
		;
	dw_buf_add(out, text, len);
	if (len && text[len - 1] != '\n')
		dw_buf_adds(out, "\n");
	for (size_t i = 0; i < names->nr; i++) {
		const char *name = names->names[i];

		if (has_line(text, len, name))
			continue;
		dw_buf_printf(out, "%s\n", name);
		if (changes)
			dw_changes_add(changes, ++walk.nr, NULL, 0, name,
				       strlen(name), NULL);
	}
}

int dw_initrd_keep_lines(const struct dw_initrd_target *t, const char *path,
			 const struct dw_module_list *names,
			 struct dw_edits *edits, struct dw_err *err)
{
	struct dw_changes changes = { 0 };
	struct dw_buf out = { 0 };
	char *old = NULL;
	size_t len = 0;
	int ret;

	ret = dw_edits_read(edits, t->fs, path, &old, &len, err);
	if (ret && ret != DW_NOENT)
		return ret;
	dw_initrd_add_lines(old ? old : "", len, names, &out, &changes);
	ret = dw_buf_check(&out, err);
	if (!ret && dw_changes_any(&changes))
		ret = dw_edits_set(edits, t->fs, path, out.data, out.len, 0,
				   &changes, NULL, err);
	dw_changes_free(&changes);
	dw_buf_free(&out);
	free(old);
	return ret;
}
