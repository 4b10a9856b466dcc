/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Puts the genuine syslinux onto a filesystem.
 *
 * ldlinux.sys holds the numbers of its own sectors, so that it is written
 * twice: once to have blocks, once with what is known of them then.  The boot
 * sector, which makes all of it found, comes last.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "boot/syslinux.h"

#define SECTOR 512u
#define SUPER_OFF 1024u
#define SUPER_LOG_BLOCK 24
#define SUPER_INCOMPAT 96
#define INCOMPAT_64BIT 0x80u
#define LOG_BLOCK_64K 6u
/* The features that it cannot read at all, wherever they are used. */
#define INCOMPAT_COMPRESSION 0x1u
#define INCOMPAT_META_BG 0x10u
#define EXTENTS_FL 0x80000u	/* of an inode */

/* ---- what it can read --------------------------------------------------- */

int dw_syslinux_check_fs(struct dw_fs *fs, struct dw_dev *dev,
			 const struct dw_syslinux_fields *f,
			 struct dw_err *err)
{
	uint8_t sb[128];
	uint32_t incompat;
	int ret = dw_dev_pread(dev, SUPER_OFF, sb, sizeof(sb), err);

	if (ret)
		return ret;
	incompat = dw_le32(sb + SUPER_INCOMPAT);
	if (dw_le32(sb + SUPER_LOG_BLOCK) >= LOG_BLOCK_64K)
		return dw_fail(err, DW_UNSUPPORTED, "syslinux %s cannot read "
			       "blocks of 64 KiB", f->version);
	if (incompat & INCOMPAT_64BIT &&
	    (f->major < 6 || (f->major == 6 && f->minor < 4)))
		return dw_fail(err, DW_UNSUPPORTED, "syslinux %s cannot read a "
			       "filesystem with the feature 64bit; 6.04 can",
			       f->version);
	if (incompat & (INCOMPAT_COMPRESSION | INCOMPAT_META_BG))
		return dw_fail(err, DW_UNSUPPORTED, "syslinux cannot read a "
			       "filesystem with the feature %s",
			       incompat & INCOMPAT_META_BG ? "meta_bg"
							   : "compression");
	return 0;
}

static int add_len(void *arg, uint64_t file_off, uint64_t dev_off,
		   uint64_t len, struct dw_err *err)
{
	*(uint64_t *)arg += len;
	return 0;
}

int dw_syslinux_check_file(struct dw_fs *fs, const char *path,
			   struct dw_err *err)
{
	uint64_t stored = 0;
	struct dw_stat st;
	int ret = dw_fs_stat(fs, path, &st, err);

	if (!ret)
		ret = dw_fs_file_runs(fs, st.ino, add_len, &stored, err);
	if (ret == DW_UNSUPPORTED)
		return dw_fail(err, ret, "syslinux cannot read %.120s, whose "
			       "data lie in its inode (inline_data)", path);
	/* In a list of blocks it knows a hole, among extents it does not. */
	if (!ret && stored < st.size && st.inode_flags & EXTENTS_FL)
		ret = dw_fail(err, DW_UNSUPPORTED, "syslinux cannot read "
			      "%.120s, which has holes (a sparse file)", path);
	return ret;
}

/* ---- installing --------------------------------------------------------- */

struct sectors {
	uint64_t *v;
	size_t nr, cap;
};

static int add_sectors(void *arg, uint64_t file_off, uint64_t dev_off,
		       uint64_t len, struct dw_err *err)
{
	struct sectors *s = arg;

	if (file_off != s->nr * SECTOR)
		return dw_fail(err, DW_IO, "syslinux: " DW_SYSLINUX_SYS
			       " has a hole at byte %zu", s->nr * SECTOR);
	for (; len && s->nr < s->cap; len -= SECTOR, dev_off += SECTOR)
		s->v[s->nr++] = dev_off / SECTOR;
	return 0;
}

static int find_sectors(struct dw_fs *fs, uint64_t ino, struct sectors *s,
			struct dw_err *err)
{
	int ret = dw_fs_file_runs(fs, ino, add_sectors, s, err);

	if (!ret && s->nr != s->cap)
		ret = dw_fail(err, DW_IO, "syslinux: only %zu of %zu sectors "
			      "of " DW_SYSLINUX_SYS " have a place", s->nr,
			      s->cap);
	return ret;
}

/* Room for the image in whole sectors, and the ADV behind it. */
static uint8_t *new_file(const struct dw_syslinux *sys, size_t *len)
{
	size_t image_len = (size_t)dw_round_up(sys->sys_len, SECTOR);
	uint8_t *file = calloc(1, image_len +
			       DW_SYSLINUX_ADV_NR * DW_SYSLINUX_ADV_LEN);
	unsigned i;

	*len = image_len;
	if (!file)
		return NULL;
	memcpy(file, sys->sys, sys->sys_len);
	for (i = 0; i < DW_SYSLINUX_ADV_NR; i++, *len += DW_SYSLINUX_ADV_LEN)
		dw_syslinux_empty_adv(file + *len);
	return file;
}

