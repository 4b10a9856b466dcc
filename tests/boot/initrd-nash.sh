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
take_kernel

# shape SCRIPT BUS... -- ARGUMENT...
shape()
{
	nash_guest "$1" "$img"
	prove_shape "$@"
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
