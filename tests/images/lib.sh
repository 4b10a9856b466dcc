# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# What the scripts that make fixtures share.

# The disk that the good images hold, 98816 bytes: numbers, a hole, letters, a
# hole, a last sector of numbers.
pattern()
{
	seq 1 10000 | head -c 20000
	head -c 12768 /dev/zero
	yes abcdefg | head -c 8192
	head -c 57344 /dev/zero
	seq 20000 30000 | head -c 512
}

# put FILE OFFSET HEX: overwrites bytes; needs $tmp
put()
{
	for byte in $(echo "$3" | sed 's/../0x& /g'); do
		printf "\\$(printf %03o "$byte")"
	done > "$tmp/bytes"
	dd if="$tmp/bytes" of="$1" bs=1 seek=$(($2)) conv=notrunc status=none
}
