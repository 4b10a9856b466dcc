#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The loader scans /boot where its configuration leads to no kernel any more,
# and only then: the newest kernel, its initrd, and the arguments that were.
set -eu
. "$(dirname "$0")/../lib.sh"
need qemu-system-x86_64 mke2fs debugfs e2fsck
. "$(dirname "$0")/lab.sh"

uuid=01234567-89ab-cdef-0123-456789abcdef
plain="root=UUID=$uuid ro console=tty0 console=ttyS0,115200n8"

# kernel VERSION [FILE]; the newest of a case is k20f
kernel()
{
	mkdir -p tree/boot
	cp --sparse=never "$work/${2:-k204}" "tree/boot/vmlinuz-$1"
}

config()
{
	mkdir -p tree/boot/syslinux
	cat > tree/boot/syslinux/syslinux.cfg
}

# gone: both kernels of the configuration are upgraded away
gone()
{
	config <<-END
	DEFAULT two
	LABEL one
	  LINUX /boot/vmlinuz-5.1
	  APPEND root=LABEL=one
	LABEL two
	  LINUX ../vmlinuz-5.2
	  APPEND initrd=../initrd.img-5.2 root=LABEL=two rw quiet
	END
}

# boot [MKE2FS OPTIONS...]
boot()
{
	make_fs "${SIZE:-16M}" -U "$uuid" "${@:--text4}"
	"$LAB" install fs.img whole
	start fs.img
}

says()
{
	tr -d '\r' < serial.log | grep -F "$1"
}

newest_with_old_arguments()
{
	gone
	kernel 5.9.0-1
	kernel 5.10.0-9
	kernel 5.10.0-28 k20f
	kernel 5.10.0-28-rc1
	kernel 5.10.0-28.dpkg-new
	kernel 6.0-rescue
	kernel 6.0.old
	kernel 6.1.0-xen
	cp "$work/initrd" tree/boot/initrd.img-5.10.0-28
	cp "$work/initrd2" tree/boot/initrd.img-5.9.0-1
	boot
	expect k20f "$work/initrd" "BOOT_IMAGE=/boot/vmlinuz-5.10.0-28 root=LABEL=two rw quiet initrd=/boot/initrd.img-5.10.0-28"
	says 'one: file not found'
	says 'two: file not found'
	says 'No configured kernel is there: scanning /boot'
}

# Nobody chose, and nothing says which root: by its UUID, after three seconds.
without_a_configuration()
{
	kernel 6.1.0-1 k20f
	cp "$work/initrd" tree/boot/initramfs-6.1.0-1.img
	boot
	expect k20f "$work/initrd" "BOOT_IMAGE=/boot/vmlinuz-6.1.0-1 $plain initrd=/boot/initramfs-6.1.0-1.img"
	says 'No extlinux.conf or syslinux.cfg found'
	says 'boot:'
}

# One entry that still leads somewhere is better than what is newer.
entries_come_first()
{
	gone
	kernel 5.1
	kernel 6.1 k20f
	boot
	expect k204 "" "BOOT_IMAGE=/boot/vmlinuz-5.1 root=LABEL=one"
	if says scanning; then
		return 1
	fi
}

# A prompt is waited for as long as it says.
after_the_prompt()
{
	gone
	printf 'PROMPT 1\nTIMEOUT 10\n' >> tree/boot/syslinux/syslinux.cfg
	kernel 6.1 k20f
	boot
	expect k20f "" "BOOT_IMAGE=/boot/vmlinuz-6.1 root=LABEL=two rw quiet"
}

# What is no kernel is said, and the next one is tried; those for Xen alone and
# the old ones come last.
next_ones()
{
	gone
	sed -i 's/root=[^ ]*//' tree/boot/syslinux/syslinux.cfg
	mkdir -p tree/boot/vmlinuz-8.0
	head -c 5000 /dev/urandom > tree/boot/vmlinuz-7.0
	ln -s vmlinuz-5.0 tree/boot/vmlinuz-6.0
	kernel 4.0-rescue k20f
	boot
	expect k20f "" "BOOT_IMAGE=/boot/vmlinuz-4.0-rescue $plain"
	says '/boot/vmlinuz-8.0: not a regular file'
	says '/boot/vmlinuz-7.0: not a Linux kernel'
	says '/boot/vmlinuz-6.0: file not found'
}

