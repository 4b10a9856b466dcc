/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Journal replay: what of a log counts, for every kind of journal. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/sum.h"
#include "fs/journal.h"
#include "lib/jbuild.h"
#include "lib/run.h"

static struct dw_ctx *ctx;
static struct dw_err err;
static struct dw_recovery stats;
static struct dw_dev *overlay;

static void setup(void)
{
	ck_assert_int_eq(dw_ctx_new(&ctx, NULL), 0);
}

static void teardown(void)
{
	dw_dev_close(overlay, NULL);
	overlay = NULL;
	dw_ctx_free(ctx);
}

/* Replays on a new overlay and frees what was built. */
static int replay_on(struct jb *b, uint32_t block_len)
{
	int ret;

	dw_dev_close(overlay, NULL);
	memset(&stats, 0, sizeof(stats));
	ck_assert_int_eq(dw_overlay_new(b->dev, block_len, 1 << 22, &overlay,
					NULL), 0);
	ret = dw_journal_replay(ctx, overlay, &stats, &err);
	jb_free(b);
	return ret;
}

static int replay(struct jb *b)
{
	jb_finish(b);
	return replay_on(b, 512);
}

static void expect_block(uint32_t blk, uint8_t fill)
{
	uint8_t buf[JB_BLOCK_LEN];

	ck_assert_int_eq(dw_dev_pread(overlay, (uint64_t)blk * JB_BLOCK_LEN,
				      buf, sizeof(buf), NULL), 0);
	for (unsigned i = 0; i < sizeof(buf); i++)
		ck_assert_msg(buf[i] == fill, "block %u byte %u: %02x, not "
			      "%02x", blk, i, buf[i], fill);
}

/* The log is empty, and nothing asks for recovery any more. */
static void expect_clean(uint32_t sequence)
{
	uint8_t buf[JB_BLOCK_LEN];
	struct dw_journal_fs fs;

	ck_assert_int_eq(dw_journal_read_fs(overlay, &fs, &err), 0);
	ck_assert(!fs.needs_recovery);
	dw_dev_pread(overlay, JB_PIECE_A * JB_BLOCK_LEN, buf, sizeof(buf),
		     NULL);
	ck_assert_uint_eq(dw_be32(buf + 28), 0);
	ck_assert_uint_eq(dw_be32(buf + 24), sequence);
}

#define OK(call) do {							\
	int ret_ = (call);						\
	ck_assert_msg(ret_ == 0, "%s: %d %s", #call, ret_, err.text);	\
} while (0)

#define FAILS(code_, text_, call) do {					\
	int ret_ = (call);						\
	ck_assert_msg(ret_ == (code_), "%s: %d %s", #call, ret_,	\
		      err.text);					\
	ck_assert_msg(strstr(err.text, (text_)) != NULL, "%s", err.text);\
} while (0)

/* ---- every format ------------------------------------------------------- */

static const struct jb formats[] = {
	{ .csum = 0 }, { .csum = 0, .is_64bit = true },
	{ .csum = 1 }, { .csum = 1, .is_64bit = true },
	{ .csum = 2 }, { .csum = 2, .is_64bit = true },
	{ .csum = 3 }, { .csum = 3, .is_64bit = true },
	{ .csum = 0, .has_uuids = true }, { .csum = 2, .has_uuids = true },
	{ .csum = 3, .has_uuids = true, .is_64bit = true },
	{ .csum = 3, .use_lists = true }, { .csum = 1, .start = 1020 },
	{ .csum = 3, .start = 1022 }, { .csum = 0, .start = 1023 },
	{ .csum = 3, .start = 509 }, { .csum = 2, .sequence = 0xfffffffe },
	{ .csum = 3, .fc_nr = 0 }, { .csum = 1, .is_async = true },
};
#define FORMATS_NR ((int)(sizeof(formats) / sizeof(formats[0])))

