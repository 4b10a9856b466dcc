/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernel packages: what is taken, what is left out, what is refused. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/pkgimg.h"
#include "lib/run.h"
#include "package/package.h"

#define VER "6.1.0-50-amd64"
#define CONTROL "Package: linux-image-" VER "\nVersion: 6.1.1-2\n" \
	"Architecture: amd64\nDepends: kmod, linux-base\n more\n"
#define FOLDER S_IFDIR | 0755
#define FILE_ S_IFREG | 0644

static struct dw_ctx *ctx;
static struct dw_err err;
static char path[] = "/tmp/dwpkg.XXXXXX";

static void setup(void)
{
	strcpy(path + strlen(path) - 6, "XXXXXX");
	ck_assert_int_ge(mkstemp(path), 0);
	ck_assert_int_eq(dw_ctx_new(&ctx, NULL), 0);
}

static void teardown(void)
{
	dw_ctx_free(ctx);
	unlink(path);
}

static const struct pkgimg_member plain[] = {
	{ "./", FOLDER, NULL, NULL, 0 },
	{ "./boot/", FOLDER, NULL, NULL, 0 },
	{ "./boot/vmlinuz-" VER, FILE_, "kernel", NULL, 0 },
	{ "./lib/modules/" VER "/kernel/", FOLDER, NULL, NULL, 0 },
	{ "./lib/modules/" VER "/kernel/b.ko", FILE_, "module b", NULL, 0 },
	{ "./lib/modules/" VER "/kernel/a.ko", S_IFREG | 0600, "a", NULL, 0 },
	{ "./lib/modules/" VER "/build", S_IFLNK | 0777, NULL, "/usr/src/x", 0 },
	{ "./usr/", FOLDER, NULL, NULL, 0 },
	{ "./usr/bin/", FOLDER, NULL, NULL, 0 },
	{ "./usr/bin/tool", S_IFREG | 0755, "tool", NULL, 0 },
	{ NULL, 0, NULL, NULL, 0 },
};

static void holds(const struct dw_package *pkg, const char *name,
		  const char *want)
{
	const struct dw_package_entry *e = dw_package_find(pkg, name);
	char buf[64] = "";

	ck_assert_msg(e != NULL, "%s", name);
	ck_assert_uint_eq(e->size, strlen(want));
	ck_assert_int_eq(dw_dev_pread(pkg->content, e->off, buf, e->size,
				      &err), 0);
	ck_assert_str_eq(buf, want);
}

static void check_plain(const struct dw_package *pkg)
{
	const struct dw_package_entry *e;
	char version[DW_PACKAGE_FIELD];

	holds(pkg, "/boot/vmlinuz-" VER, "kernel");
	holds(pkg, "/lib/modules/" VER "/kernel/a.ko", "a");
	holds(pkg, "/lib/modules/" VER "/kernel/b.ko", "module b");
	e = dw_package_find(pkg, "/lib/modules/" VER "/kernel/a.ko");
	ck_assert_uint_eq(e->mode, S_IFREG | 0600);
	ck_assert_int_eq(e->mtime, 1700000000);
	e = dw_package_find(pkg, "/lib/modules/" VER "/build");
	ck_assert_str_eq(e->target, "/usr/src/x");
	ck_assert_ptr_null(dw_package_find(pkg, "/usr/bin/tool"));
	ck_assert_uint_eq(pkg->left_out_nr, 1);
	ck_assert_str_eq(pkg->left_out.items[0], "/usr/bin/tool");
	ck_assert_int_eq(dw_package_kernel_version(pkg, version, &err), 0);
	ck_assert_str_eq(version, VER);
}

static const char *const filters[] = { "", "gzip", "xz", "zstd", "bzip2" };

START_TEST(deb)
{
	struct dw_package *pkg;

	pkgimg_deb(path, filters[_i], CONTROL, plain);
	ck_assert_msg(!dw_package_open(ctx, path, &pkg, &err), "%s", err.text);
	ck_assert_int_eq(pkg->kind, DW_PACKAGE_DEB);
	ck_assert_str_eq(pkg->name, "linux-image-" VER);
	ck_assert_str_eq(pkg->version, "6.1.1-2");
	ck_assert_str_eq(pkg->arch, "amd64");
	ck_assert_str_eq(pkg->depends, "kmod, linux-base");
	check_plain(pkg);
	dw_package_free(pkg);
}
END_TEST

START_TEST(rpm)
{
	struct dw_package *pkg;

	pkgimg_rpm(path, filters[_i], "x86_64", plain);
	ck_assert_msg(!dw_package_open(ctx, path, &pkg, &err), "%s", err.text);
	ck_assert_int_eq(pkg->kind, DW_PACKAGE_RPM);
	ck_assert_str_eq(pkg->name, "kernel");
	ck_assert_str_eq(pkg->version, "4.18.0-1");
	ck_assert_str_eq(pkg->arch, "x86_64");
	check_plain(pkg);
	dw_package_free(pkg);
}
END_TEST

