#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# add-kernel with small packages that dpkg-deb and rpmbuild make: what is
# refused, and what is left of a process that was killed.
set -eu
. "$(dirname "$0")/../lib.sh"
need mke2fs e2fsck debugfs dpkg-deb rpmbuild jq python3 cpio

cd "$work"
old=6.1.0-1-test new=6.1.0-2-test

# ---- a guest and packages ----------------------------------------------------

# A kernel as far as anybody looks: the setup header of a bzImage.
make_kernel()
{
	python3 - "$1" "$2" <<-'END'
		import struct, sys
		k = bytearray(16384)
		k[0x1f1] = 3
		struct.pack_into('<H', k, 0x1fe, 0xaa55)
		k[0x202:0x206] = b'HdrS'
		struct.pack_into('<H', k, 0x206, 0x20f)
		struct.pack_into('<H', k, 0x20e, 0x300)
		k[0x211] = k[0x234] = 1
		struct.pack_into('<H', k, 0x236, 1)
		struct.pack_into('<II', k, 0x248, 64, 8000)
		v = sys.argv[1].encode()
		k[0x500:0x500 + len(v)] = v
		k[2112:2115] = b'\x1f\x8b\x08'
		open(sys.argv[2], 'wb').write(k)
	END
}

config()
{
	printf 'CONFIG_%s=y\n' 64BIT XEN XEN_PV XEN_BLKDEV_FRONTEND VIRTIO_PCI \
		VIRTIO_BLK VIRTIO_NET EXT4_FS CRYPTO_CRC32C BLK_DEV_INITRD
}

# tree VERSION: boot and lib of a package.
tree()
{
	mkdir -p "$2/boot" "$2/lib/modules/$1/kernel/fs"
	make_kernel "$1" "$2/boot/vmlinuz-$1"
	config > "$2/boot/config-$1"
	echo kernel/fs/ext4/ext4.ko > "$2/lib/modules/$1/modules.builtin"
	: > "$2/lib/modules/$1/modules.order"
}

# deb NAME FOLDER [ARCHITECTURE]
deb()
{
	mkdir -p "$2/DEBIAN"
	printf '%s\n' "Package: linux-image-$1" 'Version: 1-1' \
		"Architecture: ${3-amd64}" 'Maintainer: x <x@example.org>' \
		'Depends: kmod' 'Description: a kernel' > "$2/DEBIAN/control"
	printf '#!/bin/sh\ntouch /ran\n' > "$2/DEBIAN/postinst"
	chmod 755 "$2/DEBIAN/postinst"
	dpkg-deb --root-owner-group -b "$2" "$1.deb" > deb.out
}

