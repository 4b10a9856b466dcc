/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A kernel package's files into a guest. */
#ifndef DISKWRIGHT_KERNEL_H
#define DISKWRIGHT_KERNEL_H
#ifndef DISKWRIGHT_H
#error "include <diskwright.h>"
#endif

/* ---- add-kernel ----------------------------------------------------------- */

struct dw_add_kernel_options {
	size_t size;		/* sizeof(struct dw_add_kernel_options) */
	const char *const *packages;	/* files of the host, .deb or .rpm */
	size_t packages_nr;
	bool firstboot;		/* leave the packages and a service that
				 * registers them when the guest starts */
	bool no_default;	/* what boots now stays the default */
	/* Over files that are there, for another machine, where a side would
	 * no longer boot; DW_CHANGE_BARE. */
	bool force;
	bool dry_run;		/* only a plan: the image is opened to read */
};

/* A package that was read. */
struct dw_kernel_package {
	const char *file;	/* as the caller names it */
	const char *name, *version, *arch;
	const char *depends;	/* or NULL; nothing is done about it */
	uint64_t left_out_nr;	/* files where no kernel's files belong ... */
	const struct dw_notes *left_out;	/* ... and some of them */
};

enum dw_initrd_origin {
	DW_INITRD_NONE,		/* the kernel boots without */
	DW_INITRD_REMADE,	/* in kind, out of another kernel's */
	DW_INITRD_SYNTH,	/* around an init of our own */
	DW_INITRD_GIVEN,	/* the package brings it */
};

struct dw_add_kernel_state;

/* Everything belongs to the plan: dw_add_kernel_plan_free(). */
struct dw_add_kernel_plan {
	char *locator;		/* with the partition that was found */
	char *version;		/* "6.1.0-50-amd64" */
	char *kernel, *initrd;	/* their paths; initrd may be NULL */
	enum dw_initrd_origin initrd_origin;
	uint64_t initrd_len;
	char *like;		/* version of the kernel that it is made after,
				 * or NULL */
	struct dw_kernel_package *packages;
	size_t packages_nr;
	uint64_t files_nr, files_len;	/* that are written, all of them */
	struct dw_changes changes;	/* of boot menus, line by line */
	struct dw_notes notes;
	/* What boots now, and afterwards. */
	struct dw_boot_verdict kvm_before, pygrub_before, kvm, pygrub;
	bool is_worse;		/* a side that boots now would not: refused
				 * by dw_add_kernel_run() without force */
	struct dw_change_cost cost;
	struct dw_add_kernel_state *state;
};

/*
 * Puts the files of one kernel, out of one or several packages, into the guest
 * that LOCATOR names (an image, or the partition of it that is its root), with
 * lists of modules as depmod makes them, an initrd, and an entry in each boot
 * menu.  All of it is one change: a crash leaves the old state or the new one.
 * Scripts of the packages are not run, and the guest's database of packages is
 * not touched.  DW_EXISTS where the version is there; DW_UNSUPPORTED for
 * another machine's kernel; DW_NOBOOT for one that boots on neither side.
 */
DW_PUBLIC int dw_add_kernel_plan(struct dw_ctx *ctx, const char *locator,
				 const char *format,
				 const struct dw_add_kernel_options *options,
				 struct dw_add_kernel_plan **out,
				 struct dw_err *err);
/* Carries the plan out, reads the files back and compares them. */
DW_PUBLIC int dw_add_kernel_run(struct dw_add_kernel_plan *plan,
				struct dw_err *err);
DW_PUBLIC void dw_add_kernel_plan_free(struct dw_add_kernel_plan *plan);

#endif
