/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Physical volumes and texts with wrong bytes: refused or read, never a crash,
 * a hang or memory without bound.  Worth most under AddressSanitizer. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "lib/lvmimg.h"
#include "lib/run.h"

#define NR(a) (sizeof(a) / sizeof((a)[0]))
#define ROUNDS_NR 400

static struct dw_ctx *ctx;
static struct dw_err err;

static void setup(void)
{
	ck_assert_int_eq(dw_ctx_new(&ctx, &err), 0);
	dw_ctx_set_memory_cap(ctx, 16 << 20);
}

static void teardown(void)
{
	dw_ctx_free(ctx);
}

static unsigned choose(unsigned *seed, size_t nr)
{
	return (unsigned)rand_r(seed) % (unsigned)nr;
}

/* ---- changes --------------------------------------------------------------- */

static const uint64_t numbers[] = {
	0, 1, 2, 511, 512, 513, 4096, 61440, LVMIMG_SIZE, INT32_MAX,
	UINT32_MAX, UINT32_MAX + UINT64_C(1), INT64_MAX, UINT64_MAX,
	UINT64_MAX - 511,
};

/* In the label, or in the header of the metadata area. */
static void change_device(struct dw_dev *dev, unsigned *seed)
{
	uint64_t off = choose(seed, 3) ? 512 + choose(seed, 200) :
		       LVMIMG_MDA_OFF + choose(seed, 90);

	switch (choose(seed, 3)) {
	case 0:
		lvmimg_put(dev, off, 1, choose(seed, 256));
		break;
	case 1:
		lvmimg_put(dev, off & ~7u, 8, numbers[choose(seed,
							     NR(numbers))]);
		break;
	default:
		lvmimg_put(dev, off & ~3u, 4, numbers[choose(seed,
							     NR(numbers))]);
	}
}

static const char *const words[] = {
	"{", "}", "[", "]", "=", ",", "\"", "\\\"", "#", "\n", "0", "-1",
	"4294967295", "18446744073709551615", "99999999999999999999", "1.5",
	"\"lin\"", "\"pv0\"", "\"th1\"", "\"tp\"", "\"snap\"", "\"org\"",
	"\"striped\"", "\"mirror\"", "\"raid1\"", "\"raid5_ls\"", "\"thin\"",
	"\"thin-pool\"", "\"cache\"", "\"cache-pool\"", "\"snapshot\"",
	"\"error\"", "\"zero\"", "\"raid1+RESHAPE\"", "origin", "stripes",
	"stripe_count", "segment1", "type", "\001", "\377",
};

static size_t word_len(const char *at)
{
	size_t len = strcspn(at, " \t\n=,#");

	return len ? len : 1;
}

/* A word becomes another one, or one of the text's own; or it goes. */
static char *change_text(char *text, unsigned *seed)
{
	size_t len = strlen(text);
	char *at = text + choose(seed, len);
	const char *to = words[choose(seed, NR(words))];
	size_t old_len, to_len = strlen(to);
	char *out;

	while (at > text && at[-1] != ' ' && at[-1] != '\n' && at[-1] != '\t')
		at--;
	old_len = word_len(at);
	if (choose(seed, 3) == 0) {
		to = text + choose(seed, len);
		to_len = word_len(to);
	} else if (choose(seed, 8) == 0) {
		to_len = 0;
	}
	out = malloc(len + to_len + 1);
	memcpy(out, text, (size_t)(at - text));
	memcpy(out + (at - text), to, to_len);
	strcpy(out + (at - text) + to_len, at + old_len);
	free(text);
	return out;
}

/* ---- all that can be asked ------------------------------------------------- */

static void check_result(int rc)
{
	ck_assert(rc <= 0 && rc >= DW_USAGE);
	if (rc) {
		ck_assert_int_eq(rc, err.code);
		ck_assert(err.text[0] && memchr(err.text, '\0',
						sizeof(err.text)));
	}
}

