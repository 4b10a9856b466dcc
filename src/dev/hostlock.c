/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QEMU's image locks: whether a running guest holds an image file. */
#include <errno.h>
#include <fcntl.h>

#include "dev/hostlock.h"

enum {
	PERM_CONSISTENT_READ = 1 << 0,
	PERM_WRITE = 1 << 1,
	PERM_RESIZE = 1 << 3,
	PERM_BITS = 4,
	NEED_BASE = 100,
	UNSHARED_BASE = 200,
};

static struct flock byte_lock(short type, int off)
{
	return (struct flock){
		.l_type = type, .l_whence = SEEK_SET, .l_start = off, .l_len = 1,
	};
}

static bool take_shared(int fd, int base, unsigned perms)
{
	struct flock lock;
	int bit;

	for (bit = 0; bit < PERM_BITS; bit++) {
		if (!(perms & 1u << bit))
			continue;
		lock = byte_lock(F_RDLCK, base + bit);
		if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
			return false;
	}
	return true;
}

/* Whether someone else holds a lock on one of the bytes.  Shared locks show
 * only against the question for an exclusive one. */
static bool others_hold(int fd, int base, unsigned perms)
{
	struct flock lock;
	int bit;

	for (bit = 0; bit < PERM_BITS; bit++) {
		if (!(perms & 1u << bit))
			continue;
		lock = byte_lock(F_WRLCK, base + bit);
		if (!fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK)
			return true;
	}
	return false;
}

/*
 * The order is QEMU's: first say what we do, then look at the others, so that
 * of two that come at once at least one sees the other.
 */
int dw_hostlock_take(int fd, const char *path, bool rdwr, struct dw_err *err)
{
	const unsigned changes = PERM_WRITE | PERM_RESIZE;
	unsigned need = PERM_CONSISTENT_READ | (rdwr ? changes : 0);

	if (!take_shared(fd, NEED_BASE, need) ||
	    !take_shared(fd, UNSHARED_BASE, changes)) {
		/* No locks here (some network filesystems): nobody else on
		 * such a host can hold any either. */
		if (errno != EAGAIN && errno != EACCES)
			return 0;
		return dw_fail(err, DW_BUSY, "%s: locked by another process",
			       path);
	}
	if (others_hold(fd, NEED_BASE, changes))
		return dw_fail(err, DW_BUSY,
			       "%s: a running virtual machine writes to it; "
			       "shut it down first", path);
	if (others_hold(fd, UNSHARED_BASE, need))
		return dw_fail(err, DW_BUSY,
			       "%s: in use by another program that does not "
			       "share it", path);
	return 0;
}
