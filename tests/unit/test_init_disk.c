/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The parts of our /init that read disks, built for the host: superblocks as
 * the mkfs programs write them, partition tables of sfdisk, and the same with
 * damaged bytes.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/fsimg.h"
#include "lib/run.h"

#include "initrd/init/part.c"
#include "initrd/init/super.c"
#include "initrd/init/text.c"

#define UUID "0a1b2c3d-4e5f-6789-abcd-ef0123456789"
#define READS_MAX 2000

static uint8_t *image;
static uint64_t image_len;
static uint32_t reads_nr;

static bool read_image(void *arg, uint64_t off, void *buf, size_t len)
{
	ck_assert_uint_lt(reads_nr++, READS_MAX);
	if (off > image_len || len > image_len - off)
		return false;
	memcpy(buf, image + off, len);
	return true;
}

static struct disk disk = { read_image, NULL, 0 };

static void load(const char *path)
{
	FILE *f = fopen(path, "rb");

	ck_assert_ptr_nonnull(f);
	fseek(f, 0, SEEK_END);
	image_len = (uint64_t)ftell(f);
	rewind(f);
	image = realloc(image, image_len);
	ck_assert_uint_eq(fread(image, 1, image_len, f), image_len);
	fclose(f);
	disk.size = image_len;
	reads_nr = 0;
}

static void teardown(void)
{
	free(image);
	image = NULL;
}

/* Made by the shell with IMG, the path of an empty file. */
static const struct {
	const char *size, *script, *type, *label;
	bool mountable;
} kinds[] = {
	{ "16M", "mke2fs -qFt ext4 -U " UUID " -L 'my root' $IMG", "ext4",
	  "my root", true },
	{ "16M", "mke2fs -qFt ext4 -O ^metadata_csum -U " UUID " -L x $IMG",
	  "ext4", "x", true },
	{ "64M", "mke2fs -qFt ext4 -b 1024 -O bigalloc -U " UUID " $IMG",
	  "ext4", "", true },
	{ "16M", "mke2fs -qFt ext3 -U " UUID " -L sixteen-letters- $IMG",
	  "ext3", "sixteen-letters-", true },
	{ "8M", "mke2fs -qFt ext2 -b 1024 -U " UUID " $IMG", "ext2", "",
	  true },
	{ "320M", "mkfs.xfs -qf -m uuid=" UUID " -L twelvebytes_ $IMG", "xfs",
	  "twelvebytes_", true },
	{ "128M", "mkfs.btrfs -qf -U " UUID " -L bee $IMG", "btrfs", "bee",
	  true },
	{ "8M", "mkswap -q -U " UUID " -L swappy $IMG", "swap", "swappy",
	  false },
};
#define KINDS_NR ((int)(sizeof(kinds) / sizeof(*kinds)))

static bool make(const char *size, const char *script)
{
	const char *path = fsimg_path("disk.img"), *out;
	int ret = fsimg_run(&out, "IMG=%s; export PATH=$PATH:/usr/sbin:/sbin; "
			    "rm -f $IMG; truncate -s %s $IMG; %s", path, size,
			    script);

	/* The shell's own status for a program that is not there. */
	if (ret == 127)
		return false;
	ck_assert_msg(!ret, "%s", out);
	load(path);
	return true;
}

START_TEST(superblocks)
{
	struct super super;

	if (!make(kinds[_i].size, kinds[_i].script))
		return;
	super_read(&disk, &super);
	ck_assert_ptr_nonnull(super.type);
	ck_assert_str_eq(super.type, kinds[_i].type);
	ck_assert_str_eq(super.uuid, UUID);
	ck_assert_str_eq(super.label, kinds[_i].label);
	ck_assert_int_eq(super.mountable, kinds[_i].mountable);
}
END_TEST

/* A checksum guards all of a superblock: one changed bit, and it is none. */
START_TEST(checksums)
{
	static const uint64_t at[] = { 1024 + 0x68, 1024 + 0x200, 32, 150 };
	struct super super;

	if (!make(kinds[_i < 2 ? 0 : 5].size, kinds[_i < 2 ? 0 : 5].script))
		return;
	image[at[_i]] ^= 0x10;
	super_read(&disk, &super);
	ck_assert_ptr_null(super.type);
	ck_assert(!super.mountable);
}
END_TEST

static void put32(uint64_t at, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		image[at + i] = (uint8_t)(v >> 8 * i);
}

