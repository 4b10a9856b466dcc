#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A copy of the used blocks loses nothing, and what was deleted stays behind.
# Everything here is made and judged by e2fsprogs and qemu-img.
set -eu
. "$(dirname "$0")/../lib-recover.sh"
need mke2fs e2fsck debugfs qemu-img jq gzip

cd "$work"
user_dir out
go="unprivileged $DISKWRIGHT convert"
deleted='deleted-means-deleted'

# fill FILE KIB WORD: a file of lines that hold the word.
fill()
{
	yes "$3 $RANDOM-$1" 2> /dev/null | head -c "$2K" > "$1" || :
}

make_tree()
{
	mkdir -p tree/dir/sub tree/gone/deep tree/many
	fill tree/kept 300 kept
	fill tree/dir/sub/kept 5 kept
	printf 'a few bytes' > tree/dir/small
	truncate -s 3M tree/sparse
	printf 'end' >> tree/sparse
	ln -s kept tree/short
	ln -s "$(printf '%0150d' 7)" tree/long
	ln tree/kept tree/hard
	mknod tree/pipe p
	for i in $(seq 150); do
		printf '%s' "$i" > "tree/many/a-name-of-some-length-$i"
	done
	fill tree/removed 700 "$deleted"
	fill tree/shortened 900 "$deleted"
	# Its first 128 KiB will stay.
	fill tree/head 128 kept
	dd if=tree/head of=tree/shortened conv=notrunc status=none
	rm tree/head
	fill tree/gone/one 64 "$deleted"
	fill tree/gone/deep/two 2000 "$deleted"
}

# delete_some IMAGE: as a kernel would have; xattrs are added as well.
delete_some()
{
	local bs

	bs=$(dumpe2fs -h "$1" 2> /dev/null | sed -n 's/^Block size: *//p')
	printf '%s\n' 'rm removed' 'rm gone/one' 'rm gone/deep/two' \
		'rmdir gone/deep' 'rmdir gone' \
		"punch shortened $((131072 / bs))" \
		'sif shortened size 131072' \
		"ea_set kept user.note $(printf '%060d' 9)" \
		'ea_set dir user.on_a_folder yes' |
		debugfs -w -f - "$1" > debugfs.out 2>&1
}

# reserve IMAGE: a file that is given 3 MiB and writes none of it; where files
# have extents.  Some of its blocks have to be deleted ones.
reserve()
{
	local bs blk

	bs=$(dumpe2fs -h "$1" 2> /dev/null | sed -n 's/^Block size: *//p')
	printf '%s\n' 'write /dev/null reserved' 'sif reserved size 3145728' \
		"fallocate reserved 0 $((3145728 / bs - 1))" |
		debugfs -w -f - "$1" > debugfs.out 2>&1
	for blk in $(debugfs -R 'blocks reserved' "$1" 2> /dev/null); do
		dd if="$1" bs="$bs" skip="$blk" count=1 status=none
	done > reserved
	debugfs -R 'ex reserved' "$1" 2> /dev/null | grep Uninit &&
		holds "$deleted" reserved
}

holds()
{
	grep -qaF "$1" "$2"
}

# nothing_lost A B: the same files, with all that a filesystem says of them.
nothing_lost()
{
	tree "$1" > a.tree && tree "$2" > b.tree && [ -s a.tree ] &&
		diff a.tree b.tree
}

# copies_used NAME IMAGE: the whole of it
copies_used()
{
	local name=$1 img=$2

	check "$name: used blocks are copied" $go -j3 "$img" out/x.raw
	check "$name: the copy is clean" clean out/x.raw
	check "$name: nothing is lost" nothing_lost "$3" out/x.raw
	check "$name: in qcow2" $go -O qcow2 --compress=zstd "$img" out/x.qcow2
	qemu-img convert -O raw out/x.qcow2 decoded
	check "$name: it holds the same" cmp out/x.raw decoded
}

