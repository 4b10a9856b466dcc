#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes the members of software RAID among the fixtures, and md.sha256 of what
# their arrays hold, with mdadm and a kernel that has md: needs root and
# /dev/md0.  Runs under busybox, so that an initial ramdisk can do it.
#
#   make-md.sh DIR
set -eu

dir=$1
mkdir -p "$dir/files/etc"
echo 'one member is enough' > "$dir/files/etc/motd"
seq 1 20000 > "$dir/files/numbers"

# create LEVEL METADATA OPTION...: /dev/md0 on fresh loop devices.
create()
{
	level=$1 metadata=$2
	shift 2
	members=
	for i in 0 1 2; do
		rm -f "$dir/member$i"
		truncate -s 4M "$dir/member$i"
		dev=$(losetup -f)
		losetup "$dev" "$dir/member$i"
		members="$members $dev"
	done
	# shellcheck disable=SC2086
	mdadm --create /dev/md0 --run --quiet --metadata="$metadata" \
		--level="$level" --name=fixture --homehost=nowhere \
		--uuid=6b4a1b3c:12344321:88880123:456789ab "$@" $members
}

fill()
{
	/sbin/mke2fs -q -t ext2 -b 1024 -d "$dir/files" -L fixture \
		-U 6b4a1b3c-1234-4321-8888-0123456789ab /dev/md0
	sync
}

# keep MEMBER NAME: stops the array, keeps one member.
keep()
{
	[ "${stop-}" = now ] || mdadm --wait /dev/md0 || :
	sha256sum < /dev/md0 | sed "s/-/$2/" >> "$dir/md.sha256"
	mdadm --stop --quiet /dev/md0
	gzip -n9 < "$dir/member$1" > "$dir/$2"
	for dev in $members; do
		losetup -d "$dev"
	done
}

: > "$dir/md.sha256"
for metadata in 0.90 1.0 1.1 1.2; do
	create 1 "$metadata" --assume-clean --raid-devices=3
	fill
	keep 1 "good-md-$metadata.img.gz"
done

create 1 1.2 --assume-clean --raid-devices=2 --spare-devices=1
fill
keep 2 unsupported-md-spare.img.gz

# A member that is added and not rebuilt before the array is stopped.
create 1 1.2 --assume-clean --bitmap=internal --raid-devices=3
fill
# shellcheck disable=SC2086
set -- $members
mdadm --quiet /dev/md0 --fail "$3" --remove "$3"
mdadm --quiet --zero-superblock "$3"
echo 1 > /proc/sys/dev/raid/speed_limit_min
echo 1 > /proc/sys/dev/raid/speed_limit_max
mdadm --quiet /dev/md0 --add "$3"
sleep 2
stop=now keep 2 unsupported-md-rebuilding.img.gz
echo 1000 > /proc/sys/dev/raid/speed_limit_min
echo 200000 > /proc/sys/dev/raid/speed_limit_max

create 5 1.2 --assume-clean --raid-devices=3
fill
keep 0 unsupported-md-raid5.img.gz
cat "$dir/md.sha256"
