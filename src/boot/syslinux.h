/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The genuine syslinux (extlinux): taken out of the host's own 'extlinux'
 * program, put onto a filesystem, and recognised there.
 *
 * Nothing of syslinux is part of this library.  What its installer writes, and
 * where, is described in NOTES.md.
 */
#ifndef DW_BOOT_SYSLINUX_H
#define DW_BOOT_SYSLINUX_H

#include "boot/install.h"

#define DW_SYSLINUX_VBR_LEN 512u
#define DW_SYSLINUX_SYS "ldlinux.sys"
#define DW_SYSLINUX_C32 "ldlinux.c32"
/* The auxiliary data vector: two copies behind ldlinux.sys. */
#define DW_SYSLINUX_ADV_LEN 512u
#define DW_SYSLINUX_ADV_NR 2u
/* More than any ldlinux.sys has, and what its own field can count. */
#define DW_SYSLINUX_SYS_MAX (1u << 20)

/* Places in ldlinux.sys and in the boot sector that the installer fills in. */
struct dw_syslinux_fields {
	char version[16];	/* "6.04" */
	unsigned major, minor;
	uint32_t patch_off;	/* of the patch area */
	uint32_t adv_off;	/* of the two sector numbers of the ADV */
	uint32_t dir_off, dir_len;
	uint32_t extents_off, extents_nr;	/* of the sector map */
	uint32_t vbr_low_off, vbr_high_off;	/* in the boot sector */
};

/* Finds and checks the fields of an image that may be hostile; DW_NOT_MINE
 * where it is no ldlinux.sys of version 4 to 6. */
int dw_syslinux_decode(const uint8_t *sys, size_t len,
		       struct dw_syslinux_fields *out, struct dw_err *err);

struct dw_syslinux {
	uint8_t *program;	/* which the others point into */
	const uint8_t *vbr;
	const uint8_t *sys;
	size_t sys_len;
	const uint8_t *c32;	/* NULL before version 5 */
	size_t c32_len;
	struct dw_syslinux_fields fields;
};

/* Opens the host's program 'path' and finds what it would install. */
int dw_syslinux_load(struct dw_ctx *ctx, const char *path,
		     struct dw_syslinux *out, struct dw_err *err);
/* The same for a program in memory, which is taken over, also by an error. */
int dw_syslinux_find_take(uint8_t *program, size_t len,
			  struct dw_syslinux *out, struct dw_err *err);
void dw_syslinux_free(struct dw_syslinux *sys);

/* What this version cannot read of a filesystem is DW_UNSUPPORTED, by name. */
int dw_syslinux_check_fs(struct dw_fs *fs, struct dw_dev *dev,
			 const struct dw_syslinux_fields *fields,
			 struct dw_err *err);
/* The same for a file that it has to read: holes among extents, inline data. */
int dw_syslinux_check_file(struct dw_fs *fs, const char *path,
			   struct dw_err *err);

/* As dw_loader_install(); the directory is NULL for DW_LOADER_DIR. */
int dw_syslinux_install(struct dw_fs *fs, struct dw_dev *dev,
			const struct dw_loader_place *place,
			const struct dw_syslinux *sys, const char *dir,
			struct dw_err *err);

/*
 * For a boot sector on dev that is syslinux's: its name with the version, and
 * whether it would find its ldlinux.sys, whose path is "" where that was not
 * found in any of the usual folders.
 */
int dw_syslinux_inspect(struct dw_fs *fs, struct dw_dev *dev,
			struct dw_loader_state *out, struct dw_err *err);

/*
 * Fills the fields in.  'sectors' are those of the whole file, ADV included, in
 * sectors of the filesystem's device; the image is changed, and its checksum
 * made right.  DW_UNSUPPORTED: the file lies in too many pieces.
 */
int dw_syslinux_patch(uint8_t *sys, size_t len,
		      const struct dw_syslinux_fields *fields,
		      const uint64_t *sectors, const char *dir,
		      struct dw_err *err);
void dw_syslinux_patch_vbr(uint8_t vbr[DW_SYSLINUX_VBR_LEN],
			   const struct dw_syslinux_fields *fields,
			   uint64_t first_sector, uint64_t sectors_nr,
			   uint64_t start_lba);
void dw_syslinux_empty_adv(uint8_t adv[DW_SYSLINUX_ADV_LEN]);

#endif
