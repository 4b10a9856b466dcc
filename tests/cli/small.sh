# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# A guest image that is small and fast to make, for tests that need something
# to convert but nothing to boot.  Sourced after ../lib.sh.

# small_guest FILE [MEGABYTES [MKE2FS OPTIONS...]]: 12 MiB of its files are
# random, so that copying takes room.
small_guest()
{
	local file=$1 size=${2:-32} dir=$work/small.tree

	shift "$(($# < 2 ? $# : 2))"
	rm -rf "$dir"
	mkdir -p "$dir"/{etc,boot/grub,sbin,var}
	printf '/dev/xvda1 / ext4 defaults 0 1\n' > "$dir/etc/fstab"
	printf 'PRETTY_NAME="Small guest"\nID=debian\nVERSION_ID="12"\n' \
		> "$dir/etc/os-release"
	head -c 2M /dev/urandom > "$dir/boot/vmlinuz-6.1.0-1-amd64"
	head -c 2M /dev/urandom > "$dir/boot/initrd.img-6.1.0-1-amd64"
	head -c 8M /dev/urandom > "$dir/var/data"
	cat > "$dir/boot/grub/menu.lst" <<-EOF
		default 0
		title small
		root (hd0)
		kernel /boot/vmlinuz-6.1.0-1-amd64 root=/dev/xvda1 ro
		initrd /boot/initrd.img-6.1.0-1-amd64
	EOF
	mke2fs -q -t ext4 -U d15c0000-0000-4000-8000-0000000000aa \
		-E root_owner=0:0 "$@" -d "$dir" "$file" "${size}M" \
		> /dev/null
	rm -rf "$dir"
	chmod 644 "$file"
}
