#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The loader starts a kernel from every layout of an ext filesystem: type,
# block size, features, and the ways a file or directory can be stored.
set -eu
. "$(dirname "$0")/../lib.sh"
need qemu-system-x86_64 mke2fs debugfs sfdisk e2fsck
. "$(dirname "$0")/lab.sh"

# Whatever was made: on a partition, then the same without one.
both_ways()
{
	"$LAB" install fs.img $start_lba
	e2fsck -fn fs.img
	make_disk
	start disk.img
	expect_tree "$@"
	"$LAB" install fs.img whole
	e2fsck -fn fs.img
	start fs.img
	expect_tree "$@"
}

ext2_1k()	{ make_tree; make_fs 16M -t ext2 -b 1024; both_ways; }
ext2_4k()	{ make_tree; make_fs 16M -t ext2 -b 4096; both_ways; }
ext3_1k()
{
	make_tree
	make_fs 16M -t ext3 -b 1024 -I 128
	both_ways
}
ext4_1k()	{ make_tree; make_fs 16M -t ext4 -b 1024; both_ways; }
ext4_2k()	{ make_tree k20f; make_fs 16M -t ext4 -b 2048; both_ways k20f; }
ext4_4k()	{ make_tree k20f; make_fs 32M -t ext4 -b 4096; both_ways k20f; }
ext4_16k()	{ make_tree; make_fs 64M -t ext4 -b 16384; both_ways; }
ext4_64k()	{ make_tree; make_fs 256M -t ext4 -b 65536; both_ways; }
ext2_64k()	{ make_tree; make_fs 256M -t ext2 -b 65536; both_ways; }
no_64bit()	{ make_tree; make_fs 16M -t ext4 -O ^64bit; both_ways; }
bigalloc()
{
	make_tree
	make_fs 64M -t ext4 -O bigalloc -C 65536
	both_ways
}
bigalloc_1k()
{
	make_tree
	make_fs 64M -t ext4 -b 1024 -O bigalloc -C 16384
	both_ways
}
meta_bg()
{
	make_tree
	make_fs 64M -t ext4 -O meta_bg,^resize_inode
	both_ways
}
# 256 groups, 16 descriptors a block: the kernel's inode far from group 0.
meta_bg_256_groups()
{
	make_tree
	rm tree/boot/vmlinuz
	make_fs 64M -t ext4 -b 1024 -g 256 -N 8192 -O meta_bg,^resize_inode
	"$LAB" install fs.img whole
	(
		echo "cd /boot"
		seq 1 7000 | sed 's/.*/mknod n& p/'
		echo "write $work/k204 vmlinuz"
	) | debugfs -w -f - fs.img > /dev/null 2>&1
	[ "$(debugfs -R 'stat /boot/vmlinuz' fs.img 2>&1 |
		sed -n 's/^Inode: \([0-9]*\).*/\1/p')" -gt 6000 ]
	both_ways
}
sparse_super2()
{
	make_tree
	make_fs 64M -t ext4 -O sparse_super2,^resize_inode
	both_ways
}
inline_config()
{
	make_tree
	make_fs 32M -t ext4 -I 1024 -O inline_data
	debugfs -R 'stat /boot/syslinux/syslinux.cfg' fs.img 2>&1 |
		grep -q 'Flags: 0x1.*000'
	both_ways
}
inline_directory()
{
	make_tree
	mkdir tree/small
	mv tree/boot/vmlinuz tree/small/kernel
	ln -s ../small/kernel tree/boot/vmlinuz
	make_fs 32M -t ext4 -I 256 -O inline_data
	debugfs -R 'stat /small' fs.img 2>&1 | grep -q 'Size of inline data'
	both_ways
}
holes()
{
	make_tree
	cp --sparse=always "$work/k204" tree/boot/vmlinuz
	make_fs 16M -t ext4 -b 4096
	[ "$(debugfs -R 'stat /boot/vmlinuz' fs.img 2>&1 |
		sed -n 's/.*Blockcount: \([0-9]*\).*/\1/p')" -lt 800 ]
	both_ways
}
holes_indirect()
{
	make_tree
	cp --sparse=always "$work/k204" tree/boot/vmlinuz
	make_fs 16M -t ext2 -b 1024
	both_ways
}
# Each second block a hole, so that no two extents can be joined.
extents_7000()
{
	make_tree
	(
		cat "$work/k204"
		seq 1 2000000 | head -c 14M
	) > tree/boot/initrd.img
	make_fs 48M -t ext4 -b 1024
	seq 1 2 14100 | sed 's|.*|punch /boot/initrd.img & &|' |
		debugfs -w -f - fs.img > /dev/null 2>&1
	[ "$(debugfs -R 'ex /boot/initrd.img' fs.img 2>&1 | wc -l)" -gt 7000 ]
	debugfs -R 'dump /boot/initrd.img want' fs.img
	"$LAB" install fs.img whole
	start fs.img
	expect k204 want \
		"BOOT_IMAGE=/boot/vmlinuz root=/dev/vda1 ro initrd=/boot/initrd.img"
}
symlinks()
{
	make_tree
	mv tree/boot tree/real
	ln -s real tree/boot
	mv tree/real/vmlinuz tree/real/vmlinuz-6.1.0
	ln -s /boot/../vmlinuz.1 tree/real/vmlinuz
	ln -s "$(printf './%.0s' $(seq 1 60))/real/vmlinuz-6.1.0" tree/vmlinuz.1
	mv tree/real/initrd.img tree/real/initrd.1
	ln -s ../boot/initrd.1 tree/real/initrd.img
	make_fs 16M -t ext4
	both_ways
}
directory_6000()
{
	make_tree
	(cd tree/boot && seq -f 'a-name-of-some-length-in-a-large-directory-%g' \
		1 6000 | xargs touch)
	make_fs 64M -t ext4 -N 8000
	both_ways
	e2fsck -fyD fs.img || [ $? = 1 ]
	start fs.img
	expect_tree
}
# Too large for a partition table of the MBR.
large()
{
	make_tree
	make_fs 3T -t ext4 -E lazy_itable_init=1,lazy_journal_init=1 -N 100000
	"$LAB" install fs.img whole
	start fs.img
	expect_tree
}

for c in ${CASES:-large ext2_1k ext2_4k ext3_1k ext4_1k ext4_2k ext4_4k ext4_16k \
	ext4_64k ext2_64k no_64bit bigalloc bigalloc_1k meta_bg \
	meta_bg_256_groups sparse_super2 inline_config inline_directory holes \
	holes_indirect extents_7000 symlinks directory_6000}; do
	case_run "$c"
done
cases_done
finish
