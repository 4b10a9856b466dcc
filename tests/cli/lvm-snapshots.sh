#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is in use of the stores of snapshots is what Linux says of them.  That
# they read right is the matter of lvm-fixtures.sh.
set -u

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/lib.sh
. tests/lib.sh
need jq tar xz

tar -xf tests/images/lvm/snap.tar.xz -C "$work"
"$DISKWRIGHT" volumes --json --pv "$work/pv1.img" "$work/pv0.img" \
	> "$work/json"

used_is()	# LV BYTES
{
	local used

	used=$(jq ".. | objects | select(.name == \"$1\" and has(\"used\")) | .used" \
		"$work/json")
	echo "$1: $used bytes, not $2"
	[ "$used" = "$2" ]
}

# 'dmsetup status' of Linux 6.1 on these very disks: sectors in use.  It calls
# "full" Invalid, which lvs shows as 100 %.
while read -r lv sectors; do
	check "used of $lv" used_is "$lv" $((sectors * 512))
done <<- END
	before 56
	c16 512
	c64 896
	c512 3072
	first 552
	second 544
	sparse 120
	full 128
END

finish
