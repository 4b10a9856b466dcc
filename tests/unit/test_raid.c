/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * RAID by rows: every layout with every set of lost legs, against legs that
 * are put together here by what the kernel wrote.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/sum.h"
#include "dev/kinds.h"
#include "lib/run.h"
#include "lvm/raid.h"
#include "raid_facts.h"

#define STRIPE_LEN 4096u
#define ROWS_NR 60u
#define LEG_LEN (ROWS_NR * STRIPE_LEN)

static struct dw_err err;

/* ---- the model ---------------------------------------------------------- */

enum { CELL_P = -1, CELL_Q = -2 };

/* A fact, read. */
struct model {
	const struct raid_fact *fact;
	unsigned rows_nr;		/* that repeat */
	unsigned chunks_nr;		/* in those */
	bool is_dense;			/* Q counts legs with data only */
	int cells[RAID_FACT_ROWS][RAID_FACT_LEGS];
	uint64_t size;
	uint8_t *data;			/* of the volume */
	uint8_t *legs[RAID_FACT_LEGS];
};

static int read_cell(struct model *m, const char **s)
{
	char *end;
	long nr;

	if (**s == 'P') {
		++*s;
		return CELL_P;
	}
	if (**s == 'Q') {
		++*s;
		m->is_dense = **s == '\'';
		*s += m->is_dense;
		return CELL_Q;
	}
	nr = strtol(*s, &end, 10);
	ck_assert_ptr_ne(end, *s);
	*s = end;
	if (nr >= (long)m->chunks_nr)
		m->chunks_nr = (unsigned)nr + 1;
	return (int)nr;
}

static void read_rows(struct model *m)
{
	const char *s = m->fact->rows;
	unsigned i;

	for (; *s; m->rows_nr++) {
		for (i = 0; i < m->fact->legs_nr; i++) {
			m->cells[m->rows_nr][i] = read_cell(m, &s);
			ck_assert(*s == ' ' || *s == '/' || !*s);
			if (*s)
				s++;
		}
	}
}

/* The chunk in a cell of the whole, or P, or Q. */
static int cell_of(const struct model *m, unsigned row, unsigned leg)
{
	int cell = m->cells[row % m->rows_nr][leg];

	return cell < 0 ? cell :
	       cell + (int)(row / m->rows_nr * m->chunks_nr);
}

/* What the volumes were filled with: 32-bit xorshift, from 1 on. */
static void fill_data(uint8_t *buf, size_t len)
{
	uint32_t x = 1;
	size_t i;

	for (i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		buf[i] = (uint8_t)(x >> 11);
	}
}

static void add_to(uint8_t *dst, const uint8_t *src)
{
	unsigned i;

	for (i = 0; i < STRIPE_LEN; i++)
		dst[i] ^= src[i];
}

static void twice(uint8_t *buf)
{
	unsigned i;

	for (i = 0; i < STRIPE_LEN; i++)
		buf[i] = (uint8_t)(buf[i] << 1 ^ (buf[i] & 0x80 ? 0x1d : 0));
}

/* From the last leg down, as one evaluates a polynomial. */
static void fill_parity(struct model *m, unsigned row, unsigned leg, bool is_q)
{
	uint8_t *out = m->legs[leg] + row * STRIPE_LEN;
	unsigned i;
	int cell;

	memset(out, 0, STRIPE_LEN);
	for (i = m->fact->legs_nr; i--;) {
		cell = cell_of(m, row, i);
		if (is_q && (cell >= 0 || !m->is_dense))
			twice(out);
		if (cell >= 0)
			add_to(out, m->data + (size_t)cell * STRIPE_LEN);
	}
}

static void fill_row(struct model *m, unsigned row)
{
	unsigned i;
	int cell;

	for (i = 0; i < m->fact->legs_nr; i++) {
		cell = cell_of(m, row, i);
		if (cell < 0)
			fill_parity(m, row, i, cell == CELL_Q);
		else
			memcpy(m->legs[i] + row * STRIPE_LEN,
			       m->data + (size_t)cell * STRIPE_LEN,
			       STRIPE_LEN);
	}
}

static struct model *new_model(const struct raid_fact *fact)
{
	struct model *m = calloc(1, sizeof(*m));
	unsigned i;

