#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Backing files and external data files: chains read as qemu-img reads them,
# and no name in an image leads out of the folder that is allowed.
set -eu
. "$(dirname "$0")/../lib-formats.sh"
need qemu-img qemu-io jq

tool=$BUILD/tests/unit/qcow2tool
[ -x "$tool" ] || make -s -C "$top" BUILD="$BUILD" "$tool"
images=$top/tests/images

reads_as_qemu()	# IMAGE
{
	qemu-img convert -f qcow2 -O raw "$1" want &&
		BACKING=$work "$tool" read "$1" out && cmp want out
}

# What is told to be zeros is; and qemu-img map tells it of the same bytes.
zeros_as_qemu()	# IMAGE
{
	BACKING=$work "$tool" extents "$1" | awk '
		{ zero = $1 == "zero" || $1 == "unmapped" }
		zero != was || NR == 1 { if (NR > 1) print was, from; from = $2 }
		{ was = zero }
		END { print was, from }' > ours
	qemu-img map --output=json -f qcow2 "$1" | jq -r '.[] |
		"\(if .zero then 1 else 0 end) \(.start)"' | awk '
		$1 != was || NR == 1 { print }
		{ was = $1 }' > theirs
	diff -u theirs ours
}

# ---- chains

# Four disks of different sizes on each other, in three formats.
make_raw base.raw
qemu-img create -q -f qcow2 -b base.raw -F raw \
	-o cluster_size=16384,extended_l2=on low.qcow2 9M
qemu-io -c 'write -P 1 100000 3000' -c 'write -z 2M 5000' \
	-c 'write -P 2 5990k 100k' -c 'discard 64k 64k' low.qcow2 > log
mkdir sub
qemu-img create -q -f qcow2 -b ../low.qcow2 -F qcow2 -o cluster_size=512 \
	sub/mid.qcow2 5000192
qemu-io -c 'write -P 3 1M 70000' -c 'write -c -P 4 3M 64k' \
	-c 'write -z 1100k 9k' sub/mid.qcow2 > log
qemu-img create -q -f qcow2 -b sub/mid.qcow2 -F qcow2 -o compat=0.10 \
	top.qcow2 8M
qemu-io -c 'write -P 5 1050k 9k' -c 'write -c -P 6 6M 128k' top.qcow2 > log
for i in low.qcow2 sub/mid.qcow2 top.qcow2; do
	check "chain: $i" reads_as_qemu $i
	check "chain: $i tells zeros as qemu-img does" zeros_as_qemu $i
done

qemu-img snapshot -c one low.qcow2
qemu-io -c 'write -P 7 0 6M' low.qcow2 > log
qemu-img convert -f qcow2 -O raw -l snapshot.name=one low.qcow2 want
check 'a snapshot has the same backing file' eval 'BACKING=$work \
	"$tool" read low.qcow2@snap:one out && cmp want out'
check 'the command reads a chain' eval '"$DISKWRIGHT" convert --all-blocks \
	--allow-backing=. top.qcow2 out.img > log 2>&1 &&
	qemu-img compare -f raw -F qcow2 out.img top.qcow2'

# A raw disk is not looked at for a format, whatever a guest wrote to it.
cp "$images/unsupported-backing.qcow2" guest.raw
qemu-img create -q -f qcow2 -b guest.raw -F raw raw.qcow2 64k
check 'a raw backing file stays raw' eval 'BACKING=$work \
	"$tool" read raw.qcow2 out && cmp -n 1552 guest.raw out'

# ---- external data files

for o in data_file_raw=off data_file_raw=on cluster_size=512 extended_l2=on; do
	rm -f data
	qemu-img create -q -f qcow2 -o data_file=data,$o data.qcow2 3M
	qemu-io -c 'write -P 1 0 64k' -c 'write -P 2 1M 300000' \
		-c 'write -z 1100k 9k' -c 'discard 1200k 64k' data.qcow2 > log
	check "data file, $o" reads_as_qemu data.qcow2
done

# ---- what is refused

allowed=$work/allowed
mkdir allowed allowed/sub outside
truncate -s 64k allowed/base.raw allowed/sub/base.raw outside/base.raw
ln -s ../../outside/base.raw allowed/sub/escape
ln -s ../outside allowed/folder
ln -s sub/base.raw allowed/link
ln -s /proc/self/fd/0 allowed/magic
mkfifo allowed/fifo

