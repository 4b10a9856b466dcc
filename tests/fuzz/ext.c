/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ext2/3/4: recovery, reading all of it, changing it, what a job would see. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <com_err.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/sum.h"
#include "fs/fs.h"
#include "fuzz.h"

enum { READ, WRITE, INSPECT, MODES_NR };

#define PATH_LEN	1024
#define ENTRIES_MAX	400u
#define DEPTH_MAX	12u
#define READ_MAX	(1u << 20)	/* of one file */

/* A walk, which a damaged tree may lead in circles. */
struct walk {
	struct fuzz *z;
	struct dw_fs *fs;
	unsigned entries_nr, depth;
	char path[PATH_LEN];
	size_t len;
};

/* ---- checksums ---------------------------------------------------------- */

struct geometry {
	uint32_t block_len, per_group, inode_len, desc_len, groups_nr, seed;
	uint64_t table_blk;
	bool is_64bit;
};

static bool geometry_of(const uint8_t *sb, struct geometry *g)
{
	uint64_t blocks_nr = dw_le32(sb + 4), group_len = dw_le32(sb + 32);

	if (dw_le16(sb + 0x38) != 0xef53 || dw_le32(sb + 0x18) > 6 ||
	    !(dw_le32(sb + 0x64) & 0x400) || !group_len)
		return false;
	g->block_len = 1024u << dw_le32(sb + 0x18);
	g->per_group = dw_le32(sb + 0x28);
	g->inode_len = dw_le16(sb + 0x58);
	g->is_64bit = dw_le32(sb + 0x60) & 0x80;
	g->desc_len = g->is_64bit ? dw_le16(sb + 0xfe) : 32;
	g->groups_nr = (uint32_t)dw_min(4, blocks_nr / group_len + 1);
	g->table_blk = dw_le32(sb + 0x14) + 1;
	g->seed = dw_le32(sb + 0x60) & 0x2000 ? dw_le32(sb + 0x270) :
		  dw_crc32c(~0u, sb + 0x68, 16);
	return g->inode_len >= 128 && g->inode_len <= 1024 &&
	       g->desc_len >= 32 && g->desc_len <= 1024 &&
	       g->per_group <= 4096;
}

/* As in the kernel's ext4_inode_csum(): both halves count as zero. */
static void fix_inode(const struct geometry *g, uint32_t ino, uint8_t *p)
{
	uint8_t number[4];
	uint32_t sum;
	bool wide = g->inode_len > 128 && dw_le16(p + 128) >= 4;

	if (dw_is_zero(p, g->inode_len))
		return;
	dw_put_le32(number, ino);
	dw_put_le16(p + 0x7c, 0);
	if (wide)
		dw_put_le16(p + 0x82, 0);
	sum = dw_crc32c(g->seed, number, 4);
	sum = dw_crc32c(sum, p + 0x64, 4);
	sum = dw_crc32c(sum, p, g->inode_len);
	dw_put_le16(p + 0x7c, (uint16_t)sum);
	if (wide)
		dw_put_le16(p + 0x82, (uint16_t)(sum >> 16));
}

static void fix_group(struct dw_dev *dev, const struct geometry *g,
		      uint32_t nr)
{
	uint64_t off = g->table_blk * g->block_len + (uint64_t)nr * g->desc_len;
	uint8_t desc[1024], inode[1024], number[4];
	uint64_t at;

	if (!dw_in_range(off, g->desc_len, dev->size))
		return;
	dw_dev_pread(dev, off, desc, g->desc_len, NULL);
	dw_put_le32(number, nr);
	dw_put_le16(desc + 0x1e, 0);
	dw_put_le16(desc + 0x1e, (uint16_t)
		    dw_crc32c(dw_crc32c(g->seed, number, 4), desc,
			      g->desc_len));
	dw_dev_pwrite(dev, off, desc, g->desc_len, NULL);
	at = (uint64_t)dw_le32(desc + 8) * g->block_len;
	for (uint32_t i = 0; i < dw_min(g->per_group, 64); i++) {
		if (!dw_in_range(at, g->inode_len, dev->size))
			return;
		dw_dev_pread(dev, at, inode, g->inode_len, NULL);
		fix_inode(g, nr * g->per_group + i + 1, inode);
		dw_dev_pwrite(dev, at, inode, g->inode_len, NULL);
		at += g->inode_len;
	}
}

