/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernels of a guest: where they are and on what they can run. */
#ifndef DW_GUEST_KERNEL_H
#define DW_GUEST_KERNEL_H

#include "base/ctx.h"
#include "boot/bzimage.h"
#include "kmod/modules.h"

/* What a kernel's configuration says, as far as booting needs it. */
struct dw_kconfig {
	bool known;		/* there was a configuration */
	bool by_notes;		/* there was none; xen_* from ELF notes */
	bool is_64bit;
	bool xen_classic;	/* XenLinux: cannot run on bare hardware */
	enum dw_have xen_pv;	/* BUILTIN or NO */
	enum dw_have xen_blk;
	enum dw_have virtio_pci, virtio_blk, virtio_net, virtio_scsi;
	enum dw_have ahci, ata_piix, sd;
	enum dw_have ext2, ext3, ext4;	/* drivers of their own name */
	bool ext4_for_ext23;	/* ext4 mounts ext2 and ext3 as well */
	enum dw_have crc32c;	/* what metadata_csum needs */
	enum dw_have initrd;	/* can take an initrd at all */
	bool no_gzip_initrd;	/* cannot unpack one; since 2.6.30 that is a
				 * choice, which no distribution makes */
};

/* Decodes /boot/config-VERSION; version decides what a missing line means. */
void dw_kconfig_parse(const char *text, size_t len, const char *version,
		      struct dw_kconfig *out);

/* One kernel file of /boot. */
struct dw_kernel {
	char *path;		/* "/boot/vmlinuz-6.1.0-50-amd64" */
	char *name;		/* what follows "vmlinuz-": "6.1.0-50-amd64",
				 * "linux-lts", "virt"; "" for a bare name */
	char *version;		/* as in /lib/modules; "" where not known */
	char *initrd_path;	/* NULL: there is none */
	uint64_t ino, size;
	bool is_rescue;		/* a rescue or ".old" copy: sorted last */
	bool has_modules;	/* /lib/modules/VERSION is there */
	struct dw_kernel_head head;
	struct dw_kconfig config;
	/* On KVM by a BIOS boot loader, and under Xen as a PV guest.  The
	 * initrd is not looked at.  What is not known counts as yes where
	 * nothing speaks against it.  "" or the reason why not. */
	bool kvm_ok, xen_ok;
	char kvm_why[160], xen_why[160];
};

struct dw_kernels {
	struct dw_kernel *items;	/* newest first, rescue kernels last */
	size_t nr;
	/* Links that distributions keep on the newest kernel, as the guest
	 * names them: "/vmlinuz", "/boot/vmlinuz"; NULL where there is none,
	 * or where one of the two leads nowhere. */
	char *link_kernel, *link_initrd;
};

/*
 * Finds the kernels of /boot (and of / where /boot has none) with their
 * configurations and initrds.  Reads the head and the configuration of each,
 * no initrd and no module list.  None at all is success with nr 0.
 */
int dw_kernels_find(struct dw_ctx *ctx, struct dw_fs *fs,
		    struct dw_kernels *out, struct dw_err *err);
void dw_kernels_free(struct dw_kernels *kernels);

/* Orders version texts as package managers do: runs of digits by value, newer
 * than letters as in rpm; "rc" and '~' before what lacks them.  <0, 0, >0. */
int dw_version_compare(const char *a, const char *b);

/* What a version text begins with; the parts that are missing are 0. */
struct dw_version {
	unsigned major, minor, patch;
};
struct dw_version dw_version_parse(const char *text);
bool dw_version_at_least(const char *text, unsigned major, unsigned minor,
			 unsigned patch);

/*
 * Pure parts of dw_kernels_find, for tests: whether a name in /boot is a
 * kernel's (*suffix is what follows "vmlinuz-" and the like); the best of
 * the names in the same folder to be its initrd; and the verdict.
 */
bool dw_kernel_is_name(const char *name, const char **suffix);
const char *dw_initrd_pick(const char *suffix, const char *version,
			   char *const *names, size_t names_nr);
void dw_kernel_judge(struct dw_kernel *k);

/* XenLinux, which runs as a PV guest and nowhere else: by its configuration,
 * else by its name. */
bool dw_kernel_is_classic_xen(const struct dw_kernel *k);

#endif
