/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Prints everything that a filesystem says of each file in it, a line a name,
 * so that two filesystems can be compared with diff.  Reads through libext2fs
 * alone, which makes it a second opinion on what diskwright wrote.
 *
 *   exttree IMAGE [OFFSET]
 */
#include <et/com_err.h>
#include <ext2fs/ext2fs.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct walk {
	ext2_filsys fs;
	const char *path;	/* of the folder being listed */
};

static void die(errcode_t rc, const char *what)
{
	fprintf(stderr, "exttree: %s: %s\n", what, error_message(rc));
	exit(1);
}

static void print_hash(const void *data, size_t len)
{
	unsigned char sum[EXT2FS_SHA512_LENGTH];

	ext2fs_sha512(data, len, sum);
	for (size_t i = 0; i < 12; i++)
		printf("%02x", sum[i]);
}

/* Content of a file or of a link, by libext2fs's own file reader. */
static void print_content(ext2_filsys fs, ext2_ino_t ino, uint64_t size)
{
	ext2_file_t file;
	unsigned got = 0;
	errcode_t rc;
	char *buf;

	if (size > UINT32_MAX)
		die(EXT2_ET_FILE_TOO_BIG, "a file");
	buf = calloc(1, size + 1);
	if (!buf)
		die(EXT2_ET_NO_MEMORY, "a file");
	rc = ext2fs_file_open(fs, ino, 0, &file);
	if (!rc)
		rc = ext2fs_file_read(file, buf, size, &got);
	if (rc || got != size)
		die(rc, "reading a file");
	ext2fs_file_close(file);
	print_hash(buf, got);
	free(buf);
}

static int print_attr(char *name, char *value, size_t len, void *arg)
{
	(void)arg;
	printf(" %s=", name);
	print_hash(value, len);
	return 0;
}

static void print_attrs(ext2_filsys fs, ext2_ino_t ino)
{
	struct ext2_xattr_handle *attrs;
	errcode_t rc = ext2fs_xattrs_open(fs, ino, &attrs);

	/* Filesystems of revision 0 have none. */
	if (rc == EXT2_ET_MISSING_EA_FEATURE)
		return;
	if (!rc)
		rc = ext2fs_xattrs_read(attrs);
	if (!rc)
		rc = ext2fs_xattrs_iterate(attrs, print_attr, NULL);
	if (rc)
		die(rc, "reading attributes");
	ext2fs_xattrs_close(&attrs);
}

static void print_times(const struct ext2_inode_large *i)
{
	printf(" m=%u c=%u", i->i_mtime, i->i_ctime);
	if (i->i_extra_isize >= 24)
		printf(" m+=%u c+=%u b=%u.%u", i->i_mtime_extra,
		       i->i_ctime_extra, i->i_crtime, i->i_crtime_extra);
}

static void print_inode(ext2_filsys fs, const char *path, ext2_ino_t ino)
{
	struct ext2_inode_large large = { 0 };
	struct ext2_inode *i = (struct ext2_inode *)&large;
	errcode_t rc = ext2fs_read_inode_full(fs, ino, i, sizeof(large));
	uint64_t size = EXT2_I_SIZE(&large);

	if (rc)
		die(rc, path);
	if (EXT2_INODE_SIZE(fs->super) == EXT2_GOOD_OLD_INODE_SIZE)
		large.i_extra_isize = 0;
	printf("%s ino=%u mode=%o uid=%u gid=%u links=%u flags=%x", path, ino,
	       i->i_mode, inode_uid(*i), inode_gid(*i), i->i_links_count,
	       i->i_flags & ~(unsigned)EXT2_INDEX_FL);
	print_times(&large);
	if (LINUX_S_ISREG(i->i_mode)) {
		printf(" size=%" PRIu64 " ", size);
		print_content(fs, ino, size);
	} else if (LINUX_S_ISLNK(i->i_mode) && ext2fs_is_fast_symlink(i)) {
		printf(" to=%.*s", (int)size, (const char *)i->i_block);
	} else if (LINUX_S_ISLNK(i->i_mode)) {
		putchar(' ');
		print_content(fs, ino, size);
	} else if (!LINUX_S_ISDIR(i->i_mode)) {
		printf(" dev=%x,%x", i->i_block[0], i->i_block[1]);
	}
	print_attrs(fs, ino);
	putchar('\n');
}

static int list_entry(ext2_ino_t dir, int entry, struct ext2_dir_entry *de,
		      int offset, int blocksize, char *buf, void *arg)
{
	const struct walk *w = arg;
	int len = ext2fs_dirent_name_len(de);
	struct walk sub = { w->fs, NULL };
	char *path;
	errcode_t rc;

	(void)dir;
	(void)offset;
	(void)blocksize;
	(void)buf;
	if (entry != DIRENT_OTHER_FILE || de->inode == 0)
		return 0;
	/* Of a folder inside its inode '..' comes as an entry like others. */
	if ((len == 1 || (len == 2 && de->name[1] == '.')) &&
	    de->name[0] == '.')
		return 0;
	if (asprintf(&path, "%s/%.*s", w->path, len, de->name) < 0)
		die(EXT2_ET_NO_MEMORY, w->path);
	print_inode(w->fs, path, de->inode);
	sub.path = path;
	if (!ext2fs_check_directory(w->fs, de->inode)) {
		rc = ext2fs_dir_iterate2(w->fs, de->inode, 0, NULL, list_entry,
					 &sub);
		if (rc)
			die(rc, path);
	}
	free(path);
	return 0;
}

int main(int argc, char **argv)
{
	struct walk root = { NULL, "" };
	char option[40];
	errcode_t rc;

	if (argc != 2 && argc != 3) {
		fprintf(stderr, "usage: exttree IMAGE [OFFSET]\n");
		return 2;
	}
	add_error_table(&et_ext2_error_table);
	snprintf(option, sizeof(option), "offset=%s",
		 argc == 3 ? argv[2] : "0");
	rc = ext2fs_open2(argv[1], option, EXT2_FLAG_64BITS |
			  EXT2_FLAG_SKIP_MMP, 0, 0, unix_io_manager, &root.fs);
	if (rc)
		die(rc, argv[1]);
	print_inode(root.fs, "/", EXT2_ROOT_INO);
	rc = ext2fs_dir_iterate2(root.fs, EXT2_ROOT_INO, 0, NULL, list_entry,
				 &root);
	if (rc)
		die(rc, argv[1]);
	ext2fs_close_free(&root.fs);
	return 0;
}
