#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# info: what qemu-img info says, of every kind of image; nothing is opened.
set -eu
. "$(dirname "$0")/../lib-formats.sh"
need qemu-img qemu-io jq gzip xz zstd

# Both say the same in the members that both have.
# shellcheck disable=SC2016
theirs='."format-specific".data as $q | {
	format: .format, size: ."virtual-size", stored: ."actual-size",
	cluster: ."cluster-size",
	version: (if $q.compat == "1.1" then 3
		elif $q.compat == "0.10" then 2 else null end),
	compression: $q."compression-type",
	lazy: ($q."lazy-refcounts" // false), bits: $q."refcount-bits",
	extl2: ($q."extended-l2" // false), corrupt: ($q.corrupt // false),
	dirty: (."dirty-flag" // false),
	encryption: ($q.encrypt.format // null),
	backing: ."backing-filename", backing_format: ."backing-filename-format",
	data: $q."data-file",
	snapshots: ((.snapshots // []) | map({
		id, name, state: ."vm-state-size",
		time: ."date-sec", ns: ."date-nsec",
		clock: (."vm-clock-sec" * 1000000000 + ."vm-clock-nsec") })) }'
ours='{ format, size, stored: .stored_size, cluster: .cluster_size, version,
	compression: (if .version == 2 then null else .compression end),
	lazy: .lazy_refcounts, bits: .refcount_bits, extl2: .extended_l2,
	corrupt, dirty,
	encryption: (if .encryption then .encryption | ascii_downcase
		else null end),
	backing: .backing_file, backing_format, data: .data_file,
	snapshots: (.snapshots | map({ id, name, state: .vm_state_size, time,
		ns: .time_ns, clock: .vm_clock_ns })) }'

as_qemu()
{
	qemu-img info --output=json "$1" > theirs.json &&
		"$DISKWRIGHT" info --json "$1" > ours.json &&
		jq -S "$theirs | if .version == 2 then .compression = null
			else . end" theirs.json > theirs.txt &&
		jq -S "$ours" ours.json > ours.txt &&
		diff -u theirs.txt ours.txt
}

make_raw raw
for o in compat=0.10 compat=1.1 cluster_size=512 cluster_size=2M \
	 compression_type=zstd extended_l2=on lazy_refcounts=on \
	 refcount_bits=1 refcount_bits=64 preallocation=metadata; do
	qemu-img convert -f raw -O qcow2 -o $o raw i.qcow2
	check "$o" as_qemu i.qcow2
done
check 'raw, with holes' as_qemu raw
truncate -s 0 empty.img
check 'an empty file' as_qemu empty.img

name=$(printf 'na me\tb\001')
qemu-img create -q -f qcow2 snap.qcow2 64M
for n in 1 2 3; do
	qemu-io -c "write -P $n ${n}M 100k" snap.qcow2 > /dev/null
	qemu-img snapshot -c "$name$n" snap.qcow2
done
qemu-img snapshot -d "${name}2" snap.qcow2
qemu-img resize -q snap.qcow2 128M
check 'snapshots' as_qemu snap.qcow2
check 'the size of the disk then' jq -e '.size == 134217728 and
	all(.snapshots[]; .disk_size == 67108864)' ours.json
check 'their names are escaped' sh -c "'$DISKWRIGHT' info snap.qcow2 |
	grep -F 'na me\\x09b\\x013'"

# Other formats, as far as both tell the same.
sizes_as_qemu()	# QEMU'S-NAME FORMAT SUBFORMAT IMAGE
{
	qemu-img info --output=json -f "$1" "$4" > theirs.json &&
		"$DISKWRIGHT" info --json "$4" > ours.json &&
		jq '[."virtual-size", ."actual-size", ."cluster-size"]' \
			theirs.json > theirs.txt &&
		jq '[.size, .stored_size, .cluster_size]' ours.json > ours.txt &&
		diff theirs.txt ours.txt && jq -e ".format == \"$2\" and
			.subformat == \"$3\"" ours.json
}
while read -r alias format sub; do
	qemu-img convert -f raw -O "$alias" -o "subformat=$sub" raw other
	check "$format, $sub" sizes_as_qemu "$alias" "$format" "$sub" other
done <<-EOF
	vpc	vhd	dynamic
	vpc	vhd	fixed
	vmdk	vmdk	monolithicSparse
	vmdk	vmdk	streamOptimized
EOF
for pack in gzip xz zstd; do
	$pack -c raw > packed
	check "raw in $pack" sh -c "'$DISKWRIGHT' info --json packed |
		jq -e '.format == \"$pack\" and .size == 6000128 and
			.file_size == $(stat -c %s packed)'"
done

# What it names is not there, and nobody looks for it.
truncate -s 3M base.img data.img
qemu-img create -q -f qcow2 -b base.img -F raw top.qcow2
qemu-img create -q -f qcow2 -o data_file=data.img data.qcow2 1M
# On a busy machine it fails at times: "Unable to get accurate CPU usage".
for ((i = 0; i < 10; i++)); do
	qemu-img create -q --object secret,id=s,data=x -f qcow2 -o \
		encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10 \
		luks.qcow2 1M 2> /dev/null && break
done
check 'a backing file' as_qemu top.qcow2
check 'a data file' as_qemu data.qcow2
check 'LUKS' as_qemu luks.qcow2
rm base.img
mkfifo base.img
check 'a backing file that would hang us' timeout 10 "$DISKWRIGHT" info \
	top.qcow2
rm base.img data.img
for image in top data luks; do
	check "$image, alone" "$DISKWRIGHT" info $image.qcow2
done
check 'text names the backing file' sh -c "'$DISKWRIGHT' info top.qcow2 |
	grep -x '              base.img'"

images=$top/tests/images
for image in "$images"/good-*.qcow2; do
	check "${image##*/}" as_qemu "$image"
done

# fails STATUS TEXT ARGUMENT...: one line.
fails()
{
	local status=$1 text=$2 rc=0

	shift 2
	"$DISKWRIGHT" info "$@" > out 2> err || rc=$?
	cat out err
	[ $rc = "$status" ] && [ "$(wc -l < err)" = 1 ] && [ ! -s out ] &&
		grep -q "$text" err
}
check 'version 4' fails 3 'version 4' "$images/unsupported-version.qcow2"
check 'a feature of the future' fails 3 'time travel' \
	"$images/unsupported-feature.qcow2"
for image in cluster-bits size l1-huge refcount-order header-length \
	     snapshots-huge truncated-header; do
	check "bad-$image" fails 4 "bad-$image.qcow2" "$images/bad-$image.qcow2"
done
check 'no such file' fails 1 'No such file' none
check 'a part of a disk' fails 2 'image that counts' i.qcow2@p1
check 'raw by name' sh -c "'$DISKWRIGHT' info --format=raw --json i.qcow2 |
	jq -e '.format == \"raw\" and .size == .file_size'"
check 'qcow2 by name' fails 3 'magic' --format=qcow2 raw
finish
