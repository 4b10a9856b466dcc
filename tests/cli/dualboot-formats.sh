#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# dualboot into every format: the same disk in each, as QEMU reads it.
. "$(dirname "$0")/../lib.sh"
need mke2fs qemu-img
cd "$work" || exit 1

mkdir -p tree/{etc,sbin,boot/grub}
seq 100000 > tree/etc/numbers
printf '/dev/xvda1 / ext4 defaults 0 1\n' > tree/etc/fstab
mke2fs -q -t ext4 -d tree src.img 32M
user_dir out
user_dir spool
export TMPDIR=$work/spool

dualboot()
{
	unprivileged "$DISKWRIGHT" dualboot --allow-unbootable src.img "$@"
}

check 'raw' dualboot out/disk.raw
while read -r file options; do
	# shellcheck disable=SC2086
	check "$file $options" dualboot $options "out/$file"
	case $file in
	*.gz)	gzip -dc "out/$file" > decoded ;;
	*.zst)	zstd -qdcf "out/$file" > decoded ;;
	*.vhd)	qemu-img convert -f vpc -O raw "out/$file" decoded ;;
	*)	qemu-img convert -O raw "out/$file" decoded ;;
	esac
	check "$file $options: the same disk" cmp out/disk.raw decoded
	rm -f "out/$file"
done <<- END
	a.qcow2
	b.qcow2 --compress=zstd --cluster-size=128K
	c.qcow2 --compress=zlib:3
	d.vhd
	e.vhd --subformat=fixed
	f.vmdk
	g.vmdk --compress=zlib
	h.img.gz
	i.img.zst --compress=zstd:9
END
check 'nothing else is left' [ "$(ls -A out)" = disk.raw ]
refused()
{
	local text=$1

	shift
	! dualboot "$@" 2> said && grep -q "$text" said && [ ! -e out/x.img ]
}
check 'raw has no compression' refused 'has no compression' \
	--compress=zstd out/x.img
check 'in place makes no other format' refused 'in-place' --in-place -O qcow2
finish
