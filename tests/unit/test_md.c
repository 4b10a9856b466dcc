/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Members of software RAID: superblocks that mdadm made, changed field by
 * field.  What mdadm thinks of them is the matter of tests/cli/md.sh. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "lib/images.h"
#include "lib/run.h"
#include "md/md.h"

#define MEMBER_LEN (4u << 20)
#define SUPER_LEN 4096u

static struct dw_ctx *ctx;
static struct dw_err err;

/* ---- members ------------------------------------------------------------ */

enum version { V0_90, V1_0, V1_1, V1_2 };

static const struct {
	const char *name;
	uint64_t super_off, data_off, data_len;
} versions[] = {
	[V0_90] = { "good-md-0.90.img.gz", MEMBER_LEN - 65536, 0, 4032 << 10 },
	[V1_0] = { "good-md-1.0.img.gz", MEMBER_LEN - 8192, 0, 4032 << 10 },
	[V1_1] = { "good-md-1.1.img.gz", 0, 1 << 20, 3 << 20 },
	[V1_2] = { "good-md-1.2.img.gz", 4096, 1 << 20, 3 << 20 },
};

/* A copy in memory: room for another superblock, and for changes. */
static struct dw_dev *dev;
static uint8_t super[SUPER_LEN];
static enum version version;

static void open_member(enum version v)
{
	struct dw_dev *disk;
	uint8_t *buf = malloc(MEMBER_LEN);

	version = v;
	ck_assert_ptr_nonnull(buf);
	ck_assert_int_eq(open_disk(ctx, versions[v].name, &disk, &err), 0);
	ck_assert_int_eq(dw_dev_pread(disk, 0, buf, MEMBER_LEN, &err), 0);
	dw_dev_close(disk, NULL);
	dw_dev_close(dev, NULL);
	dev = mem_dev(MEMBER_LEN);
	ck_assert_int_eq(dw_dev_pwrite(dev, 0, buf, MEMBER_LEN, &err), 0);
	memcpy(super, buf + versions[v].super_off, SUPER_LEN);
	free(buf);
}

static uint32_t fold(uint64_t sum)
{
	return (uint32_t)(sum + (sum >> 32));
}

/* Version 1 sums up to its last role, 0.90 everything. */
static void seal(void)
{
	uint32_t roles_nr = dw_le32(super + 220), i;
	unsigned at = version == V0_90 ? 152 : 216;
	uint64_t sum = 0;

	dw_put_le32(super + at, 0);
	if (version != V0_90) {
		for (i = 0; i < 64 + roles_nr / 2; i++)
			sum += dw_le32(super + 4 * i);
		if (roles_nr % 2)
			sum += dw_le16(super + 4 * i);
	} else {
		for (i = 0; i < 1024; i++)
			sum += dw_le32(super + 4 * i);
	}
	dw_put_le32(super + at, fold(sum));
}

static void put_super(void)
{
	ck_assert_int_eq(dw_dev_pwrite(dev, versions[version].super_off, super,
				       SUPER_LEN, &err), 0);
}

static int read_info(struct dw_md_info *info)
{
	memset(&err, 0, sizeof(err));
	return dw_md_read(dev, info, &err);
}

static void setup(void)
{
	ck_assert_int_eq(dw_ctx_new(&ctx, &err), 0);
	dev = NULL;
}

static void teardown(void)
{
	dw_dev_close(dev, NULL);
	dw_ctx_free(ctx);
}

/* ---- as they are -------------------------------------------------------- */

START_TEST(fixtures_read)
{
	struct dw_md_info info;

	open_member((enum version)_i);
	ck_assert_msg(!read_info(&info), "%s", err.text);
	ck_assert_int_eq(info.level, 1);
	ck_assert_uint_eq(info.members_nr, 3);
	ck_assert_uint_eq(info.role, 1);
	ck_assert_uint_eq(info.data_off, versions[_i].data_off);
	ck_assert_uint_eq(info.data_len, versions[_i].data_len);
	ck_assert_str_eq(info.name, _i == V0_90 ? "" : "nowhere:fixture");
	ck_assert(info.is_clean && info.is_complete && !info.why);
}
END_TEST

