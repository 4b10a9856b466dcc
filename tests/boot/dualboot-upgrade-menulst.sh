#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Another kernel in a converted guest whose menu.lst pv-grub-menu keeps.
set -eu
. "$(dirname "$0")/upgrade.sh"

prove_upgrade ext4-menulst pv-grub-menu :
finish
