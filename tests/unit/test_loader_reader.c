/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage 2's filesystem reader, built for the host: on images of e2fsprogs, and
 * on the same with damaged bytes, where it must end, and within its memory.
 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/fsimg.h"
#include "lib/run.h"

/* The sources themselves: what boots is what is tested. */
#include "boot/x86/stage2/ext.c"
#include "boot/x86/stage2/ext_file.c"
#include "boot/x86/stage2/ext_map.c"
#include "boot/x86/stage2/ext_path.c"
#include "boot/x86/stage2/text.c"

#define FILE_MAX	(4u << 20)
#define READS_MAX	200000	/* of one lookup and read; far above a good one's */
#define ROUNDS		400
#define META_LEN	(256u << 10)

static int fd = -1;
static uint8_t *image;		/* the whole of it, damaged at will */
static uint64_t image_len;
static uint32_t reads_nr;
static uint8_t *slots, *content;

/* The disk that ext.c asks for. */
fault disk_read(struct disk *disk, uint64_t off, void *dst, uint32_t len)
{
	ck_assert_uint_lt(reads_nr++, READS_MAX);
	if (off > image_len || len > image_len - off)
		return "disk read error";
	memcpy(dst, image + off, len);
	return NULL;
}

static void load(const char *path)
{
	fd = open(path, O_RDONLY);
	ck_assert_int_ge(fd, 0);
	image_len = (uint64_t)lseek(fd, 0, SEEK_END);
	image = realloc(image, image_len);
	ck_assert_int_eq(pread(fd, image, image_len, 0), (ssize_t)image_len);
	close(fd);
	reads_nr = 0;
}

static void setup(void)
{
	/* Exactly as much as stage 2 has. */
	slots = malloc(EXT_SLOTS * EXT_BLOCK_MAX);
	content = malloc(FILE_MAX);
}

static void teardown(void)
{
	free(slots);
	free(content);
	free(image);
	image = NULL;
}

struct kind {
	const char *name, *size, *args;
};

static const struct kind kinds[] = {
	{ "ext4", "16M", "-t ext4" },
	{ "ext4-1k", "16M", "-t ext4 -b 1024" },
	{ "ext2-1k", "8M", "-t ext2 -b 1024" },
	{ "ext3", "16M", "-t ext3 -I 128" },
	{ "ext4-64k", "64M", "-t ext4 -b 65536" },
	{ "inline", "16M", "-t ext4 -I 1024 -O inline_data" },
	{ "meta_bg", "16M",
	  "-t ext4 -b 1024 -g 256 -N 4096 -O meta_bg,^resize_inode" },
	{ "bigalloc", "64M", "-t ext4 -O bigalloc" },
};

#define KINDS_NR ((int)(sizeof(kinds) / sizeof(*kinds)))

/* A tree with everything: holes, small and large files, links, many names. */
static const char *make(const struct kind *k)
{
	static const char script[] =
		"cd %s && rm -rf t && mkdir -p t/boot/many t/small && cd t && "
		"seq 1 30000 > boot/kernel && "
		"seq 1 100 > boot/small && printf tiny > boot/tiny && "
		"truncate -s 900K boot/holes && "
		"printf a | dd of=boot/holes bs=1 seek=300000 conv=notrunc "
		"status=none && printf b >> boot/holes && "
		"cp boot/tiny small/f && "
		"ln -s boot/kernel short && ln -s /boot/../short twice && "
		"ln -s ./././././././././././././././././././././././././"
		"./././././boot/kernel long && ln -s loop loop && "
		"(cd boot/many && seq -f name-of-some-length-%%g 1 300 | "
		"xargs touch) && cp boot/tiny boot/many/last";
	char dir[300], args[600];
	const char *out;

	snprintf(dir, sizeof(dir), "%s", fsimg_path(""));
	ck_assert_msg(!fsimg_run(&out, script, dir), "%s", out);
	snprintf(args, sizeof(args), "%s -d %s/t", k->args, dir);
	return fsimg_make(k->name, k->size, args);
}

static const char *const paths[] = {
	"/boot/kernel", "/boot/small", "/boot/tiny", "/boot/holes", "/small/f",
	"/short", "/twice", "/long", "/boot/many/last",
};

static fault get(struct ext *fs, const char *path, uint32_t *len)
{
	struct ext_inode inode;
	fault f = ext_lookup(fs, EXT_ROOT_INO, path, &inode);

	if (f)
		return f;
	if (!ext_is_regular(&inode))
		return "not a file";
	*len = inode.len > FILE_MAX ? FILE_MAX : inode.len;
	return ext_read(fs, &inode, 0, content, *len);
}

