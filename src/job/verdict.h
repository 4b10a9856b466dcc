/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What KVM and PyGrub would boot from a root filesystem, or why not. */
#ifndef DW_JOB_VERDICT_H
#define DW_JOB_VERDICT_H

#include "boot/bootconf.h"
#include "boot/install.h"
#include "guest/packages.h"
#include "initrd/boot_check.h"

/* Everything that a verdict is made from; all of it belongs to the caller. */
struct dw_verdict_source {
	struct dw_ctx *ctx;
	struct dw_fs *fs;
	struct dw_dev *disk;	/* as the hypervisor will see it */
	struct dw_dev *fs_dev;	/* the part of it under fs */
	unsigned part_nr;	/* 0: the disk is the filesystem */
	uint64_t start_lba;
	uint32_t disk_signature;
	const struct dw_release *release;
	const struct dw_kernels *kernels;
	/* One per kernel, filled in as they are needed: an initrd is opened
	 * once.  dw_verdict_checks_free(). */
	struct dw_boot_check **checks;
};

int dw_verdict_checks_new(struct dw_verdict_source *source,
			  struct dw_err *err);
void dw_verdict_checks_free(struct dw_verdict_source *source);

/* The kernel and initrd judged together; kept in source->checks. */
int dw_verdict_check(struct dw_verdict_source *source, size_t kernel_nr,
		     const struct dw_boot_check **out, struct dw_err *err);

/* After a change of its initrd. */
void dw_verdict_forget(struct dw_verdict_source *source, size_t kernel_nr);

/* The kernel that a verdict names; DW_NOBOOT where it is missing or no kernel
 * that is known. */
int dw_verdict_find_kernel(struct dw_verdict_source *source,
			   const struct dw_boot_verdict *v, size_t *kernel_nr,
			   struct dw_err *err);
/* DW_NOBOOT where the initrd that it names is missing or another kernel's. */
int dw_verdict_check_initrd(struct dw_verdict_source *source,
			    const struct dw_boot_verdict *v,
			    const struct dw_kernel *kernel,
			    struct dw_err *err);

/* A failure is one of reading; what does not boot is a verdict. */
int dw_verdict_kvm(struct dw_verdict_source *source,
		   struct dw_boot_verdict *out, struct dw_err *err);
int dw_verdict_pygrub(struct dw_verdict_source *source,
		      struct dw_boot_verdict *out, struct dw_err *err);

/* Fills in what an entry says; config NULL: it stands in no file. */
int dw_verdict_copy_entry(const struct dw_boot_entry *e, const char *config,
			  struct dw_boot_verdict *v, struct dw_err *err);

/*
 * What our own loader starts when nobody chooses: the default entry of the
 * configuration, else the next one that can be started, else, where none of
 * their kernels is there, what scanning /boot gives.  conf NULL: there is no
 * configuration.
 */
int dw_verdict_follow_loader(struct dw_verdict_source *source,
			     const char *config,
			     const struct dw_bootconf *conf,
			     struct dw_boot_verdict *v, struct dw_err *err);

/* DW_NOBOOT where the guest has no kernel for this side; the reason names the
 * newest and what speaks against it. */
int dw_verdict_has_kernel(const struct dw_verdict_source *source,
			  enum dw_side side, struct dw_err *err);

/* Turns the result of judging into a verdict: DW_NOBOOT with its text becomes
 * the reason, another failure is passed on.  Where no kernel suits the side,
 * the verdict also says which would. */
int dw_verdict_settle(const struct dw_verdict_source *source,
		      enum dw_side side, struct dw_boot_verdict *v, int ret,
		      struct dw_err *why, struct dw_err *err);

/*
 * Whether root= finds this filesystem: 0, or DW_NOBOOT with the reason.
 * 'disk_name' is what the hypervisor calls the disk: "vda", "xvda".
 */
int dw_verdict_root(struct dw_verdict_source *source, const char *root,
		    const char *disk_name, bool has_initrd,
		    struct dw_err *err);

#endif
