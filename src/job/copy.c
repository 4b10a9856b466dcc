/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The copy engine.
 *
 * The disk is cut into chunks.  A worker takes the next chunk, reads what is
 * wanted of it and looks for zeros; then it waits for its turn and places the
 * units that hold data, in the order of the disk, so that the layout does not
 * depend on who was faster; then it writes, again beside the others.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "job/copy.h"

/* Large enough to make system calls cheap, small enough for a core's cache. */
#define CHUNK_LEN (512u << 10)
/* Where an image has no units of its own, holes are cut at this grain. */
#define PLAIN_UNIT 4096u

struct engine {
	struct dw_ctx *ctx;
	struct dw_copy *copy;
	uint64_t chunk_len;
	uint32_t unit_len;
	uint64_t total_len;

	pthread_mutex_t lock;
	pthread_cond_t turn_came;
	/* The cursor: the run that the next chunk begins in. */
	size_t next_run;
	uint64_t next_off;
	uint64_t tickets_nr;	/* chunks taken */
	uint64_t turn;		/* the ticket that may place now */
	int result;
	struct dw_err err;
};

struct chunk {
	uint64_t ticket;
	uint64_t off, len;	/* of the disk, aligned to chunk_len */
	size_t first_run;
	uint8_t *buf;
	struct dw_place *places;	/* merged, places_nr of them */
	size_t *place_units;		/* the unit that each begins with */
	size_t places_nr;
	uint64_t read_len, written_len;
};

/* ---- taking chunks ------------------------------------------------------ */

/* The next chunk that holds wanted bytes; false at the end or after an error. */
static bool take_chunk(struct engine *e, struct chunk *c)
{
	const struct dw_copy *copy = e->copy;
	const struct dw_used_run *run;
	uint64_t start;

	pthread_mutex_lock(&e->lock);
	while (e->next_run < copy->runs_nr) {
		run = &copy->runs[e->next_run];
		if (run->off + run->len > e->next_off)
			break;
		e->next_run++;
	}
	if (e->result || e->next_run >= copy->runs_nr) {
		pthread_mutex_unlock(&e->lock);
		return false;
	}
	start = dw_max(copy->runs[e->next_run].off, e->next_off);
	c->off = dw_round_down(start, e->chunk_len);
	c->len = dw_min(e->chunk_len, copy->disk->size - c->off);
	c->first_run = e->next_run;
	c->ticket = e->tickets_nr++;
	e->next_off = c->off + c->len;
	pthread_mutex_unlock(&e->lock);
	return true;
}

/* ---- reading ------------------------------------------------------------ */

/* Reads off..off+len of the disk into the chunk; holes cost no read. */
static int read_piece(struct engine *e, struct chunk *c, uint64_t off,
		      uint64_t len, struct dw_err *err)
{
	struct dw_extent extent;
	uint64_t end = off + len;
	int ret = 0;

	c->read_len += len;
	for (; off < end && !ret; off += extent.len) {
		ret = dw_dev_extent(e->copy->disk, off, end - off, &extent,
				    err);
		if (ret || extent.kind == DW_EXTENT_UNMAPPED ||
		    extent.kind == DW_EXTENT_ZERO)
			continue;
		ret = dw_dev_pread(e->copy->disk, off, c->buf + (off - c->off),
				   extent.len, err);
	}
	return ret;
}

static int read_chunk(struct engine *e, struct chunk *c, struct dw_err *err)
{
	const struct dw_used_run *runs = e->copy->runs;
	uint64_t start, end, chunk_end = c->off + c->len;
	size_t i;
	int ret = 0;

	memset(c->buf, 0, e->chunk_len);
	c->read_len = 0;
	for (i = c->first_run; i < e->copy->runs_nr && !ret; i++) {
		if (runs[i].off >= chunk_end)
			break;
		start = dw_max(runs[i].off, c->off);
		end = dw_min(runs[i].off + runs[i].len, chunk_end);
		if (start < end)
			ret = read_piece(e, c, start, end - start, err);
	}
	return ret;
}

/* ---- placing ------------------------------------------------------------ */

/* Whether the place follows on the one before, so that one write does both. */
static bool joins(const struct chunk *c, const struct dw_place *place,
		  uint64_t prev_units_end, size_t unit)
{
	const struct dw_place *prev;

	if (!c->places_nr || prev_units_end != unit)
		return false;
	prev = &c->places[c->places_nr - 1];
	return prev->host_off + prev->len == place->host_off;
}

