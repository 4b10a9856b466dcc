/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Indexes of what is built into the kernel, whose lists the kernel brings. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/read_text.h"
#include "kmod/depmod_impl.h"

/* modules.builtin.modinfo of a distribution has 1 MiB. */
#define BUILTIN_CAP_LEN (64u << 20)
/* kmod's buffer for a line, a name or a value, with its NUL. */
#define PIECE_LEN 4096u

typedef int (*add_fn)(struct dw_index *index, const char *text, size_t len,
		      struct dw_err *err);

/* The name of a module from its line: the last part of the path, up to the
 * first dot.  A line without one keeps its end, as in kmod. */
static int add_line(struct dw_index *index, const char *line, size_t len,
		    struct dw_err *err)
{
	const char *slash;
	char name[PIECE_LEN];

	len = strnlen(line, len);
	slash = memrchr(line, '/', len);
	if (slash) {
		len -= (size_t)(slash + 1 - line);
		line = slash + 1;
	}
	if (!len)
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (line[i] == '.')
			len = i;
		else
			name[i] = line[i] == '-' ? '_' : line[i];
	}
	name[len] = '\0';
	return dw_index_add(index, name, "", 0, err);
}

/* modules.builtin: "kernel/fs/ext4/ext4.ko", a line a module. */
static int add_builtin(struct dw_index *index, const char *text, size_t len,
		       struct dw_err *err)
{
	int ret = 0;

	for (size_t at = 0, n; !ret && at < len; at += n) {
		const char *end;

		n = len - at < PIECE_LEN - 1 ? len - at : PIECE_LEN - 1;
		end = memchr(text + at, '\n', n);
		if (end)
			n = (size_t)(end - text) - at + 1;
		if (isascii(text[at]) && isalpha(text[at]))
			ret = add_line(index, text + at, n, err);
	}
	return ret;
}

/* modules.builtin.modinfo being read: "ext4.alias=fs-ext4", each with its NUL. */
struct modinfo {
	const char *p;
	size_t len, at;
};

/* Takes what stands before 'end', and that too.  Where a zero byte or the end
 * of the file comes first, the piece is empty and those are passed over. */
static bool next_piece(struct modinfo *in, char end, char out[PIECE_LEN])
{
	size_t n = 0;

	out[0] = '\0';
	for (; in->at < in->len; in->at++) {
		char c = in->p[in->at];

		if (c == end || !c) {
			in->at++;
			if (c != end)
				return false;
			out[n] = '\0';
			return n > 0;
		}
		if (n == PIECE_LEN - 1)
			return false;
		out[n++] = c;
	}
	return false;
}

static void skip_string(struct modinfo *in)
{
	const char *nul = memchr(in->p + in->at, 0, in->len - in->at);

	in->at = nul ? (size_t)(nul + 1 - in->p) : in->len;
}

static int add_modinfo(struct dw_index *index, const char *text, size_t len,
		       struct dw_err *err)
{
	char name[PIECE_LEN], value[PIECE_LEN], alias[DW_DEPMOD_ALIAS_MAX];
	struct modinfo in = { text, len, 0 };
	int ret = 0;

	while (!ret && in.at < in.len) {
		if (!next_piece(&in, '.', name))
			continue;
		next_piece(&in, '=', value);
		if (strcmp(value, "alias"))
			skip_string(&in);
		else if (next_piece(&in, '\0', value) &&
			 dw_depmod_alias(value, alias))
			ret = dw_index_add(index, alias, name, 0, err);
	}
	return ret;
}

/* Where the kernel brings no such list, kmod leaves an empty file. */
static int put(struct dw_depmod_job *job, const char *list, const char *file,
	       add_fn add, struct dw_err *err)
{
	struct dw_index index = { 0 };
	struct dw_buf none = { 0 };
	char *path, *text;
	size_t len;
	int ret;

	if (asprintf(&path, "%s/%s", job->dir, list) < 0)
		return dw_fail_nomem(err);
	ret = dw_fs_read_text(job->fs, path, BUILTIN_CAP_LEN, &text, &len, err);
	free(path);
	if (!ret && text)
		ret = add(&index, text, len, err);
	if (!ret && text)
		ret = dw_depmod_put_index(job, file, &index, err);
	else if (!ret && !(job->flags & DW_DEPMOD_ABSOLUTE))
		ret = dw_depmod_put(job->out, file, &none, err);
	dw_index_free(&index);
	free(text);
	return ret;
}

int dw_depmod_put_builtin(struct dw_depmod_job *job, struct dw_err *err)
{
	int ret;

	ret = put(job, "modules.builtin", "modules.builtin.bin", add_builtin,
		  err);
	if (!ret)
		ret = put(job, "modules.builtin.modinfo",
			  "modules.builtin.alias.bin", add_modinfo, err);
	return ret;
}
