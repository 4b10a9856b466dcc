#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Boots a guest that writes all the time and ends the machine in the middle
# of it, until the image holds a journal to replay and orphans of both kinds.
#
#   tests/guests/cut.sh IMAGE
set -eu

img=$1
work=$(mktemp -d "$img.XXXXXX")
qemu=
trap '[ -z "$qemu" ] || kill -9 "$qemu" 2> /dev/null || :; rm -rf "$work"' EXIT
log=$work/serial

ls_boot=$(debugfs -R 'ls -p /boot' "$img" 2> /dev/null | cut -d / -f 6)
kernel=$(grep '^vmlinuz-' <<< "$ls_boot")
initrd=$(grep '^initrd.img-' <<< "$ls_boot")
for f in "$kernel" "$initrd"; do
	debugfs -R "dump /boot/$f $work/$f" "$img" 2> /dev/null
done

cut_off()
{
	cp --sparse=always "$img" "$work/img"
	: > "$log"
	qemu-system-x86_64 -accel tcg -smp 2 -m 512 \
		-nodefaults -display none -no-reboot -serial "file:$log" \
		-drive "file=$work/img,format=raw,if=virtio" \
		-kernel "$work/$kernel" -initrd "$work/$initrd" -append \
		"root=/dev/vda rw console=ttyS0 init=/usr/local/sbin/scribble" &
	qemu=$!
	for _ in $(seq 300); do
		[ "$(grep -c scribbling "$log")" -lt "$1" ] || break
		kill -0 $qemu 2> /dev/null || break
		sleep 1
	done
	kill -9 "$qemu" || { cat "$log"; echo "cut.sh: no guest"; exit 1; }
	wait "$qemu" 2> /dev/null || :
	qemu=
}

for try in 3 5 8 13 21 34; do
	cut_off "$try"
	cp --sparse=always "$work/img" "$work/fixed"
	LC_ALL=C e2fsck -fy "$work/fixed" > "$work/fsck" 2>&1 || :
	if grep -q 'recovering journal' "$work/fsck" &&
	   grep -q 'Clearing orphaned inode' "$work/fsck" &&
	   grep -q 'Truncating orphaned inode' "$work/fsck"; then
		grep -c 'orphaned inode' "$work/fsck"
		mv "$work/img" "$img"
		exit 0
	fi
	head -n 20 "$work/fsck"
done
echo "cut.sh: never cut in the right moment" >&2
exit 1