static int place_chunk(struct engine *e, struct chunk *c, struct dw_err *err)
{
	struct dw_place place;
	size_t units_nr = dw_div_up(c->len, e->unit_len), unit, units_end = 0;
	uint64_t in, len;
	int ret;

	c->places_nr = 0;
	c->written_len = 0;
	for (unit = 0; unit < units_nr; unit++) {
		in = (uint64_t)unit * e->unit_len;
		len = e->copy->writer->maps ? e->unit_len
					    : dw_min(e->unit_len, c->len - in);
		if (dw_is_zero(c->buf + in, len))
			continue;
		ret = dw_writer_place(e->copy->writer, c->off + in, len,
				      &place, err);
		if (ret)
			return ret;
		if (joins(c, &place, units_end, unit)) {
			c->places[c->places_nr - 1].len += place.len;
		} else {
			c->place_units[c->places_nr] = unit;
			c->places[c->places_nr++] = place;
		}
		units_end = unit + 1;
		c->written_len += len;
	}
	return 0;
}

/* Waits until every chunk before this one was placed; false after an error,
 * when the layout no longer matters. */
static bool wait_for_turn(struct engine *e, const struct chunk *c)
{
	bool ok;

	pthread_mutex_lock(&e->lock);
	while (e->turn != c->ticket && !e->result)
		pthread_cond_wait(&e->turn_came, &e->lock);
	ok = !e->result;
	pthread_mutex_unlock(&e->lock);
	return ok;
}

static void end_turn(struct engine *e, const struct chunk *c)
{
	uint64_t done_len;

	pthread_mutex_lock(&e->lock);
	e->turn++;
	e->copy->written_len += c->written_len;
	done_len = e->copy->read_len += c->read_len;
	pthread_cond_broadcast(&e->turn_came);
	pthread_mutex_unlock(&e->lock);
	dw_ctx_progress(e->ctx, "copy", done_len, e->total_len);
}

static int put_chunk(struct engine *e, const struct chunk *c,
		     struct dw_err *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < c->places_nr && !ret; i++)
		ret = dw_writer_put(e->copy->writer, &c->places[i],
				    c->buf + (uint64_t)c->place_units[i] *
				    e->unit_len, err);
	return ret;
}

/* ---- workers ------------------------------------------------------------ */

static int copy_chunk(struct engine *e, struct chunk *c, struct dw_err *err)
{
	int ret = dw_ctx_check(e->ctx, err);

	if (!ret)
		ret = read_chunk(e, c, err);
	if (ret || !wait_for_turn(e, c))
		return ret;
	ret = place_chunk(e, c, err);
	if (ret)
		return ret;
	end_turn(e, c);
	return put_chunk(e, c, err);
}

/* The first error is the job's. */
static void fail(struct engine *e, int ret, const struct dw_err *err)
{
	pthread_mutex_lock(&e->lock);
	if (!e->result) {
		e->result = ret;
		e->err = *err;
	}
	pthread_cond_broadcast(&e->turn_came);
	pthread_mutex_unlock(&e->lock);
}

static void *work(void *arg)
{
	struct engine *e = arg;
	size_t units_nr = e->chunk_len / e->unit_len;
	struct chunk c = {
		.buf = malloc(e->chunk_len),
		.places = calloc(units_nr, sizeof(*c.places)),
		.place_units = calloc(units_nr, sizeof(*c.place_units)),
	};
	struct dw_err err;
	int ret = 0;

	if (!c.buf || !c.places || !c.place_units)
		ret = dw_fail_nomem(&err);
	while (!ret && take_chunk(e, &c))
		ret = copy_chunk(e, &c, &err);
	if (ret)
		fail(e, ret, &err);
	free(c.buf);
	free(c.places);
	free(c.place_units);
	return NULL;
}

/* The caller's thread is one of the workers; a thread that cannot be started
 * only makes it slower. */
static void run_workers(struct engine *e)
{
	pthread_t threads[64];
	unsigned started_nr = 0, i;

	while (started_nr + 1 < e->ctx->threads_nr &&
	       !pthread_create(&threads[started_nr], NULL, work, e))
		started_nr++;
	work(e);
	for (i = 0; i < started_nr; i++)
		pthread_join(threads[i], NULL);
}

int dw_copy_run(struct dw_ctx *ctx, struct dw_copy *copy, struct dw_err *err)
{
	struct engine e = {
		.ctx = ctx,
		.copy = copy,
		.unit_len = copy->writer->maps ? copy->writer->unit_len
					       : PLAIN_UNIT,
	};
	size_t i;

	e.chunk_len = dw_max(CHUNK_LEN, e.unit_len);
	for (i = 0; i < copy->runs_nr; i++)
		e.total_len += copy->runs[i].len;
	copy->read_len = copy->written_len = 0;
	pthread_mutex_init(&e.lock, NULL);
	pthread_cond_init(&e.turn_came, NULL);
	run_workers(&e);
	pthread_cond_destroy(&e.turn_came);
	pthread_mutex_destroy(&e.lock);
	if (e.result && err)
		*err = e.err;
	return e.result;
}
