/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Thin volumes of pools that were made by hand.  What thin_restore makes is
 * the matter of tests/cli/thin.sh, damage that of test_thin_hostile.c. */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "lib/run.h"
#include "lib/thinbed.h"

#define CHUNK THINIMG_CHUNK_LEN
#define NR(a) (sizeof(a) / sizeof(*(a)))
#define SIZE THINIMG_SIZE

/* ---- reading ------------------------------------------------------------ */

START_TEST(volumes_read)
{
	static const int none[] = { -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 };
	static const struct { uint64_t id; const int *chunks; } all[] = {
		{ 1, thinimg_first }, { 2, thinimg_second }, { 5, none },
	};
	struct dw_dev *dev = bed_open(all[_i].id);
	uint8_t *want = thinimg_expected(all[_i].chunks);

	thinimg_reads_as(dev, want);
	ck_assert(dev->readonly);
	free(want);
	dw_dev_close(dev, NULL);
}
END_TEST

/* A device of these bytes, whose zeros in blocks of 4096 are holes. */
static struct dw_dev *origin_of(const uint8_t *bytes, uint64_t len)
{
	struct dw_dev *dev;
	uint64_t off;
	size_t n;

	ck_assert_int_eq(dw_mem_new("origin", len, &dev, &bed.err), 0);
	for (off = 0; off < len; off += n) {
		n = dw_min(4096, len - off);
		if (!dw_is_zero(bytes + off, n))
			ck_assert_int_eq(dw_dev_pwrite(dev, off, bytes + off, n,
						       &bed.err), 0);
	}
	return dev;
}

/* Two ends in the middle of chunks: that of the origin, in chunk 5, and that
 * of the volume. */
START_TEST(an_external_origin_is_seen_up_to_its_end)
{
	struct dw_thin_params params = thinimg_params(&bed.pool, 1, SIZE);
	uint64_t end = 5 * CHUNK + 700, i;
	uint8_t *want = thinimg_expected(thinimg_first), *bytes = malloc(end);
	struct dw_extent e;
	struct dw_dev *dev;

	for (i = 0; i < end; i++)
		bytes[i] = (uint8_t)(200 + i / 1000);
	/* The first chunk of the origin has a hole at its end. */
	memset(bytes + CHUNK / 2, 0, CHUNK / 2);
	params.external_origin = origin_of(bytes, end);
	for (i = 0; i < end; i++)
		if (thinimg_first[i / CHUNK] < 0)
			want[i] = bytes[i];
	dev = bed_open_as(&params);
	thinimg_reads_as(dev, want);
	ck_assert_int_eq(dw_dev_extent(dev, 0, SIZE, &e, &bed.err), 0);
	ck_assert_int_eq(e.kind, DW_EXTENT_DATA);
	ck_assert_uint_eq(e.len, CHUNK / 2);
	/* Nothing is kept for it here. */
	ck_assert_int_eq(dw_dev_extent(dev, CHUNK / 2, SIZE, &e, &bed.err), 0);
	ck_assert_int_eq(e.kind, DW_EXTENT_UNMAPPED);
	ck_assert_uint_eq(e.len, CHUNK / 2);
	ck_assert_int_eq(dw_dev_extent(dev, 5 * CHUNK, CHUNK, &e, &bed.err), 0);
	ck_assert_int_eq(e.kind, DW_EXTENT_DATA);
	ck_assert_uint_eq(e.len, 700);
	ck_assert_int_eq(dw_dev_extent(dev, end, SIZE - end, &e, &bed.err), 0);
	ck_assert_int_eq(e.kind, DW_EXTENT_UNMAPPED);
	ck_assert_uint_eq(e.off + e.len, 7 * CHUNK);
	free(want);
	free(bytes);
	dw_dev_close(params.external_origin, NULL);
	dw_dev_close(dev, NULL);
}
END_TEST

