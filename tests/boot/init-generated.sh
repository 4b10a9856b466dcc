#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The copy of /init's programs in the tree is what the sources give: the same
# bytes where the compiler is the one that made it.  It is what is built where
# the compiler makes no x86 code; and no program runs outside an initrd.
set -eu
. "$(dirname "$0")/../lib.sh"
need make cc od readelf

copy=$top/src/initrd/init/generated.c
fresh=$work/b/init/code.c
compiler()
{
	sed -n 's/.*\.compiler = "\(.*\)".*/\1/p' "$1"
}
of_copy()
{
	make -C "$top" -n X86CC=false BUILD="$work/c" "$work/c/init/code.o" |
		grep -q 'src/initrd/init/generated\.c$'
}
# is_static FILE MACHINE
is_static()
{
	readelf -hl "$1" > "$work/elf" && grep -q "Machine:.*$2" "$work/elf" &&
		! grep -qE 'INTERP|DYNAMIC' "$work/elf" &&
		[ "$(stat -c %s "$1")" -lt 40000 ]
}
# What init removes, it removes as the first process of an initrd alone.
refuses()
{
	! "$1" > "$work/said" 2>&1 && grep -q 'not a command' "$work/said"
}

check "the sources give programs" make -s -C "$top" BUILD="$work/b" "$fresh"
if [ "$(compiler "$copy")" = "$(compiler "$fresh")" ]; then
	check "the copy equals them ($(compiler "$copy"))" cmp "$copy" "$fresh"
fi
check "without an x86 compiler the copy is built" of_copy
check "i386: static and small" is_static "$work/b/init/i386.elf" 80386
check "x86_64: static and small" is_static "$work/b/init/x86_64.elf" X86-64
for f in i386 x86_64; do
	case $(uname -m) in
	x86_64)	check "$f: does nothing outside an initrd" \
			refuses "$work/b/init/$f.elf" ;;
	esac
done
finish
