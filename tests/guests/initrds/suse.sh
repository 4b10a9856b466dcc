# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# An initrd as mkinitrd of SLES 11 makes it: /init sources run_all.sh, which
# sources the steps of boot/ and loads what each names; depmod's lists are of
# the modules in it alone.  Its shell is busybox.
# Sourced after lib.sh.

suse_tree()
{
	local m=lib/modules/$shape_version

	rm -rf "$shape_tree"
	mkdir -p "$shape_tree"/{bin,dev,etc,proc,sys,root,boot,config} \
		"$shape_tree/$m/kernel/drivers/block"
	cp "$(command -v busybox)" "$shape_tree/bin/"
	ln -s busybox "$shape_tree/bin/sh"
	cp "$(module xen-blkfront)" "$shape_tree/$m/kernel/drivers/block/"
	cp "$shape_root/$m"/modules.{builtin,order} "$shape_tree/$m/"
	depmod -b "$shape_tree" "$shape_version" 2> /dev/null
	cat > "$shape_tree/init" <<-'INIT'
		#!/bin/sh
		load_modules()
		{
			for module in $(eval echo $modules); do
				modprobe $module
			done
			modules=
		}
		/bin/busybox mkdir -p /sbin
		/bin/busybox --install -s /bin
		export PATH=/bin
		cd /
		. ./run_all.sh
	INIT
	cat > "$shape_tree/boot/11-start.sh" <<-'STEP'
		mount -t proc proc /proc
		mount -t sysfs sysfs /sys
		mount -t devtmpfs dev /dev
		for o in $(cat /proc/cmdline); do
			case $o in root=*) root=${o#root=} ;; esac
		done
	STEP
	cat > "$shape_tree/boot/83-mount.sh" <<-'STEP'
		sleep 1
		mount -o ro "$(findfs "$root")" /root ||
			echo 'ALERT! no root'
	STEP
	cat > "$shape_tree/boot/93-boot.sh" <<-'STEP'
		exec switch_root /root /sbin/init
	STEP
	echo "[ \"\$RESOLVED_INITRD_MODULES\" ] ||" \
		"RESOLVED_INITRD_MODULES='processor xen-blkfront'" \
		> "$shape_tree/config/start.sh"
	for step in 11-start 83-mount 93-boot; do
		[ "$step" != 11-start ] || {
			cat "$shape_tree/config/start.sh"
			echo 'source boot/11-start.sh'
			# shellcheck disable=SC2016 # as it stands there
			echo 'modules=" $RESOLVED_INITRD_MODULES"'
			echo "[ \"\$modules\" ] && load_modules"
			continue
		}
		echo "source boot/$step.sh"
	done > "$shape_tree/run_all.sh"
	chmod 755 "$shape_tree/init"
}

suse_guest()
{
	echo 'SUSE Linux Enterprise Server 11 (x86_64)
VERSION = 11
PATCHLEVEL = 3' > "$shape_root/etc/SuSE-release"
	mkdir -p "$shape_root/etc/sysconfig"
	printf '%s\n' 'INITRD_MODULES="processor"' \
		'DOMU_INITRD_MODULES="xennet xenblk"' \
		> "$shape_root/etc/sysconfig/kernel"
	suse_tree
	pack_initrd "initrd-$shape_version"
	make_image "$1"
}
