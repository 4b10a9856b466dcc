#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A copy of a disk with a physical volume: LVM finds in it what it found in
# the source, every volume holds the same files, and what was deleted in them
# or lies in no volume stays behind.  Any doubt, and all of it is copied.
set -eu
. "$(dirname "$0")/../lib-recover.sh"
need mke2fs e2fsck debugfs sfdisk mkswap qemu-img jq python3 gzip

cd "$work"
mkpv=$top/tests/helpers/mkpv.py
user_dir out
go()
{
	unprivileged "$DISKWRIGHT" convert "$@"
}
deleted='deleted-means-deleted'

fill()		# FILE KIB WORD
{
	yes "$3 $RANDOM-$1" 2> /dev/null | head -c "$2K" > "$1" || :
}

put()		# FILE TARGET MIB
{
	dd if="$1" of="$2" bs=1M seek="$3" conv=notrunc,sparse status=none
}

holds_no()	# TEXT FILE...
{
	! grep -qaF -- "$@"
}

# ---- a group of everything --------------------------------------------------

mkdir tree
fill tree/kept 300 kept
fill tree/gone 2000 "$deleted"
mke2fs -q -t ext4 -d tree fs.img 12M > mke2fs.out 2>&1
debugfs -w -R 'rm gone' fs.img > debugfs.out 2>&1
gzip -dc "$top/tests/images/good-cut-ext4.img.gz" > cut.img
cut_mib=$((($(stat -c %s cut.img) + 1048575) >> 20))
cp --sparse=always cut.img mended.img
e2fsck -fy mended.img > e2fsck.out 2>&1 || [ $? -lt 4 ]
truncate -s 2M swap.img
mkswap swap.img > mkswap.out 2>&1
yes "$deleted" | dd of=swap.img bs=1M seek=1 count=1 iflag=fullblock \
	conv=notrunc status=none
head -c 3M /dev/urandom > bytes.img
yes "$deleted" | head -c 1M > free.img

# A disk in a volume, whose filesystem was cut off, too.
truncate -s $(((cut_mib + 2) << 20)) disk.img
echo "2048,$((cut_mib * 2048)),83,*" | sfdisk -q --no-reread disk.img
put cut.img disk.img 1

# A container in a volume.
python3 "$mkpv" inner pv0=inner.img:16 root=linear:pv0+3*12
put fs.img inner.img 4
put free.img inner.img 2

cut_at=20 disk_at=$((20 + cut_mib)) inner_at=$((22 + 2 * cut_mib))
python3 "$mkpv" vg0 pv0=container:$((inner_at + 24)) \
	root=linear:pv0+6*8,pv0+1*4 swap=linear:pv0+15*2 \
	kept_back=hidden:pv0+17*1 cut=linear:pv0+$cut_at*"$cut_mib" \
	vm=linear:pv0+$disk_at*$((cut_mib + 2)) \
	box=linear:pv0+$inner_at*18 raw=linear:pv0+$((inner_at + 19))*3
dd if=fs.img of=container bs=1M count=8 seek=7 conv=notrunc status=none
dd if=fs.img of=container bs=1M skip=8 seek=2 conv=notrunc status=none
put swap.img container 16
put free.img container 18
put cut.img container $((cut_at + 1))
put disk.img container $((disk_at + 1))
put inner.img container $((inner_at + 1))
put bytes.img container $((inner_at + 20))
# Free extents, at the front, in the middle and at the end.
for at in 1 15 $((inner_at + 24)); do
	put free.img container "$at"
done

extents()	# FILE FROM COUNT: of 1 MiB, from 1 MiB on
{
	dd if="$1" bs=1M skip=$(($2 + 1)) count="$3" status=none
}

same_tree()	# IMAGE COPY
{
	tree "$1" > want.tree && tree "$2" > have.tree && [ -s want.tree ] &&
		diff want.tree have.tree
}

# volume NAME PV LOCATOR WANT: the volume holds the files of WANT, and is clean.
volume()
{
	rm -f out/lv.raw
	check "$1" go "$2@$3" out/lv.raw --all-blocks
	check "$1: is clean" clean out/lv.raw
	check "$1: the same files" same_tree "$4" out/lv.raw
	check "$1: nothing deleted" holds_no "$deleted" out/lv.raw
	rm -f out/lv.raw
}

