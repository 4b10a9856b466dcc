# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# Metadata in every state: a ring that wraps, two areas of which the first is
# damaged, an ignored area, a disk without one, odd names and many tags, a
# renamed and an exported group, and a disk that the group went on without.
# disks: 11 x 4M

phase1()
{
	modprobe -a raid1 dm-raid
	ring
	group two 1 "--metadatacopies 2" /dev/sdb
	vgchange --addtag second two
	group ignored 2 "" /dev/sdc /dev/sdd
	vgchange --vgmetadatacopies 1 ignored
	vgchange --addtag later ignored
	pvcreate --metadatacopies 0 /dev/sde
	group mixed 2 "" /dev/sdf
	vgextend mixed /dev/sde
	lvextend -l +20 mixed/vol /dev/sde
	fill /dev/mixed/vol mixed
	names
	group given 1 "" /dev/sdh
	left_behind
	results
	vgchange -an
	vgexport given
	# What the first area of two says.
	yes damaged | head -c 500000 |
		dd of=/dev/sdb bs=512 seek=9 conv=notrunc,fsync
}

# group NAME DISKS OPTIONS DISK...
group()
{
	vg=$1
	opts=$3
	shift 3
	# shellcheck disable=SC2086
	pvcreate --dataalignment 64k $opts "$@"
	vgcreate -s 64k "$vg" "$@"
	lvcreate -y -n vol -l 10 "$vg"
	fill "/dev/$vg/vol" "$vg"
}

# le64 OFFSET: of the first disk.
le64()
{
	od -An -t u8 -j "$1" -N 8 /dev/sda | tr -d ' '
}

# Names change until the text, which follows on the one before, goes past the
# end of its area.  The area lies at 4096, its first raw_locn at 40 in there.
ring()
{
	group ring 1 "--metadatasize 40k" /dev/sda
	for i in 1 2 3 4 5 6 7 8 9; do
		lvcreate -y -an -Wn -Zn -n "lv$i" -l 1 ring
	done
	i=0
	size=$(le64 4128)
	while [ $(($(le64 4136) + $(le64 4144))) -le "$size" ]; do
		[ $i -lt 200 ]
		i=$((i + 1))
		lvchange --addtag "tag$i" ring/vol
	done
	echo "ring: $(le64 4136) + $(le64 4144) > $size after $i changes"
}

names()
{
	group 'Vg_0+x.y-z' 1 "" /dev/sdg
	vgrename 'Vg_0+x.y-z' '+new.name_of-9'
	for n in a.b+c_d-e 0 _under +plus UPPER lv-name--twice; do
		lvcreate -y -n "$n" -l 1 '+new.name_of-9'
		fill "/dev/+new.name_of-9/$n" "$n"
	done
	i=0
	while [ $i -lt 60 ]; do
		i=$((i + 1))
		tags="$tags --addtag tag$i/of+all-._=!:&#kinds"
	done
	# shellcheck disable=SC2086
	vgchange $tags '+new.name_of-9'
	# shellcheck disable=SC2086
	lvchange $tags '+new.name_of-9/UPPER'
}

# sdj goes away; the mirror gets a leg elsewhere, lost stays where it was.
left_behind()
{
	pvcreate --dataalignment 64k /dev/sdi /dev/sdj /dev/sdk
	vgcreate -s 64k onward /dev/sdi /dev/sdj /dev/sdk
	lvcreate -y -n lost -l 5 onward /dev/sdj
	fill /dev/onward/lost lost
	lvcreate -y --type raid1 -m 1 -n kept -l 10 onward /dev/sdi /dev/sdj
	wait_sync onward/kept
	fill /dev/onward/kept kept
	lvchange -an onward/lost
	sync
	echo offline > /sys/block/sdj/device/state
	fill /dev/onward/kept 'kept on'
	echo 1 > /sys/block/sdj/device/delete
	rm -f /dev/sdj
	lvconvert -y --repair onward/kept
	wait_sync onward/kept
}
