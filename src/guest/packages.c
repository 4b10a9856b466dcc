/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which package of a distribution brings a kernel for one hypervisor.
 *
 * Three dates decide.  virtio came with Linux 2.6.25 (RHEL took it back to
 * 2.6.9 and 2.6.18).  Before kernels could run under Xen as they are, in
 * 2.6.23 for 32 bits and 2.6.27 for 64, there were packages of patched ones
 * (XenLinux), which run nowhere else.  And since 5.9 no 32-bit kernel runs as
 * a PV guest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/packages.h"

/* A release as one number; what rolls is newer than everything. */
#define REL(major, minor) ((major) * 1000u + (minor))
#define NEWEST 0xffffffffu

static const char too_old[] = "its kernels are older than virtio";
static const char no_pv[] = "no kernel of it runs as a Xen PV guest";
static const char no_pv32[] = "no 32-bit kernel since Linux 5.9 runs as a Xen"
			      " PV guest";
static const char no_32[] = "it has no 32-bit kernels any more";
static const char other_arch[] = "a 32-bit system runs on it, too";

/* The last release that a row holds for; rows of one distribution and side
 * follow each other from old to new. */
static const struct row {
	enum dw_distro distro;
	enum dw_side side;
	unsigned last;
	const char *i386, *x86_64;	/* NULL: none */
	const char *none;	/* why, where there is none */
	const char *remark;	/* on the one that there is */
} rows[] = {
#define ROW(d, s, l, ...) { .distro = DW_DISTRO_##d, .side = DW_SIDE_##s, \
			    .last = l, __VA_ARGS__ }
