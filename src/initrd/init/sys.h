/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The system calls that /init makes, without a C library.  Each is in Linux
 * 2.6.9 and has kept its number and meaning since; that is why there is no
 * openat, no finit_module and no umount of a path that is not ours.
 */
#ifndef INIT_SYS_H
#define INIT_SYS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __x86_64__
enum {
	NR_READ = 0, NR_WRITE = 1, NR_OPEN = 2, NR_CLOSE = 3, NR_LSEEK = 8,
	NR_BRK = 12, NR_PREAD64 = 17, NR_ACCESS = 21, NR_DUP2 = 33,
	NR_NANOSLEEP = 35, NR_GETPID = 39, NR_EXECVE = 59, NR_CHDIR = 80,
	NR_MKDIR = 83, NR_RMDIR = 84, NR_UNLINK = 87, NR_MKNOD = 133,
	NR_STATFS = 137, NR_CHROOT = 161, NR_MOUNT = 165, NR_UMOUNT2 = 166,
	NR_INIT_MODULE = 175, NR_GETDENTS64 = 217,
};

static inline long sys5(long nr, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long ret;

	__asm__ volatile ("syscall" : "=a" (ret)
		: "a" (nr), "D" (a), "S" (b), "d" (c), "r" (r10), "r" (r8)
		: "rcx", "r11", "memory");
	return ret;
}
#else
enum {
	NR_READ = 3, NR_WRITE = 4, NR_OPEN = 5, NR_CLOSE = 6, NR_UNLINK = 10,
	NR_EXECVE = 11, NR_CHDIR = 12, NR_MKNOD = 14, NR_LSEEK = 19,
	NR_GETPID = 20, NR_MOUNT = 21, NR_ACCESS = 33, NR_MKDIR = 39,
	NR_RMDIR = 40, NR_BRK = 45, NR_UMOUNT2 = 52, NR_CHROOT = 61,
	NR_DUP2 = 63, NR_STATFS = 99, NR_INIT_MODULE = 128,
	NR_NANOSLEEP = 162, NR_PREAD64 = 180, NR_GETDENTS64 = 220,
};

static inline long sys5(long nr, long a, long b, long c, long d, long e)
{
	long ret;

	__asm__ volatile ("int $0x80" : "=a" (ret)
		: "a" (nr), "b" (a), "c" (b), "d" (c), "S" (d), "D" (e)
		: "memory");
	return ret;
}
#endif

/* An error is a negative errno, as the kernel returns it. */
enum {
	SYS_ENOENT = 2, SYS_EIO = 5, SYS_ENOMEM = 12, SYS_EEXIST = 17,
	SYS_ENODEV = 19, SYS_EINVAL = 22,
};

enum {
	SYS_O_RDONLY = 0, SYS_O_RDWR = 2,
	SYS_S_IFBLK = 0060000, SYS_S_IFCHR = 0020000,
	SYS_SEEK_SET = 0, SYS_SEEK_END = 2,
	SYS_MNT_DETACH = 2,
};

static inline long sys_open(const char *path, int flags)
{
	return sys5(NR_OPEN, (long)path, flags, 0, 0, 0);
}

static inline long sys_close(long fd)
{
	return sys5(NR_CLOSE, fd, 0, 0, 0, 0);
}

static inline long sys_read(long fd, void *buf, size_t len)
{
	return sys5(NR_READ, fd, (long)buf, (long)len, 0, 0);
}

static inline long sys_write(long fd, const void *buf, size_t len)
{
	return sys5(NR_WRITE, fd, (long)buf, (long)len, 0, 0);
}

static inline long sys_pread(long fd, void *buf, size_t len, uint64_t off)
{
#ifdef __x86_64__
	return sys5(NR_PREAD64, fd, (long)buf, (long)len, (long)off, 0);
#else
	return sys5(NR_PREAD64, fd, (long)buf, (long)len,
		    (long)(uint32_t)off, (long)(uint32_t)(off >> 32));
#endif
}

static inline long sys_lseek(long fd, long off, int whence)
{
	return sys5(NR_LSEEK, fd, off, whence, 0, 0);
}

static inline char *sys_brk(char *end)
{
	return (char *)sys5(NR_BRK, (long)end, 0, 0, 0, 0);
}

static inline long sys_access(const char *path)
{
	return sys5(NR_ACCESS, (long)path, 0, 0, 0, 0);
}

static inline long sys_dup2(long from, long to)
{
	return sys5(NR_DUP2, from, to, 0, 0, 0);
}

static inline long sys_getpid(void)
{
	return sys5(NR_GETPID, 0, 0, 0, 0, 0);
}

static inline long sys_execve(const char *path, char **argv, char **envp)
{
	return sys5(NR_EXECVE, (long)path, (long)argv, (long)envp, 0, 0);
}

static inline long sys_chdir(const char *path)
{
	return sys5(NR_CHDIR, (long)path, 0, 0, 0, 0);
}

static inline long sys_chroot(const char *path)
{
	return sys5(NR_CHROOT, (long)path, 0, 0, 0, 0);
}

static inline long sys_mkdir(const char *path, int mode)
{
	return sys5(NR_MKDIR, (long)path, mode, 0, 0, 0);
}

static inline long sys_rmdir(const char *path)
{
	return sys5(NR_RMDIR, (long)path, 0, 0, 0, 0);
}

static inline long sys_unlink(const char *path)
{
	return sys5(NR_UNLINK, (long)path, 0, 0, 0, 0);
}

static inline long sys_mknod(const char *path, int mode, uint32_t major,
			     uint32_t minor)
{
	return sys5(NR_MKNOD, (long)path, mode,
		    (long)((minor & 0xff) | major << 8 |
			   (minor & ~0xffu) << 12), 0, 0);
}

static inline long sys_mount(const char *what, const char *where,
			     const char *type, unsigned long flags,
			     const char *data)
{
	return sys5(NR_MOUNT, (long)what, (long)where, (long)type,
		    (long)flags, (long)data);
}

static inline long sys_umount_later(const char *where)
{
	return sys5(NR_UMOUNT2, (long)where, SYS_MNT_DETACH, 0, 0, 0);
}

static inline long sys_init_module(const void *image, size_t len,
				   const char *options)
{
	return sys5(NR_INIT_MODULE, (long)image, (long)len, (long)options, 0,
		    0);
}

static inline long sys_getdents64(long fd, void *buf, size_t len)
{
	return sys5(NR_GETDENTS64, fd, (long)buf, (long)len, 0, 0);
}

/* The magic of the filesystem at path; the first word of struct statfs. */
static inline unsigned long sys_fs_magic(const char *path)
{
	unsigned long st[32] = { 0 };

	sys5(NR_STATFS, (long)path, (long)st, 0, 0, 0);
	return st[0];
}

static inline void sys_sleep_ms(long ms)
{
	long t[2] = { ms / 1000, ms % 1000 * 1000000 };

	sys5(NR_NANOSLEEP, (long)t, 0, 0, 0, 0);
}

#endif
