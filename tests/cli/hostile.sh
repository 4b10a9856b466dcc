#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Images made to harm who reads them: each header field that has been a
# vulnerability somewhere.  Every verb that looks at an image ends with the
# right status, one line that says what is wrong, little memory, and without
# opening a file that the image names.
set -u

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/lib.sh
. tests/lib.sh

# A sanitizer's own memory and descriptors count for nothing here.
sanitized=false
! grep -q __asan_init "$DISKWRIGHT" || sanitized=true
peak_max=65536	# KiB
peak=$BUILD/tests/helpers/peak
images=$top/tests/images
trace=(env)
if $sanitized; then
	skip "files opened: a sanitizer does not run under strace"
elif strace -qq -o /dev/null true 2> /dev/null; then
	trace=(strace -f -qq -e 'trace=open,openat,openat2,execve'
		-o "$work/trace")
else
	skip "files opened: strace is missing"
fi

# run VERB ARG...: status in $rc, what it opened in $work/opened.
run()
{
	timeout 60 "${trace[@]}" "$peak" "$work/peak" "$DISKWRIGHT" "$@" \
		> "$work/out" 2> "$work/err" < /dev/null
	rc=$?
	: >> "$work/trace"
	sed -n 's/^[^"]*"\(\([^"\\]\|\\.\)*\)".*/\1/p' "$work/trace" |
		sort -u > "$work/opened"
	: > "$work/trace"
}

# What a verb opens for itself, by means of an image that names nothing.
for verb in info inspect check map; do
	run "$verb" "$images/good-v3.qcow2"
	cp "$work/opened" "$work/usual-$verb"
done
run inspect "$images/good-mbr.img"
cp "$work/opened" "$work/usual-disk"
run info "$images/good-snapshot.qcow2"
cat "$work/opened" >> "$work/usual-disk"

# The faults of the last run, one a line.
faults()
{
	local verb=$1 image=$2 want=$3 lines kib

	lines=$(wc -l < "$work/err")
	kib=$(< "$work/peak")
	[ "$rc" = "$want" ] || echo "status $rc, not $want"
	if [ "$want" = 0 ]; then
		[ "$lines" = 0 ] || echo "says: $(< "$work/err")"
	else
		[ "$lines" = 1 ] || echo "$lines lines of error"
		grep -q "^diskwright: .*$(basename "$image")" "$work/err" ||
			echo "does not name the image: $(< "$work/err")"
	fi
	$sanitized || [ "$kib" -le "$peak_max" ] || echo "took $kib KiB"
	sort -u "$work/usual-$verb" "$work/usual-disk" \
		<(echo "$image") | comm -13 - "$work/opened" |
		sed 's/^/opened /'
}

# looks NAME STATUS...: info, inspect, check, map of one image.
looks()
{
	local name=$1 verb found=

	shift
	for verb in info inspect check map; do
		run "$verb" "$images/$name"
		found+=$(faults "$verb" "$images/$name" "$1" |
			sed "s/^/    $verb: /")
		shift
	done
	if [ -z "$found" ]; then
		ok "$name"
	else
		bad "$name"
		echo "$found"
	fi
}

# With info, inspect, check, map.  What only the tables behind the header have
# is no matter of info; snapshots are one of check alone.
while read -r name statuses; do
	# shellcheck disable=SC2086
	[ -z "$name" ] || looks "$name" $statuses
