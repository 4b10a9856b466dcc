/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changing qcow2 images in place: what is refused, what it costs, threads.
 * That the result is right is for tests/cli/qcow2-random.sh and -crash.sh. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/notes.h"
#include "dev/kinds.h"
#include "formats/format.h"
#include "formats/qcow2.h"

#define DISK_LEN 98816u		/* of all fixtures */
#define ROUNDS_NR 600

static struct dw_ctx *ctx;
static struct dw_err err;

#define ok(call) \
	do { \
		err.text[0] = '\0'; \
		ck_assert_msg(!(call), "%s", err.text); \
	} while (0)

/* A copy in memory. */
static struct dw_dev *fixture(const char *name)
{
	struct dw_dev *host, *file;
	uint8_t *buf;
	char path[256];

	snprintf(path, sizeof(path), "tests/images/%s.qcow2", name);
	ok(dw_file_open(ctx, path, 0, &host, &err));
	ok(dw_mem_new(name, host->size, &file, &err));
	buf = malloc(host->size);
	ok(dw_dev_pread(host, 0, buf, host->size, &err));
	ok(dw_dev_pwrite(file, 0, buf, host->size, &err));
	free(buf);
	dw_dev_close(host, NULL);
	return file;
}

static void put64(struct dw_dev *file, uint64_t off, uint64_t value)
{
	uint8_t buf[8];

	dw_put_be64(buf, value);
	ok(dw_dev_pwrite(file, off, buf, 8, &err));
}

static uint64_t get64(struct dw_dev *file, uint64_t off)
{
	uint8_t buf[8];

	ok(dw_dev_pread(file, off, buf, 8, &err));
	return dw_be64(buf);
}

static struct dw_dev *open_disk(struct dw_dev *file)
{
	struct dw_dev *disk;

	ok(dw_format_open(ctx, file, "qcow2", NULL, &disk, &err));
	return disk;
}

static uint8_t *bytes_of(struct dw_dev *file)
{
	uint8_t *buf = malloc(file->size);

	ok(dw_dev_pread(file, 0, buf, file->size, &err));
	return buf;
}

enum op { WRITE, ZERO, DISCARD, RESIZE };

static int do_op(struct dw_dev *disk, enum op op, uint64_t off, uint64_t len)
{
	uint8_t *buf;
	int rc;

	switch (op) {
	case WRITE:
		buf = malloc(len);
		memset(buf, 0xa5, len);
		rc = dw_dev_pwrite(disk, off, buf, len, &err);
		free(buf);
		return rc;
	case ZERO:
		return dw_dev_zero(disk, off, len, &err);
	case DISCARD:
		return dw_dev_discard(disk, off, len, &err);
	default:
		return dw_dev_resize(disk, off, &err);
	}
}

/*
 * good-v3, with clusters of 1 KiB: refcount table at 0x400, refcounts (two
 * bytes each) at 0x800, L1 at 0xc00, L2 at 0x1000, data from 0x1400 on for
 * the disk's first 20 clusters, nothing for the next 12.
 */
