# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# RAID in trouble.  The second disk fails and is written around: what it holds
# is stale, which only the superblocks of the others tell.  Legs that the
# power failure meets while they are rebuilt, and one set that has never been
# in step.
# disks: 5 x 12M

phase1()
{
	modprobe -a raid1 raid10 dm-raid
	pvcreate --dataalignment 64k --metadatasize 192k /dev/sd[a-e]
	vgcreate -s 64k ill /dev/sd[a-e]
	make raid1 raid1 -m 1 ill /dev/sda /dev/sdb
	make raid4 raid4 -i 2 -I 4k ill /dev/sd[abc]
	make raid5 raid5_ls -i 2 -I 16k ill /dev/sd[abc]
	make raid6 raid6_zr -i 3 -I 8k ill /dev/sd[a-e]
	make raid10 raid10 -i 2 -m 1 -I 4k ill /dev/sd[a-d]
	make adding raid1 -m 1 ill /dev/sd[ac]
	make moving raid5_ls -i 2 -I 4k ill /dev/sd[acd]
	echo 1 > /proc/sys/dev/raid/speed_limit_min
	echo 1 > /proc/sys/dev/raid/speed_limit_max
	lvconvert -y -m +1 ill/adding /dev/sde
	lvconvert -y --replace /dev/sdd ill/moving /dev/sde
	lvcreate -y --type raid5_ls -i 2 -I 4k -n unsynced -l 64 ill /dev/sd[acd]
	fill /dev/ill/unsynced unsynced
	echo offline > /sys/block/sdb/device/state
	for v in raid1 raid4 raid5 raid6 raid10; do
		fill "/dev/ill/$v" "$v rewritten" 64 800
	done
	results ill
	cut_power
}

# make NAME TYPE OPTIONS...
make()
{
	lv=$1
	shift
	lvcreate -y -n "$lv" -l 12 --type "$@"
	wait_sync "ill/$lv"
	fill "/dev/ill/$lv" "$lv"
}
