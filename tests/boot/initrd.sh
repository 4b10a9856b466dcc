# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Starts a guest's kernel with its initrd and sees whether the root is reached.
# Sourced after ../lib.sh, qemu.sh and ../guests/initrds/lib.sh.

# reaches_root IMAGE BUS DISK [ARGUMENT...]: to the init of the root, which
# sees that disk first.
reaches_root()
{
	local image=$1 bus=$2 disk=$3 f

	shift 3
	for f in $(names_in "$image" /boot | grep -E '^(vmlinuz|initrd)-'); do
		from_image "$image" "/boot/$f" "$work/${f%%-*}"
	done
	BOOT_TIME=${BOOT_TIME:-180}
	start_guest "$work/serial" "$image" raw "$bus" \
		-kernel "$work/vmlinuz" -initrd "$work/initrd" \
		-append "console=ttyS0 panic=-1 $*" || return 1
	wait_serial "$work/serial" "the root is up, on $disk"
	set -- $?
	end_guest
	return "$1"
}

# not COMMAND...
not()
{
	! "$@"
}

# prove_shape NAME DISK-BUS... -- ARGUMENT...: $img, before and after.
prove_shape()
{
	local name=$1 buses=() initrd bus

	shift
	while [ "$1" != -- ]; do
		buses+=("$1")
		shift
	done
	shift
	initrd=/boot/$(names_in "$img" /boot | grep '^initrd-')
	check "$name: no root without virtio" \
		not reaches_root "$img" virtio-blk vda "$@"
	check "$name: and that is because of the root" \
		grep -aE 'mkrootdev (UUID|LABEL)=|Kernel panic|ALERT' "$work/serial"
	check "$name: initrd --for kvm" "$DISKWRIGHT" initrd "$img" --for kvm
	check "$name: e2fsck" e2fsck -fn "$img"
	for bus in "${buses[@]}"; do
		check "$name: the root on $bus" reaches_root "$img" "$bus" \
			"$([ "$bus" = virtio-blk ] && echo vda || echo sda)" \
			"$@"
	done
	from_image "$img" "$initrd" "$work/once"
	check "$name: a second time" "$DISKWRIGHT" initrd "$img" --for kvm
	from_image "$img" "$initrd" "$work/twice"
	check "$name: changes nothing" cmp "$work/once" "$work/twice"
}
