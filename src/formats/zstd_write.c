/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The seek table behind the frames of a new zstd file. */
#include <inttypes.h>

#include "base/bytes.h"
#include "formats/zstd.h"

#define ENTRY_LEN 8u
#define ENTRIES_AT_ONCE 4096u

static uint64_t count_frames(const struct dw_stream_writer *s)
{
	uint64_t nr = 0;
	size_t i;

	for (i = 0; i < s->runs_nr; i++)
		nr += s->runs[i].nr;
	return nr;
}

static int write_entries(struct dw_stream_writer *s, struct dw_err *err)
{
	uint8_t buf[ENTRIES_AT_ONCE * ENTRY_LEN];
	const struct dw_stream_run *run = s->runs;
	size_t len = 0;
	uint64_t nr;
	int rc = 0;

	for (; run < s->runs + s->runs_nr; run++) {
		for (nr = run->nr; nr && !rc; nr--) {
			dw_put_le32(buf + len, run->packed_len);
			dw_put_le32(buf + len + 4, run->len);
			len += ENTRY_LEN;
			if (len < sizeof(buf))
				continue;
			rc = dw_stream_append(s, buf, len, err);
			len = 0;
		}
	}
	return rc || !len ? rc : dw_stream_append(s, buf, len, err);
}

/* The frames have checksums of their own. */
static int zstd_end(struct dw_stream_writer *s, struct dw_err *err)
{
	uint64_t nr = count_frames(s);
	uint8_t head[DW_ZSTD_SKIPPABLE_LEN], foot[DW_ZSTD_SEEK_FOOTER_LEN];
	int rc;

	if (nr > DW_ZSTD_SEEK_FRAMES_MAX)
		return dw_fail(err, DW_LIMIT, "zstd: a seek table of %" PRIu64
			       " frames is too long", nr);
	dw_put_le32(head, DW_ZSTD_SKIPPABLE_MAGIC);
	dw_put_le32(head + 4, (uint32_t)(nr * ENTRY_LEN + sizeof(foot)));
	dw_put_le32(foot, (uint32_t)nr);
	foot[4] = 0;
	dw_put_le32(foot + 5, DW_ZSTD_SEEKABLE_MAGIC);
	rc = dw_stream_append(s, head, sizeof(head), err);
	if (!rc)
		rc = write_entries(s, err);
	return rc ? rc : dw_stream_append(s, foot, sizeof(foot), err);
}

/* Less than 1 % longer than one frame of everything. */
const struct dw_stream_packing dw_zstd_packing = {
	.codec = DW_CODEC_ZSTD,
	.checksum = true,
	.unit_len = 1u << 20,
	.zeros_len = 8u << 20,
	.end = zstd_end,
};
