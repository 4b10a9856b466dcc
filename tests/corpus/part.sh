#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Foreign partition tables (CORPUS/util-linux) read as libblkid printed them;
# tables of other kinds, and filesystems, are not taken for ours.
set -eu
corpus=$(realpath "${CORPUS:?names the folder of foreign images}")
. "$(dirname "$0")/../lib-formats.sh"
need xz

ts=$corpus/util-linux/tests
if [ ! -d "$ts" ]; then
	skip "part: no folder $ts"
	finish
fi

agrees()	# EXPECTED
{
	part_list disk > ours
	diff "$1" ours
}

for image in "$ts"/ts/blkid/images-pt/*.img.xz; do
	name=$(basename "$image" .img.xz)
	xz -dc "$image" > disk
	case $name in
	gpt | dos*) ;;
	*)
		check "$name is not ours" refuses '^code -3' \
			"$imgtool" parts disk
		continue
		;;
	esac
	# Slices of BSD inside a partition are no partitions of the disk.
	sed -n 's/^#\([0-9]*\): *\([0-9]*\) *\([0-9]*\) .*/\1 \2 \3/p' \
		"$ts/expected/blkid/lowprobe-pt-$name" |
		awk -v name="$name" '$1 < 5 || name == "gpt"' > theirs
	check "$name" agrees theirs
done

# Filesystems whose first sector ends with 55 AA are no tables.
for image in "$ts"/ts/blkid/images-fs/*.img.xz; do
	name=$(basename "$image" .img.xz)
	case $name in
	fat* | ntfs* | exfat* | vfat* | ext[234]* | xfs* | btrfs* | swap*) ;;
	*) continue ;;
	esac
	xz -dc "$image" > disk
	check "$name is no table" refuses '^code -3' "$imgtool" parts disk
done
finish
