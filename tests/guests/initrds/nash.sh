# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# An initrd as mkinitrd of RHEL 4 and 5 and of Fedora 10 makes it: /init for
# nash, modules flat in /lib and no list of them; or, later, modprobe.
# Sourced after lib.sh.

# nash_tree SCRIPT: of tests/images/initrd, with the names of this kernel.
nash_tree()
{
	local m

	rm -rf "$shape_tree"
	mkdir -p "$shape_tree"/{bin,dev,etc,lib,proc,sys,sysroot}
	ln -s bin "$shape_tree/sbin"
	cp "$BUILD/tests/helpers/nash" "$shape_tree/bin/nash"
	ln "$shape_tree/bin/nash" "$shape_tree/bin/insmod"
	ln "$shape_tree/bin/nash" "$shape_tree/bin/udevstart"
	sed 's/xenblk/xen-blkfront/' "$top/tests/images/initrd/$1.init" \
		> "$shape_tree/init"
	chmod 755 "$shape_tree/init"
	if grep -q '^modprobe' "$shape_tree/init"; then
		cp "$(command -v busybox)" "$shape_tree/bin/modprobe"
		m=lib/modules/$shape_version
		mkdir -p "$shape_tree/$m/kernel/drivers/block"
		cp "$(module xen-blkfront)" "$shape_tree/$m/kernel/drivers/block/"
		cp "$shape_root/$m"/modules.{builtin,order} "$shape_tree/$m/"
		depmod -b "$shape_tree" "$shape_version" 2> /dev/null
	else
		cp "$(module xen-blkfront)" "$shape_tree/lib/"
	fi
}

# nash_guest SCRIPT IMAGE: a guest with it.
nash_guest()
{
	echo 'CentOS release 5.11 (Final)' > "$shape_root/etc/redhat-release"
	printf 'alias eth0 xennet\nalias scsi_hostadapter xenblk\n' \
		> "$shape_root/etc/modprobe.conf"
	nash_tree "$1"
	pack_initrd "initrd-$shape_version.img"
	make_image "$2"
}
