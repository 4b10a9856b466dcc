#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The copy of the loader's x86 code in the tree is what the sources give: the
# same bytes where the compiler is the one that made it. It boots, and it is
# what is built where the compiler makes no x86 code.
set -eu
. "$(dirname "$0")/../lib.sh"
need make cc od qemu-system-x86_64 mke2fs debugfs sfdisk
. "$(dirname "$0")/lab.sh"

copy=$top/src/boot/x86/generated.c
fresh=$work/b/x86/code.c
compiler()
{
	sed -n 's/.*\.compiler = "\(.*\)".*/\1/p' "$1"
}
of_copy()
{
	make -C "$top" -n X86CC=false BUILD="$work/c" "$work/c/x86/code.o" |
		grep -q 'src/boot/x86/generated\.c$'
}
the_copy_boots()
{
	LAB=$LAB-copy
	make_tree
	make_fs 16M -t ext4
	"$LAB" install fs.img $start_lba
	make_disk
	start disk.img
	expect_tree
}

check "the sources give code" make -s -C "$top" BUILD="$work/b" "$fresh"
if [ "$(compiler "$copy")" = "$(compiler "$fresh")" ]; then
	check "the copy equals it ($(compiler "$copy"))" cmp "$copy" "$fresh"
fi
check "without an x86 compiler the copy is built" of_copy
case_run the_copy_boots
cases_done
finish
