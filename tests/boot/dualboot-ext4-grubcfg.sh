#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# ext4 with only a grub.cfg, on all three kinds of disk.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/qemu.sh"
. "$(dirname "$0")/prove.sh"
need_for_proof

prove ext4-grubcfg raw virtio-blk virtio-scsi ahci
finish