#define OWN DW_QCOW2_COPIED
static const struct damage {
	const char *what;
	uint64_t off, value;
	unsigned len;
	enum op op;
	uint64_t at;
} damages[] = {
	{ "data at the refcount table", 0x1000, OWN | 0x400, 8, WRITE, 0 },
	{ "data at a refcount block", 0x1000, OWN | 0x800, 8, WRITE, 0 },
	{ "data at L1", 0x1000, OWN | 0xc00, 8, WRITE, 0 },
	{ "data at L2", 0x1000, OWN | 0x1000, 8, WRITE, 0 },
	{ "shared data at L1", 0x1000, 0xc00, 8, WRITE, 0 },
	{ "zeros for data at L1", 0x1000, OWN | 0xc00, 8, ZERO, 0 },
	{ "discarded data at L1", 0x1000, OWN | 0xc00, 8, DISCARD, 0 },
	{ "zero cluster at L1", 0x1000, OWN | 0xc01, 8, WRITE, 0 },
	{ "packed data at the header", 0x1000, DW_QCOW2_COMPRESSED, 8, WRITE,
	  0 },
	{ "unaligned data", 0x1000, OWN | 0x1600, 8, WRITE, 0 },
	{ "data past the end", 0x1000, OWN | 0x4000000, 8, WRITE, 0 },
	{ "refcount 0 of data", 0x80a, 0, 2, WRITE, 0 },
	{ "refcount 2 of owned data", 0x80a, 2, 2, WRITE, 0 },
	{ "refcount 0 of discarded data", 0x80a, 0, 2, DISCARD, 0 },
	{ "refcount 0 of zeroed data", 0x80a, 0, 2, ZERO, 0 },
	{ "refcount 0 of L2", 0x808, 0, 2, WRITE, 0x5000 },
	{ "refcount 2 of owned L2", 0x808, 2, 2, WRITE, 0x5000 },
	{ "refcount 0 of L1", 0x806, 0, 2, WRITE, 0x5000 },
	{ "refcount 0 of a refcount block", 0x804, 0, 2, WRITE, 0x5000 },
	{ "refcount 0 of the refcount table", 0x802, 0, 2, WRITE, 0x5000 },
	{ "refcount 0 of the header", 0x800, 0, 2, WRITE, 0x5000 },
	{ "L2 at the refcount table", 0xc00, OWN | 0x400, 8, WRITE, 0x5000 },
	{ "L2 at L1", 0xc00, OWN | 0xc00, 8, WRITE, 0x5000 },
	{ "L2 unaligned", 0xc00, OWN | 0x1200, 8, WRITE, 0x5000 },
	{ "L2 past the end", 0xc00, OWN | 0x4000000, 8, WRITE, 0x5000 },
	{ "refcount block at L1", 0x400, 0xc00, 8, WRITE, 0 },
	{ "refcount block unaligned", 0x400, 0xa00, 8, WRITE, 0 },
	{ "refcount block past the end", 0x400, 0x4000000, 8, WRITE, 0 },
	{ "two refcount blocks in one", 0x408, 0x800, 8, WRITE, 0 },
	{ "no refcount block", 0x400, 0, 8, WRITE, 0x5000 },
	{ "L1 at the refcount table", 40, 0x400, 8, RESIZE, 1 << 24 },
};
#define DAMAGES_NR ((int)(sizeof(damages) / sizeof(*damages)))

START_TEST(damage_is_an_error_and_grows_no_worse)
{
	const struct damage *d = &damages[_i];
	struct dw_dev *file = fixture("good-v3"), *disk;
	uint8_t value[8], *before, *after;
	uint64_t size;

	dw_put_be64(value, d->value);
	ok(dw_dev_pwrite(file, d->off, value + 8 - d->len, d->len, &err));
	before = bytes_of(file);
	size = file->size;
	disk = open_disk(file);
	ck_assert_msg(do_op(disk, d->op, d->at, 1024) == DW_CORRUPT, "%s: %s",
		      d->what, err.text);
	dw_dev_close(disk, NULL);
	after = bytes_of(file);
	ck_assert_msg(file->size == size && !memcmp(before, after, size),
		      "%s: the file has changed", d->what);
	free(before);
	free(after);
	dw_dev_close(file, NULL);
}
END_TEST

/* What snapshots need is as much out of bounds as what is in use now. */
START_TEST(snapshots_are_not_overwritten)
{
	struct dw_dev *file = fixture("good-snapshot"), *disk;
	uint64_t table = get64(file, 64), l1 = get64(file, 40);
	uint64_t l2 = get64(file, l1) & DW_QCOW2_OFF_MASK;
	uint64_t target = _i ? table : get64(file, table);

	put64(file, l2, OWN | target);
	disk = open_disk(file);
	ck_assert_int_eq(do_op(disk, WRITE, 0, 512), DW_CORRUPT);
	dw_dev_close(disk, NULL);
	dw_dev_close(file, NULL);
}
END_TEST

