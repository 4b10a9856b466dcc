#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A crash at any point of changing a qcow2 image leaks clusters at worst, and
# keeps what was flushed.  tests/unit/crashtool.c makes the crashes and looks
# for the bytes; here qemu-img check judges each file, and QEMU has to read
# the disk that we read.
#
#	SEED=n		of the job (1)
#	EVERY=n		every n-th write and flush to stop at (5)
#	LOST=n		crashes that lose unflushed writes (100)
set -eu
. "$(dirname "$0")/../lib-formats.sh"
need qemu-img qemu-io

crashtool=$BUILD/tests/unit/crashtool
[ -x "$crashtool" ] || make -s -C "$top" BUILD="$BUILD" "$crashtool"

# Clean, or leaks (3).  A dirty image says that its refcounts are not to be
# trusted, so they are mended first.
sound()
{
	local rc=0

	if qemu-img info -f qcow2 --output=json "$1" |
		grep -q '"dirty-flag": true'; then
		qemu-img check -q -f qcow2 -r all "$1" > judge.out 2>&1 || :
	fi
	qemu-img check -q -f qcow2 "$1" > judge.out 2>&1 || rc=$?
	[ $rc = 0 ] || [ $rc = 3 ] || {
		echo "$1: qemu-img check: $rc"
		head -n 5 judge.out
		return 1
	}
}

read_alike()
{
	qemu-img convert -f qcow2 -O raw "$1" q.raw &&
		"$imgtool" to-raw "$1" o.raw && cmp q.raw o.raw
}

# crashes MODE NR: all images that crashtool makes of 'base' are sound
crashes()
{
	local image n=0

	rm -rf out
	mkdir out
	"$crashtool" "$1" base out "${SEED:-1}" "$2" || return
	for image in out/*; do
		sound "$image" || return
		((n++ % 16)) || read_alike "$image" || return
		rm "$image"
	done
	# Something was made at all.
	((n > 5))
}

# base LEN OPTIONS [-c]: compressed and plain clusters, two snapshots
base()
{
	rm -f base raw
	truncate -s "$1" raw
	seq 1 400000 | head -c $(($1 * 8 / 10)) | dd of=raw conv=notrunc status=none
	truncate -s "$1" raw
	qemu-img convert ${3:-} -f raw -O qcow2 -o "$2" raw base
	[[ $2 == *refcount_bits=1* ]] || qemu-img snapshot -c one base
	qemu-io -f qcow2 -c 'write -P 7 65536 200000' \
		-c 'write -z 400000 100000' base > /dev/null
	[[ $2 == *refcount_bits=1* ]] || qemu-img snapshot -c two base
	qemu-io -f qcow2 -c 'write -P 8 131072 100000' base > /dev/null
}

# tested LEN OPTIONS [-c]
tested()
{
	base "$@"
	check "$2${3:+, packed}: stopped" crashes stop "${EVERY:-5}"
	check "$2${3:+, packed}: writes lost" crashes lost "${LOST:-100}"
}

tested 3145728 compat=1.1 -c
tested 3145728 compat=0.10,cluster_size=4096 -c
# Here the refcount table and L1 grow as well.
tested 2101248 cluster_size=512,refcount_bits=64
tested 3145728 cluster_size=16384,extended_l2=on -c
tested 3145728 cluster_size=4096,lazy_refcounts=on
tested 3145728 cluster_size=4096,refcount_bits=1
finish
