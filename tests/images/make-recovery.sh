#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes the filesystems that were cut off while in use (README.md), as root:
# a kernel writes them, and the image is copied under the mounted filesystem.
#
#   tests/images/make-recovery.sh
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'umount "$work/mnt" 2> /dev/null || :; rm -rf "$work"' EXIT
mkdir "$work/mnt"

# Files that stay, files that are removed and open, one that lost its end.
fill()
{
	local i fd

	mkdir dir gone
	head -c 300000 /dev/zero | tr '\0' k > keep
	for i in 1 2 3 4 5 6 7 8; do
		head -c $((i * 7000)) /dev/zero | tr '\0' "$i" > "file$i"
		exec {fd}< "file$i"
	done
	exec {fd}< gone
	ln -s "$(printf '%0200d' 0)" link
	sync -f .
	rm file2 file4 file6 file8
	rmdir gone
	mv file1 dir/moved
	truncate -s 1000 file3
	sync -f .
	# Not committed any more: these have to be missing afterwards.
	echo late > late
}

# cut NAME MKFS-OPTIONS...
cut()
{
	local name=$1

	shift
	truncate -s 6M "$work/img"
	mke2fs -q -F -b 1024 -J size=1 -N 64 -U d00d0000-1111-2222-3333-444400000000 \
		"$@" "$work/img"
	mount -o loop "$work/img" "$work/mnt"
	(cd "$work/mnt" && fill && cp --sparse=always "$work/img" "$work/cut")
	umount "$work/mnt"
	gzip -9n < "$work/cut" > "$here/$name.img.gz"
	rm "$work/img" "$work/cut"
}

# An fsync on such a filesystem takes the short way into the journal.
fast_commit()
{
	truncate -s 8M "$work/img"
	mke2fs -q -F -b 1024 -J size=2 -N 64 -t ext4 -O fast_commit "$work/img"
	mount -o loop "$work/img" "$work/mnt"
	(
		cd "$work/mnt"
		echo first > file
		sync -f .
		echo second > other
		sync other
		cp --sparse=always "$work/img" "$work/cut"
	)
	umount "$work/mnt"
	gzip -9n < "$work/cut" > "$here/unsupported-fast-commit.img.gz"
	rm "$work/img" "$work/cut"
}

# A byte of what a transaction holds, changed after the fact.
bad_journal()
{
	local blk

	gzip -dc "$here/good-cut-ext4.img.gz" > "$work/img"
	blk=$(debugfs -R 'bmap <8> 2' "$work/img" 2> /dev/null)
	printf '\125' | dd of="$work/img" bs=1 seek=$((blk * 1024 + 700)) \
		conv=notrunc status=none
	gzip -9n < "$work/img" > "$here/bad-journal-block.img.gz"
}

cut good-cut-ext3 -t ext3 -I 128
cut good-cut-ext4 -t ext4
cut good-cut-orphan-file -t ext4 -O orphan_file,inline_data -I 256
fast_commit
bad_journal
ls -l "$here"/*cut* "$here"/*fast* "$here"/bad-journal*