START_TEST(test_formats)
{
	struct jb b = formats[_i];
	const struct jb_write first[] = {
		{ 300, 0x11, false, false }, { 301, 0x12, false, false },
		{ 302, 0x13, true, false }, { 400, 0x14, false, false },
	};
	const struct jb_write second[] = {
		{ 301, 0x21, false, false }, { 4095, 0x22, false, false },
	};
	const uint32_t revoked[] = { 400, 401 };
	struct jb_write torn = { 300, 0x99, false, false };
	uint8_t buf[4];

	jb_new(&b);
	jb_data(&b, first, 4);
	jb_commit(&b, 100);
	jb_revoke(&b, revoked, 2);
	jb_data(&b, second, 2);
	jb_commit(&b, 101);
	jb_write_one(&b, 401, 0x31, 101);	/* after it was revoked */
	jb_data(&b, &torn, 1);			/* never committed */
	OK(replay(&b));

	expect_block(300, 0x11);
	expect_block(301, 0x21);
	expect_block(4095, 0x22);
	expect_block(400, 0);
	expect_block(401, 0x31);
	dw_dev_pread(overlay, 302 * JB_BLOCK_LEN, buf, 4, NULL);
	ck_assert_uint_eq(dw_be32(buf), 0xc03b3998);
	dw_dev_pread(overlay, 302 * JB_BLOCK_LEN + 4, buf, 4, NULL);
	ck_assert_uint_eq(dw_be32(buf), 0x13131313);
	expect_clean(formats[_i].sequence + 4);
	ck_assert_uint_eq(stats.transactions_nr, 3);
	ck_assert_uint_eq(stats.replayed_blk_nr, 5);
	ck_assert_uint_eq(stats.revoked_blk_nr, 1);
	ck_assert_str_eq(stats.damage, "");
}
END_TEST

/* Only what is not redirected takes memory: an escaped block, the journal's
 * superblock and that of the filesystem. */
START_TEST(test_memory)
{
	struct jb b = { .csum = 3 };
	struct dw_dev *dev;
	unsigned i;

	jb_new(&b);
	for (i = 0; i < 200; i++)
		jb_write_one(&b, JB_HOME + i, (uint8_t)i, 1);
	jb_finish(&b);
	ck_assert_int_eq(dw_overlay_new(b.dev, 1024, 2048, &dev, NULL), 0);
	OK(dw_journal_replay(ctx, dev, &stats, &err));
	dw_dev_close(dev, NULL);
	jb_free(&b);
}
END_TEST

/* Blocks of the overlay that are larger than the filesystem's, or no overlay
 * at all: the same result by copying. */
START_TEST(test_copied)
{
	struct jb b = { .csum = 3 };
	unsigned i;

	jb_new(&b);
	for (i = 0; i < 50; i++)
		jb_write_one(&b, JB_HOME + 3 * i, (uint8_t)(i + 1), 1);
	jb_finish(&b);
	OK(replay_on(&b, 4096));
	for (i = 0; i < 50; i++)
		expect_block(JB_HOME + 3 * i, (uint8_t)(i + 1));
	expect_clean(51);
}
END_TEST

START_TEST(test_in_place)
{
	struct jb b = { .csum = 0, .is_64bit = true };
	uint8_t byte;

	memset(&stats, 0, sizeof(stats));
	jb_new(&b);
	jb_write_one(&b, 333, 0x77, 1);
	jb_finish(&b);
	OK(dw_journal_replay(ctx, b.dev, &stats, &err));
	dw_dev_pread(b.dev, 333 * JB_BLOCK_LEN + 1023, &byte, 1, NULL);
	ck_assert_uint_eq(byte, 0x77);
	/* Nothing is left to do. */
	memset(&stats, 0, sizeof(stats));
	OK(dw_journal_replay(ctx, b.dev, &stats, &err));
	ck_assert_uint_eq(stats.transactions_nr, 0);
	jb_free(&b);
}
END_TEST

/* ---- damage ------------------------------------------------------------- */

static const unsigned summed[] = { 1, 2, 3 };

START_TEST(test_bad_commit)
{
	struct jb b = { .csum = summed[_i], .sequence = 7 };

	jb_new(&b);
	jb_write_one(&b, 300, 1, 100);
	jb_write_one(&b, 301, 2, 101);
	jb_flip(&b, b.last_blk * (uint64_t)JB_BLOCK_LEN + 17, 1);
	jb_write_one(&b, 302, 3, 102);
	OK(replay(&b));
	expect_block(300, 1);
	expect_block(301, 0);
	expect_block(302, 0);
	ck_assert_ptr_nonnull(strstr(stats.damage, "transaction 8"));
	expect_clean(9);
}
END_TEST

