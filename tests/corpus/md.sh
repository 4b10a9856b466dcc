#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Foreign members of software RAID (CORPUS/util-linux): version, UUID and name
# are what libblkid printed of them; members of firmware RAID are none.
set -eu
corpus=$(realpath "${CORPUS:?names the folder of foreign images}")
. "$(dirname "$0")/../lib.sh"
need xz

ts=$corpus/util-linux/tests
mdtool=$BUILD/tests/unit/mdtool
if [ ! -d "$ts" ]; then
	skip "md: no folder $ts"
	finish
fi
cd "$work"

value()	# FILE NAME
{
	sed -n "s/^$2=//p" "$1"
}

agrees()	# EXPECTED
{
	local version

	"$mdtool" info disk > ours
	version=$(value "$1" ID_FS_VERSION)
	[ "$(value ours version)" = "${version%.0}" ] &&
		[ "$(value ours uuid)" = "$(value "$1" ID_FS_UUID)" ] &&
		[ "$(value ours name)" = "$(value "$1" ID_FS_LABEL)" ]
}

is_none()
{
	! "$mdtool" info disk > ours && grep -q '^code -3' ours
}

for image in "$ts"/ts/blkid/images-fs/*raid*.img.xz; do
	name=$(basename "$image" .img.xz)
	xz -dc "$image" > disk
	case $name in
	mdraid*)
		check "$name" agrees "$ts/expected/blkid/low-probe-$name" ;;
	*)
		check "$name is no member" is_none ;;
	esac
done
[ "$passed" -ge 5 ] || bad "only $passed cases: is the corpus whole?"
finish
