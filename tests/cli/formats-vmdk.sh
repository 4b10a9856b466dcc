#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# VMDK, monolithicSparse and streamOptimized: ours and qemu-img's read as each
# other's.
set -eu
. "$(dirname "$0")/../lib-formats.sh"
need qemu-img qemu-io

make_raw raw
kinds='monolithicSparse streamOptimized'

# ---- theirs, read by us ------------------------------------------------------

reads_as_raw()
{
	"$imgtool" to-raw "$1" out && cmp raw out
}

for kind in $kinds; do
	for zeroed in on off; do
		o=subformat=$kind,zeroed_grain=$zeroed
		qemu-img convert -f raw -O vmdk -o $o raw image.vmdk
		check "$o" reads_as_raw image.vmdk
	done
done

# Zeros over data, grains in the order of writing, beyond 4 GiB.
for zeroed in on off; do
	qemu-img create -q -f vmdk -o zeroed_grain=$zeroed spread.vmdk 6G
	qemu-io -f vmdk -c 'write -P 3 6442446848 4096' -c 'write -P 9 4M 3M' \
		-c 'write -P 1 0 512' -c 'write -z 5M 1M' \
		-c 'write -P 8 4294966784 1k' spread.vmdk > /dev/null
	"$imgtool" to-qcow2 spread.vmdk out.qcow2
	check "grains out of order, zeroed_grain=$zeroed" qemu-img compare \
		-f vmdk -F qcow2 spread.vmdk out.qcow2
done

# The fixtures, which nobody but we made, are the same to QEMU.
for image in "$top"/tests/images/good-*.vmdk; do
	qemu-img convert -f vmdk -O raw "$image" theirs
	"$imgtool" to-raw "$image" out
	check "QEMU reads $(basename "$image") as we do" cmp theirs out
done

# ---- ours, read by them ------------------------------------------------------

info_of()	# IMAGE KEY
{
	qemu-img info -f vmdk --output=json "$1" |
		sed -n "s/^ *\"$2\": \"*\\([^\",]*\\)\"*,*\$/\\1/p" | tail -n 1
}

perfect()	# IMAGE DISK
{
	qemu-img check -f vmdk "$1" && qemu-img compare -f raw -F vmdk "$2" "$1"
}

# ours SOURCE KIND: they see the same disk of the same size; so do we
ours()
{
	local size

	size=$((($(stat -c %s "$1") + 511) / 512 * 512))
	"$imgtool" to-vmdk "$1" new.vmdk "$2" && perfect new.vmdk "$1" &&
		[ "$(info_of new.vmdk virtual-size)" = $size ] &&
		[ "$(info_of new.vmdk create-type)" = "$2" ] &&
		"$imgtool" to-raw new.vmdk back && truncate -s $size "$1" &&
		cmp "$1" back
}

head -c 512 raw > sector
head -c 1537 raw > odd
head -c 4194304 raw > grains
truncate -s 20M zeros
seq 1 9000000 | head -c 67108864 > tables
gzip -n -9 < tables | tail -c 3000320 > random
truncate -s 70M edges
seq 1 1000 | head -c 512 | tee >(dd of=edges bs=512 seek=65535 conv=notrunc \
	status=none) | dd of=edges bs=512 seek=143359 conv=notrunc status=none
for kind in $kinds; do
	for source in raw sector odd grains zeros tables random edges; do
		check "$kind of $source" ours $source $kind
	done
done

# Of nothing: QEMU refuses such an image, its own too.
truncate -s 0 nothing
for kind in $kinds; do
	"$imgtool" to-vmdk nothing new.vmdk $kind
	"$imgtool" to-raw new.vmdk back
	check "$kind of nothing" cmp nothing back
done

truncate -s 5000000000 large
for mb in 0 1 1999 2000 4095 4096 4700; do
	seq $mb 9999 | dd of=large bs=1M seek=$mb conv=notrunc status=none
done
for kind in $kinds; do
	check "$kind of 5 GB" ours large $kind
	check "$kind stays small" test $(stat -c %s new.vmdk) -lt 20000000
done
rm -f large back new.vmdk

# They write on in what we made: both directories are in order.
"$imgtool" to-vmdk raw more.vmdk
cp raw changed
for f in 'raw changed' 'vmdk more.vmdk'; do
	qemu-io -f $f -c 'write -P 5 2500000 70000' -c 'write -P 6 2M 512' \
		> /dev/null
done
cp changed raw.new
check "QEMU writes on in ours" perfect more.vmdk changed
"$imgtool" to-raw more.vmdk back
check "and we read that" cmp changed back

# The spare directory alone serves as well: put its place where the other is.
"$imgtool" to-vmdk raw spare.vmdk
dd if=spare.vmdk of=spare.vmdk bs=1 skip=48 seek=56 count=8 conv=notrunc \
	status=none
check "the spare directory" perfect spare.vmdk raw

# Through a pipe, from sources that differ only in their holes, by any number
# of threads: the same bytes.
cp --sparse=never raw full
qemu-img convert -f raw -O qcow2 -c raw compressed
to_pipe()
{
	"$imgtool" to-vmdk raw - streamOptimized | cat > piped &&
		cmp first piped
}
for kind in $kinds; do
	"$imgtool" to-vmdk raw first $kind
	for source in raw full compressed; do
		for n in 1 4; do
			THREADS=$n "$imgtool" to-vmdk $source other $kind
			check "the same bytes, $kind, $source, $n" \
				cmp first other
		done
	done
done
check "through a pipe" to_pipe

# ---- refused ------------------------------------------------------------------

for kind in monolithicFlat twoGbMaxExtentFlat twoGbMaxExtentSparse; do
	qemu-img convert -f raw -O vmdk -o subformat=$kind raw parts.vmdk
	check "$kind" refuses "code -5.*$kind.*\"parts-" \
		"$imgtool" to-raw parts.vmdk none
done
check "a single extent" refuses 'code -5.*one extent' \
	"$imgtool" to-raw parts-s001.vmdk none
qemu-img create -q -f vmdk -b first -F vmdk child.vmdk
check "a child" refuses 'code -5.*parent "first"' \
	"$imgtool" to-raw child.vmdk none
check "an unknown kind" refuses 'code -16.*"thick"' \
	"$imgtool" to-vmdk raw none thick
check "monolithicSparse through a pipe" refuses 'code -5.*standard output' \
	"$imgtool" to-vmdk raw - monolithicSparse
check "nothing is left then" test ! -e none

finish