/* The same with the time of an older commit: a remainder, no damage. */
START_TEST(test_old_commit)
{
	struct jb b = { .csum = summed[_i], .sequence = 7 };

	jb_new(&b);
	jb_write_one(&b, 300, 1, 100);
	jb_write_one(&b, 301, 2, 99);
	jb_flip(&b, b.last_blk * (uint64_t)JB_BLOCK_LEN + 17, 1);
	OK(replay(&b));
	expect_block(300, 1);
	expect_block(301, 0);
	ck_assert_str_eq(stats.damage, "");
}
END_TEST

/* Commits that do not wait look so when they were interrupted. */
START_TEST(test_async_commit)
{
	struct jb b = { .csum = summed[_i], .is_async = true };

	jb_new(&b);
	jb_write_one(&b, 300, 1, 100);
	jb_write_one(&b, 301, 2, 101);
	jb_flip(&b, b.last_blk * (uint64_t)JB_BLOCK_LEN + 17, 1);
	OK(replay(&b));
	expect_block(300, 1);
	expect_block(301, 0);
	ck_assert_str_eq(stats.damage, "");
}
END_TEST

START_TEST(test_bad_data)
{
	struct jb b = { .csum = 2 + _i };
	const struct jb_write w[] = {
		{ 300, 5, false, false }, { 301, 6, false, true },
		{ 302, 7, false, false },
	};

	jb_new(&b);
	jb_write_one(&b, 301, 1, 100);
	jb_data(&b, w, 3);
	jb_commit(&b, 101);
	OK(replay(&b));
	expect_block(300, 5);
	expect_block(301, 1);
	expect_block(302, 7);
	ck_assert_uint_eq(stats.bad_blk_nr, 1);
	ck_assert_ptr_nonnull(strstr(stats.damage, "1 blocks"));
}
END_TEST

/* A descriptor with a wrong sum: the commit behind it decides. */
START_TEST(test_bad_descriptor)
{
	struct jb b = { .csum = 3 };

	jb_new(&b);
	jb_write_one(&b, 300, 1, 100);
	jb_write_one(&b, 301, 2, _i ? 99 : 100);
	jb_flip(&b, b.last_desc_blk * (uint64_t)JB_BLOCK_LEN + 500, 1);
	OK(replay(&b));
	expect_block(300, _i ? 1 : 0);
	expect_block(301, 0);
	ck_assert_int_eq(stats.damage[0] != 0, !_i);
	/* No number of the log that was given up comes again. */
	expect_clean(_i ? 2 : 1 + 1023);
}
END_TEST

START_TEST(test_bad_revoke_count)
{
	struct jb b = { .csum = 0 };
	const uint32_t blk = 301;

	jb_new(&b);
	jb_write_one(&b, 300, 1, 100);
	jb_revoke(&b, &blk, 1);
	jb_flip(&b, b.last_blk * (uint64_t)JB_BLOCK_LEN + 12, 0x80);
	jb_commit(&b, 101);
	OK(replay(&b));
	expect_block(300, 0);
	ck_assert_ptr_nonnull(strstr(stats.damage, "nothing was replayed"));
}
END_TEST

/* Descriptors of one transaction all around the log, with no commit. */
START_TEST(test_endless)
{
	struct jb b = { .csum = 0, .start = 5 };
	struct jb_write w = { 300, 1, false, false };
	unsigned i;

	jb_new(&b);
	for (i = 0; i < 512; i++)
		jb_data(&b, &w, 1);
	OK(replay(&b));
	expect_block(300, 0);
	ck_assert_uint_eq(stats.transactions_nr, 0);
}
END_TEST