struct reader {
	pthread_t thread;
	struct dw_dev *dev;
	const uint8_t *want;
	unsigned seed, bad_nr;
};

static void *read_some(void *arg)
{
	struct reader *r = arg;
	uint8_t buf[3000];
	uint64_t off;

	for (int i = 0; i < 2000; i++) {
		off = (unsigned)rand_r(&r->seed) % (SIZE - sizeof(buf));
		if (dw_dev_pread(r->dev, off, buf, sizeof(buf), NULL) ||
		    memcmp(buf, r->want + off, sizeof(buf)))
			r->bad_nr++;
	}
	return NULL;
}

START_TEST(threads_share_a_volume)
{
	struct dw_dev *dev = bed_open(1);
	uint8_t *want = thinimg_expected(thinimg_first);
	struct reader r[4];

	for (unsigned i = 0; i < 4; i++) {
		r[i] = (struct reader){ .dev = dev, .want = want, .seed = i };
		ck_assert_int_eq(pthread_create(&r[i].thread, NULL, read_some,
						&r[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(r[i].thread, NULL);
		ck_assert_uint_eq(r[i].bad_nr, 0);
	}
	free(want);
	dw_dev_close(dev, NULL);
}
END_TEST

/* ---- extents ------------------------------------------------------------ */

START_TEST(extents_are_runs)
{
	static const struct {
		uint64_t end;
		enum dw_extent_kind kind;
	} want[] = {
		{ CHUNK, DW_EXTENT_UNMAPPED },
		/* Chunks 1 and 2 are behind each other, and in other leaves
		 * 3, and 4, which is elsewhere. */
		{ 3 * CHUNK, DW_EXTENT_DATA },
		{ 4 * CHUNK, DW_EXTENT_DATA },
		{ 5 * CHUNK, DW_EXTENT_DATA },
		{ 7 * CHUNK, DW_EXTENT_UNMAPPED },
		{ 9 * CHUNK, DW_EXTENT_DATA },
		{ SIZE, DW_EXTENT_UNMAPPED },
	};
	struct dw_dev *dev = bed_open(1);
	struct dw_extent e;
	uint64_t off = 0;

	for (size_t i = 0; i < NR(want); i++) {
		ck_assert_int_eq(dw_dev_extent(dev, off, SIZE, &e, &bed.err),
				 0);
		ck_assert_uint_eq(e.off, off);
		ck_assert_int_eq(e.kind, want[i].kind);
		ck_assert_uint_eq(e.off + e.len, want[i].end);
		off = want[i].end;
	}
	ck_assert_int_eq(dw_dev_extent(dev, CHUNK + 100, 50, &e, &bed.err), 0);
	ck_assert_uint_eq(e.len, 50);
	dw_dev_close(dev, NULL);
}
END_TEST

START_TEST(a_hole_in_the_data_is_mapped_zeros)
{
	struct dw_thin_params params = thinimg_params(&bed.pool, 1, SIZE);
	struct dw_extent e;
	struct dw_dev *dev;

	ck_assert_int_eq(dw_mem_new("empty", 20 * CHUNK, &params.data,
				    &bed.err), 0);
	dev = bed_open_as(&params);
	ck_assert_int_eq(dw_dev_extent(dev, CHUNK, SIZE, &e, &bed.err), 0);
	ck_assert_int_eq(e.kind, DW_EXTENT_ZERO);
	dw_dev_close(params.data, NULL);
	dw_dev_close(dev, NULL);
}
END_TEST

/* A copy in a file, from 'off' on; *fd is another descriptor of it. */
static struct dw_dev *file_of(struct dw_dev *dev, uint64_t off, int *fd)
{
	int own = memfd_create(dev->name, MFD_CLOEXEC);
	uint8_t *buf = malloc(dev->size);
	struct dw_dev *file;

	ck_assert_int_ge(own, 0);
	*fd = dup(own);
	ck_assert_int_eq(dw_dev_pread(dev, 0, buf, dev->size, &bed.err), 0);
	ck_assert_int_eq(pwrite(own, buf, dev->size, (off_t)off),
			 (ssize_t)dev->size);
	free(buf);
	ck_assert_int_eq(dw_file_from_fd_take(own, dev->name, false, &file,
					      &bed.err), 0);
	ck_assert_int_eq(dw_file_settle(file, &bed.err), 0);
	return file;
}

START_TEST(extents_tell_the_host_file)
{
	struct dw_thin_params params = thinimg_params(&bed.pool, 1, SIZE);
	struct dw_dev *dev, *file;
	struct dw_extent e;
	struct stat st, st2;
	int fd;

	file = file_of(bed.pool.data, 4096, &fd);
	ck_assert_int_eq(dw_window_new(file, 4096, bed.pool.data->size, "data",
				       &params.data, &bed.err), 0);
	dev = bed_open_as(&params);
	ck_assert_int_eq(dw_dev_extent(dev, 2 * CHUNK + 512, CHUNK, &e,
				       &bed.err), 0);
	ck_assert_int_eq(fstat(e.host_fd, &st), 0);
	ck_assert_int_eq(fstat(fd, &st2), 0);
	ck_assert_uint_eq(st.st_ino, st2.st_ino);
	ck_assert_uint_eq(e.host_off, 4096 + 6 * CHUNK + 512);
	dw_dev_close(dev, NULL);
	dw_dev_close(params.data, NULL);
	dw_dev_close(file, NULL);
	close(fd);
}
END_TEST

/* Of the metadata, of the data, and of an external origin. */
START_TEST(changes_below_are_told)
{
	struct dw_thin_params params = thinimg_params(&bed.pool, 1, SIZE);
	struct dw_dev *dev;
	int fds[3];

	params.metadata = file_of(bed.pool.img.dev, 0, &fds[0]);
	params.data = file_of(bed.pool.data, 0, &fds[1]);
	params.external_origin = file_of(bed.pool.data, 0, &fds[2]);
	dev = bed_open_as(&params);
	dw_dev_close(params.metadata, NULL);
	dw_dev_close(params.data, NULL);
	dw_dev_close(params.external_origin, NULL);
	ck_assert_int_eq(dw_dev_check_unchanged(dev, &bed.err), 0);
	ck_assert_int_eq(ftruncate(fds[_i], 4096), 0);
	ck_assert_int_eq(dw_dev_check_unchanged(dev, &bed.err), DW_BUSY);
	dw_dev_close(dev, NULL);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
}
END_TEST

/* 16 TiB with 1 GiB in it: what is empty costs nothing, neither time nor
 * reads. */
START_TEST(a_large_volume_is_passed_over)
{
	uint64_t size = UINT64_C(16) << 40, off, mapped_len = 0;
	struct thinimg_mapping *m = calloc(16384, sizeof(*m));
	struct dw_fault count = { 0 };
	struct dw_thin_params params;
	unsigned runs_nr = 0;
	struct thinimg large;
	struct dw_extent e;
	struct dw_dev *dev;

	/* 64 pieces of 256 chunks; the data is not looked at. */
	for (uint64_t i = 0; i < 16384; i++)
		m[i] = (struct thinimg_mapping){
			i / 256 * 4000000 + i % 256, i,
		};
	thinimg_new(&large, 300, 0);
	dw_dev_close(large.data, NULL);
	ck_assert_int_eq(dw_mem_new("data", UINT64_C(1) << 30, &large.data,
				    &bed.err), 0);
	thinimg_add(&large, 1, m, 16384, 252);
	thinimg_finish(&large, 0);
	params = thinimg_params(&large, 1, size);
	ck_assert_int_eq(dw_fault_new(large.img.dev, &count, &params.metadata,
				      &bed.err), 0);
	dev = bed_open_as(&params);
	for (off = 0; off < size; off += e.len) {
		ck_assert_int_eq(dw_dev_extent(dev, off, size - off, &e,
					       &bed.err), 0);
		mapped_len += e.kind == DW_EXTENT_ZERO ? e.len : 0;
		runs_nr++;
	}
	ck_assert_uint_eq(mapped_len, UINT64_C(1) << 30);
	/* Runs of 256 chunks touch two or three leaves. */
	ck_assert_uint_lt(runs_nr, 64 * 4);
	/* Each block once: leaves, their root, and where that stands. */
	ck_assert_uint_le(atomic_load(&count.reads_nr), 66 + 1 + 3);
	dw_dev_close(dev, NULL);
	dw_dev_close(params.metadata, NULL);
	thinimg_free(&large);
	free(m);
}
END_TEST

START_TEST(used_is_what_is_mapped)
{
	struct dw_thin_params params = thinimg_params(&bed.pool, 1, SIZE);
	uint64_t len;

	ck_assert_int_eq(dw_thin_used_len(bed.ctx, &params, &len, &bed.err), 0);
	ck_assert_uint_eq(len, 6 * CHUNK);
	/* Cut off, or a count that is wrong. */
	params.size = 2 * CHUNK;
	ck_assert_int_eq(dw_thin_used_len(bed.ctx, &params, &len, &bed.err), 0);
	ck_assert_uint_eq(len, 2 * CHUNK);
	params.device_id = 3;
	bed_fails(dw_thin_used_len(bed.ctx, &params, &len, &bed.err),
		  DW_CORRUPT, "no device 3");
	ck_assert_uint_eq(len, 0);
}
END_TEST

/* ---- volumes that LVM has made, but the pool has not yet ---------------- */

START_TEST(a_volume_to_be_made_is_empty)
{
	struct dw_thin_params params = thinimg_params(&bed.pool, 9, SIZE);
	struct dw_extent e;
	struct dw_dev *dev;
	uint64_t len;

	params.transaction_id = 7;
	dev = bed_open_as(&params);
	ck_assert_int_eq(dw_dev_extent(dev, 0, SIZE, &e, &bed.err), 0);
	ck_assert_int_eq(e.kind, DW_EXTENT_UNMAPPED);
	ck_assert_uint_eq(e.len, SIZE);
	dw_dev_close(dev, NULL);
	ck_assert_int_eq(dw_thin_used_len(bed.ctx, &params, &len, &bed.err), 0);
	ck_assert_uint_eq(len, 0);
}
END_TEST

START_TEST(a_snapshot_to_be_made_is_its_parent)
{
	struct dw_thin_params params = thinimg_params(&bed.pool, 9, SIZE);
	uint8_t *want = thinimg_expected(thinimg_second);
	struct dw_dev *dev;

	params.transaction_id = 7;
	params.parent_id = 2;
	dev = bed_open_as(&params);
	thinimg_reads_as(dev, want);
	dw_dev_close(dev, NULL);
	free(want);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("thin");

	tcase_add_checked_fixture(tc, thinbed_setup, thinbed_teardown);
	tcase_add_loop_test(tc, volumes_read, 0, 3);
	tcase_add_test(tc, an_external_origin_is_seen_up_to_its_end);
	tcase_add_test(tc, threads_share_a_volume);
	tcase_add_test(tc, extents_are_runs);
	tcase_add_test(tc, a_hole_in_the_data_is_mapped_zeros);
	tcase_add_test(tc, extents_tell_the_host_file);
	tcase_add_loop_test(tc, changes_below_are_told, 0, 3);
	tcase_add_test(tc, a_large_volume_is_passed_over);
	tcase_add_test(tc, used_is_what_is_mapped);
	tcase_add_test(tc, a_volume_to_be_made_is_empty);
	tcase_add_test(tc, a_snapshot_to_be_made_is_its_parent);
	return dw_test_run("thin", tc);
}
