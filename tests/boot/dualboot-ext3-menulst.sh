#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# ext3 with 1 KiB blocks and 128-byte inodes, sysvinit, menu.lst.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/qemu.sh"
. "$(dirname "$0")/prove.sh"
need_for_proof

prove ext3-menulst raw virtio-blk
finish