static void fix(struct dw_dev *dev)
{
	uint8_t sb[1024];
	struct geometry g;

	if (dev->size < 2048 || dw_dev_pread(dev, 1024, sb, sizeof(sb), NULL))
		return;
	if (geometry_of(sb, &g))
		for (uint32_t i = 0; i < g.groups_nr; i++)
			fix_group(dev, &g, i);
	dw_put_le32(sb + 0x3fc, dw_crc32c(~0u, sb, 0x3fc));
	dw_dev_pwrite(dev, 1024, sb, sizeof(sb), NULL);
}

/* ---- reading ------------------------------------------------------------ */

static int one_attr(void *arg, const char *name, const void *value, size_t len,
		    struct dw_err *err)
{
	return dw_is_zero(value, len) && !name[0] ? DW_CORRUPT : 0;
}

static int one_run(void *arg, uint64_t file_off, uint64_t dev_off,
		   uint64_t len, struct dw_err *err)
{
	struct walk *w = arg;

	if (!dw_in_range(dev_off, len, w->z->dev->size))
		fuzz_fail("a run of %llu bytes at %llu",
			  (unsigned long long)len,
			  (unsigned long long)dev_off);
	return 0;
}

static void read_file(struct walk *w, uint64_t ino, uint64_t size)
{
	static char buf[65536];
	uint64_t off = 0;
	size_t got = 1;
	int ret = 0;

	while (!ret && got && off < READ_MAX) {
		ret = fuzz_result(w->z, dw_fs_pread(w->fs, ino, off, buf,
						    sizeof(buf), &got,
						    &w->z->err));
		off += got;
	}
	if (!ret && size > off)
		fuzz_result(w->z, dw_fs_pread(w->fs, ino, size - 1, buf, 1,
					      &got, &w->z->err));
	fuzz_result(w->z, dw_fs_file_runs(w->fs, ino, one_run, w, &w->z->err));
}

static int one_entry(void *arg, const char *name, uint64_t ino,
		     uint32_t type_mode, struct dw_err *err);

static void visit(struct walk *w)
{
	struct dw_err *err = &w->z->err;
	struct dw_stat st;
	char *text;

	if (fuzz_result(w->z, dw_fs_lstat(w->fs, w->path, &st, err)))
		return;
	dw_fs_listxattr(w->fs, w->path, one_attr, NULL, err);
	switch (st.mode & 0170000) {
	case 0040000:
		if (++w->depth < DEPTH_MAX)
			fuzz_result(w->z, dw_fs_readdir(w->fs, w->path,
							one_entry, w, err));
		w->depth--;
		break;
	case 0120000:
		text = NULL;
		fuzz_result(w->z, dw_fs_readlink(w->fs, w->path, &text, err));
		free(text);
		text = NULL;
		fuzz_result(w->z, dw_fs_realpath(w->fs, w->path, &text, err));
		free(text);
		break;
	case 0100000:
		read_file(w, st.ino, st.size);
	}
}

static int one_entry(void *arg, const char *name, uint64_t ino,
		     uint32_t type_mode, struct dw_err *err)
{
	struct walk *w = arg;
	size_t len = w->len, name_len = strlen(name);

	if (!name_len || strchr(name, '/'))
		fuzz_fail("an entry is called \"%s\"", name);
	if (++w->entries_nr > ENTRIES_MAX)
		return 0;
	if (len + 1 + name_len >= sizeof(w->path))
		return 0;
	w->path[w->len++] = '/';
	memcpy(w->path + w->len, name, name_len + 1);
	w->len += name_len;
	visit(w);
	w->len = len;
	w->path[len] = '\0';
	return 0;
}

static void read_all(struct fuzz *z, struct dw_fs *fs)
{
	struct walk w = { .z = z, .fs = fs };
	struct dw_used *used;
	struct dw_fs_info info;
	char *data;
	size_t len;

	fuzz_result(z, dw_fs_get_info(fs, &info, &z->err));
	fuzz_result(z, dw_fs_readdir(fs, "/", one_entry, &w, &z->err));
	if (!dw_fs_read_file(fs, "/f", READ_MAX, &data, &len, &z->err))
		free(data);
	if (fuzz_result(z, dw_fs_used(fs, &used, &z->err)))
		return;
	for (size_t i = 0; i < used->runs_nr; i++)
		if (!dw_in_range(used->runs[i].off, used->runs[i].len,
				 z->dev->size))
			fuzz_fail("a used run past the end");
	dw_used_free(used);
}

/* ---- changing ----------------------------------------------------------- */

static const char *const names[] = {
	"/f", "/d/g", "/link", "/d", "/new", "/d/new", "/d/new/a", "/hard",
};

