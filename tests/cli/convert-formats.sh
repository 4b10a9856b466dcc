#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Round trips of every format against the tools of others: what they write we
# convert, what we convert they read, and both say that it is the same disk.
set -eu
. "$(dirname "$0")/../lib-formats.sh"
need qemu-img qemu-io gzip xz zstd

user_dir out
go="unprivileged $DISKWRIGHT convert --no-sync"
make_raw raw
# Nobody knows what is on it, so all of it is copied.
sizes='512 1024 2048 4096 8192 16384 32768 65536 131072 262144 524288 1048576
	2097152'

# reads_back FORMAT IMAGE DISK: as qemu-img and as we see it
reads_back()
{
	if [ "$1" = qcow2 ]; then
		qemu-img check "$2" > log 2>&1 || { cat log; return 1; }
		! grep -qi leak log || { cat log; return 1; }
	fi
	qemu-img compare -q -f raw -F "$1" "$3" "$2" &&
		$go --force "$2" out/back.raw > log && cmp "$3" out/back.raw
}

# What we write.
ours()		# FORMAT DISK OPTION...
{
	local format=$1 disk=$2

	shift 2
	rm -f out/*
	$go "$@" "$disk" out/x > log || { cat log; return 1; }
	reads_back "$format" out/x "$disk"
}

for size in $sizes; do
	for how in '' --compress=zlib --compress=zstd; do
		# shellcheck disable=SC2086
		check "qcow2, clusters of $size $how" ours qcow2 raw \
			-O qcow2 --cluster-size=$size $how
	done
done
for level in zlib:1 zlib:9 zstd:1 zstd:19; do
	check "qcow2, $level" ours qcow2 raw -O qcow2 --compress=$level
done

# What they write.
theirs()	# QEMU-IMG-FORMAT OPTION...
{
	local format=$1

	shift
	rm -f out/*
	qemu-img convert -f raw -O "$format" "$@" raw x &&
		$go x out/back.raw > log && cmp raw out/back.raw &&
		$go --compress=zlib x out/x.qcow2 > log &&
		qemu-img compare -q -f raw -F qcow2 raw out/x.qcow2
}

for size in $sizes; do
	check "from qcow2, clusters of $size" theirs qcow2 \
		-o cluster_size=$size
	check "from qcow2, clusters of $size, zlib" theirs qcow2 -c \
		-o cluster_size=$size
done
check 'from qcow2, zstd' theirs qcow2 -c -o compression_type=zstd
check 'from qcow2, version 2' theirs qcow2 -o compat=0.10
check 'from qcow2, extended L2' theirs qcow2 \
	-o extended_l2=on,cluster_size=131072
check 'from qcow2, 1-bit refcounts' theirs qcow2 -o refcount_bits=1

# Sizes that are no whole number of anything; qemu-img counts in sectors.
for size in 1 511 512 513 4095 65535 65536 65537 1048575 2097153; do
	head -c "$size" raw > odd
	check "$size bytes, raw" ours raw odd -O raw
	check "$size bytes: the size stays" [ "$(stat -c %s out/x)" = "$size" ]
	for how in '' --compress=zlib --compress=zstd; do
		# shellcheck disable=SC2086
		$go --force -O qcow2 --cluster-size=512 $how odd out/x > log
		check "$size bytes, qcow2 $how" qemu-img compare -q -f raw \
			-F qcow2 odd out/x
	done
done

# VHD: sizes of whole sectors; qemu-img trusts an odd geometry otherwise.
for sub in dynamic fixed; do
	check "vhd, $sub" ours vpc raw -O vhd --subformat=$sub
	check "from vhd, $sub" theirs vpc -o subformat=$sub,force_size=on
done

# VMDK
for sub in monolithicSparse streamOptimized; do
	check "vmdk, $sub" ours vmdk raw -O vmdk --subformat=$sub
	check "from vmdk, $sub" theirs vmdk -o subformat=$sub
done
check 'vmdk, streamOptimized, in a pipe' sh -c "$(declare -f unprivileged)
	$go -O vmdk --subformat=streamOptimized raw - 2> log > piped.vmdk
	qemu-img compare -q -f raw -F vmdk raw piped.vmdk"

# Backing files and snapshots.
chmod 755 .
qemu-img create -q -f qcow2 -b raw -F raw top.qcow2
qemu-io -f qcow2 -c 'write -P 7 100k 300k' top.qcow2 > log
qemu-img convert -O raw top.qcow2 whole
check 'a backing file that is not allowed' refuses 'allow-backing' \
	$go top.qcow2 out/b.raw
check 'a backing file' $go --allow-backing=. top.qcow2 out/b.raw
check 'is read through' cmp whole out/b.raw
qemu-img convert -O qcow2 whole whole.qcow2
qemu-img snapshot -c before whole.qcow2
qemu-io -f qcow2 -c 'write -P 8 1M 1M' whole.qcow2 > log
check 'a snapshot' $go whole.qcow2@snap:before out/s.raw
check 'is the disk as it was' cmp whole out/s.raw
rm -f out/*

# Streams, read and written by the tools that everybody has.
stream()	# FORMAT SUFFIX LEVEL...
{
	local tool=$1 format=$1 suffix=$2 level

	shift 2
	for level; do
		rm -f out/*
		$go -O "$format" --compress="$format:$level" raw out/x > log &&
			$tool -dc < out/x | cmp - raw || return 1
	done
	$go raw "out/named.$suffix" > log
	$tool -t "out/named.$suffix" || return 1
	$go -j1 -O "$format" raw - 2> log | cmp - "out/named.$suffix" || return 1
	$go "out/named.$suffix" out/back.raw > log
	cmp raw out/back.raw || return 1
	$tool -c raw > "x.$suffix"
	$go --force "x.$suffix" out/back.raw > log
	cmp raw out/back.raw
}
check 'gzip' stream gzip gz 1 6 9
check 'xz' stream xz xz 1 6
check 'zstd' stream zstd zst 1 3 19

# ---- rule: the same input gives the same bytes

memory=$(mktemp -d /dev/shm/dwtest.XXXXXX)
trap 'rm -rf "$memory"; cleanup' EXIT
chmod 755 "$memory"
cp --sparse=never raw full
cp --sparse=always raw holes
cp --sparse=always raw "$memory/holes"
qemu-img convert -f raw -O qcow2 -c raw packed.qcow2
same_bytes()	# OPTION...
{
	local source n

	rm -f out/*
	$go -j1 "$@" holes out/first > log
	for source in full holes "$memory/holes" packed.qcow2; do
		for n in 1 2 4 7; do
			$go --force -j$n "$@" $source out/other > log &&
				cmp out/first out/other || return 1
		done
	done
}
check 'the same bytes, raw' same_bytes -O raw
check 'the same bytes, qcow2' same_bytes -O qcow2
check 'the same bytes, qcow2 zlib' same_bytes -O qcow2 --compress=zlib
check 'the same bytes, qcow2 zstd in small clusters' same_bytes -O qcow2 \
	--compress=zstd --cluster-size=4K
check 'the same bytes, vhd' same_bytes -O vhd
check 'the same bytes, fixed vhd' same_bytes -O vhd --subformat=fixed
check 'the same bytes, vmdk' same_bytes -O vmdk
check 'the same bytes, streamOptimized vmdk' same_bytes -O vmdk \
	--subformat=streamOptimized
check 'the same bytes, gzip' same_bytes -O gzip
check 'the same bytes, xz' same_bytes -O xz --compress=xz:1
check 'the same bytes, zstd' same_bytes -O zstd
finish
