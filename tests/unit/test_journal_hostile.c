/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Journal replay: a host that fails, and journals made of anything. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "fs/journal.h"
#include "lib/jreplay.h"
#include "lib/run.h"

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
		ret = dw_journal_replay(jr_ctx, over, &jr_stats, &jr_err);
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
	dw_ctx_cancel(jr_ctx);
	ck_assert_int_eq(jr_replay_on(&b, 512), DW_CANCELLED);
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
	struct jb b = jr_formats[_i], damaged;
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
		memset(&jr_stats, 0, sizeof(jr_stats));
		ret = dw_journal_replay(jr_ctx, over, &jr_stats, &jr_err);
		ck_assert_msg(ret == 0 || ret == DW_CORRUPT ||
			      ret == DW_UNSUPPORTED || ret == DW_NOT_MINE ||
			      ret == DW_LIMIT, "%d: %s", ret, jr_err.text);
		dw_dev_close(over, NULL);
		dw_dev_close(damaged.dev, NULL);
	}
	jb_free(&b);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("journal hostile");

	tcase_add_checked_fixture(t, jr_setup, jr_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, test_faults, 0, 4);
	tcase_add_test(t, test_cancelled);
	tcase_add_loop_test(t, test_hostile, 0, JR_FORMATS_NR);
	return dw_test_run("journal hostile", t);
}
