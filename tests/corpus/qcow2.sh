#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Foreign qcow2 images (CORPUS/lab-qcow2): each reads to the checksum that its
# maker's qemu-img gave, or is refused by name.
set -eu
corpus=$(realpath "${CORPUS:?names the folder of foreign images}")
. "$(dirname "$0")/../lib-formats.sh"
need xz tar sha256sum

if [ ! -d "$corpus/lab-qcow2" ]; then
	skip "qcow2: no folder $corpus/lab-qcow2"
	finish
fi
tar -xf "$corpus/lab-qcow2/qcow2-set.tar.xz"
folder=$(dirname "$(find . -name v3.qcow2)")

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

while read -r name sum rest; do
	case $name in
	*@*) continue ;;	# a snapshot inside
	*.qcow2) ;;
	*) continue ;;
	esac
	why=$(reason "$name")
	if [ -n "$why" ]; then
		check "$name is refused" refuses "$why" \
			"$imgtool" to-raw "$folder/$name" out
	else
		check "$name" reads_to "$folder/$name" "$sum"
	fi
done < "$corpus/lab-qcow2/EXPECT.txt"

# Made by another program.
if [ -e "$corpus/dfvfs/ext2.qcow2" ]; then
	gzip -dc "$corpus/dfvfs/ext2.raw.gz" > want
	check "dfvfs" reads_to "$corpus/dfvfs/ext2.qcow2" "$(sha want)"
fi
finish
