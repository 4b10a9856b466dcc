#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Thin volumes in metadata of thin_restore, which thin_dump reads beside us.
#
#	SEED=n		the first seed (1)
#	ROUNDS=n	pools (4)
set -eu
. "$(dirname "$0")/../lib.sh"
need thin_restore thin_dump thin_check python3

tool=$BUILD/tests/unit/thintool
[ -x "$tool" ] || make -s -C "$top" BUILD="$BUILD" "$tool"
pool=$top/tests/helpers/thinpool.py
seed=${SEED:-1}
rounds=${ROUNDS:-4}
cd "$work"

# make_pool LENGTH SEED SECTORS MAPPINGS CHUNKS DATA-CHUNKS: made.xml, meta, and
# what thin_dump makes of that.
make_pool()
{
	"$pool" make "${@:2}" > made.xml
	rm -f meta
	truncate -s "$1" meta
	thin_restore -i made.xml -o meta
	thin_check meta
	thin_dump meta > dumped.xml
	"$pool" devices made.xml > volumes
	chunk_len=$(($3 * 512))
}

# Each volume of the pool is what both texts say.
maps_agree()
{
	local id nr used

	rm -f ours
	while read -r id nr; do
		"$tool" map meta "$chunk_len" "$id" > runs || return 1
		sed "s/^/$id /" runs >> ours
		used=$("$tool" used meta "$chunk_len" "$id")
		[ "$used" = $((nr * chunk_len)) ] || return 1
	done < volumes
	"$pool" runs made.xml | cmp - ours || return 1
	"$pool" runs dumped.xml | cmp - ours || return 1
	[ "$(wc -l < volumes)" -ge 6 ]
}

# Trees of one to three levels.
mappings=(3 250 3000 40000)
sectors=(128 384 2097152)

for ((i = seed; i < seed + rounds; i++)); do
	check "pool $i: made" make_pool 24M "$i" "${sectors[i % 3]}" \
		"${mappings[i % 4]}" $((1 << 24)) $((1 << 20))
	check "pool $i: the same mappings" maps_agree
done

# In full, and with a size that ends in a chunk.
volumes_read()
{
	local id nr size

	"$pool" data made.xml data
	while read -r id nr; do
		for size in $((500 * 65536)) $((RANDOM % 60000 * 512)); do
			"$pool" volume made.xml "$id" "$size" want
			"$tool" cat meta 65536 "$id" data "$size" |
				cmp want - || return 1
		done
	done < volumes
}

check "a small pool: made" make_pool 1M 30 128 200 500 400
check "a small pool: the same mappings" maps_agree
check "a small pool: volumes read" volumes_read

# A byte that was changed is found where it matters, or does not matter.
damage_is_found()
{
	local id nr n off found=0

	read -r id nr < <(tail -n 1 volumes)
	"$tool" map meta 65536 "$id" > before
	for ((n = 0; n < 60; n++)); do
		off=$((n * 4096 + RANDOM % 4096))
		cp meta changed
		printf '\x5a' | dd of=changed bs=1 seek="$off" conv=notrunc \
			status=none
		if "$tool" map changed 65536 "$id" > after 2> log; then
			cmp before after || return 1
		else
			grep "^thintool: thin metadata: block $n is no sound " \
				log || return 1
			found=$((found + 1))
		fi
	done
	[ "$found" -ge 3 ]
}

check "a small pool: damage is found" damage_is_found

wrong_chunk_len()
{
	! "$tool" map meta 131072 1 2> log &&
		grep 'chunks of 65536 bytes, but LVM says 131072' log
}

no_such_device()
{
	! "$tool" map meta 65536 16777216 2> log &&
		grep 'no device 16777216' log
}

cut_off()
{
	truncate -s 1000k meta &&
		! "$tool" map meta 65536 1 2> log &&
		grep 'has 256 blocks on a device of 250' log
}

check "another length of chunks" wrong_chunk_len
check "a device that is not there" no_such_device
check "metadata that was cut off" cut_off

finish
