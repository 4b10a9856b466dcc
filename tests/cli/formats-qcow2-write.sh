#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What we write as qcow2 is what qemu-img would call perfect.
set -eu
. "$(dirname "$0")/../lib-formats.sh"
need qemu-img

make_raw raw

# perfect IMAGE DISK: no error, no leak, the same disk, whole clusters
perfect()
{
	local cluster

	qemu-img check "$1" > log 2>&1 && cat log &&
		grep -q 'No errors were found' log && ! grep -qi leak log &&
		qemu-img compare -q -f raw -F qcow2 "$2" "$1" || return 1
	cluster=$(qemu-img info "$1" | sed -n 's/^cluster_size: //p')
	[ $(($(stat -c %s "$1") % cluster)) = 0 ]
}

# ours SOURCE OPTION...: written and read by us
ours()
{
	local source=$1

	shift
	"$imgtool" to-qcow2 "$source" new "$@" && perfect new "$source" &&
		"$imgtool" to-raw new back && cmp "$source" back
}

for size in 512 1024 2048 4096 8192 16384 32768 65536 131072 262144 \
	524288 1048576 2097152; do
	check "clusters of $size" ours raw $size
	check "clusters of $size, zlib" ours raw $size zlib
	check "clusters of $size, zstd" ours raw $size zstd
done

# Sources that differ only in their holes give the same bytes.
cp --sparse=never raw full
cp --sparse=always raw holes
qemu-img convert -f raw -O qcow2 -c raw compressed
"$imgtool" to-qcow2 raw first
same_bytes()
{
	"$imgtool" to-qcow2 "$1" other && cmp first other
}
for source in full holes compressed; do
	check "the same bytes from $source" same_bytes $source
done

# The number of threads does not show, in plain nor in packed images.
threads()
{
	local n

	THREADS=1 "$imgtool" to-qcow2 raw first "$@" || return 1
	for n in 2 3 4; do
		THREADS=$n "$imgtool" to-qcow2 raw other "$@" &&
			cmp first other || return 1
	done
}
for codec in '' zlib 'zlib 1' 'zlib 9' zstd 'zstd 1' 'zstd 19'; do
	# shellcheck disable=SC2086
	check "the same bytes from any threads, ${codec:-plain}" \
		threads 4096 $codec
	# shellcheck disable=SC2086
	check "${codec:-plain} is read" ours raw 65536 $codec
done
check "zlib has no level 10" refuses 'levels 1 to 9, not 10' \
	"$imgtool" to-qcow2 raw other 65536 zlib 10

truncate -s 0 nothing
head -c 512 raw > sector
head -c 65536 raw > cluster
truncate -s 3G zeros
for source in nothing sector cluster; do
	check "a disk of $source" ours $source
	check "a disk of $source, packed" ours $source 65536 zlib
done
"$imgtool" to-qcow2 zeros new
check "a disk of zeros" perfect new zeros

# A byte more than a sector: the virtual disk ends with a whole one.
head -c 1537 raw > odd
"$imgtool" to-qcow2 odd new
"$imgtool" to-qcow2 odd packed 4096 zlib
truncate -s 2048 odd
check "a disk of 1537 bytes" perfect new odd
check "a disk of 1537 bytes, packed" perfect packed odd

# Full while writing: an error, and nothing left.
limited()
{
	(
		ulimit -f 1000
		trap '' XFSZ
		exec "$imgtool" to-qcow2 raw limited
	)
}
check "past the limit of the file size" refuses 'code -9' limited
check "nothing is left then" test ! -e limited

finish
