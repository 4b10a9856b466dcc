#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# volumes: what pvs, vgs and lvs say of the same physical volumes, line by line;
# several images as one group; what is left of a group that lacks some.
set -eu
. "$(dirname "$0")/../lib.sh"
need python3 jq tar xz

sets=$top/tests/images/lvm
lines=$top/tests/helpers/lvmlines.py
cd "$work"

# ours NAME OPERAND...: what we say, as lines in NAME.ours.
ours()
{
	local name=$1

	shift
	"$DISKWRIGHT" volumes --json "$@" > "$name.json" 2> "$name.err" &&
		python3 "$lines" ours "$name.json" > "$name.ours"
}

for set in raid snap thin; do
	mkdir "$set"
	tar -C "$set" -xf "$sets/$set.tar.xz"
	check "$set: as LVM 2.03.16 said it" sh -c \
		'"$1" volumes --json "$2"/*.img > all.json &&
		 python3 "$3" ours all.json | diff "$4" -' \
		sh "$DISKWRIGHT" "$set" "$lines" "$sets/$set.lines"
	check "$set: every volume can be read but the lost snapshot" \
		jq -e '[.groups[].logical_volumes[] | select(.problem) | .name]
		       | . == [] or . == ["full"]' all.json
done

# ---- operands, --pv, --pv-dir -------------------------------------------------

check 'the order of operands does not matter' sh -c '
	"$1" volumes --json snap/pv0.img snap/pv1.img > a.json &&
	"$1" volumes --json snap/pv1.img snap/pv0.img > b.json &&
	cmp a.json b.json' sh "$DISKWRIGHT"
check '--pv is another operand' sh -c '
	"$1" volumes --json snap/pv0.img --pv=snap/pv1.img | cmp - a.json' \
	sh "$DISKWRIGHT"
check 'an image that is named twice counts once' sh -c '
	"$1" volumes --json snap/pv0.img snap/../snap/pv0.img snap/pv1.img \
		--pv snap/pv1.img | sed s,snap/../snap,snap, | cmp - a.json' \
	sh "$DISKWRIGHT"
