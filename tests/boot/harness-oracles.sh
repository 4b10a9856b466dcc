#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The foreign judges of prove.sh agree with an image that is put together by
# hand, and find what is wrong with it when something is.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/qemu.sh"
. "$(dirname "$0")/prove.sh"
need_for_proof

src=$("$top/tests/guests/make.sh" cut-list)
fix_source "$src" "$work/fixed"
raw=$work/raw
dd if="$work/fixed" of="$raw" bs=1M seek=1 conv=sparse 2> /dev/null
echo 'start=2048, type=83, bootable' |
	sfdisk -q "$raw" --no-reread --no-tell-kernel
: > "$work/report"

same_tree()
{
	tree_is_kept "$work/fixed" "$raw" "$part_off" "$work/report"
}
change()
{
	debugfs -w -R "$1" "$raw?offset=$part_off" > /dev/null 2>&1
}
fails()
{
	! "$@"
}

check 'the source was really cut off' fails fs_is_clean "$src" 0
check 'e2fsck is content' fs_is_clean "$raw" "$part_off"
check 'the tree is the same' same_tree
check 'PyGrub gives kernel and initrd' pygrub_gives "$raw" "$work/fixed"

change 'sif /etc/hostname mtime 20200101'
check 'a changed time is seen' fails same_tree
echo '/etc/hostname changed' > "$work/report"
check 'unless it is reported' same_tree
change 'ea_set /srv/odd/holes user.note lost'
check 'a changed attribute is seen' fails same_tree
change 'ea_set /srv/odd/holes user.note kept'
change 'unlink /srv/odd/one'
check 'a lost link is seen' fails same_tree
check 'e2fsck sees a wrong count' fails fs_is_clean "$raw" "$part_off"

change 'rm /boot/grub/menu.lst'
check 'PyGrub without a configuration' fails pygrub_gives "$raw" "$work/fixed"
finish
