#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A guest that was converted with one kernel and got others later has the same
# syslinux.cfg, byte for byte, as one that was converted with all of them.
set -eu
. "$(dirname "$0")/../lib.sh"
need mke2fs debugfs

cd "$work"
mkdir -p all/boot/grub all/etc all/sbin
printf '/dev/xvda1 / ext4 defaults 0 1\n' > all/etc/fstab
printf 'PRETTY_NAME="Some guest"\nID=debian\nVERSION_ID="12"\n' \
	> all/etc/os-release
printf 'default 0\ntitle x\nroot (hd0)\nkernel /boot/vmlinuz-%s %s\n' \
	6.1.0-9 'root=/dev/xvda1 ro quiet apparmor=0' > all/boot/grub/menu.lst

# A bzImage's head; all drivers are built in, so that no initrd is needed.
add_kernel()
{
	{
		head -c 497 /dev/zero
		printf '\004'
		head -c 12 /dev/zero
		printf '\125\252..HdrS\017\002'
		head -c 6 /dev/zero
		printf '\000\003.\001'
		head -c 750 /dev/zero
		printf '%s (build@host) #1 SMP\0' "$1"
		head -c 4096 /dev/zero
	} > "all/boot/vmlinuz-$1"
	printf 'CONFIG_%s=y\n' 64BIT XEN XEN_PV XEN_BLKDEV_FRONTEND VIRTIO_PCI \
		VIRTIO_BLK EXT4_FS CRYPTO_CRC32C BLK_DEV_INITRD \
		> "all/boot/config-$1"
}

for v in 5.10.0-33 6.1.0-9 6.1.0-50 6.1.0-50~rc2 6.12.1 6.12.0+deb13; do
	add_kernel "$v"
done
# A rescue copy has the version of another kernel; no menu can name the other.
add_kernel 0-rescue-1a2b
sed -i 's/0-rescue-1a2b (build/6.1.0-50 (build/' all/boot/vmlinuz-0-rescue-1a2b
mkdir -p all/lib/modules/6.1.0-50
add_kernel 6.2.0,a
# openSUSE keeps its kernels beside their modules, and a link in /boot.
add_kernel 6.3.0-default
mkdir -p all/usr/lib/modules/6.3.0-default
mv all/boot/vmlinuz-6.3.0-default all/usr/lib/modules/6.3.0-default/vmlinuz
ln -s ../usr/lib/modules/6.3.0-default/vmlinuz all/boot/vmlinuz-6.3.0-default
ln -s vmlinuz-6.3.0-default all/boot/vmlinuz
cp -a all one
find one/boot -name 'vmlinuz-*' ! -name '*-6.1.0-9' -delete

# converted TREE: the guest of that tree in TREE.out, its file in TREE.cfg.
converted()
{
	mke2fs -q -t ext4 -U d15c0000-0000-4000-8000-0000000000ab \
		-E root_owner=0:0 -d "$1" "$1.img" 24M
	"$DISKWRIGHT" dualboot --no-sync "$1.img" "$1.out" > "$1.txt" &&
		"$DISKWRIGHT" cat "$1.out@p1:/boot/syslinux/syslinux.cfg" \
			> "$1.cfg"
}

check 'with all kernels' converted all
check 'with one kernel' converted one
check 'a link out of /boot is a kernel' \
	grep -x '	KERNEL /boot/vmlinuz-6.3.0-default' all.cfg
# shellcheck disable=SC2016
check 'no two labels are alike' sh -c '
	grep ^LABEL all.cfg | sort > labels && [ "$(wc -l < labels)" -gt 6 ] &&
	[ -z "$(uniq -d labels)" ]'
check 'what no menu can name is left out, and told' sh -c '
	! grep 6.2.0,a all.cfg && grep "6.2.0,a gets no new entry" all.txt'
check 'they differ' sh -c '! cmp all.cfg one.cfg'
check 'the hook is told of' grep -q \
	'configuration is renewed by /sbin/diskwright-update' one.txt

"$DISKWRIGHT" cat one.out@p1:/sbin/diskwright-update > update
check 'the script is the one of the tree' cmp update \
	"$top/src/guest/hook/update.sh"
mkdir -p all/boot/syslinux
cp one.cfg all/boot/syslinux/syslinux.cfg
check 'the other kernels come' env DISKWRIGHT_ROOT="$work/all" sh update
check 'it is the same file' diff -u all.cfg all/boot/syslinux/syslinux.cfg
find all/boot -name 'vmlinuz-*' ! -name '*-6.1.0-9' -delete
check 'and go' env DISKWRIGHT_ROOT="$work/all" sh update
check 'it is the first again' diff -u one.cfg all/boot/syslinux/syslinux.cfg

"$DISKWRIGHT" dualboot --no-sync --json all.out again.out > again.json
check 'converted again, the hook stays' sh -c '
	grep -q "\"hook\": *\"/sbin/diskwright-update\"" again.json &&
	! grep diskwright again.json | grep -E "zz-diskwright|new, "'
check 'debugfs sees its mode and owner' sh -c "
	dd if=all.out of=fs bs=1M skip=1 status=none &&
	for f in /sbin/diskwright-update /etc/kernel/postinst.d/zz-diskwright
	do
		debugfs -R \"stat \$f\" fs 2> /dev/null > stat &&
		grep -q 'Mode:  0755' stat &&
		grep -q 'User: *0 *Group: *0' stat || exit 1
	done"
"$DISKWRIGHT" dualboot --no-sync --no-hook all.img bare.out > bare.txt
check '--no-hook leaves all of it out' sh -c "! grep -E 'diskwright-update|zz-' \
	bare.txt && ! '$DISKWRIGHT' cat bare.out@p1:/sbin/diskwright-update"
finish
