/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Replaying a journal that a test has built, and looking at what came of it. */
#include "base/bytes.h"
#include "fs/journal.h"
#include "jreplay.h"

struct dw_ctx *jr_ctx;
struct dw_err jr_err;
struct dw_recovery jr_stats;
struct dw_dev *jr_overlay;

const struct jb jr_formats[JR_FORMATS_NR] = {
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

void jr_setup(void)
{
	ck_assert_int_eq(dw_ctx_new(&jr_ctx, NULL), 0);
}

void jr_teardown(void)
{
	dw_dev_close(jr_overlay, NULL);
	jr_overlay = NULL;
	dw_ctx_free(jr_ctx);
}

int jr_replay_on(struct jb *b, uint32_t block_len)
{
	int ret;

	dw_dev_close(jr_overlay, NULL);
	memset(&jr_stats, 0, sizeof(jr_stats));
	ck_assert_int_eq(dw_overlay_new(b->dev, block_len, 1 << 22, &jr_overlay,
					NULL), 0);
	ret = dw_journal_replay(jr_ctx, jr_overlay, &jr_stats, &jr_err);
	jb_free(b);
	return ret;
}

int jr_replay(struct jb *b)
{
	jb_finish(b);
	return jr_replay_on(b, 512);
}

void jr_expect_block(uint32_t blk, uint8_t fill)
{
	uint8_t buf[JB_BLOCK_LEN];

	ck_assert_int_eq(dw_dev_pread(jr_overlay, (uint64_t)blk * JB_BLOCK_LEN,
				      buf, sizeof(buf), NULL), 0);
	for (unsigned i = 0; i < sizeof(buf); i++)
		ck_assert_msg(buf[i] == fill, "block %u byte %u: %02x, not "
			      "%02x", blk, i, buf[i], fill);
}

void jr_expect_clean(uint32_t sequence)
{
	uint8_t buf[JB_BLOCK_LEN];
	struct dw_journal_fs fs;

	ck_assert_int_eq(dw_journal_read_fs(jr_overlay, &fs, &jr_err), 0);
	ck_assert(!fs.needs_recovery);
	dw_dev_pread(jr_overlay, JB_PIECE_A * JB_BLOCK_LEN, buf, sizeof(buf),
		     NULL);
	ck_assert_uint_eq(dw_be32(buf + 28), 0);
	ck_assert_uint_eq(dw_be32(buf + 24), sequence);
}
