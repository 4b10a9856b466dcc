/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which operating system a filesystem holds. */
#ifndef DW_GUEST_RELEASE_H
#define DW_GUEST_RELEASE_H

#include "fs/fs.h"

enum dw_distro {
	DW_DISTRO_UNKNOWN = 0,
	DW_DISTRO_DEBIAN,
	DW_DISTRO_UBUNTU,
	DW_DISTRO_RHEL,		/* and its rebuilds */
	DW_DISTRO_FEDORA,
	DW_DISTRO_SLES,		/* and SLED */
	DW_DISTRO_OPENSUSE,
	DW_DISTRO_ALPINE,
	DW_DISTRO_ARCH,
	DW_DISTRO_GENTOO,
};

enum dw_init {
	DW_INIT_UNKNOWN = 0,
	DW_INIT_SYSV,
	DW_INIT_UPSTART,
	DW_INIT_SYSTEMD,
	DW_INIT_OPENRC,		/* with sysvinit's or busybox's init */
	DW_INIT_BUSYBOX,
};

/* Of the programs, and so of the packages. */
enum dw_arch {
	DW_ARCH_UNKNOWN = 0,
	DW_ARCH_I386,
	DW_ARCH_X86_64,
};

struct dw_release {
	enum dw_distro distro;
	unsigned major, minor;	/* 0: not known, or a rolling release */
	char id[32];		/* "debian", "centos"; "" where not known */
	char name[128];		/* "Debian GNU/Linux 12 (bookworm)" */
	enum dw_init init;
	enum dw_arch arch;
	bool has_init;		/* there is something to start at all */
	bool old_mount;		/* its mount does not know "nofail" */
	bool usr_merged;	/* /lib is a link */
	/* Its udev gives network cards names such as enp1s0. */
	bool renames_net;
};

const char *dw_init_name(enum dw_init init);

/* Reads the few files that tell.  An unknown system is success. */
int dw_release_read(struct dw_fs *fs, struct dw_release *out,
		    struct dw_err *err);

/* By the first bytes of a program, DW_ELF_HEAD_LEN at most. */
#define DW_ELF_HEAD_LEN 20
enum dw_arch dw_arch_of_elf(const uint8_t *head, size_t len);

/*
 * Pure parts, for tests.  file is the name that the text was read from:
 * "os-release", "lsb-release", "debian_version", "redhat-release",
 * "SuSE-release", "alpine-release", "arch-release", "gentoo-release".  False
 * where it says nothing.
 */
bool dw_release_parse(const char *file, const char *text, size_t len,
		      struct dw_release *out);
/* Whether util-linux of that release is older than "nofail" (2.14). */
bool dw_release_has_old_mount(const struct dw_release *r);

#endif