static unsigned use_vg(const struct dw_vg *vg)
{
	uint8_t buf[4096];
	struct dw_dev *vol;
	uint64_t used_len;
	unsigned opened_nr = 0;
	size_t i;
	int rc;

	for (i = 0; i < vg->lvs_nr; i++) {
		rc = dw_lv_open(ctx, &vg->lvs[i], "volume", &vol, &err);
		check_result(rc);
		check_result(dw_lv_used_len(ctx, &vg->lvs[i], &used_len,
					    &err));
		if (rc)
			continue;
		opened_nr++;
		check_result(dw_dev_pread(vol, vol->size - 1, buf, 1, &err));
		if (vol->size > sizeof(buf))
			check_result(dw_dev_pread(vol, vol->size / 3, buf,
						  sizeof(buf), &err));
		dw_dev_close(vol, NULL);
	}
	return opened_nr;
}

static unsigned use(struct dw_dev *const *devs, size_t nr)
{
	unsigned opened_nr = 0;
	struct dw_lvm *lvm;
	size_t i;
	int rc;

	ck_assert_int_eq(dw_lvm_new(ctx, &lvm, &err), 0);
	for (i = 0; i < nr; i++)
		check_result(dw_lvm_add(lvm, devs[i], &err));
	rc = dw_lvm_assemble(lvm, &err);
	check_result(rc);
	for (i = 0; !rc && i < dw_lvm_vgs_nr(lvm); i++)
		opened_nr += use_vg(dw_lvm_vg(lvm, i));
	dw_lvm_free(lvm);
	return opened_nr;
}

/* Without a sanitizer, whose shadow and quarantine would count. */
static void check_memory(void)
{
#ifndef __SANITIZE_ADDRESS__
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	ck_assert_int_lt(usage.ru_maxrss, 64 << 10);
#endif
}

START_TEST(wrong_devices)
{
	unsigned seed = (unsigned)_i + 1, round, n, opened_nr = 0;
	struct dw_dev *dev;

	for (round = 0; round < ROUNDS_NR; round++) {
		dev = lvmimg_new(&(struct lvmimg){
			.id = LVMIMG_ID0, .mdas_nr = 1 + round % 2,
			.text = lvmimg_text(LVMIMG_TEXT_OLD),
			.text_off = round % 3 ? 0 : LVMIMG_MDA_LEN - 700,
		});
		for (n = choose(&seed, 3); n < 3; n++)
			change_device(dev, &seed);
		if (choose(&seed, 8))
			lvmimg_seal(dev);
		opened_nr += use(&dev, 1);
		dw_dev_close(dev, NULL);
	}
	/* Not all changes kept everything from being read. */
	ck_assert_uint_gt(opened_nr, ROUNDS_NR / 20);
	check_memory();
}
END_TEST

START_TEST(wrong_texts)
{
	unsigned seed = (unsigned)_i + 1, round, n, opened_nr = 0;
	struct dw_dev *devs[2];
	char *text;

	for (round = 0; round < ROUNDS_NR; round++) {
		text = strdup(lvmimg_text(LVMIMG_TEXT));
		for (n = choose(&seed, 3); n < 3; n++)
			text = change_text(text, &seed);
		devs[0] = lvmimg_new(&(struct lvmimg){ .id = LVMIMG_ID0,
						       .text = text });
		devs[1] = lvmimg_new(&(struct lvmimg){ .id = LVMIMG_ID1,
						       .text = text });
		opened_nr += use(devs, 2);
		dw_dev_close(devs[0], NULL);
		dw_dev_close(devs[1], NULL);
		free(text);
	}
	ck_assert_uint_gt(opened_nr, ROUNDS_NR / 20);
	check_memory();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("lvm-mutate");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, wrong_devices, 0, 3);
	tcase_add_loop_test(tc, wrong_texts, 0, 3);
	return dw_test_run("lvm-mutate", tc);
}
