# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# Physical volumes in partitions, in logical volumes and on software RAID.
# Results are named by the way to them.
# disks: 7 x 12M

phase1()
{
	modprobe -a raid1 ext4
	logical
	in_gpt
	at=3
	for v in 0.90 1.0 1.1 1.2; do
		on_md $v $at
		at=$((at + 1))
	done
	vgchange -an
}

# volume GROUP DEVICE EXTENTS
volume()
{
	pvcreate --dataalignment 64k --metadatasize 192k "$2"
	vgcreate -s 64k "$1" "$2"
	lvcreate -y -n vol -l "$3" "$1"
	fill "/dev/$1/vol" "$1"
}

logical()
{
	printf '%s\n' 'label: dos' '64,2048,83' '4096,16384,5' \
		'4160,4096,8e' '10240,8192,8e' | sfdisk -q /dev/sda
	sleep 1
	volume first /dev/sda5 16
	result pv0.img@p5@first/vol /dev/first/vol
	volume second /dev/sda6 32
	result pv0.img@p6@second/vol /dev/second/vol
}

# A group, whose volume is a disk with partitions, one of which is a group,
# whose volume holds a filesystem.
in_gpt()
{
	printf '%s\n' 'label: gpt' \
		'2048,20480,E6D6D379-F507-44C2-A23C-238F2A3DF928' | sfdisk -q /dev/sdb
	sleep 1
	volume outer /dev/sdb1 128
	printf 'label: dos\n64,1024,83\n2048,14336,8e\n' |
		sfdisk -q /dev/outer/vol
	losetup -o 1048576 /dev/loop0 /dev/outer/vol
	volume inner /dev/loop0 96
	/sbin/mke2fs -q -F -t ext2 -b 1024 /dev/inner/vol
	mkdir -p /mnt
	mount -t ext2 /dev/inner/vol /mnt
	lines file 1 20 > /mnt/file
	umount /mnt
	result pv1.img@p1@outer/vol@p2@inner/vol /dev/inner/vol
	vgchange -an inner
	losetup -d /dev/loop0
	result pv1.img@p1@outer/vol /dev/outer/vol
}

# on_md VERSION DISK: raid1 with a leg that is missing from the start.
on_md()
{
	disk=$(echo abcdefg | cut -c "$2")
	mdadm --create "/dev/md$2" --run --metadata="$1" --level=1 \
		--raid-devices=2 "/dev/sd$disk" missing
	n=$(echo "$1" | tr -d .)
	volume "on$n" "/dev/md$2" 16
	result "pv$(($2 - 1)).img@on$n/vol" "/dev/on$n/vol"
	vgchange -an "on$n"
	mdadm --stop "/dev/md$2"
}
