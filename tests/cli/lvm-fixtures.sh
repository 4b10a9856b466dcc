#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Volume groups that the real lvm and the kernel made (tests/images/lvm): each
# volume reads to the checksum of the kernel's device, as a user without
# rights; RAID also without as many disks as it can do without, and never to
# anything else without more.
set -eu
. "$(dirname "$0")/../lib.sh"
need tar xz
images=$top/tests/images/lvm
cd "$work"
user_dir out

# unpack SET: its disks, in a folder of its own.
unpack()
{
	mkdir "$1"
	tar -xf "$images/$1.tar.xz" -C "$1"
}

# take LOCATOR OPTION...: what is read of it becomes out/vol.
take()
{
	rm -f out/vol
	unprivileged "$DISKWRIGHT" convert --all-blocks --no-sync -O raw \
		"$1" out/vol "${@:2}" > plan 2> log
}

# reads_to SHA256 LOCATOR OPTION...
reads_to()
{
	take "${@:2}" || { cat log; return 1; }
	[ "$(sha out/vol)" = "$1" ] || { echo "$2: other bytes"; return 1; }
}

# fails STATUS TEXT LOCATOR OPTION...: with one line that holds TEXT.
fails()
{
	local status=0

	take "${@:3}" || status=$?
	cat log
	[ "$status" = "$1" ] && [ "$(wc -l < log)" = 1 ] && grep -q "$2" log &&
		[ ! -e out/vol ]
}

# sum_of SET VG/LV
sum_of()
{
	awk -v lv="$2" '$1 == lv { print $3 }' "$images/$1.sums"
}

# all_read SET: each volume, from all disks; a name that begins with an image
# is the whole way to it.
all_read()
{
	local lv size sum way

	while read -r lv size sum; do
		[ "$sum" != - ] || continue
		way=pv0.img@$lv
		[[ $lv != pv*.img@* ]] || way=$lv
		check "$lv" reads_to "$sum" "$1/$way" --pv-dir "$1"
		[ "$size" = "$(stat -c %s out/vol)" ] || bad "$lv: its size"
	done < "$images/$1.sums"
}

# take_without SET GONE VG/LV: GONE is a list of numbers of disks.
take_without()
{
	local left=() f n

	for f in "$1"/pv*.img; do
		n=${f##*/pv}
		[[ " $2 " == *" ${n%.img} "* ]] || left+=("$f")
	done
	take "${left[0]}@$3" "${left[@]/#/--pv=}"
}

reads_without()	# SET GONE VG/LV
{
	take_without "$@" || { cat log; return 1; }
	[ "$(sha out/vol)" = "$(sum_of "$1" "$3")" ]
}

# subsets N OF: each way to take N of the numbers below OF.
subsets()
{
	local i rest

	if [ "$1" = 0 ]; then
		echo
		return
	fi
	for ((i = $1 - 1; i < $2; i++)); do
		subsets $(($1 - 1)) "$i" | while read -r rest; do
			echo "$rest $i"
		done
	done
}

# loses LV N REFUSED: whichever N of the six disks are gone, it reads, or is
# refused because they are; the latter as often as told.
loses()
{
	local gone refused=0 sum

	sum=$(sum_of raid "raids/$1")
	while read -r gone; do
		if take_without raid "$gone" "raids/$1"; then
			[ "$(sha out/vol)" = "$sum" ] || {
				echo "other bytes without $gone"
				return 1
			}
		elif grep -q 'not among the images' log && [ ! -e out/vol ]; then
			refused=$((refused + 1))
		else
			echo "without $gone:"
			cat log
			return 1
		fi
	done < <(subsets "$2" 6)
	[ "$refused" = "$3" ] || { echo "refused $refused times"; return 1; }
}

# What each kind can do without.  Legs lie on disks of their own, so that the
# last number is how many of the choices take one leg too many.
raid()
{
	local lv nr refused

	unpack raid
	all_read raid
	while read -r lv nr refused; do
		check "$lv without $nr" loses "$lv" "$nr" "$refused"
	done <<- END
		raid0 1 3
		raid0_meta 1 4
		raid1 2 0
		raid1 3 1
		raid4 1 0
		raid4 2 6
		raid5_la 1 0
		raid5_la 2 3
		raid5_ra 1 0
		raid5_ra 2 6
		raid5_ls 1 0
		raid5_ls 2 10
		raid5_rs 1 0
		raid5_n 1 0
		raid6_zr 1 0
		raid6_zr 2 0
		raid6_zr 3 10
		raid6_nr 2 0
		raid6_nr 3 20
		raid6_nc 2 0
		raid6_ls_6 2 0
		raid6_rs_6 2 0
		raid6_la_6 2 0
		raid6_ra_6 2 0
		raid6_n_6 2 0
		raid10 1 0
		raid10 2 2
		raid10_3 1 0
		raid10_3 2 3
	END
}

snap()
{
	unpack snap
	all_read snap
	check "a full snapshot is refused" \
		fails 4 'invalid snapshot' snap/pv0.img@snaps/full --pv-dir snap
}

# Nothing has ever been written to a volume whose pool has not heard of it.
thin()
{
	unpack thin
	all_read thin
	truncate -s 1M zeros
	check "untold is empty" reads_to "$(sha zeros)" \
		thin/pv0.img@thins/untold --pv-dir thin
}

cache()
{
	unpack cache
	all_read cache
	check "half a cache is refused" fails 1 'not among the images' \
		cache/pv0.img@caches/v2cut
}

# The second disk is stale in all but moving, adding and unsynced, which never
# had a leg there; the fifth has legs that are not rebuilt yet.
failed()
{
	local lv gone want

	unpack failed
	all_read failed
	while read -r lv gone want; do
		case $want in
		reads)	check "$lv without disk $gone" \
				reads_without failed "$gone" "ill/$lv" ;;
		*)	check "$lv without disk $gone is refused" \
				refused_without failed "$gone" "ill/$lv" ;;
		esac
	done <<- END
		raid1 1 reads
		raid4 1 reads
		raid4 0 fails
		raid5 1 reads
		raid5 0 fails
		raid5 2 fails
		raid6 1 reads
		raid6 0 reads
		raid6 4 reads
		raid10 1 reads
		raid10 3 reads
		raid10 0 fails
		adding 0 reads
		adding 2 reads
		moving 3 reads
		moving 0 fails
		moving 2 fails
		unsynced 1 reads
		unsynced 0 fails
		unsynced 2 fails
		unsynced 3 fails
	END
	check "two disks gone, and a stale one" \
		reads_without failed '3 4' ill/raid10
	check "a leg that is not rebuilt does not stand in for both" \
		fails 1 'not among the images' failed/pv4.img@ill/adding
}

