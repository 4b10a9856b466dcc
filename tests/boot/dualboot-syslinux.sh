#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The genuine syslinux in place of our own loader: guests boot by it, and its
# own installer takes what it finds for its own.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/qemu.sh"
. "$(dirname "$0")/prove.sh"
need_for_proof
need extlinux

# updated IMAGE: 'extlinux --update' on the mounted partition, as its user
# would run it in the guest.
updated()
{
	local loop rc=0

	loop=$(losetup -f --show -o "$part_off" "$1") || return 1
	mkdir -p "$work/mnt"
	mount "$loop" "$work/mnt" || rc=1
	if [ $rc = 0 ]; then
		extlinux --update "$work/mnt/boot/syslinux" || rc=1
		umount "$work/mnt"
	fi
	losetup -d "$loop"
	return $rc
}

options=(--loader=syslinux)
prove ext4-menulst raw virtio-blk
image=$work/out/dual.raw
check 'check names it' sh -c "'$DISKWRIGHT' check '$image' |
	grep -E '^ *loader +syslinux [456]\.[0-9]+'"
if [ "$(id -u)" = 0 ] && losetup -f > /dev/null 2>&1; then
	check 'extlinux --update accepts it' updated "$image"
	check 'it boots as before, says check' "$DISKWRIGHT" check "$image"
	check 'it boots after the update' \
		guest_comes_up "$image" raw virtio-blk
else
	skip 'extlinux --update (a loop device needs root)'
fi
rm -f "$work/out"/*
prove ext3-menulst qcow2 virtio-blk
finish
