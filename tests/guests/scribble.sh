#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# First process of a guest that will be cut off: keeps unlinked files open,
# appends by direct I/O (ext4 lists such an inode as an orphan, to be
# truncated, while the write runs) and commits all the time.
mount -t proc proc /proc
mount -o remount,rw,commit=1 /
cd /srv/scribble || exit 1

hold()
{
	# shellcheck disable=SC2217
	sleep 100000 < "$1" &
}

for f in kept.*; do
	hold "$f"
	rm "$f"
done

append()
{
	while :; do
		dd if=/dev/zero of="grow.$1" oflag=append,direct conv=notrunc \
			bs=512k count=24
		mv "grow.$1" "done.$1"
	done 2> /dev/null
}

churn()
{
	while :; do
		mkdir -p tree/a/b/c
		cp -a /etc tree/a/b/c/etc
		ln -s a/b tree/link
		mv tree/a/b/c/etc tree/a/moved
		hold tree/a/moved/passwd
		rm -r tree
	done
}

commit()
{
	while :; do
		sync
		echo "scribbling"
	done
}

for i in 1 2 3 4; do append "$i" & done
churn &
commit