static void refused(enum dw_code code, const char *text)
{
	struct dw_package *pkg;

	ck_assert_int_eq(dw_package_open(ctx, path, &pkg, &err), code);
	ck_assert_ptr_null(pkg);
	ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
}

static const struct hostile {
	struct pkgimg_member first, second;
	const char *text;
} hostile[] = {
	{ { "./boot/../etc/passwd", FILE_, "x", NULL, 0 }, { 0 },
	  "leads out of its archive" },
	{ { "/boot/vmlinuz-1", FILE_, "x", NULL, 0 }, { 0 }, "is absolute" },
	{ { "./boot/a\nb", FILE_, "x", NULL, 0 }, { 0 }, "control characters" },
	{ { "./boot/null", S_IFCHR | 0666, NULL, NULL, 0 }, { 0 },
	  "neither a file, a folder nor a link" },
	{ { "./lib/modules/1/p", S_IFIFO | 0666, NULL, NULL, 0 }, { 0 },
	  "neither a file, a folder nor a link" },
	{ { "./boot/su", S_IFREG | 04755, "x", NULL, 0 }, { 0 }, "is setuid" },
	{ { "./boot/d", S_IFDIR | 02755, NULL, NULL, 0 }, { 0 }, "setgid" },
	{ { "./boot/out", S_IFLNK | 0777, NULL, "/etc", 0 },
	  { "./boot/out/passwd", FILE_, "x", NULL, 0 }, "is no folder in it" },
	{ { "./boot/f", FILE_, "x", NULL, 0 },
	  { "./boot/f/g", FILE_, "x", NULL, 0 }, "is no folder in it" },
	{ { "./lib/modules", S_IFLNK | 0777, NULL, "/etc", 0 }, { 0 },
	  "is no folder in it" },
	{ { "./boot/f", FILE_, "x", NULL, 0 }, { "./boot/f", FILE_, "y", NULL, 0 },
	  "twice" },
	{ { "./boot/h", FILE_, NULL, "./boot/none", 0 }, { 0 },
	  "which is not in it" },
	{ { "./boot/h", FILE_, NULL, "../etc/shadow", 0 }, { 0 },
	  "leads out of its archive" },
};

START_TEST(hostile_members)
{
	const struct pkgimg_member members[] = {
		hostile[_i].first, hostile[_i].second, { NULL, 0, NULL, NULL, 0 },
	};

	pkgimg_deb(path, "", CONTROL, members);
	refused(DW_CORRUPT, hostile[_i].text);
}
END_TEST

START_TEST(hard_links)
{
	const struct pkgimg_member members[] = {
		{ "./boot/first", FILE_, "content", NULL, 0 },
		{ "./boot/second", FILE_, NULL, "./boot/first", 0 },
		{ NULL, 0, NULL, NULL, 0 },
	};
	struct dw_package *pkg;

	pkgimg_deb(path, "gzip", CONTROL, members);
	ck_assert_int_eq(dw_package_open(ctx, path, &pkg, &err), 0);
	holds(pkg, "/boot/first", "content");
	holds(pkg, "/boot/second", "content");
	dw_package_free(pkg);
}
END_TEST

static const struct damage {
	bool rpm;
	long cut;	/* 0: not */
	long off;
	unsigned char value;
	enum dw_code code;
	const char *text;
} damages[] = {
	{ false, 70, 0, 0, DW_CORRUPT, "deb: " },
	{ false, 200, 0, 0, DW_CORRUPT, "ends at byte" },
	{ false, 0, 0, 'x', DW_UNSUPPORTED, "neither a .deb nor an .rpm" },
	{ false, 0, 66, 'x', DW_CORRUPT, "no member at byte 8" },
	{ false, 0, 56, 'x', DW_CORRUPT, "" },
	{ true, 80, 0, 0, DW_CORRUPT, "fewer than its lead" },
	{ true, 100, 0, 0, DW_CORRUPT, "ends before its header" },
	{ true, 140, 0, 0, DW_CORRUPT, "ends before its header" },
	{ true, 0, 4, 9, DW_UNSUPPORTED, "format 9" },
	{ true, 0, 7, 1, DW_UNSUPPORTED, "a source package" },
	{ true, 0, 96, 0, DW_CORRUPT, "no header at byte 96" },
	{ true, 0, 104, 0x7f, DW_LIMIT, "a header of" },
	{ true, 0, 108, 0x7f, DW_LIMIT, "a header of" },
	{ true, 0, 110, 0x7f, DW_CORRUPT, "a header ends at byte" },
	{ true, 420, 0, 0, DW_CORRUPT, "" },
};

START_TEST(damaged)
{
	const struct damage *d = &damages[_i];

	if (d->rpm)
		pkgimg_rpm(path, "gzip", "x86_64", plain);
	else
		pkgimg_deb(path, "gzip", CONTROL, plain);
	if (d->cut)
		pkgimg_cut(path, d->cut);
	else
		pkgimg_poke(path, d->off, d->value);
	refused(d->code, d->text);
}
END_TEST

START_TEST(no_control)
{
	static const char *const texts[] = { "Package: x\n", "" };

	pkgimg_deb(path, "gzip", texts[_i], plain);
	refused(DW_CORRUPT, "lacks Package, Version or Architecture");
}
END_TEST

