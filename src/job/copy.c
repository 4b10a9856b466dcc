/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The copy engine.
 *
 * The disk is cut into chunks, which pass through a ring of slots.  A worker
 * takes the next chunk, reads what is wanted of it, looks for zeros and packs
 * what is left; then the chunks are placed in the order of the disk, so that
 * the layout does not depend on who was faster; then they are written, again
 * beside each other.
 *
 * Where the host's filesystem can let two files share blocks (a reflink), bytes
 * that lie plain in both take no other way.  Everywhere else they pass through
 * a buffer: copy_file_range() between files would take half the processor time
 * (0.5 s for 0.9 GiB in the host's cache, where reading, looking and writing take
 * 0.9 s), but store what zeros the old image stores, which are holes here.
 *
 * A worker that is ahead of its turn does not wait for it: it leaves the chunk
 * in its slot for whoever comes to place it, and takes another.
 */
#include <stdlib.h>
#include <time.h>

#include "base/checked.h"
#include "job/copy_chunk.h"

/* Slots a thread, as long as all of them take no more than SLOTS_MEMORY; one
 * is there always. */
#define SLOTS_PER_THREAD 2u
#define SLOTS_MEMORY (64u << 20)

enum slot_state { SLOT_FREE, SLOT_BUSY, SLOT_READY };

struct slot {
	enum slot_state state;
	struct dw_chunk chunk;
};

struct engine {
	struct dw_ctx *ctx;
	struct dw_copy *copy;
	uint64_t chunk_len;
	uint64_t total_len;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* The cursor: the run that the next chunk begins in. */
	size_t next_run;
	uint64_t next_off;
	uint64_t known_end;	/* the extent that was asked for ends there */
	uint64_t passed_len;	/* wanted, but holes */
	uint64_t start_ms, paced_len;	/* what a rate goes by */
	/* Chunk n of the copy passes through slot n % slots_nr. */
	struct slot *slots;
	unsigned slots_nr;
	uint64_t taken_nr;	/* chunks taken */
	uint64_t turn;		/* the chunk that is to be placed next */
	bool turn_busy;		/* somebody is about it */
	int result;
	struct dw_err err;
};

/* ---- what to do next, under the lock ------------------------------------ */

/* The run that the cursor is in, or comes to; NULL at the end. */
static const struct dw_used_run *next_run(struct engine *e)
{
	const struct dw_used_run *runs = e->copy->runs;

	while (e->next_run < e->copy->runs_nr &&
	       runs[e->next_run].off + runs[e->next_run].len <= e->next_off)
		e->next_run++;
	return e->next_run < e->copy->runs_nr ? &runs[e->next_run] : NULL;
}

/*
 * Moves the cursor over a hole in a long run, as far as whole chunks are in it:
 * terabytes that nobody wrote cost one question.  False where there is none.
 * Failures are left to whoever reads.
 */
static bool pass_hole(struct engine *e, const struct dw_used_run *run)
{
	uint64_t start = dw_max(run->off, e->next_off);
	uint64_t end = run->off + run->len, hole_end;
	struct dw_extent extent;

	if (start < e->known_end || end - start <= e->chunk_len ||
	    dw_dev_extent(e->copy->disk, start, end - start, &extent, NULL))
		return false;
	e->known_end = start + extent.len;
	hole_end = e->known_end == end ? end : dw_round_down(e->known_end,
							     e->chunk_len);
	if (!dw_extent_is_hole(&extent) || hole_end <= start)
		return false;
	e->passed_len += hole_end - start;
	e->copy->read_len += hole_end - start;
	e->next_off = hole_end;
	return true;
}

/* Moves the cursor to the next chunk that holds wanted bytes; false at the
 * end. */
