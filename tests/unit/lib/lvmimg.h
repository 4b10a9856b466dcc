/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Physical volumes in memory: labels, metadata areas and texts, right unless a
 * test makes them wrong.
 */
#ifndef TESTS_UNIT_LVMIMG_H
#define TESTS_UNIT_LVMIMG_H

#include "base/ctx.h"
#include "dev/kinds.h"
#include "lvm/lvm.h"

#define LVMIMG_EXTENT_LEN 65536u
#define LVMIMG_MDA_OFF 4096u
#define LVMIMG_MDA_LEN 61440u
#define LVMIMG_PE_OFF 131072u
#define LVMIMG_PE_NR 24u
/* Behind the extents is room for a second metadata area. */
#define LVMIMG_MDA2_OFF (LVMIMG_PE_OFF + LVMIMG_PE_NR * LVMIMG_EXTENT_LEN)
#define LVMIMG_SIZE (LVMIMG_MDA2_OFF + LVMIMG_MDA_LEN)

/* The PVs of the group, and one that is in none. */
#define LVMIMG_ID0 "aaaaaa0000111122223333444455555a"
#define LVMIMG_ID1 "bbbbbb0000111122223333444455555b"
#define LVMIMG_ID2 "cccccc0000111122223333444455555c"

/* A fixture's text, until the next call: a group of two PVs with volumes of every kind,
 * and one of one PV in the words of an old lvm. */
#define LVMIMG_TEXT "good-vg-2.03.txt"
#define LVMIMG_TEXT_OLD "good-vg-2.02.txt"
const char *lvmimg_text(const char *name);

/* What is 0 is as usual: label in sector 1, one area, its text in front. */
struct lvmimg {
	const char *id;		/* 32 characters */
	const char *text;	/* NULL: no group */
	unsigned label_sector;
	bool has_label_0;	/* it is in sector 0 */
	unsigned mdas_nr;	/* 1 or 2, or LVMIMG_NO_MDAS */
	uint64_t text_off;	/* in the area; the ring goes on at 512 */
	const char *precommitted;
	bool is_ignored;	/* the first area */
	const char *text2;	/* in the second area; NULL: the same */
	uint64_t size;
};

#define LVMIMG_NO_MDAS 9u

/* The device, writable; its data are the words of lvmimg_word(). */
struct dw_dev *lvmimg_new(const struct lvmimg *img);
/* Sets all checksums to what is there. */
void lvmimg_seal(struct dw_dev *dev);
/* Those of the metadata area at off. */
void lvmimg_seal_area(struct dw_dev *dev, uint64_t off);
void lvmimg_put(struct dw_dev *dev, uint64_t off, unsigned bytes_nr,
		uint64_t value);

/* The 8 bytes that a PV holds at off, a multiple of 8. */
uint64_t lvmimg_word(const char *id, uint64_t off);

/* A copy of text in which the first 'from' is 'to'; the test stops where there
 * is none.  Freed by the caller. */
char *lvmimg_edit(const char *text, const char *from, const char *to);

/* A set of devices, assembled; the test stops where that fails. */
struct dw_lvm *lvmimg_set(struct dw_ctx *ctx, struct dw_dev *const *devs,
			  size_t nr);
/* The usual set, both PVs with this text; the devices are given up. */
struct dw_lvm *lvmimg_set_of(struct dw_ctx *ctx, const char *text);

/* Opens a volume of the only group, or says why not. */
int lvmimg_open(struct dw_ctx *ctx, const struct dw_lvm *lvm, const char *lv,
		struct dw_dev **out, struct dw_err *err);

#endif
