#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Checks and repairs of qcow2 images with random damage, beside qemu-img.
#
#	SEED=n		the first seed (1)
#	ROUNDS=n	images to count, and half as many to repair (30)
set -eu
. "$(dirname "$0")/../lib-formats.sh"
need qemu-img qemu-io python3 jq

tool=$BUILD/tests/unit/qcow2tool
[ -x "$tool" ] || make -s -C "$top" BUILD="$BUILD" "$tool"
images=$top/tests/images
damage=$top/tests/helpers/qcow2damage.py
seed=${SEED:-1}
rounds=${ROUNDS:-30}

members='["corruptions", "leaks", "total-clusters", "allocated-clusters",
	"compressed-clusters", "fragmented-clusters", "image-end-offset"]'

# Its figures as we print ours.
qemu_counts()	# IMAGE
{
	qemu-img check -f qcow2 --output=json "$1" > theirs.json 2> log || :
	[ -s theirs.json ] && jq -er "if .\"total-clusters\" then [$members[] as \$m |
		\"\(\$m)=\(.[\$m] // 0) \"] | add else empty end" theirs.json
}

counts_as_qemu()	# IMAGE
{
	"$tool" check "$1" > ours
	sed -n '1s/corruptions-fixed.*//p' ours > ours.counts
	qemu_counts "$1" > theirs.counts
	diff -u theirs.counts ours.counts
}

is_clean()
{
	qemu-img check -q -f qcow2 "$1"
}

kinds=(cluster_size=512 cluster_size=4096 cluster_size=65536
	cluster_size=4096,refcount_bits=1 cluster_size=4096,refcount_bits=2
	cluster_size=1024,refcount_bits=64 cluster_size=16384,extended_l2=on
	compat=0.10,cluster_size=512 cluster_size=512,refcount_bits=8
	cluster_size=2048,lazy_refcounts=on)

# An image with some of everything, chosen by a seed.
make_image()	# FILE SEED
{
	local i off commands=()

	RANDOM=$2
	kind=${kinds[RANDOM % ${#kinds[@]}]}
	qemu-img create -q -f qcow2 -o "$kind" "$1" $(((RANDOM % 30 + 2) * 65536))
	for i in 1 2 3 4 5 6 7 8 9; do
		off=$((RANDOM % 60 * 512 + RANDOM % 2 * 65536))
		case $((RANDOM % 7)) in
		0) commands+=(-c "write -z $off 9k") ;;
		1) commands+=(-c "discard $off 33k") ;;
		2) case $kind in
		   *extended*) ;;
		   *) commands+=(-c "write -c -P 7 65536 65536") ;;
		   esac ;;
		*) commands+=(-c "write -P $i $off $((RANDOM % 70 * 512 + 512))") ;;
		esac
	done
	qemu-io "${commands[@]:0:10}" "$1" > log 2>&1
	case $kind in
	*refcount_bits=1) return ;;
	esac
	((RANDOM % 2)) || return 0
	qemu-img snapshot -c one "$1"
	qemu-io "${commands[@]:10}" "$1" > log 2>&1
	((RANDOM % 2)) || case $kind in
	compat*) ;;
	*) qemu-img bitmap --add -g 4096 "$1" b ;;
	esac
}

counts_agree()	# SEED
{
	make_image image $1
	echo "$kind"
	"$damage" image $1 any
	# What QEMU does not open at all, and what it gives up.
	if ! qemu_counts image > log; then
		echo "qemu-img does not open it"
		return 0
	fi
	# Cut off inside a table that the header names, it is none for us.
	"$tool" check image > ours || ! grep 'code -4: .*past the end' ours ||
		return 0
	counts_as_qemu image
}

for ((i = 0; i < rounds; i++)); do
	check "damage $((seed + i)): the same counts" counts_agree $((seed + i))
done

# repairs IMAGE: what was read before is read after, and it is clean.  QEMU's
# own repair leaves the same disk.
repairs()
{
	cp "$1" ours.qcow2
	cp "$1" theirs.qcow2
	qemu-img convert -f qcow2 -O raw "$1" before
	"$tool" check ours.qcow2 repair || return 1
	is_clean ours.qcow2 || return 1
	"$tool" check ours.qcow2 | grep '^corruptions=0 leaks=0 ' || return 1
	qemu-img convert -f qcow2 -O raw ours.qcow2 after
	cmp before after || return 1
	qemu-img check -q -f qcow2 -r all theirs.qcow2 || :
	qemu-img convert -f qcow2 -O raw theirs.qcow2 theirs
	cmp after theirs
}

damage_and_repair()	# SEED
{
	make_image image $1
	echo "$kind"
	"$damage" image $1 refcounts
	repairs image
}

for ((i = 0; i < rounds / 2; i++)); do
	check "damage $((seed + i)): repaired" damage_and_repair $((seed + i))
done

for i in refcount-low refcount-high refblock-none refblock-shared copied leak \
	 dirty corrupt-bit; do
	check "$i: the same counts" counts_as_qemu "$images/good-$i.qcow2"
	check "$i: repaired" repairs "$images/good-$i.qcow2"
done

# used_and_free IMAGE: clusters in use whose refcount is 0.
used_and_free()
{
	qemu-img check -f qcow2 "$1" 2>&1 |
		sed -n 's/^ERROR cluster \([0-9]*\) refcount=0 .*/\1/p' | sort
}

# At whatever write a repair is cut off: the disk is the same, nothing in use
# is free that was not before, and another repair mends the rest.
cut_anywhere()	# IMAGE
{
	local n

	qemu-img convert -f qcow2 -O raw "$1" before
	used_and_free "$1" > free.before
	for ((n = 1; n < 1000; n++)); do
		cp "$1" cut.qcow2
		"$tool" check cut.qcow2 repair $n > log && break
		qemu-img convert -f qcow2 -O raw cut.qcow2 after
		cmp before after || return 1
		used_and_free cut.qcow2 > free.after
		[ -z "$(comm -13 free.before free.after)" ] || return 1
		"$tool" check cut.qcow2 repair > log || return 1
		is_clean cut.qcow2 || return 1
		qemu-img convert -f qcow2 -O raw cut.qcow2 after
		cmp before after || return 1
	done
	echo "cut off at $((n - 1)) writes"
	((n > 1 && n < 1000))
}

for i in refcount-low refcount-high refblock-none refblock-shared copied; do
	check "$i: a repair that is cut off" cut_anywhere "$images/good-$i.qcow2"
done
for i in 3 7 12; do
	make_image image $i
	"$damage" image $i refcounts > log
	is_clean image > log 2>&1 ||
		check "damage $i: a repair that is cut off" cut_anywhere image
done

finish
