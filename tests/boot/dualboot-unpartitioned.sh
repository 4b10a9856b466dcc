#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --layout=unpartitioned: the filesystem stays at sector 0 and boots there.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/qemu.sh"
. "$(dirname "$0")/prove.sh"
need_for_proof

src=$("$top/tests/guests/make.sh" ext4-menulst)
user_dir "$work/out"
raw=$work/out/flat.raw
fix_source "$src" "$work/fixed"
convert unpartitioned "$src" "$raw" --layout=unpartitioned
check 'it says which PyGrub it needs' grep -F '4.7' "$work/report"
check 'e2fsck finds nothing to mend' fs_is_clean "$raw" 0
check 'every other file is kept' \
	tree_is_kept "$work/fixed" "$raw" 0 "$work/report"
check 'PyGrub' pygrub_gives "$raw" "$work/fixed"
check 'diskwright check' "$DISKWRIGHT" check "$raw"
check 'boots on virtio-blk' guest_comes_up "$raw" raw virtio-blk
finish
