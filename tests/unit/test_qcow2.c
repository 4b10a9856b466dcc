/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qcow2: reading the fixtures, refusing them, extents, header round trip. */
#include <check.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dev/kinds.h"
#include "formats/format.h"
#include "formats/qcow2.h"
#include "lib/images.h"
#include "lib/run.h"

static struct dw_ctx *ctx;
static struct dw_err err;

static const char *const good[] = {
	"good-v2.qcow2", "good-v3.qcow2", "good-v2-zlib.qcow2",
	"good-zlib.qcow2", "good-zstd.qcow2", "good-zero.qcow2",
	"good-extl2.qcow2", "good-snapshot.qcow2", "good-dirty.qcow2",
	"good-corrupt-bit.qcow2",
};

#define GOOD_NR ((int)(sizeof(good) / sizeof(*good)))

START_TEST(good_images_read_whole)
{
	uint8_t *want = pattern(), *got = malloc(PATTERN_LEN);
	struct dw_dev *dev;
	int rc;

	rc = open_disk(ctx, good[_i], &dev, &err);
	ck_assert_msg(!rc, "%s: %s", good[_i], err.text);
	ck_assert_uint_eq(dev->size, PATTERN_LEN);
	rc = dw_dev_pread(dev, 0, got, PATTERN_LEN, &err);
	ck_assert_msg(!rc, "%s: %s", good[_i], err.text);
	ck_assert_mem_eq(got, want, PATTERN_LEN);
	dw_dev_close(dev, NULL);
	free(got);
	free(want);
}
END_TEST

START_TEST(good_images_read_in_pieces)
{
	uint8_t *want = pattern(), got[5000];
	unsigned seed = 1, n;
	struct dw_dev *dev;
	size_t off, len;

	ck_assert_int_eq(open_disk(ctx, good[_i], &dev, &err), 0);
	for (n = 0; n < 2000; n++) {
		off = (size_t)rand_r(&seed) % PATTERN_LEN;
		len = (size_t)rand_r(&seed) % sizeof(got) + 1;
		if (len > PATTERN_LEN - off)
			len = PATTERN_LEN - off;
		ck_assert_int_eq(dw_dev_pread(dev, off, got, len, &err), 0);
		ck_assert_mem_eq(got, want + off, len);
	}
	dw_dev_close(dev, NULL);
	free(want);
}
END_TEST

/* What an extent says is so: zeros are zeros, plain bytes are in the file. */
START_TEST(extents_agree_with_reads)
{
	uint8_t *want = pattern(), *plain = malloc(PATTERN_LEN);
	struct dw_extent e;
	struct dw_dev *dev;
	uint64_t off, i;

	ck_assert_int_eq(open_disk(ctx, good[_i], &dev, &err), 0);
	for (off = 0; off < PATTERN_LEN; off += e.len) {
		ck_assert_int_eq(dw_dev_extent(dev, off, PATTERN_LEN - off, &e,
					       &err), 0);
		ck_assert_uint_eq(e.off, off);
		ck_assert_uint_gt(e.len, 0);
		ck_assert_uint_le(e.len, PATTERN_LEN - off);
		if (e.kind == DW_EXTENT_ZERO || e.kind == DW_EXTENT_UNMAPPED)
			for (i = off; i < off + e.len; i++)
				ck_assert_uint_eq(want[i], 0);
		if (e.kind != DW_EXTENT_DATA)
			continue;
		ck_assert_int_ge(e.host_fd, 0);
		ck_assert_int_eq(pread(e.host_fd, plain, e.len,
				       (off_t)e.host_off), (ssize_t)e.len);
		ck_assert_mem_eq(plain, want + off, e.len);
	}
	dw_dev_close(dev, NULL);
	free(plain);
	free(want);
}
END_TEST

struct reader {
	pthread_t thread;
	struct dw_dev *dev;
	const uint8_t *want;
	unsigned seed;
	bool differs;
};

