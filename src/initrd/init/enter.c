/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hands over to the init of the root. */
#include "console.h"
#include "files.h"
#include "init.h"
#include "sys.h"

#define PATH_LEN 1024

/* A folder that lies in the root takes the mount along; else it goes. */
static void take_along(const char *from, const char *to)
{
	if (sys_mount(from, to, NULL, 8192 /* MS_MOVE */, NULL))
		sys_umount_later(from);
}

/*
 * A kernel without devtmpfs belongs to a system that fills /dev itself: by
 * udev, for which ours will do until then, or with nodes on its disk, which
 * ours must not hide.
 */
static bool has_own_dev(void)
{
	static char mounts[16384];
	const char *at = mounts;

	if (file_text("/proc/mounts", mounts, sizeof(mounts)) > 0)
		for (; *at; at++)
			if (text_after(at, " /dev devtmpfs "))
				return false;
	return !sys_access(ROOT_DIR "/dev/console") &&
		!sys_access(ROOT_DIR "/dev/null");
}

struct dirent64 {
	uint64_t ino;
	int64_t off;
	uint16_t len;
	uint8_t type;
	char name[];
};

/* The first folder in 'path' comes out in name; everything else goes. */
static bool empty_folder(const char *path, char *name, size_t cap)
{
	char buf[2048] __attribute__((aligned(8)));
	char file[PATH_LEN];
	long fd = sys_open(path, SYS_O_RDONLY), len;
	bool folder = false;

	while (fd >= 0 && !folder &&
	       (len = sys_getdents64(fd, buf, sizeof(buf))) > 0)
		for (long at = 0; at < len && !folder;) {
			struct dirent64 *d = (struct dirent64 *)(buf + at);

			at += d->len;
			if (text_is(d->name, ".") || text_is(d->name, "..") ||
			    (text_is(path, "/") &&
			     text_is(d->name, ROOT_DIR + 1)))
				continue;
			text_copy(file, sizeof(file), path);
			text_add(file, sizeof(file), "/");
			text_add(file, sizeof(file), d->name);
			folder = sys_unlink(file) != 0;
			if (folder)
				text_copy(name, cap, d->name);
		}
	if (fd >= 0)
		sys_close(fd);
	return folder;
}

/*
 * Gives the memory of the initrd back, all but the folder that the root is
 * mounted on.  Ends: each round removes a folder or goes down into one, and
 * the first that cannot be removed ends it.
 */
static void empty_initrd(void)
{
	char path[PATH_LEN] = "/", name[256];
	size_t len;

	for (;;) {
		len = strlen(path);
		if (empty_folder(path, name, sizeof(name))) {
			if ((len > 1 && !text_add(path, sizeof(path), "/")) ||
			    !text_add(path, sizeof(path), name))
				return;
			continue;
		}
		if (len == 1 || sys_rmdir(path))
			return;
		while (len > 1 && path[len - 1] != '/')
			len--;
		path[len > 1 ? len - 1 : 1] = '\0';
	}
}

static void start(const char *init, char **argv, char **envp)
{
	argv[0] = (char *)init;
	sys_execve(init, argv, envp);
}

void root_enter(const struct cmdline *cmd, char **argv, char **envp)
{
	if (has_own_dev())
		sys_umount_later("/dev");
	else
		take_along("/dev", ROOT_DIR "/dev");
	take_along("/sys", ROOT_DIR "/sys");
	take_along("/proc", ROOT_DIR "/proc");
	empty_initrd();
	if (sys_chdir(ROOT_DIR) ||
	    sys_mount(".", "/", NULL, 8192 /* MS_MOVE */, NULL) ||
	    sys_chroot(".") || sys_chdir("/")) {
		error("the kernel does not let the root be changed");
		return;
	}
	console_open();
	if (cmd->init)
		start(cmd->init, argv, envp);
	start("/sbin/init", argv, envp);
	start("/etc/init", argv, envp);
	start("/bin/init", argv, envp);
	start("/bin/sh", argv, envp);
	error("the root has no init that can be started%s%s",
	      cmd->init ? ", nor " : "", cmd->init ? cmd->init : "");
}
