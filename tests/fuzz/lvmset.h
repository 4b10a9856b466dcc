/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Physical volumes through all that can be asked of them. */
#ifndef TESTS_FUZZ_LVMSET_H
#define TESTS_FUZZ_LVMSET_H

#include "fuzz.h"

/* Sets the checksums of labels, metadata headers and texts. */
void fuzz_fix_pv(struct dw_dev *dev);

/* Makes a set of the devices, opens what is in it and reads from it. */
void fuzz_lvm_set(struct fuzz *z, struct dw_dev *const *devs, size_t nr);

#endif
