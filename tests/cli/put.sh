#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# put: files of the host into images, in place, judged by e2fsck and debugfs.
set -eu
. "$(dirname "$0")/../lib.sh"
need mke2fs e2fsck debugfs dumpe2fs sfdisk qemu-img jq

cd "$work"
mkdir -p tree/etc tree/d
echo old > tree/etc/conf
chmod 640 tree/etc/conf
ln -s /etc/conf tree/abs
ln -s ../../../etc/conf tree/d/up
ln -s nowhere tree/d/dangling
ln -s "$work/host" tree/out
mkfifo tree/pipe
mke2fs -q -t ext4 -b 1024 -d tree base.img 24M > mke2fs.out
printf 'ln /etc/conf /etc/hard\nsif /etc/conf links_count 2
	ea_set /etc/conf user.key value\nsif /etc/conf uid 7
	ea_set /d security.selinux label\nsif /d gid 9
	sif /pipe flags 0\n' | debugfs -w -f - base.img > debugfs.out 2>&1
e2fsck -fn base.img > fsck.out 2>&1 || { cat fsck.out; exit 1; }
echo 'new content' > new
head -c 3000000 /dev/urandom > large

fresh()
{
	cp --sparse=always base.img fs.img
}

put()
{
	"$DISKWRIGHT" put "$@" && e2fsck -fn fs.img
}

holds()
{
	"$DISKWRIGHT" cat "$1" | cmp - "$2"
}

stat_of()
{
	debugfs -R "stat $1" fs.img 2> /dev/null
}

# refused STATUS TEXT ARGUMENT...: one line, and not a byte is changed.
refused()
{
	local want=$1 text=$2 got=0 before

	shift 2
	before=$(sha fs.img)
	"$DISKWRIGHT" put "$@" > out 2> err || got=$?
	if [ "$got" = "$want" ] && [ "$(wc -l < err)" = 1 ] &&
	   grep -qF -- "$text" err && [ "$(sha fs.img)" = "$before" ]; then
		ok "$want: put $*"
	else
		bad "$want: put $*: status $got, $(cat err)"
	fi
}

# ---- what stays, what is new ----------------------------------------

stays_itself()
{
	local inode

	fresh
	inode=$(stat_of /etc/conf | grep -o 'Inode: [0-9]*')
	put new fs.img:/etc/conf || return 1
	holds fs.img:/etc/conf new && holds fs.img:/etc/hard new || return 1
	stat_of /etc/conf > stat
	cat stat
	grep "$inode " stat && grep 'Mode:  0640' stat &&
		grep 'User:  *7 ' stat && grep 'Links: 2 ' stat &&
		grep 'user.key (5) = "value"' stat
}

is_new()
{
	fresh
	put new fs.img:/d/made || return 1
	holds fs.img:/d/made new || return 1
	stat_of /d/made > stat
	cat stat
	grep 'Mode:  0644' stat && grep 'Group:  *9 ' stat &&
		grep 'security.selinux (5) = "label"' stat
}

options_hold()
{
	fresh
	put -m 4711 -o 70000:80000 new fs.img:/d/made || return 1
	put --mode=600 --owner=1:2 new fs.img:/etc/conf || return 1
	stat_of /d/made > stat
	grep 'Mode:  04711' stat && grep 'User: 70000   Group: 80000' stat ||
		return 1
	stat_of /etc/conf > stat
	grep 'Mode:  0600' stat && grep 'User:  *1   Group:  *2 ' stat
}

times_are_given()
{
	fresh
	cp fs.img again.img
	SOURCE_DATE_EPOCH=2000000000 put large fs.img:/etc/conf || return 1
	SOURCE_DATE_EPOCH=2000000000 "$DISKWRIGHT" put large \
		again.img:/etc/conf || return 1
	stat_of /etc/conf | grep 'mtime: 0x77359400' && cmp fs.img again.img
}

check 'a file that is there stays itself' stays_itself
check 'a new one takes after its folder' is_new
check '--mode and --owner' options_hold
check 'the same input, the same bytes' times_are_given

# ---- where paths lead ----------------------------------------

links_stay_inside()
{
	fresh
	put new fs.img:/abs && holds fs.img:/etc/conf new || return 1
	put large fs.img:/d/up && holds fs.img:/etc/conf large || return 1
	put new fs.img:/d/dangling && holds fs.img:/d/nowhere new || return 1
	! "$DISKWRIGHT" put new fs.img:/out && [ ! -e host ] || return 1
	! "$DISKWRIGHT" put -p new fs.img:/out/x && [ ! -e host ]
}

makes_folders()
{
	fresh
	put --parents new fs.img:/d/a/b/c/file > out || return 1
	cat out
	grep 'folder /d/a is made' out && grep 'folder /d/a/b/c is made' out &&
		! grep 'folder /d is made' out &&
		holds fs.img:/d/a/b/c/file new &&
		stat_of /d/a/b | grep 'Group:  *9 '
}

