# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What the shell tests of image formats and partition tables share, on top of
# lib.sh; they start in an empty folder.  imgtool is tests/unit/imgtool.c.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

imgtool=$BUILD/tests/unit/imgtool
[ -x "$imgtool" ] || make -s -C "$top" BUILD="$BUILD" "$imgtool"
cd "$work"

# A disk with text, letters, noise and holes, its size no multiple of 64 KiB;
# the noise is the same every time.
make_raw()	# FILE
{
	rm -f "$1"
	truncate -s 6000128 "$1"
	seq 1 200000 | dd of="$1" bs=64k conv=notrunc status=none
	seq 1 300000 | gzip -n -9 | dd of="$1" bs=1k seek=2000 conv=notrunc \
		status=none
	yes abcdefg | head -c 600000 | dd of="$1" bs=1k seek=3333 conv=notrunc \
		status=none
	seq 7 7777 | head -c 512 | dd of="$1" bs=512 seek=11718 conv=notrunc \
		status=none
	truncate -s 6000128 "$1"
}

# refuses TEXT COMMAND...: it fails with one line that holds TEXT.
refuses()
{
	local text=$1

	shift
	if "$@" > log 2>&1; then
		echo "no error"
		return 1
	fi
	cat log
	[ "$(wc -l < log)" = 1 ] && grep -q "$text" log
}

# Runs as START LENGTH data|zero OFFSET, neighbours joined; the place of zeros
# is left out, as qemu-img tells it of holes too.
# shellcheck disable=SC2016
map_joined='
	def follows(a; b): a.d == b.d and
		(a.o == b.o or (a.o != null and b.o != null and
				a.o + a.l == b.o));
	map({ s: .start, l: .length, d: .data,
	      o: (if .data then .offset else null end) }) |
	reduce .[] as $r ([]; if length > 0 and follows(.[-1]; $r)
		then .[-1].l += $r.l else . + [$r] end) |
	.[] | "\(.s) \(.l) \(if .d then "data" else "zero" end) \(.o)"'

# A hole below an allocated cluster is zeros for us, data for qemu-img: all of
# a qcow2 file is stored for this, but not of a raw one.
maps_as_qemu()	# FORMAT IMAGE
{
	local image=$2

	if [ "$1" != raw ]; then
		image=stored.$1
		cp --sparse=never "$2" "$image"
	fi
	qemu-img map --output=json -f "$1" "$image" > theirs.json &&
		"$DISKWRIGHT" map --allow-backing=. --json "$image" > ours.json &&
		jq -r "$map_joined" theirs.json > theirs &&
		jq -r ".runs | $map_joined" ours.json > ours &&
		diff -u theirs ours &&
		[ "$(wc -l < ours)" -ge "${runs_min:-1}" ]
}

# part_list TABLE: number, start and length as imgtool prints them.
part_list()
{
	"$imgtool" parts "$1" | tee log |
		sed -n 's/^\([0-9]*\) \([0-9]*\) \([0-9]*\) .*/\1 \2 \3/p' |
		sort -n
}
