#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# check: the image file, counted as qemu-img does; then whether it would boot;
# and what both make of the exit status.
set -eu
. "$(dirname "$0")/../lib-formats.sh"
. "$top/tests/cli/small.sh"
need qemu-img qemu-io jq mke2fs debugfs sgdisk

images=$top/tests/images

# status STATUS PATTERN ARGUMENT...: one line of error for all but 0, and the
# same status in the JSON.  Where a line is folded hangs on how long the path of
# the image is, so the pattern is looked for in the unfolded text.
status()
{
	local want=$1 pattern=$2 rc=0

	shift 2
	"$DISKWRIGHT" check "$@" > out 2> err || rc=$?
	cat out err
	[ $rc = "$want" ] || return 1
	cat out err | tr -s '[:space:]' ' ' | grep -qE "$pattern" || return 1
	[ "$(wc -l < err)" = $((want != 0)) ] || return 1
	rc=0
	"$DISKWRIGHT" check --json "$@" > out.json 2> err || rc=$?
	jq -e ".status == $rc and has(\"error\") == ($rc != 0)" out.json
}

# Both count the same; ours counts no more than is given.
as_qemu()
{
	qemu-img check --output=json "$1" > theirs.json 2> log || :
	"$DISKWRIGHT" check --json "$1" > ours.json 2> log || :
	jq -S '{ corruptions: (.corruptions // 0), leaks: (.leaks // 0),
		clusters: ."total-clusters",
		allocated: (."allocated-clusters" // 0),
		compressed: (."compressed-clusters" // 0),
		fragmented: (."fragmented-clusters" // 0),
		image_end: ."image-end-offset" }' theirs.json > theirs.txt
	jq -S '.image_check | { corruptions, leaks, clusters, allocated,
		compressed, fragmented, image_end }' ours.json > ours.txt
	diff -u theirs.txt ours.txt
}

# ---- the image file

make_raw raw
for o in compat=0.10 cluster_size=512 cluster_size=2M extended_l2=on \
	 refcount_bits=1 refcount_bits=64 compression_type=zstd \
	 lazy_refcounts=on preallocation=metadata; do
	qemu-img convert -f raw -O qcow2 -o $o raw i.qcow2
	check "$o: consistent" status 0 'consistent' i.qcow2
	check "$o: the same counts" as_qemu i.qcow2
done
qemu-img convert -c -f raw -O qcow2 raw packed.qcow2
qemu-img snapshot -c one packed.qcow2
qemu-io -c 'write -P 3 500k 1M' packed.qcow2 > log
check 'compressed, with a snapshot' as_qemu packed.qcow2

# put IMAGE OFFSET HEX...: changes bytes.
put()
{
	local image=$1 off=$2

	shift 2
	printf '%b' "$(printf '\\x%s' "$@")" |
		dd of="$image" bs=1 seek="$off" conv=notrunc status=none
}
be64()	# IMAGE OFFSET
{
	echo $((0x$(od -An -tx8 --endian=big -j "$2" -N 8 "$1" | tr -d ' ')))
}

# A cluster that nothing refers to any more, and one that nobody counts.
qemu-img create -q -f qcow2 leak.qcow2 8M
qemu-io -c 'write -P 1 0 192k' leak.qcow2 > log
cp leak.qcow2 bad.qcow2
l2=$(($(be64 leak.qcow2 "$(be64 leak.qcow2 40)") & 0xfffffffffffe00))
put leak.qcow2 $((l2 + 8)) 0 0 0 0 0 0 0 0
check 'a leak is no error' status 0 '1 cluster: they take space' leak.qcow2
check 'a leak is counted' as_qemu leak.qcow2
cluster=$((($(be64 bad.qcow2 $((l2 + 8))) & 0xfffffffffffe00) / 65536))
block=$(be64 bad.qcow2 "$(be64 bad.qcow2 48)")
put bad.qcow2 $((block + cluster * 2)) 0 0
check 'a corruption is status 4' status 4 'corruption.* in the image file' \
	bad.qcow2
check 'a corruption is counted' as_qemu bad.qcow2
check 'it is named' jq -e '.image_check.notes | length > 0' ours.json
check 'nothing is written to it for the boot' status 4 'corruption' \
	--repair-boot bad.qcow2
for image in l1-past-end cluster-bits truncated-header snapshots-huge; do
	check "bad-$image" status 4 "bad-$image" "$images/bad-$image.qcow2"
done
for image in l2-past-end cluster-past-end truncated cluster-unaligned; do
	check "bad-$image" status 4 'corruption' "$images/bad-$image.qcow2"
done

# ---- and the boot

small_guest guest.img
qemu-img convert -O qcow2 guest.img guest.qcow2
for image in guest.img guest.qcow2; do
	check "$image: a guest that would not boot" status 5 \
		'would not boot under' $image
done
check 'both are told' jq -e '.image_check.corruptions == 0 and
	.boot_problem == null and (.kvm.boots | not)' out.json
cp guest.qcow2 broken.qcow2
block=$(be64 broken.qcow2 "$(be64 broken.qcow2 48)")
put broken.qcow2 $((block + 10)) 0 0
check 'corruptions count more than the boot' status 4 'corruption' broken.qcow2
check 'the boot is told all the same' jq -e '.kvm.reason' out.json

# No guest that we can follow: only the image file decides, where it can.
truncate -s 4M none.img gpt.img
sgdisk -n 1:2048:4095 gpt.img > log 2>&1
qemu-img convert -O qcow2 none.img none.qcow2
qemu-img convert -O qcow2 gpt.img gpt.qcow2
for image in none gpt; do
	check "$image.qcow2" status 0 'not checked' $image.qcow2
	check "$image.qcow2, why" jq -e '.boot_problem | length > 0' out.json
	check "$image.qcow2, --boot" status 3 "$image.qcow2" --boot $image.qcow2
	check "$image.img: nothing could be checked" status 3 "$image.img" \
		$image.img
done
qemu-img create -q -f qcow2 -b none.qcow2 -F qcow2 top.qcow2
check 'a backing file' status 0 'not checked: .*backing' top.qcow2
check 'a backing file, --boot' status 3 'backing' --boot top.qcow2
check 'LUKS' status 0 'is encrypted' "$images/unsupported-luks.qcow2"
check 'a partition that is not there' status 1 'no partition 7' none.qcow2@p7
check 'no such file' status 1 'No such file' nothing.qcow2
check 'a feature of the future' status 3 'time travel' \
	"$images/unsupported-feature.qcow2"

# ---- repair

# mended IMAGE NAME: what was counted is fixed, nothing is left to do for
# qemu-img either, and the content is what it was.
mended()
{
	local nr

	nr=$("$DISKWRIGHT" check --json "$1" 2> log | jq ".image_check.$2")
	qemu-img convert -O raw "$1" before.raw &&
		"$DISKWRIGHT" check --repair --json "$1" > fixed.json &&
		jq -e ".image_check | .${2}_fixed == $nr and $nr > 0 and
			.corruptions == 0 and .leaks == 0" fixed.json &&
		qemu-img check "$1" && qemu-img compare before.raw "$1" &&
		status 0 'consistent' "$1"
}
cp leak.qcow2 leak.text
check 'a leak' mended leak.qcow2 leaks
check 'a corruption' mended bad.qcow2 corruptions
check 'a second time there is nothing to do' status 0 'consistent' --repair \
	bad.qcow2
check 'it says what it did' sh -c \
	"'$DISKWRIGHT' check --repair leak.text | grep 'repaired *1 leaked'"
check 'repair, then the boot' status 5 'would not boot' --repair broken.qcow2
cp none.qcow2 ro.qcow2
chmod 444 ro.qcow2
chmod 755 .
read_only()
{
	! unprivileged "$DISKWRIGHT" check --repair ro.qcow2 2> err &&
		grep -qi permission err
}
check 'without the right to write' read_only
check '--force does not go with --repair' status 2 '.force' --force --repair \
	leak.qcow2
check 'raw: nothing to repair' status 3 'nothing to repair' --repair none.img
finish
