/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of the xz driver. */
#ifndef DW_FORMATS_XZ_H
#define DW_FORMATS_XZ_H

#include "formats/stream.h"

extern const struct dw_stream_packing dw_xz_packing;

#endif