mkdir mixed
cp --sparse=always snap/*.img mixed
cp "$lines" mixed
gzip -c mixed/pv1.img > mixed/pv1.img.gz
mkfifo mixed/fifo
mkdir mixed/folder
check '--pv-dir takes what is a physical volume, and the image once' sh -c '
	"$1" volumes --json mixed/pv0.img --pv-dir mixed | sed s,mixed/,snap/, |
		cmp - a.json' sh "$DISKWRIGHT"
check 'two groups in one folder' sh -c '
	cp thin/pv0.img mixed/thin0.img
	"$1" volumes --json mixed/pv0.img --pv-dir=mixed |
		jq -e "[.groups[].name] == [\"snaps\", \"thins\"]"' \
	sh "$DISKWRIGHT"
rm mixed/thin0.img
cp mixed/pv1.img mixed/copy.img
"$DISKWRIGHT" volumes mixed/pv0.img --pv-dir mixed > out 2> err || status=$?
check 'a copy of a physical volume is told of, by both names' sh -c '
	[ "$1" = 1 ] && grep "mixed/copy.img" err | grep "mixed/pv1.img"' \
	sh "${status:-0}"
rm mixed/copy.img
touch mixed/secret
chmod 0 mixed/secret
chmod 755 mixed
status=0
unprivileged "$DISKWRIGHT" volumes mixed/pv0.img --pv-dir mixed > out 2> err ||
	status=$?
check 'a file that cannot be read is an error' sh -c '
	[ "$1" = 1 ] && grep "mixed/secret" err' sh "$status"
rm -f mixed/secret

# ---- missing and damaged ------------------------------------------------------

# The volumes of snap/pv1.img; those that are merged read from it.
want='["halfway","waiting"]'
ours lost snap/pv0.img
check 'without pv1: what needs it, and nothing else, cannot be read' \
	jq -ce --argjson want "$want" '
	[.groups[].logical_volumes[] | select(.problem and .visible) | .name] -
	["full"] | sort == $want' lost.json
uuid=$(jq -r '.groups[].physical_volumes[] | select(.missing) | .uuid' \
	lost.json)
check 'its UUID is that of the file that was left out' sh -c '
	[ -n "$1" ] && jq -e --arg id "$1" ".groups[].physical_volumes[] |
		select(.uuid == \$id).where == \"snap/pv1.img\"" a.json' \
	sh "$uuid"
"$DISKWRIGHT" volumes snap/pv0.img > lost.txt
check 'the text has it, too' sh -c '
	grep "is missing: UUID $1" lost.txt &&
	grep "snaps/base can be read" lost.txt &&
	grep "snaps/waiting cannot be read: needs physical volume" lost.txt' \
	sh "$uuid"
check 'of raid only what is not redundant is lost with a leg' sh -c '
	mkdir some && cp raid/pv[0-4].img some &&
	"$1" volumes --json some/pv1.img --pv-dir some > some.json &&
	jq -e "[.groups[].logical_volumes[] | select(.problem) | .name] ==
		[\"raid0\", \"raid0_meta\"]" some.json' sh "$DISKWRIGHT"

# spoil IMAGE: a byte of the text that is in use; where that lies is in the
# header of the metadata area, at 4096.
spoil()
{
	local off

	off=$(od -An -tu8 -j $((4096 + 40)) -N 8 "$1")
	printf X | dd of="$1" bs=1 seek=$((4096 + off + 30)) conv=notrunc \
		status=none
}

cp --sparse=always snap/*.img mixed
spoil mixed/pv0.img
"$DISKWRIGHT" volumes --json mixed/pv0.img mixed/pv1.img > damaged.json
check 'a damaged copy of the metadata is told of' \
	jq -e '.groups[] | .problem == null and (.notes | length > 0) and
	       (.notes | join(" ") | test("pv0.img"))' damaged.json
check 'one good copy is enough' sh -c '
	python3 "$1" ours damaged.json | diff "$2" -' \
	sh "$lines" "$sets/snap.lines"
spoil mixed/pv1.img
status=0
"$DISKWRIGHT" volumes mixed/pv0.img mixed/pv1.img > out 2> err || status=$?
cat err >> out
check 'without a good copy there is a reason instead of volumes' sh -c '
	grep -i checksum out && ! grep snaps/base out'

# ---- LVM itself ---------------------------------------------------------------

if [ "$(id -u)" != 0 ] || ! command -v lvs > /dev/null ||
   ! losetup -f > /dev/null 2>&1; then
	skip "LVM's own reports: needs root, lvm2 and loop devices"
	finish
fi
. "$top/tests/lib-lvm.sh"

for set in raid snap thin; do
	lvm_attach "$set"/*.img
	lvm_lines "$set.theirs"
	ours "$set" "$set"/*.img
	check "$set: as LVM says it now" diff "$set.theirs" "$set.ours"
	lvm_detach
done

# What LVM calls partial are volumes that a lost device is part of.
lvm_attach snap/pv0.img
lvm_report lvs vg_name,lv_name,lv_health_status |
	jq -c '[.report[].lv[] | select(.lv_health_status == "partial") |
		.lv_name] | sort' > partial
lvm_lines lost.theirs
check 'LVM agrees on the volumes that are lost' sh -c '
	[ "$(cat partial)" = "$1" ]' sh "$want"
check 'LVM agrees on all of what is left' sh -c '
	grep -v "^pv" lost.theirs > a; grep -v "^pv" lost.ours > b; diff a b'
lvm_detach

truncate -s 16M orphan.img
lvm_attach orphan.img
lvm_run pvcreate -qq "${lvm_devices[0]}"
lvm_detach
"$DISKWRIGHT" volumes orphan.img > out
check 'a physical volume of no group' \
	grep 'orphan.img is a physical volume of no group' out
status=0
"$DISKWRIGHT" ls orphan.img > out 2> err || status=$?
check 'and it holds no files' sh -c '
	[ "$1" = 2 ] && grep "physical volume of no group" err' sh "$status"
finish
