# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# A converted guest gets another kernel and loses the one that it had, by its
# own tools, and still boots both ways.
# Sourced by the tests of each kind of menu.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
. "$top/tests/boot/qemu.sh"
. "$top/tests/boot/prove.sh"
need_for_proof
need apt-get apt-cache

# deb_names PACKAGE STATUS: the package and what it needs, less what a guest
# with that dpkg status file has.
deb_names()
{
	apt-cache depends --recurse --no-recommends --no-suggests \
		--no-conflicts --no-breaks --no-replaces --no-enhances "$1" |
		sed -n 's/^\([a-z0-9][^:<]*\).*/\1/p' | sort -u |
		comm -23 - <(sed -n 's/^Package: //p' "$2" | sort -u)
}

# fetch_debs PACKAGE...: prints where they are; kept beside the guests.
fetch_debs()
{
	local name

	mkdir -p "$GUESTS/debs"
	for name; do
		(
			cd "$GUESTS/debs"
			flock -w 300 9
			timeout 200 apt-get -q download "$name" >&2
			realpath "$(find . -name "${name}_*.deb" | sort -V |
				tail -n 1)"
		) 9> "$GUESTS/debs/lock" || return 1
	done
}

# What the guest does at its first start, before it answers.  It may not write
# to the console: the getty there hangs up whoever does.
guest_script()
{
	cat <<-EOF
		#!/bin/sh
		cd /srv/upgrade && [ ! -e log ] || exit 0
		exec > log 2>&1
		trap 'sync; systemctl --no-block poweroff' EXIT
		set -ex
		export PATH=/usr/sbin:/usr/bin:/sbin:/bin
		export DEBIAN_FRONTEND=noninteractive
		echo linux-base linux-base/removing-running-kernel boolean \
			false | debconf-set-selections
		dpkg --force-unsafe-io -i tools/*.deb
		$1
		dpkg --force-unsafe-io -i kernel/*.deb
		dpkg --force-unsafe-io --purge linux-image-cloud-amd64 \\
			"linux-image-\$(uname -r)"
		ls -l /boot
		: complete
	EOF
}

# give_work IMAGE COMMAND: the packages in tools/ and kernel/ go in, and a
# service runs them.
give_work()
{
	local at="$1@p1:" f

	guest_script "$2" > "$work/upgrade.sh"
	printf '[Service]\nExecStartPre=-/srv/upgrade/run\n%s\n' \
		'TimeoutStartSec=infinity' > "$work/upgrade.conf"
	# A small initrd, weakly compressed: the processor is emulated.
	printf '%s\n' MODULES=list COMPRESSLEVEL=1 > "$work/fast"
	printf '%s\n' xen_blkfront virtio_pci virtio_blk ext4 \
		> "$work/modules"
	"$DISKWRIGHT" put -p -m 755 "$work/upgrade.sh" \
		"$at/srv/upgrade/run" &&
	"$DISKWRIGHT" put -p "$work/upgrade.conf" \
		"$at/etc/systemd/system/state.service.d/upgrade.conf" &&
	"$DISKWRIGHT" put -p "$work/fast" \
		"$at/etc/initramfs-tools/conf.d/fast" &&
	"$DISKWRIGHT" put "$work/modules" "$at/etc/initramfs-tools/modules" || return 1
	for f in tools/*.deb kernel/*.deb; do
		"$DISKWRIGHT" put -p "$f" "$at/srv/upgrade/$f" || return 1
	done
}

# does_its_work IMAGE: starts it, for good, until it powers off.
does_its_work()
{
	local log=$work/serial.upgrade

	drive_mode=cache=unsafe start_guest "$log" "$1" raw virtio-blk || return 1
	timeout 600 tail --pid="$guest_pid" -f /dev/null || tail "$log"
	end_guest
	"$DISKWRIGHT" cat "$1@p1:/srv/upgrade/log" > "$work/upgrade.log" &&
		tail -n 60 "$work/upgrade.log" &&
		grep -qx '+ : complete' "$work/upgrade.log"
}

# new_kernel FIRST: the newest that Debian has beside it.
new_kernel()
{
	apt-cache search --names-only \
		'^linux-image-6[.]1[.]0-[0-9]+-cloud-amd64$' |
		cut -d ' ' -f 1 | sed 's/^linux-image-//' | grep -vxF "$1" |
		sort -V | tail -n 1
}

config_names()
{
	"$DISKWRIGHT" cat "$1@p1:/boot/syslinux/syslinux.cfg" > "$work/cfg" &&
		cat "$work/cfg" &&
		grep -x "DEFAULT $2" "$work/cfg" && ! grep -F "$3" "$work/cfg"
}

# again_as_is IMAGE: what another conversion would write is what is there.
again_as_is()
{
	"$DISKWRIGHT" dualboot --no-sync "$1" out/again.raw > again.txt &&
		! grep -E 'zz-diskwright|(new|renewed), [0-9]+ bytes' \
			again.txt &&
		"$DISKWRIGHT" cat \
			out/again.raw@p1:/boot/syslinux/syslinux.cfg |
			diff -u cfg -
	set -- $?
	rm -f out/again.raw
	return "$1"
}

# prove_upgrade GUEST TOOL COMMAND: TOOL is the package that keeps the menu
# for Xen; COMMAND makes it for the first time.
prove_upgrade()
{
	local guest=$1 src dst first second

	src=$("$top/tests/guests/make.sh" "$guest")
	cd "$work"
	user_dir "$work/out"
	dst=$work/out/dual.raw
	convert "$guest" "$src" "$dst"
	first=$(names_in "$src" /boot | sed -n 's/^vmlinuz-//p')
	second=$(new_kernel "$first")
	from_image "$src" /var/lib/dpkg/status "$work/status"
	mkdir -p tools kernel
	# shellcheck disable=SC2046
	fetch_debs $(deb_names "$2" "$work/status") > debs &&
		fetch_debs "linux-image-$second" > kernel.deb || {
		skip "$guest: no packages to install"
		finish
	}
	xargs cp -t tools < debs
	xargs cp -t kernel < kernel.deb
	check "$guest: put the packages in" give_work "$dst" "$3"
	check "$guest: $second comes, $first goes" does_its_work "$dst"
	dd if="$dst" of=fixed bs=1M skip=1 conv=sparse status=none
	check "$guest: e2fsck finds nothing to mend" e2fsck -fn fixed
	check "$guest: one kernel is left" [ "$(names_in fixed /boot |
		grep '^vmlinuz-')" = "vmlinuz-$second" ]
	check "$guest: syslinux.cfg names it alone" \
		config_names "$dst" "$second" "$first"
	check "$guest: the hook ran by itself" \
		grep 'diskwright-update: renewed' "$work/upgrade.log"
	check "$guest: diskwright check" "$DISKWRIGHT" check "$dst"
	check "$guest: PyGrub hands $second out" pygrub_gives "$dst" \
		fixed
	check "$guest: converted again, it has the same syslinux.cfg and hook" \
		again_as_is "$dst"
	check "$guest: boots" guest_comes_up "$dst" raw virtio-blk
	check "$guest: it is $second" grep -a "Linux version $second" \
		"$work/serial.virtio-blk"
}
