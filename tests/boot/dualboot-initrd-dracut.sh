#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An initrd of dracut without virtio drivers.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/qemu.sh"
. "$(dirname "$0")/prove.sh"
. "$(dirname "$0")/initrds.sh"
need_for_proof

prove_initrd dracut qcow2
finish
