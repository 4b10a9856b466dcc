#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --in-place: the guest's own file gets 1 MiB in front and boots.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/qemu.sh"
. "$(dirname "$0")/prove.sh"
need_for_proof

src=$("$top/tests/guests/make.sh" ext3-menulst)
user_dir "$work/out"
raw=$work/out/guest.img
cp --sparse=always "$src" "$raw"
[ "$(id -u)" != 0 ] || chown 65534:65534 "$raw"
fix_source "$src" "$work/fixed"

truncate -s 4M "$work/probe"
fallocate --insert-range -l 1M "$work/probe" 2> /dev/null || {
	echo "skip in place: the filesystem of $work cannot insert a range"
	exit 77
}
blocks=$(stat -c %b "$raw")
check 'in place, without privileges' unprivileged timeout 120 \
	"$DISKWRIGHT" dualboot --in-place "$raw"
cp "$work/check.out" "$work/report"
check 'nothing but the image stays' \
	[ "$(ls -A "$work/out")" = guest.img ]
check 'nothing was copied' \
	[ "$(stat -c %b "$raw")" -lt $((blocks + 4096)) ]
check 'sfdisk -V' sfdisk -V "$raw"
check 'e2fsck finds nothing to mend' fs_is_clean "$raw" "$part_off"
check 'every other file is kept' \
	tree_is_kept "$work/fixed" "$raw" "$part_off" "$work/report"
check 'PyGrub' pygrub_gives "$raw" "$work/fixed"
check 'boots on virtio-blk' guest_comes_up "$raw" raw virtio-blk
finish