START_TEST(reads_what_was_written)
{
	const char *path = make(&kinds[_i]), *out;
	struct disk disk = { 0 };
	struct ext fs;
	uint32_t i, len;
	fault f;

	load(path);
	f = ext_open(&fs, &disk, slots);
	ck_assert_msg(!f, "%s", f);
	for (i = 0; i < ARRAY_LEN(paths); i++) {
		char name[300];
		FILE *got;

		f = get(&fs, paths[i], &len);
		ck_assert_msg(!f, "%s: %s", paths[i], f);
		snprintf(name, sizeof(name), "%s", fsimg_path("got"));
		got = fopen(name, "w");
		ck_assert_int_eq(fwrite(content, 1, len, got), len);
		fclose(got);
		/* Absolute links lead into the tree, not into the host. */
		ck_assert_msg(!fsimg_run(&out,
			"cd %s/t && p=.%s; [ $p != ./twice ] || p=boot/kernel; "
			"cmp $p ../got", fsimg_path(""), paths[i]),
			"%s: %s", paths[i], out);
	}
	ck_assert_ptr_eq(get(&fs, "/boot/missing", &len), ext_not_found);
	ck_assert_ptr_eq(get(&fs, "/boot/tiny/x", &len), ext_not_found);
	ck_assert_str_eq(get(&fs, "/loop", &len), "too many symbolic links");
	ck_assert_str_eq(get(&fs, "/boot", &len), "not a file");
}
END_TEST

static uint64_t random_state;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % n;
}

/* Overwrites some bytes where metadata is; values that hurt are preferred. */
static void damage(uint32_t *offs, uint8_t *old, uint32_t nr)
{
	static const uint8_t nasty[] = { 0, 1, 0x7f, 0x80, 0xff, 0xfe, 0x10 };
	uint32_t i;

	for (i = 0; i < nr; i++) {
		offs[i] = 1024 + random_below(META_LEN);
		/* Half of the time the superblock, descriptors, first inodes. */
		if (random_below(2))
			offs[i] = 1024 + random_below(16384);
		old[i] = image[offs[i]];
		image[offs[i]] = random_below(2) ? nasty[random_below(7)] :
						   random_below(256);
	}
}

START_TEST(damaged_bytes_end_in_a_fault)
{
	struct disk disk = { 0 };
	uint32_t offs[64], round, faults_nr = 0, i, len;
	uint8_t old[64];
	struct ext fs;

	load(make(&kinds[_i]));
	random_state = (uint64_t)_i + 1;
	for (round = 0; round < ROUNDS; round++) {
		uint32_t nr = 1 + random_below(64);

		damage(offs, old, nr);
		reads_nr = 0;
		if (ext_open(&fs, &disk, slots)) {
			faults_nr++;
		} else {
			for (i = 0; i < ARRAY_LEN(paths); i++) {
				reads_nr = 0;
				faults_nr += !!get(&fs, paths[i], &len);
			}
		}
		while (nr--)
			image[offs[nr]] = old[nr];
	}
	ck_assert_uint_gt(faults_nr, 0);
}
END_TEST

/* An inode and what it points to are put together by hand. */
static struct ext hand_made(uint32_t shift, uint64_t blocks_nr)
{
	struct ext fs = {
		.blocks_nr = blocks_nr, .block_shift = shift,
		.block_len = 1u << shift, .slots = slots,
	};
	uint32_t i;

	for (i = 0; i < EXT_SLOTS; i++)
		fs.slot_blk[i] = UINT64_MAX;
	image_len = blocks_nr << shift;
	image = realloc(image, image_len);
	memset(image, 0, image_len);
	reads_nr = 0;
	return fs;
}

static void put_node(uint8_t *p, uint32_t depth, uint32_t child)
{
	put_le16(p, EXT_NODE_MAGIC);
	put_le16(p + 2, 1);
	put_le16(p + 4, 4);
	put_le16(p + 6, depth);
	put_le32(p + 12, 0);
	put_le32(p + 16, child);
	put_le32(p + 20, 0);
}

START_TEST(extent_tree_that_leads_to_itself_ends)
{
	struct ext fs = hand_made(10, 16);
	struct ext_inode inode = { .flags = EXT_FLAG_EXTENTS };
	uint64_t start, run;

	put_node(inode.block, 5, 3);
	put_node(image + 3 * 1024, 5, 3);
	ck_assert_str_eq(ext_map(&fs, &inode, 0, &start, &run),
			 "extent tree is damaged");
	put_node(inode.block, 6, 3);
	ck_assert_str_eq(ext_map(&fs, &inode, 0, &start, &run),
			 "extent tree is damaged");
	put_node(inode.block, 1, 99);
	ck_assert_str_eq(ext_map(&fs, &inode, 0, &start, &run),
			 "block number is past the end of the filesystem");
}
END_TEST

