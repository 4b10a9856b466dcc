/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists with a module on each line, in guests and in initrds. */
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "initrd/words.h"

const struct dw_line_form dw_line_plain = { "", "" };

/* Whether the line names the module, which is normalised. */
static bool names_it(struct dw_span line, const char *name,
		     const struct dw_line_form *form)
{
	struct dw_span s = dw_span_trim(line), word;
	size_t pos = 0, i = 0;

	if (!dw_span_starts(s, form->start))
		return false;
	s = dw_span_skip(s, strlen(form->start));
	if (*form->end) {
		if (!dw_span_ends(s, form->end))
			return false;
		s.len -= strlen(form->end);
	}
	if (!dw_word_next(s, &pos, &word))
		return false;
	while (i < word.len && name[i] &&
	       (word.p[i] == '-' ? '_' : word.p[i]) == name[i])
		i++;
	return i == word.len && !name[i];
}

static bool has_line(const char *text, size_t len, const char *name,
		     const struct dw_line_form *form)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_line line;

	while (dw_lines_next(&walk, &line))
		if (names_it(line.text, name, form))
			return true;
	return false;
}

static uint64_t count_lines(const char *text, size_t len)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_line line;

	while (dw_lines_next(&walk, &line))
		;
	return walk.nr;
}

void dw_initrd_add_lines(const char *text, size_t len,
			 const struct dw_module_list *names,
			 const struct dw_line_form *form, struct dw_buf *out,
			 struct dw_changes *changes)
{
	uint64_t nr = count_lines(text, len);

	dw_buf_add(out, text, len);
	for (size_t i = 0; i < names->nr; i++) {
		const char *name = names->names[i];
		size_t at;

		if (has_line(text, len, name, form))
			continue;
		if (out->len && out->data[out->len - 1] != '\n')
			dw_buf_adds(out, "\n");
		at = out->len;
		dw_buf_printf(out, "%s%s%s", form->start, name, form->end);
		if (changes && !out->failed)
			dw_changes_add(changes, ++nr, NULL, 0, out->data + at,
				       out->len - at, NULL);
		dw_buf_adds(out, "\n");
	}
}

int dw_initrd_keep_lines(const struct dw_initrd_target *t, const char *path,
			 const struct dw_module_list *names,
			 const struct dw_line_form *form,
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
	dw_initrd_add_lines(old ? old : "", len, names, form, &out, &changes);
	ret = dw_buf_check(&out, err);
	if (!ret && dw_changes_any(&changes))
		ret = dw_edits_set(edits, t->fs, path, out.data, out.len, 0,
				   &changes, NULL, err);
	dw_changes_free(&changes);
	dw_buf_free(&out);
	free(old);
	return ret;
}

int dw_initrd_put_lines(struct dw_initrd_build *b,
			const struct dw_initrd_text *old,
			const struct dw_line_form *form, struct dw_err *err)
{
	struct dw_buf out = { 0 };
	int ret;

	/* The kernel writes into the file that is there. */
	if (old->linked)
		return dw_fail(err, DW_UNSUPPORTED, "%s in it has other names, "
			       "whose content would change, too", old->name);
	dw_initrd_add_lines(old->data ? old->data : "", old->len, b->names,
			    form, &out, NULL);
	ret = dw_buf_check(&out, err);
	if (!ret)
		dw_cpio_file(&b->w, old->name, 0644, out.data, out.len);
	dw_buf_free(&out);
	return ret;
}

int dw_initrd_add_listed(struct dw_initrd_build *b, const char *name,
			 struct dw_err *err)
{
	struct dw_initrd_text old = { .name = name };
	int ret;

	ret = dw_initrd_add_tree(b, err);
	if (!ret)
		ret = dw_initrd_get_all(b->target, b->path, &old, 1, err);
	if (!ret)
		ret = dw_initrd_put_lines(b, &old, &dw_line_plain, err);
	dw_initrd_texts_free(&old, 1);
	return ret;
}
