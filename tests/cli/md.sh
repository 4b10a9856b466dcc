#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Members of software RAID: what their superblocks say is what mdadm says, and
# their content is what the kernel's array held.
set -eu
. "$(dirname "$0")/../lib.sh"
need gzip e2fsck python3

mdtool=$BUILD/tests/unit/mdtool
images=$top/tests/images
cd "$work"

# field NAME: one of mdtool's lines, or mdadm's, in the file of that name
field()
{
	sed -n "s/^ *$2 [:=] *//p; s/^ *$2=//p" "$1" | head -n 1
}

holds_what_the_kernel_saw()
{
	local want

	want=$(sed -n "s/  $(basename "$1")\$//p" "$images/md.sha256")
	"$mdtool" to-raw "$1" content && [ "$(sha content)" = "$want" ] &&
		e2fsck -fn content
}

for metadata in 0.90 1.0 1.1 1.2; do
	check "$metadata: the array's content" \
		holds_what_the_kernel_saw "$images/good-md-$metadata.img.gz"
done

# refuses IMAGE TEXT: by name, for its content
refuses()
{
	! "$mdtool" to-raw "$images/$1" content > refusal &&
		cat refusal && grep -q "^code -5: .*$2" refusal
}

check "a spare is refused" refuses unsupported-md-spare.img.gz 'is a spare'
check "a member that is not rebuilt is refused" \
	refuses unsupported-md-rebuilding.img.gz 'is not rebuilt'
check "raid5 is refused" refuses unsupported-md-raid5.img.gz 'member of raid5'

# ---- mdadm's opinion ---------------------------------------------------------

command -v mdadm > /dev/null || {
	skip "mdadm is missing"
	finish
}

# What mdadm calls the member's place: "Active device 1", "spare".
role_of()
{
	case $(field theirs 'Device Role') in
	'Active device '*)	field theirs 'Device Role' | tr -dc 0-9 ;;
	'')	awk '$1 == "this" { print $5 }' theirs ;;
	*)	echo none ;;
	esac
}

# Roles of members that have none are numbers beyond all that do.
our_role()
{
	local role

	role=$(field ours role)
	[ "$role" -lt "$(field ours members)" ] || role=none
	echo "$role"
}

# same WHAT OURS THEIRS
same()
{
	[ "$2" = "$3" ] || { echo "$1: '$2', mdadm has '$3'"; return 1; }
}

agrees()	# IMAGE OPTION...
{
	local image=$1 version uuid

	shift
	"$mdtool" info "$image" > ours
	mdadm --examine "$@" "$image" > theirs
	version=$(field theirs Version)
	uuid=$(field theirs 'Array UUID')
	[ -n "$uuid" ] || uuid=$(field theirs UUID)
	same version "$(field ours version)" "${version%.00}" &&
		same level "raid$(field ours level)" \
			"$(field theirs 'Raid Level')" &&
		same members "$(field ours members)" \
			"$(field theirs 'Raid Devices')" &&
		same role "$(our_role)" "$(role_of)" &&
		same uuid "$(field ours uuid | tr -d -)" \
			"$(tr -d : <<< "$uuid")" &&
		same events "$(field ours events)" "$(field theirs Events)" &&
		same name "$(field ours name)" "$(field theirs Name)"
}

# Only of raid1 do we tell where the data is.
data_agrees()
{
	local off len

	off=$(field theirs 'Data Offset')
	off=${off% sectors}
	len=$(field theirs 'Array Size')
	same offset "$(field ours offset)" $((${off:-0} * 512)) &&
		same length "$(field ours length)" $((${len% KiB} * 1024))
}

for image in "$images"/*-md-*.gz; do
	name=$(basename "$image" .img.gz)
	gzip -dc "$image" > member
	check "$name: what mdadm says" agrees member
	[ "$(field ours level)" != 1 ] ||
		check "$name: where the data is" data_agrees
done

# The other byte order of 0.90, as big machines wrote it.
gzip -dc "$images/good-md-0.90.img.gz" > member
off=$((4194304 - 65536))
dd if=member of=swapped bs=4096 skip=$((off / 4096)) count=1 status=none
# Words are turned around; the two of the event counter also change places.
python3 - swapped << 'END'
import struct, sys
words = list(struct.unpack('<1024I', open(sys.argv[1], 'rb').read()))
words[39], words[40] = words[40], words[39]
open(sys.argv[1], 'wb').write(struct.pack('>1024I', *words))
END
dd if=swapped of=member bs=4096 seek=$((off / 4096)) conv=notrunc status=none
check "0.90 in the other byte order" agrees member --metadata=0.swap
check "0.90 in the other byte order: where the data is" data_agrees

finish
