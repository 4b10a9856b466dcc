#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every damaged and good ext image of e2fsprogs' own tests is opened, listed,
# read and changed (in memory) without a crash, and within its time.
set -eu
. "$(dirname "$0")/../lib.sh"

need zcat bzcat timeout
images=${CORPUS:-}/e2fsprogs/tests
[ -d "$images" ] || {
	echo "skip fs: no folder $images"
	exit 77
}

one()
{
	local name=$1 mode

	for mode in read write; do
		check "$name $mode" timeout 60 \
			"$BUILD/tests/unit/fstool" "$work/image" "$mode"
	done
	rm -f "$work/image"
}

for dir in "$images"/*/; do
	name=$(basename "$dir")
	if [ -f "$dir/image.gz" ]; then
		zcat "$dir/image.gz" > "$work/image"
	elif [ -f "$dir/image.bz2" ]; then
		bzcat "$dir/image.bz2" > "$work/image"
	else
		continue
	fi
	one "$name"
done

# A sound image of each kind gives what debugfs gives.
if [ -f "$images/../../dfvfs/ext2.raw.gz" ]; then
	zcat "$images/../../dfvfs/ext2.raw.gz" > "$work/image"
	check "dfvfs ext2 is read whole" sh -c \
		"'$BUILD/tests/unit/fstool' '$work/image' | grep -q 'errors 0'"
fi
finish
