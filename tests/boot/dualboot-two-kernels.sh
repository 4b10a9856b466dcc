#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A guest as RHEL 5 has them: a kernel for Xen alone beside one for the rest.
# PyGrub hands out the first with its initrd, QEMU boots the second.  The one
# for Xen has the names, the configuration and the initrd of a kernel-xen, but
# is a test kernel: nothing here could boot a real one.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/qemu.sh"
. "$(dirname "$0")/prove.sh"
need_for_proof
need tune2fs cpio jq

pv=2.6.18-398.el5xen
src=$work/guest.img

# ---- the guest ---------------------------------------------------------------

# What mkinitrd of RHEL 5 makes: a script for nash, and modules beside it.
pv_initrd()
{
	mkdir -p initrd/lib
	printf '#!/bin/nash\n\nmount -t proc /proc /proc\n%s\n%s\n%s\n%s\n' \
		'insmod /lib/jbd.ko' 'insmod /lib/ext3.ko' \
		'insmod /lib/xenblk.ko' 'mkrootdev -t ext3 -o defaults,ro LABEL=/' \
		> initrd/init
	touch initrd/lib/{jbd,ext3,xenblk}.ko
	(cd initrd && find . | cpio -o -H newc --quiet) | gzip -n > initrd.img
}

pv_config()
{
	cat <<-END
	CONFIG_X86_64=y
	CONFIG_X86_64_XEN=y
	CONFIG_XEN=y
	CONFIG_BLK_DEV_INITRD=y
	CONFIG_EXT3_FS=m
	CONFIG_XEN_BLKDEV_FRONTEND=m
	END
}

pv_modules_dep()
{
	local dir=/lib/modules/$pv/kernel

	echo "$dir/fs/jbd/jbd.ko:"
	echo "$dir/fs/ext3/ext3.ko: $dir/fs/jbd/jbd.ko"
	echo "$dir/drivers/xen/blkfront/xenblk.ko:"
}

# entry TITLE VERSION INITRD, as grubby writes it
entry()
{
	printf 'title %s\n\troot (hd0)\n' "$1"
	printf '\tkernel /boot/vmlinuz-%s ro root=LABEL=/\n' "$2"
	printf '\tinitrd /boot/%s\n' "$3"
}

# menu DEFAULT
menu()
{
	printf 'default=%d\ntimeout=5\nhiddenmenu\n' "$1"
	entry "CentOS ($version)" "$version" "initrd.img-$version"
	entry "CentOS ($pv)" "$pv" "initrd-$pv.img"
}

dress()
{
	local base

	base=$("$top/tests/guests/make.sh" ext3-menulst)
	cp --sparse=always "$base" "$src"
	chmod u+w "$src"
	version=$(names_in "$src" /boot | sed -n 's/^vmlinuz-//p')
	"$top/tests/boot/fakekernel/mkkernel.sh" 204 600 vmlinuz
	pv_initrd
	pv_config > config
	pv_modules_dep > modules.dep
	# Theirs cannot run under Xen.
	from_image "$src" "/boot/config-$version" config.debian
	sed -i 's/^CONFIG_XEN_PV=y/# CONFIG_XEN_PV is not set/' config.debian
	menu 1 > menu.lst
	tune2fs -L / "$src"
	debugfs -w -f - "$src" <<-END
	cd /boot
	write vmlinuz vmlinuz-$pv
	write initrd.img initrd-$pv.img
	write config config-$pv
	rm config-$version
	write config.debian config-$version
	cd grub
	rm menu.lst
	write menu.lst menu.lst
	mkdir /lib/modules/$pv
	cd /lib/modules/$pv
	write modules.dep modules.dep
	END
}

# ---- what comes of it ----------------------------------------------------------

# pygrub_gives_pv IMAGE
pygrub_gives_pv()
{
	rm -rf "$work/pygrub"
	mkdir "$work/pygrub"
	"$PYGRUB" -q --output-directory="$work/pygrub" --output-format=simple \
		"$1" > pygrub.out || return 1
	cat pygrub.out
	cmp "$(sed -n 's/^kernel //p' pygrub.out)" vmlinuz &&
		cmp "$(sed -n 's/^ramdisk //p' pygrub.out)" initrd.img &&
		grep -x 'args ro root=LABEL=/.*' pygrub.out
}

# one_side DEBUGFS-COMMAND kvm|pygrub PACKAGE: without that kernel the status is
# 5, and every verb names the package.
one_side()
{
	local rc=0

	cp --sparse=always "$src" one.img
	debugfs -w -R "$1" one.img > /dev/null 2>&1
	"$DISKWRIGHT" dualboot --json -n one.img none.raw > plan.json \
		2> err || rc=$?
	"$DISKWRIGHT" inspect --json one.img > inspect.json || return 1
	cat err
	[ "$rc" = 5 ] && grep -F "package $3 would help" plan.json &&
		jq -e --arg p "$3" ".plan.$2.advice.package == \$p" plan.json &&
		jq -e --arg p "$3" \
			"[.. | .$2_advice?.package? // empty] == [\$p]" \
			inspect.json
}

cd "$work"
dress > dress.out 2>&1 || {
	bad 'the guest is made'
	tail -n 20 dress.out
	finish
}
user_dir "$work/out"
raw=$work/out/dual.raw
convert 'two kernels' "$src" "$raw"
check 'check: both sides boot' "$DISKWRIGHT" check "$raw"
check 'PyGrub hands out the kernel for Xen' pygrub_gives_pv "$raw"
check 'the menu for KVM has the other alone' sh -c "
	'$DISKWRIGHT' cat '$raw@p1:/boot/syslinux/syslinux.cfg' > cfg &&
	grep -F 'KERNEL /boot/vmlinuz-$version' cfg && ! grep -F el5xen cfg"
check 'the other boots on virtio-blk' guest_comes_up "$raw" raw virtio-blk

menu 0 > menu.lst
put_file "$src" menu.lst /boot/grub/menu.lst
rm -f "$raw"
convert 'the other as the default' "$src" "$raw"
check 'the plan shows the new default' sh -c "
	grep -F 'default=1' report &&
	tr -s ' \n' ' ' < report | grep -F 'would not boot under Xen'"
check 'then, too, PyGrub hands out the kernel for Xen' pygrub_gives_pv "$raw"

check 'no kernel for Xen' one_side "rm /boot/vmlinuz-$pv" pygrub \
	linux-image-amd64
check 'no kernel for KVM' one_side "rm /boot/vmlinuz-$version" kvm \
	linux-image-amd64
finish
