#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Foreign qcow2 images (CORPUS/lab-qcow2): each reads to the checksum that its
# maker's qemu-img gave, its snapshots too, or is refused by name; those that
# name files read with leave to open them.  A check counts as qemu-img does.
set -eu
corpus=$(realpath "${CORPUS:?names the folder of foreign images}")
. "$(dirname "$0")/../lib-formats.sh"
need xz tar sha256sum jq

if [ ! -d "$corpus/lab-qcow2" ]; then
	skip "qcow2: no folder $corpus/lab-qcow2"
	finish
fi
tar -xf "$corpus/lab-qcow2/qcow2-set.tar.xz"
folder=$(realpath "$(dirname "$(find . -name v3.qcow2)")")
tool=$BUILD/tests/unit/qcow2tool
[ -x "$tool" ] || make -s -C "$top" BUILD="$BUILD" "$tool"

# Why an image is refused that QEMU, with all its files, reads.
reason()
{
	case $1 in
	aes.qcow2) echo 'code -5.*AES' ;;
	luks.qcow2) echo 'code -5.*LUKS' ;;
	unknown-incompat.qcow2) echo 'code -5.*bit 5' ;;
	top.qcow2) echo 'code -6.*"base.qcow2"' ;;
	topraw.qcow2) echo 'code -6.*"base.raw"' ;;
	v3-ext.qcow2) echo 'code -6.*"ext.data"' ;;
	v3-extraw.qcow2) echo 'code -6.*"extraw.data"' ;;
	esac
}

reads_to()	# IMAGE SHA256
{
	"$imgtool" to-raw "$1" out && [ "$(sha out)" = "$2" ]
}

# A locator, with leave to open what the image names.
locator_reads_to()	# LOCATOR SHA256
{
	BACKING=$folder "$tool" read "$1" out && [ "$(sha out)" = "$2" ]
}

# One line of NAME=N each, without what is 0: qemu-img leaves that out.
counts_as_qemu()	# IMAGE
{
	qemu-img check --output=json "$1" | jq -r 'del(.filename, .format,
		."check-errors") | to_entries[] | "\(.key)=\(.value)"' |
		sort > theirs
	"$tool" check "$1" | sed 1q | tr ' ' '\n' | grep -v '=0$' |
		sort > ours
	diff -u theirs ours
}

while read -r name sum rest; do
	case $name in
	*@*)	check "$name" locator_reads_to \
			"$folder/${name%%@*}@snap:${name#*@}" "$sum"
		continue ;;
	*.qcow2) ;;
	*) continue ;;
	esac
	why=$(reason "$name")
	if [ -n "$why" ]; then
		check "$name is refused" refuses "$why" \
			"$imgtool" to-raw "$folder/$name" out
		[ "$sum" = REFUSED: ] || check "$name with leave" \
			locator_reads_to "$folder/$name" "$sum"
	else
		check "$name" reads_to "$folder/$name" "$sum"
	fi
	[ "$sum" = REFUSED: ] || ! command -v qemu-img > /dev/null ||
		check "$name: the same counts" counts_as_qemu "$folder/$name"
done < "$corpus/lab-qcow2/EXPECT.txt"

# Made by another program.
if [ -e "$corpus/dfvfs/ext2.qcow2" ]; then
	gzip -dc "$corpus/dfvfs/ext2.raw.gz" > want
	check "dfvfs" reads_to "$corpus/dfvfs/ext2.qcow2" "$(sha want)"
fi
finish
