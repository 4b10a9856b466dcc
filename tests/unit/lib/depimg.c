/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small trees of modules, of which depmod itself says what is right. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "depimg.h"
#include "fsimg.h"

void depimg_require_tools(void)
{
	fsimg_require_tools();
	if (!fsimg_run(NULL, "command -v depmod"))
		return;
	printf("SKIP: depmod is missing\n");
	exit(77);
}

void depimg_new(void)
{
	const char *top = fsimg_path("tree"), *out;

	ck_assert_msg(!fsimg_run(&out, "rm -rf %s && mkdir -p %s" DEPIMG_DIR
				 " %s/etc/depmod.d", top, top, top), "%s", out);
}

static void host_path(const char *path, char out[8192])
{
	snprintf(out, 8192, "%s%s%s", fsimg_path("tree"),
		 path[0] == '/' ? "" : DEPIMG_DIR "/", path);
}

void depimg_bytes(const char *path, const void *data, size_t len)
{
	char name[8192], *slash;
	FILE *f;

	host_path(path, name);
	slash = strrchr(name, '/');
	*slash = '\0';
	ck_assert(!fsimg_run(NULL, "mkdir -p '%s'", name));
	*slash = '/';
	f = fopen(name, "wb");
	ck_assert_msg(f != NULL, "%s", name);
	ck_assert(!len || fwrite(data, len, 1, f) == 1);
	ck_assert(!fclose(f));
}

void depimg_text(const char *path, const char *text)
{
	depimg_bytes(path, text, strlen(text));
}

void depimg_module(const char *path, const struct modelf *m)
{
	struct dw_buf b = { 0 };

	modelf_make(m, &b);
	ck_assert(!b.failed);
	depimg_bytes(path, b.data, b.len);
	dw_buf_free(&b);
}

void depimg_shell(const char *command)
{
	const char *out;

	ck_assert_msg(!fsimg_run(&out, "cd %s" DEPIMG_DIR " && %s",
				 fsimg_path("tree"), command), "%s", out);
}

const char *depimg_image(void)
{
	char args[256];

	snprintf(args, sizeof(args), "-t ext4 -b 4096 -d %s",
		 fsimg_path("tree"));
	return fsimg_make("img", "32M", args);
}

int depimg_ours(struct dw_ctx *ctx, struct dw_depmod *lists, struct dw_err *err)
{
	struct dw_fs *fs = fsimg_open(ctx, depimg_image(), 0);
	int ret = dw_depmod(ctx, fs, DEPIMG_DIR, 0, lists, err);

	dw_fs_close(fs);
	return ret;
}

int depimg_theirs(const char **out)
{
	const char *top = fsimg_path("tree");

	return fsimg_run(out, "depmod -C %s/etc/depmod.d -b %s " DEPIMG_VERSION,
			 top, top);
}

static void file_is_same(const struct dw_depmod_file *f)
{
	const char *ours = fsimg_path("ours"), *out;
	FILE *file = fopen(ours, "wb");

	ck_assert_ptr_nonnull(file);
	ck_assert(!f->len || fwrite(f->data, f->len, 1, file) == 1);
	ck_assert(!fclose(file));
	ck_assert_msg(!fsimg_run(&out, "cmp %s %s" DEPIMG_DIR "/%s || "
				 "diff -a %s %s" DEPIMG_DIR "/%s", ours,
				 fsimg_path("tree"), f->name, ours,
				 fsimg_path("tree"), f->name),
		      "%s: %s", f->name, out);
}

void depimg_same(struct dw_ctx *ctx, struct dw_depmod *lists)
{
	struct dw_err err = { 0 };
	const char *out;
	int ret;

	ret = depimg_ours(ctx, lists, &err);
	ck_assert_msg(!ret, "%s", err.text);
	ck_assert_msg(!depimg_theirs(&out), "depmod: %s", out);
	ck_assert_uint_ge(lists->files_nr, 10);
	for (size_t i = 0; i < lists->files_nr; i++)
		if (strcmp(lists->files[i].name, "modules.weakdep"))
			file_is_same(&lists->files[i]);
}

const char *depimg_file(const struct dw_depmod *lists, const char *name)
{
	for (size_t i = 0; i < lists->files_nr; i++)
		if (!strcmp(lists->files[i].name, name))
			return lists->files[i].data ? lists->files[i].data : "";
	ck_abort_msg("no %s", name);
	return NULL;
}
