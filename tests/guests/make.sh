#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes a test guest where it is not there yet, and prints its path.
#
#   tests/guests/make.sh GUEST|--list
#
# Each is a raw ext image without a partition table, as Xen guests have them:
#
#   ext4-menulst  ext4 with default features, menu.lst    (bookworm)
#   ext3-menulst  1 KiB blocks, 128-byte inodes, menu.lst (trixie)
#   ext4-grubcfg  only a grub.cfg                         (trixie)
#   ext4-none     no boot configuration                   (bookworm)
#   cut-list      cut off while it was written            (bookworm)
#   cut-file      the same, orphans in an orphan file     (trixie)
#   list-RELEASE  its initrd holds no virtio driver: MODULES=list
#   dracut        the same, its initrd made by dracut     (bookworm)
#
# A release is bootstrapped once; guests are its tar, repacked.  What is kept
# under build/guests is named after the checksum of the scripts that made it.
set -eu

here=$(dirname "$(readlink -f "$0")")
cache=${GUESTS:-$(dirname "$(dirname "$here")")/build/guests}
name=$1
initrd=own
mkfs=()
case $name in
ext4-menulst)	release=bookworm boot=menulst uuid=1 ;;
ext3-menulst)	release=trixie boot=menulst uuid=2 mkfs=(-b 1024 -I 128) ;;
ext4-grubcfg)	release=trixie boot=grubcfg uuid=3 ;;
ext4-none)	release=bookworm boot=none uuid=4 ;;
cut-list)	release=bookworm boot=menulst uuid=5 ;;
cut-file)	release=trixie boot=menulst uuid=6 mkfs=(-O orphan_file) ;;
list-bullseye)	release=bullseye boot=menulst uuid=7 initrd=list ;;
list-bookworm)	release=bookworm boot=menulst uuid=8 initrd=list ;;
list-trixie)	release=trixie boot=grubcfg uuid=9 initrd=list ;;
dracut)		release=bookworm boot=menulst uuid=a initrd=dracut ;;
--list)	sed -n 's/^\([a-z0-9-]*\))\t*release=.*/\1/p' "$0"; exit 0 ;;
*)	echo "make.sh: no such guest: $name" >&2; exit 2 ;;
esac
case $name in
ext3-*)	fstype=ext3 ;;
*)	fstype=ext4 ;;
esac
case $release in
bullseye|bookworm) init=systemd ;;
trixie)		init=sysvinit ;;
esac
uuid=d15c0000-0000-4000-8000-00000000000$uuid

sum_of()
{
	cat "$@" | sha256sum | cut -c 1-12
}

tar=$cache/$release-$(sum_of "$here/bootstrap.sh" "$here/initrds.sh").tar
img=$cache/$name-$(sum_of "$here"/*.sh "$here"/files/*).img
[ ! -e "$img" ] || { echo "$img"; exit 0; }

mkdir -p "$cache"
exec 8> "$cache/$release.lock"
flock -w 1200 8
[ -e "$img" ] || {
	[ -e "$tar" ] || nice "$here/bootstrap.sh" "$release" "$tar" 8>&-
	work=$(mktemp -d "$cache/work.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	# Owners are kept by fakeroot where we are not root.
	fake=()
	[ "$(id -u)" = 0 ] || fake=(fakeroot --)
	"${fake[@]}" "$here/pack.sh" "$tar" "$work" "$init" "$boot" \
		"$fstype" "$uuid" "$initrd" "${mkfs[@]}" >&2 8>&-
	case $name in
	cut-*)	"$here/cut.sh" "$work/img" 8>&- >&2 ;;
	esac
	mv "$work/img" "$img"
}
echo "$img"
