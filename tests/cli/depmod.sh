#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The lists of a kernel's modules, beside those that kmod's depmod writes.
set -eu
. "$(dirname "$0")/../lib.sh"
need depmod mke2fs dpkg-deb xz zstd

tool=$BUILD/tests/unit/depmodtool
[ -x "$tool" ] || make -s -C "$top" BUILD="$BUILD" "$tool"
cd "$work"
mkdir none

# take DEB: its modules, in tree/lib/modules/$version.
take()
{
	rm -rf deb tree
	mkdir -p tree/lib
	dpkg-deb -x "$1" deb
	if [ -d deb/lib/modules ]; then
		mv deb/lib/modules tree/lib
	else
		mv deb/usr/lib/modules tree/lib
	fi
	rm -rf deb
	version=$(ls tree/lib/modules)
	dir=tree/lib/modules/$version
}

# lists CONFIGURATION [THREADS]: ours of the tree as a filesystem in "ours",
# depmod's in the tree, which it reads by the configuration in that folder.
lists()
{
	rm -rf img ours
	mkdir ours
	truncate -s 1500M img
	mke2fs -q -F -t ext4 -d tree img
	"$tool" img "/lib/modules/$version" ours "${@:2}"
	rm img
	depmod -C "$1" -b tree "$version" 2> depmod.log
}

# Each file that either writes is the same, byte for byte.
same_lists()
{
	local f nr=0

	for f in ours/*; do
		cmp "$f" "$dir/${f#ours/}" || return 1
		nr=$((nr + 1))
	done
	[ "$nr" = 10 ] || { echo "$nr files"; return 1; }
}

# Something is in them: as many lines as there are modules, and more.
full_lists()
{
	local nr

	nr=$(find "$dir" -name '*.ko*' | wc -l)
	[ "$nr" -gt 2000 ]
	[ "$(wc -l < ours/modules.dep)" = "$nr" ]
	[ "$(wc -l < ours/modules.alias)" -gt "$nr" ]
	[ "$(wc -l < ours/modules.symbols)" -gt "$nr" ]
	[ "$(wc -l < ours/modules.softdep)" -gt 10 ]
	[ "$(wc -l < ours/modules.devname)" -gt 5 ]
}

# kernel SUITE PACKAGE ARCHITECTURE: that of Debian, as it is packed.
kernel()
{
	local deb

	deb=$("$top/tests/helpers/debkernel.sh" "$@" 2> kernel.log) || {
		skip "$1 $3: no kernel to be had: $(tail -n 1 kernel.log)"
		return 1
	}
	take "$deb"
	lists none
	check "$1 $3 $version: every list is depmod's" same_lists
	check "$1 $3 $version: they are full" full_lists
}

kernel bullseye linux-image-amd64 amd64 || :
kernel trixie linux-image-amd64 amd64 || :
kernel bookworm-backports linux-image-amd64 amd64 || :
kernel bookworm linux-image-686-pae i386 || :
kernel bookworm linux-image-amd64 amd64 || finish

# What follows changes a part of the last tree, which is bookworm's.
rm -r "$dir"/modules.{dep,alias,symbols,softdep,devname}* \
	"$dir"/kernel/{arch,sound} "$dir"/kernel/drivers/{gpu,media,scsi,usb}
lists none 1
check "one thread: the same" same_lists

find "$dir/kernel/fs" -name '*.ko' -exec xz --check=crc32 {} +
find "$dir/kernel/net" -name '*.ko' -exec zstd -q --rm {} +
lists none
check "some packed by xz and zstd: the same" same_lists

rm "$dir/modules.order"
lists none
check "without modules.order: the same" same_lists

mkdir -p "$dir/updates" "$dir/extra" tree/etc/depmod.d
cp "$dir/kernel/drivers/net/tun.ko" "$dir/updates"
lists none
check "updates win: the same" same_lists
check "updates are listed" grep -q '^updates/tun.ko:' ours/modules.dep

cp "$dir/kernel/drivers/net/tap.ko" "$dir/extra"
cp "$dir/kernel/drivers/net/veth.ko" "$dir/extra"
cp "$dir/kernel/drivers/net/veth.ko" "$dir/updates"
cat > tree/etc/depmod.d/a.conf << 'EOF'
# extra before updates, before the kernel's
search extra updates \
	built-in
override veth 5.* extra
override veth ^6\.1 updates
exclude infiniband
EOF
echo 'search nothing' > tree/etc/depmod.d/no-suffix
lists tree/etc/depmod.d
check "a configuration: the same" same_lists
check "extra is listed" grep -q '^extra/tap.ko:' ours/modules.dep
check "an override is" grep -q '^updates/veth.ko:' ours/modules.dep
check "what is excluded is not" \
	sh -c '! grep -q ^kernel/drivers/infiniband ours/modules.dep'

rm "$dir/modules.builtin" "$dir/modules.builtin.modinfo"
lists tree/etc/depmod.d
check "without lists of what is built in: the same" same_lists
check "those are empty" [ ! -s ours/modules.builtin.bin ]

finish
