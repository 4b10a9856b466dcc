#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# VHD, fixed and dynamic: ours and qemu-img's read as each other's.
set -eu
. "$(dirname "$0")/../lib-formats.sh"
need qemu-img qemu-io

make_raw raw

# ---- theirs, read by us ------------------------------------------------------

# The size is QEMU's own opinion: without force_size it comes from a geometry,
# and is larger than that of the source.
reads_like_qemu()	# IMAGE
{
	"$imgtool" to-raw "$1" out vhd &&
		qemu-img convert -f vpc -O raw "$1" theirs && cmp out theirs
}

for subformat in dynamic fixed; do
	for force in on off; do
		o=subformat=$subformat,force_size=$force
		qemu-img convert -f raw -O vpc -o $o raw image.vhd
		check "$o" reads_like_qemu image.vhd
		"$imgtool" to-raw image.vhd out
		check "$o, probed" cmp out theirs
	done
done

# Blocks in the order of writing, beyond 4 GiB, zeros over data.
qemu-img create -q -f vpc -o force_size=on spread.vhd 6G
qemu-io -f vpc -c 'write -P 3 6442446848 4096' -c 'write -P 9 4M 3M' \
	-c 'write -P 1 0 512' -c 'write -z 5M 1M' -c 'write -P 8 4294966784 1k' \
	spread.vhd > /dev/null
same_as_spread()
{
	"$imgtool" to-qcow2 spread.vhd out.qcow2 &&
		qemu-img compare -f vpc -F qcow2 spread.vhd out.qcow2
}
check "blocks out of order, beyond 4 GiB" same_as_spread

# ---- ours, read by them ------------------------------------------------------

virtual_size()
{
	qemu-img info -f vpc --output=json "$1" |
		sed -n 's/^ *"virtual-size": \([0-9]*\),*/\1/p'
}

# ours SOURCE SUBFORMAT: they see the same disk of the same size; so do we
ours()
{
	local size

	size=$((($(stat -c %s "$1") + 511) / 512 * 512))
	"$imgtool" to-vhd "$1" new.vhd "$2" &&
		qemu-img compare -f raw -F vpc "$1" new.vhd &&
		[ "$(virtual_size new.vhd)" = $size ] &&
		"$imgtool" to-raw new.vhd back && truncate -s $size "$1" &&
		cmp "$1" back
}

truncate -s 0 nothing
head -c 512 raw > sector
head -c 1537 raw > odd
head -c 4194304 raw > blocks
truncate -s 20M zeros
seq 1 3000000 | head -c 8388608 > full
truncate -s 3M edges
seq 1 1000 | head -c 512 | tee >(dd of=edges bs=512 seek=4095 conv=notrunc \
	status=none) | dd of=edges bs=512 seek=6143 conv=notrunc status=none
for subformat in dynamic fixed; do
	for source in raw sector odd blocks zeros full edges; do
		check "$subformat of $source" ours $source $subformat
	done
done
# QEMU takes a fixed disk of nothing, its footer at 0, for a dynamic one.
check "dynamic of nothing" ours nothing dynamic
"$imgtool" to-vhd nothing new.vhd fixed
check "fixed of nothing" test "$(stat -c %s new.vhd)" = 512

# A file of many blocks with holes, past 4 GiB.
truncate -s 5000000000 large
for mb in 0 1 1999 2000 4095 4096 4700; do
	seq $mb 9999 | dd of=large bs=1M seek=$mb conv=notrunc status=none
done
check "dynamic of 5 GB" ours large dynamic
check "fixed of 5 GB" ours large fixed
check "fixed has its whole length" test $(stat -c %s new.vhd) -gt 4000000000
"$imgtool" to-vhd large new.vhd dynamic
check "dynamic stays small" test $(stat -c %s new.vhd) -lt 20000000
rm -f large back new.vhd

# They write on in what we made.
"$imgtool" to-vhd raw more.vhd
cp raw changed
for f in 'raw changed' 'vpc more.vhd'; do
	qemu-io -f $f -c 'write -P 5 2500000 70000' -c 'write -P 6 2M 512' \
		> /dev/null
done
check "QEMU writes on in ours" qemu-img compare -f raw -F vpc changed more.vhd
check "and we read that" reads_like_qemu more.vhd

# The footer is the one of force_size=on, but for time, checksum and id.
footer()
{
	tail -c 512 "$1" | od -An -v -tx1 -w1 | sed '25,28d; 65,84d'
}
for subformat in dynamic fixed; do
	"$imgtool" to-vhd raw new.vhd $subformat
	qemu-img convert -f raw -O vpc raw image.vhd \
		-o subformat=$subformat,force_size=on
	footer new.vhd > ours.txt
	footer image.vhd > theirs.txt
	check "the footer, $subformat" diff ours.txt theirs.txt
	"$DISKWRIGHT" inspect new.vhd > log
	check "its name, $subformat" grep -q '^new.vhd: vhd,' log
done

# Sources that differ only in their holes, and any number of threads, give the
# same bytes.
cp --sparse=never raw full
qemu-img convert -f raw -O qcow2 -c raw compressed
for subformat in dynamic fixed; do
	"$imgtool" to-vhd raw first $subformat
	for source in raw full compressed; do
		for n in 1 4; do
			THREADS=$n "$imgtool" to-vhd $source other $subformat
			check "the same bytes, $subformat, $source, $n" \
				cmp first other
		done
	done
done

# ---- refused ------------------------------------------------------------------

truncate -s 2041G vast
check "more than 2040 GiB" refuses 'code -5.*2190433320960' \
	"$imgtool" to-vhd vast new2.vhd
check "an unknown subformat" refuses 'code -16.*"thick"' \
	"$imgtool" to-vhd raw new2.vhd thick
check "through a pipe" refuses 'code -5.*new file only' \
	"$imgtool" to-vhd raw -
check "nothing is left then" test ! -e new2.vhd

finish
