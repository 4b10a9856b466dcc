#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Snapshots inside qcow2 images: each reads as qemu-img reads it, by id and by
# name, and those that are damaged or not there are refused.
set -eu
. "$(dirname "$0")/../lib-formats.sh"
need qemu-img qemu-io mke2fs debugfs

tool=$BUILD/tests/unit/qcow2tool
[ -x "$tool" ] || make -s -C "$top" BUILD="$BUILD" "$tool"
images=$top/tests/images

# as_qemu IMAGE NAME ID
as_qemu()
{
	qemu-img convert -f qcow2 -O raw -l "snapshot.name=$2" "$1" want &&
		"$tool" read "$1@snap:$2" out && cmp want out &&
		"$tool" read "$1@snap:$3" out && cmp want out
}

for o in compat=0.10,cluster_size=512 cluster_size=512 cluster_size=65536 \
	 cluster_size=2097152 extended_l2=on refcount_bits=8; do
	qemu-img create -q -f qcow2 -o $o s.qcow2 3000832
	qemu-io -c 'write -P 1 0 1M' s.qcow2 > log
	qemu-img snapshot -c one s.qcow2
	qemu-io -c 'write -P 2 500k 1M' -c 'write -z 0 64k' s.qcow2 > log
	qemu-img snapshot -c 'at 10:30' s.qcow2
	qemu-io -c 'discard 1M 1M' -c 'write -P 3 2900k 10k' s.qcow2 > log
	for s in 1:one '2:at 10:30'; do
		check "$o: snapshot ${s#*:}" as_qemu s.qcow2 "${s#*:}" "${s%%:*}"
	done
	qemu-img convert -f qcow2 -O raw s.qcow2 want
	check "$o: the disk of now" \
		eval '"$tool" read s.qcow2 out && cmp want out'
done

# A snapshot has the size that the disk had; an id goes before a name.
qemu-img create -q -f qcow2 grown.qcow2 1M
qemu-io -c 'write -P 1 0 1M' grown.qcow2 > log
qemu-img snapshot -c 2 grown.qcow2
qemu-img resize -q grown.qcow2 3M
qemu-io -c 'write -P 2 0 3M' grown.qcow2 > log
qemu-img snapshot -c two grown.qcow2
check 'the size of then' eval '"$tool" read grown.qcow2@snap:1 out &&
	[ "$(stat -c %s out)" = 1048576 ]'
check 'an id goes before a name' eval '"$tool" read grown.qcow2@snap:2 out &&
	[ "$(stat -c %s out)" = 3145728 ]'

# Through the layers: a file as it was.
mkdir tree
echo before > tree/file
mke2fs -q -t ext4 -d tree fs.img 4M > log 2>&1
qemu-img convert -f raw -O qcow2 fs.img fs.qcow2
qemu-img snapshot -c 'then' fs.qcow2
echo after > file
put_file fs.img file /file
qemu-img convert -n -f raw -O qcow2 fs.img fs.qcow2
cat_is()
{
	[ "$("$DISKWRIGHT" cat "$1")" = "$2" ]
}
check 'a file of now' cat_is fs.qcow2:/file after
check 'a file of then' cat_is fs.qcow2@snap:then:/file before

# fails STATUS TEXT ARGUMENT...
fails()
{
	local status=$1 text=$2 rc=0

	shift 2
	"$DISKWRIGHT" "$@" > log 2>&1 || rc=$?
	cat log
	[ $rc = "$status" ] && [ "$(wc -l < log)" = 1 ] && grep -q "$text" log
}
check 'none of that name' fails 1 '"three" among the 2' \
	map grown.qcow2@snap:three
check 'raw has none' fails 1 'no snapshots' map fs.img@snap:one
check 'not behind a partition' fails 2 'only an image' map s.qcow2@p1@snap:one
check 'a snapshot is not written' eval '! "$DISKWRIGHT" check --repair-boot \
	fs.qcow2@snap:then > log 2>&1 && grep "snapshot cannot be changed" log'
check 'an L1 table outside the file' fails 4 'L1 table' \
	map "$images/bad-snapshot-l1.qcow2@snap:one"
check 'the disk of now all the same' "$DISKWRIGHT" map \
	"$images/bad-snapshot-l1.qcow2"
check 'extra data without end' fails 4 'extra data' \
	map "$images/bad-snapshot-extra.qcow2@snap:one"

finish
