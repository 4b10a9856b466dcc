/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Partition tables: the list of drivers, and the table as a list. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/checked.h"
#include "dev/kinds.h"
#include "part/mbr.h"

const struct dw_part_driver *const dw_part_drivers[] = {
	&dw_gpt_driver,
	&dw_mbr_driver,
	NULL,
};

int dw_part_read(struct dw_dev *disk, struct dw_part_table **out,
		 struct dw_err *err)
{
	int rc = DW_NOT_MINE;
	size_t i;

	*out = NULL;
	for (i = 0; rc == DW_NOT_MINE && dw_part_drivers[i]; i++)
		rc = dw_part_drivers[i]->read(disk, out, err);
	/* What the device says has the name in it already. */
	if (rc == DW_CORRUPT || rc == DW_UNSUPPORTED || rc == DW_LIMIT)
		return dw_err_prefix(err, rc, "%s", disk->name);
	return rc;
}

int dw_part_table_new(enum dw_part_kind kind, uint32_t sector_len,
		      struct dw_part_table **out, struct dw_err *err)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return dw_fail_nomem(err);
	(*out)->kind = kind;
	(*out)->sector_len = sector_len;
	return 0;
}

int dw_part_add(struct dw_part_table *table, struct dw_part **out,
		struct dw_err *err)
{
	struct dw_part *parts;

	*out = NULL;
	parts = reallocarray(table->parts, table->parts_nr + 1,
			     sizeof(*parts));
	if (!parts)
		return dw_fail_nomem(err);
	table->parts = parts;
	*out = &parts[table->parts_nr++];
	**out = (struct dw_part){ 0 };
	return 0;
}

void dw_part_free(struct dw_part_table *table)
{
	if (!table)
		return;
	free(table->parts);
	free(table);
}

const struct dw_part *dw_part_by_nr(const struct dw_part_table *table,
				    unsigned nr)
{
	size_t i;

	for (i = 0; i < table->parts_nr; i++)
		if (table->parts[i].nr == nr)
			return &table->parts[i];
	return NULL;
}

int dw_part_open(struct dw_dev *disk, const struct dw_part *part,
		 struct dw_dev **out, struct dw_err *err)
{
	uint64_t off, len;
	char *name;
	int rc;

	*out = NULL;
	if (!dw_mul(part->start_lba, DW_SECTOR, &off) ||
	    !dw_mul(part->len_lba, DW_SECTOR, &len))
		return dw_fail(err, DW_RANGE,
			       "partition %u: %" PRIu64 " sectors at LBA %"
			       PRIu64, part->nr, part->len_lba,
			       part->start_lba);
	if (asprintf(&name, "%s@p%u", disk->name, part->nr) < 0)
		return dw_fail_nomem(err);
	rc = dw_window_new(disk, off, len, name, out, err);
	free(name);
	return rc;
}
