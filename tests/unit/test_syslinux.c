/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The genuine syslinux: its fields, its sector map, what it cannot read. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "boot/syslinux.h"
#include "dev/kinds.h"
#include "lib/fsimg.h"
#include "lib/guestimg.h"
#include "lib/run.h"

static struct dw_ctx *ctx;
static struct dw_err err;

/* ---- an image of our own ------------------------------------------------- */

#define SYS_LEN 40960u
#define PATCH_OFF 32u
#define EPA_OFF 512u
#define DIR_OFF 1024u
#define EXTENTS_OFF 2048u
#define EXTENTS_NR 8u
#define ADV_OFF 1536u

/* As a build of syslinux leaves it: places, but nothing filled in. */
static uint8_t *new_sys(void)
{
	static const uint16_t epa[10] = {
		ADV_OFF, DIR_OFF, 64, 0, 0, EXTENTS_OFF, EXTENTS_NR, 0x11a,
		0x120, 0x1ca,
	};
	uint8_t *sys = calloc(1, SYS_LEN);
	size_t i;

	memcpy(sys, "\r\nSYSLINUX 6.04 \0\r\n\x1a", 20);
	dw_put_le32(sys + PATCH_OFF, 0x3eb202fe);
	dw_put_le16(sys + PATCH_OFF + 22, EPA_OFF);
	for (i = 0; i < 10; i++)
		dw_put_le16(sys + EPA_OFF + 2 * i, epa[i]);
	return sys;
}

START_TEST(fields_are_found)
{
	struct dw_syslinux_fields f;
	uint8_t *sys = new_sys();

	ck_assert_int_eq(dw_syslinux_decode(sys, SYS_LEN, &f, &err), 0);
	ck_assert_str_eq(f.version, "6.04");
	ck_assert_uint_eq(f.major, 6);
	ck_assert_uint_eq(f.minor, 4);
	ck_assert_uint_eq(f.patch_off, PATCH_OFF);
	ck_assert_uint_eq(f.extents_nr, EXTENTS_NR);
	ck_assert_uint_eq(f.vbr_high_off, 0x120);
	free(sys);
}
END_TEST

static const struct {
	unsigned off;
	uint16_t value;
	int code;
	const char *text;
} wrong[] = {
	{ 0, 0x0a0a, DW_NOT_MINE, "no ldlinux.sys" },
	{ 11, 0x2e37, DW_NOT_MINE, "version 7.04" },
	{ 11, 0x3636, DW_NOT_MINE, "version 6604" },
	{ PATCH_OFF, 0, DW_NOT_MINE, "version 6.04" },
	{ PATCH_OFF + 22, 0xffff, DW_CORRUPT, "at 65535" },
	{ EPA_OFF, 0xfff8, DW_CORRUPT, "points behind" },
	{ EPA_OFF + 2, 0xffff, DW_CORRUPT, "points behind" },
	{ EPA_OFF + 4, 0, DW_CORRUPT, "points behind" },
	{ EPA_OFF + 10, 0xffff, DW_CORRUPT, "points behind" },
	{ EPA_OFF + 12, 0xffff, DW_CORRUPT, "points behind" },
	{ EPA_OFF + 14, 509, DW_CORRUPT, "509 and 288" },
	{ EPA_OFF + 16, 0xffff, DW_CORRUPT, "282 and 65535" },
};

START_TEST(wrong_fields_are_refused)
{
	struct dw_syslinux_fields f;
	uint8_t *sys = new_sys();

	dw_put_le16(sys + wrong[_i].off, wrong[_i].value);
	ck_assert_int_eq(dw_syslinux_decode(sys, SYS_LEN, &f, &err),
			 wrong[_i].code);
	if (strncmp(wrong[_i].text, "version 66", 10))
		ck_assert_msg(strstr(err.text, wrong[_i].text), "%s",
			      err.text);
	free(sys);
}
END_TEST

static uint32_t sum_of(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 4)
		sum += dw_le32(p + i);
	return sum;
}

/*
 * The boot code loads sector 1 to 0x8000 and goes on: a run ends where the next
 * sector lies elsewhere, and where the next 64 KiB begin, 64 sectors on.
 */
START_TEST(the_sector_map_is_what_a_bios_can_load)
{
	static const struct { uint64_t sector; uint16_t nr; } want[] = {
		{ 1001, 19 }, { 5000, 45 }, { 5045, 15 }, { 0, 0 },
	};
	struct dw_syslinux_fields f;
	uint8_t *sys = new_sys(), *p = sys + EXTENTS_OFF;
	uint64_t sectors[SYS_LEN / 512 + 2];
	size_t i;

	for (i = 0; i < SYS_LEN / 512 + 2; i++)
		sectors[i] = i < 20 ? 1000 + i : 5000 + i - 20;
	dw_syslinux_decode(sys, SYS_LEN, &f, &err);
	ck_assert_int_eq(dw_syslinux_patch(sys, SYS_LEN, &f, sectors, "/boot",
					   &err), 0);
	for (i = 0; i < 4; i++) {
		ck_assert_uint_eq(dw_le64(p + 10 * i), want[i].sector);
		ck_assert_uint_eq(dw_le16(p + 10 * i + 8), want[i].nr);
	}
	ck_assert_uint_eq(dw_le64(sys + ADV_OFF), sectors[80]);
	ck_assert_uint_eq(dw_le64(sys + ADV_OFF + 8), sectors[81]);
	ck_assert_str_eq((char *)sys + DIR_OFF, "/boot");
	/* The loader adds all of it up, the checksum among it. */
	ck_assert_uint_eq(sum_of(sys, SYS_LEN), 0x3eb202fe);
	ck_assert_uint_eq(dw_le16(sys + PATCH_OFF + 8), 80);
	ck_assert_uint_eq(dw_le32(sys + PATCH_OFF + 12), SYS_LEN / 4);
	free(sys);
}
END_TEST

