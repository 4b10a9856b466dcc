#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# make install: every file in its place, and a program builds against it.
set -eu
. "$(dirname "$0")/../lib.sh"
need make cc pkg-config

dest=$work/dest
prefix=/opt/dw
make -C "$top" -s install BUILD="$BUILD" DESTDIR="$dest" PREFIX=$prefix \
	> "$work/log" 2>&1 || { bad "make install: $(tail -n 5 "$work/log")"
	finish; }
for f in bin/diskwright lib/libdiskwright.a lib/libdiskwright.so \
	 lib/libdiskwright.so.0 lib/pkgconfig/diskwright.pc \
	 include/diskwright.h include/diskwright/base.h share/man/man1/diskwright.1 \
	 share/bash-completion/completions/diskwright; do
	check "installs $f" test -r "$dest$prefix/$f"
done

cat > "$work/use.c" <<'C'
#include <diskwright.h>
#include <stdio.h>

int main(void)
{
	struct dw_ctx *ctx;
	struct dw_err err;
	struct dw_dev *dev;

	if (dw_ctx_new(&ctx, &err))
		return 1;
	if (dw_open(ctx, "/nonexistent.img", NULL, 0, &dev, &err) != DW_NOENT)
		return 1;
	puts(err.text);
	dw_ctx_free(ctx);
	return 0;
}
C
export PKG_CONFIG_PATH=$dest$prefix/lib/pkgconfig
pc=(pkg-config --define-variable=prefix="$dest$prefix"
	--define-variable=libdir="$dest$prefix/lib"
	--define-variable=includedir="$dest$prefix/include")
# A library built with a sanitizer needs its users built likewise.
# shellcheck disable=SC2046,SC2086
check 'builds against the shared library' cc -Wall -Werror ${CFLAGS-} \
	-o "$work/shared" "$work/use.c" $("${pc[@]}" --cflags --libs diskwright)
check 'runs with the shared library' env \
	LD_LIBRARY_PATH="$dest$prefix/lib" "$work/shared"
check 'it is linked by its soname' sh -c \
	"ldd '$work/shared' | grep -q 'libdiskwright\.so\.0 '"
# A compiler for C++ is nothing that building or testing needs.
if command -v c++ > /dev/null; then
	check 'the header is C++ too' c++ -Wall -Werror -fsyntax-only \
		-x c++ "$dest$prefix/include/diskwright.h"
fi
check 'exports only dw_ names' sh -c "
	! nm -D --defined-only '$dest$prefix/lib/libdiskwright.so' |
	awk '{ print \$3 }' | grep -v -e '^dw_' -e '^DISKWRIGHT_0'"
check 'exports every public function' sh -c "
	nm -D --defined-only '$dest$prefix/lib/libdiskwright.so' |
	awk '{ sub(/@.*/, \"\", \$3); print \$3 }' | grep '^dw_' | sort -u \
		> '$work/exported'
	sed -n 's/^\(DW_PUBLIC .*[ *]\)\?\(dw_[a-z_]*\)(.*/\2/p' \
		'$top'/include/diskwright/*.h | sort -u > '$work/declared'
	diff -u '$work/declared' '$work/exported'"
finish
