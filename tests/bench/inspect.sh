#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What takes milliseconds, and what must not depend on the size of the image.
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/sources.sh"
need mke2fs debugfs dumpe2fs

# What takes milliseconds is measured by the score.
twenty()
{
	local _

	for _ in {1..20}; do
		"$@"
	done
}

use_pair random
dualboot=("$DISKWRIGHT" dualboot --allow-unbootable)
for _ in $(seq "$RUNS"); do
	once 'inspect, 20 times' twenty "$DISKWRIGHT" inspect "$full"
	once 'dumpe2fs -h, 20 times' twenty dumpe2fs -h "$full"
done
ratio 'inspect, 20 times' 'dumpe2fs -h, 20 times' 2.00

make_files "$work/tree"
rm -r "$work/tree/var"
for size in 1G 100G; do
	mke2fs -q -t ext4 -E root_owner=0:0 -d "$work/tree" \
		"$work/$size.img" "$size"
done
for _ in $(seq "$RUNS"); do
	for size in 1G 100G; do
		cp --sparse=always "$work/$size.img" "$work/place.img"
		sync "$work/place.img"
		once "in place, $size" "${dualboot[@]}" --in-place \
			"$work/place.img"
	done
done
ratio 'in place, 100G' 'in place, 1G' 1.50