refused_without()	# SET GONE VG/LV
{
	! take_without "$@" && cat log && [ ! -e out/vol ] &&
		grep -qE 'not among the images|cannot be made from the' log
}

# Which disks a group of the set meta is on.
disks_of()
{
	case $1 in
	ring)		echo 0 ;;
	two)		echo 1 ;;
	ignored)	echo 2 3 ;;
	mixed)		echo 4 5 ;;
	+new.name_of-9)	echo 6 ;;
	given)		echo 7 ;;
	onward)		echo 8 9 10 ;;
	esac
}

# only_one_knows IMAGE...: lvm chose which of the areas does not count any more.
only_one_knows()
{
	local image knows=0

	for image; do
		fails 1 'no volume group ignored' "$image@ignored/vol" ||
			knows=$((knows + 1))
	done
	[ "$knows" = 1 ]
}

# The group onward has gone on without its second disk, which is back.
meta()
{
	local lv sum disk

	unpack meta
	while read -r lv _ sum; do
		for disk in $(disks_of "${lv%/*}"); do
			check "$lv by disk $disk" reads_to "$sum" \
				"meta/pv$disk.img@$lv" --pv-dir meta
		done
	done < "$images/meta.sums"
	check "what only a disk holds that the group gave up" \
		fails 1 'marked as missing' meta/pv8.img@onward/lost \
		--pv-dir meta
	check "an ignored area" only_one_knows meta/pv2.img meta/pv3.img
	check "without an area" \
		fails 1 'no volume group mixed' meta/pv4.img@mixed/vol
	check "with one missing" \
		fails 1 'not among the images' meta/pv5.img@mixed/vol
}

kinds()
{
	unpack kinds
	all_read kinds
	check "an error segment fails" \
		fails 1 'error' kinds/pv0.img@kinds/bad --pv-dir kinds
}

nested()
{
	unpack nested
	all_read nested
}

# The group reads, but for the volumes that it names.
refused()
{
	unpack refused
	check "other/plain" reads_to "$(sum_of refused other/plain)" \
		refused/pv0.img@other/plain --pv-dir refused
	check "writecache is refused by name" fails 3 'type writecache' \
		refused/pv0.img@other/slow --pv-dir refused
	check "integrity is refused by name" fails 3 'type integrity' \
		refused/pv0.img@other/sure --pv-dir refused
}

raid
snap
thin
cache
failed
meta
kinds
nested
refused
finish
