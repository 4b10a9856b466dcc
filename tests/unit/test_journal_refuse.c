/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Journal replay: journals that are not there to be replayed. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/sum.h"
#include "fs/journal.h"
#include "lib/jreplay.h"
#include "lib/run.h"

START_TEST(test_external)
{
	struct jb b = { .csum = 3 };

	jb_new(&b);
	jb_flip(&b, 1024 + 208, 0x55);
	jb_seal_super(&b);
	FAILS(DW_UNSUPPORTED, "external journal", jr_replay(&b));
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
	FAILS(bad_supers[_i].code, bad_supers[_i].text, jr_replay_on(&b, 512));
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
	ck_assert_int_eq(jr_replay(&b), DW_CORRUPT);
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
	OK(jr_replay(&b));
	jr_expect_block(300, 0x42);
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
	OK(dw_journal_read_fs(b.dev, &j.fs, &jr_err));
	OK(dw_journal_map_load(b.dev, &j.fs, &j.map, &jr_err));
	j.ctx = jr_ctx;
	j.dev = b.dev;
	j.buf = malloc(JB_BLOCK_LEN);
	j.buf_cap_nr = 1;
	j.fmt.fc_first = JB_LOG_NR - 64 + 1;
	j.sb.blocks_nr = JB_LOG_NR;
	found = dw_journal_has_fast_commits(&j, 5, &jr_err);
	ck_assert_int_eq(found, _i == 0);
	free(j.buf);
	dw_journal_map_free(&j.map);
	jb_free(&b);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("journal refused");

	tcase_add_checked_fixture(t, jr_setup, jr_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, test_external);
	tcase_add_loop_test(t, test_bad_super, 0,
			    (int)(sizeof(bad_supers) / sizeof(bad_supers[0])));
	tcase_add_loop_test(t, test_bad_inode, 0, 6);
	tcase_add_loop_test(t, test_backup, 0, 4);
	tcase_add_loop_test(t, test_fast_commits, 0, 3);
	return dw_test_run("journal refused", t);
}
