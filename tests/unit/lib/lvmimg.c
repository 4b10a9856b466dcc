/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Physical volumes in memory. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "lvmimg.h"
#include "lvm/label.h"
#include "lvm/mda.h"

#define SECTOR 512u

static void put(struct dw_dev *dev, uint64_t off, const void *buf, size_t len)
{
	struct dw_err err;

	ck_assert_msg(!dw_dev_pwrite(dev, off, buf, len, &err), "%s",
		      err.text);
}

void lvmimg_put(struct dw_dev *dev, uint64_t off, unsigned bytes_nr,
		uint64_t value)
{
	uint8_t buf[8];

	dw_put_le64(buf, value);
	put(dev, off, buf, bytes_nr);
}

/* ---- checksums ----------------------------------------------------------- */

static void seal_label(struct dw_dev *dev, uint64_t off)
{
	uint8_t buf[SECTOR];

	if (!dw_in_range(off, SECTOR, dev->size) ||
	    dw_dev_pread(dev, off, buf, SECTOR, NULL) ||
	    memcmp(buf, "LABELONE", 8))
		return;
	lvmimg_put(dev, off + 16, 4, dw_lvm_crc(buf + 20, SECTOR - 20));
}

/* Of the text in the first slot, in the order of the ring. */
static void seal_text(struct dw_dev *dev, uint64_t off, const uint8_t *header)
{
	uint64_t len = dw_le64(header + 32);
	uint64_t text_off = dw_le64(header + 40);
	uint64_t text_len = dw_le64(header + 48);
	uint64_t first_len;
	uint8_t *text;

	if (!dw_in_range(off, len, dev->size) || text_off >= len ||
	    text_off < SECTOR || text_len > len - SECTOR)
		return;
	first_len = dw_min(text_len, len - text_off);
	text = malloc(text_len + 1);
	if (!dw_dev_pread(dev, off + text_off, text, first_len, NULL) &&
	    !dw_dev_pread(dev, off + SECTOR, text + first_len,
			  text_len - first_len, NULL))
		lvmimg_put(dev, off + 56, 4, dw_lvm_crc(text, text_len));
	free(text);
}

void lvmimg_seal_area(struct dw_dev *dev, uint64_t off)
{
	uint8_t buf[SECTOR];

	if (!dw_in_range(off, SECTOR, dev->size) ||
	    dw_dev_pread(dev, off, buf, SECTOR, NULL) ||
	    memcmp(buf + 4, " LVM2 x[5A%r0N*>", 16))
		return;
	seal_text(dev, off, buf);
	dw_dev_pread(dev, off, buf, SECTOR, NULL);
	lvmimg_put(dev, off, 4, dw_lvm_crc(buf + 4, SECTOR - 4));
}

void lvmimg_seal(struct dw_dev *dev)
{
	unsigned i;

	for (i = 0; i < 4; i++)
		seal_label(dev, i * SECTOR);
	lvmimg_seal_area(dev, LVMIMG_MDA_OFF);
	lvmimg_seal_area(dev, LVMIMG_MDA2_OFF);
}

/* ---- the device ---------------------------------------------------------- */

static void put_area(uint8_t *p, uint64_t off, uint64_t len)
{
	dw_put_le64(p, off);
	dw_put_le64(p + 8, len);
}

static unsigned mdas_nr(const struct lvmimg *img)
{
	if (img->mdas_nr == LVMIMG_NO_MDAS)
		return 0;
	return img->mdas_nr ? img->mdas_nr : 1;
}

static void put_label(struct dw_dev *dev, const struct lvmimg *img)
{
	unsigned sector = img->label_sector ? img->label_sector :
			  !img->has_label_0;
	uint8_t buf[SECTOR] = "LABELONE";
	uint8_t *p = buf + 32 + 40 + 32;

	dw_put_le64(buf + 8, sector);
	dw_put_le32(buf + 20, 32);
	memcpy(buf + 24, "LVM2 001", 8);
	memcpy(buf + 32, img->id, 32);
	dw_put_le64(buf + 64, dev->size);
	put_area(buf + 72, LVMIMG_PE_OFF, 0);
	if (mdas_nr(img) > 0)
		put_area(p, LVMIMG_MDA_OFF, LVMIMG_MDA_LEN);
	if (mdas_nr(img) > 1)
		put_area(p + 16, LVMIMG_MDA2_OFF, LVMIMG_MDA_LEN);
	/* Behind the pair that ends the list. */
	p += 16 * mdas_nr(img) + 16;
	dw_put_le32(p, 2);
	dw_put_le32(p + 4, 1);
	put(dev, sector * SECTOR, buf, SECTOR);
}

/* Writes text at off of the area's ring; its length has the byte 0, too. */
static void put_text(struct dw_dev *dev, uint64_t mda_off, uint64_t off,
		     const char *text)
{
	size_t len = strlen(text) + 1, first_len;

	ck_assert_uint_le(len, LVMIMG_MDA_LEN - SECTOR);
	first_len = dw_min(len, LVMIMG_MDA_LEN - off);
	put(dev, mda_off + off, text, first_len);
	if (first_len < len)
		put(dev, mda_off + SECTOR, text + first_len, len - first_len);
}