# group NAME PV: all that must hold of a copy of the container.
group()
{
	local name=$1 pv=$2 mib

	mib=$(($(stat -c %s container) >> 20))
	check "$name: what LVM keeps in front" cmp -n 1048576 container "$pv"
	check "$name: and at the end" cmp -i $(((mib - 1) << 20)) \
		-n 1048576 container "$pv"
	volume "$name: root" "$pv" vg0/root fs.img
	volume "$name: cut" "$pv" vg0/cut mended.img
	volume "$name: vm" "$pv" vg0/vm@p1 mended.img
	volume "$name: box" "$pv" vg0/box@inner/root fs.img
	check "$name: unknown bytes" sh -c \
		"dd if=$pv bs=1M skip=$((inner_at + 20)) count=3 status=none |
		cmp - bytes.img"
	check "$name: a hidden volume" sh -c \
		"dd if=$pv bs=1M skip=18 count=1 status=none | cmp - free.img"
	check "$name: swap keeps its header" sh -c \
		"dd if=$pv bs=1M skip=16 count=1 status=none |
		cmp -n 4096 - swap.img"
	# Once, in the hidden volume.
	check "$name: nothing else that is deleted or free" \
		[ "$(grep -caF "$deleted" "$pv")" = "$(grep -cF "$deleted" free.img)" ]
}

sum=$(sha container)
check 'the container' go container out/c.raw
check 'the source is what it was' [ "$sum" = "$(sha container)" ]
group raw out/c.raw
check 'one thread, the same bytes' go -j1 container out/c1.raw
check 'indeed' cmp out/c.raw out/c1.raw
check 'in qcow2' go container out/c.qcow2
qemu-img convert -O raw out/c.qcow2 decoded
check 'the same bytes there' cmp out/c.raw decoded
go container out/plan -n --json > plan.json
check 'the plan: less than all, and its recovery' jq -e '
	.plan.areas | length == 1 and .[0].type == "LVM2_member" and
	.[0].note == null and .[0].copy < .[0].size / 2 and
	.[0].recovery.replayed_blocks > 0' plan.json
check 'all blocks are all' go --all-blocks container out/all.raw
check 'every byte' cmp container out/all.raw

# What LVM itself says.
lvm_says()	# IMAGE
{
	local loop

	loop=$(losetup --show -r -f "$1") || return 1
	printf '%s\n' 'devices {' "global_filter = [ \"a|^$loop\$|\", \"r|.*|\" ]" \
		'use_devicesfile = 0' '}' "global { locking_dir = \"$work/lvm\" }" \
		'backup { backup = 0 archive = 0 }' > lvm/lvm.conf
	{
		LVM_SYSTEM_DIR=$work/lvm lvm vgck --driverloaded n vg0 &&
		LVM_SYSTEM_DIR=$work/lvm lvm pvck "$loop" &&
		LVM_SYSTEM_DIR=$work/lvm lvm lvs --driverloaded n -a \
			--segments --noheadings -o lv_name,segtype,seg_size vg0
	} > lvm.out 2>&1
	set -- $?
	losetup -d "$loop"
	sed "s,$loop,LOOP,g" lvm.out
	return "$1"
}
same_to_lvm()
{
	lvm_says container > a && lvm_says out/c.raw > b && cat b &&
		grep -q 'kept_back' b && diff a b
}
mkdir -p lvm
if [ "$(id -u)" = 0 ] && command -v lvm > /dev/null &&
   losetup -f > /dev/null 2>&1; then
	check 'LVM says the same of both' same_to_lvm
else
	skip 'what LVM says: that takes root, lvm and loop devices'
fi

# ---- as a partition ---------------------------------------------------------

mib=$(($(stat -c %s container) >> 20))
truncate -s $(((mib + 20) << 20)) parts
sfdisk -q --no-reread parts <<- EOF
	start=2048, size=24576, type=83
	start=32768, size=$((mib * 2048)), type=8e