static bool next_chunk(struct engine *e, struct dw_chunk *c)
{
	const struct dw_used_run *run;

	do {
		run = next_run(e);
		if (!run)
			return false;
	} while (pass_hole(e, run));
	c->off = dw_round_down(dw_max(run->off, e->next_off), e->chunk_len);
	c->len = dw_min(e->chunk_len, e->copy->disk->size - c->off);
	c->first_run = e->next_run;
	e->next_off = c->off + c->len;
	return true;
}

static struct slot *slot_of(struct engine *e, uint64_t chunk_nr)
{
	return &e->slots[chunk_nr % e->slots_nr];
}

/* A chunk to place (its slot is READY) or to prepare (FREE); NULL when all is
 * placed, or after an error.  Both are this worker's from here on. */
static struct slot *next_task(struct engine *e)
{
	struct slot *slot;

	while (!e->result) {
		slot = slot_of(e, e->turn);
		if (!e->turn_busy && slot->state == SLOT_READY) {
			e->turn_busy = true;
			return slot;
		}
		slot = slot_of(e, e->taken_nr);
		if (slot->state == SLOT_FREE &&
		    next_chunk(e, &slot->chunk)) {
			e->taken_nr++;
			return slot;
		}
		if (slot->state == SLOT_FREE && e->turn == e->taken_nr)
			break;
		pthread_cond_wait(&e->changed, &e->lock);
	}
	return NULL;
}

static void set_state(struct engine *e, struct slot *slot,
		      enum slot_state state)
{
	pthread_mutex_lock(&e->lock);
	slot->state = state;
	pthread_cond_broadcast(&e->changed);
	pthread_mutex_unlock(&e->lock);
}

static void end_turn(struct engine *e, const struct dw_chunk *c)
{
	uint64_t done_len;

	pthread_mutex_lock(&e->lock);
	e->turn++;
	e->turn_busy = false;
	e->copy->written_len += c->written_len;
	done_len = e->copy->read_len += c->read_len;
	pthread_cond_broadcast(&e->changed);
	pthread_mutex_unlock(&e->lock);
	dw_ctx_progress(e->ctx, "copy", done_len, e->total_len);
}

/* The first error is the job's. */
static void fail(struct engine *e, int ret, const struct dw_err *err)
{
	pthread_mutex_lock(&e->lock);
	if (!e->result) {
		e->result = ret;
		e->err = *err;
	}
	pthread_cond_broadcast(&e->changed);
	pthread_mutex_unlock(&e->lock);
}

/* ---- workers ------------------------------------------------------------ */

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Waits until len more bytes are due by the caller's rate, if there is one. */
static int keep_pace(struct engine *e, uint64_t len, struct dw_err *err)
{
	static const struct timespec nap = { .tv_nsec = 20000000 };
	uint64_t due_ms;
	int ret = 0;

	if (!e->ctx->rate)
		return 0;
	pthread_mutex_lock(&e->lock);
	e->paced_len += len;
	due_ms = e->start_ms +
		 (uint64_t)((double)e->paced_len * 1000 / (double)e->ctx->rate);
	pthread_mutex_unlock(&e->lock);
	while (!ret && now_ms() < due_ms) {
		nanosleep(&nap, NULL);
		ret = dw_ctx_check(e->ctx, err);
	}
	return ret;
}

static int prepare(struct engine *e, struct slot *slot,
		   struct dw_packer *packer, struct dw_err *err)
{
	int ret = dw_ctx_check(e->ctx, err);

	if (!ret)
		ret = dw_chunk_prepare(&slot->chunk, e->copy, packer, err);
	if (!ret)
		ret = keep_pace(e, slot->chunk.data_len, err);
	if (!ret)
		set_state(e, slot, SLOT_READY);
	return ret;
}

static int place_and_put(struct engine *e, struct slot *slot,
			 struct dw_err *err)
{
	struct dw_writer *w = e->copy->writer;
	struct dw_chunk *c = &slot->chunk;
	int ret;

