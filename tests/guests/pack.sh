#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Unpacks a release, dresses it as a guest and makes a filesystem of it.
#
#   tests/guests/pack.sh TAR WORK INIT BOOT FSTYPE UUID INITRD [MKE2FS OPTIONS...]
#
# The image is WORK/img.  Runs as root or under fakeroot.
set -eu

here=$(dirname "$(readlink -f "$0")")
tar=$1 work=$2 init=$3 boot=$4 fstype=$5 uuid=$6 initrd=$7
shift 7

mkdir -m 755 "$work/root"
tar -xpf "$tar" -C "$work/root" --exclude='./dev/*'
"$here/dress.sh" "$work/root" "$init" "$boot" "$fstype" "$uuid" \
	"$initrd"
mke2fs -q -t "$fstype" -U "$uuid" -E "hash_seed=$uuid,root_owner=0:0" "$@" \
	-d "$work/root" "$work/img" 768M

# One attribute that fits into an inode, others that take a block each.
{
	echo "ea_set /srv/odd/holes user.note kept"
	for i in 1 2 3 4 5 6 7 8; do
		echo "ea_set /srv/scribble/kept.$i user.long $(printf '%0300d' $i)"
	done
} | debugfs -w -f - "$work/img" > "$work/debugfs" 2>&1
! grep -i 'ea_set:' "$work/debugfs"
