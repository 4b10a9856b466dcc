/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Initrds and lists of modules that mean harm: a clear error or a right
 * result, within bounds. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "initrd/family.h"
#include "job/initrd_need.h"
#include "lib/cpioimg.h"
#include "lib/fsimg.h"
#include "lib/initrdimg.h"
#include "lib/run.h"

#define OK(call) ck_assert_msg(!(call), "%s: %s", #call, err.text)
#define MARK "conf/initramfs.conf"

static struct initrdimg g;
static struct dw_buf img;
static struct dw_err err;

static void teardown(void)
{
	initrdimg_close(&g);
	dw_buf_free(&img);
}

/* A guest whose initrd is replaced by what the test makes. */
static void open_guest(const char *more)
{
	char script[4000];

	snprintf(script, sizeof(script), "%s\nmkdir initrd/conf; "
		 "echo > initrd/conf/initramfs.conf; pack\n", more);
	initrdimg_open(&g, "", script);
}

static int add(const char *name)
{
	struct dw_module_list list = { 0 };
	struct dw_initrd_change c;
	int ret;

	OK(dw_module_list_add(&list, name, &err));
	memset(&err, 0, sizeof(err));
	ret = dw_initrd_add(&g.target, g.initrd, &list, &c, &err);
	if (!ret) {
		OK(dw_initrd_apply(&c, g.fs, &err));
		initrdimg_reread(&g);
		for (size_t i = 0; i < c.added.nr; i++)
			ck_assert(dw_initrd_has(g.initrd, c.added.names[i]));
		dw_initrd_change_free(&c);
	} else {
		ck_assert_int_eq(err.code, ret);
		ck_assert(err.text[0] && !strchr(err.text, '\n'));
	}
	dw_module_list_free(&list);
	return ret;
}

/* With img as the initrd; the codes of reading it and of adding to it. */
static void expect(int read, int added, const char *text)
{
	struct dw_initrd *initrd;
	int ret;

	OK(dw_fs_write_file(g.fs, "/boot/initrd", img.data, img.len, NULL,
			    &err));
	ret = dw_initrd_read(g.ctx, g.fs, "/boot/initrd", VER, &initrd, &err);
	ck_assert_msg(ret == read, "read: %d %s", ret, ret ? err.text : "");
	if (!ret) {
		dw_initrd_free(g.initrd);
		g.initrd = initrd;
		ret = add("virtio_blk");
		ck_assert_msg(ret == added, "add: %d %s", ret, err.text);
	}
	ck_assert_msg(strstr(err.text, text), "%s", err.text);
	img.len = 0;
}

static void begin(void)
{
	img.len = 0;
	cpio_add(&img, MARK, 0100644, "a");
}

static void end(void)
{
	cpio_add(&img, "TRAILER!!!", 0, "");
}

START_TEST(names)
{
	char *long_name = malloc(5000);

	open_guest("");
	memset(long_name, 'n', 4999);
	begin();
	cpio_add(&img, "../../../etc/passwd", 0100644, "x");
	cpio_add(&img, "/lib/modules/" VER "/../../x.ko", 0100644, "x");
	cpio_add(&img, "lib/modules/" VER "/..", 040755, "");
	cpio_add(&img, "//./", 040755, "");
	cpio_add(&img, "", 040755, "");
	end();
	expect(0, 0, "");
	/* The kernel's limit, and one more. */
	for (int i = 0; i < 2; i++) {
		long_name[4095 + i] = '\0';
		begin();
		cpio_add(&img, long_name, 040755, "");
		end();
		expect(i ? DW_CORRUPT : 0, 0, i ? "4097 bytes" : "");
		long_name[4095 + i] = 'n';
	}
	/* A zero inside: the name ends there. */
	begin();
	cpio_add(&img, "lib/modules#x", 0100644, "x");
	memset(memchr(img.data, '#', img.len), 0, 1);
	end();
	expect(0, 0, "");
	free(long_name);
}
END_TEST

static void set_field(const char *name, unsigned at, const char *value)
{
	char *p = memmem(img.data, img.len, name, strlen(name) + 1);

	ck_assert_ptr_nonnull(p);
	memcpy(p - 110 + at, value, 8);
}

START_TEST(sizes)
{
	static const char *const bad[] = { "ffffffff", "00100000", "0000zzzz" };

	open_guest("");
	for (size_t i = 0; i < 3; i++)
		for (unsigned at = 54; at <= 94; at += 40) {
			begin();
			cpio_add(&img, "conf/modules", 0100644, "sd_mod");
			set_field("conf/modules", at, bad[i]);
			end();
			expect(DW_CORRUPT, 0, "initrd: ");
		}
}
END_TEST