make_tree
while read -r name size args; do
	# shellcheck disable=SC2086
	mke2fs -q -F $args -d tree $name.img $size > mke2fs.out 2>&1 || {
		bad "$name: $(cat mke2fs.out)"
		continue
	}
	delete_some $name.img
	case $name in
	ext4-noextents | ext4-inline) ;;
	ext4*)	check "$name: a file has deleted blocks, unwritten" \
			reserve $name.img ;;
	esac
	# debugfs does not count for quotas.
	e2fsck -fp $name.img > e2fsck.out 2>&1 || :
	check "$name: the source is clean" clean $name.img
	check "$name: it holds deleted data" holds "$deleted" $name.img
	copies_used $name $name.img $name.img
	check "$name: deleted data stayed behind" \
		sh -c "! grep -qaF '$deleted' decoded"
	check "$name: other data did not" holds 'kept' decoded
	rm -f $name.img out/* decoded
done <<- 'EOF'
	ext2-1k 40M -t ext2 -b 1024
	ext2-4k-rev0 40M -t ext2 -b 4096 -r 0
	ext3-1k-128 40M -t ext3 -b 1024 -I 128
	ext3-4k 40M -t ext3 -b 4096
	ext4 64M -t ext4 -b 4096
	ext4-1k 40M -t ext4 -b 1024
	ext4-64k 256M -t ext4 -b 65536
	ext4-nojournal 40M -t ext4 -O ^has_journal
	ext4-noextents 40M -t ext4 -O ^extents,^64bit
	ext4-uninit 64M -t ext4 -O ^metadata_csum,uninit_bg
	ext4-bigalloc 128M -t ext4 -b 4096 -O bigalloc -C 16384
	ext4-inline 64M -t ext4 -O inline_data
	ext4-metabg 64M -t ext4 -b 1024 -O meta_bg,^resize_inode
	ext4-orphanfile 64M -t ext4 -O orphan_file
	ext4-eainode 64M -t ext4 -O ea_inode
	ext4-sparse2 64M -t ext4 -O sparse_super2
	ext4-quota 64M -t ext4 -O quota,project
EOF

# Cut off from their kernel: what e2fsck makes of them.
for name in good-cut-ext3 good-cut-ext4 good-cut-orphan-file; do
	gzip -dc "$top/tests/images/$name.img.gz" > $name.img
	cp --sparse=always $name.img repaired
	e2fsck -fy repaired > /dev/null 2>&1 || [ $? -lt 4 ]
	sum=$(sha $name.img)
	copies_used $name $name.img repaired
	check "$name: the source is not written" [ "$(sha $name.img)" = "$sum" ]
	check "$name: the plan tells of its recovery" sh -c "
		$(declare -f unprivileged)
		$go -n $name.img out/y | grep -q 'replayed from the journal'"
	rm -f $name.img out/*
done

# ---- any doubt, and all of it is copied as it is

# in_full NAME NOTE IMAGE: the note is a pattern
in_full()
{
	check "$1: is copied" $go "$3" out/x.raw
	check "$1: every byte of it" cmp "$3" out/x.raw
	check "$1: the plan says why" sh -c "$(declare -f unprivileged)
		$go -n --json $3 out/y | jq -r '.plan.areas[].note' |
		tee note.out | grep -qE '$2' || { cat note.out; exit 1; }"
	rm -f out/*
}

mke2fs -q -t ext4 -d tree base.img 40M > mke2fs.out 2>&1
delete_some base.img
check 'without doubt it is not' sh -c "$(declare -f unprivileged)
	$go base.img out/x.raw && ! cmp -s base.img out/x.raw"
rm -f out/*

doubt()		# NAME NOTE DEBUGFS-COMMAND...
{
	cp --sparse=always base.img doubt.img
	printf '%s\n' "${@:3}" | debugfs -w -f - doubt.img > debugfs.out 2>&1
	in_full "$1" "$2" doubt.img
}

block=$(debugfs -R 'bmap kept 3' base.img 2> /dev/null)
inode=$(debugfs -R 'stat dir/sub/kept' base.img 2> /dev/null |
	sed -n 's/^Inode: \([0-9]*\).*/\1/p')
doubt 'marked as having errors' 'errors' 'ssv state 3'
doubt 'a block in use but marked free' "block $block first" "freeb $block"
doubt 'a damaged inode' '1 inodes are damaged' \
	"sif <$inode> block[2] 0xffffffff" "sif <$inode> block[0] 0x1234"
doubt 'an unknown feature' 'FEATURE_I2[0-9]' 'feature FEATURE_I28'
doubt 'an external journal' 'journal' 'feature -has_journal' \
	'feature has_journal' 'ssv journal_inum 0' \
	'ssv journal_uuid 01234567-89ab-cdef-0123-456789abcdef' \
	'feature needs_recovery'
for name in bad-journal-block unsupported-fast-commit; do
	gzip -dc "$top/tests/images/$name.img.gz" > doubt.img
	in_full $name 'journal' doubt.img
done
mke2fs -q -F -t ext4 -b 4096 -O mmp doubt.img 40M
mmp=$(dumpe2fs -h doubt.img 2> /dev/null | sed -n 's/^MMP block number: *//p')
printf '\001' | dd of=doubt.img bs=1 seek=$((mmp * 4096 + 4)) conv=notrunc \
	status=none
in_full 'in use by another node' 'MMP' doubt.img

# A superblock as a member of a RAID 1 has it at its end (metadata 0.90).
cp --sparse=always base.img doubt.img
printf '\374N+\251\0\0\0\0\132\0\0\0' | dd of=doubt.img bs=1 \
	seek=$((40 * 1048576 - 65536)) conv=notrunc status=none
in_full 'a half of a mirror' 'linux_raid_member' doubt.img

check 'all blocks: nothing is recovered' sh -c "$(declare -f unprivileged)
	gzip -dc '$top/tests/images/good-cut-ext4.img.gz' > cut.img
	$go --all-blocks cut.img out/cut.raw && cmp cut.img out/cut.raw"
finish