EOF
put fs.img parts 1
put container parts 16
rm -f out/*
check 'a disk with partitions' go parts out/p.raw
dd if=out/p.raw of=part bs=1M skip=16 count="$mib" conv=sparse status=none
check 'its PV is as before' sh -c "$(declare -f unprivileged)
	unprivileged '$DISKWRIGHT' convert container out/c.raw && cmp part out/c.raw"
rm -f out/* part

# ---- disks in disks, deeper and deeper --------------------------------------

cp fs.img level
size=12
for depth in 1 2 3 4 5 6; do
	rm -f outer
	python3 "$mkpv" vg$depth pv0=outer:$((size + 2)) \
		lv=linear:pv0+1*$size
	put level outer 2
	put free.img outer 1
	mv outer level
	size=$(($(stat -c %s level) >> 20))
done
check 'six disks in each other' go level out/deep.raw
volume_in=vg6/lv@vg5/lv@vg4/lv@vg3/lv@vg2/lv@vg1/lv
check 'the innermost one' go "out/deep.raw@$volume_in" out/fs.raw
check 'has its files' same_tree fs.img out/fs.raw
check 'the outer ones are looked into' [ "$(grep -caF "$deleted" out/deep.raw)" \
	-lt "$(grep -caF "$deleted" level)" ]
rm -f out/* level

# ---- any doubt --------------------------------------------------------------

# in_full NAME NOTE IMAGE: the note is a pattern.
in_full()
{
	check "$1: is copied" go "$3" out/x.raw
	check "$1: every byte of it" cmp "$3" out/x.raw
	go -n --json "$3" out/y > doubt.json
	jq -r '.plan.areas[].note' doubt.json > notes
	check "$1: the plan says why" grep -E "$2" notes
	rm -f out/*
}

# doubt NAME NOTE VOLUME...: the filesystem is at the extents 2 to 13.
doubt()
{
	rm -f pv
	python3 "$mkpv" vg0 pv0=pv:24 "${@:3}"
	put fs.img pv 3
	put free.img pv 20
	in_full "$1" "$2" pv
}
rm -f pv
python3 "$mkpv" vg0 pv0=pv:24 root=linear:pv0+2*12
put fs.img pv 3
check 'without doubt it is not' sh -c "$(declare -f unprivileged)
	unprivileged '$DISKWRIGHT' convert pv out/x.raw && ! cmp -s pv out/x.raw"
rm -f out/*
doubt 'two volumes share extents' 'belong to root' \
	root=linear:pv0+2*12 other=linear:pv0+13*2
doubt 'extents past the end' '[0-9]' root=linear:pv0+2*12 far=linear:pv0+23*2
doubt 'a volume of another kind' 'bad' root=linear:pv0+2*12 bad=error:2
doubt 'an unknown kind' '[a-z]' root=linear:pv0+2*12 bad=odd-type:2
python3 "$mkpv" vg1 pv0=pv:24 pv1=other:24 root=linear:pv0+2*12
put fs.img pv 3
in_full 'a group on two disks' 'several physical volumes' pv

# relabel FILE OFF LEN: where the first metadata area is; 0 0: nowhere.
relabel()
{
	python3 - "$@" <<- 'EOF'
		import struct, sys, zlib
		f = open(sys.argv[1], "r+b")
		f.seek(512)
		s = bytearray(f.read(512))
		at = s.index(struct.pack("<QQ", 4096, 1044480))
		area = struct.pack("<QQ", int(sys.argv[2]), int(sys.argv[3]))
		if any(area):
		    s[at:at + 16] = area
		else:
		    s[at:at + 32] = s[at + 16:at + 32] + bytes(16)
		crc = ~zlib.crc32(s[20:], ~0xF597A6CF & 0xFFFFFFFF) & 0xFFFFFFFF
		s[16:20] = struct.pack("<I", crc)
		f.seek(512)
		f.write(s)
	EOF
}

# fresh [OPTION]...: the PV of before.
fresh()
{
	rm -f pv
	python3 "$mkpv" vg0 "$@" pv0=pv:24 root=linear:pv0+2*12
	put fs.img pv 3
}
fresh
relabel pv $((20 << 20)) $((1 << 20))
in_full 'an area of LVM among the extents' 'reaches into the extents' pv
fresh --start 0
relabel pv 0 0
in_full 'extents where the label is' 'extents begin at 0' pv

# A copy of the metadata that is damaged.
fresh
printf junk | dd of=pv bs=1M seek=25 conv=notrunc status=none
in_full 'a damaged copy of the metadata' 'metadata' pv

# What leaves the first sectors alone does not overwrite an old label.
fresh
printf '\015\320\001\300' | dd of=pv bs=1M seek=1 conv=notrunc status=none
check 'a PV to whoever asks' sh -c 'blkid -p pv | grep -q LVM2_member'
in_full 'a label beneath VMFS' 'VMFS_volume_member' pv

# A system that will wake up finds its disks as it left them.
printf 'S1SUSPEND' | dd of=swap.img bs=1 seek=4086 conv=notrunc status=none
rm -f pv
python3 "$mkpv" vg0 pv0=pv:$((cut_mib + 4)) swap=linear:pv0+0*2 \
	cut=linear:pv0+3*"$cut_mib"
put swap.img pv 1
put cut.img pv 4
in_full 'a system sleeps in a volume' 'suspended' pv
mib=$(($(stat -c %s pv) >> 20))
truncate -s $(((2 * mib + 4) << 20)) asleep
sfdisk -q --no-reread asleep <<- EOF
	start=2048, size=$((cut_mib * 2048)), type=83
	start=$(((cut_mib + 1) * 2048)), size=$((mib * 2048)), type=8e
EOF
put cut.img asleep 1
put pv asleep $((cut_mib + 1))
in_full 'and so do the other partitions' 'suspended' asleep

# The group is not all there, but the start of its swap space is.
rm -f pv
python3 "$mkpv" vg0 pv0=pv:$((cut_mib + 4)) pv1=away:8 \
	swap=linear:pv0+0*1,pv1+0*1
put swap.img pv 1
put pv asleep $((cut_mib + 1))
in_full 'a system sleeps on two disks' 'vg0/swap .* suspended' asleep
finish
