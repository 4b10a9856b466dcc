#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The initrd of a guest, made by its own program for its own kernel, is remade
# for a kernel of another release, and starts that.
set -eu
. "$(dirname "$0")/../lib.sh"
need qemu-system-x86_64 mke2fs sfdisk debugfs depmod dpkg-deb cc apt-get \
	mmdebstrap cpio zstd
. "$top/tests/boot/qemu.sh"
. "$top/tests/boot/synth.sh"

# What the root holds beside its kernel; systemd does not go where no
# os-release is.
dress()
{
	cp "$work/old" "$1/boot/old"
	mkdir "$1/etc"
	echo 'ID=test' > "$1/etc/os-release"
}
remake()
{
	unprivileged "$initrdtool" remake "$work/$1.fs" "$version" /boot/old \
		"$old_version" "$work/out/$1" > "$work/said" &&
		mv "$work/out/$1" "$work/$1.initrd" && cat "$work/said"
}
# names FILE: of an initrd of one gzip member, whatever comes before it.
names()
{
	local at

	at=$(LC_ALL=C grep -abom1 $'\x1f\x8b\x08' "$1" | head -n 1 | cut -d : -f 1)
	tail -c +$((at + 1)) "$1" | gzip -dc > "$work/cpio"
	python3 - "$work/cpio" <<-'END'
	import sys
	d = open(sys.argv[1], 'rb').read()
	at = 0
	while at < len(d):
	    if not d[at]:
	        at += 4
	        continue
	    size, length = int(d[at + 54:at + 62], 16), int(d[at + 94:at + 102], 16)
	    print(d[at + 110:at + 109 + length].decode())
	    at += (110 + length + 3) // 4 * 4 + (size + 3) // 4 * 4
	END
}
only_the_new()
{
	names "$work/$1.initrd" > "$work/names"
	! grep -F "lib/modules/$old_version" "$work/names" &&
		grep -F "lib/modules/$version/modules.dep.bin" "$work/names" &&
		grep -x 'init' "$work/names"
}

# one NAME GUEST FAMILY
one()
{
	local guest

	guest=$("$top/tests/guests/make.sh" "$2")
	old_version=$(names_in "$guest" /boot | sed -n 's/^vmlinuz-//p')
	from_image "$guest" "/boot/initrd.img-$old_version" "$work/old"
	check "$3: a root with Linux for another release" make_root "$1" \
		"$("$top/tests/helpers/debkernel.sh" trixie linux-image-amd64 \
			amd64)" -t ext4
	check "$3: $old_version to $version" remake "$1"
	check "$3: is what it was" grep "^$3, gzip" "$work/said"
	check "$3: nothing of the old kernel is left" only_the_new "$1"
	check "$3: starts on virtio-blk" \
		boots "$1" virtio-blk "root=UUID=$uuid"
	check "$3: starts on virtio-scsi" boots "$1" virtio-scsi "root=UUID=$uuid"
	rm -rf "$work/$1".* "$work/tree"
}

user_dir "$work/out"
one debian ext4-menulst initramfs-tools
finish
