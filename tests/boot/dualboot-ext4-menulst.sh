#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# ext4 with default features, systemd, menu.lst.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/qemu.sh"
. "$(dirname "$0")/prove.sh"
need_for_proof

prove ext4-menulst qcow2 virtio-blk
finish
