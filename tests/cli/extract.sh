#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# extract: volumes and partitions as files, all of them or none.
set -eu
. "$(dirname "$0")/../lib-recover.sh"
need mke2fs e2fsck debugfs sfdisk mkswap qemu-img jq python3 tar xz

cd "$work"
mkpv=$top/tests/helpers/mkpv.py
user_dir out
deleted='deleted-means-deleted'

go()
{
	unprivileged "$DISKWRIGHT" extract "$@"
}

fill()		# FILE KIB WORD
{
	yes "$3 $RANDOM-$1" 2> /dev/null | head -c "$2K" > "$1" || :
}

# put FILE TARGET MIB: what a run of extents of 1 MiB holds.
put()
{
	dd if="$1" of="$2" bs=1M seek="$3" conv=notrunc,sparse status=none
}

# status WANTED COMMAND...: and one line of error, unless it is 0.
status()
{
	local want=$1 got=0

	shift
	"$@" > out.text 2> err.text || got=$?
	cat out.text err.text
	[ "$got" = "$want" ] && { [ "$want" = 0 ] ||
		grep -q '^diskwright: ' err.text || [ ! -s err.text ]; }
}

# nothing_in DIR: nor a folder that was made for nothing.
nothing_in()
{
	[ ! -e "$1" ] || { [ -d "$1" ] && [ -z "$(ls -A "$1")" ]; }
}

# files_are DIR NAME...: these and no others.
files_are()
{
	local dir=$1

	shift
	find "$dir" -mindepth 1 -printf '%P\n' | sort > names
	cat names
	[ "$(tr '\n' ' ' < names)" = "$* " ]
}

holds_no()	# TEXT FILE...
{
	! grep -qaF -- "$@"
}

# ---- what the images hold ---------------------------------------------------

mkdir tree
fill tree/kept 300 kept
fill tree/gone 2000 "$deleted"
mke2fs -q -t ext4 -d tree fs.img 12M > mke2fs.out 2>&1
debugfs -w -R 'rm gone' fs.img > debugfs.out 2>&1
truncate -s 2M swap.img
mkswap swap.img > mkswap.out 2>&1
head -c 3M /dev/urandom > bytes.img
truncate -s 16M disk.img
echo '2048,24576,83,*' | sfdisk -q --no-reread disk.img
put fs.img disk.img 1

# One PV; root is in two pieces, its second before the first.
make_container()
{
	python3 "$mkpv" vg0 pv0=container:64 root=linear:pv0+6*8,pv0+1*4 \
		swap=linear:pv0+15*2 raw-data=linear:pv0+18*3 \
		vm=linear:pv0+24*16 kept_back=hidden:pv0+50*4 "$@"
	dd if=fs.img of=container bs=1M count=8 seek=7 conv=notrunc status=none
	dd if=fs.img of=container bs=1M skip=8 seek=2 conv=notrunc status=none
	put swap.img container 16
	put bytes.img container 19
	put disk.img container 25
	put bytes.img container 51
}
make_container
cp container pristine
chmod 444 container

# ---- volumes ----------------------------------------------------------------

check 'all volumes' status 0 go --all container -o out/all
check 'each that is visible, named after it' \
	files_are out/all raw-data.raw root.raw swap.raw vm.raw
check 'as long as the volumes' [ "$(stat -c %s out/all/* | tr '\n' ' ')" = \
	"$((3 << 20)) $((12 << 20)) $((2 << 20)) $((16 << 20)) " ]
check 'a filesystem is clean' clean out/all/root.raw
tree fs.img > want.tree
tree out/all/root.raw > have.tree
check 'with all files' diff want.tree have.tree
check 'what was deleted is in the container' \
	grep -qaF "$deleted" container
