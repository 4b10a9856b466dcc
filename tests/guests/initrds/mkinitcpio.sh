# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# An initrd as mkinitcpio of Arch makes it: /config names the modules, /init
# loads them with modprobe; below usr/lib, to which lib is a link.  Its shell
# is busybox, as there.
# Sourced after lib.sh.

mkinitcpio_tree()
{
	local m=usr/lib/modules/$shape_version

	rm -rf "$shape_tree"
	mkdir -p "$shape_tree"/{dev,proc,sys,new_root,usr/bin} \
		"$shape_tree/$m/kernel/drivers/block"
	ln -s usr/lib "$shape_tree/lib"
	ln -s usr/bin "$shape_tree/bin"
	ln -s usr/bin "$shape_tree/sbin"
	cp "$(command -v busybox)" "$shape_tree/usr/bin/"
	cp "$(module xen-blkfront)" "$shape_tree/$m/kernel/drivers/block/"
	cp "$shape_root/lib/modules/$shape_version"/modules.{builtin,order} \
		"$shape_tree/$m/"
	depmod -b "$shape_tree" "$shape_version" 2> /dev/null
	echo "VERSION=37" > "$shape_tree/VERSION"
	touch "$shape_tree/buildconfig"
	printf '%s\n' 'MODULES="xen-blkfront"' 'EARLYHOOKS=""' 'HOOKS=""' \
		> "$shape_tree/config"
	cat > "$shape_tree/init_functions" <<-'FUNCTIONS'
		default_mount_handler()
		{
			mount -o ro "$(findfs "$root")" "$1" ||
				echo 'ALERT! no root'
		}
	FUNCTIONS
	cat > "$shape_tree/init" <<-'INIT'
		#!/usr/bin/busybox ash
		/usr/bin/busybox --install -s /usr/bin
		export PATH=/usr/bin
		. /init_functions
		mount -t proc proc /proc
		mount -t sysfs sys /sys
		mount -t devtmpfs dev /dev
		. /config
		for o in $(cat /proc/cmdline); do
			case $o in root=*) root=${o#root=} ;; esac
		done
		modprobe -qab $MODULES
		sleep 1
		default_mount_handler /new_root
		exec switch_root /new_root /sbin/init
	INIT
	chmod 755 "$shape_tree/init"
}

mkinitcpio_guest()
{
	echo 'ID=arch' > "$shape_root/etc/os-release"
	printf '%s\n' 'MODULES=(xen-blkfront)' 'HOOKS=(base)' \
		> "$shape_root/etc/mkinitcpio.conf"
	mkinitcpio_tree
	pack_initrd "initrd-$shape_version.img"
	make_image "$1"
}