# rpm NAME FOLDER: kernel and modules apart, as Red Hat has them.
rpm_of()
{
	cat > "$1.spec" <<-END
		Name: $1
		Version: 6.1.0
		Release: 2
		Summary: a kernel
		License: GPL
		AutoReqProv: no
		%define __os_install_post %{nil}
		%description
		A kernel.
		%install
		cp -a $PWD/$2/. %{buildroot}/
		%files
		/*
	END
	rpmbuild -bb --quiet --target x86_64 --define "_topdir $PWD/rpm" \
		"$1.spec" > rpm.out 2>&1 || cat rpm.out
	mv rpm/RPMS/x86_64/"$1"-6.1.0-2.x86_64.rpm "$1.rpm"
}

tree "$old" root
mkdir -p root/etc root/sbin root/boot/grub root/usr/bin root/var/lib
cp "$(type -P true)" root/sbin/init
cp "$(type -P true)" root/usr/bin/dpkg
printf 'ID=debian\nVERSION_ID=12\n' > root/etc/os-release
printf '/dev/xvda1 / ext4 defaults 0 1\n' > root/etc/fstab
cat > root/boot/grub/menu.lst <<-END
	default 0
	title Linux $old
	root (hd0)
	kernel /boot/vmlinuz-$old root=/dev/xvda1 ro
END
printf '#!/bin/sh\necho local\nexit 0\n' > root/etc/rc.local
chmod 755 root/etc/rc.local
printf '::sysinit:/sbin/init\n' > root/etc/inittab
mke2fs -q -t ext4 -b 1024 -d root base.img 24M > mke2fs.out
printf 'ea_set /boot security.selinux boot_t
	ea_set /boot/vmlinuz-%s security.selinux kernel_t\n' "$old" |
	debugfs -w -f - base.img > debugfs.out 2>&1
e2fsck -fy base.img > fsck.out 2>&1 || :
tree "$new" new
deb new new

fresh()
{
	cp --sparse=always base.img fs.img
}

add()
{
	"$DISKWRIGHT" add-kernel "$@" && e2fsck -fn fs.img
}

# refused STATUS TEXT ARGUMENT...: one line, and not a byte is changed.
refused()
{
	local want=$1 text=$2 got=0 before

	shift 2
	before=$(sha fs.img)
	"$DISKWRIGHT" add-kernel "$@" > out 2> err || got=$?
	if [ "$got" = "$want" ] && [ "$(wc -l < err)" = 1 ] &&
	   grep -qF -- "$text" err && [ "$(sha fs.img)" = "$before" ]; then
		ok "$want: $*"
	else
		bad "$want: $*: status $got, $(cat err)"
	fi
}

# ---- what it does ------------------------------------------------------------

fresh
check 'a dry run' add -n --package=new.deb fs.img
check 'which changes nothing' cmp base.img fs.img
check 'a .deb' add --package=new.deb fs.img
check 'the kernel is the package'\''s' sh -c "'$DISKWRIGHT' cat \
	fs.img:/boot/vmlinuz-$new | cmp - new/boot/vmlinuz-$new"
check 'lists of modules' sh -c "'$DISKWRIGHT' ls \
	fs.img:/lib/modules/$new | grep -q '^modules.dep.bin'"
check 'no script was run' sh -c "! '$DISKWRIGHT' ls fs.img:/ran"
check 'the label is that of the other kernel' sh -c "debugfs -R \
	'ea_get /boot/vmlinuz-$new security.selinux' fs.img 2>&1 |
	grep -q kernel_t"
check 'owner, mode and time' sh -c "debugfs -R 'stat /boot/vmlinuz-$new' \
	fs.img 2> /dev/null | tr -s ' \n' '  ' > stat
	grep -q 'Mode: 0644' stat && grep -q 'User: 0 Group: 0' stat &&
	grep -q \"mtime: 0x\$(printf %08x \
		\$(stat -c %Y new/boot/vmlinuz-$new))\" stat"
check 'it is the default' sh -c "'$DISKWRIGHT' check --json fs.img |
	jq -e '.pygrub.kernel == \"/boot/vmlinuz-$new\"'"
refused 1 "the guest has kernel $new already" -p new.deb fs.img
check '--force' add --force -p new.deb fs.img
fresh
check '--no-default' add --no-default -p new.deb fs.img
check 'the old one is the default' sh -c "'$DISKWRIGHT' check --json fs.img |
	jq -e '.pygrub.kernel == \"/boot/vmlinuz-$old\"'"
fresh
check '--json' sh -c "'$DISKWRIGHT' add-kernel --json -p new.deb fs.img |
	jq -e '.version == \"$new\" and .like == \"$old\" and
	.packages[0].depends == \"kmod\" and .pygrub.boots and
	.initrd == null'"
fresh
"$DISKWRIGHT" add-kernel -n --json -p new.deb fs.img | jq -r \
	'paths | map(strings) | .[-1] // empty' | sort -u > members
check 'all members are documented' sh -c "! while read -r m; do
	grep -q \"\\\`\$m\\\`\" '$top/docs/json.md' || echo \"\$m\"
	done < members | grep ."

# A kernel beside its modules, and these in a package of their own.
tree "$new" core
mv "core/boot/vmlinuz-$new" "core/lib/modules/$new/vmlinuz"
mv "core/boot/config-$new" "core/lib/modules/$new/config"
echo sum > "core/lib/modules/$new/.vmlinuz.hmac"
rmdir core/boot
mkdir -p "modules/lib/modules/$new/extra"
echo x > "modules/lib/modules/$new/extra/notes"
rpm_of kernel-core core
rpm_of kernel-modules modules
check 'two .rpm' add -p kernel-core.rpm -p kernel-modules.rpm fs.img
check 'the kernel is copied to /boot' sh -c "'$DISKWRIGHT' cat \
	fs.img:/boot/vmlinuz-$new | cmp - core/lib/modules/$new/vmlinuz"
check 'and its checksum' sh -c "'$DISKWRIGHT' cat \
	fs.img:/boot/.vmlinuz-$new.hmac | grep -qx sum"
fresh
refused 3 'only modules' -p kernel-modules.rpm fs.img

# ---- --firstboot -------------------------------------------------------------

check '--firstboot' add --firstboot -p new.deb fs.img
check 'the package is there' sh -c "'$DISKWRIGHT' cat \
	fs.img:/var/lib/diskwright/linux-image-new_1-1_amd64.deb |
	cmp - new.deb"
"$DISKWRIGHT" cat fs.img:/var/lib/diskwright/register-kernel > script
check 'the script is one' sh -n script
check 'rc.local runs it before it ends' sh -c "'$DISKWRIGHT' cat \
	fs.img:/etc/rc.local | tail -n 2 | head -n 1 | grep -q register-kernel"
fresh
refused 3 'no rpm to register' --firstboot -p kernel-core.rpm fs.img

# ---- what is refused ---------------------------------------------------------

refused 2 'no --package is given' fs.img
refused 1 none.deb -p none.deb fs.img
refused 3 'neither a .deb nor an .rpm' -p base.img fs.img
refused 2 'names a file' -p new.deb fs.img:/boot
tree 6.1.0-3-test other
deb other other
refused 2 'another package of' -p new.deb -p other.deb fs.img
refused 2 'packages of two kinds' -p new.deb -p kernel-core.rpm fs.img
deb arm new arm64
refused 3 'is for arm64' -p arm.deb fs.img
head -c "$(($(stat -c %s new.deb) - 200))" new.deb > cut.deb
refused 4 'cut.deb: deb: data.tar' -p cut.deb fs.img
tree "$new" setuid
chmod 4755 "setuid/boot/vmlinuz-$new"
deb setuid setuid
refused 4 'is setuid or setgid' -p setuid.deb fs.img
tree "$new" link
ln -s /etc "link/lib/modules/$new/out"
deb link link
check 'a link is only a link' add -p link.deb fs.img
fresh
tree "$new" large
head -c 30000000 /dev/urandom > "large/lib/modules/$new/kernel/fs/large"
deb large large
refused 1 'the filesystem has' -p large.deb fs.img
truncate -s 9G bomb
mkdir -p bomb.d/boot
mv bomb "bomb.d/boot/vmlinuz-$new"
tar -cS -C bomb.d -f data.tar ./boot
printf '2.0\n' > debian-binary
dpkg-deb -e new.deb control.d
tar -czf control.tar.gz -C control.d ./control
rm -f bomb.deb
ar -rc bomb.deb debian-binary control.tar.gz data.tar
refused 1 'bytes the package has more than' -p bomb.deb fs.img

refused 3 '--firstboot: linux-image-arm is for arm64' --force --firstboot \
	-p arm.deb fs.img
mkdir -p leads/boot leads/lib/modules
cp "new/boot/vmlinuz-$new" leads/boot
ln -s /etc "leads/lib/modules/$new"
deb leads leads
refused 4 "/lib/modules/$new is no folder" -p leads.deb fs.img

# guest FOLDER: as an image.
guest()
{
	rm -f fs.img
	mke2fs -q -t ext4 -b 1024 -d "$1" fs.img 24M > mke2fs.out
}

# A guest whose folder of modules leads out, and one with the new one's.
cp -a root evil
rm -r evil/lib/modules
ln -s ../etc evil/lib/modules
guest evil
refused 3 'where a kernel'\''s files do not belong' -p new.deb fs.img
cp -a root worse
ln -s /etc "worse/lib/modules/$new"
guest worse
mkdir -p bare/boot
cp new/boot/* bare/boot
deb bare bare
refused 3 'where a kernel'\''s files do not belong' -p bare.deb fs.img

# ---- guests of other shapes --------------------------------------------------

shows()
{
	"$DISKWRIGHT" add-kernel "$@" > out 2> err || { cat err; return 1; }
	tr -s '\n ' ' ' < out > flat
	e2fsck -fn fs.img
}

link_of()
{
	debugfs -R "stat $1" fs.img 2> /dev/null |
		sed -n 's/^Fast link dest: "\(.*\)"/\1/p'
}

# Entries that name a link go on starting the old kernel.
cp -a root linked
ln -s "boot/vmlinuz-$old" linked/vmlinuz
guest linked
check 'a link alone is moved' add -p new.deb fs.img
check 'to the new kernel' [ "$(link_of /vmlinuz)" = "boot/vmlinuz-$new" ]
sed -i "s,/boot/vmlinuz-$old,/vmlinuz," linked/boot/grub/menu.lst
: > linked/boot/grub/grubenv
guest linked
check 'a menu names the link' shows -p new.deb fs.img
check 'the link stays' [ "$(link_of /vmlinuz)" = "boot/vmlinuz-$old" ]
check 'which is told' grep -q '/vmlinuz stays a link to the old kernel' flat
check 'what GRUB saved is told of' grep -q '/boot/grub/grubenv is not' flat
check 'one entry for each' sh -c "'$DISKWRIGHT' cat \
	fs.img:/boot/grub/menu.lst | grep '^kernel' | cut -d ' ' -f 2 |
	tr '\n' ' ' | grep -qx '/boot/vmlinuz-$new /vmlinuz '"
cp root/boot/grub/menu.lst linked/boot/grub/menu.lst
echo initrd > "linked/boot/initrd.img-$old"
ln -s "boot/initrd.img-$old" linked/initrd.img
guest linked
check 'no modules, no initrd' shows -p bare.deb fs.img
check 'which is told, too' grep -q "kernel $new has no modules" flat
check 'neither link moves' [ "$(link_of /vmlinuz)$(link_of /initrd.img)" = \
	"boot/vmlinuz-${old}boot/initrd.img-$old" ]

# An initrd in the package: ours goes before it.
cp -a new theirs
echo sbin/init | (cd root && cpio -o -H newc --quiet) \
	> "linked/boot/initrd.img-$old"
cp "linked/boot/initrd.img-$old" "theirs/boot/initrd.img-$new"
deb theirs theirs
guest linked
check 'ours in place of the package'\''s' shows -p theirs.deb fs.img
check 'that is left out' grep -q 'of the package is left out' flat
fresh
check 'the package'\''s, where none is made' shows -p theirs.deb fs.img
check 'it is used' sh -c "'$DISKWRIGHT' cat fs.img:/boot/grub/menu.lst |
	grep -qx 'initrd /boot/initrd.img-$new'"

# A file of two names gets its new content under one of them.
cp -a root hard
echo kept > hard/boot/keep
ln hard/boot/keep "hard/boot/vmlinuz-$new"
guest hard
check '--force, over a hard link' add --force -p new.deb fs.img
check 'the other name keeps its content' sh -c "'$DISKWRIGHT' cat \
	fs.img:/boot/keep | grep -qx kept"

# ---- the script, run here ----------------------------------------------------

# registers OUTPUT STATUS: with a dpkg that says so; prints how often it ran.
registers()
{
	local here=$work/here

	rm -rf here
	mkdir -p here/etc/rc.d here/var/lib/diskwright here/var/log here/bin
	sed "s,/etc/,$here/etc/,g; s,/var/,$here/var/,g
		s,^PATH=,PATH=$here/bin:,; s,sleep 30,:," script > here/run
	# shellcheck disable=SC2016
	printf '#!/bin/sh\n%s\n%s\n[ "$1" = --dry-run ] || exit %s\n' \
		"echo x >> $here/count" "echo '$1'" "$2" > here/bin/dpkg
	chmod 755 here/bin/dpkg
	printf '#!/bin/sh\n[ ! -x %s ] || x\n' \
		"$here/var/lib/diskwright/register-kernel" \
		> here/etc/rc.d/rc.local
	ln -s rc.d/rc.local here/etc/rc.local
	! grep -E '(^|[ "])/(etc|var)/' here/run && sh here/run
	wc -l < here/count
}
check 'registered at once' [ "$(registers fine 0)" = 2 ]
check 'rc.local is a link still' [ -L here/etc/rc.local ]
check 'without the line' [ "$(cat here/etc/rc.d/rc.local)" = '#!/bin/sh' ]
check 'an error is final' [ "$(registers 'dependency problems' 1)" = 2 ]
check 'a lock is waited for' [ "$(registers \
	'dpkg: error: frontend lock was locked by another process' 1)" = 20 ]

# ---- killed in the middle ----------------------------------------------------

tree "$new" middle
head -c 8000000 /dev/urandom > "middle/lib/modules/$new/kernel/fs/some"
deb middle middle

# killed N: stopped by its N-th write to the image; what it leaves boots.
killed()
{
	local rc=0

	fresh
	timeout 60 strace -f -qq -o strace.out \
		-e "inject=pwrite64:signal=SIGKILL:when=$1" \
		"$DISKWRIGHT" add-kernel -p middle.deb fs.img \
		> /dev/null 2>&1 || rc=$?
	e2fsck -p fs.img > fsck.out 2>&1 || [ $? -lt 2 ] || return 1
	e2fsck -fn fs.img > fsck.out 2>&1 || return 1
	"$DISKWRIGHT" check --json fs.img |
		jq -e '.pygrub.boots' > /dev/null || return 1
	[ "$rc" != 0 ]
}

if command -v strace > /dev/null && strace -qq true 2> /dev/null; then
	fresh
	strace -f -qq -o strace.out -e trace=pwrite64 "$DISKWRIGHT" \
		add-kernel -p middle.deb fs.img > /dev/null 2>&1
	all=$(grep -c pwrite64 strace.out)
	for n in 1 $((all / 4)) $((all / 2)) $((all * 3 / 4)) \
		$((all - 4)) $((all - 1)); do
		check "killed by write $n of $all: clean, and it boots" \
			killed "$n"
	done
else
	skip 'strace is missing: not killed in the middle'
fi
finish