START_TEST(too_many_pieces_are_refused)
{
	struct dw_syslinux_fields f;
	uint8_t *sys = new_sys();
	uint64_t sectors[SYS_LEN / 512 + 2];
	char dir[65];

	for (size_t i = 0; i < SYS_LEN / 512 + 2; i++)
		sectors[i] = i / 8 * 100 + i % 8;
	dw_syslinux_decode(sys, SYS_LEN, &f, &err);
	ck_assert_int_eq(dw_syslinux_patch(sys, SYS_LEN, &f, sectors, "/boot",
					   &err), DW_UNSUPPORTED);
	ck_assert(strstr(err.text, "more than 8 pieces"));
	memset(dir, 'd', 64);
	dir[64] = '\0';
	ck_assert_int_eq(dw_syslinux_patch(sys, SYS_LEN, &f, sectors, dir,
					   &err), DW_USAGE);
	free(sys);
}
END_TEST

START_TEST(an_empty_adv_adds_up)
{
	uint8_t adv[DW_SYSLINUX_ADV_LEN];

	dw_syslinux_empty_adv(adv);
	ck_assert_uint_eq(dw_le32(adv), 0x5a2d2fa5);
	ck_assert_uint_eq(sum_of(adv + 4, 504), 0xa3041767);
	ck_assert_uint_eq(dw_le32(adv + 508), 0xdd28bf64);
}
END_TEST

/* ---- the host's program -------------------------------------------------- */

static const char *extlinux(void)
{
	static const char *const paths[] = {
		"/usr/bin/extlinux", "/usr/sbin/extlinux", "/sbin/extlinux",
	};

	for (size_t i = 0; i < 3; i++)
		if (!access(paths[i], R_OK))
			return paths[i];
	printf("SKIP: extlinux is missing\n");
	exit(77);
}

static uint8_t *read_program(size_t *len)
{
	struct dw_dev *file;
	uint8_t *program;

	ck_assert_int_eq(dw_file_open(ctx, extlinux(), 0, &file, &err), 0);
	*len = file->size;
	program = malloc(*len);
	ck_assert_int_eq(dw_dev_pread(file, 0, program, *len, &err), 0);
	dw_dev_close(file, NULL);
	return program;
}

/* Any byte of it wrong: it is found, or it is refused. */
START_TEST(a_damaged_program_does_no_harm)
{
	struct dw_syslinux sys;
	size_t len, i;
	uint8_t *good = read_program(&len), *bad;
	unsigned seed = (unsigned)_i;

	for (i = 0; i < 150; i++) {
		bad = malloc(len);
		memcpy(bad, good, len);
		for (unsigned n = 0; n < 40; n++)
			bad[(unsigned)rand_r(&seed) % (n % 2 ? len : 64)] =
				(uint8_t)rand_r(&seed);
		dw_syslinux_find_take(bad, len - len * (i % 3) / 3, &sys,
				      &err);
		dw_syslinux_free(&sys);
	}
	free(good);
}
END_TEST

/* ---- what it cannot read ------------------------------------------------- */

static int plan(const char *image, struct dw_dualboot_plan **out)
{
	const struct dw_dualboot_options options = {
		.size = sizeof(options), .format = "raw",
		.loader = "syslinux", .extlinux = extlinux(),
	};
	struct dw_dev *dev;
	int ret;

	ck_assert_int_eq(dw_open(ctx, image, NULL, 0, &dev, &err), 0);
	ret = dw_dualboot_plan(ctx, dev, &options, out, &err);
	dw_dev_close(dev, NULL);
	return ret;
}

static const struct {
	const char *change;
	const char *reason;	/* NULL: it boots */
} guests[] = {
	{ NULL, NULL },
	{ "punch /boot/vmlinuz-6.1.0-test 1 1", "which has holes" },
};

START_TEST(files_that_it_cannot_read_do_not_boot)
{
	/* mke2fs leaves zeros out, of which its kernel is made. */
	const char *image = guestimg_make("guest.img",
		"f=boot/vmlinuz-6.1.0-test; { head -c 1536 $f; "
		"tail -c +1537 $f | tr '\\0' 1; } > x; mv x $f; ");
	struct dw_dualboot_plan *p;
	int ret;

	if (guests[_i].change)
		guestimg_debugfs(image, guests[_i].change);
	ret = plan(image, &p);
	if (!guests[_i].reason) {
		ck_assert_msg(!ret, "%s", err.text);
		ck_assert_msg(!strncmp(p->loader, "syslinux ", 9), "%s",
			      p->loader);
	} else if (ret != DW_NOBOOT || !strstr(err.text, guests[_i].reason)) {
		ck_abort_msg("%d: %s", ret, err.text);
	}
	dw_dualboot_plan_free(p);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("syslinux");
	int failed;

	fsimg_require_tools();
	extlinux();
	if (dw_ctx_new(&ctx, &err))
		return 1;
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, fields_are_found);
	tcase_add_loop_test(tc, wrong_fields_are_refused, 0,
			    sizeof(wrong) / sizeof(*wrong));
	tcase_add_test(tc, the_sector_map_is_what_a_bios_can_load);
	tcase_add_test(tc, too_many_pieces_are_refused);
	tcase_add_test(tc, an_empty_adv_adds_up);
	tcase_add_loop_test(tc, a_damaged_program_does_no_harm, 0, 4);
	tcase_add_loop_test(tc, files_that_it_cannot_read_do_not_boot, 0,
			    sizeof(guests) / sizeof(*guests));
	failed = dw_test_run("syslinux", tc);
	dw_ctx_free(ctx);
	return failed;
}