START_TEST(unwritten_extents_are_holes)
{
	struct ext fs = hand_made(10, 16);
	struct ext_inode inode = { .flags = EXT_FLAG_EXTENTS };
	uint64_t start, run;

	put_node(inode.block, 0, 0);
	put_le16(inode.block + 16, 0x8000 + 7);	/* seven blocks from 5 on */
	put_le16(inode.block + 18, 0);
	put_le32(inode.block + 20, 5);
	ck_assert_ptr_null(ext_map(&fs, &inode, 2, &start, &run));
	ck_assert_uint_eq(start, 0);
	ck_assert_uint_eq(run, 5);
	put_le16(inode.block + 16, 7);
	ck_assert_ptr_null(ext_map(&fs, &inode, 2, &start, &run));
	ck_assert_uint_eq(start, 7);
	ck_assert_uint_eq(run, 5);
	/* Behind it nothing follows: a hole to the end of what can be. */
	ck_assert_ptr_null(ext_map(&fs, &inode, 7, &start, &run));
	ck_assert_uint_eq(start, 0);
	ck_assert_uint_eq(run, (1ull << 32) - 7);
	/* Its last blocks would lie past the end. */
	put_le32(inode.block + 20, 12);
	ck_assert_ptr_nonnull(ext_map(&fs, &inode, 2, &start, &run));
}
END_TEST

START_TEST(indirect_levels)
{
	struct ext fs = hand_made(10, 64);
	struct ext_inode inode = { 0 };
	uint64_t start, run;

	put_le32(inode.block + 4 * 12, 20);		/* 256 blocks */
	put_le32(image + 20 * 1024 + 4 * 255, 33);
	put_le32(inode.block + 4 * 14, 21);		/* triple */
	put_le32(image + 21 * 1024, 22);
	put_le32(image + 22 * 1024, 23);
	put_le32(image + 23 * 1024 + 4, 40);
	put_le32(image + 23 * 1024 + 8, 41);
	ck_assert_ptr_null(ext_map(&fs, &inode, 12 + 255, &start, &run));
	ck_assert_uint_eq(start, 33);
	ck_assert_uint_eq(run, 1);
	ck_assert_ptr_null(ext_map(&fs, &inode, 12, &start, &run));
	ck_assert_uint_eq(start, 0);
	ck_assert_uint_eq(run, 255);
	/* The double ones are missing as a whole. */
	ck_assert_ptr_null(ext_map(&fs, &inode, 12 + 256 + 5, &start, &run));
	ck_assert_uint_eq(start, 0);
	ck_assert_uint_eq(run, 65536 - 5);
	ck_assert_ptr_null(ext_map(&fs, &inode, 12 + 256 + 65536 + 1, &start,
				   &run));
	ck_assert_uint_eq(start, 40);
	ck_assert_uint_eq(run, 2);
	ck_assert_ptr_nonnull(ext_map(&fs, &inode, 12 + 256 + 65536 + 16777216,
				      &start, &run));
}
END_TEST

/* What libext2fs does not write: a directory that goes on in the attribute. */
START_TEST(inline_directory_goes_on_in_the_attribute)
{
	struct ext fs = hand_made(10, 16);
	struct ext_inode dir = {
		.nr = 1, .mode = 0x41ed, .flags = EXT_FLAG_INLINE, .len = 76,
	};
	uint8_t raw[256] = { 0 }, *e = raw + 128 + 32 + 4;
	const uint8_t *tail;
	struct search s = { "kernel", 6, 0 };
	uint32_t len;

	put_le16(raw + 128, 32);
	put_le32(raw + 160, 0xea020000);
	e[0] = 4;
	e[1] = 7;
	put_le16(e + 2, 40);
	put_le32(e + 8, 16);
	memcpy(e + 16, "data", 4);
	put_le32(e + 40, 77);
	put_le16(e + 44, 16);
	e[46] = 6;
	memcpy(e + 48, "kernel", 6);
	ck_assert_ptr_null(find_inline_tail(raw, 256, &tail, &len));
	ck_assert_uint_eq(len, 16);
	ck_assert(list_block(tail, len, is_it, &s));
	ck_assert_uint_eq(s.nr, 77);

	/* Through an inode table of one inode, in block 1. */
	fs.inodes_nr = fs.inodes_per_group = 4;
	fs.inode_len = 256;
	fs.desc_len = 32;
	fs.desc_shift = 5;
	fs.first_meta_bg = UINT32_MAX;
	put_le32(image + 2 * 1024 + 8, 3);
	memcpy(image + 3 * 1024, raw, sizeof(raw));
	s.nr = 0;
	ck_assert_ptr_null(ext_list(&fs, &dir, is_it, &s));
	ck_assert_uint_eq(s.nr, 77);
	/* A value that would lie past the inode. */
	put_le32(e + 8, 200);
	ck_assert_ptr_nonnull(find_inline_tail(raw, 256, &tail, &len));
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("all");

	fsimg_require_tools();
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, reads_what_was_written, 0, KINDS_NR);
	tcase_add_loop_test(c, damaged_bytes_end_in_a_fault, 0, KINDS_NR);
	tcase_add_test(c, extent_tree_that_leads_to_itself_ends);
	tcase_add_test(c, unwritten_extents_are_holes);
	tcase_add_test(c, indirect_levels);
	tcase_add_test(c, inline_directory_goes_on_in_the_attribute);
	return dw_test_run("loader_reader", c);
}
