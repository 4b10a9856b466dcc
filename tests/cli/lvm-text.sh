#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Metadata as lvm has written it over the years (tests/images/lvm/text): what
# we read of each text is what the real lvm reads of it on the same disks, and
# the plain volumes hold the sectors that the text says.
set -eu
. "$(dirname "$0")/../lib.sh"
need python3 jq
lines=$top/tests/helpers/lvmlines.py
cd "$work"

texts=()
for text in "$top"/tests/images/lvm/text/*.vg; do
	name=$(basename "$text" .vg)
	mkdir "$name"
	"$top/tests/images/make-lvm-text.py" "$text" "$name"
	texts+=("$name")
done

# sectors PV FIRST NR: as make-lvm-text.py has filled them.
sectors()
{
	seq "$2" $(($2 + $3 - 1)) | awk -v pv="$1" 'BEGIN {
		pad = sprintf("%511s", ""); gsub(/ /, ".", pad)
	} { print substr(pv " " $1 " " pad, 1, 511) }'
}

# extents START PV FIRST NR: where a group's extents of 64 KiB begin at START.
extents()
{
	sectors "$2" $(($1 + $3 * 128)) $(($4 * 128))
}

# chunks LEN START PV:EXTENT... NR: NR rows of stripes of LEN sectors.
chunks()
{
	local len=$1 start=$2 nr=${*: -1} row area

	for ((row = 0; row < nr; row++)); do
		for area in "${@:3:$# - 3}"; do
			sectors "${area%:*}" \
				$((start + ${area#*:} * 128 + row * len)) "$len"
		done
	done
}

# holds NAME VG/LV: the volume is what is in the file want.
holds()
{
	"$DISKWRIGHT" convert --all-blocks --no-sync --force -O raw \
		"$1/pv0.img@$2" got --pv-dir "$1" && cmp want got
}

{
	extents 384 pv0 0 4
	extents 384 pv1 20 3
} > want
check "2.02.39: linear on two disks" holds lvm-2.02.39 VolGroup00/root
chunks 32 384 pv0:4 pv1:0 8 > want
check "2.02.39: striped" holds lvm-2.02.39 VolGroup00/swap_1
chunks 8 2048 pv0:5 pv1:0 pv2:0 32 > want
check "2.02.98: three stripes" holds lvm-2.02.98 squeeze/three
extents 2048 pv0 30 3 > want
check "2.03.16: plain beside VDO" holds lvm-2.03.16-vdo bookworm/plain

# Their superblocks are no more than text here: the kinds are known, but what
# they refer to is damaged, and is told of so.
says()	# NAME VG/LV STATUS TEXT
{
	local status=0

	"$DISKWRIGHT" convert --all-blocks --no-sync --force -O raw \
		"$1/pv0.img@$2" got --pv-dir "$1" 2> err || status=$?
	cat err
	[ "$status" = "$3" ] && grep -q "$4" err
}

check "2.02.39: a snapshot" says lvm-2.02.39 VolGroup00/snap 4 'no store'
check "2.02.98: thin" says lvm-2.02.98 squeeze/thin1 4 'thin metadata'
check "2.02.98: raid5" says lvm-2.02.98 squeeze/five 4 'superblocks'
check "2.02.168: cache" says lvm-2.02.168 stretch-vg/slow 4 'cache metadata'
check "2.02.168: an error segment" says lvm-2.02.168 stretch-vg/odd 1 'error'
check "VDO is refused by name" \
	says lvm-2.03.16-vdo bookworm/small 3 'type vdo'

# The mirror's log is no more than text either: then its first leg counts.
extents 384 pv0 12 3 > want
check "2.02.39: a mirror" holds lvm-2.02.39 VolGroup00/mir

if [ "$(id -u)" != 0 ] || ! command -v lvs > /dev/null ||
   ! losetup -f > /dev/null 2>&1; then
	skip "LVM's own reports: needs root, lvm2 and loop devices"
	finish
fi
. "$top/tests/lib-lvm.sh"

# Of VDO we know the names, but not what lies where.
as_lvm()
{
	lvm_attach "$1"/*.img
	lvm_lines theirs
	lvm_run vgck "$(jq -r '.groups[0].name' "$1.json")"
	lvm_detach
	python3 "$lines" ours "$1.json" > all
	grep -vE ' bookworm (small|vpool) ' all > ours
	grep -vE ' bookworm (small|vpool) ' theirs |
		diff - ours && [ "$(wc -l < ours)" -gt 5 ]
}

for name in "${texts[@]}"; do
	"$DISKWRIGHT" volumes --json "$name"/*.img > "$name.json"
	check "$name: as LVM reads it" as_lvm "$name"
done
finish