check 'and stays behind' holds_no "$deleted" out/all/*
check 'unknown bytes are all there' cmp bytes.img out/all/raw-data.raw
check 'swap keeps its header' cmp -n 4096 swap.img out/all/swap.raw
same_tables()
{
	sfdisk -d "$1" | sed "s,$1,x,g" > a
	sfdisk -d "$2" | sed "s,$2,x,g" | diff a -
}
check 'a disk keeps its table' same_tables disk.img out/all/vm.raw
for lv in root vm; do
	unprivileged "$DISKWRIGHT" convert "container@vg0/$lv" "out/$lv.raw" \
		> /dev/null
	check "$lv: what convert makes" cmp "out/$lv.raw" "out/all/$lv.raw"
done
go --all container -o out/plan -n --json > plan.json
check 'the plan adds up' jq -e '.report == null and
	.plan.copy == ([.plan.items[].copy] | add) and
	(.plan.items | map(.layer) | index("vg0/vm"))' plan.json
check 'a dry run makes no folder' nothing_in out/plan

check 'one of them' status 0 go container vg0/root -o out/one
check 'only that' files_are out/one root.raw
check 'again, by one thread' status 0 \
	go -j1 --force container vg0/root -o out/one
check 'the same bytes' cmp out/one/root.raw out/all/root.raw
check 'a partition in a volume' status 0 go container vg0/vm@p1 -o out/deep
check 'has its name' files_are out/deep p1.raw
check 'and is clean' clean out/deep/p1.raw
check 'all blocks' status 0 go --all-blocks container vg0/root -o out/full
check 'are all' cmp fs.img out/full/root.raw
rm -rf out/*

check 'qcow2, compressed' status 0 \
	go --all container -o out/q -O qcow2 --compress=zstd
check 'by its suffix' files_are out/q raw-data.qcow2 root.qcow2 swap.qcow2 \
	vm.qcow2
for f in out/q/*; do
	check "qemu-img check $f" qemu-img check -q "$f"
done
check 'the container is what it was' cmp container pristine
rm -rf out/*

# ---- a suspended system -----------------------------------------------------

# It must find all as it was, whichever of it is taken.
cp pristine asleep
printf S1SUSPEND | dd of=asleep bs=1 seek=$(((16 << 20) + 4086)) \
	conv=notrunc status=none
check 'a system sleeps' status 0 go --all asleep -o out/sleep
check 'another volume is as it was' cmp fs.img out/sleep/root.raw
check 'a disk, too' cmp disk.img out/sleep/vm.raw
check 'one volume' status 0 go asleep vg0/root -o out/sleep1 --json
check 'is as it was' cmp fs.img out/sleep1/root.raw
check 'the plan says why' jq -e '.plan.items[0].areas[0].note |
	test("vg0/swap .* suspended")' out.text
rm -rf out/*

truncate -s 30M sleepy
printf '2048,24576,83\n28672,16384,83\n' | sfdisk -q --no-reread sleepy
mkdir sleeper
truncate -s 1M sleeper/swapfile
mkswap sleeper/swapfile > mkswap.out 2>&1
printf S1SUSPEND | dd of=sleeper/swapfile bs=1 seek=4086 conv=notrunc \
	status=none
mke2fs -q -t ext4 -d sleeper sleeper.img 8M > mke2fs.out 2>&1
put fs.img sleepy 1
put sleeper.img sleepy 14
check 'a system sleeps in a file' status 0 go --all sleepy -o out/sleep --json
check 'another partition is as it was' cmp fs.img out/sleep/p1.raw
check 'as the plan says' jq -e '.plan.items[0].areas[0].note |
	test("p2, .* /swapfile .* suspended")' out.text
rm -rf out/*

# ---- partitions, and both ---------------------------------------------------

truncate -s 110M parts
sfdisk -q --no-reread parts <<- EOF
	start=2048, size=24576, type=83
	start=40960, size=135168, type=8e
EOF
put fs.img parts 1
check 'all partitions, without a group' status 0 go --all disk.img -o out/p
check 'each by its number' files_are out/p p1.raw
put container parts 20
check 'with a group, its volumes' status 0 go --all parts -o out/v
check 'and no partition' files_are out/v raw-data.raw root.raw swap.raw vm.raw
check 'by name, either' status 0 go parts p1 vg0/root p2@vg0/swap -o out/b
check 'each by its own' files_are out/b p1.raw root.raw swap.raw
check 'through the partition it is the same' \
	cmp out/b/swap.raw out/v/swap.raw
rm -rf out/*

# ---- names ------------------------------------------------------------------

truncate -s 60M two
sfdisk -q --no-reread two <<- EOF
	start=2048, size=20480, type=8e
	start=30720, size=20480, type=8e
EOF
for i in 1 2; do
	[ $i = 1 ] && group=a-b || group=a
	python3 "$mkpv" "$group" pv0=pv$i:8 root=linear:pv0+0*2 \
		b-root=linear:pv0+3*2
	printf %s "$group" | dd of=pv$i bs=1M seek=1 conv=notrunc status=none
	put pv$i two $((i == 1 ? 1 : 15))
done
check 'two groups' status 0 go --all two -o out/two
check 'in names that no two share' files_are out/two a--b-b--root.raw \
	a--b-root.raw a-b--root.raw a-root.raw
check 'each its own' [ "$(head -qc 3 out/two/*-root.raw | tr -d '\0')" = \
	a-ba ]
check 'two layers of one name' status 0 go two a/root a-b/root -o out/long
check 'get long ones' files_are out/long a--b-root.raw a-root.raw
check 'one twice is a mistake' status 2 go two a/root a/root -o out/twice
check 'and makes nothing' nothing_in out/twice

# hostile NAME: nothing of that name, nor outside of the folder.
hostile()
{
	rm -f hostile.img
	python3 "$mkpv" vg0 pv0=hostile.img:8 good=linear:pv0+0*1 \
		"$1=linear:pv0+2*1"
	status 1 go --partial --all hostile.img -o out/h ||
		status 4 go --all hostile.img -o out/h || return 1
	find out -type f | sort | tee found
	grep -vx out/h/good.raw found && return 1
	rm -rf out/h
}
rm -rf out/*
for name in .hidden ../up -dash a/b ..; do
	check "hostile name $name" hostile "$name"
done

# ---- what cannot be read ----------------------------------------------------

rm -f container
make_container bad=odd-type:2 lost=linear:pv0+58*2
chmod 444 container
check 'one of an unknown kind: nothing is extracted' \
	status 3 go --all container -o out/bad
check 'it is named' grep -F 'vg0/bad' err.text
check 'and the way out' grep -F -- '--partial' err.text
check 'no folder is left' nothing_in out/bad
check 'without it, the rest' status 1 \
	go --all --partial container -o out/some
check 'all of it' files_are out/some lost.raw raw-data.raw root.raw swap.raw \
	vm.raw
check 'as JSON' status 1 go --all --partial container -o out/json --json
check 'is no error' jq -e '.status == 1 and .error == null and
	([.report.items[] | select(.problem)] | length == 1)' out.text
check 'a layer that is not there' status 1 go container vg0/none p3 -o out/n
check 'leaves nothing' nothing_in out/n
check 'neither does one in two' status 1 go container vg0/root p3 -o out/n
check 'nor does it' nothing_in out/n
check 'nothing but problems is no part' \
	status 1 go --partial container vg0/none -o out/n
check 'leaves nothing at all' nothing_in out/n
check 'nothing to extract' status 1 go --all bytes.img -o out/n
rm -rf out/*

# ---- all or none ------------------------------------------------------------

mkdir out/there
echo mine > out/there/swap.raw
chmod -R a+rwX out/there
check 'a file is in the way' status 1 go container vg0/root vg0/swap -o out/there
check 'and stays as it is' grep -qx mine out/there/swap.raw
check 'alone' files_are out/there swap.raw
check 'unless it may go' status 0 \
	go --force container vg0/root vg0/swap -o out/there
check 'then both are there' files_are out/there root.raw swap.raw
mkdir out/self
cp pristine out/self/root.raw
chmod -R a+rwX out/self
check 'the image itself is no target' status 2 \
	go --force out/self/root.raw vg0/root -o out/self
check 'and is what it was' cmp pristine out/self/root.raw
rm -rf out/*

# The small volumes come first and are complete when the large one is not.
full()
{
	(ulimit -f 4096; status 1 go container vg0/swap vg0/raw-data vg0/vm \
		-o out/full) && grep -F 'File too large' err.text
}
check 'the host is full' full
check 'nothing is left of any' nothing_in out/full

# ---- volumes of every kind, as lvm and the kernel made them -----------------

# kinds SET: each volume that is seen, none else, to the kernel's checksum.
kinds()
{
	local lv size sum rc=0

	mkdir "$1"
	tar -xf "$top/tests/images/lvm/$1.tar.xz" -C "$1"
	go "$1/pv0.img" --pv-dir "$1" --all --partial -o "out/$1" --json \
		> "$1.json" || [ $? = 1 ] || return 1
	while read -r lv size sum; do
		[ "$sum" != - ] || continue
		[ "$(sha "out/$1/${lv#*/}.raw")" = "$sum" ] || {
			echo "$lv: other bytes, $size wanted"
			rc=1
		}
	done < "$top/tests/images/lvm/$1.sums"
	cut -d ' ' -f 1 "$top/tests/images/lvm/$1.sums" | sort > want
	jq -r '.report.items[].layer' "$1.json" | sort | diff want - || rc=1
	return "$rc"
}
for set in raid snap thin cache; do
	check "$set: all that is seen, as the kernel reads it" kinds $set