START_TEST(a_corrupt_image_is_only_read)
{
	struct dw_dev *file = fixture("good-corrupt-bit"), *disk, *below;
	uint8_t byte;

	ck_assert_int_eq(dw_format_open(ctx, file, NULL, NULL, &disk, &err),
			 DW_CORRUPT);
	ck_assert_ptr_nonnull(strstr(err.text, "marked as corrupt"));
	dw_dev_close(file, NULL);
	ok(dw_file_open(ctx, "tests/images/good-corrupt-bit.qcow2", 0, &below,
			&err));
	disk = open_disk(below);
	ok(dw_dev_pread(disk, 0, &byte, 1, &err));
	ck_assert_int_eq(dw_dev_pwrite(disk, 0, &byte, 1, &err), DW_READONLY);
	dw_dev_close(disk, NULL);
	dw_dev_close(below, NULL);
}
END_TEST

/* Opening for writing writes nothing yet; the first write clears what it makes
 * wrong, and that is durable before anything else is written. */
START_TEST(autoclear_bits_go_with_the_first_write)
{
	struct dw_dev *file = fixture("good-v3"), *disk, *faulty;
	struct dw_fault fault = { .fail_write_at = 2, .sticky = true };

	put64(file, 88, UINT64_C(0x8000000000000003));
	disk = open_disk(file);
	dw_dev_close(disk, NULL);
	ck_assert_uint_eq(get64(file, 88), UINT64_C(0x8000000000000003));
	ok(dw_fault_new(file, &fault, &faulty, &err));
	disk = open_disk(faulty);
	ck_assert_int_eq(do_op(disk, WRITE, 0, 512), DW_IO);
	ck_assert_uint_eq(fault.flushes_nr, 1);
	dw_dev_close(disk, NULL);
	dw_dev_close(faulty, NULL);
	/* Bit 1 speaks of an external file, and there is none. */
	ck_assert_uint_eq(get64(file, 88), 0);
	dw_dev_close(file, NULL);
}
END_TEST

/* "The data file is the disk" is not believed of the image itself. */
START_TEST(raw_external_data_needs_a_file)
{
	struct dw_dev *file = fixture("good-v3"), *disk;
	uint8_t *before = bytes_of(file), *after;

	put64(file, 88, DW_QCOW2_AUTOCLEAR_RAW_EXTERNAL);
	disk = open_disk(file);
	ok(do_op(disk, ZERO, 0, 1024));
	ok(do_op(disk, DISCARD, 0, 1024));
	ok(dw_dev_close(disk, &err));
	after = bytes_of(file);
	ck_assert(!memcmp(before, after, 1024));
	free(before);
	free(after);
	dw_dev_close(file, NULL);
}
END_TEST

START_TEST(lazy_refcounts_need_the_dirty_bit)
{
	struct dw_dev *file = fixture("good-v3"), *disk;

	put64(file, 80, DW_QCOW2_COMPAT_LAZY_REFCOUNTS);
	disk = open_disk(file);
	ok(do_op(disk, WRITE, 0, 512));
	ck_assert_uint_eq(get64(file, 72), 0);
	ok(do_op(disk, WRITE, 0x5000, 512));
	ck_assert_uint_eq(get64(file, 72), DW_QCOW2_INCOMPAT_DIRTY);
	ok(dw_dev_flush(disk, &err));
	ck_assert_uint_eq(get64(file, 72), DW_QCOW2_INCOMPAT_DIRTY);
	ok(dw_dev_close(disk, &err));
	ck_assert_uint_eq(get64(file, 72), 0);
	dw_dev_close(file, NULL);
}
END_TEST

START_TEST(sizes_that_are_refused)
{
	struct dw_dev *file = fixture("good-v3"), *disk = open_disk(file);

	ck_assert_int_eq(dw_dev_resize(disk, 512, &err), DW_UNSUPPORTED);
	ck_assert_int_eq(dw_dev_resize(disk, DISK_LEN + 1, &err), DW_USAGE);
	ck_assert_int_eq(dw_dev_resize(disk, UINT64_C(1) << 62, &err),
			 DW_LIMIT);
	ck_assert_uint_eq(disk->size, DISK_LEN);
	ok(dw_dev_close(disk, &err));
	dw_dev_close(file, NULL);
}
END_TEST

