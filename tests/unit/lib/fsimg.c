/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filesystem images for tests: made and judged by e2fsprogs. */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dev/kinds.h"
#include "fsimg.h"

static char dir[64];
static pid_t owner;

static void remove_dir(void)
{
	char cmd[96];

	/* check runs each test in a child, which exits as well. */
	if (getpid() != owner)
		return;
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	if (system(cmd))
		return;
}

void fsimg_require_tools(void)
{
	static const char *const tools[] = {
		"mke2fs", "e2fsck", "debugfs", "dumpe2fs", "tune2fs",
	};

	/* They are in a place that a user's path may not have. */
	setenv("PATH", "/usr/sbin:/sbin:/usr/bin:/bin", 1);
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		if (!fsimg_run(NULL, "command -v %s", tools[i]))
			continue;
		printf("SKIP: %s is missing\n", tools[i]);
		exit(77);
	}
	snprintf(dir, sizeof(dir), "%s/dw-fs-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(dir)) {
		perror(dir);
		exit(1);
	}
	owner = getpid();
	atexit(remove_dir);
}

const char *fsimg_path(const char *name)
{
	static char paths[4][128];
	static unsigned turn;
	char *p = paths[turn++ % 4];

	/* Below "" is the host's own tree, and tests remove folders. */
	if (!dir[0]) {
		fprintf(stderr, "fsimg: no folder before "
			"fsimg_require_tools()\n");
		abort();
	}
	snprintf(p, sizeof(paths[0]), "%s/%s", dir, name);
	return p;
}

int fsimg_run(const char **out, const char *fmt, ...)
{
	static char text[1 << 20];
	char cmd[2048], full[2200];
	va_list ap;
	size_t len;
	FILE *p;
	int rc;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	snprintf(full, sizeof(full), "{ %s; } 2>&1", cmd);
	p = popen(full, "r");
	if (!p)
		return -1;
	len = fread(text, 1, sizeof(text) - 1, p);
	text[len] = '\0';
	rc = pclose(p);
	if (out)
		*out = text;
	return WIFEXITED(rc) ? WEXITSTATUS(rc) : -1;
}

const char *fsimg_make(const char *name, const char *size, const char *args)
{
	const char *path = fsimg_path(name), *out;

	ck_assert_msg(!fsimg_run(&out, "rm -f '%s'; mke2fs -q -F "
				 "-U 11111111-2222-3333-4444-555555555555 "
				 "%s '%s' %s", path, args, path, size),
		      "mke2fs %s: %s", args, out);
	return path;
}

void fsimg_check(const char *path)
{
	static const char *const bad[] = {
		"wrong", "Fix", "Clear", "Optimize", "WARNING",
	};
	const char *out;
	int rc = fsimg_run(&out, "e2fsck -fn '%s'", path);

	ck_assert_msg(!rc, "e2fsck -fn %s: status %d\n%s", path, rc, out);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!strstr(out, bad[i]), "e2fsck: %s", out);
}

struct dw_fs *fsimg_open(struct dw_ctx *ctx, const char *path, unsigned flags)
{
	struct dw_dev *dev = NULL;
	struct dw_fs *fs = NULL;
	struct dw_err err = { 0 };
	int ret;

	ret = dw_file_open(ctx, path, flags & DW_FS_WRITE ? DW_OPEN_RDWR : 0,
			   &dev, &err);
	if (!ret)
		ret = dw_fs_open(ctx, dev, flags, &fs, &err);
	ck_assert_msg(!ret, "%s: %s", path, err.text);
	dw_dev_close(dev, NULL);
	return fs;
}

void fsimg_close(struct dw_fs *fs, const char *path)
{
	struct dw_err err = { 0 };

	ck_assert_msg(!dw_fs_flush(fs, &err), "flush: %s", err.text);
	dw_fs_close(fs);
	fsimg_check(path);
}
