/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing qcow2: layout, order, sparse giants, failures.  What QEMU thinks of
 * the result is the matter of tests/cli/formats-qcow2-write.sh. */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "dev/kinds.h"
#include "formats/format.h"
#include "formats/qcow2_create.h"
#include "lib/run.h"

static struct dw_ctx *ctx;
static struct dw_err err;

static struct dw_dev *mem(uint64_t size)
{
	struct dw_dev *dev;

	ck_assert_int_eq(dw_mem_new("mem", size, &dev, &err), 0);
	return dev;
}

static struct dw_writer *create(struct dw_dev *file, uint64_t size,
				uint32_t cluster_len)
{
	struct dw_format_options options = { .cluster_len = cluster_len };
	struct dw_writer *w;
	int rc;

	rc = dw_qcow2_format.create(ctx, file, size, &options, &w, &err);
	ck_assert_msg(!rc, "%s", err.text);
	return w;
}

static void add(struct dw_writer *w, uint64_t off, const void *buf, size_t len)
{
	struct dw_place place;
	int rc;

	rc = dw_writer_place(w, off, len, &place, &err);
	ck_assert_msg(!rc, "%s", err.text);
	rc = dw_writer_put(w, &place, buf, &err);
	ck_assert_msg(!rc, "%s", err.text);
}

static void finish(struct dw_writer *w)
{
	int rc = dw_writer_finish(w, &err);

	ck_assert_msg(!rc, "%s", err.text);
	dw_writer_free(w);
}

static struct dw_dev *reopen(struct dw_dev *file)
{
	struct dw_dev *disk;
	int rc;

	rc = dw_format_open(ctx, file, NULL, NULL, &disk, &err);
	ck_assert_msg(!rc, "%s", err.text);
	return disk;
}

static bool same(struct dw_dev *a, struct dw_dev *b)
{
	uint8_t x[4096], y[4096];
	uint64_t off;
	size_t n;

	if (a->size != b->size)
		return false;
	for (off = 0; off < a->size; off += n) {
		n = dw_min(sizeof(x), a->size - off);
		ck_assert_int_eq(dw_dev_pread(a, off, x, n, &err), 0);
		ck_assert_int_eq(dw_dev_pread(b, off, y, n, &err), 0);
		if (memcmp(x, y, n))
			return false;
	}
	return true;
}

static void fill(uint8_t *buf, size_t len, unsigned seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		buf[i] = (uint8_t)rand_r(&seed);
}

/* Every cluster size; single units, runs of them, and an odd end. */
START_TEST(what_was_written_is_read)
{
	uint32_t unit = 512u << _i;
	uint64_t size = 40ull * unit + 512;
	uint8_t *buf = malloc(3 * unit), *got = malloc(3 * unit);
	struct dw_dev *file = mem(0), *disk;
	struct dw_writer *w = create(file, size, unit);

	ck_assert_uint_eq(w->unit_len, unit);
	ck_assert(w->maps);
	fill(buf, 3 * unit, 1);
	add(w, 0, buf, unit);
	add(w, 5ull * unit, buf, 3 * unit);
	add(w, 8ull * unit, buf, unit);
	add(w, 38ull * unit, buf, 2 * unit + 512);
	finish(w);
	ck_assert_uint_eq(file->size % unit, 0);
	disk = reopen(file);
	ck_assert_uint_eq(disk->size, size);
	ck_assert_int_eq(dw_dev_pread(disk, 0, got, 3 * unit, &err), 0);
	ck_assert_mem_eq(got, buf, unit);
	ck_assert(dw_is_zero(got + unit, 2 * unit));
	ck_assert_int_eq(dw_dev_pread(disk, 5ull * unit, got, 3 * unit, &err),
			 0);
	ck_assert_mem_eq(got, buf, 3 * unit);
	ck_assert_int_eq(dw_dev_pread(disk, 8ull * unit, got, 2 * unit, &err),
			 0);
	ck_assert_mem_eq(got, buf, unit);
	ck_assert(dw_is_zero(got + unit, unit));
	ck_assert_int_eq(dw_dev_pread(disk, 38ull * unit, got, 2 * unit + 512,
				      &err), 0);
	ck_assert_mem_eq(got, buf, 2 * unit + 512);
	dw_dev_close(disk, NULL);
	dw_dev_close(file, NULL);
	free(buf);
	free(got);
}
END_TEST

/* The last unit of an odd disk may come whole. */
START_TEST(a_padded_end_is_the_same)
{
	uint8_t buf[8192];
	struct dw_dev *files[2];
	struct dw_writer *w;
	unsigned i;

	fill(buf, sizeof(buf), 1);
	memset(buf + 5000, 0, sizeof(buf) - 5000);
	for (i = 0; i < 2; i++) {
		files[i] = mem(0);
		w = create(files[i], 4096 + 5000, 4096);
		add(w, 4096, buf, i ? 8192 : 5000);
		finish(w);
	}
	ck_assert(same(files[0], files[1]));
	dw_dev_close(files[0], NULL);
	dw_dev_close(files[1], NULL);
}
END_TEST

