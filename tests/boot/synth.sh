# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Roots that hold a kernel of Debian and nothing else but an init that tells
# how it was started; sourced after ../lib.sh and qemu.sh.

# shellcheck disable=SC2034
initrdtool=$BUILD/tests/unit/initrdtool
uuid=5d15c000-1111-4222-8333-444455556666

# make_root NAME DEB MKE2FS-OPTIONS...: NAME.fs of the package's kernel and
# modules, NAME.kernel, and $version.  dress, where there is such a function,
# puts more into the folder.
make_root()
{
	local name=$1 deb=$2 bits init=$top/src/initrd/init

	shift 2
	rm -rf "${work:?}/tree"
	mkdir "$work/tree"
	dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$work/tree" --wildcards \
		'./boot/*' '*/lib/modules/*' || return 1
	# Since trixie it lies in usr.
	[ -d "$work/tree/lib" ] || mv "$work/tree/usr/lib" "$work/tree"
	version=$(ls "$work/tree/lib/modules")
	depmod -b "$work/tree" "$version" || return 1
	case $version in
	*686*)	bits=32 ;;
	*)	bits=64 ;;
	esac
	mkdir "$work/tree/sbin" "$work/tree/proc" "$work/tree/sys" \
		"$work/tree/dev"
	cc -m$bits -Os -ffreestanding -fno-pic -no-pie -fno-stack-protector \
		-nostdlib -static -I "$top/src" -o "$work/tree/sbin/init" \
		"$top/tests/boot/rootinit.c" "$init/start.S" || return 1
	! declare -F dress > /dev/null || dress "$work/tree" || return 1
	ln -f "$work/tree/boot/vmlinuz-$version" "$work/$name.kernel"
	rm -f "$work/$name.fs"
	mke2fs -q -U "$uuid" -L 'the root' "$@" -d "$work/tree" \
		"$work/$name.fs" 1G
}

# make_disk NAME dos|gpt: NAME.disk, whose first partition is NAME.fs.
make_disk()
{
	truncate -s 1026M "$work/$1.disk"
	dd if="$work/$1.fs" of="$work/$1.disk" bs=1M seek=1 conv=sparse,notrunc \
		status=none
	printf 'label: %s\nstart=2048, size=1024M, type=linux%s\n' "$2" \
		"$([ "$2" = dos ] || echo ", uuid=$uuid, name=root")" |
		sfdisk -q "$work/$1.disk"
}

# boots NAME BUS APPEND [PATTERN]: with NAME.initrd to the root's init, and the
# console says PATTERN.
boots()
{
	local log=$work/serial.$1.$2 disk=$work/$1.disk

	[ -e "$disk" ] || disk=$work/$1.fs
	start_guest "$log" "$disk" raw "$2" -kernel "$work/$1.kernel" \
		-initrd "$work/$1.initrd" \
		-append "console=ttyS0 panic=1 $3" || return 1
	wait_serial "$log" "${4:-rootinit: end}" &&
		{ [ "${4-}" ] || grep -a rootinit: "$log"; }
	set -- $?
	end_guest
	[ "$1" = 0 ] || tail -n 40 "$log" | cat -v
	return "$1"
}
