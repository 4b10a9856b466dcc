# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# Every layout of raid that lvm has a name for, in step.
# disks: 6 x 8M

phase1()
{
	modprobe -a raid0 raid1 raid10 dm-raid
	pvcreate --dataalignment 64k --metadatasize 192k /dev/sd[a-f]
	vgcreate -s 64k raids /dev/sd[a-f]
	make raid0 -i 3 -I 4k
	make raid0_meta -i 4 -I 16k
	make raid1 -m 2
	make raid4 -i 3 -I 8k
	make raid5_la -i 2 -I 4k
	make raid5_ra -i 3 -I 16k
	make raid5_ls -i 4 -I 64k
	make raid5_rs -i 3 -I 4k
	make raid5_n -i 3 -I 32k
	make raid6_zr -i 3 -I 4k
	make raid6_nr -i 4 -I 16k
	make raid6_nc -i 3 -I 64k
	make raid6_ls_6 -i 3 -I 4k
	make raid6_rs_6 -i 3 -I 8k
	make raid6_la_6 -i 3 -I 16k
	make raid6_ra_6 -i 4 -I 4k
	make raid6_n_6 -i 3 -I 32k
	make raid10 -i 2 -m 1 -I 8k
	lvcreate -y --type raid10 -i 3 -m 1 -I 4k -n raid10_3 -l 12 raids
	results raids
	vgchange -an raids
}

make()
{
	type=$1
	shift
	lvcreate -y --type "$type" "$@" -n "$type" -l 12 raids
	wait_sync "raids/$type"
	fill "/dev/raids/$type" "$type"
}
