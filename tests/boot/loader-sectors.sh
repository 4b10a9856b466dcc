#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The master boot record and the boot record: with genuine ones in front or
# behind, on logical and on moved partitions, on other buses, and what they
# say when they cannot go on.
set -eu
. "$(dirname "$0")/../lib.sh"
need qemu-system-x86_64 mke2fs debugfs sfdisk
. "$(dirname "$0")/lab.sh"

genuine_mbr=
for f in /usr/lib/EXTLINUX/mbr.bin /usr/lib/syslinux/mbr/mbr.bin \
	/usr/lib/syslinux/bios/mbr.bin /usr/share/syslinux/mbr.bin; do
	[ -n "$genuine_mbr" ] || [ ! -e "$f" ] || genuine_mbr=$f
done

prepare()
{
	make_tree
	make_fs 16M -t ext4
	"$LAB" install fs.img "${1:-$start_lba}"
}

# dd of a sector's code, the table kept.
set_mbr()
{
	head -c 440 "$1" | dd of=disk.img conv=notrunc status=none
}

genuine_mbr_before_ours()
{
	prepare
	make_disk
	set_mbr "$genuine_mbr"
	"$LAB" name disk.img | grep '^chain'
	start disk.img
	expect_tree
}

# The other way round: genuine extlinux, put there without mounting. The
# kernel is too small to have blocks of zeros: extlinux cannot read holes.
ours_before_genuine_extlinux()
{
	make_tree
	"$top/tests/boot/fakekernel/mkkernel.sh" 204 60 tree/boot/vmlinuz
	cat > tree/boot/syslinux/syslinux.cfg <<-END
	DEFAULT /boot/vmlinuz root=/dev/vda1 initrd=/boot/initrd.img
	END
	make_fs 16M -t ext4 -b 4096
	python3 "$top/tests/boot/carve-extlinux.py" fs.img $start_lba \
		/boot/syslinux
	e2fsck -fn fs.img
	make_disk
	"$LAB" name disk.img | grep '^ours'
	"$LAB" name fs.img | grep '^syslinux'
	start disk.img
	tr -d '\r' < serial.log > said
	grep "^FAKE kernel .* crc=$(cat tree/boot/vmlinuz.crc)\$" said
	grep "^FAKE cmdline=.BOOT_IMAGE=/boot/vmlinuz root=/dev/vda1 " said
}

# /dev/vda6, active, in a chain of two; nothing primary is.
logical_partition()
{
	prepare $((2048 + 40960 + 4096))
	truncate -s 64M disk.img
	sfdisk -q --no-reread disk.img <<-END
	2048,8192,83
	10240,100000,5
	12288,20480,83
	47104,32768,83,*
	END
	dd if=fs.img of=disk.img bs=512 seek=47104 conv=notrunc status=none
	"$LAB" mbr disk.img
	sfdisk -d disk.img
	start disk.img
	expect_tree
}

# The boot record was written for 2048; DS:SI tells where it is now.
moved_partition()
{
	prepare
	make_disk 10240
	start disk.img
	expect_tree
}

# An MBR that loads sector 2048 and leaves nonsense in DS:SI. What is said
# there looks like an active entry, first of a filesystem that is not ours.
mbr_without_handover()
{
	prepare
	make_disk
	cat > mbr.S <<-'END'
	.code16
	.globl _start
	_start:	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw $0x7c00, %sp
	movw $0x7c00, %si
	movw $0x600, %di
	movw $256, %cx
	rep movsw
	ljmp $0, $1f + 0x600
	1: movw $packet + 0x600, %si
	movb $0x42, %ah
	int $0x13
	movw $nonsense + 0x600, %si
	ljmp $0, $0x7c00
	packet: .byte 16, 0
	.word 1, 0x7c00, 0
	.quad 2048
	nonsense: .byte 0x80, 0, 0, 0, 0x83, 0, 0, 0
	.long 3, 100
	END
	${X86CC:-gcc} -m32 -c -o mbr.o mbr.S
	${LD:-ld} -m elf_i386 -Ttext=0 -e _start --oformat binary -o mbr.bin \
		mbr.o
	truncate -s 440 mbr.bin
	set_mbr mbr.bin
	start disk.img
	expect_tree
}

