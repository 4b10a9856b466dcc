/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage 2's scanning of /boot, built for the host: names, their order, and
 * directories of e2fsprogs, whole and damaged.
 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "guest/kernel.h"
#include "lib/fsimg.h"
#include "lib/run.h"

/* The sources themselves: what boots is what is tested. */
#include "boot/x86/stage2/ext.c"
#include "boot/x86/stage2/ext_file.c"
#include "boot/x86/stage2/ext_map.c"
#include "boot/x86/stage2/ext_path.c"
#include "boot/x86/stage2/scan.c"
#include "boot/x86/stage2/scan_names.c"
#include "boot/x86/stage2/text.c"

#define READS_MAX	200000	/* of one scan; far above a good one's */
#define ROUNDS		200
#define META_LEN	(256u << 10)

static uint8_t *image;		/* exactly as long as it is */
static uint64_t image_len;
static uint32_t reads_nr;
static uint8_t *slots;

/* The disk that ext.c asks for. */
fault disk_read(struct disk *disk, uint64_t off, void *dst, uint32_t len)
{
	ck_assert_uint_lt(reads_nr++, READS_MAX);
	if (off > image_len || len > image_len - off)
		return "disk read error";
	memcpy(dst, image + off, len);
	return NULL;
}

static void setup(void)
{
	slots = malloc(EXT_SLOTS * EXT_BLOCK_MAX);
}

static void teardown(void)
{
	free(slots);
	free(image);
	image = NULL;
}

/* ---- names ------------------------------------------------------------------- */

START_TEST(which_names_are_kernels)
{
	static const char *const yes[] = {
		"vmlinuz-6.1.0-50-amd64", "vmlinuz-virt", "vmlinuz-linux",
		"vmlinuz-2.6.18-398.el5xen", "vmlinuz-6.1.old", "vmlinuz-0",
	}, *const no[] = {
		"", "vmlinuz", "vmlinuz-", "vmlinux-6.1", "initrd.img-6.1",
		"vmlinuz-6.1.dpkg-new", "vmlinuz-6.1~", "vmlinuz-6.1.hmac",
		"vmlinuz-6.1.sig", "vmlinuz-6 1", "vmlinuz-6,1",
		"vmlinuz-6\n1", ".vmlinuz-6.1.hmac", "Vmlinuz-6.1",
	};
	char longest[SCAN_NAME_MAX + 1];

	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		ck_assert_msg(scan_is_kernel(yes[i], strlen(yes[i])), "%s",
			      yes[i]);
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		ck_assert_msg(!scan_is_kernel(no[i], strlen(no[i])), "%s",
			      no[i]);
	ck_assert(!scan_is_kernel("vmlinuz-6\0x", 11));
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "vmlinuz-", 8);
	ck_assert(scan_is_kernel(longest, SCAN_NAME_MAX - 1));
	ck_assert(!scan_is_kernel(longest, SCAN_NAME_MAX));
}
END_TEST

/* Each is tried before the one above it. */
static const char *const order[] = {
	"vmlinuz-0-rescue-1234", "vmlinuz-6.1.old", "vmlinuz-2.6.16-xen",
	"vmlinuz-2.6.18-398.el5xen", "vmlinuz-lts", "vmlinuz-virt",
	"vmlinuz-2.6.9-89.EL", "vmlinuz-2.6.18-8.el5",
	"vmlinuz-2.6.18-8.1.8.el5", "vmlinuz-2.6.18-398.el5",
	"vmlinuz-2.6.32-71.el6", "vmlinuz-2.6.32-71.29.1.el6",
	"vmlinuz-3.10.0-1160.el7", "vmlinuz-3.10.0-1160.119.1.el7",
	"vmlinuz-4.19.0-1-amd64", "vmlinuz-4.19.0-10-amd64",
	"vmlinuz-5.10.0-9-amd64", "vmlinuz-5.10.0-28-amd64",
	"vmlinuz-5.10.0-33", "vmlinuz-5.10.0-33.deb11",
	"vmlinuz-5.14.0-70.el9", "vmlinuz-5.14.0-70.13.1.el9_0",
	"vmlinuz-5.14.21-150500.53-default",
	"vmlinuz-5.14.21-150500.53.1-default", "vmlinuz-6.1.0-rc2",
	"vmlinuz-6.1.0", "vmlinuz-06.1.0-1", "vmlinuz-6.1.0-2",
	"vmlinuz-6.1.0-50", "vmlinuz-6.1.0-50-cloud-amd64",
	"vmlinuz-6.10.0", "vmlinuz-6.12~rc2", "vmlinuz-6.12",
	"vmlinuz-6.12.90+deb13-amd64", "vmlinuz-6.12.90+deb13.1-amd64",
	"vmlinuz-99999999999999999999", "vmlinuz-100000000000000000000",
};
#define ORDER_NR ARRAY_LEN(order)