	ck_assert_ptr_nonnull(m);
	m->fact = fact;
	read_rows(m);
	m->size = (uint64_t)ROWS_NR * m->chunks_nr / m->rows_nr * STRIPE_LEN;
	m->data = malloc(m->size);
	ck_assert_ptr_nonnull(m->data);
	fill_data(m->data, m->size);
	for (i = 0; i < fact->legs_nr; i++) {
		m->legs[i] = malloc(LEG_LEN);
		ck_assert_ptr_nonnull(m->legs[i]);
	}
	for (i = 0; i < ROWS_NR; i++)
		fill_row(m, i);
	return m;
}

static void free_model(struct model *m)
{
	unsigned i;

	for (i = 0; i < m->fact->legs_nr; i++)
		free(m->legs[i]);
	free(m->data);
	free(m);
}

/* The most legs of a row that may be lost. */
static unsigned parity_nr(const struct model *m)
{
	unsigned nr = 0, i;

	for (i = 0; i < m->fact->legs_nr; i++)
		nr += m->cells[0][i] < 0;
	return nr;
}

static bool has_copy(const struct model *m, int chunk, unsigned lost)
{
	unsigned row, i;

	for (row = 0; row < m->rows_nr; row++)
		for (i = 0; i < m->fact->legs_nr; i++)
			if (m->cells[row][i] == chunk && !(lost >> i & 1))
				return true;
	return false;
}

static bool is_readable(const struct model *m, unsigned lost)
{
	unsigned chunk;

	if (parity_nr(m))
		return (unsigned)__builtin_popcount(lost) <= parity_nr(m);
	for (chunk = 0; chunk < m->chunks_nr; chunk++)
		if (!has_copy(m, (int)chunk, lost))
			return false;
	return true;
}

/* ---- the set under test ------------------------------------------------- */

static struct dw_dev *legs[RAID_FACT_LEGS];
static struct dw_raid_leg pairs[RAID_FACT_LEGS];

static void make_legs(const struct model *m)
{
	unsigned i;

	for (i = 0; i < m->fact->legs_nr; i++) {
		ck_assert_int_eq(dw_mem_new("leg", LEG_LEN, &legs[i], &err),
				 0);
		ck_assert_int_eq(dw_dev_pwrite(legs[i], 0, m->legs[i], LEG_LEN,
					       &err), 0);
	}
}

/* A leg again, but for one row. */
static struct dw_dev *with_hole(const uint8_t *leg, unsigned row)
{
	uint64_t end = (row + 1) * (uint64_t)STRIPE_LEN;
	struct dw_dev *dev;

	ck_assert_int_eq(dw_mem_new("leg", LEG_LEN, &dev, &err), 0);
	ck_assert_int_eq(dw_dev_pwrite(dev, 0, leg, end - STRIPE_LEN, &err),
			 0);
	ck_assert_int_eq(dw_dev_pwrite(dev, end, leg + end, LEG_LEN - end,
				       &err), 0);
	return dev;
}

static void close_legs(const struct model *m)
{
	unsigned i;

	for (i = 0; i < m->fact->legs_nr; i++)
		dw_dev_close(legs[i], NULL);
}

static struct dw_raid_set set_of(const struct model *m, unsigned lost)
{
	unsigned i;

	for (i = 0; i < m->fact->legs_nr; i++)
		pairs[i].data = lost >> i & 1 ? NULL : legs[i];
	return (struct dw_raid_set){
		.type = m->fact->type, .legs = pairs,
		.legs_nr = m->fact->legs_nr, .stripe_len = STRIPE_LEN,
		.size = m->size, .data_copies = m->fact->copies,
	};
}

static struct dw_dev *open_lost(const struct model *m, unsigned lost)
{
	struct dw_raid_set set = set_of(m, lost);
	struct dw_dev *dev;

	ck_assert_msg(!dw_raid_new("vg/lv", &set, &dev, &err),
		      "%s without %x: %s", m->fact->type, lost, err.text);
	ck_assert_uint_eq(dev->size, m->size);
	ck_assert(dev->readonly);
	return dev;
}

static void read_is(const struct model *m, struct dw_dev *dev, uint64_t off,
		    size_t len, unsigned lost)
{
	uint8_t *buf = malloc(len ? len : 1);

	ck_assert_ptr_nonnull(buf);
	ck_assert_msg(!dw_dev_pread(dev, off, buf, len, &err), "%s", err.text);
	ck_assert_msg(!memcmp(buf, m->data + off, len),
		      "%s of %u legs without %x, %zu bytes at %llu",
		      m->fact->type, m->fact->legs_nr, lost, len,
		      (unsigned long long)off);
	free(buf);
}

