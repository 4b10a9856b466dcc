/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What kernels tell Xen by ELF notes, wherever they lie and however packed. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/bytes.h"
#include "guest/xen_notes.h"
#include "lib/run.h"

#define PVOPS "!writable_page_tables|pae_pgdir_above_4gb"
#define CLASSIC "writable_page_tables|auto_translated_physmap"
#define FAR_OFF 3000000u
#define IMAGE_LEN (FAR_OFF + 8192)

static uint8_t image[IMAGE_LEN];

static uint32_t put_note(uint8_t *p, const char *name, uint32_t type,
			 const void *value, uint32_t len)
{
	uint32_t name_len = (uint32_t)strlen(name) + 1;

	dw_put_le32(p, name_len);
	dw_put_le32(p + 4, len);
	dw_put_le32(p + 8, type);
	memcpy(p + 12, name, name_len);
	memcpy(p + 12 + ((name_len + 3) & ~3u), value, len);
	return 12 + ((name_len + 3) & ~3u) + ((len + 3) & ~3u);
}

/* A kernel with notes at off; features NULL: none of Xen's. */
static void make_elf(bool is_64, uint32_t off, const char *features)
{
	uint8_t *ph = image + (is_64 ? 64 : 52);
	uint32_t len;

	memset(image, 0, sizeof(image));
	memcpy(image, is_64 ? "\177ELF\2\1\1" : "\177ELF\1\1\1", 7);
	dw_put_le32(image + (is_64 ? 32 : 28), is_64 ? 64 : 52);
	dw_put_le16(image + (is_64 ? 54 : 42), is_64 ? 56 : 32);
	dw_put_le16(image + (is_64 ? 56 : 44), 2);
	dw_put_le32(ph, 1);		/* PT_LOAD, then the notes */
	ph += is_64 ? 56 : 32;
	dw_put_le32(ph, 4);
	len = put_note(image + off, "GNU", 3, "build id", 8);
	if (features) {
		len += put_note(image + off + len, "Xen", 1, "\0\0\0\1\0\0\0",
				8);
		len += put_note(image + off + len, "Xen", 10, features,
				(uint32_t)strlen(features));
	}
	dw_put_le32(ph + (is_64 ? 8 : 4), off);
	dw_put_le32(ph + (is_64 ? 32 : 16), len);
}

struct memory {
	const uint8_t *p;
	size_t len;
	uint64_t fail_from;	/* 0: reading never fails */
};

static int read_memory(void *arg, uint64_t off, void *buf, size_t len,
		       size_t *got, struct dw_err *err)
{
	struct memory *m = arg;

	if (m->fail_from && off + len >= m->fail_from)
		return dw_fail(err, DW_IO, "no");
	*got = off >= m->len ? 0 : len < m->len - off ? len : m->len - off;
	memcpy(buf, m->p + off, *got);
	return 0;
}

static int look(struct memory *m, uint64_t payload_off,
		struct dw_xen_notes *out)
{
	struct dw_source src = { read_memory, m, m->len };
	struct dw_kernel_head head = { .payload_off = payload_off };

	return dw_xen_notes_read(&src, &head, out, NULL);
}

/* The image packed by gzip, behind 'front' bytes. */
static struct memory packed(size_t front)
{
	z_stream z = { 0 };
	uLong cap = compressBound(IMAGE_LEN) + 64;
	uint8_t *p = calloc(1, front + cap);

	ck_assert_int_eq(deflateInit2(&z, 1, Z_DEFLATED, 31, 8, 0), Z_OK);
	z.next_in = image;
	z.avail_in = IMAGE_LEN;
	z.next_out = p + front;
	z.avail_out = (uInt)cap;
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return (struct memory){ p, front + z.total_out, 0 };
}

static const struct {
	bool is_64;
	uint32_t off;
	const char *features;
	bool has_entry, is_classic;
} cases[] = {
	{ true, FAR_OFF, PVOPS, true, false },
	{ true, FAR_OFF, CLASSIC, true, true },
	{ false, FAR_OFF, CLASSIC, true, true },
	{ true, 1024, PVOPS, true, false },	/* in the first bytes */
	{ true, FAR_OFF, NULL, false, false },
};

START_TEST(finds_the_notes)
{
	struct memory plain = { image, IMAGE_LEN, 0 }, gz;
	struct dw_xen_notes n;

	make_elf(cases[_i].is_64, cases[_i].off, cases[_i].features);
	gz = packed(5000);
	for (int way = 0; way < 2; way++) {
		ck_assert_int_eq(look(way ? &gz : &plain, way ? 5000 : 0, &n),
				 0);
		ck_assert(n.is_elf);
		ck_assert_int_eq(n.has_entry, cases[_i].has_entry);
		ck_assert_int_eq(n.is_classic, cases[_i].is_classic);
	}
	free((void *)gz.p);
}
END_TEST

/* Cut off anywhere it is no finding, and no failure; a failure is passed on. */
START_TEST(tells_damage_from_failure)
{
	struct dw_xen_notes n;
	struct memory gz, cut;

	make_elf(true, FAR_OFF, PVOPS);
	gz = packed(0);
	for (size_t len = 0; len < gz.len; len += 97) {
		cut = (struct memory){ gz.p, len, 0 };
		ck_assert_int_eq(look(&cut, 0, &n), 0);
		ck_assert(!n.has_entry || len > gz.len / 2);
	}
	cut = (struct memory){ image, FAR_OFF + 20, 0 };
	ck_assert_int_eq(look(&cut, 0, &n), 0);
	ck_assert(!n.is_elf && !n.has_entry);
	cut = (struct memory){ image, IMAGE_LEN, FAR_OFF };
	ck_assert_int_eq(look(&cut, 0, &n), DW_IO);
	gz.fail_from = 1;
	ck_assert_int_eq(look(&gz, 0, &n), DW_IO);
	free((void *)gz.p);
}
END_TEST

START_TEST(takes_any_bytes)
{
	struct memory m = { image, IMAGE_LEN, 0 };
	struct dw_xen_notes n;

	for (size_t at = 0; at < 256; at++)
		for (int bit = 0; bit < 8; bit++) {
			make_elf(true, 400, PVOPS);
			image[at < 200 ? at : at + 200] ^= 1u << bit;
			ck_assert_int_eq(look(&m, 0, &n), 0);
		}
	memset(image, 0xff, 100);
	for (size_t len = 0; len < 100; len++)
		dw_xen_notes_decode(image, len, &n);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("xen notes");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, finds_the_notes, 0,
			    sizeof(cases) / sizeof(*cases));
	tcase_add_test(tc, tells_damage_from_failure);
	tcase_add_test(tc, takes_any_bytes);
	return dw_test_run("xen_notes", tc);
}
