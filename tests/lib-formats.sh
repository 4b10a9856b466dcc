# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What the shell tests of image formats and partition tables share, on top of
# lib.sh; they start in an empty folder.  imgtool is tests/unit/imgtool.c.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

imgtool=$BUILD/tests/unit/imgtool
[ -x "$imgtool" ] || make -s -C "$top" BUILD="$BUILD" "$imgtool"
cd "$work"

# A disk with text, letters, noise and holes, its size no multiple of 64 KiB;
# the noise is the same every time.
make_raw()	# FILE
{
	rm -f "$1"
	truncate -s 6000128 "$1"
	seq 1 200000 | dd of="$1" bs=64k conv=notrunc status=none
	seq 1 300000 | gzip -n -9 | dd of="$1" bs=1k seek=2000 conv=notrunc \
		status=none
	yes abcdefg | head -c 600000 | dd of="$1" bs=1k seek=3333 conv=notrunc \
		status=none
	seq 7 7777 | head -c 512 | dd of="$1" bs=512 seek=11718 conv=notrunc \
		status=none
	truncate -s 6000128 "$1"
}

# refuses TEXT COMMAND...: it fails with one line that holds TEXT.
refuses()
{
	local text=$1

	shift
	if "$@" > log 2>&1; then
		echo "no error"
		return 1
	fi
	cat log
	[ "$(wc -l < log)" = 1 ] && grep -q "$text" log
}

# part_list TABLE: number, start and length as imgtool prints them.
part_list()
{
	"$imgtool" parts "$1" | tee log |
		sed -n 's/^\([0-9]*\) \([0-9]*\) \([0-9]*\) .*/\1 \2 \3/p' |
		sort -n
}
