/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Puts the loader onto a disk, and tells what boot code is there.
 *
 * Three pieces: 440 bytes in the master boot record (partitioned disks only),
 * 1024 bytes at the start of the filesystem, and stage 2, a file beside the
 * configuration that the 1024 bytes find by its inode number.
 */
#ifndef DW_BOOT_INSTALL_H
#define DW_BOOT_INSTALL_H

#include "fs/fs.h"

/* Where stage 2 and the configuration belong, unless the caller says else. */
#define DW_LOADER_DIR "/boot/syslinux"
#define DW_LOADER_FILE "diskwright.sys"
#define DW_LOADER_PATH_LEN 160

/* Where the filesystem lies on the disk that the BIOS sees. */
struct dw_loader_place {
	bool whole_disk;	/* it begins at sector 0: no partition table */
	uint64_t start_lba;	/* else its first sector */
};

enum dw_loader_kind {
	DW_LOADER_NONE,		/* no boot code */
	DW_LOADER_CHAIN,	/* MBR that only runs the active partition */
	DW_LOADER_OURS,
	DW_LOADER_SYSLINUX,	/* genuine extlinux or syslinux */
	DW_LOADER_GRUB,
	DW_LOADER_OTHER,	/* boot code that we do not know */
};

/* What is in a boot sector and, for ours, behind it. */
struct dw_loader_state {
	enum dw_loader_kind kind;
	char name[48];		/* "diskwright 2", "extlinux", "grub", ... ;
				 * "" where there is none */
	unsigned version;	/* of stage 2, 0 where it cannot be read */
	bool outdated;		/* it works, but is older than ours */
	bool stale;		/* ours, but it would not find stage 2 */
	char problem[128];	/* why it is stale */
	uint64_t stage2_ino;	/* as the boot record has it */
	char stage2_path[DW_LOADER_PATH_LEN];	/* "" where not known */
};

/* The folder of a loader, made where it is not there.  DW_UNSUPPORTED where
 * nothing could boot from it. */
int dw_loader_make_dir(struct dw_fs *fs, const char *dir, struct dw_err *err);

/*
 * Puts a loader's file in block group 0, where nothing moves it, immutable.
 * Where that is full any inode does: then shrinking the filesystem may make a
 * record stale that knows it by its number.
 */
int dw_loader_write_file(struct dw_fs *fs, const char *path,
			 const uint8_t *data, size_t len, uint64_t *ino,
			 struct dw_err *err);

/*
 * Writes stage 2 as dir/diskwright.sys (dir NULL: DW_LOADER_DIR; it is made if
 * it is not there), flushes fs, writes the boot record to the first bytes of
 * dev, the device under fs, then reads all of it back and compares.  Earlier
 * copies of ours in that place are replaced.
 *
 * DW_UNSUPPORTED names what bars it: an encrypted directory, a filesystem
 * type or feature; DW_NOSPACE where block group 0 has no room.
 */
int dw_loader_install(struct dw_fs *fs, struct dw_dev *dev,
		      const struct dw_loader_place *place, const char *dir,
		      struct dw_err *err);

/* Writes the code of the master boot record: the first 440 bytes of the disk;
 * signature and table stay. */
int dw_loader_install_mbr(struct dw_dev *disk, struct dw_err *err);
/* The same 440 bytes, for a sector that is put together in memory. */
const uint8_t *dw_loader_mbr_code(void);
/* "diskwright 2": what dw_loader_state calls ours. */
const char *dw_loader_name(void);

/* Names the boot code at the start of a disk (its MBR, or the filesystem's
 * boot record where there is no table).  Reads nothing else. */
int dw_loader_inspect_sector(struct dw_dev *dev, struct dw_loader_state *out,
			     struct dw_err *err);

/*
 * The same for the filesystem's boot record on dev, and whether it is stale:
 * whether it finds an intact stage 2 through fs, and whether place is right.
 */
int dw_loader_inspect(struct dw_fs *fs, struct dw_dev *dev,
		      const struct dw_loader_place *place,
		      struct dw_loader_state *out, struct dw_err *err);

/* Installs again where the state found says; fs and dev are writable. */
int dw_loader_repair(struct dw_fs *fs, struct dw_dev *dev,
		     const struct dw_loader_place *place,
		     const struct dw_loader_state *state, struct dw_err *err);

#endif