check 'links lead nowhere but inside' links_stay_inside
check '--parents' makes_folders
fresh
refused 1 'folder is missing; --parents' new fs.img:/none/file
refused 2 'is a directory' new fs.img:/d
refused 2 'is a directory' new fs.img:/d/
refused 2 'no regular file' new fs.img:/pipe
refused 2 'no path inside' new fs.img
refused 1 'No such file' none fs.img:/x
refused 2 'neither a file' / fs.img:/x
refused 2 'too few' fs.img:/x
refused 2 'no mode' -m 888 new fs.img:/x
refused 2 'no mode' -m 10000 new fs.img:/x
refused 2 'no pair' -o 1 new fs.img:/x
refused 2 'no pair' -o root:root new fs.img:/x

# ---- content ----------------------------------------

streams()
{
	fresh
	put - fs.img:/piped < large && holds fs.img:/piped large || return 1
	# shellcheck disable=SC2002
	cat large | put - fs.img:/piped && holds fs.img:/piped large || return 1
	put - fs.img:/piped < /dev/null && holds fs.img:/piped /dev/null
}

keeps_holes()
{
	fresh
	truncate -s 9M holes
	echo end >> holes
	put --json holes fs.img:/holes > out || return 1
	jq -e '.data == 1024 and .size == 9437188 and .way == "journal"' \
		<(sed '/^}/q' out) || return 1
	holds fs.img:/holes holes || return 1
	put --no-holes holes fs.img:/holes && holds fs.img:/holes holes ||
		return 1
	stat_of /holes | grep "Blockcount: 184[34]"
}

# More than a process may hold of it.
stays_small()
{
	truncate -s 400M many.img
	mke2fs -q -t ext4 -b 4096 many.img
	head -c 160M /dev/urandom > many
	( ulimit -v 150000; "$DISKWRIGHT" put many many.img:/many ) &&
		e2fsck -fn many.img && holds many.img:/many many
	local rc=$?

	rm -f many many.img
	return "$rc"
}

check 'standard input' streams
check 'holes stay holes, but with --no-holes' keeps_holes
check 'a file of 160 MiB in little memory' stays_small
fresh
head -c 25000000 /dev/urandom > huge
refused 1 'are free' huge fs.img:/x
rm huge

# ---- what is not changed ----------------------------------------

dry_run()
{
	local before

	fresh
	chmod 444 fs.img
	before=$(sha fs.img)
	unprivileged "$DISKWRIGHT" put -n new "fs.img:/etc/conf" > out &&
		grep 'would be' out && [ "$(sha fs.img)" = "$before" ]
	local rc=$?

	chmod 644 fs.img
	return "$rc"
}

immutable()
{
	debugfs -w -R 'sif /etc/conf flags 0x80010' fs.img
	"$DISKWRIGHT" put --force new fs.img:/etc/conf &&
		holds fs.img:/etc/conf new && stat_of /etc/conf |
		grep 'Flags: 0x80010'
}

chmod 755 .
check '--dry-run, of an image that cannot be written' dry_run
fresh
debugfs -w -R 'sif /etc/conf flags 0x80010' fs.img 2> /dev/null
refused 3 'immutable' new fs.img:/etc/conf
check 'immutable, with --force' immutable
fresh
debugfs -w -R 'ssv state 3' fs.img 2> /dev/null
refused 4 'having errors' new fs.img:/x
fresh
debugfs -w -R 'ssv state 0' fs.img 2> /dev/null
refused 4 'not unmounted' new fs.img:/x
# An error that a kernel left in a journal, empty or not.
fresh
at=$(debugfs -R 'bmap <8> 0' fs.img 2> /dev/null)
printf '\0\0\0\5' | dd of=fs.img bs=1 seek=$((at * 1024 + 32)) conv=notrunc \
	status=none
refused 4 'error 5' new fs.img:/x
debugfs -w -R 'feature needs_recovery' fs.img > debugfs.out 2>&1
refused 4 'having errors' new fs.img:/x
mke2fs -q -F -t ext4 -b 4096 -O mmp fs.img 24M
mmp=$(dumpe2fs -h fs.img 2> /dev/null | sed -n 's/^MMP block number: *//p')
printf '\001' | dd of=fs.img bs=1 seek=$((mmp * 4096 + 4)) conv=notrunc \
	status=none
