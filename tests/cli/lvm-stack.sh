#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Layers on layers: disks in volumes in disks in volumes, groups on several
# partitions and images, mirrors; and a boot record that is mended through them.
set -eu
. "$(dirname "$0")/../lib.sh"
need python3 jq tar xz gzip mke2fs debugfs e2fsck qemu-img

lvput=$top/tests/helpers/lvput.py
images=$top/tests/images
cd "$work"

# same TEXT COMMAND...: the command prints exactly that.
same()
{
	local want=$1

	shift
	[ "$("$@")" = "$want" ]
}

# ---- members of software RAID -------------------------------------------------

for version in 0.90 1.0 1.1 1.2; do
	gzip -dc "$images/good-md-$version.img.gz" > member.img
	check "$version: files are seen through the member" same \
		"$(printf 'etc\nlost+found\nnumbers')" "$DISKWRIGHT" ls member.img
	check "$version: and are the same in @md" sh -c '
		"$1" cat member.img:/numbers > a &&
		"$1" cat member.img@md:/numbers | cmp a - && [ -s a ]' \
		sh "$DISKWRIGHT"
	check "$version: @md is what is copied" sh -c '
		"$1" convert --all-blocks --force member.img@md content &&
		e2fsck -fn content' sh "$DISKWRIGHT"
	check "$version: inspect draws it" sh -c '
		"$1" inspect --json member.img | jq -e ".children[0] |
			.kind == \"raid_member\" and .metadata == \"$2\" and
			.children[0].kind == \"filesystem\""' \
		sh "$DISKWRIGHT" "$version"
done

# fails STATUS TEXT VERB ARGUMENT...
fails()
{
	local want=$1 text=$2 got=0

	shift 2
	"$DISKWRIGHT" "$@" > fails.out 2> fails.err || got=$?
	cat fails.err
	[ "$got" = "$want" ] && grep -qF -- "$text" fails.err &&
		[ "$(wc -l < fails.err)" = 1 ]
}

check 'a member is not written' fails 3 'not changed alone' \
	check --repair-boot member.img@md
check 'dualboot names the content' fails 3 'member.img@md' \
	dualboot member.img none.img
truncate -s 4M plain.img
check 'no member' fails 1 'no member of a software RAID' ls plain.img@md

# ---- a boot record, mended in a volume ----------------------------------------

mkdir -p tree/{etc,sbin,boot/grub}
echo '/dev/xvda1 / ext2 defaults 0 1' > tree/etc/fstab
echo kernel > tree/boot/vmlinuz-6.1.0-1-amd64
printf 'default 0\ntitle x\nroot (hd0)\nkernel %s root=/dev/xvda1 ro\n' \
	/boot/vmlinuz-6.1.0-1-amd64 > tree/boot/grub/menu.lst
mke2fs -q -t ext2 -b 1024 -d tree guest.img 768k > mke2fs.out 2>&1
"$DISKWRIGHT" dualboot --layout=unpartitioned --allow-unbootable guest.img \
	stale.img > dualboot.out
debugfs -w -R 'rm /boot/syslinux/diskwright.sys' stale.img > debugfs.out 2>&1
cp stale.img mended.img
"$DISKWRIGHT" check --repair-boot mended.img > check.txt 2>&1 || :
check 'the plain image is mended' sh -c '
	! cmp -s stale.img mended.img && e2fsck -fn mended.img &&
	! grep stale check.txt'

# mends LINES VG/LV IMAGE...: the same happens to the volume as to the plain
# image, and nothing to the rest of its images.
mends()
{
	local lines=$1 lv=$2 options=() i

	shift 2
	python3 "$lvput" "$lines" "$lv" stale.img "$@"
	for i in "${@:2}"; do
		options+=("--pv=$i")
	done
	"$DISKWRIGHT" check --repair-boot "${options[@]}" "$1@$lv" > log 2>&1
	[ $? = 5 ] || { cat log; return 1; }
	python3 "$lvput" --get "$lines" "$lv" got "$@"
	head -c "$(stat -c %s mended.img)" got | cmp - mended.img || return 1
	mkdir -p want
	for i; do
		cp "saved/${i##*/}" want/
	done
	python3 "$lvput" "$lines" "$lv" mended.img want/*
	for i; do
		cmp "$i" "want/${i##*/}" || return 1
	done
	rm -r want
}

