#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The copy of the loader's x86 code in the tree is what the sources give: the
# same bytes where the compiler is the one that made it; else a library built
# from the copy must boot.
set -eu
. "$(dirname "$0")/../lib.sh"
need make cc od

copy=$top/src/boot/x86/generated.c
cd "$top"
echo 'int x;' | cc -m32 -march=i386 -xc -c -o /dev/null - 2> /dev/null || {
	skip "generated: the compiler makes no x86 code (gcc)"
	finish
}
check "the sources give code" make -s BUILD="$work/b" "$work/b/x86/code.c"
compiler()
{
	sed -n 's/.*\.compiler = "\(.*\)".*/\1/p' "$1"
}
if [ "$(compiler "$copy")" = "$(compiler "$work/b/x86/code.c")" ]; then
	check "the copy equals it ($(compiler "$copy"))" \
		cmp "$copy" "$work/b/x86/code.c"
fi

# Without an x86 compiler the copy is what is built.
check "the copy builds" make -s X86CC=false BUILD="$work/b" \
	"$work/b/tests/boot/loaderlab"
check "and nothing else" grep -q x86/generated.c "$work/b/x86/code.d"
if ! command -v qemu-system-x86_64 > /dev/null ||
   ! command -v mke2fs > /dev/null; then
	skip "the copy boots: qemu-system-x86_64 or mke2fs is missing"
	finish
fi
LAB=$work/b/tests/boot/loaderlab
. "$top/tests/boot/lab.sh"
the_copy_boots()
{
	make_tree
	make_fs 16M -t ext4
	"$LAB" install fs.img $start_lba
	make_disk
	start disk.img
	expect_tree
}
case_run the_copy_boots
cases_done
finish
