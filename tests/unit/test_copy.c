/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The copy engine: what is copied, and that threads do not show in it. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dev/kinds.h"
#include "job/copy.h"
#include "lib/run.h"

#define SIZE (20u << 20)

static struct dw_err err;

/* Data of many kinds: full, zero, holes, single bytes, odd ends. */
static struct dw_dev *make_source(void)
{
	struct dw_dev *dev;
	uint8_t *buf = malloc(65536);
	unsigned seed = 3, i;
	uint64_t off;

	ck_assert_int_eq(dw_mem_new("source", SIZE, &dev, &err), 0);
	for (off = 0; off < SIZE; off += 65536) {
		memset(buf, 0, 65536);
		if (rand_r(&seed) % 4 == 0)
			for (i = 0; i < 65536; i++)
				buf[i] = (uint8_t)rand_r(&seed);
		else if (rand_r(&seed) % 2)
			buf[rand_r(&seed) % 65536] = 1;
		else if (rand_r(&seed) % 2)
			continue;
		ck_assert_int_eq(dw_dev_pwrite(dev, off, buf, 65536, &err), 0);
	}
	free(buf);
	return dev;
}

static const struct dw_used_run runs[] = {
	{ 0, 512 }, { 4096, 1 << 20 }, { (3 << 20) + 1024, 5 << 20 },
	{ SIZE - 70000, 70000 },
};

static bool is_wanted(uint64_t off)
{
	size_t i;

	for (i = 0; i < sizeof(runs) / sizeof(*runs); i++)
		if (off >= runs[i].off && off < runs[i].off + runs[i].len)
			return true;
	return false;
}

static const struct dw_codec plain, zlib = { .kind = DW_CODEC_ZLIB },
	zstd = { .kind = DW_CODEC_ZSTD };

static struct dw_dev *copy(const struct dw_format_driver *format,
			   struct dw_codec codec, struct dw_dev *source,
			   unsigned threads_nr, struct dw_dev *file)
{
	struct dw_format_options options = { .codec = codec };
	struct dw_copy job = { .disk = source, .runs = runs, .runs_nr = 4 };
	struct dw_dev *out;
	struct dw_ctx *ctx;

	ck_assert_int_eq(dw_ctx_new(&ctx, &err), 0);
	dw_ctx_set_threads(ctx, threads_nr);
	ck_assert_int_eq(format->create(ctx, file, SIZE, &options,
					&job.writer, &err), 0);
	ck_assert_int_eq(dw_copy_run(ctx, &job, &err), 0);
	ck_assert_uint_eq(job.read_len, 512 + (6 << 20) + 70000);
	ck_assert_int_eq(dw_writer_finish(job.writer, &err), 0);
	dw_writer_free(job.writer);
	ck_assert_int_eq(dw_format_open(ctx, file, format->name, NULL, &out,
					&err), 0);
	dw_ctx_free(ctx);
	return out;
}

static uint8_t *content(struct dw_dev *dev)
{
	uint8_t *buf = malloc(dw_dev_size(dev));

	ck_assert_int_eq(dw_dev_pread(dev, 0, buf, dw_dev_size(dev), &err), 0);
	return buf;
}

static void copies_what_is_wanted(const struct dw_format_driver *format,
				  struct dw_codec codec)
{
	struct dw_dev *source = make_source(), *file, *disk;
	uint8_t *want = content(source), *have;
	uint64_t off;

	ck_assert_int_eq(dw_mem_new("target", 0, &file, &err), 0);
	disk = copy(format, codec, source, 2, file);
	have = content(disk);
	for (off = 0; off < SIZE; off++)
		if (have[off] != (is_wanted(off) ? want[off] : 0))
			ck_abort_msg("byte %u", (unsigned)off);
	free(want);
	free(have);
	dw_dev_close(disk, NULL);
	dw_dev_close(file, NULL);
	dw_dev_close(source, NULL);
}

START_TEST(wanted_bytes_reach_raw)
{
	copies_what_is_wanted(&dw_raw_format, plain);
}
END_TEST

START_TEST(wanted_bytes_reach_qcow2)
{
	copies_what_is_wanted(&dw_qcow2_format, plain);
	copies_what_is_wanted(&dw_qcow2_format, zlib);
	copies_what_is_wanted(&dw_qcow2_format, zstd);
}
END_TEST

static void threads_do_not_show_in(struct dw_codec codec)
{
	struct dw_dev *source = make_source(), *file, *first = NULL;
	uint8_t *a, *b;
	unsigned n;

	for (n = 1; n <= 8; n++) {
		ck_assert_int_eq(dw_mem_new("target", 0, &file, &err), 0);
		dw_dev_close(copy(&dw_qcow2_format, codec, source, n, file),
			     NULL);
		if (!first) {
			first = file;
			continue;
		}
		ck_assert_uint_eq(dw_dev_size(file), dw_dev_size(first));
		a = content(first);
		b = content(file);
		ck_assert(!memcmp(a, b, dw_dev_size(file)));
		free(a);
		free(b);
		dw_dev_close(file, NULL);
	}
	dw_dev_close(first, NULL);
	dw_dev_close(source, NULL);
}

