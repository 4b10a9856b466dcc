/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a crash leaves of a qcow2 image that was being changed:
 *
 *   crashtool stop IMAGE DIR SEED [EVERY]   nothing reaches the file after the
 *                                           N-th write, and after the N-th
 *                                           flush, for every EVERY-th N
 *   crashtool lost IMAGE DIR SEED NR        NR crashes, each of which loses
 *                                           some of the writes that were not
 *                                           flushed
 *
 * Does a job of random changes and flushes to IMAGE, in memory.  After each
 * crash every sector of the disk has to hold what was flushed last, or what
 * was written since; then the file goes to DIR/NNNN.qcow2, for others to
 * judge.  Prints how many, or why not, with exit status 1.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "dev/kinds.h"
#include "formats/format.h"
#include "lib/record.h"

#define SECTOR_LEN 512u
#define STEPS_NR 70u

enum kind { WRITE, ZERO, DISCARD, RESIZE, FLUSH };

/* One call of the job. */
struct step {
	enum kind kind;
	uint64_t off, len;	/* RESIZE: off is the size */
	size_t begun, done;	/* operations of the file before and after */
	int rc;
};

static struct dw_ctx *ctx;
static struct dw_err err;
static uint8_t *base;		/* the image as it was */
static size_t base_len;
static uint8_t *old;		/* its disk */
static uint64_t old_size;
static struct step steps[STEPS_NR];
static const char *dir;
static unsigned images_nr;

static void must(int rc, const char *what)
{
	if (!rc)
		return;
	printf("%s: %s\n", what, err.text);
	exit(1);
}

static struct dw_dev *new_file(void)
{
	struct dw_dev *file;

	must(dw_mem_new("image", base_len, &file, &err), "memory");
	must(dw_dev_pwrite(file, 0, base, base_len, &err), "copy");
	return file;
}

static void load(const char *path)
{
	struct dw_dev *file, *disk;

	must(dw_file_open(ctx, path, 0, &file, &err), "open");
	base_len = file->size;
	base = malloc(base_len);
	must(dw_dev_pread(file, 0, base, base_len, &err), "read");
	must(dw_format_open(ctx, file, "qcow2", NULL, &disk, &err), "qcow2");
	old_size = disk->size;
	old = malloc(old_size);
	must(dw_dev_pread(disk, 0, old, old_size, &err), "read");
	dw_dev_close(disk, NULL);
	dw_dev_close(file, NULL);
}

/* What step i writes into a sector: its own number and that of the sector. */
static void stamp(unsigned i, uint64_t sector, uint8_t buf[SECTOR_LEN])
{
	unsigned k;

	for (k = 0; k < SECTOR_LEN; k += 16) {
		dw_put_be64(buf + k, i + 1);
		dw_put_be64(buf + k + 8, sector);
	}
}

/* The job: what is done where, the same for a seed. */
static void plan(unsigned seed, uint32_t cluster_len)
{
	uint64_t size = old_size, most;
	unsigned i, dice;

	for (i = 0; i < STEPS_NR; i++) {
		struct step *s = &steps[i];

		dice = (unsigned)rand_r(&seed) % 20;
		s->kind = dice < 11 ? WRITE : dice < 13 ? ZERO :
			  dice < 15 ? DISCARD : dice < 16 ? RESIZE : FLUSH;
		most = s->kind == WRITE && dice == 0 ? 300000
						     : 4 * cluster_len;
		s->off = (uint64_t)rand_r(&seed) * SECTOR_LEN % size;
		s->len = (1 + (uint64_t)rand_r(&seed) % (most / SECTOR_LEN)) *
			 SECTOR_LEN;
		if (s->kind == DISCARD) {
			s->off = dw_round_down(s->off, cluster_len);
			s->len = dw_round_up(s->len, cluster_len);
		}
		s->len = dw_min(s->len, size - s->off);
		if (s->kind == RESIZE)
			s->off = size += dice * SECTOR_LEN * 40;
	}
}