static void *read_much(void *arg)
{
	struct reader *r = arg;
	uint8_t got[3000];
	unsigned n;
	size_t off;

	for (n = 0; n < 2000; n++) {
		off = (size_t)rand_r(&r->seed) % (PATTERN_LEN - sizeof(got));
		if (dw_dev_pread(r->dev, off, got, sizeof(got), NULL) ||
		    memcmp(got, r->want + off, sizeof(got)))
			r->differs = true;
	}
	return NULL;
}

START_TEST(threads_read_at_once)
{
	struct reader readers[4];
	uint8_t *want = pattern();
	struct dw_dev *dev;
	unsigned i;

	ck_assert_int_eq(open_disk(ctx, good[_i], &dev, &err), 0);
	for (i = 0; i < 4; i++) {
		readers[i] = (struct reader){
			.dev = dev, .want = want, .seed = i,
		};
		pthread_create(&readers[i].thread, NULL, read_much,
			       &readers[i]);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(readers[i].thread, NULL);
		ck_assert(!readers[i].differs);
	}
	dw_dev_close(dev, NULL);
	free(want);
}
END_TEST

static const struct {
	const char *name;
	int code;
	const char *text;	/* part of the one line */
} refused[] = {
	{ "unsupported-backing.qcow2", DW_DENIED, "\"/etc/passwd\"" },
	{ "unsupported-data-file.qcow2", DW_DENIED, "\"other.raw\"" },
	{ "unsupported-aes.qcow2", DW_UNSUPPORTED, "AES" },
	{ "unsupported-luks.qcow2", DW_UNSUPPORTED, "LUKS" },
	{ "unsupported-version.qcow2", DW_UNSUPPORTED, "version 4" },
	{ "unsupported-feature.qcow2", DW_UNSUPPORTED, "\"time travel\" (bit 40)" },
	{ "bad-cluster-bits.qcow2", DW_CORRUPT, "2^40" },
	{ "bad-size.qcow2", DW_CORRUPT, "9223372036854775808" },
	{ "bad-l1-huge.qcow2", DW_CORRUPT, "2147483647 entries" },
	{ "bad-l1-short.qcow2", DW_CORRUPT, "1 entries is too short" },
	{ "bad-l1-past-end.qcow2", DW_CORRUPT, "16777216" },
	{ "bad-l1-unaligned.qcow2", DW_CORRUPT, "520 is not aligned" },
	{ "bad-reftable-past-end.qcow2", DW_CORRUPT, "16777216" },
	{ "bad-reftable-none.qcow2", DW_CORRUPT, "0 clusters" },
	{ "bad-snapshots-huge.qcow2", DW_CORRUPT, "4294967295 snapshots" },
	{ "bad-refcount-order.qcow2", DW_CORRUPT, "order 7" },
	{ "bad-header-length.qcow2", DW_CORRUPT, "105 bytes" },
	{ "bad-ext-length.qcow2", DW_CORRUPT, "4294967040 bytes" },
	{ "bad-truncated-header.qcow2", DW_CORRUPT, "ends at byte 100" },
	{ "bad-l2-past-end.qcow2", DW_CORRUPT, "16777216" },
	{ "bad-l2-unaligned.qcow2", DW_CORRUPT, "8704" },
	{ "bad-cluster-past-end.qcow2", DW_CORRUPT, "16777216" },
	{ "bad-cluster-unaligned.qcow2", DW_CORRUPT, "8704, not aligned" },
	{ "bad-compressed-past-end.qcow2", DW_CORRUPT, "16777216" },
	{ "bad-compressed-garbage.qcow2", DW_CORRUPT, "deflate" },
	{ "bad-subcluster.qcow2", DW_CORRUPT, "subcluster 0" },
	{ "bad-truncated.qcow2", DW_CORRUPT, "end of the file at 8704" },
	{ "bad-zero-in-v2.qcow2", DW_CORRUPT, "version 2" },
};

#define REFUSED_NR ((int)(sizeof(refused) / sizeof(*refused)))

START_TEST(bad_images_are_refused_in_one_line)
{
	is_refused(ctx, refused[_i].name, refused[_i].code, refused[_i].text);
}
END_TEST

