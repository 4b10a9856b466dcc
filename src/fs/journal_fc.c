/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Are there fast commits behind the log that would have to be replayed? */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/sum.h"
#include "fs/journal.h"

/* Unlike the rest of a journal, its fast commits are little endian: pieces
 * of {tag, length, value} that never cross the end of a block. */
enum fc_tag {
	FC_ADD_RANGE = 1,
	FC_DEL_RANGE = 2,
	FC_CREAT = 3,
	FC_LINK = 4,
	FC_UNLINK = 5,
	FC_INODE = 6,
	FC_PAD = 7,
	FC_TAIL = 8,
	FC_HEAD = 9,
};

#define FC_TAG_LEN	4u
#define FC_HEAD_LEN	8u	/* features, transaction */
#define FC_TAIL_LEN	8u	/* transaction, checksum */

struct fc_scan {
	uint32_t sequence;
	uint32_t sum;
	bool has_head;
	bool is_done;
	bool is_valid;
};

/* A tail makes everything since the head count, where its sum is right. */
static void scan_tail(struct fc_scan *s, const uint8_t *p)
{
	const uint8_t *value = p + FC_TAG_LEN;

	s->sum = dw_crc32c(s->sum, p, FC_TAG_LEN + 4);
	s->is_valid = s->has_head && dw_le32(value) == s->sequence &&
		      dw_le32(value + 4) == s->sum;
	/* Only the first one matters: later ones need it. */
	s->is_done = true;
}

static void scan_piece(struct fc_scan *s, const uint8_t *p, uint32_t tag,
		       uint32_t len)
{
	if (!s->has_head && tag != FC_HEAD) {
		s->is_done = true;
		return;
	}
	switch (tag) {
	case FC_HEAD:
		s->has_head = len >= FC_HEAD_LEN &&
			      dw_le32(p + FC_TAG_LEN + 4) == s->sequence;
		s->is_done = !s->has_head;
		break;
	case FC_TAIL:
		if (len >= FC_TAIL_LEN)
			scan_tail(s, p);
		else
			s->is_done = true;
		return;
	case FC_ADD_RANGE: case FC_DEL_RANGE: case FC_CREAT: case FC_LINK:
	case FC_UNLINK: case FC_INODE: case FC_PAD:
		break;
	default:
		s->is_done = true;
		return;
	}
	s->sum = dw_crc32c(s->sum, p, FC_TAG_LEN + len);
}

/* Ends because each piece takes at least its four bytes of tag and length. */
static void scan_block(struct fc_scan *s, const uint8_t *block, uint32_t size)
{
	uint32_t pos = 0, tag, len;

	while (!s->is_done && size - pos >= FC_TAG_LEN) {
		tag = dw_le16(block + pos);
		len = dw_le16(block + pos + 2);
		if (len > size - pos - FC_TAG_LEN) {
			s->is_done = true;
			return;
		}
		scan_piece(s, block + pos, tag, len);
		pos += FC_TAG_LEN + len;
	}
}

int dw_journal_has_fast_commits(struct dw_journal *j, uint32_t sequence,
				struct dw_err *err)
{
	struct fc_scan s = { .sequence = sequence };
	const uint8_t *block;
	uint32_t log;
	int ret;

	if (!j->fmt.fc_first)
		return 0;
	j->read_ahead = false;
	for (log = j->fmt.fc_first; !s.is_done && log < j->sb.blocks_nr;
	     log++) {
		ret = dw_journal_block(j, log, &block, err);
		if (ret)
			return ret;
		scan_block(&s, block, j->fs.block_len);
	}
	return s.is_valid;
}
