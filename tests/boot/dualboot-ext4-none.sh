#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# ext4 without any boot configuration.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/qemu.sh"
. "$(dirname "$0")/prove.sh"
need_for_proof

prove ext4-none qcow2 virtio-blk
finish