static int write_sys(struct dw_fs *fs, const struct dw_syslinux *sys,
		     const char *dir, uint64_t *first_sector,
		     struct dw_err *err)
{
	struct sectors s = { NULL, 0, 0 };
	char path[DW_LOADER_PATH_LEN];
	uint8_t *file, *filler;
	size_t len;
	uint64_t ino;
	int ret;

	snprintf(path, sizeof(path), "%s/" DW_SYSLINUX_SYS, dir);
	file = new_file(sys, &len);
	/* No block of it is zero, so that none becomes a hole. */
	filler = malloc(len);
	s.cap = len / SECTOR;
	s.v = calloc(s.cap, sizeof(*s.v));
	if (!file || !filler || !s.v) {
		ret = dw_fail_nomem(err);
		goto out;
	}
	memset(filler, 0xff, len);
	ret = dw_loader_write_file(fs, path, filler, len, &ino, err);
	if (!ret)
		ret = find_sectors(fs, ino, &s, err);
	if (!ret)
		ret = dw_syslinux_patch(file, sys->sys_len, &sys->fields, s.v,
					dir, err);
	if (!ret)
		ret = dw_fs_overwrite_boot_file(fs, ino, file, len, err);
	if (!ret)
		*first_sector = s.v[0];
out:
	free(s.v);
	free(filler);
	free(file);
	return ret;
}

static int write_c32(struct dw_fs *fs, const struct dw_syslinux *sys,
		     const char *dir, struct dw_err *err)
{
	const struct dw_new new = { .uid = 0, .gid = 0, .mode = 0444 };
	char path[DW_LOADER_PATH_LEN];
	int ret;

	if (!sys->c32)
		return 0;
	snprintf(path, sizeof(path), "%s/" DW_SYSLINUX_C32, dir);
	ret = dw_fs_write_file(fs, path, sys->c32, sys->c32_len, &new, err);
	return ret ? ret : dw_syslinux_check_file(fs, path, err);
}

/* Ours would be found by nobody any more. */
static int remove_ours(struct dw_fs *fs, const char *dir, struct dw_err *err)
{
	char path[DW_LOADER_PATH_LEN];

	snprintf(path, sizeof(path), "%s/" DW_LOADER_FILE, dir);
	return dw_fs_exists(fs, path) ? dw_fs_unlink(fs, path, err) : 0;
}

static int write_vbr(struct dw_dev *dev, const struct dw_loader_place *place,
		     const struct dw_syslinux *sys, uint64_t first_sector,
		     struct dw_err *err)
{
	/* The second sector of ours, where it was, says nothing any more. */
	uint8_t vbr[SUPER_OFF] = { 0 };
	int ret = dw_dev_flush(dev, err);

	memcpy(vbr, sys->vbr, DW_SYSLINUX_VBR_LEN);
	dw_syslinux_patch_vbr(vbr, &sys->fields, first_sector,
			      dev->size / SECTOR,
			      place->whole_disk ? 0 : place->start_lba);
	if (!ret)
		ret = dw_dev_pwrite(dev, 0, vbr, sizeof(vbr), err);
	return ret ? ret : dw_dev_flush(dev, err);
}

/* What was written is found as the boot sector finds it. */
static int verify(struct dw_fs *fs, struct dw_dev *dev, struct dw_err *err)
{
	struct dw_loader_state state = { .kind = DW_LOADER_SYSLINUX };
	int ret = dw_syslinux_inspect(fs, dev, &state, err);

	if (!ret && (state.stale || !state.stage2_path[0]))
		ret = dw_fail(err, DW_IO, "syslinux: after the install: %s",
			      state.stale ? state.problem : DW_SYSLINUX_SYS
			      " was not found");
	return ret;
}

int dw_syslinux_install(struct dw_fs *fs, struct dw_dev *dev,
			const struct dw_loader_place *place,
			const struct dw_syslinux *sys, const char *dir,
			struct dw_err *err)
{
	uint64_t first_sector = 0;
	int ret;

	if (!dir)
		dir = DW_LOADER_DIR;
	/* Its code lies where PyGrub looks for a partition table. */
	if (place->whole_disk)
		return dw_fail(err, DW_UNSUPPORTED, "syslinux: on a disk "
			       "without partitions PyGrub would take its boot "
			       "sector for a partition table");
	ret = dw_syslinux_check_fs(fs, dev, &sys->fields, err);
	if (!ret)
		ret = dw_loader_make_dir(fs, dir, err);
	if (!ret)
		ret = remove_ours(fs, dir, err);
	if (!ret)
		ret = write_c32(fs, sys, dir, err);
	if (!ret)
		ret = write_sys(fs, sys, dir, &first_sector, err);
	if (!ret)
		ret = dw_fs_flush(fs, err);
	if (!ret)
		ret = write_vbr(dev, place, sys, first_sector, err);
	return ret ? ret : verify(fs, dev, err);
}
