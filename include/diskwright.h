/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * diskwright.h - the public interface of libdiskwright
 *
 * Everything is reached through three kinds of object:
 *
 *   struct dw_ctx     policy and limits of the caller; no globals exist
 *   struct dw_dev     a block device: a host file, a virtual disk, a partition
 *   struct dw_output  a file that becomes real only when it is complete
 *
 * and jobs, each of which is two calls: dw_<job>_plan() reads and decides
 * everything, dw_<job>_run() carries out exactly that plan.
 *
 * A function that can fail returns 0 or a negative enum dw_code and fills the
 * struct dw_err given as its last argument, which may be NULL.  Offsets and
 * lengths are bytes unless the name says _lba (512-byte sectors) or _blk
 * (filesystem blocks).
 */
#ifndef DISKWRIGHT_H
#define DISKWRIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DW_PUBLIC __attribute__((visibility("default")))

#include "diskwright/base.h"
#include "diskwright/report.h"
#include "diskwright/dualboot.h"
#include "diskwright/image.h"
#include "diskwright/volumes.h"
#include "diskwright/inspect.h"
#include "diskwright/files.h"
#include "diskwright/kernel.h"
#include "diskwright/initrd.h"

#ifdef __cplusplus
}
#endif
#endif
