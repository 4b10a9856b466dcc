#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Cut off while it was written; orphans in the list of inodes.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/qemu.sh"
. "$(dirname "$0")/prove.sh"
need_for_proof

prove cut-list raw virtio-blk
finish