/* Where a kernel stops reading, nothing is put behind. */
START_TEST(where_kernels_stop)
{
	struct dw_buf cpio = { 0 };

	open_guest("");
	begin();
	end();
	dw_buf_adds(&img, "junk");
	expect(0, DW_UNSUPPORTED, "byte 260 is no archive");
	begin();
	cpio_pack(&cpio, &img, DW_PACK_GZIP);
	img.len = 0;
	dw_buf_add(&img, cpio.data, cpio.len);
	expect(0, DW_UNSUPPORTED, "is no archive");
	/* Plain ones need no trailer, but nothing else instead. */
	begin();
	expect(0, 0, "");
	begin();
	dw_buf_add(&img, "\0\0\0\0", 4);
	expect(0, DW_UNSUPPORTED, "is no archive");
	/* An archive at an odd place. */
	begin();
	end();
	dw_buf_add(&img, "\0\0", 2);
	cpio.len = 0;
	cpio_add(&cpio, "x", 0100644, "");
	dw_buf_add(&img, cpio.data, cpio.len);
	expect(0, DW_UNSUPPORTED, "byte 262 is no archive");
	dw_buf_free(&cpio);
}
END_TEST

static const enum dw_packing packings[] = {
	DW_PACK_GZIP, DW_PACK_XZ, DW_PACK_LZMA, DW_PACK_ZSTD, DW_PACK_LZ4,
	DW_PACK_BZIP2, DW_PACK_LZO,
};

/* Small, and 32 MiB unpacked, many times: 2 GiB are the end. */
START_TEST(bombs)
{
	struct dw_buf cpio = { 0 }, one = { 0 };
	char *zeros = malloc(1 << 20);

	open_guest("");
	memset(zeros, '0', (1 << 20) - 1);
	zeros[(1 << 20) - 1] = '\0';
	for (int i = 0; i < 32; i++)
		cpio_add(&cpio, "a", 0100644, zeros);
	cpio_add(&cpio, "TRAILER!!!", 0, "");
	/* Frames of LZ4 hold 8 MiB. */
	if (packings[_i] == DW_PACK_LZ4)
		cpio.len = 7 << 20;
	cpio_pack(&one, &cpio, packings[_i]);
	while (img.len / one.len < (packings[_i] == DW_PACK_LZ4 ? 300 : 65))
		dw_buf_add(&img, one.data, one.len);
	ck_assert_uint_lt(img.len, 15 << 20);
	expect(DW_LIMIT, 0, "unpacks to more than 2147483648 bytes");
	dw_buf_free(&cpio);
	dw_buf_free(&one);
	free(zeros);
}
END_TEST

/* One that only more memory can unpack is no reason to make another. */
START_TEST(little_memory)
{
	struct dw_initrd_decision d;
	struct dw_initrd_need need = { .sides = { [DW_SIDE_KVM] = true } };

	initrdimg_open(&g, "", "mkdir initrd/conf; "
		       "echo > initrd/conf/initramfs.conf; "
		       "pack zstd --long=27 -qc\n");
	need.ctx = g.ctx;
	need.fs = g.fs;
	need.release = &g.release;
	need.kernel = &g.kernel;
	OK(dw_initrd_decide(&need, &d, &err));
	ck_assert(!d.change.whole && d.change.len);
	dw_initrd_decision_free(&d);
	dw_ctx_set_memory_cap(g.ctx, 3 << 20);
	ck_assert_int_eq(dw_initrd_decide(&need, &d, &err), DW_LIMIT);
	ck_assert_msg(strstr(err.text, "more memory than allowed"), "%s",
		      err.text);
}
END_TEST

START_TEST(thousands_of_archives)
{
	struct dw_buf cpio = { 0 };
	char name[100];

	open_guest("");
	begin();
	end();
	for (int i = 0; i < 3000; i++) {
		cpio.len = 0;
		snprintf(name, sizeof(name), "lib/modules/" VER "/m%d.ko", i);
		cpio_add(&cpio, name, 0100644, "x");
		cpio_add(&cpio, "TRAILER!!!", 0, "");
		cpio_pack(&img, &cpio, packings[i % 4]);
		dw_buf_add(&img, "\0\0\0", (4 - img.len % 4) % 4);
	}
	expect(0, 0, "");
	ck_assert_uint_eq(g.initrd->modules_nr, 3003);
	dw_buf_free(&cpio);
}
END_TEST

/* Its own file is read as a whole or not at all. */
START_TEST(long_lists)
{
	char *lines = malloc(DW_CPIO_DATA_LEN + 2);

	open_guest("");
	for (unsigned i = 0; i < 2; i++) {
		memset(lines, '\n', DW_CPIO_DATA_LEN + i);
		lines[DW_CPIO_DATA_LEN + i] = '\0';
		begin();
		cpio_add(&img, "conf/modules", 0100644, lines);
		end();
		expect(0, i ? DW_LIMIT : 0, i ? "more than 262144" : "");
	}
	free(lines);
}
END_TEST

/* ---- lists of modules ------------------------------------------------------ */

static void with_dep(const char *dep)
{
	open_guest("rm $M/modules.*.bin $M/modules.softdep");
	OK(dw_fs_write_file(g.fs, "/lib/modules/" VER "/modules.dep", dep,
			    strlen(dep), NULL, &err));
	dw_modules_free(g.mods);
	OK(dw_modules_open(g.fs, VER, &g.mods, &err));
	g.target.mods = g.mods;
}

