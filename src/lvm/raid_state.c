/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which legs of a RAID set can be relied on. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "lvm/raid.h"

/* The superblocks of a set. */
struct supers {
	struct dw_raid_super of[DW_RAID_LEGS_MAX];
	bool is_there[DW_RAID_LEGS_MAX];
	const struct dw_raid_super *newest;	/* NULL: there are none */
	bool is_damaged;	/* something else lies in place of one */
};

/* Sectors as md counts them, the highest number for "all". */
static uint64_t lba_to_len(uint64_t lba)
{
	uint64_t len;

	return dw_mul(lba, 512, &len) ? len : UINT64_MAX;
}

/* ---- superblocks -------------------------------------------------------- */

static int read_super(struct dw_dev *meta, unsigned leg, struct supers *s,
		      struct dw_err *err)
{
	uint8_t buf[DW_RAID_SUPER_LEN];
	int ret;

	if (meta->size < sizeof(buf))
		return dw_fail(err, DW_CORRUPT, "leg %u: a metadata volume of %"
			       PRIu64 " bytes", leg, meta->size);
	ret = dw_dev_pread(meta, 0, buf, sizeof(buf), err);
	if (ret)
		return ret;
	ret = dw_raid_super_decode(buf, &s->of[leg], err);
	s->is_there[leg] = !ret;
	/* Zeros are what LVM leaves for the kernel to write into. */
	if (ret == DW_NOT_MINE && !dw_is_zero(buf, sizeof(buf)))
		s->is_damaged = true;
	return ret == DW_NOT_MINE ? 0 : ret;
}

/* Superblocks that are all out of reach are not those of a set that was never
 * started: one of them may say that a leg has failed. */
static int check_metas(const struct dw_raid_set *set,
		       const struct dw_raid_layout *l, struct dw_err *err)
{
	unsigned i;

	for (i = 0; i < l->legs_nr; i++)
		if (set->legs[i].meta)
			return 0;
	if (!set->has_metas)
		return 0;
	return dw_fail(err, DW_NOENT, "the metadata volumes of all %u legs "
		       "are missing, and nothing else tells which legs are "
		       "good", l->legs_nr);
}

/* Legs whose data is missing count: theirs may be the newest. */
static int read_supers(const struct dw_raid_set *set,
		       const struct dw_raid_layout *l, struct supers *s,
		       struct dw_err *err)
{
	struct dw_raid_super *super;
	int ret = check_metas(set, l, err);
	unsigned i;

	for (i = 0; i < l->legs_nr && !ret; i++) {
		super = &s->of[i];
		if (!set->legs[i].meta)
			continue;
		ret = read_super(set->legs[i].meta, i, s, err);
		if (!ret && s->is_there[i] &&
		    (!s->newest || super->events > s->newest->events))
			s->newest = super;
	}
	if (!ret && s->is_damaged && !s->newest)
		ret = dw_fail(err, DW_CORRUPT, "the RAID superblocks of all "
			      "legs are damaged");
	return ret;
}

/* All are written at each event, one after the other: a crash leaves some one
 * behind, and a leg that was away more than that. */
static bool is_stale(const struct supers *s, unsigned leg)
{
	return s->newest->events - s->of[leg].events > 1;
}

/* An older superblock may say what was true then; only those that count are
 * held against the text. */
static int check_supers(const struct supers *s, const struct dw_raid_layout *l,
			struct dw_err *err)
{
	int ret = 0;
	unsigned i;

	for (i = 0; i < l->legs_nr && !ret; i++)
		if (s->is_there[i] && !is_stale(s, i))
			ret = dw_raid_super_check(&s->of[i], l, i, err);
	return ret;
}

/* Positions are below DW_RAID_LEGS_MAX where the superblock was checked. */
static bool is_failed(const struct dw_raid_super *newest, uint32_t position)
{
	return newest->failed[position / 64] >> position % 64 & 1;
}

/* ---- legs --------------------------------------------------------------- */

static struct dw_raid_leg_state lost(const char *why)
{
	return (struct dw_raid_leg_state){ .why = why };
}

static struct dw_raid_leg_state judge_leg(const struct dw_raid_set *set,
					  const struct dw_raid_layout *l,
					  const struct supers *s, unsigned leg)
{
	struct dw_raid_leg_state state = { .good_len = UINT64_MAX };

	if (!set->legs[leg].data)
		return lost("is missing");
	if (!s->newest)
		return state;
	if (!s->is_there[leg])
		return lost("has no superblock");
	if (is_stale(s, leg))
		return lost("was left behind");
	if (is_failed(s->newest, s->of[leg].position))
		return lost("has failed");
	state.good_len = lba_to_len(s->of[leg].recovery_lba);
	if (state.good_len >= l->leg_len)
		return state;
	state.why = "is not rebuilt";
	/* A copy elsewhere is as good as a part here. */
	if (!l->parity_nr)
		state.good_len = 0;
	return state;
}

