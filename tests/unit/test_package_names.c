/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names in kernel packages: how long, how many, which below which. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/pkgimg.h"
#include "lib/run.h"
#include "package/package.h"

#define CONTROL "Package: linux-image\nVersion: 1\nArchitecture: amd64\n"
#define FOLDER S_IFDIR | 0755
#define FILE_ S_IFREG | 0644

static struct dw_ctx *ctx;
static struct dw_err err;
static char path[] = "/tmp/dwpkg.XXXXXX";

static void setup(void)
{
	int fd;

	strcpy(path + strlen(path) - 6, "XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_eq(dw_ctx_new(&ctx, NULL), 0);
}

static void teardown(void)
{
	dw_ctx_free(ctx);
	unlink(path);
}

static void refused(enum dw_code code, const char *text)
{
	struct dw_package *pkg;

	ck_assert_int_eq(dw_package_open(ctx, path, &pkg, &err), code);
	ck_assert_ptr_null(pkg);
	ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
}

/* "./boot/xxx/xxx/...": len bytes, components of step. */
static const char *long_name(char *to, size_t len, size_t step)
{
	memset(to, 'x', len);
	memcpy(to, "./boot/", 7);
	for (size_t i = 7 + step; i < len - 1; i += step + 1)
		to[i] = '/';
	to[len] = '\0';
	return to;
}

/* As long as Linux takes them, and no longer. */
START_TEST(long_names)
{
	static char names[4][DW_PACKAGE_PATH_MAX + 2];
	const struct {
		const char *name;
		const char *text;
	} cases[] = {
		{ long_name(names[0], DW_PACKAGE_PATH_MAX, 1), NULL },
		{ long_name(names[1], 7 + DW_PACKAGE_NAME_MAX,
			    DW_PACKAGE_NAME_MAX), NULL },
		{ long_name(names[2], DW_PACKAGE_PATH_MAX + 1, 1),
		  "has 4097 bytes, more than 4096" },
		{ long_name(names[3], 8 + DW_PACKAGE_NAME_MAX,
			    DW_PACKAGE_NAME_MAX + 1),
		  "a component of 256 bytes, more than 255" },
	};

	for (size_t i = 0; i < 4; i++) {
		const struct pkgimg_member members[] = {
			{ cases[i].name, FILE_, "x", NULL, 0 },
			{ NULL, 0, NULL, NULL, 0 },
		};
		struct dw_package *pkg;

		pkgimg_deb(path, "", CONTROL, members);
		if (cases[i].text) {
			refused(DW_LIMIT, cases[i].text);
			continue;
		}
		ck_assert_msg(!dw_package_open(ctx, path, &pkg, &err), "%s",
			      err.text);
		ck_assert_ptr_nonnull(dw_package_find(pkg, cases[i].name + 1));
		dw_package_free(pkg);
	}
}
END_TEST

/* All names together stay within the memory that is allowed. */
START_TEST(many_names)
{
	static char names[2][4000], target[3001];
	const struct pkgimg_member members[] = {
		{ long_name(names[0], 3000, 99), FILE_, "x", NULL, 0 },
		{ long_name(names[1], 3001, 99), S_IFLNK | 0777, NULL, target,
		  0 },
		{ NULL, 0, NULL, NULL, 0 },
	};
	struct dw_package *pkg;

	memset(target, 't', 3000);
	pkgimg_deb(path, "", CONTROL, members);
	dw_ctx_set_memory_cap(ctx, 9002);
	ck_assert_msg(!dw_package_open(ctx, path, &pkg, &err), "%s", err.text);
	dw_package_free(pkg);
	dw_ctx_set_memory_cap(ctx, 9001);
	refused(DW_LIMIT, "names take more than 9001 bytes");
	dw_ctx_set_memory_cap(ctx, 3000);
	refused(DW_LIMIT, "names take more than 3000 bytes");
}
END_TEST

#define NEWC_NAME_LEN_OFF 94	/* in a header of cpio, 8 hexadecimal digits */

/* A name that cpio says to be of a gigabyte is not waited for. */
START_TEST(endless_name)
{
	static const struct pkgimg_member members[] = {
		{ "./boot/f", FILE_, "x", NULL, 0 }, { NULL, 0, NULL, NULL, 0 },
	};
	static char bytes[4096];
	FILE *f;
	size_t len;
	char *at;

	pkgimg_rpm(path, "", "x86_64", members);
	f = fopen(path, "r");
	len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	at = memmem(bytes, len, "070701", 6);
	ck_assert_ptr_nonnull(at);
	pkgimg_poke(path, at - bytes + NEWC_NAME_LEN_OFF, '4');
	pkgimg_cut(path, 64 << 20);
	refused(DW_LIMIT, "header has more than 4194304 bytes");
}
END_TEST

/* Content that nobody takes is no header. */
START_TEST(large_and_left_out)
{
	static char data[6 << 20];
	const struct pkgimg_member members[] = {
		{ "./usr/bin/tool", FILE_, data, NULL, sizeof(data) },
		{ "./boot/f", FILE_, "x", NULL, 0 }, { NULL, 0, NULL, NULL, 0 },
	};
	struct dw_package *pkg;

	if (_i)
		pkgimg_rpm(path, "gzip", "x86_64", members);
	else
		pkgimg_deb(path, "gzip", CONTROL, members);
	ck_assert_msg(!dw_package_open(ctx, path, &pkg, &err), "%s", err.text);
	ck_assert_uint_eq(pkg->left_out_nr, 1);
	ck_assert_ptr_nonnull(dw_package_find(pkg, "/boot/f"));
	dw_package_free(pkg);
}
END_TEST

START_TEST(cancelled)
{
	const struct pkgimg_member members[] = {
		{ "./boot/f", FILE_, "x", NULL, 0 }, { NULL, 0, NULL, NULL, 0 },
	};
	struct dw_package *pkg;

	pkgimg_deb(path, "", CONTROL, members);
	dw_ctx_cancel(ctx);
	ck_assert_int_eq(dw_package_open(ctx, path, &pkg, &err),
			 DW_CANCELLED);
	ck_assert_ptr_null(pkg);
}
END_TEST

/* By path, others come between a file and what claims to be below it. */
START_TEST(neighbours)
{
	struct pkgimg_member members[] = {
		{ "./boot/f", FILE_, "x", NULL, 0 },
		{ "./boot/f-1", FILE_, "x", NULL, 0 },
		{ "./boot/f.d", FOLDER, NULL, NULL, 0 },
		{ "./boot/f.d/g", FILE_, "x", NULL, 0 },
		{ "./boot/f0", FILE_, "x", NULL, 0 },
		{ "./boot/f1/g", FILE_, "x", NULL, 0 },
		{ NULL, 0, NULL, NULL, 0 },
	};
	struct dw_package *pkg;

	pkgimg_deb(path, "", CONTROL, members);
	ck_assert_msg(!dw_package_open(ctx, path, &pkg, &err), "%s", err.text);
	ck_assert_uint_eq(pkg->entries_nr, 6);
	dw_package_free(pkg);
	members[5].name = "./boot/f/1/g";
	pkgimg_deb(path, "", CONTROL, members);
	refused(DW_CORRUPT, "/boot/f/1/g lies below /boot/f, which is no "
		"folder in it");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("package-names");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, long_names);
	tcase_add_test(tc, many_names);
	tcase_add_test(tc, endless_name);
	tcase_add_loop_test(tc, large_and_left_out, 0, 2);
	tcase_add_test(tc, cancelled);
	tcase_add_test(tc, neighbours);
	return dw_test_run("package-names", tc);
}
