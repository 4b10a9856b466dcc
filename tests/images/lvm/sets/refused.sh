# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# What is not read: a volume behind a writecache, and raid1 on integrity.
# disks: 2 x 24M

phase1()
{
	modprobe -a raid1 dm-raid dm-writecache dm-integrity
	pvcreate --dataalignment 64k --metadatasize 192k /dev/sd[ab]
	vgcreate -s 64k other /dev/sd[ab]
	lvcreate -y -n slow -l 16 other /dev/sda
	fill /dev/other/slow slow
	lvcreate -y -an -n fast -l 64 other /dev/sdb
	lvconvert -y --type writecache --cachevol other/fast other/slow
	fill /dev/other/slow later 100 100
	lvcreate -y --type raid1 -m 1 --raidintegrity y -n sure -l 64 other
	fill /dev/other/sure sure 0 300
	lvcreate -y -n plain -l 4 other
	fill /dev/other/plain plain
	results other
	vgchange -an other
}
