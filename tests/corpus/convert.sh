#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every foreign image that holds an ext filesystem is converted: what e2fsck
# calls clean is clean afterwards, with the same files; what it mends, it mends
# in the copy to the same files; what is copied in full is the same bytes.
set -eu
corpus=$(realpath "${CORPUS:?names the folder of foreign images}")
. "$(dirname "$0")/../lib-recover.sh"
need e2fsck gzip bzip2 xz zstd jq timeout

[ -d "$corpus" ] || {
	echo "skip convert: no folder $corpus"
	exit 77
}
cd "$work"
# e2fsck stamps what it mends.
export E2FSCK_TIME=1700000000

unpack()
{
	case $1 in
	*.gz)	gzip -dc "$1" ;;
	*.bz2)	bzip2 -dc "$1" ;;
	*.xz)	xz -dc "$1" ;;
	*.zst)	zstd -qdc "$1" ;;
	*)	cat "$1" ;;
	esac > image
}

# What e2fsck leaves: its files, or nothing where it gives up, too.
mended()	# IMAGE TREE
{
	local rc=0

	cp --sparse=always "$1" mended
	timeout 60 e2fsck -fy mended > fsck.out 2>&1 || rc=$?
	[ $rc -lt 4 ] || { : > "$2"; return 0; }
	timeout 60 "$BUILD/tests/helpers/exttree" mended > "$2" 2>&1 ||
		: > "$2"
}

is_clean()
{
	timeout 60 e2fsck -fn "$1" > fsck.out 2>&1 &&
		! grep -qE 'wrong|Fix|Clear' fsck.out
}

copy_is_good()
{
	if [ "$(jq '.plan.areas | map(select(.note)) | length' plan.json)" \
		!= 0 ]; then
		echo "as it is: $(jq -c '.plan.areas[].note' plan.json)"
		cmp image copy.raw
		return
	fi
	mended image a.tree
	mended copy.raw b.tree
	diff a.tree b.tree || return 1
	is_clean image || return 0
	[ -s b.tree ] || { cat fsck.out; return 1; }
	is_clean copy.raw || { cat fsck.out; return 1; }
}

clean_nr=0 full_nr=0
one()		# NAME
{
	local rc=0

	rm -f copy.raw
	timeout 60 "$DISKWRIGHT" convert --no-sync --json image copy.raw \
		> plan.json 2> err || rc=$?
	if [ $rc != 0 ]; then
		bad "$1: status $rc, $(cat err)"
		return
	fi
	check "$1" copy_is_good
	[ ! -s a.tree ] || ! is_clean image || clean_nr=$((clean_nr + 1))
	jq -e '[.plan.areas[].note // empty] == []' plan.json > jq.out ||
		full_nr=$((full_nr + 1))
	: > a.tree
}

while read -r file; do
	unpack "$file"
	one "${file#"$corpus"/}"
done < <(find "$corpus" -path '*/e2fsprogs/tests/*/image.*' -o \
	-path '*/ext4-view-rs/*.zst' -o -name 'ext[234]*.xz' -o \
	-name 'ext2.raw.gz' -o -name 'mbr-ext2-empty.img.gz' | sort)
echo "clean by e2fsck: $clean_nr, copied in full: $full_nr"
finish
