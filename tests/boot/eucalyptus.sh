#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A container as a Eucalyptus node leaves it: a file that is a physical volume
# of one group of one logical volume, which is a whole boot disk.  LVM's own
# tools make it on a loop device, without device-mapper; the disk in it is
# Debian started by extlinux.  From then on there is no root and no device.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/qemu.sh"
. "$(dirname "$0")/prove.sh"
need_for_proof
need lvm losetup extlinux strace jq

name=volume-4708bf47
vg=eucatestvg-$name lv=eucatest-$name
container=$work/$name
locator=$container@$vg/$lv
disk=$work/disk.raw
mbr=/usr/lib/syslinux/mbr/mbr.bin
[ -e "$mbr" ] || mbr=$(find /usr/lib /usr/share -name mbr.bin 2> /dev/null |
	head -n 1)

loop=
detach()
{
	! mountpoint -q "$work/mnt" || umount "$work/mnt"
	[ -z "$loop" ] || losetup -d "$loop"
	loop=
}

# ---- the disk, as a guest's owner made it ----------------------------------

# dress_disk KERNEL INITRD UUID.  Genuine extlinux knows no holes in files,
# which mke2fs -d leaves; PyGrub reads its configuration, too, but knows no
# INITRD line.
dress_disk()
{
	local boot=$work/mnt/boot f

	for f in "$1" "$2"; do
		cp --sparse=never "$boot/$f" "$work/whole"
		cat "$work/whole" > "$boot/$f"
	done
	echo "UUID=$3 / ext4 errors=remount-ro 0 1" > "$work/mnt/etc/fstab"
	mkdir "$boot/extlinux"
	cat > "$boot/extlinux/extlinux.conf" <<-EOF
		DEFAULT linux
		LABEL linux
		  KERNEL /boot/$1
		  APPEND initrd=/boot/$2 root=UUID=$3 ro console=ttyS0 net.ifnames=0
	EOF
	extlinux --install "$boot/extlinux"
}

make_disk()
{
	local guest=$1

	truncate -s $((part_off + $(stat -c %s "$guest"))) "$disk"
	echo '2048,,83,*' | sfdisk -q --no-reread "$disk"
	dd if="$mbr" of="$disk" conv=notrunc status=none
	dd if="$guest" of="$disk" bs=1M seek=1 conv=notrunc,sparse status=none
	mkdir "$work/mnt"
	mount -o loop,offset=$part_off "$disk" "$work/mnt"
	dress_disk "$(names_in "$guest" /boot | grep '^vmlinuz-')" \
		"$(names_in "$guest" /boot | grep '^initrd.img-')" \
		"$(uuid_of "$guest")"
	umount "$work/mnt"
}

# ---- the container, as the node made it ------------------------------------

# Only our loop device counts, and nothing is kept on this host.
lvm_here()
{
	LVM_SYSTEM_DIR=$work/lvm LVM_SUPPRESS_FD_WARNINGS=1 \
		lvm "$@" --driverloaded n
}

write_lvm_conf()
{
	mkdir -p "$work/lvm/lock"
	cat > "$work/lvm/lvm.conf" <<-EOF
		devices {
			global_filter = [ "a|^$loop\$|", "r|.*|" ]
			use_devicesfile = 0
		}
		global { locking_dir = "$work/lvm/lock" }
		backup { backup = 0 archive = 0 }
	EOF
}

# The disk goes to where LVM says that the volume's extents are.
fill_volume()
{
	local pe_start extent at=0 first last

	pe_start=$(lvm_here pvs --noheadings --nosuffix --units b -o pe_start)
	extent=$(lvm_here vgs --noheadings --nosuffix --units b \
		-o vg_extent_size)
	while IFS=:- read -r _ first last; do
		dd if="$disk" of="$container" bs=64K conv=notrunc,sparse \
			iflag=skip_bytes,count_bytes oflag=seek_bytes \
			skip=$((at * extent)) \
			count=$(((last - first + 1) * extent)) \
			seek=$((pe_start + first * extent)) status=none
		at=$((at + last - first + 1))
	done < <(lvm_here lvs --noheadings --segments -o seg_pe_ranges |
		sed 's/^ *//')
	[ $((at * extent)) -ge "$(stat -c %s "$disk")" ]
}