START_TEST(the_order_is_one)
{
	for (size_t i = 0; i < ORDER_NR; i++)
		for (size_t j = 0; j < ORDER_NR; j++) {
			int c = scan_compare(order[i], order[j]);

			ck_assert_msg(i < j ? c < 0 : i > j ? c > 0 : !c,
				      "%s %s: %d", order[i], order[j], c);
		}
	/* Equal versions still have an order, or a scan would lose one. */
	ck_assert_int_ne(scan_compare("vmlinuz-6.1", "vmlinuz-6.01"), 0);
}
END_TEST

/* The rest of the library orders versions likewise. */
START_TEST(versions_are_ordered_as_elsewhere)
{
	for (size_t i = 4; i < ORDER_NR; i++)
		for (size_t j = 4; j < ORDER_NR; j++) {
			const char *a = order[i] + 8, *b = order[j] + 8;
			int c = compare_versions(a, b);
			int d = dw_version_compare(a, b);

			ck_assert_msg((c > 0) == (d > 0) && (c < 0) == (d < 0),
				      "%s %s", a, b);
		}
}
END_TEST

START_TEST(rounds)
{
	ck_assert_uint_eq(scan_round("vmlinuz-6.1.0-50-amd64", true), 0);
	ck_assert_uint_eq(scan_round("vmlinuz-6.1.old", true), 0);
	ck_assert_uint_eq(scan_round("vmlinuz-6.1.0-50-amd64", false), 1);
	ck_assert_uint_eq(scan_round("vmlinuz-2.6.18-398.el5xen", true), 1);
}
END_TEST

START_TEST(arguments)
{
	static const uint8_t uuid[16] = {
		0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
		0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
	};
	static const char plain[] =
		"root=UUID=01234567-89ab-cdef-0123-456789abcdef ro console=tty0"
		" console=ttyS0,115200n8";
	char out[SCAN_ARGS_MAX], huge[SCAN_ARGS_MAX * 2];

	scan_args(NULL, uuid, out);
	ck_assert_str_eq(out, plain);
	scan_args("ro quiet noroot=1", uuid, out);
	ck_assert_str_eq(out, plain);
	scan_args("initrd=/boot/i  root=LABEL=x\tinitrd=y BOOT_IMAGE=z ro ",
		  uuid, out);
	ck_assert_str_eq(out, "root=LABEL=x ro");
	memset(huge, 'a', sizeof(huge));
	memcpy(huge, "root=", 5);
	huge[sizeof(huge) - 1] = 0;
	scan_args(huge, uuid, out);
	ck_assert_uint_eq(strlen(out), SCAN_ARGS_MAX - 1);
}
END_TEST

/* ---- directories -------------------------------------------------------------- */

static const struct kind {
	const char *name, *size, *args;
	int crowd;		/* files beside the kernels */
} kinds[] = {
	{ "ext4", "16M", "-t ext4", 0 },
	{ "htree-1k", "16M", "-t ext4 -b 1024", 1500 },
	{ "ext2-1k", "8M", "-t ext2 -b 1024", 600 },
	{ "ext4-64k", "64M", "-t ext4 -b 65536", 300 },
	{ "inline", "16M", "-t ext4 -I 1024 -O inline_data", 0 },
	{ "inline-full", "16M", "-t ext4 -I 1024 -O inline_data", 300 },
};
#define KINDS_NR ((int)ARRAY_LEN(kinds))

