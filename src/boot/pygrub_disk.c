/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where PyGrub looks for filesystems, and which of them it cannot read. */
#include <string.h>

#include "base/bytes.h"
#include "boot/pygrub.h"

#define SECTOR 512u
#define TABLE_OFF 446u
#define ENTRY_LEN 16u

enum {
	TYPE_SOLARIS_OLD = 0x82,	/* Linux swap to everybody else */
	TYPE_SOLARIS = 0xbf,
	TYPE_GPT = 0xee,
};

struct finder {
	const uint8_t *head;
	size_t len;
	uint64_t *offsets;
	size_t nr;
	bool active_first;
};

static int add(struct finder *f, uint64_t off, bool in_front,
	       struct dw_err *err)
{
	if (f->nr == DW_PYGRUB_MAX_OFFSETS)
		return dw_fail(err, DW_LIMIT, "pygrub: more than %u "
			       "partitions", DW_PYGRUB_MAX_OFFSETS);
	if (in_front)
		memmove(f->offsets + 1, f->offsets,
			f->nr * sizeof(*f->offsets));
	f->offsets[in_front ? 0 : f->nr] = off;
	f->nr++;
	return 0;
}

/*
 * All entries that the header counts, unused ones with start 0 included;
 * neither signature nor checksum is looked at.  Entries are read one after
 * the other behind the header's sector, whatever LBA it names.
 */
static int add_gpt(struct finder *f, struct dw_err *err)
{
	uint64_t count, size, i, off = 2 * SECTOR;
	int ret;

	if (f->len < 2 * SECTOR)
		return dw_fail(err, DW_CORRUPT, "pygrub: the disk ends before "
			       "its GPT header");
	count = dw_le32(f->head + SECTOR + 80);
	size = dw_le32(f->head + SECTOR + 84);
	for (i = 0; i < count; i++, off += size) {
		if (size < 40 || off > f->len || f->len - off < 40)
			return dw_fail(err, f->len < DW_PYGRUB_HEAD_LEN ?
				       DW_CORRUPT : DW_LIMIT,
				       "pygrub: GPT entry %llu of %llu is not "
				       "where it can be read",
				       (unsigned long long)i,
				       (unsigned long long)count);
		ret = add(f, dw_le64(f->head + off + 32) * SECTOR, false, err);
		if (ret)
			return ret;
	}
	return 0;
}

/* A Solaris disklabel inside would be followed; without one the partition is
 * passed over, as every Linux swap partition is. */
static bool is_passed_over(uint8_t type)
{
	return type == TYPE_SOLARIS || type == TYPE_SOLARIS_OLD;
}

static int add_mbr(struct finder *f, struct dw_err *err)
{
	size_t i;
	int ret;

	for (i = 0; i < 4; i++) {
		const uint8_t *e = f->head + TABLE_OFF + i * ENTRY_LEN;
		uint64_t start_lba = dw_le32(e + 8);

		if (!start_lba || is_passed_over(e[4]))
			continue;
		if (e[4] == TYPE_GPT)
			return add_gpt(f, err);
		ret = add(f, start_lba * SECTOR, f->active_first &&
			  e[0] == 0x80, err);
		if (ret)
			return ret;
	}
	return 0;
}

static bool is_hybrid_iso(const uint8_t *head, size_t len)
{
	return len >= 0x8006 && !memcmp(head + 0x8001, "CD001", 5);
}

int dw_pygrub_offsets(enum dw_pygrub_rules rules, const uint8_t *head,
		      size_t len, uint64_t offsets[DW_PYGRUB_MAX_OFFSETS],
		      size_t *nr, struct dw_err *err)
{
	bool old = rules == DW_PYGRUB_4_4;
	/* Under Python 3 both comparisons with text are never true. */
	struct finder f = { head, len, offsets, 0, old };
	int ret;

	*nr = 0;
	if (len < SECTOR || head[510] != 0x55 || head[511] != 0xaa) {
		offsets[0] = 0;
		*nr = 1;
		return 0;
	}
	if (old && is_hybrid_iso(head, len))
		add(&f, 0, false, err);
	ret = add_mbr(&f, err);
	if (ret)
		return ret;
	/* Since Xen 4.7.0, 4.6.3 and 4.5.3 */
	if (!f.nr && !old)
		add(&f, 0, false, err);
	*nr = f.nr;
	return 0;
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);
	const char *p;

	for (p = list; (p = strstr(p, word)); p += len)
		if ((p == list || p[-1] == ' ') &&
		    (p[len] == ' ' || !p[len]))
			return true;
	return false;
}

const char *dw_pygrub_fs_bar(const char *type, const char *features,
			     uint64_t blocks_nr)
{
	if (strncmp(type, "ext", 3))
		return NULL;
	/* Both need bitmaps that PyGrub does not ask libext2fs for. */
	if (has_word(features, "bigalloc"))
		return "PyGrub cannot read a filesystem with bigalloc";
	if (blocks_nr > UINT32_MAX)
		return "PyGrub cannot read a filesystem of more than 2^32 "
		       "blocks";
	return NULL;
}