static const struct {
	const char *dep;
	int ret;
	const char *text;
} deps[] = {
	/* Cycles, and one that needs itself: each once. */
	{ "kernel/lib/crc16.ko: kernel/fs/jbd2/jbd2.ko\n"
	  "kernel/fs/jbd2/jbd2.ko: kernel/lib/crc16.ko\n", 0, "" },
	{ "kernel/lib/crc16.ko: kernel/lib/crc16.ko kernel/fs/jbd2/jbd2.ko\n"
	  "kernel/fs/jbd2/jbd2.ko:\n", 0, "" },
	/* Out of the folder of the kernel. */
	{ "kernel/../../../../boot/crc16.ko:\n", DW_CORRUPT, "no name" },
	{ "/boot/crc16.ko:\n", DW_UNSUPPORTED, "not below" },
	{ "/lib/modules/" VER "/../crc16.ko:\n", DW_CORRUPT, "no name" },
	{ "kernel//lib/./crc16.ko:\n", DW_CORRUPT, "no name" },
	/* What is not there. */
	{ "kernel/lib/crc16.ko: kernel/gone.ko\nkernel/gone.ko:\n", DW_NOENT,
	  "gone.ko" },
	{ "kernel/lib/crc16.ko: kernel/gone.ko\n", DW_NOENT, "gone" },
	{ "kernel/fs/crc16.ko:\n", DW_NOENT, "crc16.ko" },
	{ "kernel/fs/jbd2/jbd2.ko:\n", DW_NOENT, "no module crc16" },
	{ "", DW_NOENT, "no module crc16" },
	{ ":\n::\ncrc16.ko", DW_NOENT, "no module crc16" },
};

START_TEST(bad_deps)
{
	with_dep(deps[_i].dep);
	initrdimg_sh("cp root/boot/initrd root/lib/modules/" VER
		     "/kernel/../../../../boot/crc16.ko");
	OK(dw_fs_write_file(g.fs, "/boot/crc16.ko", "x", 1, NULL, &err));
	OK(dw_fs_write_file(g.fs, "/lib/modules/crc16.ko", "x", 1, NULL,
			    &err));
	ck_assert_int_eq(add("crc16"), deps[_i].ret);
	ck_assert_msg(strstr(err.text, deps[_i].text), "%s", err.text);
}
END_TEST

/* 40000 that need each other in one chain, each line with all. */
START_TEST(long_chains)
{
	struct dw_buf dep = { 0 };

	for (int i = 0; i < 30000; i++)
		dw_buf_printf(&dep, "m%d.ko: m%d.ko\n", i, i + 1);
	dw_buf_adds(&dep, "kernel/lib/crc16.ko: m0.ko\n");
	with_dep(dep.data);
	ck_assert_int_eq(add("crc16"), DW_LIMIT);
	/* One line of several MiB. */
	dep.len = 0;
	dw_buf_adds(&dep, "kernel/lib/crc16.ko:");
	for (int i = 0; i < 500000; i++)
		dw_buf_printf(&dep, " m%d.ko", i);
	OK(dw_fs_write_file(g.fs, "/lib/modules/" VER "/modules.dep",
			    dep.data, dep.len, NULL, &err));
	dw_modules_free(g.mods);
	OK(dw_modules_open(g.fs, VER, &g.mods, &err));
	g.target.mods = g.mods;
	ck_assert_int_eq(add("crc16"), DW_LIMIT);
	dw_buf_free(&dep);
}
END_TEST

/* Each word of a list becomes the long path that the initrd has. */
START_TEST(growing_list)
{
	struct dw_buf dep = { 0 };
	char path[4000];

	dw_buf_adds(&dep, "kernel/lib/crc16.ko:\nx.ko:");
	for (int i = 0; i < 100000; i++)
		dw_buf_adds(&dep, " j.ko");
	with_dep(dep.data);
	memset(path, 'p', sizeof(path));
	strcpy(path + 3500, "/j.ko");
	memcpy(path, "lib/modules/" VER "/", strlen("lib/modules/" VER "/"));
	begin();
	cpio_add(&img, path, 0100644, "x");
	end();
	OK(dw_fs_write_file(g.fs, "/boot/initrd", img.data, img.len, NULL,
			    &err));
	initrdimg_reread(&g);
	ck_assert_int_eq(add("crc16"), DW_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "33554432 bytes"));
	dw_buf_free(&dep);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("hostile");

	fsimg_require_tools();
	tcase_set_timeout(tc, 0);
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, names);
	tcase_add_test(tc, sizes);
	tcase_add_test(tc, where_kernels_stop);
	tcase_add_loop_test(tc, bombs, 0,
			    sizeof(packings) / sizeof(*packings));
	tcase_add_test(tc, little_memory);
	tcase_add_test(tc, thousands_of_archives);
	tcase_add_test(tc, long_lists);
	tcase_add_loop_test(tc, bad_deps, 0, sizeof(deps) / sizeof(*deps));
	tcase_add_test(tc, long_chains);
	tcase_add_test(tc, growing_list);
	return dw_test_run("initrd_hostile", tc);
}
