#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes the fixtures of image formats and partition tables.
#
#	make-formats.sh [FOLDER]	default: beside this script
#
# Needs qemu-img, qemu-io and sfdisk.  All qcow2 images named good-* hold the
# same disk, that of pattern().
set -eu
. "$(dirname "$0")/lib.sh"
cd "${1:-$(dirname "$0")}"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

pattern > "$tmp/raw"

# offset_at FILE OFFSET: the host offset in a table entry or header field
offset_at()
{
	echo $((0x$(od -An -tx1 -j $(($2 + 1)) -N 7 "$1" | tr -d ' \n')))
}

from_raw()	# NAME CONVERT-OPTION...
{
	name=$1
	shift
	qemu-img convert -f raw -O qcow2 "$@" "$tmp/raw" "$name"
}

# ---- qcow2 that reads ------------------------------------------------------

from_raw good-v2.qcow2 -o compat=0.10,cluster_size=512
from_raw good-v3.qcow2 -o cluster_size=1024
from_raw good-v2-zlib.qcow2 -c -o compat=0.10,cluster_size=4096
from_raw good-zlib.qcow2 -c -o cluster_size=4096
from_raw good-zstd.qcow2 -c -o cluster_size=4096,compression_type=zstd

# Zero clusters, plain and over an allocated cluster.
from_raw good-zero.qcow2 -o cluster_size=512
qemu-io -f qcow2 -c 'write -P 7 45056 4096' -c 'write -z 45056 4096' \
	-c 'write -z 20480 8192' good-zero.qcow2 > /dev/null

# Subclusters: allocated, zero and neither within one cluster.
qemu-img create -q -f qcow2 -o extended_l2=on,cluster_size=16384 \
	good-extl2.qcow2 98816
qemu-io -f qcow2 -c 'write -P 9 24576 1024' -c 'write -z 24576 1024' \
	good-extl2.qcow2 > /dev/null
