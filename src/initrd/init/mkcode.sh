#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Prints the programs of /init as C: mkcode.sh COMPILER I386 X86_64
#
# The output depends on the bytes and the compiler's name alone.
set -eu
LC_ALL=C
export LC_ALL

program()
{
	printf 'static const uint8_t %s[] = {\n' "$1"
	od -An -v -tx1 -w12 "$2" | sed -e 's/ \(..\)/ 0x\1,/g' -e 's/^ /\t/'
	printf '};\n\n'
}

version=$("$1" -dumpversion)
cat <<END
/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The programs of /init; made by src/initrd/init/mkcode.sh from the sources
 * beside it ("make init-generated"), not by hand. */
#include "initrd/init/code.h"

END
program i386 "$2"
program x86_64 "$3"
cat <<END
const struct dw_init_code dw_init_code = {
	.i386 = i386,
	.x86_64 = x86_64,
	.i386_len = sizeof(i386),
	.x86_64_len = sizeof(x86_64),
	.compiler = "gcc ${version%%.*}",
};
END
