#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Foreign volume groups: each volume of CORPUS/lab-lvm reads to the checksum
# that a kernel gave of it (out.txt), from either image; what
# libblkid calls a physical volume is one for us.
set -eu
corpus=$(realpath "${CORPUS:?names the folder of foreign images}")
. "$(dirname "$0")/../lib.sh"
need jq xz
cd "$work"

take()	# LOCATOR OPTION...
{
	rm -f vol
	"$DISKWRIGHT" convert --all-blocks --no-sync -O raw "$1" vol \
		"${@:2}" > log 2>&1 || { cat log; return 1; }
}

reads_to()	# SHA256 LOCATOR OPTION...
{
	take "${@:2}" && [ "$(sha vol)" = "$1" ]
}

fails()	# TEXT LOCATOR OPTION...
{
	if take "${@:2}"; then
		return 1
	fi
	grep -q "$1" log
}

lab()
{
	local lab=$corpus/lab-lvm pv sum path

	for pv in pv1 pv2; do
		xz -dc "$lab/$pv.img.xz" > "$pv.img"
	done
	check "the images are whole" sha256sum -c "$lab/SHA256.pv"
	while read -r sum path; do
		path=${path#/dev/}
		check "$path" reads_to "$sum" "pv1.img@$path" --pv pv2.img
		check "$path from the other" \
			reads_to "$sum" "pv2.img@$path" --pv-dir .
	done < <(sed -n 's/^\([0-9a-f]\{64\}\)  /\1 /p' "$lab/out.txt")
	truncate -s 1M zeros
	check "vg0/ze" reads_to "$(sha zeros)" pv1.img@vg0/ze
	check "vg0/er" fails 'error' pv1.img@vg0/er
	check "vg0/str needs both" fails 'not among' pv1.img@vg0/str
}

if [ -d "$corpus/lab-lvm" ]; then
	lab
	[ "$passed" -ge 22 ] || bad "only $passed cases: is the corpus whole?"
else
	skip "lvm: no folder $corpus/lab-lvm"
fi

# A physical volume that no group has taken yet.
of_blkid()
{
	xz -dc "$1/ts/blkid/images-fs/lvm2.img.xz" > lvm2.img
	grep -x ID_FS_TYPE=LVM2_member "$1/expected/blkid/low-probe-lvm2" &&
		"$DISKWRIGHT" inspect --json lvm2.img |
		jq -e '.children[0] | .kind == "physical_volume" and
			.type == "lvm2" and .group == null'
}

if [ -d "$corpus/util-linux" ]; then
	check "util-linux: lvm2" of_blkid "$corpus/util-linux/tests"
fi
finish
