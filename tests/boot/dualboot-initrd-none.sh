#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A guest without an initrd, whose kernel needs one: it gets one of our own.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/qemu.sh"
. "$(dirname "$0")/prove.sh"
need_for_proof

src=$("$top/tests/guests/make.sh" list-bookworm)
cp --sparse=always "$src" "$work/img"
chmod 644 "$work/img"
initrd=/boot/$(names_in "$src" /boot | grep '^initrd.img-')
debugfs -w -R "rm $initrd" "$work/img" 2> /dev/null
user_dir "$work/out"
rc=0
"$DISKWRIGHT" dualboot -n --keep-initrd "$work/img" "$work/none" \
	> "$work/refusal" 2>&1 || rc=$?
check 'without one it is refused' [ "$rc" = 5 ]
convert none "$work/img" "$work/out/dual.raw"
check 'the plan names it' grep "$initrd" "$work/report"
check 'e2fsck finds nothing to mend' fs_is_clean "$work/out/dual.raw" \
	"$part_off"
check 'PyGrub' pygrub_gives "$work/out/dual.raw" \
	"$work/out/dual.raw?offset=$part_off"
check 'boots on virtio-blk' \
	guest_comes_up "$work/out/dual.raw" raw virtio-blk
finish
