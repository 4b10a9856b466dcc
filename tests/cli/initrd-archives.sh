#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# initrd: what is appended, as cpio, bsdcpio and Debian's own tools unpack it,
# behind an archive of each compression; the same bytes each time.
set -eu
. "$(dirname "$0")/../lib.sh"
need mke2fs e2fsck debugfs cpio bsdcpio lsinitramfs unmkinitramfs depmod \
	modprobe cc gzip xz zstd lz4 bzip2 lzop

cd "$work"
version=6.1.0-9-test
dir=tree/usr/lib/modules/$version
mkdir -p tree/boot tree/etc/initramfs-tools "$dir/kernel" first/conf \
	first/usr/lib
ln -s usr/lib tree/lib
ln -s usr/lib first/lib
echo 'ID=debian' > tree/etc/os-release
echo '# mine' > tree/etc/initramfs-tools/modules
echo MODULES=list > first/conf/initramfs.conf
printf '#!/bin/sh\n' > first/init
cp /dev/null "$dir/modules.builtin"
echo 'int x;' | cc -xc -c -o module.o -
for module in virtio virtio_ring virtio_pci virtio_blk ext4; do
	cp module.o "$dir/kernel/$module.ko"
done
depmod -b "$PWD/tree" $version 2> depmod.out
head -c 20000 /dev/zero > tree/boot/vmlinuz-$version
(cd first && find . | sort | cpio -o -H newc --quiet) > plain

# guest PACKER...: fs.img, whose initrd is packed so.
guest()
{
	"$@" < plain > "tree/boot/initrd.img-$version"
	mke2fs -q -t ext4 -d tree -F fs.img 16M > mke2fs.out
}

add()
{
	"$DISKWRIGHT" initrd --add-modules virtio_pci,virtio-blk \
		"fs.img:/boot/initrd.img-$version" > out 2> err || {
		cat err
		return 1
	}
	e2fsck -fn fs.img > fsck.out 2>&1 || { cat fsck.out; return 1; }
	"$DISKWRIGHT" cat "fs.img:/boot/initrd.img-$version" > new
}

# What was there stays as it was; the rest is the appended archive.
cut_off()
{
	local old

	old=$(stat -c %s "tree/boot/initrd.img-$version")
	cmp -n "$old" "tree/boot/initrd.img-$version" new &&
		tail -c +$((old + 1)) new > rest
}

whole()
{
	guest cat && add && cut_off &&
	# They expect one more archive behind those that are not packed.
	{ lsinitramfs new > list || :; } &&
	grep -qx "usr/lib/modules/$version/kernel/virtio_blk.ko" list &&
	grep -qx init list &&
	rm -rf unpacked && { unmkinitramfs new unpacked || :; } &&
	find unpacked -path "*/kernel/virtio_pci.ko" | grep -q . &&
	find unpacked -path '*/conf/modules' -exec cat {} + > modules &&
	printf 'virtio_pci\nvirtio_blk\n' | diff - modules
}

# unpack PROGRAM: the appended archive over what the initrd has.
unpack()
{
	rm -rf to && cp -a first to && (cd to && "$@" < ../rest) &&
	[ "$(readlink to/lib)" = usr/lib ] &&
	cmp "$dir/kernel/virtio_blk.ko" \
		"to/lib/modules/$version/kernel/virtio_blk.ko" &&
	{ diff -r "$dir" "to/usr/lib/modules/$version" > differ || :; } &&
	[ "$(grep -vc "^Only in $dir/kernel: " differ)" = 0 ] &&
	modprobe -d "$PWD/to" -S "$version" --show-depends virtio_blk > deps
}

behind()
{
	guest "$@" && add && cut_off &&
	case $1 in
	lz4)	lz4 -dc rest > unpacked-rest && mv unpacked-rest rest ;;
	esac &&
	head -c 10 rest | tr -d '\0' | grep -q '^0707' &&
	unpack cpio -idu --quiet
}

same()
{
	guest gzip -n && add && cp new one &&
	guest gzip -n && add && cmp new one
}

check 'lsinitramfs and unmkinitramfs find it' whole
check 'cpio unpacks it' unpack cpio -idmu --quiet
check 'bsdcpio unpacks it' unpack bsdcpio -idmu --quiet
check 'behind gzip' behind gzip -n
check 'behind xz' behind xz --check=crc32
check 'behind lzma' behind xz --format=lzma
check 'behind zstd' behind zstd -qc
check 'behind bzip2' behind bzip2
check 'behind lzo' behind lzop -c
check 'behind lz4: one more frame of it' behind lz4 -qlc
check 'the same bytes each time' same
finish
