#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes the fixtures of VHD.
#
#	make-vhd.sh [FOLDER]	default: beside this script
#
# Needs qemu-img and qemu-io, which make blocks of 2 MiB only, but write to an
# image of any; so the headers are changed before anything is written.
set -eu
. "$(dirname "$0")/lib.sh"
cd "${1:-$(dirname "$0")}"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

pattern > "$tmp/raw"

# seal FILE OFFSET LENGTH SUM: makes the checksum at OFFSET + SUM right
seal()
{
	put "$1" $(($2 + $4)) 00000000
	put "$1" $(($2 + $4)) $(od -An -v -tu1 -j $2 -N $3 "$1" | awk '
		{ for (i = 1; i <= NF; i++) sum += $i }
		END { printf "%08x", 4294967295 - sum }')
}

size_of()
{
	stat -c %s "$1"
}

# Both copies of the footer, and the dynamic header, after a change of the
# copy in front.
seal_all()
{
	seal "$1" 0 512 64
	dd if="$1" of="$1" bs=512 count=1 conv=notrunc status=none \
		seek=$(($(size_of "$1") / 512 - 1))
	seal "$1" 512 1024 36
}

# empty FILE SIZE BLOCKS: a dynamic disk of blocks of 4096 bytes, whose id and
# time are the same each time
empty()
{
	qemu-img create -q -f vpc -o force_size=on "$1" $2
	put "$1" 24 00000000
	put "$1" 68 00112233445566778899aabbccddeeff
	put "$1" 540 $(printf %08x $3)
	put "$1" 544 00001000
	seal_all "$1"
}

# ---- VHD that reads ---------------------------------------------------------

empty good-dynamic.vhd 98816 25
for part in 0,20480 32768,8192 98304,512; do
	dd if="$tmp/raw" of="$tmp/part" bs=512 skip=$((${part%,*} / 512)) \
		count=$((${part#*,} / 512)) status=none
	qemu-io -f vpc -c "write -s $tmp/part ${part%,*} ${part#*,}" \
		good-dynamic.vhd > /dev/null
done

# Block 10 (zeros until now) with letters, and no sector of it counts.
cp good-dynamic.vhd good-bitmap.vhd
qemu-io -f vpc -c 'write -P 65 40960 4096' good-bitmap.vhd > /dev/null
block=$((0x$(od -An -tx1 -j $((1536 + 40)) -N 4 good-bitmap.vhd | tr -d ' ')))
put good-bitmap.vhd $((block * 512)) 00

cp good-dynamic.vhd good-front-copy.vhd
put good-front-copy.vhd $(($(size_of good-front-copy.vhd) - 400)) ff
cp good-dynamic.vhd good-cut-footer.vhd
truncate -s -512 good-cut-footer.vhd

# The footer of a fixed disk, from the copy in front of a dynamic one.
fixed()		# NAME
{
	cp "$tmp/raw" "$1"
	empty "$tmp/dynamic" 98816 25
	put "$tmp/dynamic" 16 ffffffffffffffff
	put "$tmp/dynamic" 60 00000002
	seal "$tmp/dynamic" 0 512 64
	head -c 512 "$tmp/dynamic" >> "$1"
}
fixed good-fixed.vhd
cp good-fixed.vhd good-old-footer.vhd
truncate -s -1 good-old-footer.vhd

# Virtual PC: the geometry counts, 12 * 4 * 4 sectors.
fixed good-geometry.vhd
put good-geometry.vhd $((98816 + 28)) 76706320
put good-geometry.vhd $((98816 + 56)) 000c0404
seal good-geometry.vhd 98816 512 64

# ---- VHD that is refused ----------------------------------------------------

small()		# NAME
{
	empty "$1" 64k 16
	qemu-io -f vpc -c 'write -P 5 0 4096' "$1" > /dev/null
}

# changed NAME OFFSET HEX: of the footer's copy or the dynamic header
changed()
{
	small "$1"
	put "$1" $2 $3
	seal_all "$1"
}

changed unsupported-type.vhd 60 00000005
changed unsupported-version.vhd 12 00020000
changed unsupported-header-version.vhd 536 00020000
changed unsupported-size.vhd 48 0000020000000000
changed unsupported-parent.vhd 60 00000004
put unsupported-parent.vhd 576 0070006100720065006e0074002e007600680064
seal_all unsupported-parent.vhd

# ---- VHD that is damaged ----------------------------------------------------

changed bad-header-far.vhd 16 0000000001000000
changed bad-header-cookie.vhd 512 00
small bad-header-sum.vhd
put bad-header-sum.vhd 700 01
changed bad-block-odd.vhd 544 00001001
changed bad-block-none.vhd 544 00000000
changed bad-table-short.vhd 540 0000000f
changed bad-table-past-end.vhd 528 0000000001000000
changed bad-table-in-front.vhd 528 0000000000000004
changed bad-table-huge.vhd 540 ffffffff
small bad-block-past-end.vhd
put bad-block-past-end.vhd 1536 00008000
small bad-block-in-header.vhd
put bad-block-in-header.vhd 1536 00000002
small bad-footers.vhd
put bad-footers.vhd 100 01
put bad-footers.vhd $(($(size_of bad-footers.vhd) - 412)) 01
small bad-truncated.vhd
truncate -s -2048 bad-truncated.vhd
fixed bad-fixed-short.vhd
put bad-fixed-short.vhd $((98816 + 48)) 0000000000018400
seal bad-fixed-short.vhd 98816 512 64