for part in 0,20480 32768,8192 98304,512; do
	dd if="$tmp/raw" of="$tmp/part" bs=512 skip=$((${part%,*} / 512)) \
		count=$((${part#*,} / 512)) status=none
	qemu-io -f qcow2 -c "write -s $tmp/part ${part%,*} ${part#*,}" \
		good-extl2.qcow2 > /dev/null
done

# The active state differs from the snapshot's.
qemu-img create -q -f qcow2 -o cluster_size=512 good-snapshot.qcow2 98816
qemu-io -f qcow2 -c 'write -P 1 0 40960' good-snapshot.qcow2 > /dev/null
qemu-img snapshot -c one good-snapshot.qcow2
qemu-io -f qcow2 -c "write -s $tmp/raw 0 98816" good-snapshot.qcow2 > /dev/null

from_raw good-dirty.qcow2 -o cluster_size=512,lazy_refcounts=on
put good-dirty.qcow2 79 01
from_raw good-corrupt-bit.qcow2 -o cluster_size=512
put good-corrupt-bit.qcow2 79 02

# ---- qcow2 that is refused --------------------------------------------------

small()		# NAME
{
	qemu-img create -q -f qcow2 -o cluster_size=512 "$1" 64k
	qemu-io -f qcow2 -c 'write -P 5 0 8192' "$1" > /dev/null
}

qemu-img create -q -f qcow2 -u -b /etc/passwd -F raw \
	-o cluster_size=512 unsupported-backing.qcow2 64k
( cd "$tmp" && qemu-img create -q -f qcow2 \
	-o cluster_size=512,data_file=other.raw data.qcow2 64k )
cp "$tmp/data.qcow2" unsupported-data-file.qcow2
small unsupported-aes.qcow2
put unsupported-aes.qcow2 32 00000001
small unsupported-luks.qcow2
put unsupported-luks.qcow2 32 00000002
small unsupported-version.qcow2
put unsupported-version.qcow2 4 00000004
# Bit 40, with a table of feature names that has it: "time travel".
small unsupported-feature.qcow2
put unsupported-feature.qcow2 74 01
put unsupported-feature.qcow2 112 6803f85700000030002874696d652074726176656c

# ---- qcow2: snapshots, refcounts, files that are named ----------------------

# The table's one entry has its L1 table elsewhere, or extra data of 16 MiB.
for what in l1:0:0000000001000000 extra:36:01000000; do
	name=bad-snapshot-${what%%:*}.qcow2
	cp good-snapshot.qcow2 "$name"
	at=${what#*:}
	put "$name" $(($(offset_at "$name" 64) + ${at%:*})) "${at#*:}"
done

# Each of these reads as the others do, and has something to mend.
counted()	# NAME: $l1, $l2, $table and $block are where they lie
{
	from_raw "$1" -o cluster_size=512
	l1=$(offset_at "$1" 40)
	l2=$(offset_at "$1" $l1)
	table=$(offset_at "$1" 48)
	block=$(offset_at "$1" $table)
}

counted good-refcount-low.qcow2
put good-refcount-low.qcow2 $((block + $(offset_at good-refcount-low.qcow2 \
	$l2) / 512 * 2)) 0000
counted good-refcount-high.qcow2
put good-refcount-high.qcow2 $((block + l2 / 512 * 2)) 0007
counted good-refblock-none.qcow2
put good-refblock-none.qcow2 $table 0000000000000000
counted good-refblock-shared.qcow2
put good-refblock-shared.qcow2 $((table + 8)) $(printf %016x $block)
counted good-copied.qcow2
put good-copied.qcow2 $l2 00
put good-copied.qcow2 $l1 00
counted good-leak.qcow2
put good-leak.qcow2 $((block + $(stat -c %s good-leak.qcow2) / 512 * 2)) 0001
truncate -s +512 good-leak.qcow2

# The upper half of the disk is below, or all of it beside the image.
dd if="$tmp/raw" of=good-backing.raw bs=512 count=100 status=none
qemu-img create -q -f qcow2 -b good-backing.raw -F raw -o cluster_size=512 \
	good-backing.qcow2 98816
dd if="$tmp/raw" of="$tmp/part" bs=512 skip=100 status=none
qemu-io -f qcow2 -c "write -s $tmp/part 51200 47616" good-backing.qcow2 \
	> /dev/null
qemu-img create -q -f qcow2 -o cluster_size=512,data_file=good-data-file.raw \
	good-data-file.qcow2 98816
qemu-io -f qcow2 -c "write -s $tmp/raw 0 98816" good-data-file.qcow2 > /dev/null

# No format, no path, no file.
qemu-img create -q -f qcow2 -u -b 'json:{"file.filename":"/etc/passwd"}' \
	-F raw -o cluster_size=512 unsupported-backing-json.qcow2 64k
cp good-backing.qcow2 unsupported-backing-format.qcow2
put unsupported-backing-format.qcow2 112 12345678
qemu-img create -q -f qcow2 -u -b nbd://localhost/disk -F raw \
	-o cluster_size=512 unsupported-backing-protocol.qcow2 64k
cp good-data-file.qcow2 unsupported-data-json.qcow2
at=$(grep -abo good-data-file.raw unsupported-data-json.qcow2 | cut -d : -f 1)
put unsupported-data-json.qcow2 $at \
	$(printf 'json:{"file":"/x"}' | od -An -tx1 | tr -d ' \n')

# ---- qcow2 that is damaged --------------------------------------------------

damaged()	# NAME OFFSET HEX
{
	small "bad-$1.qcow2"
	put "bad-$1.qcow2" "$2" "$3"
}

small "$tmp/small"
l1=$(offset_at "$tmp/small" 40)
l2=$(offset_at "$tmp/small" $l1)

damaged cluster-bits 20 00000028
damaged size 24 8000000000000000
damaged l1-huge 36 7fffffff
damaged l1-short 36 00000001
damaged l1-past-end 40 0000000001000000
damaged l1-unaligned 40 0000000000000208
damaged reftable-past-end 48 0000000001000000
damaged reftable-none 56 00000000
damaged snapshots-huge 60 ffffffff
damaged refcount-order 96 00000007
damaged header-length 100 00000069
damaged ext-length 112 6803f857ffffff00
damaged l2-past-end $l1 8000000001000000
damaged cluster-past-end $l2 8000000001000000
damaged compressed-past-end $l2 4000000001000000
damaged compressed-garbage $l2 4000000000000600
damaged cluster-bits-low 20 00000003
damaged reftable-huge 56 ffffffff
damaged snapshots-past-end 60 000000010000000001000000
damaged backing-length 8 0000000000000200ffffffff
damaged backing-past-end 8 00000000010000000000000a
damaged refblock-past-end $(offset_at "$tmp/small" 48) 0000000001000000
cp good-snapshot.qcow2 bad-snapshot-l1-huge.qcow2
put bad-snapshot-l1-huge.qcow2 \
	$(($(offset_at bad-snapshot-l1-huge.qcow2 64) + 8)) 7fffffff
small bad-truncated.qcow2
truncate -s -2048 bad-truncated.qcow2
small bad-truncated-header.qcow2
truncate -s 100 bad-truncated-header.qcow2
from_raw bad-zero-in-v2.qcow2 -o compat=0.10,cluster_size=512
put bad-zero-in-v2.qcow2 $(offset_at bad-zero-in-v2.qcow2 \
	$(offset_at bad-zero-in-v2.qcow2 40)) 0000000000000001
for what in l2 cluster; do
	from_raw bad-$what-unaligned.qcow2 -o cluster_size=1024
	at=$(offset_at bad-$what-unaligned.qcow2 40)
	[ $what = l2 ] || at=$(offset_at bad-$what-unaligned.qcow2 $at)
	put bad-$what-unaligned.qcow2 $at 8000000000002200
done
cp good-extl2.qcow2 bad-subcluster.qcow2
put bad-subcluster.qcow2 $(($(offset_at bad-subcluster.qcow2 \
	$(offset_at bad-subcluster.qcow2 40)) + 8)) ffffffffffffffff

# ---- partition tables -------------------------------------------------------

table()		# NAME SECTORS, script on stdin
{
	rm -f "$1"
	truncate -s $(($2 * 512)) "$1"
	sfdisk -q --no-tell-kernel "$1" > /dev/null
}

table good-mbr.img 128 <<-E
	label: dos
	label-id: 0x12345678
	start=8, size=16, type=83, bootable
	start=24, size=100, type=5
	start=32, size=16, type=83
	start=56, size=8, type=82
	start=72, size=50, type=8e
E
cp good-mbr.img bad-mbr-overlap.img
put bad-mbr-overlap.img 454 08000000		# 1: LBA 8 ...
put bad-mbr-overlap.img 458 12000000		# ... to 25, into 2
cp good-mbr.img bad-mbr-past-end.img
put bad-mbr-past-end.img 474 69000000		# 2: 105 sectors from 24
cp good-mbr.img bad-ebr-cyclic.img
ebr2=$((24 + 0x$(od -An -tx1 -j $((24 * 512 + 470)) -N 1 good-mbr.img |
	tr -d ' ')))
put bad-ebr-cyclic.img $((ebr2 * 512 + 470)) 00000000
cp good-mbr.img bad-ebr-outside.img
put bad-ebr-outside.img $((24 * 512 + 470)) 70000000
cp good-mbr.img bad-logical-overlap.img
put bad-logical-overlap.img $((24 * 512 + 458)) 20000000

table good-gpt.img 128 <<-E
	label: gpt
	label-id: 11111111-2222-3333-4444-555555555555
	first-lba: 34
	start=40, size=16, name="one", uuid=0A000000-0000-0000-0000-000000000001
	start=64, size=16, name="zwei €", uuid=0A000000-0000-0000-0000-000000000002, attrs=LegacyBIOSBootable
E

# le32 of a number, and of the checksum of stdin (gzip's trailer has it)
le32()
{
	printf '%08x' $1 | sed 's/\(..\)\(..\)\(..\)\(..\)/\4\3\2\1/'
}
crc()
{
	gzip -c | tail -c 8 | head -c 4 | od -An -tx1 | tr -d ' \n'
}

# Both copies of the checksums, after a change of the entries at LBA 2.
gpt_seal()
{
	entries=$(dd if="$1" bs=512 skip=2 count=32 status=none | crc)
	dd if="$1" of="$1" bs=512 skip=2 seek=95 count=32 conv=notrunc \
		status=none
	for lba in 1 127; do
		put "$1" $((lba * 512 + 88)) $entries
		put "$1" $((lba * 512 + 16)) 00000000
		put "$1" $((lba * 512 + 16)) $(dd if="$1" bs=1 \
			skip=$((lba * 512)) count=92 status=none | crc)
	done
}
cp good-gpt.img bad-gpt-end-before-start.img
put bad-gpt-end-before-start.img $((1024 + 32)) $(le32 50)
put bad-gpt-end-before-start.img $((1024 + 40)) $(le32 45)
gpt_seal bad-gpt-end-before-start.img
cp good-gpt.img bad-gpt-overlap.img
put bad-gpt-overlap.img $((1024 + 40)) $(le32 64)
gpt_seal bad-gpt-overlap.img
cp good-gpt.img bad-gpt-past-end.img
put bad-gpt-past-end.img $((1024 + 128 + 40)) $(le32 100)
gpt_seal bad-gpt-past-end.img
cp good-gpt.img good-gpt-backup.img
put good-gpt-backup.img 600 ff
cp good-gpt-backup.img bad-gpt-both.img
put bad-gpt-both.img $((127 * 512 + 88)) ff

# Headers that are right but for the number and the length of entries.
for what in entries-huge:80:ffffffff entries-none:80:00000000 \
	entry-short:84:03000000 entry-huge:84:00000080; do
	name=bad-gpt-${what%%:*}.img
	at=${what#*:}
	cp good-gpt.img "$name"
	put "$name" $((512 + ${at%:*})) "${at#*:}"
	put "$name" $((127 * 512 + ${at%:*})) "${at#*:}"
	gpt_seal "$name"
done

# A guest that wrote an image onto its disk, and one onto its partition.
cp unsupported-backing.qcow2 good-guest-qcow2.img
cp good-mbr.img good-partition-qcow2.img
dd if=unsupported-backing.qcow2 of=good-partition-qcow2.img bs=512 seek=8 \
	count=16 conv=notrunc status=none
