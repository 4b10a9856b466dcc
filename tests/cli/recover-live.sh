#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# As root, where loop mounts work: a kernel writes a filesystem, the image is
# copied under it, and our recovery of the copy gives the files that the
# kernel's own recovery gives.  Each run is another workload; SEED repeats one.
set -eu
. "$(dirname "$0")/../lib-recover.sh"
need e2fsck mke2fs mount losetup
cd "$work"

if [ "$(id -u)" != 0 ]; then
	skip "recover-live: only root can mount"
	finish
fi
truncate -s 4M probe.img
mke2fs -q -F probe.img
mkdir mnt
if ! mount -o loop probe.img mnt 2> /dev/null; then
	skip "recover-live: no loop mounts here"
	finish
fi
umount mnt
trap 'umount "$work/mnt" 2> /dev/null || :; cleanup' EXIT
SEED=${SEED:-$$}
echo "SEED=$SEED"
RANDOM=$SEED

# What a busy machine does; leaves files open that have no name any more.
churn()
{
	local i n fd

	for i in $(seq 150); do
		n=f$((RANDOM % 60))
		case $((RANDOM % 10)) in
		0|1)	head -c $((RANDOM * 8)) /dev/urandom > $n ;;
		2)	head -c $((RANDOM % 200)) /dev/urandom > $n ;;
		3)	[ ! -f $n ] || exec {fd}< $n
			rm -rf $n ;;
		4)	[ ! -f $n ] || truncate -s $((RANDOM * 2)) $n ;;
		5)	[ ! -e $n ] || mv -T $n g$i ;;
		6)	mkdir -p d$((RANDOM % 9)) && echo $i > d$((RANDOM % 9))/$n ||
			: ;;
		7)	ln -sf "$(printf '%0*d' $((1 + RANDOM % 90)) 7)" l$i ;;
		8)	[ ! -f $n ] || dd if=/dev/urandom of=$n bs=1000 \
				count=3 seek=$((RANDOM % 900)) conv=notrunc \
				status=none ;;
		9)	! ((RANDOM % 4)) && sync -f . ;;
		esac || :
	done 2> /dev/null
	sync -f .
	for i in $(seq 10); do
		echo $i > last$i
		exec {fd}< last$i
		rm last$i
	done
	# Half of the time this is still on its way to the journal.
	! ((RANDOM % 2)) || sync -f .
}

# cut MOUNT-OPTIONS MKFS-OPTIONS...: makes cut.img
cut()
{
	local options=$1

	shift
	rm -f live.img
	truncate -s 48M live.img
	mke2fs -q -F "$@" live.img 2> /dev/null
	mount -o "loop,$options" live.img mnt
	(cd mnt && churn && cp --sparse=always ../live.img ../cut.img)
	umount mnt
}

kernel_recovers()
{
	cp --sparse=always cut.img kernel.img
	mount -o loop kernel.img mnt
	umount mnt
}

one()
{
	cut "$@"
	recover cut.img ours
	clean ours
	kernel_recovers
	tree ours > ours.tree
	tree kernel.img > kernel.tree
	diff ours.tree kernel.tree
}

while read -r name options mkfs; do
	# shellcheck disable=SC2086
	check "$name: as the kernel recovers it" one "$options" $mkfs
done << 'EOF'
ext4 defaults -t ext4
ext4-orphan-file defaults -t ext4 -O orphan_file
ext3-1k defaults -t ext3 -b 1024 -I 128 -J size=1
ext3-data-journal data=journal -t ext3 -b 4096 -J size=4
ext4-bigalloc defaults -t ext4 -O bigalloc,orphan_file -b 4096 -C 16384
ext4-inline defaults -t ext4 -O inline_data,orphan_file -b 1024
ext4-v1-checksums journal_checksum -t ext4 -O ^metadata_csum -b 1024
ext4-async data=writeback,journal_checksum,journal_async_commit -t ext4 -b 2048
ext4-lists nodelalloc -t ext4 -O ^extents,^64bit -b 1024 -J size=1
EOF
finish
