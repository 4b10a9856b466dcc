/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Last step of a replay: the journal's blocks are seen where they belong. */
#include "base/bytes.h"
#include "base/checked.h"
#include "dev/kinds.h"
#include "fs/journal.h"

/* Consecutive blocks whose places in the journal follow each other, too. */
struct run {
	uint64_t home;
	uint64_t from;
	uint32_t log;
	uint32_t nr;
};

static int copy_block(struct dw_journal *j, uint64_t home, uint32_t log,
		      bool is_escaped, struct dw_err *err)
{
	uint64_t off = home * j->fs.block_len;
	const uint8_t *block;
	uint8_t magic[4];
	int ret;

	ret = dw_journal_block(j, log, &block, err);
	if (!ret)
		ret = dw_dev_pwrite(j->dev, off, block, j->fs.block_len, err);
	if (ret || !is_escaped)
		return ret;
	/* It began with the journal's own magic number, which was taken out
	 * so that it could not be mistaken for a block of the log. */
	dw_put_be32(magic, DW_JBD2_MAGIC);
	return dw_dev_pwrite(j->dev, off, magic, sizeof(magic), err);
}

static int apply_run(struct dw_journal *j, const struct run *run,
		     struct dw_err *err)
{
	uint64_t len = j->fs.block_len;
	uint32_t i;
	int ret;

	if (!run->nr)
		return 0;
	ret = dw_overlay_redirect(j->dev, run->home * len, run->from * len,
				  run->nr * len, err);
	if (ret != DW_USAGE)
		return ret;
	/* No overlay, or one with larger blocks than the filesystem's. */
	ret = 0;
	for (i = 0; !ret && i < run->nr; i++)
		ret = copy_block(j, run->home + i, run->log + i, false, err);
	return ret;
}

/* Whether a block continues the run; 'next_nr' says how many blocks of the
 * journal follow each other on the device from run->log on. */
static bool extends(const struct run *run, uint64_t home, uint64_t from,
		    uint32_t log)
{
	return run->nr && home == run->home + run->nr &&
	       from == run->from + run->nr && log == run->log + run->nr;
}

int dw_journal_apply(struct dw_journal *j,
		     const struct dw_journal_table *table, struct dw_err *err)
{
	struct run run = { 0 };
	uint32_t log, unused_nr;
	uint64_t from;
	size_t i;
	int ret = 0;

	j->read_ahead = false;
	for (i = 0; !ret && i < table->nr; i++) {
		const struct dw_journal_entry *e = &table->entries[i];

		log = dw_journal_turn_to_log(j, e->turn);
		from = dw_journal_map_get(&j->map, log, &unused_nr);
		if (e->is_escaped) {
			ret = copy_block(j, e->home, log, true, err);
			continue;
		}
		if (extends(&run, e->home, from, log)) {
			run.nr++;
			continue;
		}
		ret = apply_run(j, &run, err);
		run = (struct run) { e->home, from, log, 1 };
	}
	return ret ? ret : apply_run(j, &run, err);
}
