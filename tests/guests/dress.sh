#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Turns an unpacked release into a Xen guest as people have them: root named
# as /dev/xvda1, a swap disk, a console on hvc0, the network on eth0.
#
#   tests/guests/dress.sh DIR INIT BOOT FSTYPE UUID INITRD
#
# INIT is systemd or sysvinit, BOOT is menulst, grubcfg or none, INITRD is own,
# or one of those that initrds.sh made.
set -eu

dir=$1 init=$2 boot=$3 fstype=$4 uuid=$5 initrd=$6
here=$(dirname "$(readlink -f "$0")")
cd "$dir"
kernel=$(cd boot && ls -d vmlinuz-*)
version=${kernel#vmlinuz-}

# Puts a file of files/ in its place.
place()
{
	mkdir -p "$(dirname "$2")"
	sed -e "s|@VERSION@|$version|g" -e "s|@UUID@|$uuid|g" \
		-e "s|@FSTYPE@|$fstype|g" "$here/files/$1" > "$2"
}

# The password is "xen".
# shellcheck disable=SC2016
hash='$6$diskwright$7FsECW..mF0Jt6mqD79tMpvlrhxH9RCB84V8tVfdiVo/6YqxEde30oi0HTWAs06TcCQG2KnbObETloFIeDD3e/'
sed -i "s|^root:[^:]*:|root:$hash:|" etc/shadow
echo xenguest > etc/hostname
printf '127.0.0.1\tlocalhost xenguest\n' > etc/hosts
place fstab etc/fstab

# What a forwarded port answers: how this guest came up.
place state.cgi srv/www/cgi-bin/state
chmod 755 srv/www/cgi-bin/state

systemd_parts()
{
	local units=etc/systemd/system

	place eth0.network etc/systemd/network/eth0.network
	place state.service $units/state.service
	mkdir -p $units/getty.target.wants $units/multi-user.target.wants
	ln -s ../state.service $units/multi-user.target.wants/
	ln -s /lib/systemd/system/systemd-networkd.service \
		$units/multi-user.target.wants/
	ln -s /lib/systemd/system/serial-getty@.service \
		$units/getty.target.wants/serial-getty@hvc0.service
	# Nothing here waits for the hour, and emulated guests are slow.
	ln -s /dev/null $units/apt-daily.timer
	ln -s /dev/null $units/apt-daily-upgrade.timer
}

sysvinit_parts()
{
	place interfaces etc/network/interfaces
	place 70-persistent-net.rules etc/udev/rules.d/70-persistent-net.rules
	sed -i 's/^[2-6]:/#&/' etc/inittab
	place inittab.more inittab.more
	cat inittab.more >> etc/inittab
	rm inittab.more
	printf '%s\n' console tty1 hvc0 > etc/securetty
}

# As update-grub of GRUB Legacy left it, automagic part included.
menulst()
{
	place menu.lst boot/grub/menu.lst
	printf '(hd0)\t/dev/xvda\n' > boot/grub/device.map
}

grubcfg()
{
	place default-grub etc/default/grub
	place grub.cfg boot/grub/grub.cfg
}

# What a copy by files would lose.
odd_files()
{
	mkdir -p srv/data srv/odd
	printf 'linked twice\n' > srv/odd/one
	ln srv/odd/one srv/odd/two
	truncate -s 3M srv/odd/holes
	printf end >> srv/odd/holes
	mkfifo srv/odd/fifo
	chown 1234:4321 srv/odd/one
	touch -d '2001-02-03 04:05:06.789' srv/odd/holes
}

# What a guest that will be cut off keeps open while it is unlinked.
scribble_files()
{
	local i

	install -m 755 "$here/scribble.sh" usr/local/sbin/scribble
	mkdir -p srv/scribble
	for i in 1 2 3 4 5 6 7 8; do
		head -c $((i * 50000)) /dev/urandom > srv/scribble/kept.$i
	done
}

# Another initrd in the place of the own one, with the configuration that its
# program made it of.
choose_initrd()
{
	local from=var/lib/initrds

	case $initrd in
	list)	cp -a "$from/list/." etc/initramfs-tools/ ;;
	esac
	[ "$initrd" = own ] ||
		cp "$from/$initrd.img" "boot/initrd.img-$version"
	rm -rf "$from"
}

choose_initrd
"${init}_parts"
[ "$boot" = none ] || "$boot"
odd_files
scribble_files