static void put_mda(struct dw_dev *dev, uint64_t off, uint64_t text_off,
		    const char *text, const char *precommitted, bool ignored)
{
	uint8_t buf[SECTOR] = { 0 };

	memcpy(buf + 4, " LVM2 x[5A%r0N*>", 16);
	dw_put_le32(buf + 20, 1);
	put_area(buf + 24, off, LVMIMG_MDA_LEN);
	if (text) {
		put_area(buf + 40, text_off, strlen(text) + 1);
		put_text(dev, off, text_off, text);
	}
	dw_put_le32(buf + 60, ignored);
	if (precommitted) {
		put_area(buf + 64, 32768, strlen(precommitted) + 1);
		dw_put_le32(buf + 80, dw_lvm_crc(precommitted,
						 strlen(precommitted) + 1));
		put_text(dev, off, 32768, precommitted);
	}
	put(dev, off, buf, SECTOR);
}

uint64_t lvmimg_word(const char *id, uint64_t off)
{
	return (uint64_t)(uint8_t)id[0] << 56 | off;
}

static void put_data(struct dw_dev *dev, const char *id)
{
	uint8_t *buf = malloc(LVMIMG_EXTENT_LEN);
	uint64_t off;
	unsigned pe, i;

	for (pe = 0; pe < LVMIMG_PE_NR; pe++) {
		off = LVMIMG_PE_OFF + (uint64_t)pe * LVMIMG_EXTENT_LEN;
		for (i = 0; i < LVMIMG_EXTENT_LEN; i += 8)
			dw_put_le64(buf + i, lvmimg_word(id, off + i));
		if (dw_in_range(off, LVMIMG_EXTENT_LEN, dev->size))
			put(dev, off, buf, LVMIMG_EXTENT_LEN);
	}
	free(buf);
}

struct dw_dev *lvmimg_new(const struct lvmimg *img)
{
	uint64_t text_off = img->text_off ? img->text_off : SECTOR;
	char name[] = "pv-?";
	struct dw_dev *dev;
	struct dw_err err;

	name[3] = img->id[0];
	ck_assert_msg(!dw_mem_new(name, img->size ? img->size : LVMIMG_SIZE,
				  &dev, &err), "%s", err.text);
	put_data(dev, img->id);
	put_label(dev, img);
	if (mdas_nr(img) > 0)
		put_mda(dev, LVMIMG_MDA_OFF, text_off, img->text,
			img->precommitted, img->is_ignored);
	if (mdas_nr(img) > 1)
		put_mda(dev, LVMIMG_MDA2_OFF, SECTOR,
			img->text2 ? img->text2 : img->text, NULL, false);
	lvmimg_seal(dev);
	return dev;
}

/* ---- texts and sets ------------------------------------------------------ */

const char *lvmimg_text(const char *name)
{
	static char buf[65536];
	char path[128];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "tests/images/%s", name);
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "no %s", path);
	len = fread(buf, 1, sizeof(buf) - 1, f);
	fclose(f);
	buf[len] = '\0';
	return buf;
}

char *lvmimg_edit(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	char *out;

	ck_assert_msg(at != NULL, "no \"%s\" in the text", from);
	out = malloc(strlen(text) + strlen(to) + 1);
	memcpy(out, text, (size_t)(at - text));
	strcpy(stpcpy(out + (at - text), to), at + strlen(from));
	return out;
}

struct dw_lvm *lvmimg_set(struct dw_ctx *ctx, struct dw_dev *const *devs,
			  size_t nr)
{
	struct dw_lvm *lvm;
	struct dw_err err;
	size_t i;

	ck_assert_int_eq(dw_lvm_new(ctx, &lvm, &err), 0);
	for (i = 0; i < nr; i++)
		ck_assert_msg(!dw_lvm_add(lvm, devs[i], &err), "%s", err.text);
	ck_assert_msg(!dw_lvm_assemble(lvm, &err), "%s", err.text);
	return lvm;
}

struct dw_lvm *lvmimg_set_of(struct dw_ctx *ctx, const char *text)
{
	struct dw_dev *devs[] = {
		lvmimg_new(&(struct lvmimg){ .id = LVMIMG_ID0, .text = text }),
		lvmimg_new(&(struct lvmimg){ .id = LVMIMG_ID1, .text = text }),
	};
	struct dw_lvm *lvm = lvmimg_set(ctx, devs, 2);

	dw_dev_close(devs[0], NULL);
	dw_dev_close(devs[1], NULL);
	return lvm;
}

int lvmimg_open(struct dw_ctx *ctx, const struct dw_lvm *lvm, const char *lv,
		struct dw_dev **out, struct dw_err *err)
{
	const struct dw_lv *found;
	const struct dw_vg *vg;
	int rc;

	*out = NULL;
	ck_assert_uint_eq(dw_lvm_vgs_nr(lvm), 1);
	vg = dw_lvm_vg(lvm, 0);
	ck_assert_msg(!vg->problem, "%s", vg->problem);
	rc = dw_lvm_find_lv(vg, lv, &found, err);
	return rc ? rc : dw_lv_open(ctx, found, "volume", out, err);
}
