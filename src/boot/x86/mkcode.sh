#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Prints the loader's code as C: mkcode.sh COMPILER MBR RECORD STAGE2
#
# The output depends on the bytes and the compiler's name alone.
set -eu
LC_ALL=C
export LC_ALL

bytes() {
	od -An -v -tx1 -w12 "$1" | sed -e 's/ \(..\)/ 0x\1,/g' -e 's/^ /\t/'
}

version=$("$1" -dumpversion)
cat <<END
/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loader's x86 code; made by src/boot/x86/mkcode.sh from the sources
 * beside it ("make x86-generated"), not by hand. */
#include "boot/x86/code.h"

static const uint8_t stage2[] = {
$(bytes "$4")
};

const struct dw_loader_code dw_loader_code = {
	.mbr = {
$(bytes "$2")
	},
	.record = {
$(bytes "$3")
	},
	.stage2 = stage2,
	.stage2_len = sizeof(stage2),
	.compiler = "gcc ${version%%.*}",
};
END
