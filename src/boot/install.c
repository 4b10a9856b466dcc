/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Installs the loader.  The order holds for a crash: stage 2 first, then the
 * boot record that makes it found, and (by a call of its own) the MBR last.
 */
#include "boot/install.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "boot/loader_stage2.h"
#include "boot/x86/code.h"

#define EXT_IMMUTABLE_FL 0x10
#define EXT_ENCRYPT_FL 0x800
#define EXT_SB_LEN 1024
#define EXT_INCOMPAT_META_BG 0x10
#define EXT_OLD_DESC_LEN 32

int dw_loader_make_dir(struct dw_fs *fs, const char *dir, struct dw_err *err)
{
	struct dw_fs_info info;
	struct dw_stat st;
	int ret;

	if (*dir != '/' || strlen(dir) >= STAGE2_DIR_LEN)
		return dw_fail(err, DW_USAGE,
			       "loader: directory '%.80s' is not absolute or longer than %d bytes",
			       dir, STAGE2_DIR_LEN - 1);
	ret = dw_fs_get_info(fs, &info, err);
	if (ret)
		return ret;
	if (strncmp(info.type, "ext", 3))
		return dw_fail(err, DW_UNSUPPORTED,
			       "loader: cannot boot from %s, only from ext2, ext3 and ext4",
			       info.type);
	ret = dw_fs_mkdir(fs, dir, true, NULL, err);
	if (ret)
		return dw_err_prefix(err, ret, "loader: %s", dir);
	ret = dw_fs_stat(fs, dir, &st, err);
	if (ret)
		return dw_err_prefix(err, ret, "loader: %s", dir);
	if (st.inode_flags & EXT_ENCRYPT_FL)
		return dw_fail(err, DW_UNSUPPORTED,
			       "loader: %s is encrypted (feature encrypt), it cannot be booted from",
			       dir);
	return 0;
}

/*
 * Whether the boot record finds the inode: it reads descriptors from the table
 * behind the superblock alone, and with meta_bg that ends after one block.
 */
static int check_reach(struct dw_dev *dev, uint64_t ino, struct dw_err *err)
{
	uint8_t sb[EXT_SB_LEN];
	uint32_t incompat, per_group, desc_len, group, reach;
	int ret;

	ret = dw_dev_pread(dev, EXT_SB_SECTOR * SECTOR_LEN, sb, sizeof(sb),
			   err);
	if (ret)
		return ret;
	incompat = dw_le32(sb + EXT_SB_INCOMPAT);
	per_group = dw_le32(sb + EXT_SB_INODES_PER_GROUP);
	desc_len = incompat & EXT_INCOMPAT_64BIT ?
		   dw_le16(sb + EXT_SB_DESC_LEN) : EXT_OLD_DESC_LEN;
	if (!per_group || !desc_len ||
	    dw_le32(sb + EXT_SB_LOG_BLOCK) > EXT_LOG_BLOCK_MAX)
		return dw_fail(err, DW_CORRUPT, "loader: superblock is damaged");
	group = (uint32_t)(ino - 1) / per_group;
	reach = (1024u << dw_le32(sb + EXT_SB_LOG_BLOCK)) / desc_len;
	if ((incompat & EXT_INCOMPAT_META_BG) && group >= reach)
		return dw_fail(err, DW_UNSUPPORTED,
			       "loader: the first %u block groups have no free inode, and with feature meta_bg stage 2 cannot lie in group %u",
			       reach, group);
	return 0;
}

int dw_loader_write_file(struct dw_fs *fs, const char *path,
			 const uint8_t *data, size_t len, uint64_t *ino,
			 struct dw_err *err)
{
	const struct dw_new new = { .uid = 0, .gid = 0, .mode = 0444 };
	struct dw_stat st;
	int ret;

	ret = dw_fs_write_boot_file(fs, path, data, len, ino, err);
	if (ret == DW_NOSPACE) {
		ret = dw_fs_write_file(fs, path, data, len, &new, err);
		if (!ret)
			ret = dw_fs_lstat(fs, path, &st, err);
		if (!ret)
			ret = dw_fs_set_inode_flags(fs, path, st.inode_flags |
						    EXT_IMMUTABLE_FL, err);
		if (!ret)
			*ino = st.ino;
	}
	if (!ret)
		ret = dw_fs_flush(fs, err);
	if (ret)
		dw_err_prefix(err, ret, "loader: %s", path);
	return ret;
}

static void make_record(uint8_t record[RECORD_LEN],
			const struct dw_loader_place *place, uint64_t ino)
{
	memcpy(record, dw_loader_code.record, RECORD_LEN);
	dw_put_le64(record + RECORD_START_OFF,
		    place->whole_disk ? 0 : place->start_lba);
	dw_put_le32(record + RECORD_INODE_OFF, (uint32_t)ino);
	record[RECORD_FLAGS_OFF] = place->whole_disk ? RECORD_WHOLE_DISK : 0;
}

static int write_record(struct dw_dev *dev, const uint8_t record[RECORD_LEN],
			struct dw_err *err)
{
	int ret;