/* A thousand small writes all over the disk are not a thousand flushes. */
START_TEST(flushes_are_few)
{
	struct dw_dev *file = fixture("good-v3"), *disk, *faulty;
	struct dw_fault fault = { 0 };
	unsigned seed = 1, i;

	ok(dw_fault_new(file, &fault, &faulty, &err));
	disk = open_disk(faulty);
	ok(dw_dev_resize(disk, 32 << 20, &err));
	fault.flushes_nr = 0;
	for (i = 0; i < 1000; i++)
		ok(do_op(disk, WRITE, (uint64_t)rand_r(&seed) % 65536 * 512,
			 512));
	ck_assert_uint_le(fault.flushes_nr, 8);
	ok(dw_dev_flush(disk, &err));
	ck_assert_uint_le(fault.flushes_nr, 13);
	fault.flushes_nr = 0;
	ok(do_op(disk, WRITE, 0, 512));
	ok(dw_dev_flush(disk, &err));
	ck_assert_uint_eq(fault.flushes_nr, 1);
	ok(dw_dev_close(disk, &err));
	dw_dev_close(faulty, NULL);
	dw_dev_close(file, NULL);
}
END_TEST

/* A device that cannot grow, as a host's block device. */
struct fixed_dev {
	struct dw_dev dev;
	struct dw_dev *below;
};

static int fixed_pread(struct dw_dev *dev, uint64_t off, void *buf, size_t len,
		       struct dw_err *e)
{
	return dw_dev_pread(((struct fixed_dev *)dev)->below, off, buf, len,
			    e);
}

static int fixed_pwrite(struct dw_dev *dev, uint64_t off, const void *buf,
			size_t len, struct dw_err *e)
{
	return dw_dev_pwrite(((struct fixed_dev *)dev)->below, off, buf, len,
			     e);
}

static int fixed_resize(struct dw_dev *dev, uint64_t size, struct dw_err *e)
{
	return size > dev->size ? dw_fail(e, DW_NOSPACE, "full") : 0;
}

static const struct dw_dev_driver fixed_driver = {
	.kind = "fixed device",
	.pread = fixed_pread,
	.pwrite = fixed_pwrite,
	.resize = fixed_resize,
};

/* A full device says so; what is given up is there again. */
START_TEST(a_full_device_makes_room_again)
{
	struct dw_dev *file = fixture("good-v3"), *disk;
	struct fixed_dev *fixed = calloc(1, sizeof(*fixed));
	uint8_t buf[512];

	/* Ten clusters more. */
	ok(dw_dev_resize(file, file->size + 10 * 1024, &err));
	ok(dw_dev_init(&fixed->dev, &fixed_driver, "fixed", file->size, 512,
		       false, &err));
	fixed->below = file;
	disk = open_disk(&fixed->dev);
	ok(do_op(disk, WRITE, 0x5000, 10 * 1024));
	ck_assert_int_eq(do_op(disk, WRITE, 0x7800, 1024), DW_NOSPACE);
	ok(do_op(disk, DISCARD, 0, 2 * 1024));
	ok(do_op(disk, WRITE, 0x7800, 1024));
	ok(do_op(disk, WRITE, 0x7c00, 512));
	ok(dw_dev_pread(disk, 0x7c00, buf, 512, &err));
	ck_assert_uint_eq(buf[511], 0xa5);
	ck_assert_int_eq(do_op(disk, WRITE, 0, 1024), DW_NOSPACE);
	ok(dw_dev_close(disk, &err));
	dw_dev_close(&fixed->dev, NULL);
	dw_dev_close(file, NULL);
}
END_TEST

/* Threads that write sectors of the same clusters, and read theirs again. */
#define THREADS_NR 4u
#define SECTORS_NR 4096u

struct job {
	struct dw_dev *disk;
	unsigned nr;
	bool failed;
};

static void *scribble(void *arg)
{
	struct job *job = arg;
	uint8_t buf[512], got[512];
	unsigned seed = job->nr, i;
	uint64_t off;

	for (i = 0; i < 3000; i++) {
		off = ((uint64_t)rand_r(&seed) % SECTORS_NR / THREADS_NR *
		       THREADS_NR + job->nr) * 512;
		memset(buf, (int)(i * THREADS_NR + job->nr), sizeof(buf));
		if (i % 8)
			job->failed |= !!dw_dev_pwrite(job->disk, off, buf,
						       512, NULL);
		else
			job->failed |= !!dw_dev_zero(job->disk, off, 512,
						     NULL);
		if (!(i % 8))
			memset(buf, 0, sizeof(buf));
		job->failed |= !!dw_dev_pread(job->disk, off, got, 512, NULL);
		job->failed |= !!memcmp(buf, got, 512);
		if (i % 200 == 7)
			job->failed |= !!dw_dev_flush(job->disk, NULL);
	}
	return NULL;
}

