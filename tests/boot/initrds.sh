# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Guests whose initrds lack virtio: that they do, that dualboot puts it in, and
# that it lasts.  Sourced after prove.sh.

# boot_direct LOG IMAGE BUS FROM ARGS: kernel and initrd of the image FROM,
# without a boot loader; as start_guest.
boot_direct()
{
	local log=$1 img=$2 bus=$3 from=$4 args=$5 f name

	for f in vmlinuz initrd.img; do
		name=$(names_in "$from" /boot | grep "^$f-")
		from_image "$from" "/boot/$name" "$work/direct.$f"
	done
	start_guest "$log" "$img" raw "$bus" -kernel "$work/direct.vmlinuz" \
		-initrd "$work/direct.initrd.img" \
		-append "root=UUID=$(uuid_of "$from") ro console=ttyS0 $args"
}

# finds_no_root GUEST BUS: the guest as it is gives up in its initrd.
finds_no_root()
{
	local src log=$work/serial.before

	src=$("$top/tests/guests/make.sh" "$1")
	# Both kinds of initrd wait for a disk as long as they are told.
	boot_direct "$log" "$src" "$2" "$src" \
		'rootdelay=3 rd.retry=3 rd.timeout=10' || return 1
	wait_serial "$log" '(ALERT!|Warning:) .*does not exist'
	set -- $?
	end_guest
	tail -n 3 "$log"
	return "$1"
}

# What conversion without a change of the initrd says.
refused_with_old_initrd()
{
	local src rc=0

	src=$("$top/tests/guests/make.sh" "$1")
	"$DISKWRIGHT" dualboot -n --keep-initrd "$src" "$work/none" \
		> "$work/refusal" 2>&1 || rc=$?
	cat "$work/refusal"
	[ "$rc" = 5 ] && grep "would not boot under KVM: .*lacks virtio_" \
		"$work/refusal"
}

# The initrd that update-initramfs in the guest makes of the converted image
# has the module, too.
lasts()
{
	local raw=$1 img=$work/out/rebuild.raw log=$work/serial.rebuild

	cat > "$work/rebuild" <<-'EOF'
	#!/bin/sh
	export PATH=/usr/sbin:/usr/bin:/sbin:/bin
	mount -t proc proc /proc
	mount -t sysfs sys /sys
	mount -o remount,rw /
	update-initramfs -u
	lsinitramfs /boot/initrd.img-* > /run/names
	grep /virtio_blk /run/names && grep /xen-blkfront /run/names &&
		echo "both are in it"
	echo "that was all"
	EOF
	dd if="$raw" of="$img" bs=1M skip=1 conv=sparse status=none
	printf '%s\n' "write $work/rebuild /rebuild" \
		'sif /rebuild mode 0100755' | debugfs -w -f - "$img"
	boot_direct "$log" "$img" virtio-blk "$img" 'rw init=/rebuild' ||
		return 1
	wait_serial "$log" 'that was all'
	end_guest
	tail -n 5 "$log"
	grep -a 'both are in it' "$log"
}

# prove_initrd GUEST FORMAT: on both kinds of virtio disks.
prove_initrd()
{
	check "$1: finds no root on virtio" finds_no_root "$1" virtio-blk
	check "$1: as it is, it is refused" refused_with_old_initrd "$1"
	# shellcheck disable=SC2034 # read by prove
	initrd_grows=1
	prove "$1" "$2" virtio-blk virtio-scsi
}
