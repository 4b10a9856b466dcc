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
#include "lib/run.h"

#define GOOD_LEN 98816u

static struct dw_ctx *ctx;
static struct dw_err err;

static int open_fixture(const char *name, struct dw_dev **out)
{
	struct dw_dev *file = NULL;
	char path[256];
	int rc;

	snprintf(path, sizeof(path), "tests/images/%s.qcow2", name);
	*out = NULL;
	rc = dw_file_open(ctx, path, 0, &file, &err);
	ck_assert_msg(!rc, "%s", err.text);
	rc = dw_format_open(ctx, file, NULL, NULL, out, &err);
	dw_dev_close(file, NULL);
	return rc;
}

/* What make-formats.sh calls pattern(). */
static uint8_t *pattern(void)
{
	uint8_t *p = calloc(1, GOOD_LEN + 64), *end = p;
	unsigned i;

	for (i = 1; end < p + 20000; i++)
		end += sprintf((char *)end, "%u\n", i);
	memset(p + 20000, 0, 64);
	for (i = 32768; i < 40960; i++)
		p[i] = "abcdefg\n"[i % 8];
	for (i = 20000, end = p + 98304; end < p + GOOD_LEN; i++)
		end += sprintf((char *)end, "%u\n", i);
	return p;
}

static const char *const good[] = {
	"good-v2", "good-v3", "good-v2-zlib", "good-zlib", "good-zstd",
	"good-zero", "good-extl2", "good-snapshot", "good-dirty",
	"good-corrupt-bit",
};

#define GOOD_NR ((int)(sizeof(good) / sizeof(*good)))

START_TEST(good_images_read_whole)
{
	uint8_t *want = pattern(), *got = malloc(GOOD_LEN);
	struct dw_dev *dev;
	int rc;

	rc = open_fixture(good[_i], &dev);
	ck_assert_msg(!rc, "%s: %s", good[_i], err.text);
	ck_assert_uint_eq(dev->size, GOOD_LEN);
	rc = dw_dev_pread(dev, 0, got, GOOD_LEN, &err);
	ck_assert_msg(!rc, "%s: %s", good[_i], err.text);
	ck_assert_mem_eq(got, want, GOOD_LEN);
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

	ck_assert_int_eq(open_fixture(good[_i], &dev), 0);
	for (n = 0; n < 2000; n++) {
		off = (size_t)rand_r(&seed) % GOOD_LEN;
		len = (size_t)rand_r(&seed) % sizeof(got) + 1;
		if (len > GOOD_LEN - off)
			len = GOOD_LEN - off;
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
	uint8_t *want = pattern(), *plain = malloc(GOOD_LEN);
	struct dw_extent e;
	struct dw_dev *dev;
	uint64_t off, i;

	ck_assert_int_eq(open_fixture(good[_i], &dev), 0);
	for (off = 0; off < GOOD_LEN; off += e.len) {
		ck_assert_int_eq(dw_dev_extent(dev, off, GOOD_LEN - off, &e,
					       &err), 0);
		ck_assert_uint_eq(e.off, off);
		ck_assert_uint_gt(e.len, 0);
		ck_assert_uint_le(e.len, GOOD_LEN - off);
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
		off = (size_t)rand_r(&r->seed) % (GOOD_LEN - sizeof(got));
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

	ck_assert_int_eq(open_fixture(good[_i], &dev), 0);
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
	{ "unsupported-backing", DW_DENIED, "\"/etc/passwd\"" },
	{ "unsupported-data-file", DW_DENIED, "\"other.raw\"" },
	{ "unsupported-aes", DW_UNSUPPORTED, "AES" },
	{ "unsupported-luks", DW_UNSUPPORTED, "LUKS" },
	{ "unsupported-version", DW_UNSUPPORTED, "version 4" },
	{ "unsupported-feature", DW_UNSUPPORTED, "\"time travel\" (bit 40)" },
	{ "bad-cluster-bits", DW_CORRUPT, "2^40" },
	{ "bad-size", DW_CORRUPT, "9223372036854775808" },
	{ "bad-l1-huge", DW_CORRUPT, "2147483647 entries" },
	{ "bad-l1-short", DW_CORRUPT, "1 entries is too short" },
	{ "bad-l1-past-end", DW_CORRUPT, "16777216" },
	{ "bad-l1-unaligned", DW_CORRUPT, "520 is not aligned" },
	{ "bad-reftable-past-end", DW_CORRUPT, "16777216" },
	{ "bad-reftable-none", DW_CORRUPT, "0 clusters" },
	{ "bad-snapshots-huge", DW_CORRUPT, "4294967295 snapshots" },
	{ "bad-refcount-order", DW_CORRUPT, "order 7" },
	{ "bad-header-length", DW_CORRUPT, "105 bytes" },
	{ "bad-ext-length", DW_CORRUPT, "4294967040 bytes" },
	{ "bad-truncated-header", DW_CORRUPT, "ends at byte 100" },
	{ "bad-l2-past-end", DW_CORRUPT, "16777216" },
	{ "bad-l2-unaligned", DW_CORRUPT, "8704" },
	{ "bad-cluster-past-end", DW_CORRUPT, "16777216" },
	{ "bad-cluster-unaligned", DW_CORRUPT, "8704, not aligned" },
	{ "bad-compressed-past-end", DW_CORRUPT, "16777216" },
	{ "bad-compressed-garbage", DW_CORRUPT, "deflate" },
	{ "bad-subcluster", DW_CORRUPT, "subcluster 0" },
	{ "bad-truncated", DW_CORRUPT, "end of the file at 8704" },
	{ "bad-zero-in-v2", DW_CORRUPT, "version 2" },
};

#define REFUSED_NR ((int)(sizeof(refused) / sizeof(*refused)))

START_TEST(bad_images_are_refused_in_one_line)
{
	uint8_t *buf = malloc(GOOD_LEN);
	struct dw_dev *dev;
	int rc;

	rc = open_fixture(refused[_i].name, &dev);
	/* Tables are looked at when they are needed. */
	if (!rc)
		rc = dw_dev_pread(dev, 0, buf, dev->size, &err);
	ck_assert_msg(rc == refused[_i].code, "%s: %d", refused[_i].name, rc);
	ck_assert_int_eq(err.code, rc);
	ck_assert_msg(strstr(err.text, refused[_i].text), "%s: %s",
		      refused[_i].name, err.text);
	ck_assert_ptr_null(strchr(err.text, '\n'));
	dw_dev_close(dev, NULL);
	free(buf);
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
