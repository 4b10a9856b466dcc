/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two tables of qcow2 that are held whole: L1 and the refcount table. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "formats/qcow2_write.h"

/* What a disk writes whole or not at all; entries do not depend on others. */
#define SECTOR_LEN 512u
#define SECTOR_NR (SECTOR_LEN / 8)

int dw_qcow2_table_grow(struct dw_qcow2_table *t, size_t nr,
			struct dw_err *err)
{
	size_t sectors_nr = dw_div_up(nr, SECTOR_NR);
	size_t old_nr = dw_div_up(t->nr, SECTOR_NR);
	uint64_t *entries;
	uint8_t *dirty;

	entries = realloc(t->entries, (nr ? nr : 1) * 8);
	if (!entries)
		return dw_fail_nomem(err);
	t->entries = entries;
	dirty = realloc(t->dirty, sectors_nr ? sectors_nr : 1);
	if (!dirty)
		return dw_fail_nomem(err);
	t->dirty = dirty;
	memset(entries + t->nr, 0, (nr - t->nr) * 8);
	memset(dirty + old_nr, 0, sectors_nr - old_nr);
	t->nr = nr;
	return 0;
}

int dw_qcow2_table_load(struct dw_qcow2 *q, struct dw_qcow2_table *t,
			uint64_t off, size_t nr, const char *what,
			struct dw_err *err)
{
	size_t i;
	int rc;

	rc = dw_qcow2_table_grow(t, nr, err);
	if (rc)
		return rc;
	t->off = off;
	t->home_nr = nr;
	rc = dw_dev_pread(q->file, nr ? off : 0, t->entries, nr * 8, err);
	if (rc)
		return dw_err_prefix(err, rc, "qcow2: the %s", what);
	for (i = 0; i < nr; i++)
		t->entries[i] = dw_be64((const uint8_t *)&t->entries[i]);
	return 0;
}

void dw_qcow2_table_set(struct dw_qcow2_table *t, size_t i, uint64_t entry)
{
	t->entries[i] = entry;
	t->dirty[i / SECTOR_NR] = 1;
	t->is_dirty = true;
}

void dw_qcow2_table_move(struct dw_qcow2_table *t, uint64_t off)
{
	t->off = off;
	t->home_nr = t->nr;
	memset(t->dirty, 1, dw_div_up(t->nr, SECTOR_NR));
	t->is_dirty = true;
}

static int write_sector(struct dw_qcow2 *q, const struct dw_qcow2_table *t,
			size_t sector, enum dw_qcow2_meta kind,
			struct dw_err *err)
{
	size_t first = sector * SECTOR_NR, i;
	size_t nr = dw_min(SECTOR_NR, t->home_nr - first);
	uint8_t buf[SECTOR_LEN];
	int rc;

	rc = dw_qcow2_check_meta(q, t->off + first * 8, kind, err);
	if (rc)
		return rc;
	for (i = 0; i < nr; i++)
		dw_put_be64(buf + i * 8, t->entries[first + i]);
	return dw_dev_pwrite(q->file, t->off + first * 8, buf, nr * 8, err);
}

int dw_qcow2_table_write(struct dw_qcow2 *q, struct dw_qcow2_table *t,
			 enum dw_qcow2_meta kind, struct dw_err *err)
{
	size_t i, sectors_nr = dw_div_up(t->home_nr, SECTOR_NR);
	int rc;

	for (i = 0; t->is_dirty && i < sectors_nr; i++) {
		rc = t->dirty[i] ? write_sector(q, t, i, kind, err) : 0;
		if (rc)
			return rc;
		t->dirty[i] = 0;
	}
	t->is_dirty = false;
	return 0;
}
