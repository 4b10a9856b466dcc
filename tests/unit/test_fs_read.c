/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading what mke2fs and debugfs wrote: files, holes, links, paths. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/fsimg.h"
#include "lib/fskinds.h"
#include "lib/run.h"

static struct dw_err err;
static struct dw_ctx *ctx;

#define OK(call) ck_assert_msg(!(call), "%s: %s", #call, err.text)

/*
 * A folder of the host with files of many lengths, links, a hole.  No file
 * ends with zeros: mke2fs 1.47.0 -O inline_data -d leaves a last block of
 * them out of the file's size.
 */
static const char *make_tree(void)
{
	const char *dir = fsimg_path("tree"), *out;

	ck_assert_msg(!fsimg_run(&out, "rm -rf %s; mkdir -p %s/etc %s/boot/x "
		"%s/many && cd %s && "
		"for n in 1 59 60 61 100 1023 1024 4097 70000 2000000; do "
		"head -c $n /dev/urandom | tr '\\0' 0 > boot/f$n; done; "
		": > boot/empty; "
		"for n in $(seq 1 300); do echo $n > many/name_$n; done; "
		"ln -s ../boot/f60 etc/rel; ln -s /boot/f61 etc/abs; "
		"ln -s ../../../../../etc/passwd etc/out; "
		"ln -s loop2 etc/loop1; ln -s loop1 etc/loop2; "
		"ln -s $(printf 'x%%.0s' $(seq 200)) etc/slow; "
		"ln -s ../boot etc/dir; "
		"chmod 6751 boot/f60; touch -d @1234567890 boot/f60",
		dir, dir, dir, dir, dir), "%s", out);
	return dir;
}

static const char *populated(const struct fskind *k, const char *tree)
{
	char args[256];

	snprintf(args, sizeof(args), "%s -d %s", k->args, tree);
	return fsimg_make(k->name, k->size, args);
}

static char *host_file(const char *tree, const char *path, size_t *len)
{
	char name[512], *buf;
	struct stat st;
	FILE *f;

	snprintf(name, sizeof(name), "%s%s", tree, path);
	ck_assert_int_eq(stat(name, &st), 0);
	buf = malloc((size_t)st.st_size + 1);
	f = fopen(name, "r");
	*len = fread(buf, 1, (size_t)st.st_size, f);
	fclose(f);
	return buf;
}

static void compare(struct dw_fs *fs, const char *tree, const char *path)
{
	char *want, *got, part[777];
	size_t want_len, len;
	struct dw_stat st;

	want = host_file(tree, path, &want_len);
	OK(dw_fs_read_file(fs, path, 1 << 30, &got, &len, &err));
	ck_assert_msg(len == want_len && !memcmp(got, want, len), "%s", path);
	OK(dw_fs_stat(fs, path, &st, &err));
	ck_assert_uint_eq(st.size, want_len);
	/* And in odd pieces. */
	for (uint64_t off = 0; off < want_len; off += 40001) {
		OK(dw_fs_pread(fs, st.ino, off, part, sizeof(part), &len,
			       &err));
		ck_assert_uint_eq(len, want_len - off < sizeof(part) ?
				  want_len - off : sizeof(part));
		ck_assert(!memcmp(part, want + off, len));
	}
	OK(dw_fs_pread(fs, st.ino, want_len, part, 10, &len, &err));
	ck_assert_uint_eq(len, 0);
	free(want);
	free(got);
}

static int count(void *arg, const char *name, uint64_t ino, uint32_t mode,
		 struct dw_err *e)
{
	ck_assert(mode == 0100000 && !strncmp(name, "name_", 5));
	++*(int *)arg;
	return 0;
}

START_TEST(files_are_those_of_the_host)
{
	static const char *const files[] = {
		"/boot/f1", "/boot/f59", "/boot/f60", "/boot/f61",
		"/boot/f100", "/boot/f1023", "/boot/f1024", "/boot/f4097",
		"/boot/f70000", "/boot/f2000000", "/boot/empty",
		"/many/name_300",
	};
	const char *tree = make_tree();
	const char *path = populated(&kinds[_i], tree);
	struct dw_fs *fs = fsimg_open(ctx, path, 0);
	struct dw_stat st;
	int nr = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		compare(fs, tree, files[i]);
	OK(dw_fs_stat(fs, "/boot/f60", &st, &err));
	ck_assert_uint_eq(st.mode, 0106751);
	ck_assert_int_eq(st.mtime, 1234567890);
	OK(dw_fs_readdir(fs, "/many", count, &nr, &err));
	ck_assert_int_eq(nr, 300);
	dw_fs_close(fs);
}
END_TEST