# Half an update: a kernel whose initrd is still to come is not started while
# an older one is complete. Of a kernel for Xen an initrd makes no better one.
an_initrd_comes_first()
{
	gone
	kernel 6.9.0-1
	kernel 6.1.0-1 k20f
	kernel 5.9.0-1
	kernel 6.9.0-1-xen
	cp "$work/initrd" tree/boot/initrd.img-6.1.0-1
	cp "$work/initrd2" tree/boot/initrd.img-5.9.0-1
	boot
	expect k20f "$work/initrd" "BOOT_IMAGE=/boot/vmlinuz-6.1.0-1 root=LABEL=two rw quiet initrd=/boot/initrd.img-6.1.0-1"
	# What has none is tried where nothing else can be started.
	rm tree/boot/vmlinuz-[56].[19].0-1
	kernel 6.9.0-1 k20f
	head -c 5000 /dev/zero > tree/boot/vmlinuz-6.1.0-1
	cp "$work/initrd2" tree/boot/initrd.img-6.9.0-1-xen
	boot
	expect k20f "" "BOOT_IMAGE=/boot/vmlinuz-6.9.0-1 root=LABEL=two rw quiet"
}

nothing_there()
{
	gone
	if boot; then
		return 1
	fi
	says '/boot holds no vmlinuz-VERSION'
}

# Arch and Alpine call their kernels by a word, which is less than a version.
words()
{
	kernel lts
	kernel virt k20f
	cp "$work/initrd" tree/boot/initramfs-virt
	boot
	expect k20f "$work/initrd" "BOOT_IMAGE=/boot/vmlinuz-virt $plain initrd=/boot/initramfs-virt"
	kernel linux-6
	kernel 3.1 k20f
	cp "$work/initrd2" tree/boot/initrd-3.1
	boot
	expect k20f "$work/initrd2" "BOOT_IMAGE=/boot/vmlinuz-3.1 $plain initrd=/boot/initrd-3.1"
}

# crowd NR: so many other names in /boot
crowd()
{
	mkdir -p tree/boot
	seq -f "tree/boot/vmlinuz-1.0-of-a-rather-long-name-%g.bak" 1 "$1" |
		xargs touch
}

# A directory with an index of its own; e2fsck -D makes it.
htree()
{
	crowd 3000
	gone
	kernel 5.10.0-9
	kernel 5.10.0-28 k20f
	cp "$work/initrd" tree/boot/initrd.img-5.10.0-28
	make_fs 32M -U "$uuid" -t ext4 -b "$1"
	"$LAB" install fs.img whole
	e2fsck -fyD fs.img > fsck.out || [ $? = 1 ]
	debugfs -R 'htree_dump /boot' fs.img 2> /dev/null > htree.out
	grep 'Indirect levels: ' htree.out
	start fs.img
	expect k20f "$work/initrd" "BOOT_IMAGE=/boot/vmlinuz-5.10.0-28 root=LABEL=two rw quiet initrd=/boot/initrd.img-5.10.0-28"
}
htree_1k() { htree 1024; }
htree_4k() { htree 4096; }

layout()
{
	gone
	kernel 5.9
	kernel 5.10 k20f
	cp "$work/initrd" tree/boot/initrd.img-5.10
	SIZE=64M boot "$@"
	expect k20f "$work/initrd" "BOOT_IMAGE=/boot/vmlinuz-5.10 root=LABEL=two rw quiet initrd=/boot/initrd.img-5.10"
}
layout_ext2_1k() { layout -t ext2 -b 1024; }
layout_64k() { layout -t ext4 -b 65536; }
layout_inline() { layout -t ext4 -I 1024 -O inline_data; }

for c in ${CASES:-newest_with_old_arguments without_a_configuration \
	entries_come_first after_the_prompt next_ones an_initrd_comes_first \
	nothing_there words htree_1k htree_4k layout_ext2_1k layout_64k layout_inline}; do
	case_run "$c"
done
cases_done
finish