/* Names of the seeds and new ones. */
static const char *name_nr(unsigned i)
{
	return names[i % (sizeof(names) / sizeof(names[0]))];
}

static int change(struct dw_fs *fs, const uint8_t *op, struct dw_err *err)
{
	static const char data[70000];
	const char *a = name_nr(op[1]), *b = name_nr(op[2]);
	size_t len = op[3] * 256u;
	uint64_t ino;

	switch (op[0] % 11) {
	case 0:
		return dw_fs_write_file(fs, a, data, len, NULL, err);
	case 1:
		return dw_fs_mkdir(fs, a, op[2] & 1, NULL, err);
	case 2:
		return dw_fs_symlink(fs, b, a, err);
	case 3:
		return dw_fs_unlink(fs, a, err);
	case 4:
		return dw_fs_rename(fs, a, b, err);
	case 5:
		return dw_fs_chmod(fs, a, 0100u + op[3], err);
	case 6:
		return dw_fs_setxattr(fs, a, "user.x", data, len / 16, err);
	case 7:
		return dw_fs_write_boot_file(fs, a, data, len, &ino, err);
	case 8:
		return dw_fs_set_inode_flags(fs, a, op[3], err);
	case 9:
		return dw_fs_set_times(fs, a, op[2], op[3], err);
	default:
		return dw_fs_flush(fs, err);
	}
}

static void change_all(struct fuzz *z, struct dw_fs *fs)
{
	/* What a seed without operations gets. */
	static const uint8_t usual[][FUZZ_OP_LEN] = {
		{ 0, 0, 0, 200 }, { 1, 4, 1, 0 }, { 0, 6, 0, 9 },
		{ 2, 2, 1, 0 }, { 6, 0, 0, 60 }, { 4, 1, 5, 0 },
		{ 7, 4, 0, 99 }, { 3, 0, 0, 0 }, { 10, 0, 0, 0 },
		{ 5, 1, 0, 7 }, { 8, 1, 0, 16 }, { 4, 3, 4, 0 },
	};

	for (unsigned i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (!z->ops_nr)
			fuzz_result(z, change(fs, usual[i], &z->err));
	for (unsigned i = 0; i < z->ops_nr; i++)
		fuzz_result(z, change(fs, z->ops + i * FUZZ_OP_LEN, &z->err));
	fuzz_result(z, dw_fs_flush(fs, &z->err));
}

/* ---- all together ------------------------------------------------------- */

/* The device, recovered in memory where that is needed. */
static int overlay(struct fuzz *z, struct dw_dev **top)
{
	struct dw_fs_info info;
	int ret;

	*top = NULL;
	ret = dw_fs_drivers[0]->info(z->dev, &info, &z->err);
	if (!ret)
		ret = dw_overlay_new(z->dev, info.block_len ? info.block_len :
				     4096, FUZZ_CAP_LEN, top, &z->err);
	if (!ret)
		ret = dw_fs_recover(z->ctx, *top, NULL, &z->err);
	return ret;
}

static void inspect(struct fuzz *z)
{
	struct dw_check_report *report = NULL;
	struct dw_layer *layer = NULL;

	fuzz_result(z, dw_inspect(z->ctx, z->dev, 0, &layer, &z->err));
	dw_layer_free(layer);
	fuzz_result(z, dw_check(z->ctx, z->dev, &report, &z->err));
	dw_check_report_free(report);
}

/* libext2fs speaks through this; a library must not. */
static void no_words(const char *who, errcode_t code, const char *fmt,
		     va_list ap)
{
	vfprintf(stderr, fmt, ap);
	fuzz_fail(": libext2fs wrote to standard error");
}

static void run(struct fuzz *z)
{
	struct dw_dev *top;
	struct dw_fs *fs = NULL;
	bool write = z->mode == WRITE;

	set_com_err_hook(no_words);
	if (z->mode == INSPECT) {
		inspect(z);
		return;
	}
	if (!fuzz_result(z, overlay(z, &top)) &&
	    !fuzz_result(z, dw_fs_open(z->ctx, top, write ? DW_FS_WRITE : 0,
				       &fs, &z->err))) {
		if (write)
			change_all(z, fs);
		read_all(z, fs);
	}
	dw_fs_close(fs);
	dw_dev_close(top, NULL);
}

const struct fuzz_target fuzz_target = {
	.name = "ext",
	.modes_nr = MODES_NR,
	.fix = fix,
	.run = run,
};
