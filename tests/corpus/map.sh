#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Foreign images: their runs and what they say of themselves, as qemu-img has
# both.
set -eu
corpus=$(realpath "${CORPUS:?names the folder of foreign images}")
. "$(dirname "$0")/../lib-formats.sh"
need qemu-img jq xz tar

if [ ! -d "$corpus/lab-qcow2" ]; then
	skip "map: no folder $corpus/lab-qcow2"
	finish
fi
tar -xf "$corpus/lab-qcow2/qcow2-set.tar.xz"
cd "$(dirname "$(find . -name v3.qcow2)")"
[ ! -e "$corpus/dfvfs/ext2.qcow2" ] || cp "$corpus/dfvfs/ext2.qcow2" .

info_as_qemu()
{
	diff <(qemu-img info --output=json "$1" |
		jq '[."virtual-size", ."cluster-size", ."backing-filename",
			(.snapshots // [] | map(.name))]') \
		<("$DISKWRIGHT" info --json "$1" |
		jq '[.size, .cluster_size, .backing_file,
			(.snapshots | map(.name))]')
}

for image in *.qcow2; do
	case $image in
	unknown-*)	continue ;;	# refused by both
	esac
	check "info of $image" info_as_qemu "$image"
	case $image in
	aes*|luks*)	continue ;;	# as above, without the secret
	esac
	check "runs of $image" maps_as_qemu qcow2 "$image"
done
[ "$passed" -ge 50 ] || bad "only $passed cases: is the corpus whole?"
finish