/* Filesystems that must not be mounted, whatever they begin with. */
START_TEST(members)
{
	static const struct {
		uint64_t at;
		const char *type;
	} marks[] = {
		/* 0.90, 1.0, 1.1 and 1.2 in 16 MiB */
		{ (16u << 20) - (64u << 10), "linux_raid_member" },
		{ (16u << 20) - 8192, "linux_raid_member" },
		{ 0, "linux_raid_member" }, { 4096, "linux_raid_member" },
		{ 512, "LVM2_member" }, { 0, "crypto_LUKS" },
	};
	struct super super;

	ck_assert(make(kinds[0].size, kinds[0].script));
	if (_i < 4) {
		put32(marks[_i].at, MD_MAGIC);
		put32(marks[_i].at + 4, _i ? 1 : 0);
	} else if (_i == 4) {
		memcpy(image + 512, "LABELONE", 8);
		memcpy(image + 512 + 24, "LVM2 001", 8);
	} else {
		memcpy(image, "LUKS\xba\xbe", 6);
	}
	super_read(&disk, &super);
	ck_assert_str_eq(super.type, marks[_i].type);
	ck_assert(!super.mountable);
	ck_assert_str_eq(super.uuid, "");
}
END_TEST

static const char mbr_script[] =
	"printf 'label: dos\\nlabel-id: 0xdeadbeef\\n1M,1M,83\\n,,83\\n' | "
	"sfdisk -q $IMG";
static const char gpt_script[] =
	"printf 'label: gpt\\nstart=2048, size=2048, name=first\\n"
	"size=2048, name=\"root fs\", uuid=" UUID "\\n' | sfdisk -q $IMG";

START_TEST(mbr)
{
	ck_assert(make("8M", mbr_script));
	ck_assert_uint_eq(part_by_uuid(&disk, "deadbeef-02"), 2);
	ck_assert_uint_eq(part_by_uuid(&disk, "DEADBEEF-0a"), 10);
	ck_assert_uint_eq(part_by_uuid(&disk, "deadbeee-02"), 0);
	ck_assert_uint_eq(part_by_uuid(&disk, "deadbeef02"), 0);
	ck_assert_uint_eq(part_by_uuid(&disk, "deadbeef-0x"), 0);
	ck_assert_uint_eq(part_by_uuid(&disk, UUID), 0);
	ck_assert_uint_eq(part_by_label(&disk, "root fs"), 0);
	image[511] = 0;
	ck_assert_uint_eq(part_by_uuid(&disk, "deadbeef-02"), 0);
}
END_TEST

START_TEST(gpt)
{
	ck_assert(make("8M", gpt_script));
	ck_assert_uint_eq(part_by_uuid(&disk, UUID), 2);
	ck_assert_uint_eq(part_by_uuid(&disk, "0A1B2C3D-4E5F-6789-ABCD-"
				       "EF0123456789"), 2);
	ck_assert_uint_eq(part_by_label(&disk, "root fs"), 2);
	ck_assert_uint_eq(part_by_label(&disk, "root"), 0);
	ck_assert_uint_eq(part_by_label(&disk, "root fss"), 0);
	ck_assert_uint_eq(part_by_label(&disk, ""), 0);
	/* The header's sum. */
	image[512 + 40] ^= 1;
	ck_assert_uint_eq(part_by_uuid(&disk, UUID), 0);
}
END_TEST

/* Only reads inside the disk, few of them, and texts that end. */
START_TEST(damage)
{
	static const struct {
		const char *size, *script;
	} of[] = {
		{ "16M", "mke2fs -qFt ext4 -O ^metadata_csum $IMG" },
		{ "8M", gpt_script },
	};
	struct super super;
	uint8_t *good;

	ck_assert(make(of[_i].size, of[_i].script));
	good = malloc(8192);
	memcpy(good, image, 8192);
	srand(1);
	for (int round = 0; round < 5000; round++) {
		memcpy(image, good, 8192);
		for (int k = rand() % 8; k >= 0; k--)
			image[rand() % 2048] = (uint8_t)rand();
		if (_i) {	/* so that what lies behind the sum is seen */
			put32(512 + 16, 0);
			put32(512 + 16, ~crc_of(CRC32_POLY, ~0u, image + 512,
						92));
		}
		reads_nr = 0;
		super_read(&disk, &super);
		ck_assert_uint_lt(strlen(super.label), sizeof(super.label));
		ck_assert_uint_le(part_by_uuid(&disk, UUID), ENTRIES_MAX);
		part_by_label(&disk, "root fs");
	}
	free(good);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("disk");

	fsimg_require_tools();
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, superblocks, 0, KINDS_NR);
	tcase_add_loop_test(tc, checksums, 0, 4);
	tcase_add_loop_test(tc, members, 0, 6);
	tcase_add_test(tc, mbr);
	tcase_add_test(tc, gpt);
	tcase_add_loop_test(tc, damage, 0, 2);
	return dw_test_run("init_disk", tc);
}
