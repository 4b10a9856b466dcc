/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dm-mirror, which was before raid1: legs that hold the same, and a log of
 * which regions do.  Read-only.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "dev/kinds.h"
#include "lvm/targets.h"

/* The log on disk: a header, from sector 2 on a bit for each region, which is
 * set where the legs are in sync (the kernel's dm-log.c). */
#define LOG_MAGIC	0x4d695272u	/* "MiRr" */
#define LOG_VERSION	2u
#define LOG_BITS_OFF	1024u
#define LOG_STEP_LEN	4096u

struct log_header {
	uint32_t magic;
	uint32_t version;
	uint64_t regions_nr;
};

static int read_header(struct dw_dev *log, struct log_header *out,
		       struct dw_err *err)
{
	uint8_t buf[16];
	int ret;

	if (log->size < LOG_BITS_OFF)
		return dw_fail(err, DW_CORRUPT, "%s: a mirror log of %" PRIu64
			       " bytes", log->name, log->size);
	ret = dw_dev_pread(log, 0, buf, sizeof(buf), err);
	if (ret)
		return ret;
	out->magic = dw_le32(buf);
	out->version = dw_le32(buf + 4);
	out->regions_nr = dw_le64(buf + 8);
	return 0;
}

/* A volume may have grown since its log was written; what is new was not in
 * sync then. */
static int check_header(const struct log_header *h, const struct dw_dev *log,
			uint64_t regions_nr, struct dw_err *err)
{
	if (h->magic != LOG_MAGIC || h->version != LOG_VERSION)
		return dw_fail(err, DW_CORRUPT,
			       "%s: magic %08" PRIx32 ", version %" PRIu32
			       " in place of a mirror log's", log->name,
			       h->magic, h->version);
	if (h->regions_nr < regions_nr)
		return dw_fail(err, DW_NOENT,
			       "%s: the log knows of %" PRIu64 " of %" PRIu64
			       " regions", log->name, h->regions_nr,
			       regions_nr);
	if (dw_div_up(regions_nr, 8) > log->size - LOG_BITS_OFF)
		return dw_fail(err, DW_CORRUPT,
			       "%s: %" PRIu64 " bytes cannot tell of %" PRIu64
			       " regions", log->name, log->size, regions_nr);
	return 0;
}

static bool bit_is_set(const uint8_t *bits, uint64_t nr)
{
	return bits[nr / 8] >> nr % 8 & 1;
}

/* Whether each region is in sync; the regions fit into the log. */
static int check_bits(struct dw_ctx *ctx, struct dw_dev *log,
		      uint64_t regions_nr, struct dw_err *err)
{
	uint8_t bits[LOG_STEP_LEN];
	uint64_t region, step, i;
	int ret;

	for (region = 0; region < regions_nr; region += step) {
		step = dw_min(regions_nr - region, 8 * LOG_STEP_LEN);
		ret = dw_ctx_check(ctx, err);
		if (!ret)
			ret = dw_dev_pread(log, LOG_BITS_OFF + region / 8,
					   bits, dw_div_up(step, 8), err);
		if (ret)
			return ret;
		for (i = 0; i < step; i++)
			if (!bit_is_set(bits, i))
				return dw_fail(err, DW_NOENT,
					       "%s: region %" PRIu64 " of %"
					       PRIu64 " was not in sync",
					       log->name, region + i,
					       regions_nr);
	}
	return 0;
}

static int check_log(struct dw_ctx *ctx, const struct dw_mirror_params *p,
		     uint64_t size, struct dw_err *err)
{
	struct log_header h = { 0 };
	uint64_t regions_nr;
	int ret;

	if (!p->region_len)
		return dw_fail(err, DW_CORRUPT, "regions of 0 bytes");
	regions_nr = dw_div_up(size, p->region_len);
	ret = read_header(p->log, &h, err);
	if (!ret)
		ret = check_header(&h, p->log, regions_nr, err);
	return ret ? ret : check_bits(ctx, p->log, regions_nr, err);
}

/*
 * Whether legs other than the first hold what was written.  With a core log
 * the kernel copies the first to the others each time that it starts, unless
 * they were declared in sync for good (NOTSYNCED): then they differ only where
 * nothing was written.  A log on disk counts before that declaration, and so
 * one that is missing is asked for.
 */
static int check_synced(struct dw_ctx *ctx, const struct dw_mirror_params *p,
			uint64_t size, struct dw_err *err)
{
	if (p->is_log_missing)
		return dw_fail(err, DW_NOENT, "the log, which tells whether "
			       "the others were in sync, is missing, too");
	if (p->log)
		return check_log(ctx, p, size, err);
	if (p->is_notsynced)
		return 0;
	return dw_fail(err, DW_NOENT, "without a log on disk nothing tells "
		       "whether the others were in sync");
}

/* The first leg is the one that the kernel copies from while legs are made
 * equal, so that it is right whatever the log says.  Another one serves where
 * every region was in sync. */
static int choose_leg(struct dw_ctx *ctx, const struct dw_mirror_params *p,
		      struct dw_dev **out, struct dw_err *err)
{
	size_t i;
	int ret;

	for (i = 0; i < p->legs_nr && !p->legs[i]; i++)
		;
	if (i == p->legs_nr)
		return dw_fail(err, DW_NOENT, "all %zu legs are missing",
			       p->legs_nr);
	*out = p->legs[i];
	if (!i)
		return 0;
	ret = check_synced(ctx, p, p->legs[i]->size, err);
	return ret ? dw_err_prefix(err, ret, "leg 0 is missing") : 0;
}

int dw_mirror_new(struct dw_ctx *ctx, const char *name,
		  const struct dw_mirror_params *params, struct dw_dev **out,
		  struct dw_err *err)
{
	struct dw_dev *leg = NULL;
	int ret;

	*out = NULL;
	ret = choose_leg(ctx, params, &leg, err);
	if (!ret)
		ret = dw_window_new_kind(leg, 0, leg->size, name, "mirror",
					 out, err);
	/* The other legs would have to be written, and the log. */
	if (!ret)
		(*out)->readonly = true;
	return ret ? dw_err_prefix(err, ret, "%s", name) : 0;
}