static const struct {
	uint32_t home;
	const char *text;
} bad_homes[] = {
	{ JB_BLOCKS_NR, "changes block 4096 of 4096" },
	{ 0xfffffff0, "of 4096" },
	{ JB_PIECE_A, "block 1024 of the journal itself" },
	{ JB_PIECE_A + 511, "of the journal itself" },
	{ JB_PIECE_B + 7, "of the journal itself" },
};

START_TEST(test_bad_home)
{
	struct jb b = { .csum = 3 };

	jb_new(&b);
	jb_write_one(&b, 300, 1, 1);
	jb_write_one(&b, bad_homes[_i].home, 1, 1);
	FAILS(DW_CORRUPT, bad_homes[_i].text, replay(&b));
}
END_TEST

/* ---- journals that are not replayed ------------------------------------- */

START_TEST(test_external)
{
	struct jb b = { .csum = 3 };

	jb_new(&b);
	jb_flip(&b, 1024 + 208, 0x55);
	jb_seal_super(&b);
	FAILS(DW_UNSUPPORTED, "external journal", replay(&b));
}
END_TEST

static const struct {
	uint32_t off;		/* in the journal's superblock */
	uint8_t mask;
	bool seal;
	int code;
	const char *text;
} bad_supers[] = {
	{ 0, 0x80, true, DW_CORRUPT, "no superblock" },
	{ 7, 0x01, true, DW_CORRUPT, "no superblock" },
	{ 14, 0x04, false, DW_CORRUPT, "checksum of its superblock" },
	{ 14, 0x08, true, DW_CORRUPT, "blocks of" },
	{ 17, 0x01, true, DW_CORRUPT, "in a file of 1024" },
	{ 18, 0x04, true, DW_CORRUPT, "only 0 blocks" },
	{ 23, 0x01, true, DW_CORRUPT, "begins at block 0" },
	{ 30, 0x04, true, DW_CORRUPT, "outside of the log" },
	{ 39, 0x01, true, DW_CORRUPT, "more than one kind" },
	{ 43, 0x08, true, DW_CORRUPT, "more than one kind" },
	{ 43, 0x40, true, DW_UNSUPPORTED, "unknown features" },
	{ 47, 0x01, true, DW_UNSUPPORTED, "unknown features" },
	{ 43, 0x20, true, DW_CORRUPT, "for fast commits" },
	{ 67, 0x02, true, DW_CORRUPT, "share" },
	{ 80, 0x01, true, DW_CORRUPT, "checksum type" },
};

START_TEST(test_bad_super)
{
	struct jb b = { .csum = 3 };

	jb_new(&b);
	jb_write_one(&b, 300, 1, 1);
	jb_finish(&b);
	jb_flip(&b, JB_PIECE_A * JB_BLOCK_LEN + bad_supers[_i].off,
		bad_supers[_i].mask);
	if (bad_supers[_i].seal)
		jb_seal_journal(&b);
	FAILS(bad_supers[_i].code, bad_supers[_i].text, replay_on(&b, 512));
}
END_TEST

/* ---- the inode ---------------------------------------------------------- */

/* mode, links, size, first extent's block, its length, second's place */
static const uint32_t inode_bytes[] = { 1, 26, 5, 40 + 22, 40 + 16, 40 + 25 };

static void break_inode(struct jb *b, unsigned i)
{
	uint64_t off = 5 * JB_BLOCK_LEN + 7 * 128 + inode_bytes[i];

	jb_flip(b, off, i == 1 ? 1 : 0xf0);
}

START_TEST(test_bad_inode)
{
	struct jb b = { .csum = 3 };

	jb_new(&b);
	break_inode(&b, (unsigned)_i);
	ck_assert_int_eq(replay(&b), DW_CORRUPT);
}
END_TEST

/* The superblock keeps a copy of the inode's block list. */
START_TEST(test_backup)
{
	struct jb b = { .csum = 3, .use_lists = _i % 2 };
	uint8_t list[60], type = 1;

	jb_new(&b);
	jb_write_one(&b, 300, 0x42, 1);
	dw_dev_pread(b.dev, 5 * JB_BLOCK_LEN + 7 * 128 + 40, list, 60, NULL);
	dw_dev_pwrite(b.dev, 1024 + 268, list, 60, NULL);
	dw_put_le32(list, JB_LOG_NR * JB_BLOCK_LEN);
	dw_dev_pwrite(b.dev, 1024 + 332, list, 4, NULL);
	dw_dev_pwrite(b.dev, 1024 + 253, &type, 1, NULL);
	jb_seal_super(&b);
	break_inode(&b, (unsigned)_i / 2 % 2);
	OK(replay(&b));
	expect_block(300, 0x42);
}
END_TEST