static int do_write(struct dw_dev *disk, unsigned i)
{
	const struct step *s = &steps[i];
	uint8_t *buf = malloc(s->len);
	uint64_t at;
	int rc;

	for (at = 0; at < s->len; at += SECTOR_LEN)
		stamp(i, (s->off + at) / SECTOR_LEN, buf + at);
	rc = dw_dev_pwrite(disk, s->off, buf, s->len, &err);
	free(buf);
	return rc;
}

static int do_step(struct dw_dev *disk, unsigned i)
{
	const struct step *s = &steps[i];

	switch (s->kind) {
	case WRITE:
		return do_write(disk, i);
	case ZERO:
		return dw_dev_zero(disk, s->off, s->len, &err);
	case DISCARD:
		return dw_dev_discard(disk, s->off, s->len, &err);
	case RESIZE:
		return dw_dev_resize(disk, s->off, &err);
	default:
		return dw_dev_flush(disk, &err);
	}
}

/* Does all of the job, whatever fails; log may be NULL. */
static int do_job(struct dw_dev *file, const struct record_log *log)
{
	struct dw_dev *disk = NULL;
	unsigned i;

	must(dw_format_open(ctx, file, "qcow2", NULL, &disk, &err), "qcow2");
	for (i = 0; i < STEPS_NR; i++) {
		steps[i].begun = log ? log->nr : 0;
		steps[i].rc = do_step(disk, i);
		steps[i].done = log ? log->nr : 0;
	}
	return dw_dev_close(disk, &err);
}

/* Whether a sector may hold buf: as the steps before 'flushed' left it, or as
 * one of those before 'begun' did. */
static bool may_hold(uint64_t sector, const uint8_t *buf, unsigned flushed,
		     unsigned begun)
{
	uint8_t want[SECTOR_LEN] = { 0 };
	uint64_t off = sector * SECTOR_LEN;
	bool ok;
	unsigned i;

	if (off < old_size)
		memcpy(want, old + off, SECTOR_LEN);
	ok = !memcmp(buf, want, SECTOR_LEN);
	for (i = 0; i < begun; i++) {
		const struct step *s = &steps[i];

		if (s->kind >= RESIZE || off < s->off || off >= s->off + s->len)
			continue;
		memset(want, 0, SECTOR_LEN);
		if (s->kind == WRITE)
			stamp(i, sector, want);
		/* What was flushed hides what came before; a discard is only
		 * advice. */
		ok = (ok && (i >= flushed || s->rc || s->kind == DISCARD)) ||
		     !memcmp(buf, want, SECTOR_LEN);
	}
	return ok;
}

static uint64_t size_after(unsigned nr)
{
	uint64_t size = old_size;
	unsigned i;

	for (i = 0; i < nr; i++)
		if (steps[i].kind == RESIZE && !steps[i].rc)
			size = steps[i].off;
	return size;
}

static void dump(struct dw_dev *file, const char *what)
{
	uint8_t *buf = malloc(file->size);
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%04u.qcow2", dir, images_nr++);
	f = fopen(path, "w");
	must(dw_dev_pread(file, 0, buf, file->size, &err), what);
	if (!f || fwrite(buf, 1, file->size, f) != file->size || fclose(f)) {
		perror(path);
		exit(1);
	}
	free(buf);
}

/* Judges a file that a crash left. */
static void judge(struct dw_dev *file, unsigned flushed, unsigned begun,
		  const char *what)
{
	uint8_t buf[SECTOR_LEN];
	struct dw_dev *disk;
	uint64_t sector;

	dump(file, what);
	/* One that is dirty gets its refcounts anew. */
	must(dw_format_open(ctx, file, "qcow2", NULL, &disk, &err), what);
	if (disk->size < size_after(flushed)) {
		printf("%s: a disk of %" PRIu64 " bytes\n", what, disk->size);
		exit(1);
	}
	for (sector = 0; sector < disk->size / SECTOR_LEN; sector++) {
		must(dw_dev_pread(disk, sector * SECTOR_LEN, buf, SECTOR_LEN,
				  &err), what);
		if (may_hold(sector, buf, flushed, begun))
			continue;
		printf("%s: sector %" PRIu64 " has %016" PRIx64 " %016" PRIx64
		       ", steps %u flushed, %u begun, image %u\n", what, sector,
		       dw_be64(buf), dw_be64(buf + 8), flushed, begun,
		       images_nr - 1);
		exit(1);
	}
	must(dw_dev_close(disk, &err), what);
}