/* Units that follow each other in the disk do so in the file. */
START_TEST(neighbours_lie_together)
{
	struct dw_dev *file = mem(0);
	struct dw_writer *w = create(file, 1 << 30, 65536);
	struct dw_place a, b, c;

	ck_assert_int_eq(dw_writer_place(w, 0, 65536, &a, &err), 0);
	ck_assert_int_eq(dw_writer_place(w, 65536, 131072, &b, &err), 0);
	ck_assert_int_eq(dw_writer_place(w, 1 << 29, 65536, &c, &err), 0);
	ck_assert_uint_eq(b.host_off, a.host_off + 65536);
	ck_assert_uint_eq(b.len, 131072);
	ck_assert_uint_eq(c.host_off, b.host_off + 131072);
	dw_writer_free(w);
	dw_dev_close(file, NULL);
}
END_TEST

START_TEST(misuse_is_refused)
{
	struct dw_dev *file = mem(0);
	struct dw_writer *w = create(file, 1 << 20, 65536);
	struct dw_format_options odd = { .cluster_len = 3000 };
	struct dw_writer *none;
	struct dw_place p;

	ck_assert_int_eq(dw_writer_place(w, 131072, 65536, &p, &err), 0);
	ck_assert_int_eq(dw_writer_place(w, 65536, 65536, &p, &err), DW_USAGE);
	ck_assert_int_eq(dw_writer_place(w, 131072, 65536, &p, &err),
			 DW_USAGE);
	ck_assert_int_eq(dw_writer_place(w, 200000, 65536, &p, &err),
			 DW_USAGE);
	ck_assert_int_eq(dw_writer_place(w, 262144, 70000, &p, &err),
			 DW_USAGE);
	ck_assert_int_eq(dw_writer_place(w, 1 << 20, 65536, &p, &err),
			 DW_RANGE);
	ck_assert_int_eq(dw_writer_place(w, 983040, 65537, &p, &err),
			 DW_RANGE);
	ck_assert_int_eq(dw_writer_place(w, 983040, 0, &p, &err), DW_RANGE);
	dw_writer_free(w);
	dw_dev_close(file, NULL);
	file = mem(0);
	ck_assert_int_eq(dw_qcow2_format.create(ctx, file, 1, &odd, &none,
						&err), DW_USAGE);
	/* A table of more than 32 MiB. */
	odd.cluster_len = 512;
	ck_assert_int_eq(dw_qcow2_format.create(ctx, file, 1ull << 40, &odd,
						&none, &err), DW_LIMIT);
	dw_dev_close(file, NULL);
}
END_TEST

struct putter {
	pthread_t thread;
	struct dw_writer *w;
	struct dw_place *places;
	unsigned first, step, nr;
};

static void *put_some(void *arg)
{
	struct putter *p = arg;
	uint8_t buf[4096];
	unsigned i;

	/* From the end, so that nothing comes in its order. */
	for (i = p->nr; i-- > 0;) {
		if (i % p->step != p->first)
			continue;
		fill(buf, sizeof(buf), i);
		if (dw_writer_put(p->w, &p->places[i], buf, NULL))
			abort();
	}
	return NULL;
}

static struct dw_dev *write_with(unsigned threads_nr)
{
	struct dw_dev *file = mem(0);
	struct dw_writer *w = create(file, 1 << 30, 4096);
	struct dw_place places[1000];
	struct putter putters[4];
	unsigned i;

	for (i = 0; i < 1000; i++)
		ck_assert_int_eq(dw_writer_place(w, i * 1048576ull, 4096,
						 &places[i], &err), 0);
	for (i = 0; i < threads_nr; i++) {
		putters[i] = (struct putter){
			.w = w, .places = places, .first = i,
			.step = threads_nr, .nr = 1000,
		};
		pthread_create(&putters[i].thread, NULL, put_some,
			       &putters[i]);
	}
	for (i = 0; i < threads_nr; i++)
		pthread_join(putters[i].thread, NULL);
	finish(w);
	return file;
}

START_TEST(threads_do_not_change_the_bytes)
{
	struct dw_dev *one = write_with(1), *four = write_with(4);

	ck_assert(same(one, four));
	dw_dev_close(one, NULL);
	dw_dev_close(four, NULL);
}
END_TEST