	ret = dw_dev_flush(dev, err);		/* stage 2 before what finds it */
	if (!ret)
		ret = dw_dev_pwrite(dev, 0, record, RECORD_LEN, err);
	if (!ret)
		ret = dw_dev_flush(dev, err);
	return ret;
}

struct compare {
	struct dw_dev *dev;
	const uint8_t *want;
	size_t len;
	size_t done;
};

/* dw_fs_run_fn: what lies in the blocks themselves is what was written. */
static int compare_run(void *arg, uint64_t file_off, uint64_t dev_off,
		       uint64_t len, struct dw_err *err)
{
	struct compare *c = arg;
	uint8_t got[4096];

	if (file_off != c->done)
		return dw_fail(err, DW_IO,
			       "loader: stage 2 has a hole at byte %zu", c->done);
	while (len && c->done < c->len) {
		size_t part = sizeof(got);
		int ret;

		if (part > len)
			part = len;
		if (part > c->len - c->done)
			part = c->len - c->done;
		ret = dw_dev_pread(c->dev, dev_off, got, part, err);
		if (ret)
			return ret;
		if (memcmp(got, c->want + c->done, part))
			return dw_fail(err, DW_IO,
				       "loader: stage 2 reads back differently near byte %zu",
				       c->done);
		c->done += part;
		dev_off += part;
		len -= part;
	}
	return 0;
}

static int verify(struct dw_fs *fs, struct dw_dev *dev,
		  const struct dw_loader_place *place,
		  const uint8_t record[RECORD_LEN], const uint8_t *stage2,
		  size_t stage2_len, struct dw_err *err)
{
	struct compare c = { .dev = dev, .want = stage2, .len = stage2_len };
	struct dw_loader_state state;
	uint8_t got[RECORD_LEN];
	int ret;

	ret = dw_dev_pread(dev, 0, got, RECORD_LEN, err);
	if (ret)
		return ret;
	if (memcmp(got, record, RECORD_LEN))
		return dw_fail(err, DW_IO,
			       "loader: the boot record reads back differently");
	ret = dw_fs_file_runs(fs, dw_le32(record + RECORD_INODE_OFF),
			      compare_run, &c, err);
	if (ret)
		return ret;
	if (c.done != stage2_len)
		return dw_fail(err, DW_IO,
			       "loader: only %zu of %zu bytes of stage 2 are allocated",
			       c.done, stage2_len);
	ret = dw_loader_inspect(fs, dev, place, &state, err);
	if (ret)
		return ret;
	if (state.kind != DW_LOADER_OURS || state.stale)
		return dw_fail(err, DW_IO, "loader: after the install: %s",
			       state.problem);
	return 0;
}

int dw_loader_install(struct dw_fs *fs, struct dw_dev *dev,
		      const struct dw_loader_place *place, const char *dir,
		      struct dw_err *err)
{
	char path[DW_LOADER_PATH_LEN];
	uint8_t record[RECORD_LEN];
	uint8_t *stage2 = NULL;
	size_t len;
	uint64_t ino;
	int ret;

	if (!dir)
		dir = DW_LOADER_DIR;
	ret = dw_loader_make_dir(fs, dir, err);
	if (ret)
		goto out;
	ret = dw_stage2_make(dir, &stage2, &len, err);
	if (ret)
		goto out;
	dw_stage2_path(dir, path);
	ret = dw_loader_write_file(fs, path, stage2, len, &ino, err);
	if (!ret)
		ret = check_reach(dev, ino, err);
	if (ret)
		goto out;
	make_record(record, place, ino);
	ret = write_record(dev, record, err);
	if (!ret)
		ret = verify(fs, dev, place, record, stage2, len, err);
out:
	free(stage2);
	return ret;
}

int dw_loader_repair(struct dw_fs *fs, struct dw_dev *dev,
		     const struct dw_loader_place *place,
		     const struct dw_loader_state *state, struct dw_err *err)
{
	char dir[DW_LOADER_PATH_LEN];
	char *slash;

	if (state->kind != DW_LOADER_OURS && state->kind != DW_LOADER_NONE)
		return dw_fail(err, DW_UNSUPPORTED, "its boot record is that "
			       "of %s; only our own can be written again",
			       state->name);
	memcpy(dir, state->stage2_path, sizeof(dir));
	slash = strrchr(dir, '/');
	if (!slash)
		return dw_loader_install(fs, dev, place, NULL, err);
	slash[slash == dir] = 0;
	return dw_loader_install(fs, dev, place, dir, err);
}

const uint8_t *dw_loader_mbr_code(void)
{
	return dw_loader_code.mbr;
}

int dw_loader_install_mbr(struct dw_dev *disk, struct dw_err *err)
{
	uint8_t sector[SECTOR_LEN];
	int ret;

	ret = dw_dev_pread(disk, 0, sector, sizeof(sector), err);
	if (ret)
		return ret;
	memcpy(sector, dw_loader_code.mbr, MBR_CODE_LEN);
	dw_put_le16(sector + MBR_MAGIC_OFF, MBR_MAGIC);
	ret = dw_dev_pwrite(disk, 0, sector, sizeof(sector), err);
	if (!ret)
		ret = dw_dev_flush(disk, err);
	return ret;
}
