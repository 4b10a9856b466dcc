#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An initrd of SLES 11 that knows Xen's disk alone: "initrd --for kvm" brings it
# to the root on KVM.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/qemu.sh"
. "$top/tests/guests/initrds/lib.sh"
. "$top/tests/guests/initrds/suse.sh"
. "$(dirname "$0")/initrd.sh"
need qemu-system-x86_64 busybox cpio debugfs mke2fs e2fsck depmod

img=$work/img
take_kernel
suse_guest "$img"
prove_shape suse virtio-blk virtio-scsi -- "root=UUID=$shape_uuid"

from_image "$img" /etc/sysconfig/kernel "$work/kernel"
check "the next initrd will hold it" \
	grep -x 'INITRD_MODULES="virtio_.* processor"' "$work/kernel"
check "and those for Xen theirs" \
	grep -x 'DOMU_INITRD_MODULES="xennet xenblk"' "$work/kernel"
finish