/* The header of a tar's member, with another size and the sum that fits. */
static void claim(uint8_t block[512])
{
	unsigned sum = 0;

	memcpy(block + 124, "110000000000", 12);	/* octal: 9 GiB */
	memset(block + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += block[i];
	snprintf((char *)block + 148, 8, "%06o", sum);
}

START_TEST(too_large)
{
	static const struct pkgimg_member members[] = {
		{ "./boot/huge", FILE_, "x", NULL, 0 }, { NULL, 0, NULL, NULL, 0 },
	};
	static uint8_t bytes[65536];
	FILE *f;
	size_t len;
	uint8_t *at;

	pkgimg_deb(path, "", CONTROL, members);
	f = fopen(path, "r+");
	len = fread(bytes, 1, sizeof(bytes), f);
	at = memmem(bytes, len, "./boot/huge", 12);
	ck_assert_ptr_nonnull(at);
	claim(at);
	rewind(f);
	ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
	fclose(f);
	refused(DW_LIMIT, "the package has more than");
}
END_TEST

START_TEST(versions)
{
	static const struct pkgimg_member two[] = {
		{ "./boot/vmlinuz-1.0", FILE_, "x", NULL, 0 },
		{ "./boot/vmlinuz-2.0", FILE_, "x", NULL, 0 },
		{ NULL, 0, NULL, NULL, 0 },
	};
	static const struct pkgimg_member none[] = {
		{ "./usr/share/doc/x", FILE_, "x", NULL, 0 },
		{ NULL, 0, NULL, NULL, 0 },
	};
	char version[DW_PACKAGE_FIELD];
	struct dw_package *pkg;

	pkgimg_deb(path, "", CONTROL, two);
	ck_assert_int_eq(dw_package_open(ctx, path, &pkg, &err), 0);
	ck_assert_int_eq(dw_package_kernel_version(pkg, version, &err),
			 DW_UNSUPPORTED);
	dw_package_free(pkg);
	pkgimg_deb(path, "", CONTROL, none);
	ck_assert_int_eq(dw_package_open(ctx, path, &pkg, &err), 0);
	ck_assert_int_eq(dw_package_kernel_version(pkg, version, &err),
			 DW_NOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "it depends on kmod"));
	dw_package_free(pkg);
}
END_TEST

/* What is called as a kernel, and is none that boots, has no say. */
START_TEST(vmlinux)
{
	static const char *const names[] = {
		"./boot/vmlinux-4.4.0-1-default.gz",
		"./boot/vmlinux-4.4.0-1-default.xz",
		"./boot/vmlinux-4.4.0-1-default",
		"./boot/vmlinux-5.0",
	};
	const struct pkgimg_member members[] = {
		{ names[_i], FILE_, "x", NULL, 0 },
		{ "./boot/vmlinuz-4.4.0-1-default", FILE_, "x", NULL, 0 },
		{ "./lib/modules/4.4.0-1-default/a.ko", FILE_, "x", NULL, 0 },
		{ NULL, 0, NULL, NULL, 0 },
	};
	char version[DW_PACKAGE_FIELD];
	struct dw_package *pkg;

	pkgimg_rpm(path, "gzip", "x86_64", members);
	ck_assert_int_eq(dw_package_open(ctx, path, &pkg, &err), 0);
	ck_assert_msg(!dw_package_kernel_version(pkg, version, &err), "%s",
		      err.text);
	ck_assert_str_eq(version, "4.4.0-1-default");
	dw_package_free(pkg);
}
END_TEST

/* Bytes changed at random: an error or a package, never more. */
START_TEST(mutated)
{
	unsigned seed = (unsigned)_i + 1;
	struct dw_package *pkg;
	struct stat st;

	if (_i % 2)
		pkgimg_rpm(path, "", "x86_64", plain);
	else
		pkgimg_deb(path, "", CONTROL, plain);
	ck_assert_int_eq(stat(path, &st), 0);
	for (int i = 0; i < 4; i++)
		pkgimg_poke(path, rand_r(&seed) % st.st_size,
			    (unsigned char)rand_r(&seed));
	if (dw_package_open(ctx, path, &pkg, &err))
		ck_assert(err.text[0] && !strchr(err.text, '\n'));
	dw_package_free(pkg);
}
END_TEST

#define NR(list) ((int)(sizeof(list) / sizeof(*(list))))

int main(void)
{
	TCase *tc = tcase_create("package");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, deb, 0, NR(filters));
	tcase_add_loop_test(tc, rpm, 0, NR(filters));
	tcase_add_loop_test(tc, hostile_members, 0, NR(hostile));
	tcase_add_test(tc, hard_links);
	tcase_add_loop_test(tc, damaged, 0, NR(damages));
	tcase_add_loop_test(tc, no_control, 0, 2);
	tcase_add_test(tc, too_large);
	tcase_add_test(tc, versions);
	tcase_add_loop_test(tc, vmlinux, 0, 4);
	tcase_add_loop_test(tc, mutated, 0, 200);
	return dw_test_run("package", tc);
}