/* Places that are the same in each run. */
static uint64_t next_number(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

static void reads_right(const struct model *m, unsigned lost)
{
	struct dw_dev *dev = open_lost(m, lost);
	uint64_t state = lost, off, len;
	unsigned i;

	read_is(m, dev, 0, m->size, lost);
	for (i = 0; i < 60; i++) {
		off = next_number(&state) % m->size;
		len = next_number(&state) % (3 * STRIPE_LEN);
		read_is(m, dev, off, dw_min(len, m->size - off), lost);
	}
	dw_dev_close(dev, NULL);
}

static void is_refused(const struct model *m, unsigned lost)
{
	struct dw_raid_set set = set_of(m, lost);
	struct dw_dev *dev;
	char text[40];

	ck_assert_int_eq(dw_raid_new("vg/lv", &set, &dev, &err),
			 DW_NOENT);
	ck_assert_ptr_null(dev);
	snprintf(text, sizeof(text), "leg %d is missing", __builtin_ctz(lost));
	ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
}

START_TEST(model_is_what_the_kernel_wrote)
{
	struct model *m = new_model(&raid_facts[_i]);
	unsigned i;

	for (i = 0; i < m->fact->legs_nr; i++)
		ck_assert_msg(dw_crc32(m->legs[i], LEG_LEN) ==
			      m->fact->crcs[i], "%s: leg %u of %u",
			      m->fact->type, i, m->fact->legs_nr);
	free_model(m);
}
END_TEST

/* None, any one, two or three legs are lost. */
START_TEST(all_losses)
{
	struct model *m = new_model(&raid_facts[_i]);
	unsigned lost;

	make_legs(m);
	for (lost = 0; lost < 1u << m->fact->legs_nr; lost++) {
		if (__builtin_popcount(lost) > 3)
			continue;
		if (is_readable(m, lost))
			reads_right(m, lost);
		else
			is_refused(m, lost);
	}
	close_legs(m);
	free_model(m);
}
END_TEST

/* Kinds of extents, one for each chunk of the first rows. */
static void check_extents(const struct model *m, unsigned lost,
			  unsigned hole_row)
{
	struct dw_dev *dev = open_lost(m, lost);
	unsigned row, i;
	struct dw_extent e;
	uint64_t off;
	int cell;

	for (row = 0; row < m->rows_nr; row++)
		for (i = 0; i < m->fact->legs_nr; i++) {
			cell = cell_of(m, row, i);
			if (cell < 0)
				continue;
			off = (uint64_t)cell * STRIPE_LEN;
			ck_assert_int_eq(dw_dev_extent(dev, off + 1, m->size,
						       &e, &err), 0);
			ck_assert_uint_eq(e.off, off + 1);
			ck_assert_uint_gt(e.len, 0);
			ck_assert_uint_lt(e.len, STRIPE_LEN);
			ck_assert_int_eq(dw_extent_is_hole(&e),
					 row == hole_row);
		}
	dw_dev_close(dev, NULL);
}

/* Rows that are stored nowhere are holes, whole and degraded.  A raid10's
 * copies may lie in two rows, so that its holes are another matter. */
START_TEST(holes_are_seen)
{
	struct model *m = new_model(&raid_facts[_i]);
	unsigned i, hole_row = m->rows_nr / 2;
	struct dw_dev *whole;

	if (m->fact->copies) {
		free_model(m);
		return;
	}
	make_legs(m);
	for (i = 0; i < m->fact->legs_nr; i++) {
		whole = legs[i];
		legs[i] = with_hole(m->legs[i], hole_row);
		dw_dev_close(whole, NULL);
	}
	for (i = 0; i <= parity_nr(m); i++)
		check_extents(m, (1u << i) - 1, hole_row);
	close_legs(m);
	free_model(m);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("raid");
	int nr = (int)RAID_FACTS_NR;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, model_is_what_the_kernel_wrote, 0, nr);
	tcase_add_loop_test(tc, all_losses, 0, nr);
	tcase_add_loop_test(tc, holes_are_seen, 0, nr);
	return dw_test_run("raid", tc);
}
