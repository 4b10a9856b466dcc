#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Debian's own kernel package, another version than the guest's, as a .deb and
# as an .rpm: real PyGrub hands out the new kernel and its initrd, QEMU boots
# it, and with --firstboot the guest's dpkg knows of it.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/qemu.sh"
. "$(dirname "$0")/prove.sh"
need_for_proof
need apt-get apt-cache dpkg-deb rpmbuild

REGISTER_TIME=${REGISTER_TIME:-900}

# ---- the package -------------------------------------------------------------

# fetch VERSION: a small kernel that is not that one, kept beside the guests.
fetch()
{
	local dir=$GUESTS/packages name

	mkdir -p "$dir"
	name=$(apt-cache search --names-only \
		'^linux-image-6\.1\.[0-9-]*-cloud-amd64$' | cut -d ' ' -f 1 |
		grep -vFx "linux-image-$1" | sort -V | head -n 1)
	[ -n "$name" ] || return 0
	(
		flock -w 600 9
		cd "$dir"
		ls "$name"_*.deb > /dev/null 2>&1 ||
			timeout 300 apt-get -qq download "$name" >&2
	) 9> "$dir/lock"
	find "$dir" -name "${name}_*.deb" | head -n 1
}

# The same files as an .rpm.
make_rpm()
{
	local tree=$work/tree spec=$work/kernel.spec

	mkdir -p "$tree"
	dpkg-deb -x "$deb" "$tree"
	cat > "$spec" <<-END
		Name: kernel
		Version: ${new%%-*}
		Release: 1
		Summary: a kernel
		License: GPL
		AutoReqProv: no
		%define _binary_payload w3.zstdio
		%define __os_install_post %{nil}
		%description
		A kernel.
		%post
		exit 1
		%install
		cp -a $tree/boot $tree/lib %{buildroot}/
		%files
		/boot/*
		/lib/modules/*
	END
	rpmbuild -bb --quiet --target x86_64 --define "_topdir $work/rpm" \
		"$spec" > "$work/rpmbuild" 2>&1 || cat "$work/rpmbuild"
	find "$work/rpm/RPMS" -name '*.rpm'
}

# ---- the guests --------------------------------------------------------------

# Tells more of itself than other tests ask for.
put_state()
{
	sed '/^echo end/d' "$top/tests/guests/files/state.cgi" > state
	cat >> state <<-END
		echo "uname: \$(uname -r)"
		echo "modules: \$(lsmod | wc -l)"
		echo "dpkg: \$(dpkg-query -W -f '\${Status}' linux-image-$new)"
		echo "left: \$(ls -d /var/lib/diskwright \
			/etc/systemd/system/diskwright-kernel.service \
			2> /dev/null)"
		echo end
	END
	"$DISKWRIGHT" put -m 755 state "$1:/srv/www/cgi-bin/state"
}

version_in()
{
	names_in "$1" /boot | sed -n 's/^vmlinuz-//p' | head -n 1
}

convert_guest()
{
	local src

	src=$("$top/tests/guests/make.sh" "$1")
	"$DISKWRIGHT" dualboot --force "$src" "$2" > dualboot.out
	put_state "$2@p1" > put.out
}

database_of()
{
	from_image "$1?offset=$part_off" /var/lib/dpkg/status "$2"
}

add()
{
	unprivileged timeout 300 "$DISKWRIGHT" add-kernel "$@"
}

# gives_new IMAGE: what PyGrub hands out is the package's kernel, and the
# initrd that was made.
gives_new()
{
	local dir=$work/pygrub

	rm -rf "$dir"
	mkdir "$dir"
	"$PYGRUB" -q --output-directory="$dir" --output-format=simple \
		"$1" > "$dir/out" || return 1
	cat "$dir/out"
	dpkg-deb --fsys-tarfile "$deb" |
		tar -xO "./boot/vmlinuz-$new" > "$dir/vmlinuz"
	from_image "$1?offset=$part_off" "/boot/initrd.img-$new" \
		"$dir/initrd"
	cmp "$(sed -n 's/^kernel //p' "$dir/out")" "$dir/vmlinuz" &&
	cmp "$(sed -n 's/^ramdisk //p' "$dir/out")" "$dir/initrd"
}

boots_new()
{
	guest_comes_up "$1" raw "$2" && cat "$work/state" &&
		grep -qx "uname: $new" "$work/state" &&
		grep -qE '^modules: [0-9]{2}' "$work/state"
}

cd "$work"
chmod 777 .
guest=$("$top/tests/guests/make.sh" ext4-menulst)
deb=$(fetch "$(version_in "$guest")")
[ -n "$deb" ] || {
	skip "no other kernel of Debian 12 can be had here"
	finish
}
new=$(dpkg-deb -f "$deb" Package)
new=${new#linux-image-}

# ---- a .deb, menu.lst --------------------------------------------------------

convert_guest ext4-menulst deb.img
chmod 666 deb.img
database_of deb.img status.before
check 'deb: add-kernel runs without privileges' \
	add --package="$deb" deb.img
cp check.out report
check 'deb: the report says what was not done' \
	grep -q 'database is not touched' <(tr -s '\n ' ' ' < report)
check 'deb: e2fsck finds nothing to mend' fs_is_clean deb.img "$part_off"
database_of deb.img status.after
check 'deb: the package database is what it was' \
	cmp status.before status.after
check 'deb: PyGrub gives the new kernel' gives_new deb.img
check 'deb: QEMU boots the new kernel' boots_new deb.img virtio-blk
check 'deb: a second time is refused' sh -c "
	! '$DISKWRIGHT' add-kernel -p '$deb' deb.img 2> err &&
	grep -q 'has kernel $new already' err"
rm -f deb.img

# ---- an .rpm, grub.cfg -------------------------------------------------------

rpm=$(make_rpm)
convert_guest ext4-grubcfg rpm.img
chmod 666 rpm.img
check 'rpm: add-kernel' add --package="$rpm" rpm.img
check 'rpm: e2fsck finds nothing to mend' fs_is_clean rpm.img "$part_off"
check 'rpm: PyGrub gives the new kernel' gives_new rpm.img
check 'rpm: QEMU boots the new kernel' boots_new rpm.img virtio-blk
rm -f rpm.img

# ---- --firstboot -------------------------------------------------------------

# registered IMAGE: the guest's dpkg has the package, and nothing is left of
# what told it.
registered()
{
	local end=$((SECONDS + REGISTER_TIME)) rc=1

	start_guest "$work/first" "$1" raw virtio-blk -m 1024 || return 1
	wait_serial "$work/first" ' login:' &&
	while [ "$SECONDS" -lt "$end" ] && kill -0 "$guest_pid"; do
		# It is busy with making its initrd.
		ask_guest "$work/state" || continue
		! { grep -qx 'dpkg: install ok installed' "$work/state" &&
			grep -qx 'left: ' "$work/state"; } || {
			rc=0
			break
		}
		sleep 5
	done
	cat "$work/state"
	end_guest
	return "$rc"
}

convert_guest ext4-menulst first.img
chmod 666 first.img
check 'firstboot: add-kernel' add --firstboot --package="$deb" first.img
check 'firstboot: e2fsck finds nothing to mend' \
	fs_is_clean first.img "$part_off"
check 'firstboot: the guest registers the package, once' registered first.img
finish
