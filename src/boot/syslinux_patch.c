/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ldlinux.sys and its boot sector: the fields that an installer fills in.
 *
 * Source: syslinux 4 to 6, libinstaller/syslxint.h, syslxmod.c and setadv.c,
 * core/diskboot.inc (see NOTES.md).
 */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "boot/syslinux.h"

#define SECTOR 512u
#define MAGIC 0x3eb202feu
#define HEAD "\r\nSYSLINUX "
#define HEAD_LEN (sizeof(HEAD) - 1)
/* The patch area is aligned, and follows a short text. */
#define PATCH_SEARCH_LEN 64u

/* The patch area, from its magic on. */
enum {
	PATCH_SECTORS = 8,	/* u16, without the ADV */
	PATCH_ADV_SECTORS = 10,	/* u16 */
	PATCH_DWORDS = 12,	/* u32 */
	PATCH_SUM = 16,		/* u32 */
	PATCH_EPA = 22,		/* u16: where the next ten u16 are */
	PATCH_LEN = 24,
};

enum {
	EPA_ADV = 0, EPA_DIR = 2, EPA_DIR_LEN = 4, EPA_EXTENTS = 10,
	EPA_EXTENTS_NR = 12, EPA_VBR_LOW = 14, EPA_VBR_HIGH = 16,
	EPA_LEN = 20,
};

/* An extent of the sector map: u64 sector, u16 count. */
#define EXTENT_LEN 10u
/* Sector 1 of the file is loaded to here; an extent fits into 64 KiB and does
 * not cross such a boundary, as a BIOS transfer must not. */
#define LOAD_ADDR 0x8000u

enum {
	VBR_SECTOR_LEN = 11, VBR_SECTORS16 = 19, VBR_TRACK = 24, VBR_HEADS = 26,
	VBR_HIDDEN = 28, VBR_SECTORS32 = 32,
};

enum { ADV_HEAD = 0, ADV_SUM = 4, ADV_DATA = 8, ADV_TAIL = 508 };
#define ADV_MAGIC_HEAD 0x5a2d2fa5u
#define ADV_MAGIC_SUM 0xa3041767u
#define ADV_MAGIC_TAIL 0xdd28bf64u

/* ---- decoding ----------------------------------------------------------- */

static bool read_version(const uint8_t *sys, struct dw_syslinux_fields *out)
{
	const char *text = (const char *)sys + HEAD_LEN;
	size_t len = strspn(text, "0123456789.");

	if (!len || len >= sizeof(out->version))
		return false;
	memcpy(out->version, text, len);
	out->version[len] = '\0';
	return sscanf(out->version, "%u.%u", &out->major, &out->minor) == 2;
}

/* The magic number behind the text; 0 where there is none. */
static uint32_t find_patch(const uint8_t *sys)
{
	uint32_t off;

	for (off = HEAD_LEN; off < PATCH_SEARCH_LEN; off++)
		if (dw_le32(sys + off) == MAGIC)
			return off;
	return 0;
}

static int check_fields(const struct dw_syslinux_fields *f, size_t len,
			struct dw_err *err)
{
	if (!dw_in_range(f->adv_off, 16, len) || !f->dir_len ||
	    !dw_in_range(f->dir_off, f->dir_len, len) || !f->extents_nr ||
	    !dw_in_range(f->extents_off, (uint64_t)f->extents_nr * EXTENT_LEN,
			 len))
		return dw_fail(err, DW_CORRUPT, "syslinux: its patch area "
			       "points behind its %zu bytes", len);
	if (f->vbr_low_off > DW_SYSLINUX_VBR_LEN - 4 ||
	    f->vbr_high_off > DW_SYSLINUX_VBR_LEN - 4)
		return dw_fail(err, DW_CORRUPT, "syslinux: its patch area "
			       "points to %u and %u in the boot sector",
			       f->vbr_low_off, f->vbr_high_off);
	return 0;
}

int dw_syslinux_decode(const uint8_t *sys, size_t len,
		       struct dw_syslinux_fields *out, struct dw_err *err)
{
	const uint8_t *epa;
	uint32_t epa_off;

	memset(out, 0, sizeof(*out));
	if (len < SECTOR || memcmp(sys, HEAD, HEAD_LEN) ||
	    !memchr(sys, '\0', PATCH_SEARCH_LEN) || !read_version(sys, out))
		return dw_fail(err, DW_NOT_MINE, "syslinux: no ldlinux.sys");
	out->patch_off = find_patch(sys);
	if (out->major < 4 || out->major > 6 || !out->patch_off)
		return dw_fail(err, DW_NOT_MINE, "syslinux: version %s is not "
			       "known", out->version);
	epa_off = dw_le16(sys + out->patch_off + PATCH_EPA);
	if (!dw_in_range(epa_off, EPA_LEN, len))
		return dw_fail(err, DW_CORRUPT, "syslinux: its patch area is "
			       "at %u of %zu bytes", epa_off, len);
	epa = sys + epa_off;
	out->adv_off = dw_le16(epa + EPA_ADV);
	out->dir_off = dw_le16(epa + EPA_DIR);
	out->dir_len = dw_le16(epa + EPA_DIR_LEN);
	out->extents_off = dw_le16(epa + EPA_EXTENTS);
	out->extents_nr = dw_le16(epa + EPA_EXTENTS_NR);
	out->vbr_low_off = dw_le16(epa + EPA_VBR_LOW);
	out->vbr_high_off = dw_le16(epa + EPA_VBR_HIGH);
	return check_fields(out, len, err);
}

