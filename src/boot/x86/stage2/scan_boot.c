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

/* Returns only if it failed. found: the initrd's name, "" for none. */
static fault boot_kernel(struct ext *fs, const char *name, const char *found,
			 const char *args, struct cmdline *cl)
{
	char path[PATH_MAX], initrd[PATH_MAX];

	put_path(name, path);
	put_path(found, initrd);
	cmdline_build(cl, path, args, NULL, *found ? initrd : NULL, NULL);
	return linux_boot(fs, EXT_ROOT_INO, path, cl);
}

/* Tries those of the newest kernels whose turn it is; *nr: how many there are,
 * of this round or not. */
static fault try_round(struct ext *fs, const struct ext_inode *dir,
		       uint32_t round, const char *args, struct cmdline *cl,
		       uint32_t *nr)
{
	char names[2][SCAN_NAME_MAX], initrd[SCAN_NAME_MAX];
	uint32_t i;
	fault f;

	names[1][0] = 0;
	for (i = 0; i < SCAN_TRIES; i++) {
		char *name = names[i % 2];

		f = scan_next(fs, dir, names[!(i % 2)], name);
		if (f)
			return f;
		if (!*name)
			break;
		scan_initrd(fs, dir, name, initrd);
		if (scan_round(name, *initrd) == round)
			console_printf(SCAN_DIR "/%s: %s\n", name,
				       boot_kernel(fs, name, initrd, args, cl));
	}
	*nr = i;
	return NULL;
}

void scan_boot(struct ext *fs, const char *old_args, struct cmdline *cl)
{
	static char args[SCAN_ARGS_MAX];
	struct ext_inode dir;
	uint32_t round, nr = 0;
	fault f;

	console_puts("No configured kernel is there: scanning " SCAN_DIR "\n");
	scan_args(old_args, fs->uuid, args);
	f = ext_lookup(fs, EXT_ROOT_INO, SCAN_DIR, &dir);
	for (round = 0; round < SCAN_ROUNDS && !f; round++)
		f = try_round(fs, &dir, round, args, cl, &nr);
	if (f)
		console_printf(SCAN_DIR ": %s\n", f);
	else if (!nr)
		console_puts(SCAN_DIR " holds no vmlinuz-VERSION\n");
}