#define BOTH(a, b) .i386 = a, .x86_64 = b
#define ONLY_64(a, why) .x86_64 = a, .none = why
#define NONE(why) .none = why
	/* CentOS, Scientific Linux and the other rebuilds as well */
	ROW(RHEL, KVM, REL(3, 999), NONE(too_old)),
	ROW(RHEL, KVM, REL(4, 999),
	    BOTH("kernel", "kernel"), .remark = "of 4.8 or later, 2.6.9-89"),
	ROW(RHEL, KVM, REL(5, 999),
	    BOTH("kernel", "kernel"), .remark = "of 5.3 or later, 2.6.18-128"),
	ROW(RHEL, KVM, REL(7, 999), BOTH("kernel", "kernel")),
	ROW(RHEL, KVM, NEWEST, ONLY_64("kernel-core", no_32)),
	ROW(RHEL, XEN, REL(3, 999), NONE(no_pv)),
	ROW(RHEL, XEN, REL(4, 999),
	    BOTH("kernel-xenU", "kernel-xenU"), .remark = "of 4.5 or later"),
	ROW(RHEL, XEN, REL(5, 999), BOTH("kernel-xen", "kernel-xen")),
	ROW(RHEL, XEN, REL(7, 999), BOTH("kernel", "kernel")),
	ROW(RHEL, XEN, NEWEST, NONE(no_pv)),

	ROW(FEDORA, KVM, REL(7, 999), NONE(too_old)),
	ROW(FEDORA, KVM, REL(20, 999), BOTH("kernel", "kernel")),
	ROW(FEDORA, KVM, REL(30, 999), BOTH("kernel-core", "kernel-core")),
	ROW(FEDORA, KVM, NEWEST, ONLY_64("kernel-core", no_32)),
	ROW(FEDORA, XEN, REL(5, 999), BOTH("kernel-xenU", "kernel-xenU")),
	ROW(FEDORA, XEN, REL(9, 999), BOTH("kernel-xen", "kernel-xen")),
	ROW(FEDORA, XEN, REL(20, 999), BOTH("kernel-PAE", "kernel")),
	ROW(FEDORA, XEN, REL(30, 999), BOTH("kernel-PAE-core", "kernel-core")),
	ROW(FEDORA, XEN, NEWEST, ONLY_64("kernel-core", no_32)),

	ROW(SLES, KVM, REL(9, 999), NONE(too_old)),
	ROW(SLES, KVM, REL(11, 999), BOTH("kernel-default", "kernel-default")),
	ROW(SLES, KVM, NEWEST, ONLY_64("kernel-default", no_32)),
	ROW(SLES, XEN, REL(9, 999), NONE(no_pv)),
	ROW(SLES, XEN, REL(10, 999), BOTH("kernel-xenpae", "kernel-xen")),
	ROW(SLES, XEN, REL(11, 999), BOTH("kernel-xen", "kernel-xen")),
	ROW(SLES, XEN, REL(12, 1), ONLY_64("kernel-xen", no_32)),
	ROW(SLES, XEN, NEWEST, ONLY_64("kernel-default", no_32)),

	ROW(OPENSUSE, KVM, REL(10, 999), NONE(too_old)),
	ROW(OPENSUSE, KVM, NEWEST, BOTH("kernel-default", "kernel-default")),
	ROW(OPENSUSE, XEN, REL(10, 999), BOTH("kernel-xenpae", "kernel-xen")),
	ROW(OPENSUSE, XEN, REL(13, 999), BOTH("kernel-xen", "kernel-xen")),
	ROW(OPENSUSE, XEN, REL(42, 1), ONLY_64("kernel-xen", no_32)),
	ROW(OPENSUSE, XEN, NEWEST, ONLY_64("kernel-default", no_pv32)),

	ROW(DEBIAN, KVM, REL(4, 999), NONE(too_old)),
	ROW(DEBIAN, KVM, REL(6, 999),
	    BOTH("linux-image-2.6-686", "linux-image-2.6-amd64")),
	ROW(DEBIAN, KVM, REL(12, 999),
	    BOTH("linux-image-686-pae", "linux-image-amd64")),
	ROW(DEBIAN, KVM, NEWEST,
	    BOTH("linux-image-amd64:amd64", "linux-image-amd64")),
	ROW(DEBIAN, XEN, REL(6, 999),
	    BOTH("linux-image-2.6-xen-686", "linux-image-2.6-xen-amd64")),
	ROW(DEBIAN, XEN, REL(10, 999),
	    BOTH("linux-image-686-pae", "linux-image-amd64")),
	ROW(DEBIAN, XEN, NEWEST,
	    BOTH("linux-image-amd64:amd64", "linux-image-amd64")),

	ROW(UBUNTU, KVM, REL(7, 999), NONE(too_old)),
	ROW(UBUNTU, KVM, REL(19, 4),
	    BOTH("linux-image-virtual", "linux-image-virtual"),
	    .remark = "or linux-image-generic"),
	ROW(UBUNTU, KVM, NEWEST,
	    ONLY_64("linux-image-virtual", no_32),
	    .remark = "or linux-image-generic"),
	ROW(UBUNTU, XEN, REL(8, 4), BOTH("linux-image-xen", "linux-image-xen")),
	ROW(UBUNTU, XEN, REL(19, 4),
	    BOTH("linux-image-virtual", "linux-image-virtual"),
	    .remark = "or linux-image-generic"),
	ROW(UBUNTU, XEN, NEWEST,
	    ONLY_64("linux-image-virtual", no_32),
	    .remark = "or linux-image-generic"),

	ROW(ALPINE, KVM, REL(3, 7), BOTH("linux-virtgrsec", "linux-virtgrsec")),
	ROW(ALPINE, KVM, NEWEST, BOTH("linux-virt", "linux-virt")),
	ROW(ALPINE, XEN, REL(3, 10), BOTH("linux-vanilla", "linux-vanilla")),
	ROW(ALPINE, XEN, REL(3, 12), BOTH("linux-lts", "linux-lts")),
	ROW(ALPINE, XEN, NEWEST, ONLY_64("linux-lts", no_pv32)),

	ROW(ARCH, KVM, NEWEST, ONLY_64("linux", no_32)),
	ROW(ARCH, XEN, NEWEST, ONLY_64("linux", no_32)),
	ROW(GENTOO, KVM, NEWEST,
	    BOTH("sys-kernel/gentoo-kernel-bin",
	         "sys-kernel/gentoo-kernel-bin")),
	ROW(GENTOO, XEN, NEWEST,
	    ONLY_64("sys-kernel/gentoo-kernel-bin", no_pv32)),
#undef NONE
#undef ONLY_64
#undef BOTH
#undef ROW
};

/* Amazon's counts years and has packages of its own. */
static bool is_known(const struct dw_release *release)
{
	return release->distro && strcmp(release->id, "amzn");
}

