/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tells what boot code is on a disk or filesystem, and whether ours works.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "boot/install.h"
#include "boot/loader_stage2.h"
#include "boot/syslinux.h"
#include "boot/x86/code.h"

/* A text that tells a loader, at one place or anywhere in the first sector. */
struct signature {
	enum dw_loader_kind kind;
	const char *name;
	const char *text;
	int off;		/* -1: anywhere */
};

/* The first that fits counts; texts of menus and messages come last. */
static const struct signature signatures[] = {
	{ DW_LOADER_SYSLINUX, "syslinux", "SYSLINUX", RECORD_NAME_OFF },
	{ DW_LOADER_SYSLINUX, "extlinux", "EXTLINUX", RECORD_NAME_OFF },
	{ DW_LOADER_OTHER, "LILO", "LILO", 6 },
	{ DW_LOADER_OTHER, "LILO", "LILO", 2 },
	{ DW_LOADER_GRUB, "grub", "GRUB ", -1 },
	{ DW_LOADER_CHAIN, "plain MBR", "Missing operating system", -1 },
	{ DW_LOADER_CHAIN, "plain MBR", "Invalid partition table", -1 },
};

static bool has_text(const uint8_t *sector, const char *text, int off)
{
	size_t len = strlen(text);

	if (off >= 0)
		return !memcmp(sector + off, text, len);
	return memmem(sector, MBR_TABLE_OFF, text, len);
}

#define NAME_TEXT(version) "diskwright " #version
#define NAME(version) NAME_TEXT(version)

const char *dw_loader_name(void)
{
	return NAME(STAGE2_VERSION);
}

static bool is_our_record(const uint8_t record[RECORD_LEN])
{
	return has_text(record, RECORD_NAME, RECORD_NAME_OFF) &&
	       dw_le32(record + RECORD_MAGIC_OFF) == RECORD_MAGIC;
}

static void name_sector(const uint8_t sector[RECORD_LEN],
			struct dw_loader_state *out)
{
	size_t i;

	memset(out, 0, sizeof(*out));
	if (dw_le16(sector + MBR_MAGIC_OFF) != MBR_MAGIC)
		return;
	if (has_text(sector, RECORD_NAME, RECORD_NAME_OFF) ||
	    has_text(sector, MBR_NAME, MBR_NAME_OFF)) {
		out->kind = DW_LOADER_OURS;
		snprintf(out->name, sizeof(out->name), "%s", dw_loader_name());
		return;
	}
	for (i = 0; i < sizeof(signatures) / sizeof(*signatures); i++) {
		const struct signature *s = &signatures[i];

		if (has_text(sector, s->text, s->off)) {
			out->kind = s->kind;
			snprintf(out->name, sizeof(out->name), "%s", s->name);
			return;
		}
	}
	if (dw_is_zero(sector, MBR_CODE_LEN))
		return;
	out->kind = DW_LOADER_OTHER;
	snprintf(out->name, sizeof(out->name), "unknown boot code");
}

int dw_loader_inspect_sector(struct dw_dev *dev, struct dw_loader_state *out,
			     struct dw_err *err)
{
	uint8_t sector[RECORD_LEN];
	int ret;

	memset(out, 0, sizeof(*out));
	if (dev->size < sizeof(sector))
		return 0;
	ret = dw_dev_pread(dev, 0, sector, sizeof(sector), err);
	if (!ret)
		name_sector(sector, out);
	return ret;
}

static void set_stale(struct dw_loader_state *out, const char *problem)
{
	out->stale = true;
	snprintf(out->problem, sizeof(out->problem), "%.*s",
		 (int)sizeof(out->problem) - 1, problem);
}

/* dw_fs_run_fn: counts the bytes that lie in order, without a hole. */
static int count_run(void *arg, uint64_t file_off, uint64_t dev_off,
		     uint64_t len, struct dw_err *err)
{
	uint64_t *done = arg;

	if (file_off == *done)
		*done += len;
	return 0;
}

/* A deleted file may be intact for some time: its name must still lead to it. */
static void check_name(struct dw_fs *fs, struct dw_loader_state *out)
{
	struct dw_stat st;

	if (dw_fs_stat(fs, out->stage2_path, &st, NULL) ||
	    st.ino != out->stage2_ino) {
		out->stale = true;
		snprintf(out->problem, sizeof(out->problem),
			 "%.70s is no longer inode %" PRIu64, out->stage2_path,
			 out->stage2_ino);
	}
}

/* Reads the file with that inode number as the boot record would. */
static int check_stage2(struct dw_fs *fs, struct dw_loader_state *out,
			struct dw_err *err)
{
	struct dw_stage2_info info;
	uint64_t allocated = 0;
	const char *problem;
	uint8_t *file;
	size_t len;
	int ret;

	file = malloc(STAGE2_MAX_LEN + 1);
	if (!file)
		return dw_fail_nomem(err);
	ret = dw_fs_pread(fs, out->stage2_ino, 0, file, STAGE2_MAX_LEN + 1,
			  &len, err);
	if (ret)
		goto out;
	problem = dw_stage2_check(file, len, &info);
	if (problem) {
		set_stale(out, problem);
		goto out;
	}
	out->version = info.version;
	out->outdated = info.version < STAGE2_VERSION;
	snprintf(out->name, sizeof(out->name), "diskwright %u", info.version);
	dw_stage2_path(info.dir, out->stage2_path);
	ret = dw_fs_file_runs(fs, out->stage2_ino, count_run, &allocated, err);
	if (ret)
		goto out;
	if (allocated < len)
		set_stale(out, "stage 2 has a hole");
	else
		check_name(fs, out);
out:
	free(file);
	return ret;
}

static void check_place(const uint8_t record[RECORD_LEN],
			const struct dw_loader_place *place,
			struct dw_loader_state *out)
{
	uint64_t start_lba = dw_le64(record + RECORD_START_OFF);
	bool whole = record[RECORD_FLAGS_OFF] & RECORD_WHOLE_DISK;

	if (whole != place->whole_disk) {
		set_stale(out, whole ?
			  "the boot record is one for a disk without partitions" :
			  "the boot record is one for a partition");
	} else if (!whole && start_lba != place->start_lba) {
		out->stale = true;
		snprintf(out->problem, sizeof(out->problem),
			 "the boot record expects its partition at sector %" PRIu64 ", it is at %" PRIu64,
			 start_lba, place->start_lba);
	}
}

int dw_loader_inspect(struct dw_fs *fs, struct dw_dev *dev,
		      const struct dw_loader_place *place,
		      struct dw_loader_state *out, struct dw_err *err)
{
	uint8_t record[RECORD_LEN];
	struct dw_err why;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = dw_dev_pread(dev, 0, record, sizeof(record), err);
	if (ret)
		return ret;
	name_sector(record, out);
	if (out->kind == DW_LOADER_SYSLINUX)
		return dw_syslinux_inspect(fs, dev, out, err);
	if (out->kind != DW_LOADER_OURS)
		return 0;
	if (!is_our_record(record)) {
		set_stale(out, "the second sector of the boot record is gone");
		return 0;
	}
	out->stage2_ino = dw_le32(record + RECORD_INODE_OFF);
	check_place(record, place, out);
	ret = check_stage2(fs, out, &why);
	switch (ret) {
	case DW_IO:
	case DW_NOMEM:
	case DW_CANCELLED:
		if (err)
			*err = why;
		return ret;
	case 0:
		return 0;
	default:				/* the inode is no file any more */
		set_stale(out, why.text);
		return 0;
	}
}
