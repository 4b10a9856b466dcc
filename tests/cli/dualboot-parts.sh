#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A guest on one of several MBR partitions: of the others the used blocks are
# copied, on either side of it.
set -eu
. "$(dirname "$0")/../lib-recover.sh"
. "$(dirname "$0")/small.sh"
need mke2fs e2fsck debugfs sfdisk mkswap qemu-img

cd "$work"
user_dir out
mib=1048576
deleted='deleted-means-deleted'
go="unprivileged $DISKWRIGHT dualboot --allow-unbootable --replace-loader"

mkdir data
head -c 2M /dev/urandom > data/kept
yes "$deleted" 2> /dev/null | head -c 1M > data/removed || :
mke2fs -q -t ext4 -d data data.img 12M > mke2fs.out 2>&1
debugfs -w -R 'rm removed' data.img > debugfs.out 2>&1
yes "$deleted" 2> /dev/null | head -c 4M > swap.img || :
mkswap -q swap.img > /dev/null 2>&1
small_guest guest.img 32

head -c 80M /dev/urandom > disk.img
sfdisk -q disk.img > sfdisk.out 2>&1 <<- END
	label: dos
	start=1MiB, size=12MiB, type=83
	start=14MiB, size=32MiB, type=83
	start=50MiB, size=4MiB, type=82
	start=60MiB, size=13MiB, type=83
END
put()		# OFFSET: what comes in, to there
{
	dd of=disk.img bs=64K oflag=seek_bytes seek=$(($1 * mib)) \
		conv=notrunc status=none
}
put 1 < data.img
put 14 < guest.img
put 50 < swap.img
put 60 < data.img

data_arrives()	# OFFSET
{
	dd if=out/x.raw of=part bs=1M skip="$1" count=12 status=none
	clean part
	tree data.img > a.tree
	tree part > b.tree
	diff a.tree b.tree
}

check 'the source holds deleted data' grep -qaF "$deleted" disk.img
check 'it is converted' $go disk.img out/x.raw
check 'the filesystem before the root arrives' data_arrives 1
check 'the one behind it, too' data_arrives 60
check 'deleted data stays behind' sh -c "[ -s out/x.raw ] &&
	! grep -qaF '$deleted' out/x.raw"
check 'swap keeps its header' cmp -n 4096 -i $((50 * mib)):0 out/x.raw swap.img
for gap in 13:1 46:4 54:6 72:8; do
	check "the gap at ${gap%:*} MiB arrives" cmp -i $((${gap%:*} * mib)) \
		-n $((${gap#*:} * mib)) out/x.raw disk.img
done
check 'in qcow2' $go disk.img out/x.qcow2
check 'it is the same' qemu-img compare -q out/x.raw out/x.qcow2

debugfs -w -R 'ssv state 3' data.img > debugfs.out 2>&1
put 60 < data.img
rm -f out/*
check 'one that is marked bad: converted' sh -c "$(declare -f unprivileged)
	$go disk.img out/x.raw > log"
check 'is told' sh -c "tr -s ' \n' ' ' < log |
	grep -q 'p4 copied in full, as it is: .*marked as having errors'"
check 'is copied as it is' cmp -i $((60 * mib)) -n $((20 * mib)) out/x.raw \
	disk.img

# The guest's memory, which it must not go on from.
truncate -s 64K swapfile
printf S1SUSPEND | dd of=swapfile bs=1 seek=4086 conv=notrunc status=none
debugfs -w -R 'write swapfile swapfile' guest.img > debugfs.out 2>&1
put 14 < guest.img
rm -f out/*
check 'a suspended system: converted' sh -c "$(declare -f unprivileged)
	$go disk.img out/x.raw > log"
check 'it is told of, too' sh -c "tr -s ' \n' ' ' < log |
	grep -q 'the file /swapfile holds the memory of a suspended system'"
finish
