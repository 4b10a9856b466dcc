#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An initrd in the shape of mkinitcpio's that knows Xen's disk alone: "initrd
# --for kvm" brings it to the root on KVM.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/qemu.sh"
. "$top/tests/guests/initrds/lib.sh"
. "$top/tests/guests/initrds/mkinitcpio.sh"
. "$(dirname "$0")/initrd.sh"
need qemu-system-x86_64 busybox cpio debugfs mke2fs e2fsck depmod

img=$work/img
take_kernel
mkinitcpio_guest "$img"
prove_shape mkinitcpio virtio-blk virtio-scsi -- "root=UUID=$shape_uuid"

from_image "$img" /etc/mkinitcpio.conf "$work/conf"
check "the next initrd will hold it" \
	grep '^MODULES=(xen-blkfront .*virtio_blk' "$work/conf"
finish