/* ---- the sector map ----------------------------------------------------- */

/* Whether one sector more, from first_addr on, is still one transfer. */
static bool may_grow(uint32_t first_addr, uint32_t nr)
{
	uint32_t len = (nr + 1) * SECTOR;

	return len < 65536 &&
	       !((first_addr ^ (first_addr + len - 1)) & 0xffff0000);
}

/* Sectors 1 to the last of the image; the boot sector knows sector 0. */
static int put_extents(uint8_t *sys, const struct dw_syslinux_fields *f,
		       const uint64_t *sectors, uint32_t sectors_nr,
		       struct dw_err *err)
{
	uint8_t *p = sys + f->extents_off;
	uint32_t addr = LOAD_ADDR, i = 1, nr, used_nr = 0;

	memset(p, 0, (size_t)f->extents_nr * EXTENT_LEN);
	for (; i < sectors_nr; i += nr, addr += nr * SECTOR) {
		nr = 1;
		while (i + nr < sectors_nr &&
		       sectors[i + nr] == sectors[i] + nr &&
		       may_grow(addr, nr))
			nr++;
		if (used_nr++ == f->extents_nr)
			return dw_fail(err, DW_UNSUPPORTED, "syslinux: "
				       DW_SYSLINUX_SYS " lies in more than %u "
				       "pieces", f->extents_nr);
		dw_put_le64(p, sectors[i]);
		dw_put_le16(p + 8, (uint16_t)nr);
		p += EXTENT_LEN;
	}
	return 0;
}

static void put_sum(uint8_t *sys, size_t len, uint32_t patch_off)
{
	uint32_t sum = MAGIC;
	size_t i;

	dw_put_le32(sys + patch_off + PATCH_SUM, 0);
	for (i = 0; i + 4 <= len; i += 4)
		sum -= dw_le32(sys + i);
	dw_put_le32(sys + patch_off + PATCH_SUM, sum);
}

int dw_syslinux_patch(uint8_t *sys, size_t len,
		      const struct dw_syslinux_fields *f,
		      const uint64_t *sectors, const char *dir,
		      struct dw_err *err)
{
	uint32_t sectors_nr = (uint32_t)dw_div_up(len, SECTOR), i;
	uint8_t *patch = sys + f->patch_off;
	int ret;

	if (strlen(dir) >= f->dir_len)
		return dw_fail(err, DW_USAGE, "syslinux: directory '%.80s' is "
			       "longer than %u bytes", dir, f->dir_len - 1);
	dw_put_le16(patch + PATCH_SECTORS, (uint16_t)sectors_nr);
	dw_put_le16(patch + PATCH_ADV_SECTORS, DW_SYSLINUX_ADV_NR);
	dw_put_le32(patch + PATCH_DWORDS, (uint32_t)(len / 4));
	ret = put_extents(sys, f, sectors, sectors_nr, err);
	if (ret)
		return ret;
	for (i = 0; i < DW_SYSLINUX_ADV_NR; i++)
		dw_put_le64(sys + f->adv_off + i * 8, sectors[sectors_nr + i]);
	memset(sys + f->dir_off, 0, f->dir_len);
	memcpy(sys + f->dir_off, dir, strlen(dir));
	put_sum(sys, len, f->patch_off);
	return 0;
}

/* ---- the boot sector and the ADV ---------------------------------------- */

void dw_syslinux_patch_vbr(uint8_t vbr[DW_SYSLINUX_VBR_LEN],
			   const struct dw_syslinux_fields *f,
			   uint64_t first_sector, uint64_t sectors_nr,
			   uint64_t start_lba)
{
	dw_put_le16(vbr + VBR_SECTOR_LEN, SECTOR);
	dw_put_le16(vbr + VBR_SECTORS16, sectors_nr < 65536
		    ? (uint16_t)sectors_nr : 0);
	dw_put_le32(vbr + VBR_SECTORS32,
		    (uint32_t)dw_min(sectors_nr, UINT32_MAX));
	/* The boot code asks the BIOS first. */
	dw_put_le16(vbr + VBR_TRACK, 63);
	dw_put_le16(vbr + VBR_HEADS, 255);
	dw_put_le32(vbr + VBR_HIDDEN, (uint32_t)dw_min(start_lba, UINT32_MAX));
	dw_put_le32(vbr + f->vbr_low_off, (uint32_t)first_sector);
	dw_put_le32(vbr + f->vbr_high_off, (uint32_t)(first_sector >> 32));
}

void dw_syslinux_empty_adv(uint8_t adv[DW_SYSLINUX_ADV_LEN])
{
	memset(adv, 0, DW_SYSLINUX_ADV_LEN);
	dw_put_le32(adv + ADV_HEAD, ADV_MAGIC_HEAD);
	/* Less the sum of the data, of which there is none. */
	dw_put_le32(adv + ADV_SUM, ADV_MAGIC_SUM);
	dw_put_le32(adv + ADV_TAIL, ADV_MAGIC_TAIL);
}