/* What was on a block device before does not change the result. */
START_TEST(an_old_device_gives_the_same_bytes)
{
	struct dw_dev *fresh = mem(0), *old, *kept;
	struct dw_writer *w;
	uint8_t buf[4096], *junk = malloc(1 << 20);
	struct dw_dev *files[2];
	unsigned i;

	old = mem(1 << 20);
	fill(junk, 1 << 20, 9);
	ck_assert_int_eq(dw_dev_pwrite(old, 0, junk, 1 << 20, &err), 0);
	files[0] = fresh;
	files[1] = old;
	fill(buf, sizeof(buf), 3);
	for (i = 0; i < 2; i++) {
		w = create(files[i], 100000 + 512, 4096);
		add(w, 8192, buf, 4096);
		add(w, 98304, buf, 100512 - 98304);
		finish(w);
	}
	ck_assert_int_eq(dw_window_new(old, 0, fresh->size, "kept", &kept,
				       &err), 0);
	ck_assert(same(fresh, kept));
	dw_dev_close(kept, NULL);
	/* Too small a device. */
	ck_assert_int_eq(dw_window_new(old, 0, 12288, "kept", &kept, &err), 0);
	w = create(kept, 100000, 4096);
	ck_assert_int_eq(dw_writer_finish(w, &err), DW_NOSPACE);
	dw_writer_free(w);
	dw_dev_close(kept, NULL);
	dw_dev_close(old, NULL);
	dw_dev_close(fresh, NULL);
	free(junk);
}
END_TEST

/* 16 TiB with a cluster here and there take little memory and little file. */
START_TEST(a_sparse_giant_is_cheap)
{
	uint64_t size = 1ull << 44, step = size / 64, off;
	struct rusage before, after;
	struct dw_dev *file = mem(0), *disk;
	struct dw_extent e;
	struct dw_writer *w;
	uint8_t buf[65536];
	unsigned data_nr = 0;

	fill(buf, sizeof(buf), 1);
	getrusage(RUSAGE_SELF, &before);
	w = create(file, size, 65536);
	for (off = 0; off < size; off += step)
		add(w, off, buf, sizeof(buf));
	finish(w);
	disk = reopen(file);
	for (off = 0; off < size; off += e.len) {
		ck_assert_int_eq(dw_dev_extent(disk, off, size - off, &e,
					       &err), 0);
		data_nr += e.kind == DW_EXTENT_DATA;
	}
	getrusage(RUSAGE_SELF, &after);
	ck_assert_uint_eq(data_nr, 64);
	ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 16 << 10);
	dw_dev_close(disk, NULL);
	dw_dev_close(file, NULL);
}
END_TEST

/* A map that grows past the cap is an error, not a host without memory. */
START_TEST(the_map_is_bounded)
{
	struct dw_dev *file = mem(0);
	struct dw_place place;
	struct dw_writer *w;
	uint64_t off;
	int rc = 0;

	dw_ctx_set_memory_cap(ctx, 100000);
	w = create(file, 1ull << 40, 65536);
	for (off = 0; !rc && off < 1ull << 40; off += 131072)
		rc = dw_writer_place(w, off, 65536, &place, &err);
	ck_assert_int_eq(rc, DW_LIMIT);
	ck_assert_uint_gt(off / 131072, 4000);
	dw_writer_free(w);
	dw_dev_close(file, NULL);
	dw_ctx_set_memory_cap(ctx, 1 << 28);
}
END_TEST

/* Small payloads share clusters; the layout never takes more than was kept
 * for it, whatever their sizes and order. */
START_TEST(packed_payloads_stay_within_the_layout)
{
	uint32_t bits = 9 + (uint32_t)_i % 4, unit = 1u << bits;
	struct dw_qcow2_alloc a = { .cluster_bits = bits, .cap_len = 1 << 28 };
	unsigned seed = (unsigned)_i, i;
	struct dw_qcow2_layout l;
	uint64_t off, end = 0;
	uint32_t len;

	ck_assert_int_eq(dw_qcow2_layout_front(&l, 5000ull * unit, bits, &err),
			 0);
	a.next_off = l.data_off;
	for (i = 0; i < 5000; i++) {
		len = (uint32_t)rand_r(&seed) % unit;
		if (!len || rand_r(&seed) % 3 == 0) {
			ck_assert_int_eq(dw_qcow2_alloc_plain(&a, i, 1, &off,
							      &err), 0);
			ck_assert_uint_eq(off % unit, 0);
			continue;
		}
		ck_assert_int_eq(dw_qcow2_alloc_packed(&a, i, len, &off, &err),
				 0);
		ck_assert(off >= end);
		end = off + len;
		ck_assert_uint_le(end, a.next_off);
	}
	ck_assert_int_eq(dw_qcow2_alloc_end(&a, &err), 0);
	ck_assert_uint_le(a.next_off - l.data_off, 5000ull * unit);
	ck_assert_int_eq(dw_qcow2_layout_end(&l, &a, &err), 0);
	dw_qcow2_alloc_free(&a);
}
END_TEST

