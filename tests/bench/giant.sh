#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a copy costs must follow what is used, not the size of the disk: 1 GiB
# in a filesystem of nearly 16 TiB beside as much in one of 10 GiB.
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/sources.sh"
need mke2fs dumpe2fs

# ext4 cannot hold a file of 16 TiB where the host's blocks are of 4 KiB.
giant_size=$((16 * 1024 - 1))G
mkdir "$work/tree"
for i in $(seq 100); do
	head -c 10M /dev/urandom > "$work/tree/$i"
done
for size in 10G $giant_size; do
	mke2fs -q -t ext4 -E root_owner=0:0 -d "$work/tree" \
		"$work/$size.img" "$size" > "$work/log" 2>&1 || {
		cat "$work/log"
		echo "bench: the host cannot hold a file of $size"
		exit 1
	}
	describe "$work/$size.img"
done
rm -r "$work/tree"
ours=("$DISKWRIGHT" convert --no-sync)
for _ in $(seq "$RUNS"); do
	for size in 10G $giant_size; do
		warm "$work/$size.img"
		fresh; once "convert $size to qcow2" "${ours[@]}" -O qcow2 \
			"$work/$size.img" "$out.qcow2"
	done
done
ratio "convert $giant_size to qcow2" 'convert 10G to qcow2' 3.00
fresh
peak "convert $giant_size to qcow2" 128 "${ours[@]}" -O qcow2 \
	"$work/$giant_size.img" "$out.qcow2"