/* ---- fast commits ------------------------------------------------------- */

static unsigned put_piece(uint8_t *p, unsigned tag, const void *value,
			  unsigned len)
{
	dw_put_le16(p, (uint16_t)tag);
	dw_put_le16(p + 2, (uint16_t)len);
	memcpy(p + 4, value, len);
	return 4 + len;
}

static void put_fast_commit(struct jb *b, uint32_t sequence, uint32_t wrong)
{
	uint8_t block[JB_BLOCK_LEN] = { 0 }, value[16] = { 0 };
	unsigned pos;

	dw_put_le32(value + 4, sequence);
	pos = put_piece(block, 9, value, 8);
	pos += put_piece(block + pos, 6, value, 16);
	dw_put_le32(value, sequence);
	pos += put_piece(block + pos, 8, value, 8);
	dw_put_le32(block + pos - 4,
		    dw_crc32c(0, block, pos - 4) ^ wrong);
	dw_dev_pwrite(b->dev, (uint64_t)jb_blk(JB_LOG_NR - b->fc_nr + 1) *
		      JB_BLOCK_LEN, block, sizeof(block), NULL);
}

/* The smallest journal with fast commits has 1024 blocks beside them, so the
 * check of the superblock is met before; go in below it. */
START_TEST(test_fast_commits)
{
	struct jb b = { .csum = 3, .fc_nr = 64, .sequence = 5 };
	struct dw_journal j = { 0 };
	int found;

	jb_new(&b);
	jb_finish(&b);
	put_fast_commit(&b, _i == 1 ? 6 : 5, _i == 2);
	OK(dw_journal_read_fs(b.dev, &j.fs, &err));
	OK(dw_journal_map_load(b.dev, &j.fs, &j.map, &err));
	j.ctx = ctx;
	j.dev = b.dev;
	j.buf = malloc(JB_BLOCK_LEN);
	j.buf_cap_nr = 1;
	j.fmt.fc_first = JB_LOG_NR - 64 + 1;
	j.sb.blocks_nr = JB_LOG_NR;
	found = dw_journal_has_fast_commits(&j, 5, &err);
	ck_assert_int_eq(found, _i == 0);
	free(j.buf);
	dw_journal_map_free(&j.map);
	jb_free(&b);
}
END_TEST

/* ---- faults ------------------------------------------------------------- */

static void build_all_kinds(struct jb *b)
{
	const uint32_t revoked[] = { 300, 305 };
	const struct jb_write w[] = {
		{ 300, 5, false, false }, { 301, 6, true, false },
		{ 302, 7, false, false },
	};

	jb_new(b);
	jb_data(b, w, 3);
	jb_commit(b, 1);
	jb_revoke(b, revoked, 2);
	jb_data(b, w + 1, 2);
	jb_commit(b, 2);
	jb_write_one(b, 700, 9, 3);
	jb_finish(b);
}

/* Every read and every write may fail: always an error, never a crash. */
START_TEST(test_faults)
{
	struct jb b = { .csum = (unsigned)_i };
	struct dw_fault fault = { 0 };
	struct dw_dev *faulty, *over;
	uint64_t n;
	int ret;

	build_all_kinds(&b);
	for (n = 1; n < 1000; n++) {
		memset(&fault, 0, sizeof(fault));
		fault.fail_read_at = n;
		ck_assert_int_eq(dw_fault_new(b.dev, &fault, &faulty, NULL), 0);
		ck_assert_int_eq(dw_overlay_new(faulty, 1024, 1 << 20, &over,
						NULL), 0);
		ret = dw_journal_replay(ctx, over, &stats, &err);
		dw_dev_close(over, NULL);
		dw_dev_close(faulty, NULL);
		if (!ret)
			break;
		ck_assert_int_eq(ret, DW_IO);
	}
	ck_assert_uint_gt(n, 5);
	ck_assert_uint_lt(n, 1000);
	jb_free(&b);
}
END_TEST

