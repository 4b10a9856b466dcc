#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes initrds without virtio drivers by a release's own programs, as guests
# have them that were installed under Xen: hook of mmdebstrap.
#
#   tests/guests/initrds.sh ROOT
#
# They wait in /var/lib/initrds for the guests that take them.
set -eu

root=$1 dir=/var/lib/initrds
version=$(cd "$root/boot" && ls vmlinuz-*)
version=${version#vmlinuz-}

mkdir -p "$root$dir"
cp -a "$root/etc/initramfs-tools" "$root$dir/list"
sed -i 's/^MODULES=.*/MODULES=list/' "$root$dir/list/initramfs.conf"
printf '%s\n' xen-blkfront ext4 > "$root$dir/list/modules"
chroot "$root" mkinitramfs -d "$dir/list" -o "$dir/list.img" "$version"

# Generic, not of this host; dracut takes what is omitted as expressions.
[ ! -x "$root/usr/bin/dracut" ] ||
	chroot "$root" dracut --quiet --no-hostonly --omit-drivers 'virtio.*' \
		"$dir/dracut.img" "$version"