/* Terabytes that are not there, with a byte here and there. */
START_TEST(holes_cost_nothing)
{
	static const uint64_t places[] = {
		0, (1 << 20) - 1, (UINT64_C(1) << 40) + 70000,
		(UINT64_C(3) << 40) + 511, (UINT64_C(4) << 40) - 1,
	};
	const uint64_t size = UINT64_C(4) << 40;
	const struct dw_used_run whole = { 0, size };
	struct dw_format_options options = { 0 };
	struct dw_copy job = { .runs = &whole, .runs_nr = 1 };
	struct dw_dev *file, *disk;
	struct dw_ctx *ctx;
	uint8_t byte = 1;
	size_t i;

	ck_assert_int_eq(dw_ctx_new(&ctx, &err), 0);
	ck_assert_int_eq(dw_mem_new("source", size, &job.disk, &err), 0);
	ck_assert_int_eq(dw_mem_new("target", 0, &file, &err), 0);
	for (i = 0; i < 5; i++)
		ck_assert_int_eq(dw_dev_pwrite(job.disk, places[i], &byte, 1,
					       &err), 0);
	ck_assert_int_eq(dw_qcow2_format.create(ctx, file, size, &options,
						&job.writer, &err), 0);
	ck_assert_int_eq(dw_copy_run(ctx, &job, &err), 0);
	ck_assert_uint_eq(job.read_len, size);
	ck_assert_uint_eq(job.written_len, 5 * 65536);
	ck_assert_int_eq(dw_writer_finish(job.writer, &err), 0);
	dw_writer_free(job.writer);
	ck_assert_int_eq(dw_format_open(ctx, file, "qcow2", NULL, &disk, &err),
			 0);
	for (i = 0; i < 5; i++) {
		byte = 0;
		ck_assert_int_eq(dw_dev_pread(disk, places[i], &byte, 1, &err),
				 0);
		ck_assert_uint_eq(byte, 1);
	}
	dw_dev_close(disk, NULL);
	dw_dev_close(file, NULL);
	dw_dev_close(job.disk, NULL);
	dw_ctx_free(ctx);
}
END_TEST

START_TEST(threads_do_not_show)
{
	threads_do_not_show_in(plain);
	threads_do_not_show_in(zlib);
	threads_do_not_show_in(zstd);
}
END_TEST

/* An image that only grows at its end: every put follows its place, and what
 * was put is unpacked where it belongs. */
struct stream {
	struct dw_writer w;
	uint64_t off;		/* of the unit that was placed last */
	bool is_placed;
	uint8_t *disk;
};

static int stream_place(struct dw_writer *w, uint64_t off, uint64_t payload_len,
			struct dw_place *out, struct dw_err *e)
{
	struct stream *s = (struct stream *)w;

	ck_assert(!s->is_placed);
	s->is_placed = true;
	s->off = off;
	out->len = payload_len;
	return 0;
}

static int stream_put(struct dw_writer *w, const struct dw_place *place,
		      const void *payload, struct dw_err *e)
{
	struct stream *s = (struct stream *)w;
	size_t len = w->size - s->off;

	ck_assert(s->is_placed);
	s->is_placed = false;
	if (len > w->unit_len)
		len = w->unit_len;
	if (w->must_pack)
		return dw_unpack_exact(w->codec.kind, payload, place->len,
				       s->disk + s->off, len, e);
	ck_assert_uint_eq(place->len, len);
	memcpy(s->disk + s->off, payload, len);
	return 0;
}

static const struct dw_writer_driver stream_driver = {
	.place = stream_place,
	.put = stream_put,
};

static void streams(uint32_t unit_len, struct dw_codec codec, uint64_t size)
{
	struct dw_used_run all = { 0, size };
	struct stream s = {
		.w = { .driver = &stream_driver, .unit_len = unit_len,
		       .maps = codec.kind, .must_pack = codec.kind,
		       .sequential = true, .codec = codec, .size = size },
		.disk = calloc(1, size),
	};
	struct dw_dev *source = make_source(), *disk;
	struct dw_copy job = {
		.writer = &s.w, .runs = &all, .runs_nr = 1,
	};
	uint8_t *want;
	struct dw_ctx *ctx;
	int ret;

	ck_assert_int_eq(dw_window_new(source, 0, size, "disk", &disk, &err),
			 0);
	job.disk = disk;
	want = content(disk);
	ck_assert_int_eq(dw_ctx_new(&ctx, &err), 0);
	dw_ctx_set_threads(ctx, 4);
	ret = dw_copy_run(ctx, &job, &err);
	ck_assert_msg(!ret, "%s", err.text);
	ck_assert(!memcmp(s.disk, want, size));
	dw_ctx_free(ctx);
	free(want);
	free(s.disk);
	dw_dev_close(disk, NULL);
	dw_dev_close(source, NULL);
}