on_bus()
{
	prepare
	make_disk
	BUS=$1
	shift
	start disk.img "$@"
	expect_tree
}
virtio_scsi()	{ on_bus scsi-hd,drive=d -device virtio-scsi-pci; }
ahci()		{ on_bus ide-hd,drive=d,bus=a.0 -device ahci,id=a; }
ide()		{ on_bus ide-hd,drive=d; }
usb()		{ on_bus usb-storage,drive=d -device qemu-xhci; }

# Starts, fails, and says so.
says()
{
	if start disk.img; then
		return 1
	fi
	grep -a "$1" serial.log
}

nothing_active()
{
	prepare
	make_disk
	printf '\0' | dd of=disk.img bs=1 seek=446 conv=notrunc
	says 'No active partition'
}
two_active()
{
	prepare
	make_disk
	dd if=disk.img of=disk.img bs=1 skip=446 seek=462 count=16 conv=notrunc
	says 'Multiple active partitions'
}
no_boot_sector()
{
	prepare
	make_disk
	dd if=/dev/zero of=disk.img bs=512 seek=2048 count=1 conv=notrunc
	says 'No boot sector in partition'
}
past_the_end()
{
	prepare
	make_disk
	printf '\377' | dd of=disk.img bs=1 seek=457 conv=notrunc
	says 'Disk read error'
}
half_a_boot_record()
{
	prepare
	make_disk
	dd if=/dev/zero of=disk.img bs=512 seek=2049 count=1 conv=notrunc
	says 'Boot: No boot record'
}
# An extended chain that leads back to itself ends.
ebr_loop()
{
	truncate -s 8M disk.img
	sfdisk -q --no-reread disk.img <<-END
	2048,8192,5
	4096,1024,83
	END
	"$LAB" mbr disk.img
	dd if=disk.img of=disk.img bs=1 skip=446 seek=$((2048 * 512 + 462)) \
		count=16 conv=notrunc
	printf '\0\0\0\0' | dd of=disk.img bs=1 seek=$((2048 * 512 + 470)) \
		conv=notrunc
	says 'No active partition'
}
# What others look for must not be found in the boot record.
looks_like_no_table()
{
	make_tree
	make_fs 16M -t ext4
	"$LAB" install fs.img whole
	[ -z "$(tail -c +12 fs.img | head -c 79 | tr -d '\0')" ]
	[ -z "$(tail -c +441 fs.img | head -c 70 | tr -d '\0')" ]
	[ "$(od -An -tx1 -j 510 -N 2 fs.img)" = ' 55 aa' ]
	blkid -p fs.img | grep 'TYPE="ext4"'
	if blkid -p fs.img | grep 'vfat'; then
		return 1
	fi
	file fs.img || :
}

cases="logical_partition moved_partition mbr_without_handover virtio_scsi
	ahci ide usb nothing_active two_active no_boot_sector past_the_end
	half_a_boot_record ebr_loop looks_like_no_table"
if [ -n "$genuine_mbr" ]; then
	cases="genuine_mbr_before_ours $cases"
else
	skip "genuine_mbr_before_ours: mbr.bin of syslinux is missing (package extlinux)"
fi
if ! command -v extlinux > /dev/null; then
	skip "ours_before_genuine_extlinux: extlinux is missing"
elif ! command -v python3 > /dev/null; then
	skip "ours_before_genuine_extlinux: python3 is missing"
else
	cases="ours_before_genuine_extlinux $cases"
fi
for c in ${CASES:-$cases}; do
	case_run "$c"
done
cases_done
finish
