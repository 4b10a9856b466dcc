/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Partition tables: MBR with its chain of EBRs, GPT, and PyGrub's view. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/sum.h"
#include "boot/pygrub.h"
#include "fuzz.h"
#include "part/gpt.h"

enum { READ, WRITE, MODES_NR };

static void fix_header(struct dw_dev *dev, uint32_t sector_len, uint64_t lba)
{
	uint8_t sector[4096], *entries;
	uint64_t off, len;
	uint32_t header_len;

	if (!dw_in_range(lba * sector_len, sector_len, dev->size))
		return;
	dw_dev_pread(dev, lba * sector_len, sector, sector_len, NULL);
	header_len = dw_le32(sector + 12);
	if (memcmp(sector, "EFI PART", 8) || header_len < DW_GPT_HEADER_LEN ||
	    header_len > sector_len)
		return;
	len = (uint64_t)dw_le32(sector + 80) * dw_le32(sector + 84);
	if (len && len <= DW_GPT_ENTRIES_MAX_LEN &&
	    dw_mul(dw_le64(sector + 72), sector_len, &off) &&
	    dw_in_range(off, len, dev->size)) {
		entries = malloc(len);
		dw_dev_pread(dev, off, entries, len, NULL);
		dw_put_le32(sector + 88, dw_crc32(entries, len));
		free(entries);
	}
	dw_put_le32(sector + 16, 0);
	dw_put_le32(sector + 16, dw_crc32(sector, header_len));
	dw_dev_pwrite(dev, lba * sector_len, sector, sector_len, NULL);
}

static void fix(struct dw_dev *dev)
{
	for (uint32_t len = 512; len <= 4096; len *= 8) {
		fix_header(dev, len, 1);
		if (dev->size >= len)
			fix_header(dev, len, dev->size / len - 1);
	}
}

static void read_parts(struct fuzz *z, const struct dw_part_table *t)
{
	uint8_t sector[DW_SECTOR];
	struct dw_dev *part;

	for (size_t i = 0; i < t->parts_nr; i++) {
		if (i && t->parts[i].nr <= t->parts[i - 1].nr)
			fuzz_fail("partition %u after %u", t->parts[i].nr,
				  t->parts[i - 1].nr);
		if (fuzz_result(z, dw_part_open(z->dev, &t->parts[i], &part,
						&z->err)))
			fuzz_fail("partition %u: %s", t->parts[i].nr,
				  z->err.text);
		if (part->size >= sizeof(sector))
			fuzz_result(z, dw_dev_pread(part, part->size -
						    sizeof(sector), sector,
						    sizeof(sector), &z->err));
		dw_dev_close(part, NULL);
	}
}

/* What is written must read as the same table. */
static void write_back(struct fuzz *z, struct dw_part_table *t)
{
	struct dw_part_table *again;

	if (t->kind != DW_PART_MBR)
		return;
	if (t->parts_nr)
		fuzz_result(z, dw_mbr_set_active(z->dev, t->parts[0].nr,
						 &z->err));
	if (fuzz_result(z, dw_mbr_write(z->dev, t, &z->err)))
		return;
	if (fuzz_result(z, dw_part_read(z->dev, &again, &z->err))) {
		if (z->err.code != DW_IO && t->parts_nr)
			fuzz_fail("what was written: %s", z->err.text);
		return;
	}
	if (again->parts_nr != t->parts_nr)
		fuzz_fail("%zu partitions were written, %zu read",
			  t->parts_nr, again->parts_nr);
	dw_part_free(again);
}

static void ask_pygrub(struct fuzz *z)
{
	uint64_t offsets[DW_PYGRUB_MAX_OFFSETS];
	size_t len = dw_min(z->dev->size, DW_PYGRUB_HEAD_LEN), nr;
	uint8_t *head = malloc(len + 1);

	if (!dw_dev_pread(z->dev, 0, head, len, NULL)) {
		fuzz_result(z, dw_pygrub_offsets(DW_PYGRUB_4_4, head, len,
						 offsets, &nr, &z->err));
		fuzz_result(z, dw_pygrub_offsets(DW_PYGRUB_4_17, head, len,
						 offsets, &nr, &z->err));
	}
	free(head);
}

static void run(struct fuzz *z)
{
	struct dw_part_table *t;

	ask_pygrub(z);
	if (fuzz_result(z, dw_part_read(z->dev, &t, &z->err)))
		return;
	read_parts(z, t);
	if (z->mode == WRITE)
		write_back(z, t);
	dw_part_free(t);
}

const struct fuzz_target fuzz_target = {
	.name = "part",
	.modes_nr = MODES_NR,
	.fix = fix,
	.run = run,
};
