# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# Snapshots with persistent stores.  base has two, written at different times;
# chunks of 4 KiB to 512 KiB; one larger than its origin was; one that
# overflowed; one that waits for its merge, and one in the middle of it, which
# the power cut sees to.
# disks: 2 x 12M
# phases: 2
# keep: 1

phase1()
{
	pvcreate --dataalignment 64k --metadatasize 192k /dev/sd[ab]
	vgcreate -s 64k snaps /dev/sd[ab]
	two_of_one
	grown
	for c in 16 64 512; do
		origin "o$c" 16
		lvcreate -y -s -n "c$c" -c "${c}k" -l 32 "snaps/o$c"
		fill "/dev/snaps/o$c" later 100 300
		fill "/dev/snaps/c$c" within 350 200
	done
	origin small 8
	lvcreate -y -s -n full -c 4k -l 1 snaps/small
	fill /dev/snaps/small later || :
	lvcreate -y --type snapshot -V 4m -l 8 -n sparse snaps
	fill /dev/snaps/sparse sparse 3000 100
	merges
	cut_power
}

# On copies: the merges end, what is read stays the same.
phase2()
{
	echo 1 > /sys/module/dm_snapshot/parameters/snapshot_copy_throttle
	vgchange -ay snaps
	results snaps
	vgchange -an snaps
}

# origin NAME EXTENTS
origin()
{
	lvcreate -y -n "$1" -l "$2" snaps
	fill "/dev/snaps/$1" "$1"
}

two_of_one()
{
	origin base 16
	lvcreate -y -s -n first -c 4k -l 8 snaps/base
	fill /dev/snaps/base second 37 200
	lvcreate -y -s -n second -c 8k -l 12 snaps/base
	fill /dev/snaps/base third 150 400
	fill /dev/snaps/first own 5 30
	fill /dev/snaps/second own 1900 100
}

grown()
{
	origin grown 8
	lvcreate -y -s -n before -c 4k -l 8 snaps/grown
	fill /dev/snaps/grown later 10 10
	lvchange -an snaps/grown
	lvextend -l +4 snaps/grown
	lvchange -ay snaps/grown
	fill /dev/snaps/grown new 1024
	fill /dev/snaps/before end 1000 24
}

# A merge starts when its origin is activated again.  It goes by runs of
# neighbours, so there are none of them, and the copying is throttled to the
# utmost: its middle can be met.
merges()
{
	for n in waiting halfway; do
		origin "$n" 16
		lvcreate -y -s -n "s$n" -c 4k -l 20 "snaps/$n"
		fill "/dev/snaps/$n" later 1601 100
		backwards "/dev/snaps/s$n" 1600 16
		exec 3< "/dev/snaps/$n"
		lvconvert --merge "snaps/s$n"
		exec 3<&-
	done
	echo 1 > /sys/module/dm_snapshot/parameters/snapshot_copy_throttle
	lvchange -an snaps/halfway
	lvchange -ay --poll n snaps/halfway
	while :; do
		left=$(dmsetup status snaps-halfway |
			sed 's/.*merge \([0-9]*\)\/.*/\1/')
		[ "$left" -gt 900 ] || break
	done
}

# backwards DEVICE FIRST STEP: piece by piece, the last first.
backwards()
{
	at=$2
	while [ "$at" -gt 0 ]; do
		fill "$1" within "$at" 8
		at=$((at - $3))
	done
}
