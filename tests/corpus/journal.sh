#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# e2fsprogs' own images with journals and orphans (CORPUS/e2fsprogs): replay
# alone equals e2fsck -E journal_only, and the whole leaves e2fsck nothing.
set -eu
corpus=$(realpath "${CORPUS:?names the folder of foreign images}")
. "$(dirname "$0")/../lib-recover.sh"
need e2fsck dumpe2fs debugfs gzip bzip2 zstd

tests=$corpus/e2fsprogs/tests
if [ ! -d "$tests" ]; then
	skip "journal: no folder $tests"
	finish
fi
cd "$work"

unpack()	# NAME: to NAME.img
{
	local other=$corpus/ext4-view-rs/test_data/$1.bin.zst

	if [ -f "$other" ]; then
		zstd -qdf "$other" -o "$1.img"
	elif [ -f "$tests/$1/image.gz" ]; then
		gzip -dc "$tests/$1/image.gz" > "$1.img"
	else
		bzip2 -dc "$tests/$1/image.bz2" > "$1.img"
	fi
}

# e2fsck's journal_only releases orphans as well, so these are not here.
replays_like_e2fsck()
{
	recover "$1.img" ours -j
	cp --sparse=always "$1.img" theirs
	e2fsck -y -E journal_only theirs > /dev/null 2>&1 || [ $? -lt 4 ]
	same_but_supers ours theirs
}

recovers_clean()
{
	recover "$1.img" ours
	clean ours
}

refused()	# NAME STATUS TEXT
{
	local rc=0

	recover "$1.img" ours > out 2>&1 || rc=$?
	cat out
	cmp "$1.img" ours
	[ $rc = "$2" ] && grep -q "$3" out
}

for name in test_disk_4k_block_journal f_jnl_64bit j_corrupt_commit_csum j_corrupt_commit_tid \
	j_corrupt_descr_tid j_corrupt_journal_block j_corrupt_revoke_block \
	j_corrupt_revoke_csum j_corrupt_revoke_rcount j_recover_csum2_32bit \
	j_recover_csum2_64bit j_recover_csum3_64bit; do
	unpack $name
	check "$name: replay equals e2fsck's" replays_like_e2fsck $name
done
for name in test_disk_4k_block_journal f_clear_orphan_file f_jnl_64bit f_orphan \
	f_orphan_extents_inode \
	j_corrupt_commit_tid j_corrupt_descr_tid j_corrupt_revoke_block \
	j_corrupt_revoke_csum j_recover_csum3_64bit; do
	unpack $name
	check "$name: clean afterwards" recovers_clean $name
done
while read -r name status text; do
	unpack "$name"
	check "$name: refused" refused "$name" "$status" "$text"
done << EOF
j_recover_fast_commit 3 journal holds fast commits
f_ext_journal 3 external journal
j_ext_dumpe2fs 3 external journal
f_orphquot 3 feature quota
j_corrupt_sb_csum 4 checksum of its superblock
j_corrupt_sb_magic 4 no superblock
j_recover_csum2_32bit 4 bitmap checksum
j_recover_csum2_64bit 4 bitmap checksum
EOF
finish
