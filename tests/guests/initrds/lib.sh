# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Small guests around initrds of programs that are not packaged any more: a
# kernel of Debian with its modules, an init that says where it runs, and an
# initrd in the shape that the program gives it.
# Sourced after ../../lib.sh; the shapes are beside this file.

shape_uuid=d15c0000-0000-4000-8000-0000000000f0
shape_root=$work/root		# the guest's files
shape_tree=$work/tree		# those of its initrd

# take_kernel: a kernel and its modules into the guest; sets shape_version.
take_kernel()
{
	local guest

	guest=$("$top/tests/guests/make.sh" ext4-menulst)
	mkdir -p "$shape_root"/{boot,lib,bin,sbin,etc,proc,sys,dev,root,tmp}
	debugfs -R "rdump /usr/lib/modules $shape_root/lib" "$guest" \
		2> /dev/null
	shape_version=$(ls "$shape_root/lib/modules")
	for f in vmlinuz config; do
		from_image "$guest" "/boot/$f-$shape_version" \
			"$shape_root/boot/$f-$shape_version"
	done
	cp "$(command -v busybox)" "$shape_root/bin/"
	cat > "$shape_root/sbin/init" <<-'INIT'
		#!/bin/busybox sh
		PATH=/bin
		busybox mount -t proc proc /proc
		busybox mount -t sysfs sys /sys
		set -- $(busybox ls /sys/block | busybox grep '^[sv]d')
		echo "the root is up, on $1"
		busybox poweroff -f
	INIT
	chmod 755 "$shape_root/sbin/init"
}

# module NAME: the path of a module in the guest.
module()
{
	find "$shape_root/lib/modules" -name "$1.ko" | head -n 1
}

# pack_initrd NAME: the tree as an archive in the guest's /boot.
pack_initrd()
{
	(cd "$shape_tree" && find . | sort | cpio -o -H newc -R 0:0 --quiet) |
		gzip -9n > "$shape_root/boot/$1"
}

# make_image IMAGE: the guest on an ext3 without a partition table, as Xen
# has it.
make_image()
{
	truncate -s 320M "$1"
	mke2fs -q -t ext3 -U "$shape_uuid" -L shape -E root_owner=0:0 \
		-d "$shape_root" "$1"
}
