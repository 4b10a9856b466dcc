#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The loader still starts after the filesystem was changed by other tools, and
# where it cannot, that is seen and mended.
set -eu
. "$(dirname "$0")/../lib.sh"
need qemu-system-x86_64 mke2fs debugfs sfdisk e2fsck resize2fs tune2fs
. "$(dirname "$0")/lab.sh"

# Makes and installs; the changes follow.
prepare()
{
	make_tree
	make_fs "$@"
	"$LAB" install fs.img whole
}

repair()
{
	e2fsck -fy "$@" fs.img || [ $? = 1 ]
}

still_starts()
{
	"$LAB" inspect fs.img whole | grep ' good$'
	start fs.img
	expect_tree
}

resize_grow()
{
	prepare 32M -t ext4
	truncate -s 600M fs.img
	resize2fs fs.img
	still_starts
}
resize_grow_1k()
{
	prepare 16M -t ext3 -b 1024
	truncate -s 300M fs.img
	resize2fs fs.img
	still_starts
}
resize_shrink()
{
	prepare 600M -t ext4
	repair
	resize2fs -M fs.img
	still_starts
}
resize_shrink_ext2()
{
	prepare 300M -t ext2 -b 1024
	repair
	resize2fs -M fs.img
	still_starts
}
to_64bit()
{
	prepare 32M -t ext4 -O ^64bit,^metadata_csum
	tune2fs -O 64bit fs.img		# may only say which tool does it
	resize2fs -b fs.img
	dumpe2fs -h fs.img 2>&1 | grep '^Filesystem features.* 64bit'
	still_starts
	repair
	resize2fs -s fs.img
	still_starts
}
inodes_to_256()
{
	prepare 32M -t ext4 -I 128 -O ^flex_bg,^metadata_csum
	tune2fs -I 256 fs.img
	dumpe2fs -h fs.img 2>&1 | grep '^Inode size:.*256'
	still_starts
}
e2fsck_directories()	{ prepare 32M -t ext4; repair -D; still_starts; }
ext2_to_ext4()
{
	prepare 32M -t ext2
	tune2fs -j fs.img
	tune2fs -O extents,uninit_bg,dir_index fs.img
	repair
	still_starts
	repair -E bmap2extent
	still_starts
}
new_uuid_and_checksums()
{
	prepare 32M -t ext4 -O ^metadata_csum
	tune2fs -O metadata_csum fs.img
	tune2fs -U random fs.img
	still_starts
}
# Stage 2 scattered over the disk, by a file that leaves every other block.
fragmented()
{
	make_tree
	make_fs 16M -t ext4 -b 1024
	head -c 9M /dev/urandom > filler
	(
		echo "write filler filler"
		seq 1 2 9000 | sed 's|.*|punch /filler & &|'
	) | debugfs -w -f - fs.img > /dev/null 2>&1
	dd if=/dev/urandom of=rest bs=1M count=4 status=none
	echo "write rest rest" | debugfs -w -f - fs.img
	"$LAB" install fs.img whole
	debugfs -R 'ex /boot/syslinux/diskwright.sys' fs.img
	still_starts
}

# What the BIOS shows and inspect says, then the same after the repair.
mended()
{
	"$LAB" inspect fs.img whole | grep "STALE: .*$1"
	if start fs.img; then
		return 1
	fi
	grep 'Boot: ' serial.log
	"$LAB" repair fs.img whole | grep ' good$'
	still_starts
}
stage2_overwritten()
{
	prepare 32M -t ext4
	blk=$(debugfs -R 'bmap /boot/syslinux/diskwright.sys 1' fs.img)
	printf x | dd of=fs.img bs=1 seek=$((blk * 1024 + 77)) conv=notrunc
	mended checksum
}
stage2_deleted()
{
	prepare 32M -t ext4
	debugfs -w -R 'rm /boot/syslinux/diskwright.sys' fs.img
	repair
	"$LAB" inspect fs.img whole | grep 'STALE: .*no longer inode'
	"$LAB" repair fs.img whole | grep ' good$'
	still_starts
}
stage2_replaced()
{
	prepare 32M -t ext4
	echo 'sif boot/syslinux/diskwright.sys size 4711' |
		debugfs -w -f - fs.img
	mended 'impossible length'
}
second_sector_lost()
{
	prepare 32M -t ext4
	dd if=/dev/zero of=fs.img bs=512 seek=1 count=1 conv=notrunc
	mended 'second sector'
}
# The first 446 bytes of another loader, as "dd bs=446" puts them.
other_loader()
{
	prepare 32M -t ext4
	printf '\353\143\220GRUB \0 x' | dd of=fs.img conv=notrunc
	printf '\125\252' | dd of=fs.img bs=1 seek=510 conv=notrunc
	"$LAB" inspect fs.img whole | grep '^grub'
}
partition_record_on_whole_disk()
{
	prepare 32M -t ext4
	"$LAB" inspect fs.img 2048 | grep 'STALE: .*without partitions'
	"$LAB" repair fs.img 2048 | grep ' good$'
	make_disk
	start disk.img
	expect_tree
	"$LAB" inspect fs.img 4096 | grep 'STALE: .*sector 2048.*4096'
}

for c in ${CASES:-resize_grow resize_grow_1k resize_shrink resize_shrink_ext2 \
	to_64bit inodes_to_256 e2fsck_directories ext2_to_ext4 \
	new_uuid_and_checksums fragmented stage2_overwritten stage2_deleted \
	stage2_replaced second_sector_lost other_loader \
	partition_record_on_whole_disk}; do
	case_run "$c"
done
cases_done
finish
