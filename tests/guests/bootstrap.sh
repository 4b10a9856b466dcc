#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes the tar of one Debian release that all of its test guests come from.
#
#   tests/guests/bootstrap.sh bullseye|bookworm|trixie OUT.tar
#
# bullseye: systemd, networkd, the small cloud kernel.
# bookworm: the same, and dracut beside initramfs-tools.
# trixie:   sysvinit, ifupdown, the full kernel (it has AHCI), without the
#           modules that no test guest can need.
set -eu

release=$1 out=$2
here=$(dirname "$(readlink -f "$0")")
log=${out%.tar}.log
common=busybox,e2fsprogs,initramfs-tools,udev,zstd
opts=(--dpkgopt='path-exclude=/usr/share/doc/*'
	--dpkgopt='path-exclude=/usr/share/man/*'
	--dpkgopt='path-exclude=/usr/share/info/*'
	--dpkgopt='path-exclude=/usr/share/locale/*')

# The mirror is the one that this host already uses.
# shellcheck disable=SC2016
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' \
	'Created-By: Packages' 'Origin: Debian' 'Component: main' |
	grep -v security | head -n 1)}
[ -n "$mirror" ] || {
	echo "bootstrap: no Debian mirror known; set DEBIAN_MIRROR" >&2
	exit 1
}

case $release in
bullseye)
	include=$common,linux-image-cloud-amd64,systemd-sysv
	;;
bookworm)
	include=$common,linux-image-cloud-amd64,systemd-sysv,dracut-core
	;;
trixie)
	include=$common,linux-image-amd64,sysvinit-core,ifupdown,udhcpc
	for m in sound drivers/gpu drivers/media drivers/net drivers/infiniband \
		drivers/staging drivers/iio drivers/usb; do
		opts+=(--dpkgopt="path-exclude=/usr/lib/modules/*/kernel/$m/*")
	done
	for m in virtio_net net_failover xen-netfront; do
		opts+=(--dpkgopt="path-include=/usr/lib/modules/*/$m.ko.xz")
	done
	;;
*)
	echo "bootstrap: no such release here: $release" >&2
	exit 2
	;;
esac

mkdir -p "$(dirname "$out")"
SOURCE_DATE_EPOCH=1700000000 timeout 900 mmdebstrap --variant=apt \
	--include="$include" "${opts[@]}" \
	--customize-hook="$here/initrds.sh" "$release" "$out.part.tar" \
	"$mirror" > "$log" 2>&1 || {
	tail -n 20 "$log" >&2
	rm -f "$out.part.tar"
	exit 1
}
mv "$out.part.tar" "$out"
