/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Boots what /boot holds. Kernels come and go; the newest that is there is
 * what the owner of a system wants that has lost its configuration.
 */
#include "console.h"
#include "linux.h"
#include "scan.h"
#include "boot/x86/memmap.h"

#define PATH_MAX	(SCAN_NAME_MAX + sizeof(SCAN_DIR))

static void put_path(const char *name, char *path)
{
	path[0] = 0;
	append_text(path, PATH_MAX, SCAN_DIR "/", sizeof(SCAN_DIR));
	append_text(path, PATH_MAX, name, strlen(name));
}

/* Returns only if it failed. */
static fault boot_kernel(struct ext *fs, const struct ext_inode *dir,
			 const char *name, const char *args,
			 struct cmdline *cl)
{
	char path[PATH_MAX], initrd[PATH_MAX], found[SCAN_NAME_MAX];

	put_path(name, path);
	scan_initrd(fs, dir, name, found);
	put_path(found, initrd);
	cmdline_build(cl, path, args, NULL, *found ? initrd : NULL, NULL);
	return linux_boot(fs, EXT_ROOT_INO, path, cl);
}

void scan_boot(struct ext *fs, const char *old_args, struct cmdline *cl)
{
	static char args[SCAN_ARGS_MAX];
	char names[2][SCAN_NAME_MAX];
	struct ext_inode dir;
	uint32_t i;
	fault f;

	console_puts("No configured kernel is there: scanning " SCAN_DIR "\n");
	scan_args(old_args, fs->uuid, args);
	names[1][0] = 0;
	f = ext_lookup(fs, EXT_ROOT_INO, SCAN_DIR, &dir);
	for (i = 0; i < SCAN_TRIES && !f; i++) {
		char *name = names[i % 2];

		f = scan_next(fs, &dir, names[!(i % 2)], name);
		if (f || !*name)
			break;
		console_printf(SCAN_DIR "/%s: %s\n", name,
			       boot_kernel(fs, &dir, name, args, cl));
	}
	if (f)
		console_printf(SCAN_DIR ": %s\n", f);
	else if (!i)
		console_puts(SCAN_DIR " holds no vmlinuz-VERSION\n");
}