	ret = w->sequential ? dw_chunk_append(c, w, err)
			    : dw_chunk_place(c, w, err);
	if (ret)
		return ret;
	end_turn(e, c);
	if (!w->sequential)
		ret = dw_chunk_put(c, w, err);
	if (!ret)
		set_state(e, slot, SLOT_FREE);
	return ret;
}

/* The next piece of work; false when there is none, or after an error. */
static bool step(struct engine *e, struct dw_packer *packer)
{
	struct slot *slot;
	struct dw_err err;
	bool is_ready = false;
	int ret;

	pthread_mutex_lock(&e->lock);
	slot = next_task(e);
	if (slot) {
		is_ready = slot->state == SLOT_READY;
		slot->state = SLOT_BUSY;
	}
	pthread_mutex_unlock(&e->lock);
	if (!slot)
		return false;
	ret = is_ready ? place_and_put(e, slot, &err)
		       : prepare(e, slot, packer, &err);
	if (ret)
		fail(e, ret, &err);
	return !ret;
}

static void *work(void *arg)
{
	struct engine *e = arg;
	const struct dw_codec *codec = &e->copy->writer->codec;
	struct dw_packer *packer = NULL;
	struct dw_err err;
	int ret = 0;

	if (codec->kind)
		ret = dw_packer_new(codec, &packer, &err);
	if (ret)
		fail(e, ret, &err);
	while (!ret && step(e, packer))
		;
	dw_packer_free(packer);
	return NULL;
}

/* The caller's thread is one of the workers; a thread that cannot be started
 * only makes it slower. */
static void run_workers(struct engine *e)
{
	pthread_t threads[64];
	unsigned started_nr = 0, i;

	while (started_nr + 1 < dw_min(e->ctx->threads_nr, e->slots_nr) &&
	       !pthread_create(&threads[started_nr], NULL, work, e))
		started_nr++;
	work(e);
	for (i = 0; i < started_nr; i++)
		pthread_join(threads[i], NULL);
}

static int make_slots(struct engine *e, struct dw_err *err)
{
	const struct dw_writer *w = e->copy->writer;
	uint64_t fit_nr = dw_max(SLOTS_MEMORY / dw_chunk_memory(w), 1);
	unsigned i;
	int ret = 0;

	e->slots_nr = (unsigned)dw_min(fit_nr, (uint64_t)SLOTS_PER_THREAD *
					       e->ctx->threads_nr);
	e->slots = calloc(e->slots_nr, sizeof(*e->slots));
	if (!e->slots)
		return dw_fail_nomem(err);
	for (i = 0; i < e->slots_nr && !ret; i++)
		ret = dw_chunk_init(&e->slots[i].chunk, w, err);
	return ret;
}

static void free_slots(struct engine *e)
{
	unsigned i;

	for (i = 0; e->slots && i < e->slots_nr; i++)
		dw_chunk_release(&e->slots[i].chunk);
	free(e->slots);
}

int dw_copy_run(struct dw_ctx *ctx, struct dw_copy *copy, struct dw_err *err)
{
	struct engine e = {
		.ctx = ctx,
		.copy = copy,
		.chunk_len = dw_chunk_len(copy->writer),
		.start_ms = now_ms(),
	};
	size_t i;

	for (i = 0; i < copy->runs_nr; i++)
		e.total_len += copy->runs[i].len;
	copy->read_len = copy->written_len = 0;
	pthread_mutex_init(&e.lock, NULL);
	pthread_cond_init(&e.changed, NULL);
	e.result = make_slots(&e, &e.err);
	if (!e.result)
		run_workers(&e);
	/* A hole at the end has no turn of its own. */
	if (!e.result && e.passed_len)
		dw_ctx_progress(ctx, "copy", copy->read_len, e.total_len);
	free_slots(&e);
	pthread_cond_destroy(&e.changed);
	pthread_mutex_destroy(&e.lock);
	if (e.result && err)
		*err = e.err;
	return e.result;
}