/* Units from a sector to more than the disk; the last one is shorter. */
START_TEST(a_stream_gets_one_unit_a_time)
{
	uint32_t unit_len = 512u << _i;

	streams(unit_len, plain, SIZE);
	streams(unit_len, plain, SIZE - 3 * 512 - 3);
	streams(unit_len, zlib, SIZE);
	streams(unit_len, zlib, SIZE - 3 * 512 - 3);
	streams(unit_len, zstd, SIZE - 512);
}
END_TEST

/* Every read and write of the job fails once: an error, and it ends. */
START_TEST(every_failure_ends_the_copy)
{
	struct dw_dev *source = make_source(), *file, *in, *out;
	struct dw_format_options options = { .codec = _i ? zlib : plain };
	struct dw_copy job = { .runs = runs, .runs_nr = 4 };
	struct dw_fault fault;
	struct dw_ctx *ctx;
	uint64_t n, calls_nr;
	unsigned kind;
	int ret;

	ck_assert_int_eq(dw_ctx_new(&ctx, &err), 0);
	dw_ctx_set_threads(ctx, 3);
	for (kind = 0; kind < 2; kind++) {
		/* Until a run has fewer calls than that. */
		for (n = 1, calls_nr = n; calls_nr + 1 >= n; n++) {
			memset(&fault, 0, sizeof(fault));
			fault.fail_read_at = kind ? 0 : n;
			fault.fail_write_at = kind ? n : 0;
			dw_mem_new("target", 0, &file, &err);
			dw_fault_new(source, &fault, &in, &err);
			dw_fault_new(file, &fault, &out, &err);
			job.disk = in;
			job.writer = NULL;
			ret = dw_qcow2_format.create(ctx, out, SIZE, &options,
						     &job.writer, &err);
			if (!ret)
				ret = dw_copy_run(ctx, &job, &err);
			if (!ret)
				ret = dw_writer_finish(job.writer, &err);
			ck_assert(!ret || ret == DW_IO);
			calls_nr = kind ? fault.writes_nr : fault.reads_nr;
			dw_writer_free(job.writer);
			dw_dev_close(in, NULL);
			dw_dev_close(out, NULL);
			dw_dev_close(file, NULL);
		}
		ck_assert_uint_gt(n, 5);
	}
	dw_dev_close(source, NULL);
	dw_ctx_free(ctx);
}
END_TEST

/* A copy of all of the source at a rate; its seconds. */
static double seconds_at(struct dw_ctx *ctx, uint64_t rate, int want)
{
	struct dw_dev *source = make_source(), *file;
	struct dw_used_run all = { 0, SIZE };
	struct dw_copy job = { .disk = source, .runs = &all, .runs_nr = 1 };
	struct timespec a, b;

	ck_assert_int_eq(dw_mem_new("target", 0, &file, &err), 0);
	ck_assert_int_eq(dw_raw_format.create(ctx, file, SIZE, NULL,
					      &job.writer, &err), 0);
	dw_ctx_set_rate(ctx, rate);
	clock_gettime(CLOCK_MONOTONIC, &a);
	ck_assert_int_eq(dw_copy_run(ctx, &job, &err), want);
	clock_gettime(CLOCK_MONOTONIC, &b);
	dw_writer_free(job.writer);
	dw_dev_close(file, NULL);
	dw_dev_close(source, NULL);
	return (double)(b.tv_sec - a.tv_sec) +
	       (double)(b.tv_nsec - a.tv_nsec) / 1e9;
}

/* The source has at most 20 MiB of data, and at least half of that. */
START_TEST(a_rate_is_kept)
{
	struct dw_ctx *ctx;
	double s;

	ck_assert_int_eq(dw_ctx_new(&ctx, &err), 0);
	dw_ctx_set_threads(ctx, (unsigned)_i);
	s = seconds_at(ctx, 10u << 20, 0);
	ck_assert_msg(s > 0.8 && s < 4, "%f seconds", s);
	dw_ctx_free(ctx);
}
END_TEST

static void *cancel_soon(void *arg)
{
	usleep(200000);
	dw_ctx_cancel(arg);
	return NULL;
}

START_TEST(a_wait_for_the_rate_can_be_cancelled)
{
	struct dw_ctx *ctx;
	pthread_t thread;
	double s;

	ck_assert_int_eq(dw_ctx_new(&ctx, &err), 0);
	pthread_create(&thread, NULL, cancel_soon, ctx);
	s = seconds_at(ctx, 1000, DW_CANCELLED);
	ck_assert_msg(s < 5, "%f seconds", s);
	pthread_join(thread, NULL);
	dw_ctx_free(ctx);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("copy");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, wanted_bytes_reach_raw);
	tcase_add_test(tc, wanted_bytes_reach_qcow2);
	tcase_add_test(tc, holes_cost_nothing);
	tcase_add_test(tc, threads_do_not_show);
	tcase_add_loop_test(tc, a_stream_gets_one_unit_a_time, 0, 17);
	tcase_add_loop_test(tc, a_rate_is_kept, 1, 5);
	tcase_add_test(tc, a_wait_for_the_rate_can_be_cancelled);
	tcase_add_loop_test(tc, every_failure_ends_the_copy, 0, 2);
	return dw_test_run("copy", tc);
}
