/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Touches everything in an ext image, for tests with damaged ones:
 *
 *   fstool IMAGE [write]
 *
 * Opens it (after recovery, in memory, where that is needed), lists all
 * folders, reads all files, links and attributes, asks for the used blocks,
 * and with "write" changes things in memory.  Prints one line of counts and
 * the first error.  The exit status is 0 whatever the image is like.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dev/kinds.h"
#include "fs/fs.h"

#define READ_MAX (8u << 20)

static struct dw_ctx *ctx;
static struct dw_fs *fs;
static uint8_t *seen;		/* folders, a bit an inode */
static uint64_t inodes_nr;
static uint64_t files_nr, dirs_nr, bytes_nr, attrs_nr, errors_nr;
static char first_error[DW_ERR_TEXT];

static void note(int ret, const struct dw_err *err)
{
	if (!ret)
		return;
	if (!errors_nr++)
		snprintf(first_error, sizeof(first_error), "%s", err->text);
}

static void read_regular(uint64_t ino, uint64_t size)
{
	static char buf[65536];
	struct dw_err err = { 0 };
	uint64_t off = 0;
	size_t got = 1;
	int ret = 0;

	while (!ret && got && off < READ_MAX) {
		ret = dw_fs_pread(fs, ino, off, buf, sizeof(buf), &got, &err);
		off += got;
		bytes_nr += got;
	}
	/* Its end as well, however far away. */
	if (!ret && size > off)
		ret = dw_fs_pread(fs, ino, size - 1, buf, 1, &got, &err);
	note(ret, &err);
}

static int one_attr(void *arg, const char *name, const void *value, size_t len,
		    struct dw_err *err)
{
	attrs_nr++;
	return 0;
}

static void walk(const char *path, unsigned depth);

static int one_entry(void *arg, const char *name, uint64_t ino,
		     uint32_t type_mode, struct dw_err *unused)
{
	const char *dir = arg;
	struct dw_err err = { 0 };
	char path[4096], *target;
	struct dw_stat st;
	int ret;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >=
	    (int)sizeof(path))
		return 0;
	ret = dw_fs_lstat(fs, path, &st, &err);
	note(ret, &err);
	if (ret)
		return 0;
	files_nr++;
	switch (st.mode & 0170000) {
	case 0040000:
		walk(path, (unsigned)strlen(path) / 2);
		return 0;
	case 0120000:
		note(dw_fs_readlink(fs, path, &target, &err), &err);
		free(target);
		dw_fs_exists(fs, path);
		return 0;
	case 0100000:
		read_regular(st.ino, st.size);
		note(dw_fs_listxattr(fs, path, one_attr, NULL, &err), &err);
	}
	return 0;
}

static void walk(const char *path, unsigned depth)
{
	struct dw_err err = { 0 };
	struct dw_stat st;
	int ret = dw_fs_stat(fs, path, &st, &err);

	note(ret, &err);
	if (ret || depth > 200)
		return;
	/* Damaged folders lead in circles. */
	if (st.ino > inodes_nr || seen[st.ino / 8] >> (st.ino % 8) & 1)
		return;
	seen[st.ino / 8] |= (uint8_t)(1 << st.ino % 8);
	dirs_nr++;
	note(dw_fs_readdir(fs, path, one_entry, (void *)path, &err), &err);
}

static void change(void)
{
	static char data[200000], target[200];
	struct dw_err err = { 0 };
	uint64_t ino;

	memset(data, 'w', sizeof(data));
	note(dw_fs_mkdir(fs, "/dw-new/folder", true, NULL, &err), &err);
	note(dw_fs_write_file(fs, "/dw-new/f", data, sizeof(data), NULL, &err),
	     &err);
	note(dw_fs_write_file(fs, "/dw-new/f", data, 10, NULL, &err), &err);
	memset(target, 't', sizeof(target) - 1);
	note(dw_fs_symlink(fs, target, "/dw-new/slow", &err), &err);
	note(dw_fs_symlink(fs, "f", "/dw-new/fast", &err), &err);
	note(dw_fs_setxattr(fs, "/dw-new/f", "user.x", data, 500, &err), &err);
	note(dw_fs_rename(fs, "/dw-new/f", "/dw-new/folder/g", &err), &err);
	note(dw_fs_write_boot_file(fs, "/dw-new/b", data, 30000, &ino, &err),
	     &err);
	note(dw_fs_unlink(fs, "/dw-new/folder/g", &err), &err);
	note(dw_fs_flush(fs, &err), &err);
}

static int open_all(const char *path, bool write, struct dw_err *err)
{
	struct dw_dev *file = NULL, *top = NULL;
	struct dw_recovery rec;
	struct dw_fs_info info;
	int ret;

	ret = dw_file_open(ctx, path, 0, &file, err);
	if (!ret)
		ret = dw_fs_identify(file, &info, err);
	if (!ret)
		ret = dw_overlay_new(file, info.block_len ? info.block_len :
				     4096, 256 << 20, &top, err);
	if (!ret && (info.needs_recovery || info.has_orphans))
		ret = dw_fs_recover(ctx, top, &rec, err);
	if (!ret)
		ret = dw_fs_open(ctx, top, write ? DW_FS_WRITE : 0, &fs, err);
	dw_dev_close(top, NULL);
	dw_dev_close(file, NULL);
	return ret;
}

int main(int argc, char **argv)
{
	bool write = argc > 2 && !strcmp(argv[2], "write");
	struct dw_used *used = NULL;
	struct dw_err err = { 0 };
	int ret;

	if (argc < 2 || dw_ctx_new(&ctx, &err))
		return 2;
	ret = open_all(argv[1], write, &err);
	if (ret) {
		printf("refused %d: %s\n", ret, err.text);
		goto out;
	}
	inodes_nr = UINT32_MAX;
	seen = calloc(1, (size_t)inodes_nr / 8 + 1);
	if (write)
		change();
	walk("/", 0);
	ret = dw_fs_used(fs, &used, &err);
	note(ret, &err);
	printf("files %" PRIu64 " dirs %" PRIu64 " bytes %" PRIu64 " attrs %"
	       PRIu64 " used %" PRIu64 " unmarked %" PRIu64 " damaged %" PRIu64
	       " errors %" PRIu64 " %s\n", files_nr, dirs_nr, bytes_nr,
	       attrs_nr, used ? used->total_len : 0,
	       used ? used->unmarked_blk_nr : 0,
	       used ? used->damaged_inodes_nr : 0, errors_nr, first_error);
out:
	dw_used_free(used);
	free(seen);
	dw_fs_close(fs);
	dw_ctx_free(ctx);
	return 0;
}