done
check 'a lost snapshot is left out, and told of' jq -e '.status == 1 and
	([.report.items[] | select(.problem)] | length == 1 and
	(.[0].layer == "snaps/full") and (.[0].problem | test("invalid")))' \
	snap.json

# reads_less LV MIB: of a thin volume what is not mapped is never read.
reads_less()
{
	# A leak checker cannot work where strace does.
	unprivileged env ASAN_OPTIONS=detect_leaks=0 strace -f -qq \
		-o out/trace -e trace=pread64 "$DISKWRIGHT" extract \
		thin/pv0.img --pv-dir thin "$1" -o out/less \
		> log 2>&1 || { cat log; return 1; }
	awk -F ' = ' -v mib="$2" '{ sum += $NF } END { print sum
		exit sum < 1 || sum > mib * 2 ^ 20 }' out/trace
}
if command -v strace > /dev/null; then
	check 'of 64 MiB that are mostly not mapped' reads_less thins/first 8
	check 'of a volume that nobody wrote' reads_less thins/unused 2
else
	skip 'what is read of a thin volume: strace is missing'
fi
rm -rf out/*

usage()		# TEXT ARGUMENT...
{
	local text=$1

	shift
	check "usage: $*" status 2 go "$@"
	check "tells: $text" grep -F -- "$text" err.text
}
usage '-o names no folder' container --all
usage '--all goes without' container --all p1 -o out/u
usage 'neither --all' container -o out/u
usage 'names no layer' container p0 -o out/u
usage 'has no compression' container vg0/root --compress=zlib -o out/u
usage 'makes no sense here' container:/etc --all -o out/u
check 'nothing was made' nothing_in out
finish
