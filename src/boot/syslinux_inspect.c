/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which syslinux a filesystem has, and whether its boot sector finds it.
 *
 * The boot sector alone does not tell where in it the number of the first
 * sector stands: ldlinux.sys does.  So that file is looked for where it can
 * be, and has to be the one that the boot sector means.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "boot/syslinux.h"

#define SECTOR 512u
#define INSTANCE_OFF 4	/* behind the magic number of the patch area */

struct first_run {
	uint64_t dev_off;
	bool found;
};

static int take_first(void *arg, uint64_t file_off, uint64_t dev_off,
		      uint64_t len, struct dw_err *err)
{
	struct first_run *first = arg;

	if (!file_off) {
		first->dev_off = dev_off;
		first->found = true;
	}
	return 0;
}

static void set_stale(struct dw_loader_state *out, const char *problem)
{
	out->stale = true;
	snprintf(out->problem, sizeof(out->problem), "%s", problem);
}

/* Whether the boot sector was made for this very ldlinux.sys. */
static bool belongs(const uint8_t vbr[DW_SYSLINUX_VBR_LEN],
		    const uint8_t *sys, const struct dw_syslinux_fields *f)
{
	return memmem(vbr, DW_SYSLINUX_VBR_LEN,
		      sys + f->patch_off + INSTANCE_OFF, 4);
}

static int compare(struct dw_fs *fs, uint64_t ino,
		   const uint8_t vbr[DW_SYSLINUX_VBR_LEN], const uint8_t *sys,
		   const struct dw_syslinux_fields *f,
		   struct dw_loader_state *out, struct dw_err *err)
{
	struct first_run first = { 0 };
	uint64_t sector = dw_le32(vbr + f->vbr_low_off) |
			  (uint64_t)dw_le32(vbr + f->vbr_high_off) << 32;
	int ret = dw_fs_file_runs(fs, ino, take_first, &first, err);

	if (ret)
		return ret;
	if (!belongs(vbr, sys, f))
		set_stale(out, "the boot sector is another version's than "
			  DW_SYSLINUX_SYS);
	else if (!first.found || first.dev_off / SECTOR != sector)
		set_stale(out, DW_SYSLINUX_SYS " is no longer where the boot "
			  "sector looks for it");
	return 0;
}

/* DW_NOT_MINE where the file is something else. */
static int look_at(struct dw_fs *fs, const char *path,
		   const uint8_t vbr[DW_SYSLINUX_VBR_LEN],
		   struct dw_loader_state *out, struct dw_err *err)
{
	struct dw_syslinux_fields f;
	struct dw_stat st;
	uint8_t *sys;
	size_t len;
	int ret = dw_fs_stat(fs, path, &st, err);

	if (ret)
		return ret;
	sys = malloc(DW_SYSLINUX_SYS_MAX);
	if (!sys)
		return dw_fail_nomem(err);
	ret = dw_fs_pread(fs, st.ino, 0, sys, DW_SYSLINUX_SYS_MAX, &len, err);
	if (!ret)
		ret = dw_syslinux_decode(sys, len, &f, err);
	if (!ret) {
		out->stage2_ino = st.ino;
		snprintf(out->stage2_path, sizeof(out->stage2_path), "%s",
			 path);
		snprintf(out->name, sizeof(out->name), "syslinux %s",
			 f.version);
		ret = compare(fs, st.ino, vbr, sys, &f, out, err);
	}
	free(sys);
	return ret;
}

int dw_syslinux_inspect(struct dw_fs *fs, struct dw_dev *dev,
			struct dw_loader_state *out, struct dw_err *err)
{
	static const char *const paths[] = {
		"/boot/syslinux/" DW_SYSLINUX_SYS,
		"/boot/extlinux/" DW_SYSLINUX_SYS, "/boot/" DW_SYSLINUX_SYS,
		"/extlinux/" DW_SYSLINUX_SYS, "/syslinux/" DW_SYSLINUX_SYS,
		"/" DW_SYSLINUX_SYS, "/boot/extlinux/extlinux.sys",
		"/boot/extlinux.sys", "/extlinux.sys",
	};
	uint8_t vbr[DW_SYSLINUX_VBR_LEN];
	size_t i;
	int ret = dw_dev_pread(dev, 0, vbr, sizeof(vbr), err);

	/* The first that is intact counts, else the last one.  Where there is
	 * none it may be in a folder that nobody looks for. */
	for (i = 0; !ret && i < sizeof(paths) / sizeof(*paths); i++) {
		struct dw_loader_state found = { .kind = out->kind };

		if (!dw_fs_exists(fs, paths[i]))
			continue;
		ret = look_at(fs, paths[i], vbr, &found, err);
		if (!ret)
			*out = found;
		if (!ret && !found.stale)
			return 0;
		if (ret != DW_IO && ret != DW_NOMEM && ret != DW_CANCELLED)
			ret = 0;
	}
	return ret;
}