# The same in qcow2 images, which come back as raw ones for the comparison.
mends_qcow2()
{
	local lines=$1 lv=$2 options=() i

	shift 2
	python3 "$lvput" "$lines" "$lv" stale.img "$@"
	for i; do
		qemu-img convert -O qcow2 "$i" "$i.qcow2"
	done
	for i in "${@:2}"; do
		options+=("--pv=$i.qcow2")
	done
	"$DISKWRIGHT" check --repair-boot "${options[@]}" "$1.qcow2@$lv" \
		> log 2>&1
	[ $? = 5 ] || { cat log; return 1; }
	for i; do
		qemu-img check -q "$i.qcow2" || return 1
		qemu-img convert -O raw "$i.qcow2" "$i"
	done
	python3 "$lvput" --get "$lines" "$lv" got "$@"
	head -c "$(stat -c %s mended.img)" got | cmp - mended.img
}

# keep IMAGE...: as they are now, for mends().
keep()
{
	rm -rf saved
	mkdir saved
	cp --sparse=always "$@" saved
}

mkdir raid
tar -C raid -xf "$images/lvm/raid.tar.xz"
keep raid/*.img
check 'a boot record in a raid1 volume' mends "$images/lvm/raid.lines" \
	raids/raid1 raid/*.img
check 'both legs are the same to LVM' sh -c '
	python3 "$1" --get "$2" raids/raid1_rimage_0 a raid/*.img &&
	python3 "$1" --get "$2" raids/raid1_rimage_2 b raid/*.img &&
	cmp a b' sh "$lvput" "$images/lvm/raid.lines"
check 'a boot record in a raid1 volume in qcow2 images' mends_qcow2 \
	"$images/lvm/raid.lines" raids/raid1 raid/*.img
check 'a raid1 that lacks a leg is not written' fails 3 'raids/raid1' \
	check --repair-boot raid/pv5.img@raids/raid1
qemu-img convert -O vmdk raid/pv0.img raid/pv0.vmdk
check 'an image that cannot be written is named' fails 3 'pv0.vmdk' \
	check --repair-boot --pv raid/pv0.vmdk raid/pv5.img@raids/raid1
rm raid/*.qcow2 raid/*.vmdk
check 'other kinds are refused by name' fails 3 'raid5_ls' \
	check --repair-boot --pv-dir raid raid/pv5.img@raids/raid5_ls
rm -rf raid saved

# ---- with the real LVM --------------------------------------------------------

if [ "$(id -u)" != 0 ] || ! command -v lvcreate > /dev/null ||
   ! losetup -f > /dev/null 2>&1; then
	skip "layers made by LVM: needs root, lvm2 and loop devices"
	finish
fi
. "$top/tests/lib-lvm.sh"

# create VG NAME OPTION...: a volume, without device-mapper.
create()
{
	lvm_run lvcreate -qq -an -Zn -Wn -n "$2" "$1" "${@:3}" > lvm.out
}

truncate -s 24M one.img two.img
lvm_attach one.img two.img
lvm_run pvcreate -qq "${lvm_devices[@]}" > lvm.out
lvm_run vgcreate -qq -s 64k both "${lvm_devices[@]}" > lvm.out
create both lin -l 12 "${lvm_devices[0]}"
create both str -l 24 -i 2 -I 4k
create both gone -l 4
lvm_lines both.lines
lvm_detach
keep one.img two.img
for lv in lin str; do
	check "a boot record in both/$lv" mends both.lines both/$lv one.img \
		two.img
	check "and in qcow2 images" mends_qcow2 both.lines both/$lv one.img \
		two.img
	cp saved/*.img .
done

# A source that somebody writes to meanwhile, be it the second one.
python3 -c 'open("data", "wb").write(bytes(range(256)) * 6144)'
python3 "$lvput" both.lines both/str data one.img two.img
"$DISKWRIGHT" convert --rate=512K one.img@both/str --pv two.img copy.img \
	> log 2>&1 &
pid=$!
sleep 1
printf x | dd of=two.img bs=1 seek=20M conv=notrunc status=none
status=0
wait "$pid" || status=$?
check 'a change in an added image spoils the copy' sh -c '
	cat log; [ "$1" = 1 ] && grep "two.img: it was changed" log &&
	[ ! -e copy.img ]' sh "$status"
check 'a copy of a striped volume' sh -c '
	"$1" convert one.img@both/str --pv two.img copy.img &&
	head -c 1572864 copy.img | cmp - data' sh "$DISKWRIGHT"

# A guest's disk in a volume, as Eucalyptus kept it.  On the disk: files on a
# primary and a logical partition; a group on the partitions 2 and 3, one of
# whose volumes is a disk with a GPT; a group of its own on partition 6.
# part IMAGE START SECTORS: a loop device on a part of an image.
part()
{
	losetup -f --show -o $(($2 * 512)) --sizelimit $(($3 * 512)) "$1"
}
# fs FILE SIZE NAME: an ext2 with a file of that name.
fs()
{
	rm -rf fs.tree
	mkdir fs.tree
	echo "$3" > "fs.tree/$3"
	mke2fs -q -t ext2 -b 1024 -d fs.tree "$1" "$2" > mke2fs.out 2>&1
}

truncate -s 40M inner.img
sfdisk -q inner.img <<- END
	start=2048, size=4096, type=83
	start=8192, size=16384, type=8e
	start=24576, size=16384, type=8e
	start=40960, size=40000, type=5
	start=43008, size=4096, type=83
	start=49152, size=16384, type=8e
END
fs p1.img 2M first
dd if=p1.img of=inner.img bs=512 seek=2048 conv=notrunc status=none
fs p5.img 2M fifth
dd if=p5.img of=inner.img bs=512 seek=43008 conv=notrunc status=none
lvm_devices=("$(part inner.img 8192 16384)" "$(part inner.img 24576 16384)" \
	"$(part inner.img 49152 16384)")
lvm_config "${lvm_devices[@]}"
lvm_run pvcreate -qq "${lvm_devices[@]}" > lvm.out
lvm_run vgcreate -qq -s 64k gvg "${lvm_devices[@]:0:2}" > lvm.out
lvm_run vgcreate -qq -s 64k own.vg-6 "${lvm_devices[2]}" > lvm.out
create gvg root -i 2 -I 8k -L 2M
create gvg disk -L 4M
create own.vg-6 a+b_c -L 1M
lvm_lines inner.lines
lvm_detach
fs root.img 2M root
truncate -s 4M gpt.img
sfdisk -q gpt.img <<- END
	label: gpt
	start=2048, size=4096
END
fs g1.img 2M gpt
dd if=g1.img of=gpt.img bs=512 seek=2048 conv=notrunc status=none
fs ab.img 1M plus
for n in 8192 24576 49152; do
	dd if=inner.img of=pv$n bs=512 skip=$n count=16384 status=none
done
python3 "$lvput" inner.lines gvg/root root.img pv8192 pv24576
python3 "$lvput" inner.lines gvg/disk gpt.img pv8192 pv24576
python3 "$lvput" inner.lines own.vg-6/a+b_c ab.img pv49152
for n in 8192 24576 49152; do
	dd if=pv$n of=inner.img bs=512 seek=$n conv=notrunc status=none
done

vg=eucatest-vg volume=volume-4708bf47
truncate -s 48M "$volume"
lvm_attach "$volume"
lvm_run pvcreate -qq "${lvm_devices[0]}" > lvm.out
lvm_run vgcreate -qq $vg "${lvm_devices[0]}" > lvm.out
create $vg "eucatest-$volume" -L 40M
lvm_lines outer.lines
lvm_detach
python3 "$lvput" outer.lines "$vg/eucatest-$volume" inner.img "$volume"
chmod 644 "$volume"
sha=$(sha "$volume")
guest=$volume@$vg/eucatest-$volume

# The name of the one file on each filesystem.
files()
{
	unprivileged "$DISKWRIGHT" ls "$1" | grep -vx lost+found
}
while read -r layers name; do
	check "files of $layers" same "$name" files "$guest$layers"
done <<- END
	@p1 first
	@p5 fifth
	@gvg/root root
	@p2@gvg/root root
	@p3@gvg/root root
	@gvg/disk@p1 gpt
	@own.vg-6/a+b_c plus
	@p6@own.vg-6/a+b_c plus
END
user_dir out
check 'the disk in the container' sh -c '
	setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$1" convert --all-blocks "$2" out/disk && cmp out/disk inner.img' \
	sh "$DISKWRIGHT" "$guest"
check 'a volume in the volume' sh -c '
	"$1" convert --all-blocks "$2@p3@gvg/disk" got.img && cmp got.img gpt.img' \
	sh "$DISKWRIGHT" "$guest"

# The tree: each layer's locator is made of the names above it; it opens, and
# is as long as the tree says.
"$DISKWRIGHT" inspect --json "$volume" > tree.json
jq -r 'def walk($at): ($at + (if .kind == "partition" or
		.kind == "logical_volume" then "@" + .name else "" end)) as $here |
	(if .kind == "partition" or .kind == "logical_volume" then
		"\(.size) \($here)" else empty end),
	(.children[] | walk($here)); walk(.name)' tree.json > layers
check 'the tree has all layers' same 11 sh -c 'wc -l < layers'
while read -r size locator; do
	check "inspect $locator" sh -c '
		"$1" inspect --json "$2" | jq -e ".size == $3"' \
		sh "$DISKWRIGHT" "$locator" "$size"
done < layers
check 'a group of two partitions is drawn once, and named at the other' \
	jq -e '[.. | select(.kind? == "volume_group") | .name] | sort ==
	       ["eucatest-vg", "gvg", "own.vg-6"]' tree.json
check 'the other says where' jq -e '[.. | select(.kind? ==
	"physical_volume") | select(.group == "gvg")] | length == 2 and
	(.[1].notes | join(" ") | test("p2$"))' tree.json
check 'no layer has a problem' jq -e '[.. | .problem? // empty] == []' tree.json
"$DISKWRIGHT" inspect "$volume" > tree.txt
check 'the text has the names' sh -c '
	grep -q "^ *eucatest-vg: volume group" tree.txt &&
	grep -q "^ *gvg/disk: linear, 4 MiB" tree.txt &&
	! grep -qE ".{80}" tree.txt'

qemu-img convert -O qcow2 "$volume" container.qcow2
check 'the same in a qcow2 image' same gpt files \
	"container.qcow2@$vg/eucatest-$volume@p2@gvg/disk@p1"

check 'a physical volume holds no files' fails 2 \
	"name a volume of it, as in $volume@$vg/LV: eucatest-$volume" ls "$volume"
check 'one in the guest, either' fails 2 "$guest@p2@gvg/LV: root, disk" \
	ls "$guest@p2"
check 'a group alone' fails 2 "name a volume of it, as in $volume@$vg/LV" \
	ls "$volume@$vg"
check 'a volume that is not there' fails 1 "eucatest-$volume" \
	ls "$volume@$vg/none:/"
check 'a group that is not there' fails 1 "there is gvg, own.vg-6" \
	ls "$guest@none/none"
check 'a group of another partition' fails 1 'no volume group own.vg-6' \
	ls "$guest@p2@own.vg-6/a+b_c"
check 'dualboot wants a volume' fails 3 "$volume@$vg/LV" \
	dualboot "$volume" none.img
check 'so does check' fails 3 "$guest@p2@gvg/LV" check --boot "$guest"
check 'nothing was written to the container' same "$sha" sha "$volume"
finish
