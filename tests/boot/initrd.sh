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
