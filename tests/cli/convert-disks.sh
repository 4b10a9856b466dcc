#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Partitioned disks, swap, unknown content: what is copied of each, and that
# everything between them arrives.
set -eu
. "$(dirname "$0")/../lib-recover.sh"
need mke2fs e2fsck debugfs sfdisk mkswap qemu-img jq gzip

cd "$work"
user_dir out
go="unprivileged $DISKWRIGHT convert"
mib=1048576
deleted='deleted-means-deleted'

put()		# DISK OFFSET: what comes in, to there
{
	dd of="$1" bs=64K oflag=seek_bytes seek="$2" conv=notrunc status=none
}

take()		# FILE OFFSET LENGTH
{
	dd if="$1" bs=64K iflag=skip_bytes,count_bytes skip="$2" count="$3" \
		status=none
}

same_range()	# A B OFFSET LENGTH
{
	cmp -n "$4" -i "$3" "$1" "$2"
}

# outside A B OFFSET...: pairs of offsets between which both are the same.
outside()
{
	local a=$1 b=$2

	shift 2
	while [ $# -ge 2 ]; do
		same_range "$a" "$b" "$1" $(($2 - $1)) || return 1
		shift 2
	done
}

holds()
{
	grep -qaF "$deleted" "$1"
}

lacks()
{
	! holds "$1"
}

# plan_of IMAGE FILTER: what jq says of the plan
plan_of()
{
	$go -n --json "$1" out/none > plan.json && jq -e ".plan | $2" plan.json
}

# A filesystem with something deleted in it.
mkdir -p tree/dir
head -c 300000 /dev/urandom > tree/dir/kept
yes "$deleted" 2> /dev/null | head -c 900K > tree/removed || :
filesystem()	# FILE SIZE OPTIONS...
{
	mke2fs -q -F -d tree "${@:3}" "$1" "$2" > mke2fs.out 2>&1
	debugfs -w -R 'rm removed' "$1" > debugfs.out 2>&1
}

# A swap space whose pages were written to.
swap()		# FILE MEBIBYTES OPTIONS...
{
	yes "$deleted" 2> /dev/null | head -c "$2M" > "$1" || :
	mkswap -q -U 5aaa0000-0000-4000-8000-000000000001 "${@:3}" "$1" \
		> /dev/null 2>&1
}

filesystem fs1 24M -t ext4
filesystem fs2 20M -t ext3
# It is smaller than its partition by 4 MiB.
filesystem fs3 17M -t ext2 -b 1024
swap swap1 8 -L swapped
head -c 8M /dev/urandom > noise

# dress DISK P1 SWAP P3 P4 (offsets): fills the partitions; all else holds
# bytes that nobody knows.
dress()
{
	put "$1" "$2" < fs1
	put "$1" "$3" < swap1
	put "$1" "$4" < fs2
	put "$1" "$5" < fs3
	head -c 4M noise | put "$1" $(($5 + 17 * mib))
}

parts_arrive()	# OFFSET OFFSET OFFSET
{
	local n=0 off

	for off; do
		n=$((n + 1))
		take out/x.raw "$off" "$(stat -c %s fs$n)" > part
		clean part || return 1
		tree fs$n > a.tree
		tree part > b.tree
		diff a.tree b.tree || return 1
	done
}

swap_arrives()	# OFFSET
{
	take out/x.raw "$1" $((8 * mib)) > part
	cmp -n 4096 part swap1 && [ "$(take part 4096 $((8 * mib)) |
		tr -d '\0' | head -c 1 | wc -c)" = 0 ] &&
		blkid -p part | grep -q 'LABEL="swapped".*TYPE="swap"'
}

same_table()
{
	sfdisk -d "$1" | grep -v ^device: | sed "s/^$1//" > a.table
	sfdisk -d out/x.raw | grep -v ^device: | sed 's,^out/x.raw,,' > b.table
	[ -s a.table ] && diff a.table b.table
}

# ---- MBR: two primary partitions, two logical ones, no order, noise between

head -c 112M /dev/urandom > mbr.img
sfdisk -q mbr.img > sfdisk.out 2>&1 <<- EOF
	label: dos
	label-id: 0x12345678
	start=1MiB, size=24MiB, type=83, bootable
	start=90MiB, size=8MiB, type=82
	start=30MiB, size=50MiB, type=5
	start=32MiB, size=20MiB, type=83
	start=56MiB, size=21MiB, type=83
EOF
dress mbr.img $mib $((90 * mib)) $((32 * mib)) $((56 * mib))
# The order on the disk is p1, p5, p6, p2.
copy_mbr()
{
	$go mbr.img out/x.raw
	outside mbr.img out/x.raw 0 $mib $((25 * mib)) $((32 * mib)) \
		$((52 * mib)) $((56 * mib)) $((73 * mib)) $((90 * mib)) \
		$((98 * mib)) $((112 * mib))
}
check 'MBR: the gaps arrive, EBRs among them' copy_mbr
check 'MBR: the table is the same' same_table mbr.img
check 'MBR: filesystems arrive' parts_arrive $mib $((32 * mib)) $((56 * mib))
check 'MBR: swap keeps its header only' swap_arrives $((90 * mib))
check 'MBR: the source holds deleted data' holds mbr.img
check 'MBR: deleted data stays behind' lacks out/x.raw
check 'MBR: the areas cover the disk' plan_of mbr.img '
	(.areas | map(.size) | add) == .disk_size and
	(.areas | map(.name)) == ["table", "p1", "gap", "p5", "gap", "p6",
				  "gap", "p2", "gap"] and
	(.areas | map(.copy) | add) == .copy and
	([.areas[] | select(.name == "p2")][0] | .type == "swap" and
	 .copy == 4096)'
rm -f out/*

# A partition alone.
check 'a partition: is copied' $go mbr.img@p5 out/p.qcow2
qemu-img convert -O raw out/p.qcow2 part
check 'a partition: is a disk of its size' [ "$(stat -c %s part)" = 20971520 ]
check 'a partition: is clean' clean part
rm -f out/*

# ---- GPT

head -c 112M /dev/urandom > gpt.img
sfdisk -q gpt.img > sfdisk.out 2>&1 <<- EOF
	label: gpt
	start=1MiB, size=24MiB, name=one
	start=26MiB, size=8MiB, type=S
	start=40MiB, size=20MiB
	start=64MiB, size=21MiB
EOF
dress gpt.img $mib $((26 * mib)) $((40 * mib)) $((64 * mib))
check 'GPT: is copied' $go gpt.img out/x.raw
check 'GPT: the table is the same' same_table gpt.img
check 'GPT: it has no complaints' sfdisk -V out/x.raw
check 'GPT: gaps arrive, and both tables' outside gpt.img out/x.raw 0 $mib \
	$((25 * mib)) $((26 * mib)) $((34 * mib)) $((40 * mib)) \
	$((60 * mib)) $((64 * mib)) $((81 * mib)) $((112 * mib))
check 'GPT: filesystems arrive' parts_arrive $mib $((40 * mib)) $((64 * mib))
check 'GPT: swap keeps its header only' swap_arrives $((26 * mib))
check 'GPT: the source holds deleted data' holds gpt.img
check 'GPT: deleted data stays behind' lacks out/x.raw
check 'GPT: in qcow2' $go -O qcow2 --compress=zlib gpt.img out/x.qcow2
check 'GPT: it holds the same' qemu-img compare -q -f raw -F qcow2 out/x.raw \
	out/x.qcow2
check 'GPT: all blocks' $go --all-blocks --compress=zstd gpt.img out/a.qcow2
qemu-img convert -O raw out/a.qcow2 decoded
check 'GPT: are the source' cmp gpt.img decoded
rm -f out/* decoded

# in_full NAME IMAGE PATTERN: it is, and that matches the plan's notes
in_full()
{
	check "$1: is copied" $go "$2" out/x.raw
	check "$1: every byte" cmp "$2" out/x.raw
	check "$1: the plan says why" plan_of "$2" \
		"[.areas[].note // \"none\"] | join(\" \") | test(\"$3\")"
	rm -f out/*
}

# Beside the GPT an MBR with a partition of its own: a second view.
cp gpt.img hybrid.img
entry='\0\0\0\0\203\0\0\0\0\240\0\0\0\0\001\0'
printf "$entry" | dd of=hybrid.img bs=1 seek=462 conv=notrunc status=none
in_full hybrid hybrid.img 'MBR beside the GPT .* 65536 sectors at LBA 40960'
# One that shows a partition of the GPT is harmless.
entry='\0\0\0\0\203\0\0\0\0\010\0\0\0\300\0\0'
printf "$entry" | dd of=hybrid.img bs=1 seek=462 conv=notrunc status=none
check 'a harmless hybrid' plan_of hybrid.img '.areas[1].type == "ext4"'

# A system that wakes up must find its filesystems as it left them.
cp mbr.img sleeps.img
printf 'S1SUSPEND\0' | put sleeps.img $((90 * mib + 4086))
in_full 'a suspended system' sleeps.img 'partition 2: .* suspended'

# In a file, by its name or by what the fstab says.
truncate -s 256K page
mkswap page > /dev/null 2>&1
printf 'S1SUSPEND\0' | put page 4086
for file in swapfile var/swap; do
	rm -rf sleepy
	mkdir -p sleepy/etc sleepy/var
	echo '/var/swap none swap sw 0 0' > sleepy/etc/fstab
	cp page "sleepy/$file"
	mke2fs -q -F -d sleepy -t ext4 sleepy.img 24M > mke2fs.out 2>&1
	in_full "a file system with $file" sleepy.img \
		"the file /$file .* suspended"
	put sleeps.img $((90 * mib)) < swap1
	put sleeps.img $mib < sleepy.img
	in_full "a disk with $file" sleeps.img \
		"p1: the file /$file .* suspended"
done

# In one half of a mirror, whose superblock comes first.
gzip -dc "$top/tests/images/good-md-1.2.img.gz" > half
put half $(($(od -An -tu8 -j 4224 -N 8 half) * 512)) < page
cp mbr.img sleeps.img
put sleeps.img $((56 * mib)) < half
in_full 'a suspended system in a mirror' sleeps.img \
	'partition 6: .* suspended'

in_full bad-mbr-overlap "$top/tests/images/bad-mbr-overlap.img" overlap
in_full bad-mbr-past-end "$top/tests/images/bad-mbr-past-end.img" end
in_full bad-ebr-cyclic "$top/tests/images/bad-ebr-cyclic.img" cyclic
in_full bad-gpt-both "$top/tests/images/bad-gpt-both.img" checksum
in_full bad-gpt-overlap "$top/tests/images/bad-gpt-overlap.img" overlap

# A disk that is a filesystem, with a partition table in its boot sector.
cp fs1 both.img
entry='\200\0\0\0\203\0\0\0\0\010\0\0\0\120\0\0'
printf "$entry" | dd of=both.img bs=1 seek=446 conv=notrunc status=none
printf '\125\252' | dd of=both.img bs=1 seek=510 conv=notrunc status=none
check 'table and filesystem: sfdisk sees the table' sfdisk -d both.img
in_full 'table and filesystem' both.img 'is ext4 as a whole'

# A disk that once was one, and has a copy of the superblock left.
mke2fs -q -F -t ext4 -b 1024 old 40M > mke2fs.out 2>&1
head -c 40M /dev/zero > once.img
take old 8389632 1024 | put once.img 8389632
printf 'start=1MiB, size=30MiB, type=83\n' | sfdisk -q once.img > sfdisk.out 2>&1
take fs1 0 $((7 * mib)) | put once.img $mib
dd if=fs1 of=once.img bs=1M skip=8 seek=9 conv=notrunc status=none
check 'a superblock of long ago does not matter' plan_of once.img \
	'.areas[1].type == "ext4" and .areas[1].note == null'

# ---- swap and others alone

check 'swap: is copied' $go swap1 out/x.raw
check 'swap: the header only' swap_arrives 0
rm -f out/*
swap wide 8 --pagesize=65536
check 'pages of 64 KiB: is copied' $go wide out/x.raw
check 'pages of 64 KiB: the header' cmp -n 65536 wide out/x.raw
check 'pages of 64 KiB: and no more' lacks out/x.raw
rm -f out/*
for magic in S1SUSPEND S2SUSPEND ULSUSPEND LINHIB0001; do
	cp swap1 asleep
	printf '%s\0\0' "$magic" | head -c 10 |
		dd of=asleep bs=1 seek=4086 conv=notrunc status=none
	check "$magic: is copied" $go asleep out/x.raw
	check "$magic: every byte" cmp asleep out/x.raw
	rm -f out/*
done
truncate -s 12M longer
dd if=swap1 of=longer conv=notrunc status=none
head -c 4M noise | put longer $((8 * mib))
check 'behind a swap space: is copied' $go longer out/x.raw
check 'behind a swap space: all' same_range longer out/x.raw $((8 * mib)) \
	$((4 * mib))
rm -f out/*

head -c 5000001 /dev/urandom > odd.img
check 'unknown, of an odd size: is copied' $go odd.img out/x.raw
check 'unknown: every byte' cmp odd.img out/x.raw
check 'unknown: in qcow2' $go --compress=zlib odd.img out/x.qcow2
check 'unknown: it holds the same' qemu-img compare -q -f raw -F qcow2 \
	odd.img out/x.qcow2
: > empty.img
check 'an empty file' $go empty.img out/empty.raw
check 'is an empty file' [ "$(stat -c %s out/empty.raw)" = 0 ]
rm -f out/*

# ---- block devices, which hold something already

if [ "$(id -u)" = 0 ] && head -c 130M /dev/urandom > under &&
   loop=$(losetup -f --show under 2> /dev/null); then
	trap 'losetup -d "$loop"; cleanup' EXIT
	block="$DISKWRIGHT convert --force -O"
	$go mbr.img out/x.raw > log
	check 'onto a block device, raw' $block raw mbr.img "$loop"
	check 'holds the disk' cmp -n $((112 * mib)) out/x.raw "$loop"
	head -c 130M /dev/urandom > "$loop"
	check 'onto a block device, qcow2' $block qcow2 mbr.img "$loop"
	check 'holds the same' qemu-img compare -q -f raw -F qcow2 out/x.raw \
		"$loop"
	check 'from a block device' $DISKWRIGHT convert --format=qcow2 \
		"$loop" out/again.raw
	check 'comes the same' cmp out/x.raw out/again.raw
	rm -f out/*
	losetup -d "$loop"
	trap cleanup EXIT
else
	skip 'block devices: no loop device can be made here'
fi

# ---- large and sparse: nothing is read that is not there

if truncate -s 16383G large.img 2> /dev/null; then
	printf 'label: gpt\nstart=1MiB, size=30MiB\n,\n' |
		sfdisk -q large.img > sfdisk.out 2>&1
	put large.img $mib < fs1
	check '16 TiB: is copied to qcow2' unprivileged timeout 60 \
		"$DISKWRIGHT" convert large.img out/x.qcow2
	check '16 TiB: the copy is sound' qemu-img check -q out/x.qcow2
	check '16 TiB: the table is the same' sh -c "qemu-img dd -f qcow2 \
		-O raw if=out/x.qcow2 of=front bs=1M count=1 &&
		cmp -n $mib front large.img"
else
	skip '16 TiB: the host has no files of that size'
fi
finish
