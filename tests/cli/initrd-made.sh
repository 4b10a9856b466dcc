#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# initrd: where none can be added to, one is made only for a root that it
# finds, and what it replaces is kept.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$top/tests/lib-kernel.sh"
need mke2fs e2fsck cpio gzip depmod cc python3 jq

cd "$work"
version=6.1.0-9-test
dir=tree/usr/lib/modules/$version
mkdir -p tree/boot/grub tree/etc "$dir/kernel"
ln -s usr/lib tree/lib
echo 'ID=debian' > tree/etc/os-release
cp /dev/null "$dir/modules.builtin"
echo 'int x;' | cc -xc -c -o module.o -
for module in virtio virtio_ring virtio_pci virtio_blk ext4; do
	cp module.o "$dir/kernel/$module.ko"
done
depmod -b "$PWD/tree" $version 2> depmod.out
kernel "tree/boot/vmlinuz-$version" "$version"
# Of no program that we know.
mkdir first && echo 'exec /sbin/init' > first/init
(cd first && find . | cpio -o -H newc --quiet) | gzip -n \
	> "tree/boot/initrd.img-$version"

# guest ROOT: fs.img, started with that root=.
guest()
{
	printf 'default 0\ntitle x\n root (hd0,0)\n kernel %s root=%s\n' \
		"/boot/vmlinuz-$version" "$1" > tree/boot/grub/menu.lst
	rm -f fs.img
	mke2fs -q -t ext4 -d tree -F fs.img 16M > mke2fs.out
}

# refuses WHAT LOCATOR FILE: it says what, and the file stays as it is.
refuses()
{
	local before rc=0

	before=$(sha256sum < "$3")
	"$DISKWRIGHT" initrd --for=kvm "$2" > out 2>&1 || rc=$?
	cat out
	[ "$rc" = 3 ] && grep -- "$1" out &&
		[ "$before" = "$(sha256sum < "$3")" ]
}

makes()
{
	"$DISKWRIGHT" initrd --json --for=kvm "$1" > made.json || return 1
	cat made.json
	jq -e '.initrds[0] | .made and
		(.backup | endswith(".before-diskwright"))' made.json &&
		e2fsck -fn fs.img &&
		"$DISKWRIGHT" initrd --check=kvm "$1" &&
		"$DISKWRIGHT" cat \
		"$1:/boot/initrd.img-$version.before-diskwright" |
		cmp - "tree/boot/initrd.img-$version"
}

in_volume()
{
	python3 "$top/tests/helpers/mkpv.py" vg0 --extent 1024 \
		pv0=pv.img:20 root=linear:pv0+0*16
	dd if=fs.img of=pv.img bs=1M seek=1 conv=notrunc status=none
	"$DISKWRIGHT" ls pv.img@vg0/root:/boot
}

judges_made()
{
	guest /dev/sda1 && "$DISKWRIGHT" initrd --for=kvm fs.img || return 1
	sed 's,/dev/sda1,/dev/vg0/root,' tree/boot/grub/menu.lst > menu
	"$DISKWRIGHT" put --force menu fs.img:/boot/grub/menu.lst || return 1
	! "$DISKWRIGHT" initrd --check=kvm fs.img > out 2>&1 &&
		cat out && grep 'logical volume' out
}

guest /dev/disk/by-id/scsi-1-part2
check 'root=/dev/disk/by-id/...' refuses 'root=/dev/disk/by-id/' fs.img fs.img
guest /dev/mapper/vg-root
check 'root=/dev/mapper/...' refuses 'root=/dev/mapper/vg-root' fs.img fs.img
guest /dev/sda1
check 'a volume of LVM' in_volume
check 'the root in it' refuses 'root lies on LVM' pv.img@vg0/root pv.img
check 'a root that it finds: the old one is kept' makes fs.img
check 'the made one is judged by root=, too' judges_made
finish