START_TEST(content_is_a_readonly_window)
{
	uint8_t want[4096], got[4096];
	struct dw_md_info info;
	struct dw_dev *content;

	open_member((enum version)_i);
	ck_assert_int_eq(read_info(&info), 0);
	ck_assert_int_eq(dw_md_open(dev, &info, &content, &err), 0);
	ck_assert_uint_eq(content->size, versions[_i].data_len);
	ck_assert_int_eq(dw_dev_pwrite(content, 0, want, 1, &err),
			 DW_READONLY);
	ck_assert_int_eq(dw_dev_pread(dev, versions[_i].data_off + 1000, want,
				      sizeof(want), &err), 0);
	ck_assert_int_eq(dw_dev_pread(content, 1000, got, sizeof(got), &err),
			 0);
	ck_assert(!memcmp(want, got, sizeof(got)));
	dw_dev_close(content, NULL);
}
END_TEST

/* Of any length, down to none. */
START_TEST(short_devices_are_no_members)
{
	static const uint64_t lens[] = {
		0, 1, 511, 512, 4095, 4096, 8191, 8192, 65535, 65536, 69632,
		131071, 131072, 1000000,
	};
	struct dw_md_info info;
	size_t i;

	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		dw_dev_close(dev, NULL);
		dev = mem_dev(lens[i]);
		ck_assert_int_eq(read_info(&info), DW_NOT_MINE);
	}
}
END_TEST

/* Of two superblocks the younger counts, wherever it is. */
START_TEST(last_creation_counts)
{
	struct dw_md_info info;

	open_member(V1_0);
	dw_put_le64(super + 64, 999);
	seal();
	put_super();
	/* Another array, of seven members, was made on it. */
	version = V1_2;
	dw_put_le64(super + 64, 1000);
	dw_put_le64(super + 144, 8);
	dw_put_le32(super + 92, 7);
	dw_put_le64(super + 128, 2048);
	dw_put_le64(super + 136, 4096);
	dw_put_le64(super + 80, 4096);
	seal();
	put_super();
	ck_assert_int_eq(read_info(&info), 0);
	ck_assert_uint_eq(info.minor, 2);
	ck_assert_uint_eq(info.members_nr, 7);
	dw_put_le64(super + 64, 998);
	seal();
	put_super();
	ck_assert_int_eq(read_info(&info), 0);
	ck_assert_uint_eq(info.minor, 0);
}
END_TEST

/* A partition from start on, len long, in the boot record of a device. */
static void put_partition(struct dw_dev *disk, uint64_t start, uint64_t len)
{
	uint8_t mbr[512] = { [450] = 0xfd, [510] = 0x55, [511] = 0xaa };

	dw_put_le32(mbr + 454, (uint32_t)(start / 512));
	dw_put_le32(mbr + 458, (uint32_t)(len / 512));
	ck_assert_int_eq(dw_dev_pwrite(disk, 0, mbr, sizeof(mbr), &err), 0);
}

/* At the end of a disk, 0.90 of the last partition looks like one of the
 * disk. */
START_TEST(last_partition_is_not_the_disk)
{
	struct dw_map_piece pieces[2] = { 0 };
	struct dw_dev *front, *member;
	struct dw_md_info info;

	open_member(V0_90);
	member = dev;
	front = mem_dev(1 << 20);
	put_partition(front, 1 << 20, MEMBER_LEN);
	pieces[0] = (struct dw_map_piece){ front, 0, 1 << 20 };
	pieces[1] = (struct dw_map_piece){ member, 0, MEMBER_LEN };
	ck_assert_int_eq(dw_map_new("disk", pieces, 2, &dev, &err), 0);
	ck_assert_int_eq(read_info(&info), DW_NOT_MINE);
	/* With a partition elsewhere, or none, it is the disk's. */
	put_partition(front, 1 << 20, MEMBER_LEN - 65536);
	ck_assert_int_eq(read_info(&info), 0);
	dw_dev_close(front, NULL);
	dw_dev_close(member, NULL);
}
END_TEST

/* A whole disk may be a member, and have partitions. */
START_TEST(partitions_inside_a_member)
{
	struct dw_md_info info;

	open_member((enum version)_i);
	put_partition(dev, 65536, versions[_i].data_len - 65536);
	if (_i == V1_1)
		put_super();
	ck_assert_int_eq(read_info(&info), 0);
	ck_assert(info.is_complete);
}
END_TEST

