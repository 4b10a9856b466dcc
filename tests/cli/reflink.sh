#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Where the host's filesystem shares blocks, a raw copy takes none of its own,
# and holds the same bytes as one that was copied.
. "$(dirname "$0")/../lib.sh"
need mke2fs sfdisk mkfs.xfs python3
cd "$work" || exit 1

mkdir tree
seq 3000000 > tree/numbers
head -c 20M /dev/urandom > tree/random
head -c 20M /dev/zero > tree/zeros
mke2fs -q -t ext4 -d tree four 128M
mke2fs -q -t ext3 -b 1024 -d tree one 128M
truncate -s 300M disk
printf '2048,262144,83\n264193,262144,83\n' | sfdisk -q disk
dd if=four of=disk bs=512 seek=2048 conv=notrunc,sparse status=none
dd if=one of=disk bs=512 seek=264193 conv=notrunc,sparse status=none


# The same in a volume of two pieces, and in one of stripes: two chunks of one
# PV, as any number of PVs would be for the host.
python3 "$top/tests/helpers/mkpv.py" vg0 pv0=container:300 \
	linear=linear:pv0+64*64,pv0+0*64 striped=striped64:pv0+140*64,pv0+210*64
dd if=four of=container bs=1M count=64 seek=65 conv=notrunc status=none
dd if=four of=container bs=1M skip=64 seek=1 conv=notrunc status=none
python3 - four container <<- 'EOF'
	import sys
	plain, pv = open(sys.argv[1], "rb"), open(sys.argv[2], "r+b")
	for nr in range(2048):
	    pv.seek(((141, 211)[nr % 2] << 20) + (nr // 2 << 16))
	    pv.write(plain.read(1 << 16))
EOF

truncate -s 1G host
mkfs.xfs -q host
mkdir mnt
if [ "$(id -u)" != 0 ] || ! mount -o loop host mnt 2> mount.err; then
	skip "reflinks: a loop mount is not allowed here ($(head -c 80 mount.err))"
	finish
fi
trap 'umount mnt; cleanup' EXIT
chmod 777 mnt
mkdir out
chmod 777 out

# stored: KiB that the host's filesystem has in use.
stored()
{
	sync -f mnt
	df -k --output=used mnt | tail -n 1
}

# shares IMAGE KIB [OPTIONS]: a copy beside it takes less than that, and equals
# one made elsewhere.
shares()
{
	local image=$1 most=$2 before

	shift 2
	cp --sparse=always "$image" "mnt/$image"
	before=$(stored)
	unprivileged "$DISKWRIGHT" convert "$@" "mnt/$image" mnt/copy || return
	echo "$before KiB were stored, $(stored) are"
	[ $(($(stored) - before)) -lt "$most" ] || return
	unprivileged "$DISKWRIGHT" convert --force "$@" "mnt/$image" \
		out/copy || return
	cmp mnt/copy out/copy || return
	echo changed | dd of=mnt/copy bs=1 seek=4096 conv=notrunc status=none
	cmp "$image" "mnt/$image" || return
	rm -f "mnt/$image" mnt/copy
}
check 'blocks of 4 KiB are shared' shares four 2048
check 'blocks of 1 KiB are, where whole blocks of the host are used' \
	shares one 4096
check 'all blocks are' shares four 2048 --all-blocks
check 'a partition that does not begin with a block of the host is copied' \
	shares disk 90000

# volume_shares NAME KIB: the same of a volume.
volume_shares()
{
	local before

	cp --sparse=always container mnt/container
	rm -rf mnt/out out/volume
	install -d -m 777 mnt/out out/volume
	before=$(stored)
	unprivileged "$DISKWRIGHT" extract mnt/container "vg0/$1" \
		-o mnt/out || return
	echo "$before KiB were stored, $(stored) are"
	[ $(($(stored) - before)) -lt "$2" ] || return
	unprivileged "$DISKWRIGHT" extract mnt/container "vg0/$1" \
		-o out/volume || return
	cmp "mnt/out/$1.raw" "out/volume/$1.raw" || return
	cmp container mnt/container
}
check 'a linear volume is shared' volume_shares linear 2048
check 'a striped volume is' volume_shares striped 2048
finish