static void load(const struct kind *k)
{
	char dir[300], args[600];
	const char *path, *out;
	int fd;

	snprintf(dir, sizeof(dir), "%s", fsimg_path(""));
	ck_assert_msg(!fsimg_run(&out, "cd %s && rm -rf t && mkdir -p t/boot "
		"&& cd t/boot && touch vmlinuz-5.9 vmlinuz-5.10 vmlinuz-lts "
		"vmlinuz-5.8.old initrd.img-5.10 initramfs-5.9.img vmlinuz "
		"&& { [ %d = 0 ] || seq -f vmlinuz-some-other-name-%%g.bak 1 "
		"%d | xargs touch; }", dir, k->crowd, k->crowd), "%s", out);
	snprintf(args, sizeof(args), "%s -d %s/t", k->args, dir);
	path = fsimg_make(k->name, k->size, args);
	if (strstr(k->name, "htree"))
		fsimg_run(&out, "e2fsck -fyD %s", path);
	fd = open(path, O_RDONLY);
	ck_assert_int_ge(fd, 0);
	image_len = (uint64_t)lseek(fd, 0, SEEK_END);
	image = malloc(image_len);
	ck_assert_int_eq(pread(fd, image, image_len, 0), (ssize_t)image_len);
	close(fd);
	reads_nr = 0;
}

START_TEST(finds_them_in_order)
{
	static const char *const want[] = {
		"vmlinuz-5.10", "vmlinuz-5.9", "vmlinuz-lts",
		"vmlinuz-5.8.old", "",
	}, *const initrds[] = {
		"initrd.img-5.10", "initramfs-5.9.img", "", "",
	};
	char last[SCAN_NAME_MAX] = "", name[SCAN_NAME_MAX];
	char initrd[SCAN_NAME_MAX];
	struct disk disk = { 0 };
	struct ext_inode dir;
	struct ext fs;

	load(&kinds[_i]);
	ck_assert_ptr_null(ext_open(&fs, &disk, slots));
	ck_assert_ptr_null(ext_lookup(&fs, EXT_ROOT_INO, SCAN_DIR, &dir));
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		ck_assert_ptr_null(scan_next(&fs, &dir, last, name));
		ck_assert_str_eq(name, want[i]);
		memcpy(last, name, sizeof(name));
		if (!*name)
			break;
		scan_initrd(&fs, &dir, name, initrd);
		ck_assert_str_eq(initrd, initrds[i]);
	}
}
END_TEST

static uint64_t random_state;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 6364136223846793005u +
		       1442695040888963407u;
	return (uint32_t)(random_state >> 33) % n;
}

/* Whatever is in there: it ends, within its memory, and each name that comes
 * out is one that is tried behind the one before. */
START_TEST(damaged_directories_end)
{
	struct disk disk = { 0 };
	uint32_t offs[64], found_nr = 0;
	uint8_t old[64];
	struct ext fs;

	load(&kinds[_i]);
	random_state = (uint64_t)_i + 1;
	for (int round = 0; round < ROUNDS; round++) {
		char last[SCAN_NAME_MAX] = "", name[SCAN_NAME_MAX];
		char initrd[SCAN_NAME_MAX];
		uint32_t nr = 1 + random_below(64);
		struct ext_inode dir;

		for (uint32_t i = 0; i < nr; i++) {
			offs[i] = 1024 + random_below(META_LEN);
			old[i] = image[offs[i]];
			image[offs[i]] = (uint8_t)random_below(256);
		}
		reads_nr = 0;
		if (!ext_open(&fs, &disk, slots) &&
		    !ext_lookup(&fs, EXT_ROOT_INO, SCAN_DIR, &dir))
			for (int i = 0; i < SCAN_TRIES; i++) {
				if (scan_next(&fs, &dir, last, name) || !*name)
					break;
				ck_assert(!*last ||
					  scan_compare(name, last) < 0);
				scan_initrd(&fs, &dir, name, initrd);
				memcpy(last, name, sizeof(name));
				found_nr++;
			}
		while (nr--)
			image[offs[nr]] = old[nr];
	}
	ck_assert_uint_gt(found_nr, 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("loader scan");

	fsimg_require_tools();
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, which_names_are_kernels);
	tcase_add_test(tc, the_order_is_one);
	tcase_add_test(tc, versions_are_ordered_as_elsewhere);
	tcase_add_test(tc, rounds);
	tcase_add_test(tc, arguments);
	tcase_add_loop_test(tc, finds_them_in_order, 0, KINDS_NR);
	tcase_add_loop_test(tc, damaged_directories_end, 0, KINDS_NR);
	return dw_test_run("loader_scan", tc);
}