/* The steps that the last good flush made durable. */
static unsigned last_flushed(void)
{
	unsigned i = STEPS_NR;

	while (i && (steps[i - 1].kind != FLUSH || steps[i - 1].rc))
		i--;
	return i;
}

/* False once the job is over before the fault strikes. */
static bool stop_at(uint64_t write, uint64_t flush, bool sticky)
{
	struct dw_fault fault = { .fail_write_at = write,
				  .fail_flush_at = flush, .sticky = sticky };
	struct dw_dev *file = new_file(), *faulty;
	bool struck;
	char what[64];
	unsigned i;
	int rc;

	must(dw_fault_new(file, &fault, &faulty, &err), "fault");
	rc = do_job(faulty, NULL);
	dw_dev_close(faulty, NULL);
	struck = fault.writes_nr >= write && fault.flushes_nr >= flush;
	snprintf(what, sizeof(what), "%s at write %" PRIu64 ", flush %" PRIu64,
		 sticky ? "stopped" : "failed", write, flush);
	for (i = 0; i < STEPS_NR; i++)
		rc = rc ? rc : steps[i].rc;
	if (struck && !rc) {
		printf("%s: nobody was told\n", what);
		exit(1);
	}
	judge(file, last_flushed(), STEPS_NR, what);
	dw_dev_close(file, NULL);
	return struck;
}

static void stop_everywhere(uint64_t every)
{
	uint64_t n;

	for (n = 1; stop_at(n, 0, true); n += every)
		;
	for (n = 1; stop_at(0, n, true); n += every)
		;
	/* One fault that passes. */
	for (n = 1; stop_at(n, 0, false); n += every)
		;
	for (n = 1; stop_at(0, n, false); n += every)
		;
}

static void lose(const struct record_log *log, size_t nr, unsigned seed)
{
	struct dw_dev *file = new_file();
	unsigned i, flushed = 0, begun = 0;
	char what[64];

	for (i = 0; i < STEPS_NR; i++) {
		if (steps[i].kind == FLUSH && steps[i].done <= nr)
			flushed = i + 1;
		if (steps[i].begun <= nr)
			begun = i + 1;
	}
	record_replay(log, nr, seed, file);
	snprintf(what, sizeof(what), "crash after %zu of %zu, seed %u", nr,
		 log->nr, seed);
	judge(file, flushed, begun, what);
	dw_dev_close(file, NULL);
}

/* A crash right before a flush can lose whatever one before that can: so
 * these are the times to look at, each of them in turn. */
static void lose_often(unsigned seed, unsigned nr)
{
	struct dw_dev *file = new_file(), *recorder;
	struct record_log log = { 0 };
	size_t at = 0;
	unsigned i;

	recorder = record_new(file, &log);
	must(do_job(recorder, &log), "job");
	dw_dev_close(recorder, NULL);
	dw_dev_close(file, NULL);
	/* First with nothing lost, at the end. */
	lose(&log, log.nr, 0);
	for (i = 1; i < nr; i++) {
		do
			at = at < log.nr ? at + 1 : 0;
		while (at < log.nr && log.ops[at].kind != RECORD_FLUSH);
		lose(&log, at, (unsigned)rand_r(&seed) | 1);
	}
	printf("%zu operations, ", log.nr);
	record_free(&log);
}

int main(int argc, char **argv)
{
	unsigned seed, nr;

	if (argc < 5 || dw_ctx_new(&ctx, &err))
		return 2;
	dir = argv[3];
	seed = (unsigned)atoi(argv[4]);
	nr = argc > 5 ? (unsigned)atoi(argv[5]) : 1;
	load(argv[2]);
	plan(seed, 1u << dw_be32(base + 20));
	if (!strcmp(argv[1], "stop"))
		stop_everywhere(nr);
	else
		lose_often(seed, nr);
	printf("%u images\n", images_nr);
	free(base);
	free(old);
	dw_ctx_free(ctx);
	return 0;
}
