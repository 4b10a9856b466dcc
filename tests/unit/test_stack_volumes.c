/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Volumes in locators: where a group's parts are looked for, which group is
 * meant, and that writes reach the right image. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/lvmimg.h"
#include "lib/run.h"
#include "part/part.h"
#include "stack/stack.h"

/* Where the second volume of the text begins on pv0, and goes on on pv1. */
#define TWO_OFF0 (LVMIMG_PE_OFF + 4 * LVMIMG_EXTENT_LEN)
#define TWO_LEN0 (2 * LVMIMG_EXTENT_LEN)
#define TWO_OFF1 LVMIMG_PE_OFF
#define TWO_LEN (5 * LVMIMG_EXTENT_LEN)
/* Two of them fit on the disk with a table. */
#define PART_LEN (2u << 20)

static char folder[] = "/tmp/dw-volumes-XXXXXX";
static char start[512];
static char *text;
static struct dw_ctx *ctx;
static struct dw_dev *dev;
static struct dw_err err;

/* ---- files --------------------------------------------------------------- */

static void save(struct dw_dev *from, const char *path, uint64_t off)
{
	uint8_t *buf = malloc(from->size);
	int fd = open(path, O_RDWR | O_CREAT, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(dw_dev_pread(from, 0, buf, from->size, NULL), 0);
	ck_assert_int_eq(pwrite(fd, buf, from->size, (off_t)off),
			 (ssize_t)from->size);
	close(fd);
	free(buf);
	dw_dev_close(from, NULL);
}

static void save_pv(const char *path, uint64_t off, const char *id,
		    const char *words)
{
	const struct lvmimg img = { .id = id, .text = words };

	save(lvmimg_new(&img), path, off);
}

/* A disk whose second and third partitions are the group's two volumes. */
static void save_disk(const char *path, const char *text0, const char *text1)
{
	struct dw_mbr mbr = { .disk_signature = 1 };
	uint8_t sector[DW_SECTOR];
	struct dw_dev *disk;

	for (unsigned i = 0; i < 3; i++)
		mbr.entries[i] = (struct dw_mbr_entry){
			false, 0x8e, 2048 + i * PART_LEN / DW_SECTOR,
			PART_LEN / DW_SECTOR,
		};
	dw_mbr_encode(&mbr, sector);
	ck_assert_int_eq(dw_mem_new("disk", 8u << 20, &disk, NULL), 0);
	ck_assert_int_eq(dw_dev_pwrite(disk, 0, sector, DW_SECTOR, NULL), 0);
	save(disk, path, 0);
	save_pv(path, (1u << 20) + PART_LEN, LVMIMG_ID0, text0);
	save_pv(path, (1u << 20) + 2 * PART_LEN, LVMIMG_ID1, text1);
}

static void setup(void)
{
	/* Read before the folder is another one. */
	text = strdup(lvmimg_text(LVMIMG_TEXT));
	ck_assert_ptr_nonnull(getcwd(start, sizeof(start)));
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	ck_assert_int_eq(mkdir("pvs", 0755), 0);
	save_pv("a.img", 0, LVMIMG_ID0, text);
	save_pv("pvs/b.img", 0, LVMIMG_ID1, text);
	save_disk("disk.img", text, text);
	ck_assert_int_eq(dw_ctx_new(&ctx, NULL), 0);
}

static void teardown(void)
{
	char command[64];

	dw_ctx_free(ctx);
	free(text);
	ck_assert_int_eq(chdir(start), 0);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}

/* ---- what is opened ------------------------------------------------------ */

static void opens(const char *locator, unsigned flags)
{
	ck_assert_msg(!dw_open(ctx, locator, NULL, flags, &dev, &err),
		      "%s: %s", locator, err.text);
}

static void fails(const char *locator, unsigned flags, int code,
		  const char *words)
{
	int ret = dw_open(ctx, locator, NULL, flags, &dev, &err);

	ck_assert_msg(ret == code, "%s: %d, %s", locator, ret,
		      ret ? err.text : "opened");
	ck_assert_msg(strstr(err.text, words), "%s: %s", locator, err.text);
	ck_assert_ptr_null(dev);
}

static uint64_t word_at(uint64_t off)
{
	uint64_t word;

	ck_assert_int_eq(dw_dev_pread(dev, off, &word, 8, &err), 0);
	return word;
}

/* The volume that lies on both. */
static void is_two(void)
{
	ck_assert_uint_eq(dw_dev_size(dev), TWO_LEN);
	for (uint64_t off = 0; off < TWO_LEN; off += 4096)
		ck_assert_uint_eq(word_at(off), off < TWO_LEN0 ?
			lvmimg_word(LVMIMG_ID0, TWO_OFF0 + off) :
			lvmimg_word(LVMIMG_ID1, TWO_OFF1 + off - TWO_LEN0));
	ck_assert_int_eq(dw_dev_close(dev, &err), 0);
}

START_TEST(of_several_images)
{
	fails("a.img@vg0/two", 0, DW_NOENT, "bbbbbb-0000");
	ck_assert_ptr_nonnull(strstr(err.text, "--pv"));
	opens("a.img@vg0/lin", 0);
	ck_assert_int_eq(dw_dev_close(dev, &err), 0);
	ck_assert_int_eq(dw_ctx_add_pv(ctx, "pvs/b.img", &err), 0);
	opens("a.img@vg0/two", 0);
	is_two();
	/* The image itself, by another name, is nothing new. */
	ck_assert_int_eq(dw_ctx_add_pv(ctx, "./pvs/../a.img", &err), 0);
	opens("a.img@vg0/two", 0);
	is_two();
}
END_TEST

START_TEST(of_a_folder)
{
	ck_assert_int_eq(dw_ctx_set_pv_dir(ctx, "pvs", &err), 0);
	opens("a.img@vg0/two", 0);
	is_two();
	opens("pvs/b.img@vg0/r1_rimage_1", 0);
	ck_assert_int_eq(dw_dev_close(dev, &err), 0);
	fails("pvs/b.img@vg0/two", 0, DW_NOENT, "aaaaaa-0000");
	ck_assert_int_eq(dw_ctx_set_pv_dir(ctx, "nowhere", &err), 0);
	fails("a.img@vg0/two", 0, DW_NOENT, "nowhere");
}
END_TEST

START_TEST(of_several_partitions)
{
	static const char *const names[] = {
		"disk.img@vg0/two", "disk.img@p2@vg0/two",
		"disk.img@p3@vg0/two",
		"disk.img@vgvgvg-0000-1111-2222-3333-4444-555550/two",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		opens(names[i], 0);
		ck_assert_str_eq(dev->name, names[i]);
		is_two();
	}
	fails("disk.img@p1@vg0/two", 0, DW_NOENT, "no volume group vg0");
	fails("disk.img@vg1/two", 0, DW_NOENT, "there is vg0");
	fails("disk.img@p2@vg0/none", 0, DW_NOENT, "lin, two");
	fails("disk.img@p2@vg0", 0, DW_USAGE, "name a volume");
}
END_TEST

START_TEST(on_a_device)
{
	struct dw_dev *disk, *part;

	opens("disk.img", 0);
	disk = dev;
	ck_assert_int_eq(dw_stack_descend(ctx, disk, "p3", 0, &part, &err), 0);
	/* A partition knows the disk that it is a part of. */
	ck_assert_int_eq(dw_stack_descend(ctx, part, "vg0/two", 0, &dev, &err),
			 0);
	dw_dev_close(disk, NULL);
	dw_dev_close(part, NULL);
	is_two();
}
END_TEST

/* ---- which group --------------------------------------------------------- */

START_TEST(not_of_an_added_image)
{
	int fd = open("plain.img", O_CREAT | O_RDWR, 0644);

	ck_assert_int_eq(ftruncate(fd, 1 << 20) | close(fd), 0);
	ck_assert_int_eq(dw_ctx_add_pv(ctx, "pvs/b.img", &err), 0);
	fails("plain.img@vg0/two", 0, DW_NOENT, "no volume group vg0");
	/* The same physical volume, twice: nobody knows which is meant. */
	fails("disk.img@p2@vg0/two", 0, DW_EXISTS, "pvs/b.img");
	ck_assert_ptr_nonnull(strstr(err.text, "disk.img@p3"));
}
END_TEST

START_TEST(of_two_with_one_name)
{
	char *other = lvmimg_edit(text, "vgvgvg", "xxxxxx");

	save_disk("disk.img", text, other);
	free(other);
	fails("disk.img@vg0/lin", 0, DW_USAGE, "vgvgvg-0000");
	ck_assert_ptr_nonnull(strstr(err.text, "xxxxxx-0000"));
	opens("disk.img@vgvgvg-0000-1111-2222-3333-4444-555550/lin", 0);
	ck_assert_int_eq(dw_dev_close(dev, &err), 0);
	/* On one partition there is only one. */
	opens("disk.img@p2@vg0/lin", 0);
	ck_assert_int_eq(dw_dev_close(dev, &err), 0);
}
END_TEST

/* A partition that is named counts, also one of the disk that is asked about
 * for another partition. */
START_TEST(of_partitions_that_are_named)
{
	static const char *const more[] = { NULL, "disk.img@p3", "disk.img" };
	char *other = lvmimg_edit(text, "vgvgvg", "xxxxxx");
	struct dw_volumes *volumes;

	save_disk("disk.img", text, other);
	free(other);
	if (more[_i])
		ck_assert_int_eq(dw_ctx_add_pv(ctx, more[_i], &err), 0);
	opens("disk.img@p2", 0);
	ck_assert_msg(!dw_volumes(ctx, dev, 0, &volumes, &err), "%s",
		      err.text);
	ck_assert_uint_eq(volumes->vgs_nr, more[_i] ? 2 : 1);
	ck_assert_str_eq(volumes->vgs[0].uuid,
			 "vgvgvg-0000-1111-2222-3333-4444-555550");
	dw_volumes_free(volumes);
	ck_assert_int_eq(dw_dev_close(dev, &err), 0);
	opens("disk.img@p2@vg0/lin", DW_OPEN_RDWR);
	ck_assert_int_eq(dw_dev_close(dev, &err), 0);
}
END_TEST

/* Its own problem, and not which other groups are called the same. */
START_TEST(of_a_damaged_group)
{
	char *damaged = lvmimg_edit(text, "id = \"vgvgvg-", "id = \"vgv-");

	save_pv("a.img", 0, LVMIMG_ID2, damaged);
	free(damaged);
	ck_assert_int_eq(dw_ctx_add_pv(ctx, "pvs/b.img", &err), 0);
	fails("a.img@vg0/lin", 0, DW_CORRUPT, "is no UUID");
}
END_TEST

START_TEST(refuses_what_is_no_physical_volume)
{
	save_disk("empty.img", NULL, NULL);
	ck_assert_int_eq(truncate("empty.img", 1u << 20), 0);
	ck_assert_int_eq(truncate("empty.img", 8u << 20), 0);
	ck_assert_int_eq(dw_ctx_add_pv(ctx, "empty.img", &err), 0);
	fails("a.img@vg0/lin", 0, DW_UNSUPPORTED, "empty.img: neither it");
	fails("empty.img@vg0/lin", 0, DW_NOENT, "no volume group vg0");
	/* No group is asked for. */
	opens("a.img", 0);
	ck_assert_int_eq(dw_dev_close(dev, &err), 0);
}
END_TEST

/* ---- writing ------------------------------------------------------------- */

static const uint64_t mark = 0x1122334455667788;

static void file_has(const char *path, uint64_t off, uint64_t want)
{
	uint64_t got;
	int fd = open(path, O_RDONLY);

	ck_assert_int_eq(pread(fd, &got, 8, (off_t)off), 8);
	close(fd);
	ck_assert_uint_eq(got, want);
}

START_TEST(writes_to_each_image)
{
	struct dw_dev *other;

	ck_assert_int_eq(dw_ctx_add_pv(ctx, "pvs/b.img", &err), 0);
	opens("a.img@vg0/two", DW_OPEN_RDWR);
	ck_assert_int_eq(dw_dev_pwrite(dev, 8, &mark, 8, &err), 0);
	ck_assert_int_eq(dw_dev_pwrite(dev, TWO_LEN0 + 16, &mark, 8, &err), 0);
	ck_assert_int_eq(dw_dev_flush(dev, &err), 0);
	/* Both are locked. */
	ck_assert_int_eq(dw_open(ctx, "pvs/b.img", NULL, DW_OPEN_RDWR, &other,
				 &err), DW_BUSY);
	ck_assert_int_eq(dw_dev_close(dev, &err), 0);
	file_has("a.img", TWO_OFF0 + 8, mark);
	file_has("pvs/b.img", TWO_OFF1 + 16, mark);
	file_has("pvs/b.img", TWO_OFF1 + 24,
		 lvmimg_word(LVMIMG_ID1, TWO_OFF1 + 24));
	opens("pvs/b.img", DW_OPEN_RDWR);
	ck_assert_int_eq(dw_dev_close(dev, &err), 0);
}
END_TEST

static const struct {
	const char *name, *words;
} unwritable[] = {
	{ "disk.img@vg0/org", "needed by snap" },
	{ "disk.img@vg0/r1_rimage_0", "needed by r1" },
	{ "disk.img@vg0/mir", "mirror" },
	{ "disk.img@vg0/ze", "zero" },
	{ "disk.img@vg0/er", "error" },
};

START_TEST(refuses_to_write)
{
	opens(unwritable[_i].name, 0);
	ck_assert_int_eq(dw_dev_pwrite(dev, 0, &mark, 8, &err), DW_READONLY);
	ck_assert_int_eq(dw_dev_close(dev, &err), 0);
	fails(unwritable[_i].name, DW_OPEN_RDWR, DW_UNSUPPORTED,
	      unwritable[_i].words);
	ck_assert_ptr_nonnull(strstr(err.text, "disk.img"));
}
END_TEST

/* ---- changed by others --------------------------------------------------- */

START_TEST(tells_of_changes_in_each_image)
{
	int fd;

	ck_assert_int_eq(dw_ctx_add_pv(ctx, "pvs/b.img", &err), 0);
	opens("a.img@vg0/two", 0);
	ck_assert_int_eq(dw_dev_check_unchanged(dev, &err), 0);
	fd = open("pvs/b.img", O_RDWR);
	/* The clock of a file's times may be a coarse one. */
	usleep(20000);
	ck_assert_int_eq(pwrite(fd, &mark, 8, TWO_OFF1), 8);
	close(fd);
	ck_assert_int_eq(dw_dev_check_unchanged(dev, &err), DW_BUSY);
	ck_assert_ptr_nonnull(strstr(err.text, "pvs/b.img"));
	dw_dev_close(dev, NULL);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("stack_volumes");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, of_several_images);
	tcase_add_test(tc, of_a_folder);
	tcase_add_test(tc, of_several_partitions);
	tcase_add_test(tc, on_a_device);
	tcase_add_test(tc, not_of_an_added_image);
	tcase_add_test(tc, of_two_with_one_name);
	tcase_add_loop_test(tc, of_partitions_that_are_named, 0, 3);
	tcase_add_test(tc, of_a_damaged_group);
	tcase_add_test(tc, refuses_what_is_no_physical_volume);
	tcase_add_test(tc, writes_to_each_image);
	tcase_add_loop_test(tc, refuses_to_write, 0,
			    sizeof(unwritable) / sizeof(unwritable[0]));
	tcase_add_test(tc, tells_of_changes_in_each_image);
	return dw_test_run("stack_volumes", tc);
}
