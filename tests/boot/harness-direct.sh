#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The test guests come up when QEMU itself loads their kernel and fstab holds
# nothing of Xen: where tests of converted guests fail, this tells whether
# the guest or the conversion is at fault.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/qemu.sh"
need qemu-system-x86_64 debugfs mke2fs mmdebstrap

for guest in ext4-menulst ext4-grubcfg; do
	src=$("$top/tests/guests/make.sh" "$guest")
	for f in $(names_in "$src" /boot | grep -E '^(vmlinuz|initrd.img)-'); do
		from_image "$src" "/boot/$f" "$work/${f%%-*}"
	done
	cp --sparse=always "$src" "$work/img"
	echo '/dev/vda / ext4 defaults 0 1' > "$work/fstab"
	put_file "$work/img" "$work/fstab" /etc/fstab
	if from_image "$src" /etc/inittab "$work/inittab"; then
		echo 'T0:23:respawn:/sbin/getty -L ttyS0 115200 vt100' \
			>> "$work/inittab"
		put_file "$work/img" "$work/inittab" /etc/inittab
	fi
	check "$guest: its kernel, loaded by QEMU" guest_comes_up \
		"$work/img" raw virtio-blk -kernel "$work/vmlinuz" \
		-initrd "$work/initrd.img" -append \
		'root=/dev/vda ro console=ttyS0 net.ifnames=0'
done

# The harness must see a guest that does not come up.
truncate -s 1M "$work/empty"
if BOOT_TIME=60 guest_comes_up "$work/empty" raw virtio-blk > "$work/out"; then
	bad "an empty disk came up"
else
	check "an empty disk does not come up" grep 'bootable' "$work/out"
fi
finish