make_container()
{
	truncate -s $((($(stat -c %s "$disk") / 4194304 + 3) * 4194304)) \
		"$container"
	loop=$(losetup --show -f "$container")
	write_lvm_conf
	lvm_here pvcreate -q "$loop"
	lvm_here vgcreate -q "$vg" "$loop"
	lvm_here lvcreate -q -y -an -Zn -Wn -l 100%FREE -n "$lv" "$vg"
	fill_volume
	detach
	chmod 444 "$container"
}

if [ "$(id -u)" != 0 ] || ! loop=$(losetup -f 2> /dev/null); then
	loop=
	skip 'a container made by LVM: that takes root and loop devices'
	finish
fi
loop=
guest=$("$top/tests/guests/make.sh" ext4-menulst)
set +e
(trap detach EXIT; set -e; make_disk "$guest"; make_container) \
	> "$work/make.out" 2>&1
made=$?
set -e
[ $made = 0 ] || {
	bad 'the container is made'
	tail -n 20 "$work/make.out"
	finish
}
dd if="$disk" of="$work/fixed" bs=1M skip=1 conv=sparse status=none
sum=$(sha "$container")

# ---- out of it --------------------------------------------------------------

# Without root; what it opened and started is looked at afterwards.
traced()
{
	unprivileged timeout 300 strace -f -qq -o "$work/out/trace" \
		-e trace=%file,%process,ioctl "$DISKWRIGHT" "$@"
}

# Neither a device nor another program, nor what would make a device.
touched_nothing()
{
	local f=$work/out/trace

	[ -s "$f" ] && [ "$(grep -c 'execve(' "$f")" = 1 ] &&
		! grep -E '"/dev/' "$f" |
		grep -vE '"/dev/(null|urandom|random|tty)"' &&
		! grep -E 'LOOP_|DM_|"/(sys/(block|class|dev)/|etc/lvm|run/lvm)' "$f"
}

no_device_left()
{
	[ -z "$(losetup -j "$container")" ] &&
		! find /dev/mapper /dev/disk -name '*eucatest*' 2> /dev/null |
		grep .
}

# job NAME ARGUMENTS...
job()
{
	local what=$1

	shift
	check "$what, without privileges" traced "$@"
	cp "$work/check.out" "$work/report"
	check "$what: no device, no other program" touched_nothing
	check "$what: no device is left" no_device_left
}

same_files()
{
	"$exttree" "$work/fixed" > "$work/tree.old" &&
		"$exttree" "$1" "$part_off" > "$work/tree.new" &&
		[ "$(wc -l < "$work/tree.old")" -gt 3000 ] &&
		diff "$work/tree.old" "$work/tree.new"
}

# sound NAME RAW: what holds of any copy of the disk.
sound()
{
	check "$1: sfdisk -V" sfdisk -V "$2"
	check "$1: e2fsck finds nothing to mend" fs_is_clean "$2" "$part_off"
}

user_dir "$work/out"
out=$work/out
job inspect inspect "$container"
check 'inspect: names the group, the volume and the release' sh -c "
	grep -F '$vg' '$work/report' && grep -F '$lv' '$work/report' &&
	grep -F 'Debian GNU/Linux' '$work/report'"

job convert convert "$locator" "$out/export.qcow2"
check 'convert: qemu-img check' qemu-img check "$out/export.qcow2"
qemu-img convert -O raw "$out/export.qcow2" "$out/export.raw"
sound convert "$out/export.raw"
check 'convert: every file is there' same_files "$out/export.raw"
check 'convert: boots by its extlinux' \
	guest_comes_up "$out/export.qcow2" qcow2 virtio-blk

job extract extract "$container" --all -o "$out/exports"
check 'extract: one file, named after the volume' \
	[ "$(ls -A "$out/exports")" = "$lv.raw" ]
check 'extract: what convert made' \
	cmp "$out/exports/$lv.raw" "$out/export.raw"
rm -rf "$out/exports" "$out"/export.*

job dualboot dualboot --replace-loader "$locator" "$out/dual.qcow2"
check 'dualboot: qemu-img check' qemu-img check "$out/dual.qcow2"
qemu-img convert -O raw "$out/dual.qcow2" "$out/dual.raw"
sound dualboot "$out/dual.raw"
check 'dualboot: every other file is kept' tree_is_kept "$work/fixed" \
	"$out/dual.raw" "$part_off" "$work/report"
check 'dualboot: PyGrub' pygrub_gives "$out/dual.raw" "$work/fixed"
check 'dualboot: boots on virtio-blk' \
	guest_comes_up "$out/dual.qcow2" qcow2 virtio-blk

check 'the container is what it was' [ "$sum" = "$(sha "$container")" ]
finish
