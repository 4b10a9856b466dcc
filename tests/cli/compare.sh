#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# compare: the same answer as qemu-img compare and cmp, across formats.
set -eu
. "$(dirname "$0")/../lib-formats.sh"
need qemu-img qemu-io jq mke2fs sfdisk gzip xz zstd

make_raw raw
truncate -s 6000640 raw
for o in compat=0.10 cluster_size=512 cluster_size=2M extended_l2=on; do
	qemu-img convert -f raw -O qcow2 -o $o raw $o.qcow2
	qemu-img convert -f raw -O qcow2 -c -o $o raw $o.packed.qcow2
done
qemu-img convert -f raw -O qcow2 -c -o compression_type=zstd raw zstd.qcow2

# answers STATUS PATTERN ARGUMENT...: with one line, and like qemu-img.
answers()
{
	local status=$1 pattern=$2 rc=0

	shift 2
	"$DISKWRIGHT" compare "$@" > out 2> err || rc=$?
	cat out err
	[ $rc = "$status" ] && grep -q "$pattern" out && [ ! -s err ]
}

# like_qemu A B: both say the same, and the place is that of cmp.
like_qemu()
{
	local ours=0 theirs=0 place

	"$DISKWRIGHT" compare --json "$1" "$2" > ours.json || ours=$?
	qemu-img compare "$1" "$2" > theirs 2>&1 || theirs=$?
	cat ours.json theirs
	[ $ours = $theirs ] || return 1
	[ $ours = 1 ] || return 0
	qemu-img convert -O raw "$1" cmp.a
	qemu-img convert -O raw "$2" cmp.b
	place=$(cmp cmp.a cmp.b | sed 's/.* \([0-9]*\), line.*/\1/')
	jq -e ".first_difference + 1 == $place" ours.json
}

for image in *.qcow2; do
	check "raw and $image" answers 0 'hold the same' raw "$image"
done
check 'qcow2 and qcow2' answers 0 'hold the same' cluster_size=512.qcow2 \
	zstd.qcow2

# Of other formats; a VHD counts in cylinders and is longer.
for o in vpc,dynamic vpc,fixed vmdk,monolithicSparse vmdk,streamOptimized; do
	qemu-img convert -f raw -O ${o%,*} -o subformat=${o#*,} raw $o.img
	check "$o" answers 0 'hold the same' $o.img cluster_size=512.qcow2
done
for pack in gzip xz zstd; do
	$pack -c raw > raw.packed
	check "raw in $pack" answers 0 'hold the same' raw.packed \
		cluster_size=512.packed.qcow2
done

# One byte, anywhere, is found where cmp finds it.
for off in 0 511 65536 2047999 2621440 4100000 6000639; do
	cp raw one
	printf '\377' | dd of=one bs=1 seek=$off conv=notrunc status=none
	for image in cluster_size=2M.qcow2 extended_l2=on.packed.qcow2; do
		check "byte $off, $image" like_qemu one $image
	done
	for j in 1 3 8; do
		check "byte $off, -j $j" answers 1 "from byte $off on" \
			-j $j zstd.qcow2 one
	done
done

# Zeros that are stored equal zeros that are not.
truncate -s 8M holes
head -c 8M /dev/zero > zeros
qemu-img create -q -f qcow2 none.qcow2 8M
qemu-img create -q -f qcow2 -o preallocation=full full.qcow2 8M
for a in holes zeros none.qcow2 full.qcow2; do
	for b in holes zeros none.qcow2 full.qcow2; do
		check "$a and $b" answers 0 'hold the same' $a $b
	done
done
check 'nothing is read where nothing is stored' jq -e '.compared == 0' \
	<("$DISKWRIGHT" compare --json holes none.qcow2)
qemu-img create -q -f qcow2 huge-a.qcow2 16T
qemu-img create -q -f qcow2 huge-b.qcow2 16T
qemu-io -c 'write -P 1 15T 64k' huge-a.qcow2 > /dev/null
check '16 TiB, one cluster differs' timeout 30 "$BASH" -c "
	'$DISKWRIGHT' compare huge-a.qcow2 huge-b.qcow2 > out
	[ \$? = 1 ] && grep -q 'from byte 16492674416640 on' out"

# Sizes.
cp raw longer
truncate -s 9M longer
check 'zeros at the end' answers 0 'the rest is zeros' raw longer
check 'zeros at the end, --strict' answers 1 'differ in size' --strict raw \
	longer
check 'the same size, --strict' answers 0 'hold the same' --strict raw zstd.qcow2
printf x >> longer
check 'data at the end' answers 1 'from byte 9437184 on' zstd.qcow2 longer
check 'and the other way round' answers 1 'from byte 9437184 on' longer \
	zstd.qcow2
check 'its JSON' jq -e '(.equal | not) and .first_difference == 9437184 and
	.size_a == 6000640 and .size_b == 9437185 and .status == 1 and
	(has("error") | not)' <("$DISKWRIGHT" compare --json raw longer)

# Parts of disks, and names of formats.
mke2fs -q -t ext4 -F fs.img 4M > mke2fs.out
truncate -s 1M disk.img
cat fs.img >> disk.img
printf 'start=2048, type=83\n' | sfdisk -q disk.img > sfdisk.out 2>&1
qemu-img convert -O qcow2 disk.img disk.qcow2
check 'a partition and a file' answers 0 'hold the same' disk.qcow2@p1 fs.img
check 'as raw, a qcow2 is only bytes' answers 1 'differ' --format=raw \
	--second-format=qcow2 disk.qcow2 disk.qcow2

# A backing file, only where it is allowed, and never one elsewhere.
qemu-img create -q -f qcow2 -b zstd.qcow2 -F qcow2 top.qcow2
qemu-io -c 'write -P 5 70000 3000' top.qcow2 > log
qemu-img convert -O raw top.qcow2 flat.raw
check 'a chain and what it reads as' answers 0 'hold the same' \
	--allow-backing=. top.qcow2 flat.raw
check 'a chain and its base' answers 1 'from byte 70000 on' \
	--allow-backing=. top.qcow2 zstd.qcow2

# What fails is no answer.
fails()
{
	local status=$1 text=$2 rc=0

	shift 2
	"$DISKWRIGHT" compare "$@" > out 2> err || rc=$?
	cat out err
	[ $rc = "$status" ] && [ "$(wc -l < err)" = 1 ] && [ ! -s out ] &&
		grep -q "$text" err
}
images=$top/tests/images
check 'a missing file' fails 2 'none: No such' raw none
check 'one operand' fails 2 'too few' raw
check 'damage' fails 4 'L2' raw "$images/bad-l2-past-end.qcow2"
check 'a backing file' fails 3 'backing' raw "$images/unsupported-backing.qcow2"
mkdir elsewhere
check 'a backing file that is elsewhere' fails 3 'zstd.qcow2' \
	--allow-backing=elsewhere top.qcow2 flat.raw
check 'status 2 in JSON too' sh -c "'$DISKWRIGHT' compare --json raw none \
	2> err | jq -e '.status == 2 and .error.code == \"missing\"'"
finish
