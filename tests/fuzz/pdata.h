/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Metadata of device-mapper with checksums that are right. */
#ifndef TESTS_FUZZ_PDATA_H
#define TESTS_FUZZ_PDATA_H

#include "lvm/pdata.h"

/* Sets number and checksum of each block that is not zero; super_salt is that
 * of the first one. */
void fuzz_fix_pdata(struct dw_dev *dev, uint32_t super_salt);

#endif
