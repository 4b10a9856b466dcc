/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The filesystems that a system needs before it has its root. */
#include "console.h"
#include "init.h"
#include "sys.h"

/* What every /dev must have; numbers of Documentation/admin-guide/devices.txt.
 * The consoles are those of QEMU and of Xen (xvc0 until Linux 2.6.18). */
static const struct {
	const char *path;
	uint16_t mode;
	uint8_t major, minor;
} nodes[] = {
	{ "/dev/console", 0600, 5, 1 }, { "/dev/tty", 0666, 5, 0 },
	{ "/dev/null", 0666, 1, 3 }, { "/dev/zero", 0666, 1, 5 },
	{ "/dev/full", 0666, 1, 7 }, { "/dev/random", 0666, 1, 8 },
	{ "/dev/urandom", 0666, 1, 9 }, { "/dev/kmsg", 0600, 1, 11 },
	{ "/dev/ptmx", 0666, 5, 2 },
	{ "/dev/tty0", 0600, 4, 0 }, { "/dev/tty1", 0600, 4, 1 },
	{ "/dev/ttyS0", 0600, 4, 64 }, { "/dev/hvc0", 0600, 229, 0 },
	{ "/dev/xvc0", 0600, 204, 191 },
};

static void make_nodes(void)
{
	for (size_t i = 0; i < sizeof(nodes) / sizeof(*nodes); i++)
		sys_mknod(nodes[i].path, SYS_S_IFCHR | nodes[i].mode,
			  nodes[i].major, nodes[i].minor);
}

void mounts_open(void)
{
	sys_mkdir("/proc", 0755);
	sys_mkdir("/sys", 0755);
	sys_mkdir("/dev", 0755);
	sys_mkdir(ROOT_DIR, 0755);
	sys_mount("proc", "/proc", "proc", 0, NULL);
	sys_mount("sysfs", "/sys", "sysfs", 0, NULL);
	/* devtmpfs is of 2.6.32; tmpfs may be left out of a kernel, ramfs
	 * never, since the initrd is one. */
	if (sys_mount("devtmpfs", "/dev", "devtmpfs", 0, "mode=0755") &&
	    sys_mount("tmpfs", "/dev", "tmpfs", 0, "mode=0755"))
		sys_mount("ramfs", "/dev", "ramfs", 0, NULL);
	/* Those that are there already stay as they are. */
	make_nodes();
}