static int check_len(const struct dw_raid_set *set,
		     const struct dw_raid_layout *l, struct dw_err *err)
{
	struct dw_dev *data;
	unsigned i;

	for (i = 0; i < l->legs_nr; i++) {
		data = set->legs[i].data;
		if (data && data->size < l->leg_len)
			return dw_fail(err, DW_CORRUPT,
				       "leg %u has %" PRIu64 " bytes, of which "
				       "%s of %" PRIu64 " needs %" PRIu64, i,
				       data->size, l->type->name, set->size,
				       l->leg_len);
	}
	return 0;
}

/* ---- the set ------------------------------------------------------------ */

/* "leg 0 is missing, leg 2 has failed", as far as it fits. */
struct lost_text {
	char s[160];
};

static struct lost_text lost_text(const struct dw_raid_layout *l,
				  const struct dw_raid_leg_state *states)
{
	struct lost_text t = { "" };
	size_t len = 0;
	unsigned i;

	for (i = 0; i < l->legs_nr && len < sizeof(t.s); i++)
		if (states[i].why)
			len += (size_t)snprintf(t.s + len, sizeof(t.s) - len,
						"%sleg %u %s", len ? ", " : "",
						i, states[i].why);
	return t;
}

static unsigned lost_nr(const struct dw_raid_layout *l,
			const struct dw_raid_leg_state *states)
{
	unsigned nr = 0, i;

	for (i = 0; i < l->legs_nr; i++)
		nr += !!states[i].why;
	return nr;
}

/* Whether some chunk has lost all its copies.  Copies come in turn over the
 * legs, so that as many chunks as there are legs show every case. */
static bool has_lost_chunk(const struct dw_raid_layout *l,
			   const struct dw_raid_leg_state *states)
{
	unsigned chunk, copy;

	for (chunk = 0; chunk < l->legs_nr; chunk++) {
		for (copy = 0; copy < l->copies; copy++)
			if (!states[dw_raid_find(l, chunk, copy).leg].why)
				break;
		if (copy == l->copies)
			return true;
	}
	return false;
}

static int check_enough(const struct dw_raid_layout *l,
			const struct dw_raid_leg_state *states,
			struct dw_err *err)
{
	unsigned nr = lost_nr(l, states);
	bool is_enough;

	if (l->parity_nr)
		is_enough = nr <= l->parity_nr;
	else if (l->type->level == DW_RAID_1)
		is_enough = nr < l->legs_nr;
	else
		is_enough = !has_lost_chunk(l, states);
	if (is_enough)
		return 0;
	return dw_fail(err, DW_NOENT, "%u of %u legs of %s are too many to do "
		       "without: %s", nr, l->legs_nr, l->type->name,
		       lost_text(l, states).s);
}

/*
 * Parity that was not in sync with the data gives something that nobody wrote.
 * The kernel does not start such a set either ("cannot start dirty degraded
 * array").  It does with NOTSYNCED, but then each write that read parity first
 * has left it as wrong as it was.  Copies, as opposed to parity, hold at least
 * what was written.
 */
static int check_parity(const struct dw_raid_set *set,
			const struct dw_raid_layout *l, const struct supers *s,
			const struct dw_raid_leg_state *states,
			struct dw_err *err)
{
	bool is_needed = false;
	uint64_t synced_len;
	unsigned i;

	for (i = 0; i < l->legs_nr; i++)
		is_needed |= states[i].why && dw_raid_has_data(l, i);
	if (!l->parity_nr || !is_needed)
		return 0;
	if (set->is_notsynced)
		return dw_fail(err, DW_UNSUPPORTED,
			       "%s, and cannot be made from the others: the "
			       "set was created without parity (NOTSYNCED)",
			       lost_text(l, states).s);
	synced_len = s->newest ? lba_to_len(s->newest->resync_lba)
			       : UINT64_MAX;
	if (synced_len >= l->leg_len)
		return 0;
	return dw_fail(err, DW_UNSUPPORTED,
		       "%s, and cannot be made from the others: parity is "
		       "in sync for %" PRIu64 " of %" PRIu64 " bytes of each "
		       "leg only",
		       lost_text(l, states).s, synced_len, l->leg_len);
}

static int judge_all(const struct dw_raid_set *set,
		     const struct dw_raid_layout *l, struct supers *s,
		     struct dw_raid_leg_state *states, struct dw_err *err)
{
	unsigned i;
	int ret;

	ret = check_len(set, l, err);
	/* raid0 has no use for superblocks, and the kernel does not look. */
	if (!ret && l->type->level != DW_RAID_0)
		ret = read_supers(set, l, s, err);
	if (!ret && s->newest)
		ret = check_supers(s, l, err);
	if (ret)
		return ret;
	for (i = 0; i < l->legs_nr; i++)
		states[i] = judge_leg(set, l, s, i);
	ret = check_enough(l, states, err);
	return ret ? ret : check_parity(set, l, s, states, err);
}

int dw_raid_judge(const struct dw_raid_set *set,
		  const struct dw_raid_layout *l,
		  struct dw_raid_leg_state *states, struct dw_err *err)
{
	struct supers *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return dw_fail_nomem(err);
	ret = judge_all(set, l, s, states, err);
	free(s);
	return ret;
}
