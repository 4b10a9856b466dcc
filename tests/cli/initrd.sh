#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# initrd: looking at initrds and adding to them, judged by cpio and e2fsck.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$top/tests/lib-kernel.sh"
need mke2fs e2fsck debugfs cpio gzip zstd depmod cc python3 jq

cd "$work"
new=6.1.0-9-test old=5.10.0-3-test

# ---- a guest with two kernels ------------------------------------------------

# mod FILE NEEDED...: a module of $version, with a symbol that others need.
mod()
{
	local name=${1##*/} dir=root/usr/lib/modules/$version/kernel/${1%/*} d

	name=${name//-/_}
	mkdir -p "$dir"
	{
		echo "char s_${name}[] __attribute__((section(\"__ksymtab_strings\"))) = \"x_$name\";"
		echo "int x_$name;"
		for d in "${@:2}"; do
			echo "extern int x_$d; int *p_$d = &x_$d;"
		done
	} | cc -xc -c -o "$dir/${1##*/}.ko" -
}

# pack COMMAND...: what is below tree/, as an archive.
pack()
{
	(cd tree && find . | sort | cpio -o -H newc --quiet) | "$@"
}

# One kernel, whose initrd has xen-blkfront alone.
install_kernel()
{
	local version=$1 dir=usr/lib/modules/$1

	mod drivers/virtio/virtio
	mod drivers/virtio/virtio_ring virtio
	mod drivers/virtio/virtio_pci virtio virtio_ring
	mod drivers/block/virtio_blk virtio virtio_ring
	mod drivers/block/xen-blkfront
	mod drivers/net/dummy
	touch "root/$dir/modules.builtin"
	depmod -b "$PWD/root" "$version" 2> depmod.err
	kernel "root/boot/vmlinuz-$version" "$version"
	printf 'CONFIG_%s\n' 64BIT=y XEN=y XEN_PV=y XEN_BLKDEV_FRONTEND=m \
		VIRTIO_PCI=m VIRTIO_BLK=m EXT4_FS=y CRYPTO_CRC32C=y \
		BLK_DEV_INITRD=y > "root/boot/config-$version"
	rm -rf tree
	mkdir -p "tree/$dir/kernel/drivers/block" tree/conf tree/scripts
	ln -s usr/lib tree/lib
	cp "root/$dir/kernel/drivers/block/xen-blkfront.ko" \
		"tree/$dir/kernel/drivers/block/"
	echo 'MODULES=list' > tree/conf/initramfs.conf
	echo xen-blkfront > tree/conf/modules
	touch tree/scripts/functions
	printf '#!/bin/sh\n. /conf/initramfs.conf\n' > tree/init
}

mkdir -p root/boot root/usr/lib root/etc/initramfs-tools root/sbin
ln -s usr/lib root/lib
echo 'ID=debian' > root/etc/os-release
printf '# modules\nxen-blkfront\n' > root/etc/initramfs-tools/modules
touch root/sbin/init
install_kernel $old
pack gzip -n > root/boot/initrd.img-$old
install_kernel $new
mkdir early
echo code > early/microcode
(cd early && find . | cpio -o -H newc --quiet) > root/boot/initrd.img-$new
pack zstd -q >> root/boot/initrd.img-$new
mke2fs -q -t ext4 -b 1024 -d root base.img 24M
e2fsck -fn base.img > fsck.out 2>&1 || { cat fsck.out; exit 1; }

fresh()
{
	cp --sparse=always base.img fs.img
}

initrd()
{
	"$DISKWRIGHT" initrd "$@"
}

take()
{
	from_image fs.img "/boot/initrd.img-$1" "$2"
}

# appended VERSION: unpacks what is behind the old initrd into more/.
appended()
{
	local was

	was=$(stat -c %s "root/boot/initrd.img-$1")
	take "$1" now && cmp -n "$was" "root/boot/initrd.img-$1" now || return 1
	rm -rf more
	mkdir more
	# The zeros in front of it only align it.
	tail -c "+$((was + 1))" now | python3 -c 'import sys
sys.stdout.buffer.write(sys.stdin.buffer.read().lstrip(b"\0"))' |
		(cd more && cpio -idm --quiet) && find more
}

# refused STATUS TEXT ARGUMENT...: one line, and not a byte is changed.
refused()
{
	local want=$1 text=$2 got=0 before

	shift 2
	before=$(sha fs.img)
	initrd "$@" > out 2> err || got=$?
	if [ "$got" = "$want" ] && [ "$(wc -l < err)" = 1 ] &&
	   grep -qF -- "$text" err && [ "$(sha fs.img)" = "$before" ]; then
		ok "$want: initrd $*"
	else
		bad "$want: initrd $*: status $got, $(cat err)"
	fi
}

# ---- looking -------------------------------------------------------------------

lists()
{
	initrd --json fs.img > list.json || return 1
	cat list.json
	jq -e --arg new "$new" '.initrds | length == 2 and
		.[0].version == $new and .[0].family == "initramfs-tools" and
		.[0].packings == ["none", "zstd"] and
		.[0].modules == ["xen_blkfront"] and
		.[1].packings == ["gzip"] and
		(.[0].disks[] | select(.bus == "virtio-blk") | .missing ==
		 "virtio_pci, virtio_blk") and .[0].xen.boots and
		(.[0].kvm.boots | not) and .[0].kvm.runs' list.json
}

tells_modules()
{
	initrd -v "fs.img:/boot/initrd.img-$old" > out && cat out &&
		grep 'modules  *xen_blkfront' out && ! grep "$new" out
}

fresh
check '--list' lists
check '--list --verbose, of one' tells_modules
refused 5 'lacks virtio_pci, virtio_blk' --check=kvm fs.img
refused 5 "$old would not boot under KVM" --check kvm --kernel $old fs.img
check '--check=xen' initrd --check=xen fs.img
refused 1 'no kernel 1.2' --kernel=1.2 fs.img
refused 1 'No such' --list none.img
refused 2 'neither kvm nor xen' --for=vmware fs.img
refused 2 'only one of' --list --for=kvm fs.img
refused 2 'only one of' --check=kvm --add-modules=dummy fs.img
refused 2 'names no module' --add-modules=, fs.img
refused 2 '--backup goes with' --backup=.old fs.img
refused 2 '--verbose goes with' -v --check=kvm fs.img
refused 1 'nosuch' --add-modules=dummy,nosuch fs.img
refused 2 'of no kernel' --for=kvm fs.img:/etc/initramfs-tools/modules
refused 1 'no such file' --check=kvm fs.img:/boot/nothing.img

# ---- adding --------------------------------------------------------------------

dry_run()
{
	local before

	before=$(sha fs.img)
	initrd -n --for=kvm fs.img > out && cat out &&
		grep 'would be' out && grep 'virtio_blk added' out &&
		grep '+ virtio_blk' out && [ "$before" = "$(sha fs.img)" ]
}

adds_for_kvm()
{
	local v dir

	initrd --for=kvm fs.img && e2fsck -fn fs.img || return 1
	for v in $new $old; do
		appended "$v" || return 1
		dir=usr/lib/modules/$v
		for m in virtio/virtio virtio/virtio_ring virtio/virtio_pci \
			block/virtio_blk; do
			cmp "more/$dir/kernel/drivers/$m.ko" \
				"root/$dir/kernel/drivers/$m.ko" || return 1
		done
		cmp "more/$dir/modules.dep.bin" "root/$dir/modules.dep.bin" &&
		! find more | grep dummy &&
		grep -x virtio_blk more/conf/modules &&
		grep -x xen-blkfront more/conf/modules || return 1
	done
	initrd --check=kvm --check=xen fs.img
}

lasts()
{
	from_image fs.img /etc/initramfs-tools/modules modules || return 1
	cat modules
	head -n 2 modules | cmp - root/etc/initramfs-tools/modules &&
		[ "$(grep -cx virtio_blk modules)" = 1 ]
}

lacks_nothing()
{
	local before

	before=$(sha fs.img)
	initrd --json --for=kvm --for=xen fs.img > out && jq -e '
		(.initrds | map(.changed) | any | not) and
		(has("way") | not)' out && [ "$before" = "$(sha fs.img)" ]
}

adds_one()
{
	fresh
	initrd --json --add-modules dummy,virtio-blk --kernel "$old" \
		-b .was fs.img > one.json || return 1
	jq -e '.initrds | length == 1 and .[0].changed and
		.[0].added == ["dummy", "virtio", "virtio_ring",
		"virtio_blk"] and (.[0].size > .[0].old_size)' one.json &&
		e2fsck -fn fs.img && appended "$old" &&
		take "$new" now.new &&
		cmp now.new "root/boot/initrd.img-$new" || return 1
	from_image fs.img "/boot/initrd.img-$old.was" was &&
		cmp was "root/boot/initrd.img-$old"
}

same_bytes()
{
	fresh
	initrd --for=kvm fs.img && cp fs.img again.img && fresh &&
		initrd --for=kvm fs.img && cmp fs.img again.img
}

# A file that is not in plain blocks of its own is written as a whole.
in_clusters()
{
	mke2fs -q -F -t ext4 -b 1024 -O bigalloc -C 8192 -d root fs.img 40M &&
		initrd --for=kvm fs.img && e2fsck -fn fs.img && appended "$new"
}

check '--dry-run' dry_run
check '--for=kvm' adds_for_kvm
check 'the next initrd has them, too' lasts
check 'once is enough' lacks_nothing
check '--add-modules, --kernel, --backup' adds_one
refused 1 'backup is there' --add-modules=virtio_pci --kernel=$old -b .was fs.img
check 'the same input, the same bytes' same_bytes
check 'with bigalloc' in_clusters
check 'of no kernel, as that of one' sh -c "
	cp base.img fs.img && '$DISKWRIGHT' put root/boot/initrd.img-$old \
		fs.img:/boot/other && '$DISKWRIGHT' initrd --for=kvm \
		--kernel=$old fs.img:/boot/other && '$DISKWRIGHT' initrd \
		--check=kvm --kernel=$old fs.img:/boot/other"

documented()
{
	jq -r 'paths | map(strings) | .[-1] // empty' list.json one.json |
		sort -u | while read -r member; do
			grep -q "\`$member\`" "$top/docs/json.md" ||
				echo "$member"
		done > undocumented
	cat undocumented
	[ ! -s undocumented ]
}
check 'all members are documented' documented

# ---- hostile and odd -----------------------------------------------------------

fresh
echo 'no archive' > junk
put_file fs.img junk /boot/initrd.img-$new
refused 3 "initrd.img-$new" --add-modules=dummy --kernel=$new fs.img
check 'one that cannot be read is told of' sh -c "
	'$DISKWRIGHT' initrd fs.img | grep 'problem  *.*initrd.img-$new'"

# made_anew [ARGUMENT...]: a whole one that finds its root on both sides.
made_anew()
{
	initrd --json --for=kvm --kernel="$new" "$@" fs.img > out || return 1
	cat out
	jq -e '.initrds[0] | .made and .changed and
		(.note | startswith("made anew"))' out && e2fsck -fn fs.img &&
		take "$new" now && gzip -dc now | cpio -t --quiet > names &&
		grep -x init names && grep virtio_blk names &&
		grep 'xen.blkfront' names && ! grep dummy names &&
		initrd --check=kvm --check=xen --kernel="$new" fs.img
}

check 'and is made anew for a side' made_anew -b .was
check 'the old one is kept' sh -c "
	'$DISKWRIGHT' cat fs.img:/boot/initrd.img-$new.was | cmp - junk"
fresh
debugfs -w -R "rm /boot/initrd.img-$new" fs.img 2> /dev/null
check 'one is made where there is none' made_anew

# ---- cut off at each write -----------------------------------------------------

# Both initrds and the configuration are the old ones, or the new ones.
is_whole()
{
	local f state=

	e2fsck -fy fs.img > fsck.out 2>&1 || [ $? = 1 ] || return 1
	e2fsck -fn fs.img > /dev/null 2>&1 || return 1
	for f in boot/initrd.img-$old boot/initrd.img-$new \
		etc/initramfs-tools/modules; do
		from_image fs.img "/$f" got || return 1
		if cmp -s got "root/$f"; then
			state=$state.old
		elif [ "$(sha got)" = "$(sha "new/${f##*/}")" ]; then
			state=$state.new
		else
			state=$state.torn
		fi
	done
	echo "$state" >> states
	[ "$state" = .old.old.old ] || [ "$state" = .new.new.new ]
}

killed()
{
	local n

	mkdir new
	fresh
	initrd --for=kvm fs.img || return 1
	for n in boot/initrd.img-$old boot/initrd.img-$new \
		etc/initramfs-tools/modules; do
		from_image fs.img "/$n" "new/${n##*/}"
	done
	for n in $(seq 200); do
		fresh
		if strace -f -qq -o trace -e trace=pwrite64 \
			-e "inject=pwrite64:signal=KILL:when=$n" \
			"$DISKWRIGHT" initrd --for=kvm fs.img; then
			break
		fi
		is_whole || { echo "write $n: $(tail -n 1 states)"; return 1; }
	done
	sort states | uniq -c
	[ "$n" -gt 5 ] && [ "$n" -lt 200 ] && grep old states && grep new states
}

if command -v strace > /dev/null && strace -o trace true 2> /dev/null; then
	check 'killed at any write: all of it is old, or new' killed
else
	skip 'killed at each write (no strace)'
fi
finish
