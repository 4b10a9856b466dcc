#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# map: the runs that qemu-img map shows, on images written at random.
set -eu
. "$(dirname "$0")/../lib-formats.sh"
need qemu-img qemu-io jq

# Present, and what is zero: the same words as qemu-img's.
same_words()
{
	jq -c 'map([.zero, .data]) | unique' theirs.json > theirs
	jq -c '.runs | map([.zero, .data]) | unique' ours.json > ours
	diff theirs ours
}

# The whole disk, without gaps.
covers()
{
	jq -e '. as $all | [.runs[] | .length] | add == $all.size' ours.json &&
		jq -e '.runs as $r | all(range(1; $r | length);
			$r[. - 1].start + $r[. - 1].length == $r[.].start)' \
			ours.json
}

RANDOM=20
# scribble FORMAT IMAGE LENGTH COUNT [COMMAND...]: writes of any kind there.
scribble()
{
	local format=$1 image=$2 len=$3 n=$4 args=() off size

	shift 4
	for ((; n; n--)); do
		off=$(((RANDOM * 32768 + RANDOM) % (len / 512) * 512))
		size=$((RANDOM % 300 * 512 + 512))
		[ $((off + size)) -le "$len" ] || size=$((len - off))
		args+=(-c "${@: RANDOM % $# + 1:1} $off $size")
	done
	qemu-io -f "$format" "${args[@]}" "$image" > /dev/null
}

size=33554432
for o in cluster_size=512 cluster_size=4096 cluster_size=65536 \
	 cluster_size=2M compat=0.10 extended_l2=on refcount_bits=1 \
	 extended_l2=on,cluster_size=16k; do
	qemu-img create -q -f qcow2 -o $o r.qcow2 $size
	scribble qcow2 r.qcow2 $size 60 'write -P 7' 'write -z' 'write -zu' \
		discard 'write -P 9'
	runs_min=10 check "$o" maps_as_qemu qcow2 r.qcow2
	check "$o, words" same_words
	check "$o, without gaps" covers
done

for o in compression_type=zlib compression_type=zstd \
	 extended_l2=on,cluster_size=128k; do
	make_raw raw
	qemu-img convert -c -O qcow2 -o $o raw c.qcow2
	scribble qcow2 c.qcow2 6000128 4 'write -P 7' 'write -zu'
	runs_min=10 check "compressed, $o" maps_as_qemu qcow2 c.qcow2
done
check 'compressed runs are called so, and have no place' jq -e '
	[.runs[] | select(.compressed)] | length > 0 and
	all(.[]; .data and (has("offset") | not))' ours.json

qemu-img create -q -f qcow2 -o preallocation=metadata holes.qcow2 4M
"$DISKWRIGHT" map --json holes.qcow2 > ours.json
check 'a hole below an allocated cluster is zeros that have a place' jq -e '
	.runs | length == 1 and .[0].zero and .[0].present and
	(.[0].data | not) and .[0].offset > 0' ours.json

for format in vpc vmdk; do
	qemu-img create -q -f $format r.$format $size
	scribble $format r.$format $size 30 'write -P 7' 'write -z'
	runs_min=4 check "$format" maps_as_qemu $format r.$format
done
qemu-img convert -f raw -O vmdk -o subformat=streamOptimized raw c.vmdk
runs_min=4 check 'streamOptimized' maps_as_qemu vmdk c.vmdk

# A chain of three, of different lengths; what nobody stores has no depth here.
qemu-img create -q -f raw base.raw 8M
scribble raw base.raw 8388608 20 'write -P 3'
qemu-img create -q -f qcow2 -b base.raw -F raw mid.qcow2 16M
scribble qcow2 mid.qcow2 16777216 20 'write -P 4' 'write -z'
qemu-img create -q -f qcow2 -o extended_l2=on -b mid.qcow2 -F qcow2 top.qcow2 \
	32M
scribble qcow2 top.qcow2 $size 20 'write -P 5' 'write -zu'
for image in base.raw mid.qcow2 top.qcow2; do
	cp --sparse=never $image stored && mv stored $image
done
depths='map(select(.data) | [.start, .length, .depth, .offset])'
check 'a chain of backing files' sh -c "
	qemu-img map --output=json top.qcow2 | jq '$depths' > theirs
	'$DISKWRIGHT' map --json --allow-backing=. top.qcow2 |
		jq '.runs | $depths' > ours
	grep -q '  2,' ours && diff -u theirs ours"
check 'its text names the backing file' sh -c "
	'$DISKWRIGHT' map --allow-backing=. top.qcow2 | grep 'backing file 2\$'"

truncate -s $size sparse.img
scribble raw sparse.img $size 30 'write -P 7'
runs_min=10 check 'a sparse raw image' maps_as_qemu raw sparse.img
truncate -s 0 empty.img
"$DISKWRIGHT" map --json empty.img > ours.json
check 'an empty image' jq -e '.runs == [] and .size == 0 and .status == 0' \
	ours.json
qemu-img create -q -f qcow2 big.qcow2 16T
check '16 TiB of nothing' sh -c \
	"timeout 20 '$DISKWRIGHT' map big.qcow2 | wc -l | grep -x 2"

# A layer of an image: offsets stay those of the image file.
"$DISKWRIGHT" map "$top/tests/images/good-mbr.img" > whole.txt
check 'a partition' sh -c "'$DISKWRIGHT' map --json \
	'$top/tests/images/good-mbr.img@p1' | jq -e '
		all(.runs[] | select(.data); .offset >= .start + 512)'"
check 'text has a line for each run' test "$(wc -l < whole.txt)" = \
	$(($("$DISKWRIGHT" map --json "$top/tests/images/good-mbr.img" |
		jq '.runs | length') + 1))

# What happens in the middle of the list.
check 'damage is an error, and the JSON stays whole' sh -c "
	'$DISKWRIGHT' map --json '$top/tests/images/bad-l2-past-end.qcow2' \
		> bad.json 2> log
	[ \$? = 4 ] && jq -e '.status == 4 and .error.code == \"corrupt\" and
		(.runs | type == \"array\")' bad.json"
if [ -w /dev/full ]; then
	check 'standard output is full' sh -c "
		'$DISKWRIGHT' map --json r.qcow2 > /dev/full 2> log
		[ \$? = 1 ] && [ \$(wc -l < log) = 1 ]"
fi
check 'a reader that stops' sh -c "
	'$DISKWRIGHT' map r.qcow2 2> log | head -n 1 > /dev/null; [ ! -s log ]"
finish
