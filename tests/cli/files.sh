#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# ls and cat: what is inside an image, reached by every kind of locator.
set -eu
. "$(dirname "$0")/../lib.sh"
need mke2fs debugfs sfdisk qemu-img

cd "$work"
mkdir -p tree/etc/sub tree/many
echo '/dev/xvda1 / ext4' > tree/etc/fstab
ln -s /etc tree/abs
ln -s abs/fstab tree/chain
ln -s nowhere tree/dangling
ln -s loop tree/loop
head -c 3000000 /dev/urandom > tree/big
truncate -s 200K tree/holes
echo end >> tree/holes
(cd tree/many && seq -f 'name-%05g' 3000 | xargs touch)
mke2fs -q -t ext4 -d tree fs.img 24M > mke2fs.out
truncate -s 26M disk.img
echo '2048,,83' | sfdisk -q disk.img
dd if=fs.img of=disk.img bs=1M seek=1 conv=notrunc status=none
qemu-img convert -c -O qcow2 disk.img disk.qcow2
cp disk.img 'odd@p1:name.img'
before=$(sha fs.img)

same()
{
	"$DISKWRIGHT" cat "$1" | cmp - "$2"
}

check 'cat' same fs.img:/big tree/big
check 'cat of a file with holes' same fs.img:/holes tree/holes
check 'cat in a partition' same disk.img@p1:/big tree/big
check 'cat in a compressed qcow2' same disk.qcow2@p1:/big tree/big
check 'cat through links that start at the root' same fs.img:/chain \
	tree/etc/fstab
check 'cat with .. above the root' same fs.img:/../../etc/fstab \
	tree/etc/fstab
check 'cat of an image whose name holds @ and :' \
	same 'odd@p1:name.img@p1:/etc/fstab' tree/etc/fstab
check 'cat of two files' bash -c "'$DISKWRIGHT' cat fs.img:/big \
	fs.img:/etc/fstab | cmp - <(cat tree/big tree/etc/fstab)"
check 'ls by name' bash -c "'$DISKWRIGHT' ls fs.img |
	cmp - <((ls -A tree; echo lost+found) | sort)"
check 'ls of 3000 names' bash -c "'$DISKWRIGHT' ls disk.img@p1:/many |
	cmp - <(ls tree/many)"
check 'ls follows a link to a directory' \
	test "$("$DISKWRIGHT" ls fs.img:/abs)" = "$(ls tree/etc)"
check 'ls -l of one file' bash -c "'$DISKWRIGHT' ls -l fs.img:/big |
	grep -qE '^-rw-r--r-- +[0-9]+ +[0-9]+ +3000000 20.* /big\$'"
check 'ls -l of a link that leads nowhere' bash -c "'$DISKWRIGHT' ls -l \
	fs.img:/dangling | grep -q '^lrwxrwxrwx.* /dangling -> nowhere\$'"

# refused STATUS TEXT ARGUMENT...
refused()
{
	local want=$1 text=$2 got=0

	shift 2
	"$DISKWRIGHT" "$@" > out 2> err || got=$?
	if [ "$got" = "$want" ] && [ "$(wc -l < err)" = 1 ] &&
	   grep -qF -- "$text" err; then
		ok "$want: $*"
	else
		bad "$want: $*: status $got, $(cat err)"
	fi
}

refused 1 'no such file' cat fs.img:/none
refused 1 'no such file' ls fs.img:/none
refused 1 'fs.img' cat fs.img:/dangling
refused 1 'fs.img' cat fs.img:/etc/fstab/x
refused 2 'is a directory' cat fs.img:/etc
refused 2 'no path inside' cat fs.img
refused 2 'disk.img@p1' ls disk.img
truncate -s 1M none.img
refused 3 'no filesystem' ls none.img
if [ -w /dev/full ]; then
	check 'standard output full' sh -c "'$DISKWRIGHT' cat fs.img:/big \
		> /dev/full 2> err; [ \$? = 1 ] && grep -q 'No space' err"
fi
check 'a reader that leaves early ends it quietly' bash -c "
	'$DISKWRIGHT' cat fs.img:/big 2> err | head -c 1 > /dev/null
	[ ! -s err ]"

# A journal that holds what the disk lacks: seen, and not written.
cp fs.img dirty.img
printf 'new content, only in the journal\n' > block
truncate -s 4K block
inode_blk=$(debugfs -R 'blocks /etc/fstab' fs.img 2> /dev/null | tr -d ' ')
len=$(dumpe2fs -h fs.img 2> /dev/null | sed -n 's/^Block size: *//p')
truncate -s "$len" block
printf 'jo\njw -b %s block\njc\n' "$inode_blk" |
	debugfs -w -f - dirty.img > debugfs.out 2>&1
dirty=$(sha dirty.img)
check 'cat sees what the journal holds' bash -c "'$DISKWRIGHT' cat \
	dirty.img:/etc/fstab | cmp - <(head -c 18 block)"
check 'the dirty image is unchanged' test "$(sha dirty.img)" = "$dirty"
check 'the image is unchanged' test "$(sha fs.img)" = "$before"
finish
