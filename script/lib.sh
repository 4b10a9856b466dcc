# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What diskwright's build, demo and tests need of a system, by purpose.
# Sourced by script/demo and script/test.

purpose_of()
{
	case $1 in
	build)	echo 'building diskwright' ;;
	guests)	echo "making guest images of Debian's packages" ;;
	boot)	echo 'booting them in QEMU and asking PyGrub' ;;
	tests)	echo 'the other tests' ;;
	esac
}

packages_for()
{
	case $1 in
	build)	echo make gcc libc6-dev pkg-config libext2fs-dev comerr-dev \
			libblkid-dev zlib1g-dev liblzma-dev libzstd-dev \
			liblz4-dev liblzo2-dev libbz2-dev libarchive-dev \
			libjson-c-dev "$(isal_package)" ;;
	guests)	echo mmdebstrap fakeroot uidmap \
			debian-archive-keyring e2fsprogs ;;
	boot)	echo qemu-system-x86 qemu-utils fdisk "$(pygrub_package)" ;;
	tests)	echo check extlinux syslinux-common gdisk xz-utils zstd lz4 \
			lzop bzip2 cpio libarchive-tools initramfs-tools-core \
			python3 jq man-db xfsprogs pigz tabix strace \
			thin-provisioning-tools mdadm lvm2 kmod rpm btrfs-progs \
			busybox-static gawk original-awk shellcheck ;;
	esac
}

# Commands and pkg-config modules, for systems whose package names we do not
# know.
wanted_for()
{
	case $1 in
	build)	echo make cc pkg-config ext2fs.pc com_err.pc blkid.pc zlib.pc \
			liblzma.pc libzstd.pc liblz4.pc lzo2.pc bzlib.h \
			libarchive.pc json-c.pc ;;
	guests)	echo mmdebstrap fakeroot mke2fs debugfs e2fsck ;;
	boot)	echo qemu-system-x86_64 qemu-img sfdisk pygrub ;;
	tests)	echo check.pc extlinux mkfs.xfs sgdisk xz zstd lz4 lzop bzip2 \
			cpio bsdcpio lsinitramfs python3 jq man \
			pigz bgzip strace cache_restore thin_restore mdadm \
			lvm depmod rpmbuild busybox ;;
	esac
}

# Faster where it is there; not every architecture has it.
isal_package()
{
	apt-cache search --names-only '^libisal-dev$' | cut -d ' ' -f 1
}

# The package is named after Xen's version.
pygrub_package()
{
	apt-cache search --names-only '^xen-utils-[0-9.]+$' |
		cut -d ' ' -f 1 | sort -V | tail -n 1
}

as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo > /dev/null; then
		sudo "$@"
	else
		echo "$0: installing packages needs root or sudo" >&2
		return 1
	fi
}

apt()
{
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq \
		-o DPkg::Lock::Timeout=600 "$@" < /dev/null
}

# not_installed PACKAGE...
not_installed()
{
	local p

	for p; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2> /dev/null)" \
			= installed ] || echo "$p"
	done
}

# A system with fresh package lists; a new container has none.
refresh_lists()
{
	[ -n "$(apt-cache search --names-only '^mmdebstrap$')" ] || apt update
}

install_debian()
{
	local purpose missing all=()

	refresh_lists
	for purpose; do
		# shellcheck disable=SC2046
		missing=$(not_installed $(packages_for "$purpose"))
		[ -n "$missing" ] || continue
		printf 'For %s: %s\n' "$(purpose_of "$purpose")" \
			"$(tr '\n' ' ' <<< "$missing")"
		# shellcheck disable=SC2206
		all+=($missing)
	done
	[ ${#all[@]} != 0 ] || return 0
	apt install --no-install-recommends "${all[@]}" > /dev/null || {
		# The lists may be older than the mirror.
		apt update
		apt install --no-install-recommends "${all[@]}" > /dev/null
	}
}

is_there()
{
	case $1 in
	*.h)	echo "#include <stdio.h>
#include <$1>" | cc -xc -fsyntax-only - 2> /dev/null ;;
	*.pc)	pkg-config --exists "${1%.pc}" 2> /dev/null ;;
	pygrub)	ls /usr/lib*/xen*/bin/pygrub > /dev/null 2>&1 ||
			command -v pygrub > /dev/null ;;
	*)	PATH=$PATH:/usr/sbin:/sbin command -v "$1" > /dev/null ;;
	esac
}

# Elsewhere the user installs; what only some tests need may stay away.
name_missing()
{
	local purpose w missing rc=0

	for purpose; do
		missing=
		for w in $(wanted_for "$purpose"); do
			is_there "$w" || missing="$missing $w"
		done
		[ -n "$missing" ] || continue
		echo "Missing for $(purpose_of "$purpose"):$missing"
		[ "$purpose" != build ] || rc=1
	done
	return $rc
}

is_debian()
{
	[ -r /etc/os-release ] &&
		(. /etc/os-release && [ "${ID-}" = debian ]) &&
		command -v apt-get > /dev/null
}

# prepare PURPOSE...: installs on Debian, tells what is missing elsewhere.
prepare()
{
	if is_debian; then
		install_debian "$@"
	else
		echo "This is not Debian: nothing is installed."
		name_missing "$@"
	fi
}