const char *dw_packages_find(const struct dw_release *release,
			     enum dw_arch arch, enum dw_side side,
			     const char **remark)
{
	unsigned at = release->major ? REL(release->major, release->minor)
				     : NEWEST;
	const char *name;

	for (size_t i = 0; is_known(release) &&
	     i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];

		if (row->distro != release->distro || row->side != side ||
		    at > row->last)
			continue;
		name = arch == DW_ARCH_I386 ? row->i386 : row->x86_64;
		*remark = !name ? row->none : row->remark ? row->remark : "";
		if (name && strchr(name, ':'))
			*remark = other_arch;
		return name;
	}
	*remark = side == DW_SIDE_KVM
		? "it takes one with CONFIG_VIRTIO_PCI and CONFIG_VIRTIO_BLK"
		: "it takes one with CONFIG_XEN_PV (up to Linux 4.11"
		  " CONFIG_XEN) and CONFIG_XEN_BLKDEV_FRONTEND";
	return NULL;
}

enum dw_arch dw_packages_arch(const struct dw_release *release,
			      const struct dw_kernels *kernels)
{
	const struct dw_kernel *k = kernels->items;

	if (release->arch)
		return release->arch;
	if (kernels->nr && k->config.known)
		return k->config.is_64bit ? DW_ARCH_X86_64 : DW_ARCH_I386;
	return kernels->nr && k->head.protocol >= 0x20c && !k->head.is_64bit
		? DW_ARCH_I386 : DW_ARCH_X86_64;
}

/* ---- what is said ---------------------------------------------------------- */

/* How the files of a distribution's packages are called, or how the guest's own
 * tool gets one; %1$s is the package, %2$s the architecture. */
static void write_how(const struct dw_release *r, enum dw_arch arch,
		      const char *package, char *out, size_t cap)
{
	static const char add[] = "diskwright add-kernel IMAGE --package";
	bool is_32 = arch == DW_ARCH_I386;

	switch (r->distro) {
	case DW_DISTRO_RHEL:
	case DW_DISTRO_FEDORA:
		snprintf(out, cap, "%s %s-*.%s.rpm", add, package,
			 is_32 ? "i686" : "x86_64");
		break;
	case DW_DISTRO_SLES:
	case DW_DISTRO_OPENSUSE:
		snprintf(out, cap, "%s %s-*.%s.rpm", add, package,
			 is_32 ? "i586" : "x86_64");
		break;
	case DW_DISTRO_ALPINE:
		snprintf(out, cap, "'apk add %s' in the guest", package);
		break;
	case DW_DISTRO_ARCH:
		snprintf(out, cap, "'pacman -S %s' in the guest", package);
		break;
	case DW_DISTRO_GENTOO:
		snprintf(out, cap, "'emerge %s' in the guest", package);
		break;
	default:	/* a name without a version is one that has no files */
		snprintf(out, cap, "%s linux-image-*_%s.deb", add,
			 is_32 && !strchr(package, ':') ? "i386" : "amd64");
		break;
	}
}

static bool is_served(const struct dw_kernels *kernels, enum dw_side side)
{
	for (size_t i = 0; i < kernels->nr; i++)
		if (side == DW_SIDE_KVM ? kernels->items[i].kvm_ok
					: kernels->items[i].xen_ok)
			return true;
	return false;
}

int dw_packages_advise(const struct dw_release *release,
		       const struct dw_kernels *kernels, enum dw_side side,
		       struct dw_kernel_advice *advice, struct dw_err *err)
{
	enum dw_arch arch = dw_packages_arch(release, kernels);
	const char *remark, *package;
	char how[128], text[256];

	memset(advice, 0, sizeof(*advice));
	if (is_served(kernels, side))
		return 0;
	package = dw_packages_find(release, arch, side, &remark);
	if (package) {
		write_how(release, arch, package, how, sizeof(how));
		snprintf(text, sizeof(text), "package %s%s%s%s would help: %s",
			 package, *remark ? " (" : "", remark,
			 *remark ? ")" : "", how);
		advice->package = strdup(package);
	} else {
		snprintf(text, sizeof(text), "no package would help: %s",
			 remark);
	}
	advice->text = strdup(text);
	return advice->text && (!package || advice->package) ? 0 :
		dw_fail_nomem(err);
}
