/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Adding modules to an initrd without unpacking it: the kernel unpacks
 * archives that follow each other, and a later file takes the place of an
 * earlier one of its name.  So an archive is appended, in the layout that the
 * program which made the initrd gives it.
 */
#ifndef DW_INITRD_CHANGE_H
#define DW_INITRD_CHANGE_H

#include "guest/edit.h"
#include "guest/release.h"
#include "initrd/initrd.h"

/* A kernel of a guest and what its initrd is to find. */
struct dw_initrd_target {
	struct dw_ctx *ctx;
	struct dw_fs *fs;
	const struct dw_kernel *kernel;
	const struct dw_modules *mods;	/* of that kernel; not NULL */
	const struct dw_release *release;
	struct dw_root_fs root;
	const char *root_on;	/* what it lies on, as "LVM"; NULL: a disk */
	bool new_root;		/* menus and fstab are about to name the root
				 * in a way that every initrd takes */
};

/* Names of modules, normalised, each once.  Start with { 0 }. */
struct dw_module_list {
	char (*names)[DW_MODULE_NAME];
	size_t nr, cap;
	/* Where each name is, plus one, by its hash; 0: none.  NULL: the list
	 * was not made by dw_module_list_add(). */
	uint32_t *slots;
	size_t slots_nr;	/* a power of two, at least twice nr */
};

void dw_module_list_free(struct dw_module_list *list);
/* Empties it for other names. */
void dw_module_list_clear(struct dw_module_list *list);
/* Whether a normalised name is there. */
bool dw_module_list_has(const struct dw_module_list *list, const char *name);
/* Adds a name unless it is there; written with '-' or '_'. */
int dw_module_list_add(struct dw_module_list *list, const char *name,
		       struct dw_err *err);
/* The same with what is normalised already, and may be an alias. */
int dw_module_list_put(struct dw_module_list *list,
		       const char *key, struct dw_err *err);

/*
 * The modules that this kernel has as files and that the initrd (NULL: none)
 * lacks to mount the root on that side, without what they need themselves: the
 * bus (for KVM virtio_blk and, where there is one, virtio_scsi with sd_mod),
 * the filesystem, its checksums.  What is built in, or not there at all, is
 * left out: dw_initrd_check() tells that.
 */
int dw_initrd_wanted(const struct dw_initrd_target *t,
		     const struct dw_initrd *initrd, enum dw_side side,
		     struct dw_module_list *out, struct dw_err *err);

/* What becomes of an initrd.  Start with { 0 }; dw_initrd_change_free(). */
struct dw_initrd_change {
	char *path;		/* its file, links resolved */
	uint64_t old_len;	/* bytes it has now */
	/* What is appended, zeros that align it included; len 0: nothing is
	 * lacking.  With 'whole' it takes the place of the file. */
	char *bytes;
	size_t len;
	bool whole;
	struct dw_module_list added;	/* in the order of loading, with what
					 * they need */
	char *note;		/* "virtio_blk, virtio_pci added (5 modules,
				 * 412 KiB)" */
};

void dw_initrd_change_free(struct dw_initrd_change *change);

/*
 * Decides how the named modules, and what they need and the initrd lacks, get
 * into an initrd that was read.  DW_NOENT names a module that the kernel does
 * not have; a built-in one is no failure.  DW_UNSUPPORTED: of an unknown
 * family, or of a shape that cannot be changed, by name.
 */
int dw_initrd_add(const struct dw_initrd_target *t,
		  const struct dw_initrd *initrd,
		  const struct dw_module_list *names,
		  struct dw_initrd_change *out, struct dw_err *err);

/* Carries it out on a filesystem (an overlay): the file grows, or is written
 * anew.  Its inode stays what it is. */
int dw_initrd_apply(const struct dw_initrd_change *change, struct dw_fs *fs,
		    struct dw_err *err);

/*
 * Makes the change lasting: plans edits of what the guest's own program builds
 * its next initrd from (/etc/initramfs-tools/modules, /etc/dracut.conf.d,
 * /etc/modprobe.conf, INITRD_MODULES of /etc/sysconfig/kernel,
 * /etc/mkinitcpio.conf, /etc/mkinitfs/features.d).  A family without such a
 * file gets a remark.
 */
int dw_initrd_keep(const struct dw_initrd_target *t,
		   enum dw_initrd_family family,
		   const struct dw_module_list *names, struct dw_edits *edits,
		   struct dw_err *err);

#endif
