#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes the kernel and the initramfs of the guest in which LVM works, out of
# packages of Debian bookworm; without root.  What is to run in it is added to
# the initramfs by the caller.
#
#   tests/images/lvm/guest/build.sh FOLDER
#
# FOLDER/vmlinuz and FOLDER/initrd are made.
set -eu

out=$1
packages=busybox-static,linux-image-amd64,lvm2,dmsetup,mdadm,e2fsprogs
packages=$packages,fdisk,thin-provisioning-tools
programs="sbin/lvm sbin/dmsetup sbin/mdadm sbin/mke2fs sbin/sfdisk
	usr/sbin/pdata_tools"
modules='drivers/(md|virtio)/.*|drivers/block/loop|block/t10-pi'
modules="$modules|drivers/scsi/(scsi_mod|scsi_common|sd_mod|virtio_scsi)"
modules="$modules|lib/(raid6/.*|crc.*|libcrc32c)|crypto/(xor|async_tx/.*|crc.*)"
modules="$modules|fs/(ext4/ext4|jbd2/jbd2|mbcache)"

# shellcheck disable=SC2016
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' \
	'Created-By: Packages' 'Origin: Debian' 'Component: main' |
	grep -v security | head -n 1)}
[ -n "$mirror" ] || {
	echo "build.sh: no Debian mirror known; set DEBIAN_MIRROR" >&2
	exit 1
}

mkdir -p "$out"
work=$(mktemp -d "$out/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root tree=$work/tree
mkdir "$root" "$tree"

SOURCE_DATE_EPOCH=1700000000 timeout 900 mmdebstrap --variant=extract \
	--include="$packages" --dpkgopt='path-exclude=/usr/share/*' \
	bookworm "$work/root.tar" "$mirror" > "$work/log" 2>&1 || {
	tail -n 20 "$work/log" >&2
	exit 1
}
tar -C "$root" -xf "$work/root.tar" --exclude='./dev/*'
rm "$work/root.tar"

# A program, and what it is linked with.
take_program()
{
	local lib

	install -D "$root/$1" "$tree/$1"
	"$root/lib64/ld-linux-x86-64.so.2" --library-path \
		"$root/lib/x86_64-linux-gnu:$root/usr/lib/x86_64-linux-gnu" \
		--list "$root/$1" | grep -o "${root}[^ ]*" | while read -r lib; do
		install -D "$lib" "$tree/${lib#"$root"/}"
	done
}

take_modules()
{
	local name version

	version=$(ls "$root/lib/modules")
	cd "$root"
	find "lib/modules/$version/kernel" -name '*.ko' |
		grep -E "/kernel/($modules)\.ko$" > "$work/modules"
	while read -r name; do
		install -D -m 644 "$name" "$tree/$name"
	done < "$work/modules"
	cp "lib/modules/$version/modules.order" \
		"lib/modules/$version"/modules.builtin* \
		"$tree/lib/modules/$version"
	"$root/bin/busybox" depmod -b "$tree" "$version"
	cd "$OLDPWD"
}

mkdir -p "$tree"/bin "$tree"/sbin "$tree"/usr/sbin "$tree"/dev \
	"$tree"/proc "$tree"/sys "$tree"/run "$tree"/tmp "$tree"/lib64
cp -L "$root/lib64/ld-linux-x86-64.so.2" "$tree/lib64"
cp "$root/bin/busybox" "$tree/bin"
for p in $programs; do
	take_program "$p"
done
for p in thin_check thin_dump thin_repair cache_check cache_dump \
	cache_repair cache_writeback; do
	ln -s pdata_tools "$tree/usr/sbin/$p"
done
ln -s /bin/busybox "$tree/sbin/modprobe"
take_modules
(cd "$tree" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet) |
	gzip -1 > "$work/initrd"
cp "$root"/boot/vmlinuz-* "$work/vmlinuz"
mv "$work/initrd" "$work/vmlinuz" "$out"
