/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Journal replay: what of a log counts, for every kind of journal. */
#include <check.h>
#include <string.h>

#include "base/bytes.h"
#include "fs/journal.h"
#include "lib/jreplay.h"
#include "lib/run.h"

START_TEST(test_formats)
{
	struct jb b = jr_formats[_i];
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
	OK(jr_replay(&b));

	jr_expect_block(300, 0x11);
	jr_expect_block(301, 0x21);
	jr_expect_block(4095, 0x22);
	jr_expect_block(400, 0);
	jr_expect_block(401, 0x31);
	dw_dev_pread(jr_overlay, 302 * JB_BLOCK_LEN, buf, 4, NULL);
	ck_assert_uint_eq(dw_be32(buf), 0xc03b3998);
	dw_dev_pread(jr_overlay, 302 * JB_BLOCK_LEN + 4, buf, 4, NULL);
	ck_assert_uint_eq(dw_be32(buf), 0x13131313);
	jr_expect_clean(jr_formats[_i].sequence + 4);
	ck_assert_uint_eq(jr_stats.transactions_nr, 3);
	ck_assert_uint_eq(jr_stats.replayed_blk_nr, 5);
	ck_assert_uint_eq(jr_stats.revoked_blk_nr, 1);
	ck_assert_str_eq(jr_stats.damage, "");
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
	OK(dw_journal_replay(jr_ctx, dev, &jr_stats, &jr_err));
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
	OK(jr_replay_on(&b, 4096));
	for (i = 0; i < 50; i++)
		jr_expect_block(JB_HOME + 3 * i, (uint8_t)(i + 1));
	jr_expect_clean(51);
}
END_TEST

START_TEST(test_in_place)
{
	struct jb b = { .csum = 0, .is_64bit = true };
	uint8_t byte;

	memset(&jr_stats, 0, sizeof(jr_stats));
	jb_new(&b);
	jb_write_one(&b, 333, 0x77, 1);
	jb_finish(&b);
	OK(dw_journal_replay(jr_ctx, b.dev, &jr_stats, &jr_err));
	dw_dev_pread(b.dev, 333 * JB_BLOCK_LEN + 1023, &byte, 1, NULL);
	ck_assert_uint_eq(byte, 0x77);
	/* Nothing is left to do. */
	memset(&jr_stats, 0, sizeof(jr_stats));
	OK(dw_journal_replay(jr_ctx, b.dev, &jr_stats, &jr_err));
	ck_assert_uint_eq(jr_stats.transactions_nr, 0);
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
	OK(jr_replay(&b));
	jr_expect_block(300, 1);
	jr_expect_block(301, 0);
	jr_expect_block(302, 0);
	ck_assert_ptr_nonnull(strstr(jr_stats.damage, "transaction 8"));
	jr_expect_clean(9);
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
	OK(jr_replay(&b));
	jr_expect_block(300, 1);
	jr_expect_block(301, 0);
	ck_assert_str_eq(jr_stats.damage, "");
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
	OK(jr_replay(&b));
	jr_expect_block(300, 1);
	jr_expect_block(301, 0);
	ck_assert_str_eq(jr_stats.damage, "");
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
	OK(jr_replay(&b));
	jr_expect_block(300, 5);
	jr_expect_block(301, 1);
	jr_expect_block(302, 7);
	ck_assert_uint_eq(jr_stats.bad_blk_nr, 1);
	ck_assert_ptr_nonnull(strstr(jr_stats.damage, "1 blocks"));
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
	OK(jr_replay(&b));
	jr_expect_block(300, _i ? 1 : 0);
	jr_expect_block(301, 0);
	ck_assert_int_eq(jr_stats.damage[0] != 0, !_i);
	/* No number of the log that was given up comes again. */
	jr_expect_clean(_i ? 2 : 1 + 1023);
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
	OK(jr_replay(&b));
	jr_expect_block(300, 0);
	ck_assert_ptr_nonnull(strstr(jr_stats.damage, "nothing was replayed"));
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
	OK(jr_replay(&b));
	jr_expect_block(300, 0);
	ck_assert_uint_eq(jr_stats.transactions_nr, 0);
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
	FAILS(DW_CORRUPT, bad_homes[_i].text, jr_replay(&b));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("journal");

	tcase_add_checked_fixture(t, jr_setup, jr_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, test_formats, 0, JR_FORMATS_NR);
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
	return dw_test_run("journal", t);
}