done <<- E
	bad-backing-length.qcow2 4 4 4 4
	bad-backing-past-end.qcow2 4 4 4 4
	bad-cluster-bits.qcow2 4 4 4 4
	bad-cluster-bits-low.qcow2 4 4 4 4
	bad-cluster-past-end.qcow2 0 4 4 4
	bad-cluster-unaligned.qcow2 0 4 4 4
	bad-compressed-garbage.qcow2 0 4 4 0
	bad-compressed-past-end.qcow2 0 4 4 4
	bad-ext-length.qcow2 4 4 4 4
	bad-header-length.qcow2 4 4 4 4
	bad-l1-huge.qcow2 4 4 4 4
	bad-l1-past-end.qcow2 4 4 4 4
	bad-l1-short.qcow2 4 4 4 4
	bad-l1-unaligned.qcow2 4 4 4 4
	bad-l2-past-end.qcow2 0 4 4 4
	bad-l2-unaligned.qcow2 0 4 4 4
	bad-refblock-past-end.qcow2 0 0 4 0
	bad-refcount-order.qcow2 4 4 4 4
	bad-reftable-huge.qcow2 4 4 4 4
	bad-reftable-none.qcow2 4 4 4 4
	bad-reftable-past-end.qcow2 4 4 4 4
	bad-size.qcow2 4 4 4 4
	bad-snapshot-extra.qcow2 4 0 4 0
	bad-snapshot-l1.qcow2 0 0 4 0
	bad-snapshot-l1-huge.qcow2 0 0 4 0
	bad-snapshots-huge.qcow2 4 4 4 4
	bad-snapshots-past-end.qcow2 4 4 4 4
	bad-subcluster.qcow2 0 4 4 4
	bad-truncated-header.qcow2 4 4 4 4
	bad-truncated.qcow2 0 0 4 4
	bad-zero-in-v2.qcow2 0 4 4 4
	unsupported-aes.qcow2 0 3 0 3
	unsupported-backing-format.qcow2 0 3 0 3
	unsupported-backing-json.qcow2 0 3 0 3
	unsupported-backing-protocol.qcow2 0 3 0 3
	unsupported-backing.qcow2 0 3 0 3
	unsupported-data-file.qcow2 0 3 0 3
	unsupported-data-json.qcow2 0 3 0 3
	unsupported-feature.qcow2 3 3 3 3
	unsupported-luks.qcow2 0 3 0 3
	unsupported-version.qcow2 3 3 3 3
	bad-block-in-header.vhd 0 4 4 4
	bad-block-none.vhd 4 4 4 4
	bad-block-odd.vhd 4 4 4 4
	bad-block-past-end.vhd 0 4 4 4
	bad-fixed-short.vhd 4 4 4 4
	bad-footers.vhd 4 4 4 4
	bad-header-cookie.vhd 4 4 4 4
	bad-header-far.vhd 4 4 4 4
	bad-header-sum.vhd 4 4 4 4
	bad-table-huge.vhd 4 4 4 4
	bad-table-in-front.vhd 4 4 4 4
	bad-table-past-end.vhd 4 4 4 4
	bad-table-short.vhd 4 4 4 4
	bad-truncated.vhd 0 4 4 4
	unsupported-header-version.vhd 3 3 3 3
	unsupported-parent.vhd 0 3 3 3
	unsupported-size.vhd 3 3 3 3
	unsupported-type.vhd 3 3 3 3
	unsupported-version.vhd 3 3 3 3
	bad-capacity.vmdk 4 4 4 4
	bad-cut-stream.vmdk 4 4 4 4
	bad-cut.vmdk 0 4 4 4
	bad-descriptor-past-end.vmdk 4 4 4 4
	bad-directory-past-end.vmdk 4 4 4 4
	bad-directory-short.vmdk 4 4 4 4
	bad-flags.vmdk 4 4 4 4
	bad-footer-at-end.vmdk 4 4 4 4
	bad-footer-differs.vmdk 4 4 4 4
	bad-footer-marker.vmdk 4 4 4 4
	bad-grain-huge.vmdk 4 4 4 4
	bad-grain-in-header.vmdk 0 4 4 4
	bad-grain-none.vmdk 4 4 4 4
	bad-grain-odd.vmdk 4 4 4 4
	bad-grain-past-end.vmdk 0 4 4 4
	bad-marker-empty.vmdk 0 4 4 0
	bad-marker-long.vmdk 0 4 4 0
	bad-marker-sector.vmdk 0 4 4 0
	bad-newline.vmdk 4 4 4 4
	bad-packed-short.vmdk 0 4 4 0
	bad-packed.vmdk 0 4 4 0
	bad-table-huge.vmdk 4 4 4 4
	bad-table-none.vmdk 4 4 4 4
	bad-table-past-end.vmdk 0 4 4 4
	unsupported-algorithm.vmdk 3 3 3 3
	unsupported-cowd.vmdk 3 3 3 3
	unsupported-extent.vmdk 0 3 3 3
	unsupported-extents.vmdk 0 3 3 3
	unsupported-flat.vmdk 0 3 3 3
	unsupported-no-markers.vmdk 3 3 3 3
	unsupported-parent.vmdk 0 3 3 3
	unsupported-sesparse.vmdk 3 3 3 3
	unsupported-split.vmdk 0 3 3 3
	unsupported-version.vmdk 3 3 3 3
	bad-ebr-cyclic.img 0 4 4 0
	bad-ebr-outside.img 0 4 4 0
	bad-gpt-both.img 0 4 4 0
	bad-gpt-end-before-start.img 0 4 4 0
	bad-gpt-entries-huge.img 0 4 4 0
	bad-gpt-entries-none.img 0 4 4 0
	bad-gpt-entry-huge.img 0 4 4 0
	bad-gpt-entry-short.img 0 4 4 0
	bad-gpt-overlap.img 0 4 4 0
	bad-gpt-past-end.img 0 4 4 0
	bad-logical-overlap.img 0 4 4 0
	bad-mbr-overlap.img 0 4 4 0
	bad-mbr-past-end.img 0 4 4 0
