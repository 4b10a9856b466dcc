/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which package of a distribution brings a kernel for one hypervisor. */
#ifndef DW_GUEST_PACKAGES_H
#define DW_GUEST_PACKAGES_H

#include "guest/kernel.h"
#include "guest/release.h"

/*
 * The package that would help a guest none of whose kernels suits a side.
 * NULL where the release has none; *remark then says so, else what else is to
 * be known of it ("" where there is nothing).  Both are constants.
 */
const char *dw_packages_find(const struct dw_release *release,
			     enum dw_arch arch, enum dw_side side,
			     const char **remark);

/* The architecture of the guest's packages; where its programs do not tell,
 * that of its newest kernel. */
enum dw_arch dw_packages_arch(const struct dw_release *release,
			      const struct dw_kernels *kernels);

/*
 * What the user is told: *advice is set where no kernel suits that side, and
 * stays empty where one does.  dw_kernel_advice_clear().
 */
int dw_packages_advise(const struct dw_release *release,
		       const struct dw_kernels *kernels, enum dw_side side,
		       struct dw_kernel_advice *advice, struct dw_err *err);

#endif
