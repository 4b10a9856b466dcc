#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Initrds that are made whole around our own /init start three kernels of
# Debian, and one for i386, from every bus and by every form of root=; what
# cannot be found is told.
set -eu
. "$(dirname "$0")/../lib.sh"
need qemu-system-x86_64 mke2fs sfdisk depmod dpkg-deb cc apt-get mmdebstrap cpio
. "$top/tests/boot/qemu.sh"
. "$top/tests/boot/synth.sh"
deb=$top/tests/helpers/debkernel.sh

synth()
{
	unprivileged "$initrdtool" synth "$work/$1.fs" "$version" \
		"$work/out/$1" "${@:2}" > "$work/said" &&
		mv "$work/out/$1" "$work/$1.initrd" && cat "$work/said"
}
# What dw_initrd_check() says of every bus on which it is then started.
works_on()
{
	local bus

	grep '^diskwright, gzip, .* UUID, LABEL$' "$work/said" || return 1
	for bus; do
		grep -x "$bus: works" "$work/said" || return 1
	done
}
# Another reader of archives finds the same kinds of files.
cpio_agrees()
{
	zcat "$work/$1.initrd" | cpio -itv --quiet > "$work/list" &&
		grep -q '^-rwxr-xr-x .* init$' "$work/list" &&
		grep -q '^crw------- .* 5, *1 .* dev/console$' "$work/list"
}
same_again()
{
	cp "$work/$1.initrd" "$work/first" && synth "$1" &&
		cmp "$work/first" "$work/$1.initrd"
}
refuses_module()
{
	! synth book "$1" && grep "has no module $1" "$work/said"
}
drop()
{
	rm -rf "$work/$1".* "$work/tree"
}
user_dir "$work/out"

# Linux 5.10, modules as they are, an MBR.
check "bullseye: a root" make_root bull \
	"$($deb bullseye linux-image-amd64 amd64)" -t ext4
make_disk bull dos
check "bullseye: an initrd" synth bull
check "bullseye: should work" works_on virtio-blk virtio-scsi ahci ide xen
check "bullseye: cpio reads it" cpio_agrees bull
check "bullseye: the same bytes again" same_again bull
id=$(sfdisk --disk-id "$work/bull.disk")
check "bullseye: virtio-blk, UUID=, arguments for init" \
	boots bull virtio-blk "root=UUID=$uuid ro single" \
	'rootinit: arguments: /sbin/init single'
check "bullseye: virtio-scsi, LABEL=" \
	boots bull virtio-scsi 'root="LABEL=the root" quiet'
check "bullseye: ahci, /dev/sda1, rw" \
	boots bull ahci "root=/dev/sda1 rw rootflags=noatime,nodelalloc" \
	'/dev/sda1 / ext4 rw,noatime,nodelalloc'
check "bullseye: ide, PARTUUID=" boots bull ide "root=PARTUUID=${id#0x}-01"
check "a blacklisted module is told" boots bull virtio-blk \
	"root=/dev/vda1 modprobe.blacklist=ata-piix,loop" \
	'module ata_piix is blacklisted'
check "options reach a module" boots bull virtio-blk \
	"root=/dev/vda1 virtio_blk.no_such_option=1" \
	"virtio_blk: unknown parameter 'no_such_option'"
drop bull

# Linux 6.12, modules packed by xz, a GPT, ext3 for the driver of ext4.
check "trixie: a root" make_root trix \
	"$($deb trixie linux-image-amd64 amd64)" -t ext3
make_disk trix gpt
check "trixie: an initrd" synth trix
check "trixie: should work" works_on virtio-blk virtio-scsi ahci ide xen
check "trixie: virtio-blk, PARTUUID=" \
	boots trix virtio-blk "root=PARTUUID=${uuid^^} rootwait"
check "trixie: virtio-scsi, PARTLABEL=" \
	boots trix virtio-scsi "root=PARTLABEL=root"
check "trixie: ahci, by-label" \
	boots trix ahci 'root=/dev/disk/by-label/the\x20root'
check "trixie: ide, /dev/sda1" boots trix ide "root=/dev/sda1"
drop trix

# Linux 6.1 on a disk without partitions.
check "bookworm: a root" make_root book \
	"$($deb bookworm linux-image-amd64 amd64)" -t ext4
check "bookworm: an initrd" synth book loop
check "bookworm: virtio-blk, /dev/vda" boots book virtio-blk "root=/dev/vda"
check "bookworm: what was asked for is loaded" \
	grep -aq '^loop ' "$work/serial.book.virtio-blk"
check "bookworm: virtio-scsi, a number" \
	boots book virtio-scsi "root=8:0 rootfstype=xfs,ext4"
check "bookworm: ahci, under its name of Xen" \
	boots book ahci "root=/dev/xvda" \
	'there is no /dev/xvda; /dev/sda is taken in its place'
check "a root that is not there: what there is" \
	boots book virtio-blk "root=LABEL=none" \
	"/dev/vda: ext4 UUID=$uuid LABEL=the root"
check "a root on a logical volume is told at once" \
	boots book virtio-blk "root=/dev/mapper/vg-root" \
	'a root on LVM, encrypted or multipath is not handled'
check "an init that is not there" boots book virtio-blk \
	"root=/dev/vda init=/no/such" "rootinit: arguments: /sbin/init"
check "a module that the kernel does not have" refuses_module no_such
drop book

# 32 bits.
if make_root i386 "$($deb bookworm linux-image-686-pae i386)" -t ext2 \
	> "$work/i386.log" 2>&1; then
	check "i386: an initrd" synth i386
	check "i386: should work" works_on virtio-blk virtio-scsi ahci
	check "i386: virtio-blk, UUID=" \
		boots i386 virtio-blk "root=UUID=$uuid"
else
	skip "i386: $(tail -n 1 "$work/i386.log")"
fi
finish
