#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Initrds of RHEL 4 and 5 and Fedora 10 that know Xen's disk alone: what
# "initrd --for kvm" adds brings them to the root on KVM.  Their scripts are
# run by a nash of our own (tests/helpers/nash.c).
set -eu
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/qemu.sh"
. "$top/tests/guests/initrds/lib.sh"
. "$top/tests/guests/initrds/nash.sh"
. "$(dirname "$0")/initrd.sh"
need qemu-system-x86_64 busybox cpio debugfs mke2fs e2fsck depmod

img=$work/img
lost="$lost|exec.*init|mkrootdev UUID"
take_kernel

# shape SCRIPT BUS... -- ARGUMENT...: before and after.
shape()
{
	local script=$1 buses=()

	shift
	while [ "$1" != -- ]; do
		buses+=("$1")
		shift
	done
	shift
	nash_guest "$script" "$img"
	check "$script: no root without virtio" \
		not reaches_root "$img" virtio-blk vda "$@"
	check "$script: initrd --for kvm" "$DISKWRIGHT" initrd "$img" --for kvm
	check "$script: e2fsck" e2fsck -fn "$img"
	for bus in "${buses[@]}"; do
		check "$script: the root on $bus" reaches_root "$img" "$bus" \
			"$([ "$bus" = virtio-blk ] && echo vda || echo sda)" \
			"$@"
	done
	from_image "$img" "/boot/initrd-$shape_version.img" "$work/once"
	check "$script: a second time" "$DISKWRIGHT" initrd "$img" --for kvm
	from_image "$img" "/boot/initrd-$shape_version.img" "$work/twice"
	check "$script: changes nothing" cmp "$work/once" "$work/twice"
}

shape rhel-4-xen virtio-blk -- "root=UUID=$shape_uuid"
shape rhel-5.2-xen virtio-blk virtio-scsi --
shape fedora-10 virtio-blk virtio-scsi -- "root=LABEL=shape"

from_image "$img" /etc/modprobe.conf "$work/modprobe.conf"
for line in 'eth0 xennet' 'eth0 virtio_net' 'scsi_hostadapter xenblk' \
		'scsi_hostadapter[1-9] virtio_pci' \
		'scsi_hostadapter[1-9] virtio_blk'; do
	check "modprobe.conf: alias $line" \
		grep -x "alias $line" "$work/modprobe.conf"
done
finish