# top NAME [FORMAT]: an image that says so of its backing file.
top()
{
	rm -f allowed/top.qcow2
	qemu-img create -q -f qcow2 -u -b "$1" -F "${2:-raw}" \
		allowed/top.qcow2 64k
}

# opens STATUS TEXT [ARGUMENT...]: in bounded time, with one line of error.
opens()
{
	local status=$1 text=$2 rc=0

	shift 2
	timeout 20 "$DISKWRIGHT" map "$@" > log 2>&1 < /dev/null || rc=$?
	cat log
	[ $rc = "$status" ] || return 1
	[ $rc = 0 ] || { [ "$(wc -l < log)" = 1 ] && grep -q "$text" log; }
}

allow=--allow-backing=allowed
while read -r status name text; do
	top "$name"
	check "$name: status $status" opens $status "$text" $allow \
		allowed/top.qcow2
done <<-END
	0 base.raw
	0 sub/base.raw
	0 link
	0 ./sub/../base.raw
	0 ../allowed/base.raw
	0 $allowed/base.raw
	3 ../outside/base.raw does not lie below
	3 sub/../../outside/base.raw leads out of
	3 $work/outside/base.raw does not lie below
	3 $allowed/../outside/base.raw leads out of
	3 /etc/passwd does not lie below
	3 sub/escape leads out of
	3 folder/base.raw leads out of
	3 magic leads out of
	3 nbd://localhost/disk protocol "nbd"
	3 json:{"driver":"file"} protocol "json"
	3 file:base.raw protocol "file"
	3 fifo neither a file nor
	3 sub neither a file nor
	1 none.raw No such file
	END
top base.raw
check 'without leave' opens 3 'allow-backing' allowed/top.qcow2
check 'leave for another folder' opens 3 'does not lie below' \
	--allow-backing=outside allowed/top.qcow2
check 'a folder that is not there' opens 1 'No such file' \
	--allow-backing=none allowed/top.qcow2
mv allowed/top.qcow2 outside/top.qcow2
check 'a name counts from the image' opens 3 'does not lie below' $allow \
	outside/top.qcow2
top ../allowed/base.raw
mv allowed/top.qcow2 outside/top.qcow2
check 'it may lead from elsewhere into the folder' opens 0 - $allow \
	outside/top.qcow2
top base.raw vdi
check 'a format that we do not have' opens 3 '"vdi"' $allow allowed/top.qcow2
check 'a format that is not named' opens 3 'not named in the image' \
	--allow-backing="$images" "$images/unsupported-backing-format.qcow2"
check 'a data file by protocol' opens 3 'protocol "json"' \
	--allow-backing="$images" "$images/unsupported-data-json.qcow2"

# A circle of two, and the image itself.
top other.qcow2 qcow2
cp allowed/top.qcow2 keep
top top.qcow2 qcow2
mv allowed/top.qcow2 allowed/other.qcow2
mv keep allowed/top.qcow2
check 'a circle' opens 4 'part of the chain' $allow allowed/top.qcow2
top top.qcow2 qcow2
check 'an image below itself' opens 4 'part of the chain' $allow \
	allowed/top.qcow2

# 16 backing files are a chain, 17 are too many.
below=base.raw format=raw
for ((i = 1; i <= 17; i++)); do
	qemu-img create -q -f qcow2 -u -b "$below" -F $format \
		allowed/$i.qcow2 64k
	below=$i.qcow2 format=qcow2
done
check '16 backing files' opens 0 - $allow allowed/16.qcow2
check '17 backing files' opens 1 'longer than 16' $allow allowed/17.qcow2

# A backing file that a running guest writes to is left alone.
top base.raw
mkfifo hold
qemu-io -f raw allowed/base.raw < hold > log 2>&1 &
kept_pids+=($!)
exec 7> hold
for ((i = 0; i < 100; i++)); do
	qemu-io -f raw -c 'write 0 512' allowed/base.raw > log 2>&1 || break
	sleep 0.1
done
check 'a backing file in use' opens 1 'running virtual machine' $allow \
	allowed/top.qcow2
check 'used all the same with --force' opens 0 - --force $allow \
	allowed/top.qcow2
exec 7>&-

finish