START_TEST(test_cancelled)
{
	struct jb b = { .csum = 3 };

	build_all_kinds(&b);
	dw_ctx_cancel(ctx);
	ck_assert_int_eq(replay_on(&b, 512), DW_CANCELLED);
}
END_TEST

/* ---- hostile journals --------------------------------------------------- */

static uint64_t random_state;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((random_state >> 33) % n);
}

/* Blocks worth damaging: superblocks, inode, the log. */
static uint64_t random_target(const struct jb *b)
{
	static const uint32_t blks[] = { 1, 2, 5, 20, 30, JB_PIECE_A };
	uint32_t i = random_below(16), used = b->pos > 1 ? b->pos : 2;

	if (i < 6)
		return blks[i] * (uint64_t)JB_BLOCK_LEN +
		       random_below(i == 0 || i == 5 ? 256 : JB_BLOCK_LEN);
	return jb_blk(1 + random_below(used - 1)) * (uint64_t)JB_BLOCK_LEN +
	       random_below(i < 13 ? 64 : JB_BLOCK_LEN);
}

/*
 * Bytes are changed in a copy-on-write layer of their own; half of the time
 * the checksums of the superblocks are made good again, so that what they
 * guard is reached.
 */
START_TEST(test_hostile)
{
	struct jb b = formats[_i], damaged;
	struct dw_dev *over;
	unsigned round, k;
	int ret;

	random_state = 1000 + (unsigned)_i;
	build_all_kinds(&b);
	for (round = 0; round < 1500; round++) {
		damaged = b;
		ck_assert_int_eq(dw_overlay_new(b.dev, 512, 1 << 20,
						&damaged.dev, NULL), 0);
		for (k = 1 + random_below(3); k; k--)
			jb_flip(&damaged, random_target(&b),
				(uint8_t)(1 + random_below(255)));
		if (random_below(2)) {
			jb_seal_journal(&damaged);
			jb_seal_super(&damaged);
		}
		ck_assert_int_eq(dw_overlay_new(damaged.dev, 1024, 1 << 22,
						&over, NULL), 0);
		memset(&stats, 0, sizeof(stats));
		ret = dw_journal_replay(ctx, over, &stats, &err);
		ck_assert_msg(ret == 0 || ret == DW_CORRUPT ||
			      ret == DW_UNSUPPORTED || ret == DW_NOT_MINE ||
			      ret == DW_LIMIT, "%d: %s", ret, err.text);
		dw_dev_close(over, NULL);
		dw_dev_close(damaged.dev, NULL);
	}
	jb_free(&b);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("replay");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, test_formats, 0, FORMATS_NR);
	tcase_add_test(t, test_memory);
	tcase_add_test(t, test_copied);
	tcase_add_test(t, test_in_place);
	tcase_add_loop_test(t, test_bad_commit, 0, 3);
	tcase_add_loop_test(t, test_old_commit, 0, 3);
	tcase_add_loop_test(t, test_async_commit, 0, 3);
	tcase_add_loop_test(t, test_bad_data, 0, 2);
	tcase_add_loop_test(t, test_bad_descriptor, 0, 2);
	tcase_add_test(t, test_bad_revoke_count);
	tcase_add_test(t, test_endless);
	tcase_add_loop_test(t, test_bad_home, 0, 5);
	tcase_add_test(t, test_external);
	tcase_add_loop_test(t, test_bad_super, 0,
			    (int)(sizeof(bad_supers) / sizeof(bad_supers[0])));
	tcase_add_loop_test(t, test_bad_inode, 0, 6);
	tcase_add_loop_test(t, test_backup, 0, 4);
	tcase_add_loop_test(t, test_fast_commits, 0, 3);
	tcase_add_loop_test(t, test_faults, 0, 4);
	tcase_add_test(t, test_cancelled);
	tcase_add_loop_test(t, test_hostile, 0, FORMATS_NR);
	return dw_test_run("journal", t);
}
