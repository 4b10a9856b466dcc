#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Another kernel in a converted guest that has GRUB 2's tools make a grub.cfg.
set -eu
. "$(dirname "$0")/upgrade.sh"

prove_upgrade ext4-none grub2-common update-grub
finish
