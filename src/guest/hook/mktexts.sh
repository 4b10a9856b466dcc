#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Prints the files that are installed into guests as C: mktexts.sh FILE...
# run.sh becomes dw_hook_text_run, a text that ends with a zero byte.
set -eu

cat <<END
/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Made by src/guest/hook/mktexts.sh from the files beside it. */
#include "guest/hook/texts.h"
END
for f; do
	name=${f##*/}
	printf '\nconst char dw_hook_text_%s[] = {\n' "${name%.*}"
	od -An -v -tu1 -w12 "$f" | sed -e 's/  */ /g' -e 's/ \([0-9]*\)/ \1,/g' \
		-e 's/^ /	/'
	printf '\t0\n};\n'
done