/* More references than 16 bits hold open a new cluster. */
START_TEST(a_refcount_does_not_wrap)
{
	struct dw_qcow2_alloc a = { .cluster_bits = 21, .next_off = 1 << 21,
				    .cap_len = 1 << 28 };
	uint64_t off;
	unsigned i;

	for (i = 0; i < 65536; i++)
		ck_assert_int_eq(dw_qcow2_alloc_packed(&a, i, 20, &off, &err),
				 0);
	ck_assert_uint_eq(off, 2 << 21);
	ck_assert_int_eq(dw_qcow2_alloc_end(&a, &err), 0);
	ck_assert_uint_eq(a.shared_nr, 1);
	ck_assert_uint_eq(a.shared[0].refs_nr, 65535);
	ck_assert_uint_eq(a.shared[0].host_cl, 1);
	dw_qcow2_alloc_free(&a);
}
END_TEST

/* Until the header is there, the file is no image. */
START_TEST(the_header_comes_last)
{
	struct dw_fault fault = { 0 };
	struct dw_dev *file = mem(0), *faulty;
	uint8_t buf[4096] = { 1 }, magic[4];
	uint64_t writes_nr, n;
	struct dw_writer *w;

	ck_assert_int_eq(dw_fault_new(file, &fault, &faulty, &err), 0);
	w = create(faulty, 1 << 20, 4096);
	add(w, 4096, buf, 4096);
	finish(w);
	writes_nr = fault.writes_nr;
	ck_assert_uint_gt(writes_nr, 4);
	dw_dev_close(faulty, NULL);
	dw_dev_close(file, NULL);
	for (n = 1; n <= writes_nr; n++) {
		struct dw_place p;
		int rc;

		file = mem(0);
		fault = (struct dw_fault){ .fail_write_at = n };
		ck_assert_int_eq(dw_fault_new(file, &fault, &faulty, &err), 0);
		w = create(faulty, 1 << 20, 4096);
		rc = dw_writer_place(w, 4096, 4096, &p, &err);
		if (!rc)
			rc = dw_writer_put(w, &p, buf, &err);
		if (!rc)
			rc = dw_writer_finish(w, &err);
		ck_assert_int_eq(rc, DW_IO);
		dw_writer_free(w);
		if (file->size >= 4) {
			ck_assert_int_eq(dw_dev_pread(file, 0, magic, 4, &err),
					 0);
			ck_assert(dw_is_zero(magic, 4));
		}
		dw_dev_close(faulty, NULL);
		dw_dev_close(file, NULL);
	}
}
END_TEST

START_TEST(raw_is_the_file_itself)
{
	struct dw_dev *file = mem(0), *disk;
	struct dw_writer *w;
	uint8_t buf[100];

	fill(buf, sizeof(buf), 1);
	ck_assert_int_eq(dw_raw_format.create(ctx, file, 100001, NULL, &w,
					      &err), 0);
	ck_assert(!w->maps);
	add(w, 99901, buf, 100);
	add(w, 7, buf, 3);
	finish(w);
	ck_assert_uint_eq(file->size, 100001);
	disk = reopen(file);
	ck_assert_ptr_eq(disk, file);
	dw_dev_close(disk, NULL);
	ck_assert_int_eq(dw_dev_pread(file, 99901, buf, 100, &err), 0);
	/* On a device that is there already the rest becomes zeros. */
	ck_assert_int_eq(dw_raw_format.create(ctx, file, 100002, NULL, &w,
					      &err), DW_NOSPACE);
	ck_assert_int_eq(dw_raw_format.create(ctx, file, 100000, NULL, &w,
					      &err), 0);
	finish(w);
	ck_assert_int_eq(dw_dev_pread(file, 99900, buf, 100, &err), 0);
	ck_assert(dw_is_zero(buf, 100));
	dw_dev_close(file, NULL);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("write");
	int failed_nr;

	dw_ctx_new(&ctx, NULL);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, what_was_written_is_read, 0, 13);
	tcase_add_test(t, a_padded_end_is_the_same);
	tcase_add_test(t, neighbours_lie_together);
	tcase_add_test(t, misuse_is_refused);
	tcase_add_test(t, threads_do_not_change_the_bytes);
	tcase_add_test(t, an_old_device_gives_the_same_bytes);
	tcase_add_test(t, a_sparse_giant_is_cheap);
	tcase_add_test(t, the_map_is_bounded);
	tcase_add_loop_test(t, packed_payloads_stay_within_the_layout, 0, 20);
	tcase_add_test(t, a_refcount_does_not_wrap);
	tcase_add_test(t, the_header_comes_last);
	tcase_add_test(t, raw_is_the_file_itself);
	failed_nr = dw_test_run("qcow2 write", t);
	dw_ctx_free(ctx);
	return failed_nr;
}