START_TEST(threads_do_not_meet)
{
	static const char *const names[] = { "good-snapshot", "good-extl2",
					     "good-zlib" };
	struct dw_dev *file = fixture(names[_i]), *disk = open_disk(file);
	struct dw_image_check check = { 0 };
	struct job jobs[THREADS_NR];
	pthread_t threads[THREADS_NR];
	unsigned i;

	ok(dw_dev_resize(disk, SECTORS_NR * 512, &err));
	for (i = 0; i < THREADS_NR; i++) {
		jobs[i] = (struct job){ .disk = disk, .nr = i };
		pthread_create(&threads[i], NULL, scribble, &jobs[i]);
	}
	for (i = 0; i < THREADS_NR; i++) {
		pthread_join(threads[i], NULL);
		ck_assert(!jobs[i].failed);
	}
	ok(dw_dev_close(disk, &err));
	ok(dw_qcow2_format.check(ctx, file, false, &check, &err));
	ck_assert_uint_eq(check.corruptions_nr + check.leaks_nr, 0);
	dw_notes_free(&check.notes);
	dw_dev_close(file, NULL);
}
END_TEST

/* Any wrong byte in the tables: an error or a change, never a crash. */
START_TEST(mutations_never_crash)
{
	static const char *const names[] = {
		"good-v2", "good-v2-zlib", "good-zstd", "good-zero",
		"good-extl2", "good-snapshot", "good-dirty",
	};
	struct dw_dev *good, *file, *disk;
	unsigned seed = (unsigned)_i + 1, n, k;
	char path[256];
	uint64_t off;
	uint8_t b;

	snprintf(path, sizeof(path), "tests/images/%s.qcow2", names[_i]);
	ok(dw_file_open(ctx, path, 0, &good, &err));
	for (n = 0; n < ROUNDS_NR; n++) {
		ok(dw_overlay_new(good, 512, 16 << 20, &file, &err));
		for (k = 0; k <= n % 3; k++) {
			off = (uint64_t)rand_r(&seed) %
			      (n % 2 ? 8192 : 128);
			b = (uint8_t)(1u << rand_r(&seed) % 8);
			ok(dw_dev_pwrite(file, off, &b, 1, &err));
		}
		disk = NULL;
		dw_format_open(ctx, file, "qcow2", NULL, &disk, &err);
		for (k = 0; disk && k < 12 && disk->size; k++) {
			off = (uint64_t)rand_r(&seed) % disk->size;
			do_op(disk, (enum op)(rand_r(&seed) % 3), off,
			      dw_min(5000, disk->size - off));
		}
		if (disk && !(n % 5))
			dw_dev_resize(disk, disk->size + 51200, &err);
		dw_dev_close(disk, NULL);
		dw_dev_close(file, NULL);
	}
	dw_dev_close(good, NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("qcow2 rw");
	TCase *t = tcase_create("rw");
	SRunner *runner;
	int failed_nr;

	dw_ctx_new(&ctx, NULL);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, damage_is_an_error_and_grows_no_worse, 0,
			    DAMAGES_NR);
	tcase_add_loop_test(t, snapshots_are_not_overwritten, 0, 2);
	tcase_add_test(t, a_corrupt_image_is_only_read);
	tcase_add_test(t, autoclear_bits_go_with_the_first_write);
	tcase_add_test(t, raw_external_data_needs_a_file);
	tcase_add_test(t, lazy_refcounts_need_the_dirty_bit);
	tcase_add_test(t, sizes_that_are_refused);
	tcase_add_test(t, flushes_are_few);
	tcase_add_test(t, a_full_device_makes_room_again);
	tcase_add_loop_test(t, threads_do_not_meet, 0, 3);
	tcase_add_loop_test(t, mutations_never_crash, 0, 7);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed_nr = srunner_ntests_failed(runner);
	srunner_free(runner);
	dw_ctx_free(ctx);
	return failed_nr ? 1 : 0;
}
