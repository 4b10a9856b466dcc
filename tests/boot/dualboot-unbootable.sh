#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A guest that would not boot under KVM is refused by name, before anything
# is written.
set -eu
. "$(dirname "$0")/../lib.sh"
need debugfs mke2fs mmdebstrap cpio

src=$("$top/tests/guests/make.sh" ext4-menulst)
cp --sparse=always "$src" "$work/img"
user_dir "$work/out"
initrd=$(names_in "$src" /boot | grep '^initrd.img-')
(cd "$work" && mkdir etc && echo etc | cpio --quiet -o -H newc > initrd)
put_file "$work/img" "$work/initrd" "/boot/$initrd"

rc=0
unprivileged "$DISKWRIGHT" dualboot --keep-initrd "$work/img" "$work/out/x.img" \
	> "$work/report" 2>&1 || rc=$?
check 'exit status 5' [ "$rc" = 5 ]
check 'it names virtio_blk' grep virtio_blk "$work/report"
check 'nothing is written' [ -z "$(ls -A "$work/out")" ]
check 'unless that is allowed' unprivileged "$DISKWRIGHT" dualboot \
	--keep-initrd --allow-unbootable "$work/img" "$work/out/x.img"
rc=0
"$DISKWRIGHT" check "$work/out/x.img" > "$work/report" 2>&1 || rc=$?
check 'diskwright check says it too' [ "$rc" = 5 ]
check 'and names virtio_blk' grep virtio_blk "$work/report"
finish
