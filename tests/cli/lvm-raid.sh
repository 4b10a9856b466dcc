#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# RAID sets that lvm and the kernel made: every layout reads to the kernel's
# checksum, whole and with physical volumes missing; raid1 is written on all
# its legs.
set -eu
. "$(dirname "$0")/../lib.sh"
need tar xz

raidtool=$BUILD/tests/unit/raidtool
sums=$top/tests/images/lvm/raid.sums
cd "$work"
tar -xJf "$top/tests/images/lvm/raid.tar.xz"
pvs=(pv?.img)

sum_of()	# VG/LV
{
	awk -v name="$1" '$1 == name { print $3 }' "$sums"
}

# reads VG/LV PV...: to its checksum
reads()
{
	[ "$("$raidtool" read "$@" | sha256sum | cut -d ' ' -f 1)" = \
		"$(sum_of "$1")" ]
}

mapfile -t names < <(cut -d ' ' -f 1 "$sums")
for name in "${names[@]}"; do
	check "$name" reads "$name" "${pvs[@]}"
done

# without FILE...: the physical volumes but those
without()
{
	local pv

	for pv in "${pvs[@]}"; do
		[[ " $* " == *" $pv "* ]] || echo "$pv"
	done
}

# The group's text calls them pv0 and on in an order of its own, with UUIDs
# that their labels have without dashes.
declare -A file_of
for pv in "${pvs[@]}"; do
	uuid=$(dd if="$pv" bs=1 skip=544 count=32 status=none)
	name=$(tr -d '\0' < pv0.img | grep -a -A 1 '^pv[0-9]* {' |
		tr -d '\n-' | grep -ao "pv[0-9]* {id = \"$uuid\"" | head -n 1)
	file_of[${name%% *}]=$pv
done
[ ${#file_of[@]} = 6 ] || bad "the text names ${#file_of[@]} of 6 files"

# legs_of NAME: the files of a set's legs, as the text has them
legs_of()
{
	local pv

	grep -a -A 20 "^${1}_rimage_[0-9]* {" pv0.img | awk -v name="$1" '
		$1 ~ "^" name "_rimage_" { leg = $1; sub(/.*_/, "", leg) }
		/^"pv[0-9]*", [0-9]*$/ && leg != "" {
			pv = $1; gsub(/[^pv0-9]/, "", pv)
			place[leg] = pv; leg = "" }
		END { for (i = 0; i in place; i++) print place[i] }' |
		while read -r pv; do
			echo "${file_of[$pv]}"
		done
}

# tolerates NAME LEG LEG: whether both may be lost, by the kind of set
tolerates()
{
	case $1 in
	raid1|raid6*)	true ;;
	# Pairs of legs hold the same.
	raid10*)	[ $(($2 / 2)) != $(($3 / 2)) ] ;;
	raid0*)		false ;;
	*)		[ "$2" = "$3" ] ;;
	esac
}

refused_as_missing()
{
	! "$raidtool" read "$@" > out 2> refusal && [ ! -s out ] &&
		grep -q '^code -10: .*physical volume pv' refusal
}

# Without each leg, and each two of them.
legs_lost()
{
	local name=$1 legs left a b

	mapfile -t legs < <(legs_of "$name")
	[ ${#legs[@]} -ge 3 ] || { echo "${#legs[@]} legs"; return 1; }
	for ((a = 0; a < ${#legs[@]}; a++)); do
		for ((b = a; b < ${#legs[@]}; b++)); do
			mapfile -t left < <(without "${legs[a]}" "${legs[b]}")
			if [[ $a = "$b" && $name != raid0* ]] ||
				tolerates "$name" "$a" "$b"; then
				reads "raids/$name" "${left[@]}"
			else
				refused_as_missing "raids/$name" "${left[@]}"
			fi || { echo "without legs $a and $b"; return 1; }
		done
	done
}

for name in "${names[@]}"; do
	check "${name#*/} without any one or two legs" legs_lost "${name#*/}"
done

# ---- writing -----------------------------------------------------------------

# From any leg alone the volume reads as written.
written()
{
	local leg

	"$raidtool" read raids/raid1 "${pvs[@]}" > want
	"$raidtool" write raids/raid1 70001 'written by us' "${pvs[@]}" ||
		return
	printf 'written by us' |
		dd of=want bs=1 seek=70001 conv=notrunc status=none
	for leg in 0 1 2; do
		mapfile -t left < <(without "${legs[leg]}" \
			"${legs[(leg + 1) % 3]}")
		"$raidtool" read raids/raid1 "${left[@]}" | cmp - want || return
	done
}
mapfile -t legs < <(legs_of raid1)
check "raid1 is written on all legs" written

unwritten()
{
	cat "${pvs[@]}" | sha256sum > before
	! "$raidtool" write "$@" 2> refusal && cat refusal &&
		grep -q '^code -8: ' refusal &&
		cat "${pvs[@]}" | sha256sum | cmp - before
}
mapfile -t left < <(without "${legs[2]}")
check "raid1 is not, with a leg lost" unwritten raids/raid1 0 no "${left[@]}"
for name in raid0 raid4 raid5_ls raid6_zr raid10; do
	check "$name is not written" unwritten "raids/$name" 0 no "${pvs[@]}"
done
finish
