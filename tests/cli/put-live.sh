#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# As root, where loop mounts work: a put is cut short after each of its writes,
# and a kernel mounts what is left: the old file or the new one, and nothing
# for e2fsck to mend.  Then the kernel goes on writing, and so do we.  It also
# finds what was put into a logical volume.
set -eu
. "$(dirname "$0")/../lib.sh"
need e2fsck mke2fs mount losetup sfdisk
cd "$work"

if [ "$(id -u)" != 0 ]; then
	skip "put-live: only root can mount"
	finish
fi
mkdir mnt
truncate -s 4M probe.img
mke2fs -q -F probe.img
if ! mount -o loop probe.img mnt 2> /dev/null; then
	skip "put-live: no loop mounts here"
	finish
fi
umount mnt
trap 'umount "$work/mnt" 2> /dev/null || :; cleanup' EXIT

head -c 50000 /dev/urandom > old
{ head -c 200000 /dev/urandom; head -c 300000 /dev/zero
	head -c 100000 /dev/urandom; } > new

# What a kernel finds: prints old or new.
as_mounted()
{
	mount -o loop "$1" mnt || return 1
	if cmp -s mnt/d/file old; then
		echo old
	elif cmp -s mnt/d/file new; then
		echo new
	else
		echo neither
	fi
	sync
	umount mnt
	e2fsck -fn "$1" > fsck.out 2>&1 || { cat fsck.out; return 1; }
}

# each_write IMAGE: cut short everywhere; the journal is one that a kernel has
# made its own.
each_write()
{
	local n state last=old rc

	for n in $(seq 1 400); do
		cp --sparse=always "$1" cut.img
		rc=0
		"$BUILD/tests/unit/puttool" cut.img /d/file new "$n" || rc=$?
		case $rc in
		0)	[ "$last" = new ]; return ;;
		3)	;;
		*)	return 1 ;;
		esac
		state=$(as_mounted cut.img) || { echo "$state"; return 1; }
		echo "$n $state"
		case $last-$state in
		old-old|old-new|new-new)	last=$state ;;
		*)	return 1 ;;
		esac
	done
	return 1
}

# A kernel and we take turns at one journal.
takes_turns()
{
	local i

	for i in $(seq 6); do
		seq "$i" 20000 > turn
		"$DISKWRIGHT" put turn "$1:/d/ours" > /dev/null || return 1
		mount -o loop "$1" mnt || return 1
		cmp turn mnt/d/ours || return 1
		seq "$i" 30000 > mnt/d/theirs
		rm -f mnt/d/ours
		umount mnt
		e2fsck -fn "$1" || return 1
		"$DISKWRIGHT" cat "$1:/d/theirs" | cmp - <(seq "$i" 30000) ||
			return 1
	done
}

try()
{
	local name=$1

	shift
	rm -f "$name.img"
	mke2fs -q -F "$@" "$name.img" 24M > mke2fs.out 2>&1
	if ! mount -o loop "$name.img" mnt 2> /dev/null; then
		skip "$name: this kernel does not mount it"
		return
	fi
	mkdir mnt/d
	cp old mnt/d/file
	umount mnt
	check "$name: cut short after each write" each_write "$name.img"
	check "$name: a kernel and we take turns" takes_turns "$name.img"
}

try ext3 -t ext3 -b 1024
try ext4 -t ext4 -b 4096
try ext4-1k -t ext4 -b 1024 -O metadata_csum,64bit
try bigalloc -t ext4 -b 1024 -O bigalloc -C 8192
try inline -t ext4 -b 4096 -O inline_data
# A logical volume in two pieces, the second one first, on a partition; lvm
# writes the label and the metadata, and its text says where the pieces lie.
make_volume()
{
	local loop conf

	truncate -s 64M pv.img
	echo '2048,,8e' | sfdisk -q pv.img
	loop=$(losetup -f --show -o 1M pv.img) || return 1
	conf="devices { filter=[\"a|^$loop\$|\", \"r|.*|\"] use_devicesfile=0 }"
	pvcreate -q --config "$conf" "$loop" &&
		vgcreate -q --config "$conf" dwput "$loop" &&
		vgcfgbackup -q --config "$conf" -f text dwput &&
		awk '{ print }
			/^\t\}$/ && !done++ { print "\tlogical_volumes { root {",
			"id = \"aaaaaa-bbbb-cccc-dddd-eeee-ffff-gggggg\"",
			"status = [\"READ\", \"WRITE\", \"VISIBLE\"]",
			"segment_count = 2",
			"segment1 { start_extent = 0 extent_count = 6",
			"type = \"striped\" stripe_count = 1",
			"stripes = [ \"pv0\", 7 ] }",
			"segment2 { start_extent = 6 extent_count = 6",
			"type = \"striped\" stripe_count = 1",
			"stripes = [ \"pv0\", 0 ] } } }" }' text > text.lv &&
		vgcfgrestore -q --config "$conf" -f text.lv dwput
	local rc=$?

	losetup -d "$loop"
	return "$rc"
}

# piece FROM SKIP TO SEEK: 24 MiB
piece()
{
	dd if="$1" of="$3" bs=1M skip="$2" seek="$4" count=24 conv=notrunc \
		status=none
}

in_volume()
{
	make_volume || return 1
	mke2fs -q -F -t ext4 -b 1024 whole.img 48M
	piece whole.img 0 pv.img 30
	piece whole.img 24 pv.img 2
	head -c 20000000 /dev/urandom > large
	"$DISKWRIGHT" put large pv.img@p1@dwput/root:/large &&
		"$DISKWRIGHT" put -p old pv.img@dwput/root:/d/file || return 1
	piece pv.img 30 whole.img 0
	piece pv.img 2 whole.img 24
	e2fsck -fn whole.img && mount -o loop whole.img mnt || return 1
	cmp large mnt/large && cmp old mnt/d/file
	local rc=$?

	umount mnt
	return "$rc"
}

# What lies in /dev is gone when it is needed.
on_block_device()
{
	local loop rc=0

	mke2fs -q -F -t ext2 e2.img 16M
	loop=$(losetup -f --show e2.img) || return 1
	{ ! "$DISKWRIGHT" put old "$loop:/file" 2> err && cat err &&
		grep 'block device.*--force' err &&
		"$DISKWRIGHT" put --force old "$loop:/file" > out &&
		grep 'without a journal or an undo' out; } || rc=1
	losetup -d "$loop"
	[ "$rc" = 0 ] && e2fsck -fn e2.img &&
		"$DISKWRIGHT" cat e2.img:/file | cmp - old
}

check 'no undo record beside a block device' on_block_device
if command -v pvcreate > /dev/null; then
	check 'in a logical volume of two pieces' in_volume
else
	skip 'put-live: lvm is missing'
fi
finish
