#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The lists of a kernel's modules, read in an image, beside depmod, which reads
# the same modules in a folder of the host.
set -eu
. "$(dirname "$0")/lib.sh"
need depmod mke2fs dpkg-deb

tool=$BUILD/tests/unit/depmodtool
[ -x "$tool" ] || make -s -C "$top" BUILD="$BUILD" "$tool"

# modules SUITE: Debian's kernel, in tree and in img; sets version.
modules()
{
	local deb

	deb=$("$top/tests/helpers/debkernel.sh" "$1" linux-image-amd64 amd64)
	rm -rf "${work:?}"/*
	mkdir -p "$work/tree/lib" "$work/ours" "$work/none"
	dpkg-deb -x "$deb" "$work/deb"
	mv "$work"/deb/lib/modules "$work/tree/lib" 2> /dev/null ||
		mv "$work"/deb/usr/lib/modules "$work/tree/lib"
	rm -r "$work/deb"
	version=$(ls "$work/tree/lib/modules")
	truncate -s 1500M "$work/img"
	mke2fs -q -F -t ext4 -d "$work/tree" "$work/img"
}

for suite in bookworm trixie; do
	modules $suite
	ours=("$tool" "$work/img" "/lib/modules/$version" "$work/ours")
	echo "$version: $(find "$work/tree" -name '*.ko*' | wc -l) modules," \
		"$(du -sm "$work/tree" | cut -f 1) MiB"
	for _ in $(seq "$RUNS"); do
		once "lists of $suite" "${ours[@]}"
		once "lists of $suite, one thread" "${ours[@]}" 1
		once "depmod -b, $suite" depmod -C "$work/none" \
			-b "$work/tree" "$version"
	done
	ratio "lists of $suite" "depmod -b, $suite" 2.00
	ratio "lists of $suite, one thread" "depmod -b, $suite" 2.00
	peak "lists of $suite" 128 "${ours[@]}"
	peak "depmod -b, $suite" - depmod -C "$work/none" -b "$work/tree" \
		"$version"
done
