/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The boot configurations of both sides, as edits of a guest's files. */
#ifndef DW_JOB_BOOTFILES_H
#define DW_JOB_BOOTFILES_H

#include "base/notes.h"
#include "boot/bootconf.h"
#include "guest/guest.h"
#include "job/verdict.h"

struct dw_bootfiles {
	struct dw_verdict_source *source;	/* filesystem, kernels, disk */
	const struct dw_guest *guest;
	struct dw_names names;	/* of the root; grows by those found in
				 * existing configurations */
	bool new_table;		/* the disk had no table: (hd0) -> (hd0,0) */
	const char *xen_root;	/* the caller's choice, or NULL */
	const char *kvm_root;
	const char *old_uuid;	/* text of a UUID that changes, or NULL */
	bool net_ifnames;	/* net.ifnames=0 biosdevname=0 on KVM */
	bool noresume;		/* on KVM: the disk to resume from is absent */
	struct dw_edits *edits;
	struct dw_notes *notes;
};

/* Adds the device names by which boot entries call the root to b->names, so
 * that fstab is read with them.  Comes first. */
int dw_bootfiles_learn(struct dw_bootfiles *b, struct dw_err *err);

/* Edits what PyGrub and the guest's own tools read; writes a menu.lst where
 * there is nothing. */
int dw_bootfiles_xen(struct dw_bootfiles *b, struct dw_err *err);

/* Writes the syslinux.cfg that our loader reads. */
int dw_bootfiles_kvm(struct dw_bootfiles *b, struct dw_err *err);

/* Whether a menu can have an entry for it; a note says where not. */
bool dw_bootfiles_can_name(struct dw_bootfiles *b,
			   const struct dw_kernel *kernel);

/* How a kernel is told its root: by lasting name where its initrd understands
 * it, else by device.  'disk_name' is "vda" or "xvda"; text has room for 200. */
int dw_bootfiles_root(struct dw_bootfiles *b, size_t kernel_nr,
		      const char *disk_name, char text[200],
		      struct dw_err *err);

/* The kernel that an entry of a configuration starts; false: none of those
 * that are known. */
bool dw_bootfiles_find_kernel(const struct dw_bootfiles *b,
			      const struct dw_boot_entry *entry,
			      size_t *kernel_nr);

/* The newest that runs under Xen; 0 and false where there is none. */
bool dw_bootfiles_newest_xen(const struct dw_bootfiles *b, size_t *kernel_nr);

/* Gives Xen's console to entries that would not write to it, and to the files
 * from which the guest's tools make entries. */
int dw_bootfiles_console(struct dw_bootfiles *b, struct dw_bootconf *conf,
			 struct dw_err *err);

/* An entry for PyGrub; args has room for its arguments. */
#define DW_BOOTFILES_ARGS_LEN 260
int dw_bootfiles_xen_entry(struct dw_bootfiles *b, size_t kernel_nr,
			   char args[DW_BOOTFILES_ARGS_LEN],
			   struct dw_boot_spec_entry *entry,
			   struct dw_err *err);

/*
 * Where the default entry of a menu.lst would not boot under Xen: makes another
 * one the default, or adds one.  Other kinds of configuration, and a guest
 * without a kernel for Xen, are left alone.
 */
int dw_bootfiles_default(struct dw_bootfiles *b, const char *path,
			 struct dw_bootconf *conf, struct dw_err *err);

#endif
