#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Filesystems that a kernel was cut off from, from tests/images: the journal
# replayed as e2fsprogs replays it, no orphans left, nothing else changed.
set -eu
. "$(dirname "$0")/../lib-recover.sh"
need e2fsck dumpe2fs debugfs gzip
cd "$work"

unpack()
{
	gzip -dc "$top/tests/images/$1.img.gz" > "$1.img"
}

# debugfs replays a journal and does nothing else.
replays_like_debugfs()
{
	recover "$1.img" ours -j
	cp --sparse=always "$1.img" theirs
	debugfs -w -R 'journal_run' theirs
	same_but_supers ours theirs
}

recovers_clean()
{
	recover "$1.img" ours
	clean ours
}

same_tree()
{
	recover "$1.img" ours
	cp --sparse=always "$1.img" theirs
	e2fsck -fy theirs > /dev/null 2>&1 || [ $? -lt 4 ]
	tree ours > ours.tree
	tree theirs > theirs.tree
	grep -q keep ours.tree
	! grep -q late ours.tree
	diff ours.tree theirs.tree
}

# A source is never written: recovery goes to what lies over it.
source_stays()
{
	local sum

	sum=$(sha "$1.img")
	recover "$1.img" ours
	[ "$(sha "$1.img")" = "$sum" ]
}

twice_the_same()
{
	recover "$1.img" ours
	recover "$1.img" again
	cmp ours again
	recover ours again | grep 'transactions 0 .*deleted 0 .*changed 0 '
}

for name in good-cut-ext3 good-cut-ext4 good-cut-orphan-file; do
	unpack $name
	check "$name: replay equals debugfs'" replays_like_debugfs $name
	check "$name: clean afterwards" recovers_clean $name
	check "$name: the tree that e2fsck gives" same_tree $name
	check "$name: the image is not written" source_stays $name
	check "$name: the same twice, then nothing to do" twice_the_same $name
done

tells_damage()
{
	recover bad-journal-block.img ours > out
	grep "bad 1 .*damage 'journal: 1 blocks" out
	dumpe2fs -h ours 2> /dev/null | grep 'Filesystem state:.*with errors'
	replays_like_debugfs bad-journal-block
}

stops_a_conversion()
{
	local rc=0

	"$DISKWRIGHT" dualboot bad-journal-block.img out.img > out 2>&1 ||
		rc=$?
	cat out
	[ $rc = 4 ] && grep -q 'wrong checksum.*e2fsck' out && [ ! -e out.img ]
}

refuses_fast_commits()
{
	local rc=0

	recover unsupported-fast-commit.img ours > out 2>&1 || rc=$?
	cat out
	[ $rc = 3 ] && grep -q 'journal holds fast commits' out &&
		cmp unsupported-fast-commit.img ours
}

unpack bad-journal-block
unpack unsupported-fast-commit
check "a block with a wrong checksum is left out and told" tells_damage
check "such a filesystem is not converted" stops_a_conversion
check "fast commits are refused by name" refuses_fast_commits
finish
