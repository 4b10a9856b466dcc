#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Partition tables that sfdisk and sgdisk make read as these print them.
set -eu
. "$(dirname "$0")/../lib-formats.sh"
need sfdisk sgdisk

# Our list equals that of sfdisk, and is not empty.
agrees()
{
	part_list "$1" > ours
	cat log
	sfdisk -d "$1" 2> /dev/null | tr -d ' ' |
		sed -n "s/^$1\([0-9]*\):start=\([0-9]*\),size=\([0-9]*\),.*/\1 \2 \3/p" |
		sort -n > theirs
	[ -s theirs ] && diff theirs ours
}

# table NAME SIZE, script on stdin
table()
{
	truncate -s "$2" "$1"
	sfdisk -q --no-tell-kernel "$1" > /dev/null
	check "$1" agrees "$1"
}

table one 64M <<-E
	label: dos
	start=2048, type=83, bootable
E
table gaps 64M <<-E
	label: dos
	2 : start=2048, size=2048, type=83
	4 : start=90000, size=100, type=82
E
{
	echo 'label: dos'
	echo 'start=2048, size=2048, type=83'
	echo 'start=4096, type=f'
	for ((i = 0; i < 20; i++)); do
		echo 'size=3000, type=83'
	done
} | table logical 64M
table gpt 64M <<-E
	label: gpt
	start=2048, size=2048, name="x"
	size=4096
	5 : size=10000
E
{
	echo 'label: gpt'
	echo 'table-length: 512'
	for ((i = 0; i < 200; i++)); do
		echo 'size=64'
	done
} | table gptmany 300M

# sgdisk's way of making the same.
truncate -s 64M sg
sgdisk -n 1:2048:+8M -c 1:first -n 7:0:+1M -n 3:0:0 sg > /dev/null
check "by sgdisk" agrees sg

# Only the copy at the end is left.
cp gpt gptbackup
dd if=/dev/zero of=gptbackup bs=512 seek=1 count=33 conv=notrunc status=none
part_list gpt > ours
part_list gptbackup > theirs
check "the backup has the same partitions" diff ours theirs
check "the use of the backup is told" grep -q '^gpt .* backup$' log

# sgdisk's hybrid MBR is still a GPT.
cp gpt hybrid
sgdisk -h 1:2 hybrid > /dev/null
check "a hybrid MBR" agrees hybrid

# A disk that was cut: its partitions end past the end.
for name in one gpt; do
	cp $name cut
	truncate -s 40000 cut
	check "$name, cut" refuses '^code -4' "$imgtool" parts cut
done

finish
