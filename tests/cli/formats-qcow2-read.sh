#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every kind of qcow2 that qemu-img makes reads as what went into it.
set -eu
. "$(dirname "$0")/../lib-formats.sh"
need qemu-img qemu-io

make_raw raw

reads_as_raw()
{
	"$imgtool" to-raw "$1" out && cmp raw out
}

# made NAME QEMU-IMG-OPTION...: converted so, the image reads as raw does
made()
{
	local name=$1

	shift
	qemu-img convert -f raw -O qcow2 "$@" raw image
	check "$name" reads_as_raw image
}

for compat in 0.10 1.1; do
	for size in 512 1024 4096 32768 65536 131072 1048576 2097152; do
		o=compat=$compat,cluster_size=$size
		made "$o" -o $o
		made "$o, zlib" -c -o $o
	done
done
for size in 512 65536 2097152; do
	o=compression_type=zstd,cluster_size=$size
	made "$o" -c -o $o
done
for size in 16384 65536 2097152; do
	o=extended_l2=on,cluster_size=$size
	made "$o" -o $o
	made "$o, zlib" -c -o $o
done
for bits in 1 2 4 8 32 64; do
	made "refcounts of $bits bits" -o refcount_bits=$bits
done
for mode in metadata falloc full; do
	made "preallocation=$mode" -o preallocation=$mode
done

# Zeros over data, data over zeros, with and without subclusters.
cp raw raw.was
for o in cluster_size=4096 extended_l2=on,cluster_size=65536; do
	qemu-img convert -f raw -O qcow2 -o $o raw.was changed
	qemu-io -f qcow2 -c 'write -z 65536 300000' \
		-c 'write -P 3 100000 5000' -c 'write -z -u 2000000 100000' \
		-c 'write -P 9 2050000 100' -c 'discard 3000000 400000' \
		changed > /dev/null
	qemu-img convert -f qcow2 -O raw changed raw
	check "changed, $o" reads_as_raw changed
done

# A snapshot does not change what the image reads as now.
qemu-img convert -f raw -O qcow2 raw.was snap
qemu-img snapshot -c one snap
qemu-io -f qcow2 -c 'write -P 1 70000 200000' snap > /dev/null
qemu-img snapshot -c two snap
cp raw.was raw
qemu-io -f raw -c 'write -P 1 70000 200000' raw > /dev/null
check "snapshots" reads_as_raw snap

qemu-img create -q -f qcow2 -b raw -F raw top.qcow2
qemu-img create -q -f qcow2 -o data_file=data data.qcow2 1M
# On a busy machine it fails at times: "Unable to get accurate CPU usage".
for ((i = 0; i < 10; i++)); do
	qemu-img create -q --object secret,id=s,data=x -f qcow2 -o \
		encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10 \
		luks.qcow2 1M 2> /dev/null && break
done
rm -f out
check "a backing file" refuses 'code -6.*backing file "raw"' \
	"$imgtool" to-raw top.qcow2 out
check "a data file" refuses 'code -6.*external file "data"' \
	"$imgtool" to-raw data.qcow2 out
check "LUKS" refuses 'code -5.*LUKS' "$imgtool" to-raw luks.qcow2 out
check "nothing is left of a refused image" test ! -e out

finish
