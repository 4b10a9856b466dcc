#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# resize: the disk grows in place, what was there stays, the rest is zeros.
set -eu
. "$(dirname "$0")/../lib-formats.sh"
need qemu-img qemu-io jq sfdisk sgdisk mke2fs

# size_is IMAGE SIZE, as qemu-img sees it.
size_is()
{
	[ "$(qemu-img info --output=json "$1" | jq '."virtual-size"')" = "$2" ]
}

# grows IMAGE OPERAND SIZE: to that, with content as before and zeros behind.
grows()
{
	qemu-img convert -O raw "$1" before.raw &&
		"$DISKWRIGHT" resize "$1" "$2" && size_is "$1" "$3" &&
		qemu-img convert -O raw "$1" after.raw &&
		truncate -s "$3" before.raw && cmp before.raw after.raw
}

# Without a whole raw copy: that has 4 GiB here.
grows_qcow2()
{
	cp "$1" before.qcow2 && "$DISKWRIGHT" resize "$1" "+$2" &&
		size_is "$1" "$3" && qemu-img check "$1" &&
		qemu-img compare before.qcow2 "$1"
}

make_raw raw
check 'to a size' grows raw 16M 16777216
check 'by a size' grows raw +64M 83886080
check 'to the size that it has' grows raw 83886080 83886080
check 'nothing is stored for it' test "$(stat -c %b raw)" -lt 20000
size=83886080

# qcow2, of every kind; the tables have to grow with it, and the image has to
# be consistent behind it.
make_raw small
while read -r packed o; do
	# shellcheck disable=SC2086 # none or one option
	qemu-img convert ${packed#plain} -f raw -O qcow2 -o "$o" small i.qcow2
	was=$(qemu-img info --output=json i.qcow2 | jq '."virtual-size"')
	for by in 512 $((1 << 32)); do
		check "$o $packed, by $by" grows_qcow2 i.qcow2 $by \
			$((was += by))
	done
done <<-'EOF'
	plain	compat=0.10
	-c	cluster_size=512
	plain	cluster_size=2M
	plain	extended_l2=on
	-c	extended_l2=on
	plain	refcount_bits=1
	plain	refcount_bits=64
	-c	lazy_refcounts=on
	plain	preallocation=metadata
	-c	compression_type=zstd
EOF
check 'a dry run of qcow2' sh -c "'$DISKWRIGHT' resize -n --json i.qcow2 +1M |
	jq -e '.new_size == .old_size + 1048576'"
check 'it changes nothing' size_is i.qcow2 "$was"
check 'a snapshot keeps its size' sh -c "
	qemu-img snapshot -c one i.qcow2 && '$DISKWRIGHT' resize i.qcow2 +1M &&
	qemu-img check i.qcow2 && qemu-img snapshot -a one i.qcow2 &&
	qemu-img info --output=json i.qcow2 |
		jq -e '.\"virtual-size\" == $was'"
qemu-img create -q -f qcow2 -o cluster_size=512 i.qcow2 1M
check 'to 100 GiB of 512-byte clusters' sh -c "
	'$DISKWRIGHT' resize i.qcow2 100G && qemu-img check i.qcow2 &&
	qemu-io -c 'write -P 3 99G 64k' i.qcow2 && qemu-img check i.qcow2"
qemu-img create -q -f qcow2 i.qcow2 1M
check 'to 16 TiB and back to work' sh -c "
	'$DISKWRIGHT' resize i.qcow2 16T &&
	qemu-io -c 'write -P 3 15T 64k' -c 'read -P 3 15T 64k' i.qcow2 &&
	qemu-img check i.qcow2 && [ \$(stat -c %s i.qcow2) -lt 2000000 ]"

# A dry run opens nothing for writing.
chmod 444 raw
dry_run()
{
	unprivileged "$DISKWRIGHT" resize -n --json raw +512 |
		jq -e ".old_size == $size and .new_size == $size + 512"
}
check 'a dry run' dry_run
not_allowed()
{
	! unprivileged "$DISKWRIGHT" resize raw +512 2> err &&
		grep -qi permission err
}
check 'without the right to write' not_allowed
check 'both change nothing' size_is raw $size
chmod 644 raw

# fails STATUS TEXT ARGUMENT...: one line, and the image is what it was.
fails()
{
	local status=$1 text=$2 rc=0 was

	shift 2
	was=$(stat -c '%s %Y' raw)
	"$DISKWRIGHT" resize "$@" > out.txt 2> err || rc=$?
	cat out.txt err
	[ $rc = "$status" ] && [ "$(wc -l < err)" = 1 ] && [ ! -s out.txt ] &&
		grep -q "$text" err && [ "$(stat -c '%s %Y' raw)" = "$was" ]
}
check 'smaller' fails 3 'smaller' raw 64M
check 'smaller, a dry run' fails 3 'smaller' -n raw 64M
check 'no multiple of a sector' fails 2 'multiple of 512' raw +513
check 'no size' fails 2 'no size' raw 10X
check 'a negative one' fails 2 'no size' raw -- -1M
check 'two signs' fails 2 'no size' raw ++1M
check 'no SIZE' fails 2 'too few' raw
check 'more than a file can have' fails 2 'no size' raw 9999999T
check 'more than that, added' fails 1 'too large\|large' raw +8388607T
check 'a part of a disk' fails 2 'image that counts' \
	"$top/tests/images/good-mbr.img@p1" +1M
check 'a snapshot' fails 2 'image that counts' -n \
	"$top/tests/images/good-snapshot.qcow2@snap:1" +1M
check 'no such file' fails 1 'No such file' none +1M

# Who else uses it is not disturbed.
if command -v qemu-system-x86_64 > /dev/null; then
	timeout 60 qemu-system-x86_64 -accel tcg -S -nodefaults -display none \
		-monitor none -drive "file=raw,format=raw" 2> /dev/null &
	holder=$!
	kept_pids+=("$holder")
	for _ in $(seq 50); do
		grep -q ":$(stat -c %i raw) " /proc/locks && break
		sleep 0.2
	done
	check 'an image in use' fails 1 'running' raw +1M
	kill "$holder"
	wait "$holder" || :
	check 'an image no longer in use' grows raw +1M $((size + 1048576))
fi

# What is left to do.
notes()
{
	"$DISKWRIGHT" resize --json "$1" +1M | jq -r '.notes[]'
}
truncate -s 8M mbr.img gpt.img fs.img
printf 'start=2048, size=2048\nstart=4096, size=8192\n' |
	sfdisk -q mbr.img > log 2>&1
check 'the last partition of an MBR can grow' sh -c "echo '$(notes mbr.img)' |
	grep 'partition 2.* ends at 6291456, with 3145728 bytes'"
check 'the table is still right' sfdisk -V mbr.img
sgdisk -n 1:2048:8191 gpt.img > log 2>&1
check 'the second GPT is at the wrong place' sh -c "echo '$(notes gpt.img)' |
	grep 'sgdisk -e'"
sgdisk -e gpt.img > log 2>&1
check 'what it says mends it' sgdisk -v gpt.img
check 'then a partition can fill it' sh -c \
	"sgdisk -d 1 -N 1 gpt.img && sgdisk -v gpt.img"
mke2fs -q -t ext4 -F fs.img
check 'a filesystem stays' sh -c "echo '$(notes fs.img)' | grep ext4.*stays"
check 'and can grow then' sh -c 'e2fsck -fp fs.img && resize2fs fs.img 9M'
finish