START_TEST(a_failed_read_is_an_error)
{
	struct dw_fault fault = { .fail_read_at = (unsigned)_i + 1 };
	struct dw_md_info info;
	struct dw_dev *whole;

	open_member(V1_2);
	whole = dev;
	ck_assert_int_eq(dw_fault_new(whole, &fault, &dev, &err), 0);
	dw_dev_close(whole, NULL);
	ck_assert_int_eq(read_info(&info), DW_IO);
}
END_TEST

/* ---- changed ------------------------------------------------------------ */

/* One field set to a value, the checksum made right; what comes of it: an
 * error of dw_md_read() with a text in it, or a member that is not whole. */
static const struct change {
	enum version version;
	unsigned at, len;
	uint64_t value;
	int code;
	const char *text;
} changes[] = {
	/* Descriptors of 128 bytes begin at 512; the fixture is the second. */
	{ V0_90, 512 + 128 + 16, 4, 1, 0, "has failed" },
	{ V0_90, 512 + 128 + 16, 4, 8, 0, "was removed" },
	{ V0_90, 512 + 128 + 16, 4, 2, 0, "is a spare, or not rebuilt" },
	{ V0_90, 512 + 128 + 12, 4, 3, 0, "is a spare, or not rebuilt" },
	{ V0_90, 512 + 16, 4, 1, 0, NULL },
	{ V0_90, 8, 4, 91, 0, "is being reshaped" },
	{ V0_90, 8, 4, 92, DW_NOT_MINE, "no superblock" },
	{ V0_90, 4, 4, 1, DW_NOT_MINE, "no superblock" },
	{ V0_90, 0, 4, 0xa92b4efd, DW_NOT_MINE, "no superblock" },
	{ V0_90, 3968, 4, 27, DW_CORRUPT, "member 27 of 3" },
	{ V0_90, 3968, 4, UINT32_MAX, DW_CORRUPT, "member 4294967295" },
	{ V0_90, 40, 4, 28, DW_CORRUPT, "of 28" },
	{ V0_90, 32, 4, 0, DW_CORRUPT, "0 bytes of data" },
	{ V0_90, 32, 4, 4032, 0, NULL },
	{ V0_90, 32, 4, 4033, DW_CORRUPT, "4129792 bytes of data" },
	{ V0_90, 32, 4, UINT32_MAX, DW_CORRUPT, "bytes of data" },
	{ V1_2, 0, 4, 0, DW_NOT_MINE, "no superblock" },
	{ V1_2, 4, 4, 2, DW_NOT_MINE, "no superblock" },
	{ V1_2, 144, 8, 0, DW_NOT_MINE, "no superblock" },
	{ V1_2, 220, 4, 1921, DW_CORRUPT, "1921 roles" },
	{ V1_2, 220, 4, UINT32_MAX, DW_CORRUPT, "4294967295 roles" },
	{ V1_2, 220, 4, 1, 0, "is a spare" },
	{ V1_2, 220, 4, 1920, 0, NULL },
	{ V1_2, 160, 4, UINT32_MAX, 0, "is a spare" },
	{ V1_2, 258, 2, 0xffff, 0, "is a spare" },
	{ V1_2, 258, 2, 0xfffe, 0, "has failed" },
	{ V1_2, 258, 2, 0xfffd, 0, "is a journal" },
	{ V1_2, 258, 2, 3, 0, "is a spare" },
	{ V1_2, 8, 4, 1, 0, NULL },
	{ V1_2, 8, 4, 2, 0, "is not rebuilt" },
	{ V1_2, 8, 4, 4, 0, "is being reshaped" },
	{ V1_2, 8, 4, 8, 0, "has bad blocks" },
	{ V1_2, 8, 4, 16, 0, NULL },
	{ V1_2, 8, 4, 64, 0, "is being reshaped" },
	{ V1_2, 8, 4, 0x2000, 0, "features that are not known" },
	{ V1_2, 80, 8, 0, DW_CORRUPT, "0 sectors of 6144" },
	{ V1_2, 80, 8, 6145, DW_CORRUPT, "6145 sectors of 6144" },
	{ V1_2, 80, 8, UINT64_MAX, DW_CORRUPT, "do not fit" },
	{ V1_2, 128, 8, 2049, DW_CORRUPT, "do not fit a member of 8192" },
	{ V1_2, 128, 8, UINT64_MAX, DW_CORRUPT, "do not fit" },
	{ V1_2, 128, 8, 8, DW_CORRUPT, "runs over the superblock at 8" },
	{ V1_2, 128, 8, 0, DW_CORRUPT, "runs over the superblock" },
	{ V1_2, 128, 8, 9, 0, NULL },
	{ V1_1, 128, 8, 0, DW_CORRUPT, "runs over the superblock at 0" },
	{ V1_0, 80, 8, 8177, DW_CORRUPT, "do not fit" },
	{ V1_0, 128, 8, 113, DW_CORRUPT, "runs over the superblock at 8176" },
	{ V1_0, 128, 8, 112, 0, NULL },
};

