#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes the LVM sets of lvm/ (README.md there): the real tools and the kernel's
# device-mapper write them in a QEMU guest, which also tells the SHA-256 of
# each volume.  Needs no root; about 20 minutes without KVM for all of them.
#
#   tests/images/make-lvm.sh [SET...]
#
# A set is lvm/sets/SET.sh, with comments for this script:
#
#   # disks: N x SIZE      what it gets
#   # phases: N            boots, 1 if not told
#   # keep: N              the phase after which disks are kept, else the last;
#                          later ones run on copies, for their checksums
#
# The result is lvm/SET.tar.xz, disks pv0.img and on, and lvm/SET.sums, lines
# "VG/LV BYTES SHA256".
set -eu

here=$(dirname "$(readlink -f "$0")")/lvm
guest=${GUESTS:-$(dirname "$(dirname "$(dirname "$here")")")/build/guests}
guest=$guest/lvm-$(sha256sum < "$here/guest/build.sh" | cut -c 1-12)
work=$(mktemp -d)
trap '[ -z "$(jobs -p)" ] || kill -9 $(jobs -p); rm -rf "$work"' EXIT

setting()	# SET NAME DEFAULT
{
	local v

	v=$(sed -n "s/^# $2: //p" "$here/sets/$1.sh")
	echo "${v:-$3}"
}

# boot SET PHASE DISKS: one phase, to its end.
boot()
{
	local set=$1 phase=$2 nr=$3 drives=() i
	local raw=format=raw,cache=unsafe,discard=unmap
	local args="console=ttyS0 quiet no_timer_check panic=1"

	for ((i = 0; i < nr; i++)); do
		drives+=(-drive "file=$dir/pv$i.img,if=none,id=d$i,$raw"
			-device "scsi-hd,drive=d$i,lun=$i")
	done
	: > "$dir/results"
	timeout 900 qemu-system-x86_64 -accel tcg -m 512 -nodefaults \
		-display none -no-reboot -serial "file:$dir/log$phase" \
		-serial "file:$dir/results" -device virtio-scsi-pci \
		"${drives[@]}" -kernel "$guest/vmlinuz" -initrd "$dir/initrd" \
		-append "$args phase=$phase disks=$nr" &
	wait $!
	grep -q "^phase $phase done" "$dir/results" || {
		tail -n 40 "$dir/log$phase" >&2
		echo "make-lvm.sh: $set: phase $phase failed" >&2
		exit 1
	}
	grep / "$dir/results" | tr -d '\r' >> "$dir/sums" || :
}

# The guest's initramfs, and one behind it that adds what is to run.
initrd_for()
{
	mkdir -p "$dir/add/etc/lvm"
	install "$here/guest/init.sh" "$dir/add/init"
	cp "$here/guest/lvm.conf" "$dir/add/etc/lvm"
	cp "$here/guest/lib.sh" "$dir/add"
	cp "$here/sets/$1.sh" "$dir/add/set.sh"
	{
		cat "$guest/initrd"
		(cd "$dir/add" && find . | cpio -o -H newc --quiet | gzip)
	} > "$dir/initrd"
}

make_set()
{
	local set=$1 dir=$work/$1 nr size phases keep i

	read -r nr _ size <<< "$(setting "$set" disks '')"
	phases=$(setting "$set" phases 1)
	keep=$(setting "$set" keep "$phases")
	mkdir "$dir"
	initrd_for "$set"
	for ((i = 0; i < nr; i++)); do
		truncate -s "$size" "$dir/pv$i.img"
	done
	for ((i = 1; i <= phases; i++)); do
		boot "$set" "$i" "$nr"
		[ "$i" != "$keep" ] || keep_disks "$set"
	done
	sort "$dir/sums" > "$here/$set.sums"
	[ -z "${LOGS-}" ] || cp "$dir"/log* "$LOGS"
	rm -rf "$dir"
	ls -l "$here/$set.tar.xz"
}

keep_disks()
{
	(cd "$dir" && tar --sort=name --format=gnu --sparse --owner=0 \
		--group=0 --numeric-owner --mtime=@1700000000 -c pv*.img) |
		xz -9e --check=crc32 > "$here/$1.tar.xz"
}

[ -e "$guest/initrd" ] || "$here/guest/build.sh" "$guest"
if [ $# = 0 ]; then
	set -- "$here"/sets/*.sh
	set -- "${@##*/}"
	set -- "${@%.sh}"
fi
for set; do
	make_set "$set"
done