START_TEST(header_round_trip)
{
	struct dw_qcow2_header h = {
		.version = 3, .backing_off = 0x1122334455667788,
		.backing_len = 0x99aabbcc, .cluster_bits = 0x01020304,
		.size = 0x05060708090a0b0c, .crypt_method = 0x0d0e0f10,
		.l1_nr = 0x11121314, .l1_off = 0x15161718191a1b1c,
		.reftable_off = 0x1d1e1f2021222324,
		.reftable_clusters_nr = 0x25262728, .snapshots_nr = 0x292a2b2c,
		.snapshots_off = 0x2d2e2f3031323334,
		.incompat = 0x35363738393a3b3c, .compat = 0x3d3e3f4041424344,
		.autoclear = 0x45464748494a4b4c, .refcount_order = 0x4d4e4f50,
		.header_len = 0x51525354, .compression = 0x55,
	}, back;
	uint8_t buf[DW_QCOW2_HEADER_LEN];

	dw_qcow2_encode(&h, buf);
	ck_assert_int_eq(dw_qcow2_decode(buf, sizeof(buf), &back, &err), 0);
	ck_assert_mem_eq(&h.backing_off, &back.backing_off,
			 offsetof(struct dw_qcow2_header, compression) -
			 offsetof(struct dw_qcow2_header, backing_off));
	ck_assert_uint_eq(back.version, 3);
	ck_assert_uint_eq(back.compression, 0x55);
}
END_TEST

START_TEST(probing_takes_the_magic_number_only)
{
	const struct dw_format_driver *driver;
	struct dw_dev *file, *dev;

	ck_assert_int_eq(dw_mem_new("m", 3, &file, &err), 0);
	ck_assert_int_eq(dw_format_open(ctx, file, NULL, &driver, &dev, &err),
			 0);
	ck_assert_ptr_eq(driver, &dw_raw_format);
	dw_dev_close(dev, NULL);
	ck_assert_int_eq(dw_dev_resize(file, 65536, &err), 0);
	ck_assert_int_eq(dw_dev_pwrite(file, 0, "QFI\xfb\0\0\0\1", 8, &err),
			 0);
	ck_assert_int_eq(dw_format_open(ctx, file, NULL, NULL, &dev, &err),
			 DW_UNSUPPORTED);
	/* Named raw, it stays a raw disk, whatever its bytes are. */
	ck_assert_int_eq(dw_format_open(ctx, file, "raw", NULL, &dev, &err), 0);
	ck_assert_uint_eq(dev->size, 65536);
	dw_dev_close(dev, NULL);
	ck_assert_int_eq(dw_format_open(ctx, file, "qcow1", NULL, &dev, &err),
			 DW_USAGE);
	dw_dev_close(file, NULL);
}
END_TEST

START_TEST(suffixes_choose_the_format)
{
	ck_assert_ptr_eq(dw_format_by_suffix("a/b.qcow2"), &dw_qcow2_format);
	ck_assert_ptr_eq(dw_format_by_suffix("B.QCOW2"), &dw_qcow2_format);
	ck_assert_ptr_eq(dw_format_by_suffix("b.img"), &dw_raw_format);
	ck_assert_ptr_eq(dw_format_by_suffix(".qcow2"), &dw_raw_format);
	ck_assert_ptr_null(dw_format_by_name("qcow1"));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("qcow2");
	int failed_nr;

	dw_ctx_new(&ctx, NULL);
	tcase_add_loop_test(t, good_images_read_whole, 0, GOOD_NR);
	tcase_add_loop_test(t, good_images_read_in_pieces, 0, GOOD_NR);
	tcase_add_loop_test(t, extents_agree_with_reads, 0, GOOD_NR);
	tcase_add_loop_test(t, threads_read_at_once, 0, GOOD_NR);
	tcase_add_loop_test(t, bad_images_are_refused_in_one_line, 0,
			    REFUSED_NR);
	tcase_add_test(t, header_round_trip);
	tcase_add_test(t, probing_takes_the_magic_number_only);
	tcase_add_test(t, suffixes_choose_the_format);
	failed_nr = dw_test_run("qcow2", t);
	dw_ctx_free(ctx);
	return failed_nr;
}