E

# No fixture of these kinds is forgotten above.
missing()
{
	local image

	for image in "$images"/{bad,unsupported}-*.{qcow2,vhd,vmdk,img}; do
		[ ! -e "$image" ] ||
			grep -qw "$(basename "$image" | sed 's/\./\\./g')" "$0" ||
			{ basename "$image"; return 1; }
	done
}
check "every fixture is in the list" missing

# ---- what is raw by name is raw ----------------------------------------------

# A guest that writes an image's header onto its disk wants a file of the host.
stays_raw()
{
	local verb

	for verb in info inspect map; do
		run "$verb" --format raw "$images/good-guest-qcow2.img"
		[ "$rc" = 0 ] || { cat "$work/err"; return 1; }
		! grep -q qcow2, "$work/out" || return 1
		[ -z "$(faults "$verb" "$images/good-guest-qcow2.img" 0)" ] ||
			return 1
	done
	"$DISKWRIGHT" convert --format raw -O raw \
		"$images/good-guest-qcow2.img" "$work/copy" &&
		cmp "$work/copy" "$images/good-guest-qcow2.img"
}
check "a disk that is raw by name is not looked into" stays_raw

partition_stays()
{
	run inspect --json "$images/good-partition-qcow2.img"
	[ "$rc" = 0 ] || { cat "$work/err"; return 1; }
	cat "$work/out"
	! grep -q '"qcow2"' "$work/out" || return 1
	[ -z "$(faults disk "$images/good-partition-qcow2.img" 0)" ]
}
check "an image on a partition is not opened" partition_stays

# ---- claims that cost nothing to make -----------------------------------------

# cheap NAME STATUS[:STATUS-OF-CHECK] IMAGE: within the memory of any other
# image.
cheap()
{
	local verb want found=

	for verb in info inspect check map; do
		run "$verb" "$3"
		want=${2%:*}
		[ $verb != check ] || want=${2#*:}
		found+=$(faults "$verb" "$3" "$want" | sed "s/^/    $verb: /")
	done
	rm -f "$3"
	if [ -z "$found" ]; then
		ok "$1"
	else
		bad "$1"
		echo "$found"
	fi
}

if command -v qemu-img > /dev/null; then
	qemu-img create -qf qcow2 -o cluster_size=2M "$work/wide.qcow2" 60T
	cheap "a disk of 60 TiB" 0 "$work/wide.qcow2"
	qemu-img create -qf qcow2 -o cluster_size=512 "$work/l1.qcow2" 100G
	cheap "an L1 table of 25 MiB" 0 "$work/l1.qcow2"
else
	skip "tables of large disks: qemu-img is missing"
fi
cp "$images/good-v2.qcow2" "$work/long.qcow2"
truncate -s 1T "$work/long.qcow2"
cheap "an image file of 1 TiB, all but empty" 0:1 "$work/long.qcow2"
truncate -s 8T "$work/empty.img"
cheap "a raw disk of 8 TiB, empty" 0:3 "$work/empty.img"

# snapshots NUMBER FILE: good-v3.qcow2 with so many, all with the same L1
# table of 32 MiB.
snapshots()
{
	python3 - "$1" "$2" "$images/good-v3.qcow2" <<- 'E'
	import struct, sys

	nr, image = int(sys.argv[1]), bytearray(open(sys.argv[3], 'rb').read())
	entry = 64
	up = lambda n: (n + 1023) // 1024 * 1024
	table = up(len(image))
	l1 = up(table + nr * entry)
	struct.pack_into('>IQ', image, 60, nr, table)
	with open(sys.argv[2], 'wb') as f:
	    f.write(image)
	    f.seek(table)
	    for i in range(nr):
	        f.write(struct.pack('>QIHH20xI', l1, 1 << 22, 1, 1, 16) +
	                struct.pack('>QQ2s6x', 0, 98816, b'ab'))
	    f.truncate(l1 + (8 << 22))
	E
}
if command -v python3 > /dev/null; then
	snapshots 20000 "$work/snapshots.qcow2"
	cheap "20000 snapshots with one table" 0:4 "$work/snapshots.qcow2"
else
	skip "20000 snapshots with one table: python3 is missing"
fi

finish