static void put_field(const struct change *c)
{
	uint8_t bytes[8];

	dw_put_le64(bytes, c->value);
	memcpy(super + c->at, bytes, c->len);
}

START_TEST(changes_show)
{
	const struct change *c = &changes[_i];
	struct dw_dev *content;
	struct dw_md_info info;
	int ret;

	open_member(c->version);
	put_field(c);
	/* Too many roles to sum up. */
	if (c->version == V0_90 || dw_le32(super + 220) <= 1920)
		seal();
	put_super();
	ret = read_info(&info);
	ck_assert_msg(ret == c->code, "%d: %d %s", _i, ret, err.text);
	if (ret) {
		ck_assert_msg(strstr(err.text, c->text) != NULL, "%s",
			      err.text);
		return;
	}
	ck_assert_int_eq(info.is_complete, !c->text);
	ck_assert_int_eq(info.is_complete, !info.why);
	ret = dw_md_open(dev, &info, &content, &err);
	ck_assert_int_eq(ret, c->text ? DW_UNSUPPORTED : 0);
	if (c->text)
		ck_assert_msg(strstr(err.text, c->text) != NULL, "%s",
			      err.text);
	dw_dev_close(content, NULL);
}
END_TEST

START_TEST(levels_have_names)
{
	static const struct {
		uint32_t level;
		const char *name;
	} levels[] = {
		{ 0, "raid0" }, { 10, "raid10" }, { (uint32_t)-1, "linear" },
		{ (uint32_t)-4, "multipath" }, { (uint32_t)-5, "faulty" },
		{ (uint32_t)-9, "level -9" },
	};
	struct dw_md_info info;
	struct dw_dev *content;
	size_t i;

	open_member((enum version)_i);
	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		dw_put_le32(super + (_i == V0_90 ? 28 : 72), levels[i].level);
		seal();
		put_super();
		ck_assert_int_eq(read_info(&info), 0);
		ck_assert_int_eq(info.level, (int)levels[i].level);
		ck_assert_uint_eq(info.data_len, 0);
		ck_assert_int_eq(dw_md_open(dev, &info, &content, &err),
				 DW_UNSUPPORTED);
		ck_assert_msg(strstr(err.text, levels[i].name) != NULL, "%s",
			      err.text);
	}
}
END_TEST

START_TEST(every_bit_is_summed)
{
	struct dw_md_info info;
	unsigned at, end;

	open_member((enum version)_i);
	end = _i == V0_90 ? SUPER_LEN : 256 + 2 * dw_le32(super + 220);
	for (at = 0; at < end; at++) {
		super[at] ^= 0x10;
		put_super();
		ck_assert_msg(read_info(&info), "byte %u", at);
		super[at] ^= 0x10;
	}
	put_super();
	ck_assert_int_eq(read_info(&info), 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("md");
	int changes_nr = (int)(sizeof(changes) / sizeof(changes[0]));

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, fixtures_read, V0_90, V1_2 + 1);
	tcase_add_loop_test(tc, content_is_a_readonly_window, V0_90, V1_2 + 1);
	tcase_add_test(tc, short_devices_are_no_members);
	tcase_add_test(tc, last_creation_counts);
	tcase_add_test(tc, last_partition_is_not_the_disk);
	tcase_add_loop_test(tc, partitions_inside_a_member, V0_90, V1_2 + 1);
	tcase_add_loop_test(tc, a_failed_read_is_an_error, 0, 4);
	tcase_add_loop_test(tc, changes_show, 0, changes_nr);
	tcase_add_loop_test(tc, levels_have_names, V0_90, V1_2 + 1);
	tcase_add_loop_test(tc, every_bit_is_summed, V0_90, V1_2 + 1);
	return dw_test_run("md", tc);
}