static void leads(struct dw_fs *fs, const char *path, const char *to)
{
	char *real;

	OK(dw_fs_realpath(fs, path, &real, &err));
	ck_assert_str_eq(real, to);
	free(real);
}

START_TEST(paths_stay_inside)
{
	const char *path = populated(&kinds[_i], make_tree());
	struct dw_fs *fs = fsimg_open(ctx, path, 0);
	char longname[400], *got;
	struct dw_stat st;
	size_t len;

	leads(fs, "/etc/rel", "/boot/f60");
	leads(fs, "etc//abs/", "/boot/f61");
	leads(fs, "/../../etc/./dir/../etc/dir/x", "/boot/x");
	leads(fs, "/", "/");
	leads(fs, "/..", "/");
	/* Up and up is the root, and has no passwd. */
	ck_assert_int_eq(dw_fs_stat(fs, "/etc/out", &st, &err), DW_NOENT);
	ck_assert(!dw_fs_exists(fs, "/etc/out"));
	OK(dw_fs_lstat(fs, "/etc/out", &st, &err));
	ck_assert_uint_eq(st.mode & 0170000, 0120000);
	ck_assert_int_eq(dw_fs_stat(fs, "/etc/loop1", &st, &err), DW_LIMIT);
	ck_assert_int_eq(dw_fs_stat(fs, "/boot/f60/x", &st, &err), DW_NOENT);
	ck_assert_int_eq(dw_fs_stat(fs, "/none/x", &st, &err), DW_NOENT);
	OK(dw_fs_readlink(fs, "/etc/slow", &got, &err));
	ck_assert_uint_eq(strlen(got), 200);
	free(got);
	memset(longname, 'n', sizeof(longname));
	longname[0] = '/';
	longname[399] = '\0';
	ck_assert_int_eq(dw_fs_stat(fs, longname, &st, &err), DW_NOENT);
	ck_assert_int_eq(dw_fs_read_file(fs, "/boot/f4097", 4096, &got, &len,
					 &err), DW_LIMIT);
	ck_assert_ptr_null(got);
	ck_assert_int_eq(dw_fs_read_file(fs, "/boot", 4096, &got, &len, &err),
			 DW_UNSUPPORTED);
	ck_assert_int_eq(dw_fs_write_file(fs, "/new", "x", 1, NULL, &err),
			 DW_READONLY);
	dw_fs_close(fs);
}
END_TEST

/* Holes, and blocks that are allocated but were never written. */
START_TEST(holes_and_unwritten_blocks_are_zeros)
{
	const char *path = fsimg_make("holes", "40M", _i ? "-t ext4 -b 1024" :
				      "-t ext3 -b 1024"), *out;
	struct dw_fs *fs = fsimg_open(ctx, path, DW_FS_WRITE);
	char *data = malloc(600000), *got;
	size_t len;

	memset(data, 'h', 600000);
	OK(dw_fs_write_file(fs, "/f", data, 600000, NULL, &err));
	fsimg_close(fs, path);
	ck_assert_int_eq(fsimg_run(&out, "printf 'punch /f 10 20\\n"
		"punch /f 100 299\\nfallocate /f 150 160\\n' | "
		"debugfs -w -f - %s", path), 0);
	/* Where ext2fs_punch() makes holes in block lists is its own affair:
	 * debugfs says what the file is now. */
	fsimg_run(NULL, "debugfs -R 'dump /f %s' %s", fsimg_path("dump"), path);
	free(data);
	data = host_file(fsimg_path(""), "dump", &len);
	ck_assert_uint_eq(len, 600000);
	ck_assert(!data[11 * 1024] && !data[155 * 1024]);
	fs = fsimg_open(ctx, path, 0);
	OK(dw_fs_read_file(fs, "/f", 1 << 30, &got, &len, &err));
	ck_assert_uint_eq(len, 600000);
	ck_assert(!memcmp(got, data, len));
	dw_fs_close(fs);
	free(got);
	free(data);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("kinds");
	int failed;

	fsimg_require_tools();
	dw_ctx_new(&ctx, NULL);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, files_are_those_of_the_host, 0, KINDS_NR);
	tcase_add_loop_test(tc, paths_stay_inside, 0, KINDS_NR);
	tcase_add_loop_test(tc, holes_and_unwritten_blocks_are_zeros, 0, 2);
	failed = dw_test_run("fs-read", tc);
	dw_ctx_free(ctx);
	return failed;
}