refused 1 'in use' new fs.img:/x
gzip -dc "$top/tests/images/unsupported-fast-commit.img.gz" > fs.img
refused 3 'fast commits' new fs.img:/x
gzip -dc "$top/tests/images/bad-journal-block.img.gz" > fs.img
refused 4 'wrong checksum' new fs.img:/x
fresh
if command -v qemu-system-x86_64 > /dev/null; then
	timeout 60 qemu-system-x86_64 -accel tcg -S -nodefaults -display none \
		-monitor none -drive "file=fs.img,format=raw" 2> /dev/null &
	holder=$!
	kept_pids+=("$holder")
	for _ in $(seq 50); do
		grep -q ":$(stat -c %i fs.img) " /proc/locks && break
		sleep 0.2
	done
	refused 1 'running' new fs.img:/x
	kill "$holder"
	wait "$holder" || :
fi

# ---- layers ----------------------------------------

truncate -s 26M disk.img
echo '2048,,83' | sfdisk -q disk.img
dd if=base.img of=disk.img bs=1M seek=1 conv=notrunc status=none
qemu-img convert -c -O qcow2 disk.img disk.qcow2
qemu-img create -q -f qcow2 -b disk.qcow2 -F qcow2 top.qcow2
qemu-img convert -O vpc disk.img disk.vhd

in_partition()
{
	"$DISKWRIGHT" put large disk.img@p1:/etc/conf &&
		holds disk.img@p1:/etc/conf large &&
		sfdisk -V disk.img && dd if=disk.img of=part.img bs=1M skip=1 \
			status=none && e2fsck -fn part.img
}

in_qcow2()
{
	"$DISKWRIGHT" put large disk.qcow2@p1:/etc/conf &&
		qemu-img check disk.qcow2 &&
		qemu-img convert -O raw disk.qcow2 raw.img &&
		dd if=raw.img of=part.img bs=1M skip=1 status=none &&
		e2fsck -fn part.img && holds raw.img@p1:/etc/conf large
}

over_backing()
{
	local before

	before=$(sha disk.qcow2)
	"$DISKWRIGHT" put --allow-backing=. new top.qcow2@p1:/d/x &&
		"$DISKWRIGHT" cat --allow-backing=. top.qcow2@p1:/d/x |
			cmp - new && [ "$(sha disk.qcow2)" = "$before" ] &&
		qemu-img check top.qcow2
}

check 'in a partition' in_partition
check 'in a compressed qcow2' in_qcow2
check 'over a backing file, which stays' over_backing
fresh
refused 3 'cannot be changed in place' new disk.vhd@p1:/x
refused 2 'disk.img@p1' new disk.img:/x
for metadata in 0.90 1.0 1.2; do
	gzip -dc "$top/tests/images/good-md-$metadata.img.gz" > fs.img
	refused 3 'RAID' new fs.img:/x
	refused 3 'not changed alone' new fs.img@md:/x
done

# ---- recovery comes first ----------------------------------------

recovers()
{
	gzip -dc "$top/tests/images/$1.img.gz" > fs.img
	cp fs.img theirs.img
	e2fsck -fy theirs.img > fsck.out 2>&1
	put new fs.img:/put && holds fs.img:/put new || return 1
	names_in theirs.img / | sort > want
	echo put >> want
	names_in fs.img / | sort | diff - <(sort want)
}

for name in good-cut-ext3 good-cut-ext4 good-cut-orphan-file; do
	check "$name: recovered, then changed" recovers $name
done

# ---- without a journal ----------------------------------------

without_journal()
{
	mke2fs -q -F -t ext2 -d tree fs.img 16M
	put large fs.img:/etc/conf > out && grep 'undo record' out &&
		holds fs.img:/etc/conf large && [ ! -e fs.img.diskwright-undo ]
}

bare()
{
	"$DISKWRIGHT" put --force new e2.qcow2:/etc/conf > out &&
		grep 'without a journal or an undo' out &&
		holds e2.qcow2:/etc/conf new &&
		qemu-img convert -O raw e2.qcow2 fs.img && e2fsck -fn fs.img
}

# An earlier change that did not end, of the same image by another name.
by_a_link()
{
	mkdir -p far
	ln -sf ../fs.img far/link.img
	: > fs.img.diskwright-undo
	! "$DISKWRIGHT" put new far/link.img:/x 2> err && cat err &&
		grep 'fs.img.diskwright-undo: an earlier change' err &&
		! "$DISKWRIGHT" undo far/link.img 2> err && cat err &&
		grep 'fs.img.diskwright-undo: undo record' err
	local rc=$?

	rm fs.img.diskwright-undo
	return "$rc"
}

check 'ext2 in a raw file' without_journal
check 'a record is found by a link, too' by_a_link
qemu-img convert -O qcow2 fs.img e2.qcow2
refused 3 'no journal' new e2.qcow2:/etc/conf
check 'ext2 in qcow2, with --force' bare
debugfs -w -R 'ssv state 0' fs.img 2> /dev/null
refused 4 'not unmounted' new fs.img:/x
finish
