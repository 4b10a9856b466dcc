/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Recovers an image for the shell tests:
 *	recovertool [-j] [-b OVERLAY-BLOCK] IMAGE COPY
 * COPY is a copy of IMAGE and receives what recovery changes; -j replays the
 * journal alone.  Prints the counts.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "dev/kinds.h"
#include "fs/fs.h"
#include "fs/journal.h"

struct copy {
	struct dw_dev *from;
	struct dw_dev *to;
	uint64_t changed_len;
};

static int copy_run(void *arg, uint64_t off, uint64_t len, struct dw_err *err)
{
	static uint8_t buf[1 << 20];
	struct copy *c = arg;
	uint64_t step;
	int ret = 0;

	c->changed_len += len;
	for (; len && !ret; off += step, len -= step) {
		step = dw_min(len, sizeof(buf));
		ret = dw_dev_pread(c->from, off, buf, step, err);
		if (!ret)
			ret = dw_dev_pwrite(c->to, off, buf, step, err);
	}
	return ret;
}

static void print_stats(const struct dw_recovery *r, uint64_t changed_len)
{
	printf("transactions %" PRIu64 " replayed %" PRIu64 " revoked %" PRIu64
	       " bad %" PRIu64 " deleted %" PRIu64 " truncated %" PRIu64
	       " counts %" PRIu64 " changed %" PRIu64 " damage '%s'\n",
	       r->transactions_nr, r->replayed_blk_nr, r->revoked_blk_nr,
	       r->bad_blk_nr, r->orphans_deleted_nr, r->orphans_truncated_nr,
	       r->free_counts_fixed_nr, changed_len, r->damage);
}

static int recover(const char *image, const char *copy_path, bool journal_only,
		   uint32_t block_len, struct dw_err *err)
{
	struct dw_recovery stats = { 0 };
	struct dw_ctx *ctx = NULL;
	struct dw_dev *source = NULL;
	struct copy c = { NULL, NULL, 0 };
	int ret;

	ret = dw_ctx_new(&ctx, err);
	if (!ret)
		ret = dw_file_open(ctx, image, 0, &source, err);
	if (!ret)
		ret = dw_overlay_new(source, block_len, 64 << 20, &c.from, err);
	if (!ret && journal_only)
		ret = dw_journal_replay(ctx, c.from, &stats, err);
	else if (!ret)
		ret = dw_fs_recover(ctx, c.from, &stats, err);
	if (!ret)
		ret = dw_file_open(ctx, copy_path, DW_OPEN_RDWR, &c.to, err);
	if (!ret)
		ret = dw_overlay_changed(c.from, copy_run, &c, err);
	if (!ret)
		print_stats(&stats, c.changed_len);
	dw_dev_close(c.to, NULL);
	dw_dev_close(c.from, NULL);
	dw_dev_close(source, NULL);
	dw_ctx_free(ctx);
	return ret;
}

int main(int argc, char **argv)
{
	struct dw_err err = { 0 };
	bool journal_only = false;
	uint32_t block_len = 512;
	int opt, ret;

	while ((opt = getopt(argc, argv, "jb:")) != -1) {
		if (opt == 'j')
			journal_only = true;
		else if (opt == 'b')
			block_len = (uint32_t)strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	if (argc - optind != 2)
		return 2;
	ret = recover(argv[optind], argv[optind + 1], journal_only, block_len,
		      &err);
	if (ret)
		fprintf(stderr, "%s\n", err.text);
	return ret ? dw_exit_status(ret) : 0;
}
