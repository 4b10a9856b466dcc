#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# extract: a linear volume of which 1 GiB is used, out of a container, beside
# qemu-img at its best with the same bytes in a plain file.  Once as they are,
# and once after 4 GiB that were written were deleted.  Neither waits for the
# disk.
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/sources.sh"
need mke2fs debugfs qemu-img dumpe2fs python3 jq

mkpv=$top/tests/helpers/mkpv.py
extent=$((4 << 20))
id=$(sha "${BASH_SOURCE[0]}" | cut -c 1-4)$(sha "$mkpv" | cut -c 1-4)

# What is like any system, 0.6 GiB, and what no packer makes smaller.
make_tree()
{
	make_real_files "$work/tree"
	mkdir "$work/tree/random"
	head -c 400M /dev/urandom | split -b 10M - "$work/tree/random/"
}

# make_container PLAIN CONTAINER: a group with one volume that holds PLAIN.
make_container()
{
	local extents=$((($(stat -c %s "$1") + extent - 1) / extent))

	truncate -s $(((extents << 22) + (2 << 20))) "$2"
	dd if="$1" of="$2" bs=1M seek=1 conv=notrunc,sparse status=none
	python3 "$mkpv" vg0 --extent $((extent >> 10)) "pv0=$2:$extents" \
		"root=linear:pv0+0*$extents"
}

# sources: NAME.img and NAME.pv of both, where they are not there yet.
make_sources()
{
	local plain

	rm -f "$dir"/extract*-"$SIZE"-*
	make_tree
	mke2fs -q -t ext4 -E root_owner=0:0,lazy_itable_init=0 \
		-d "$work/tree" "$work/clean.img" "$SIZE"
	cp --sparse=always "$work/clean.img" "$work/full.img"
	add_deleted "$work/full.img" "$work/deleted"
	rm -r "$work/tree" "$work/deleted"
	for plain in clean full; do
		make_container "$work/$plain.img" "$work/$plain.pv"
	done
	sync "$work"/*.img "$work"/*.pv
	for plain in clean full; do
		mv "$work/$plain.pv" "$dir/extract-$plain-$SIZE-$id.pv"
		mv "$work/$plain.img" "$dir/extract-$plain-$SIZE-$id.img"
	done
}

folder=$work/folder
ours=("$DISKWRIGHT" extract --no-sync)
qemu=(qemu-img convert -W -m 16)

# both NAME SOURCE FORMAT: the volume in SOURCE.pv, the file SOURCE.img.
both()
{
	rm -rf "$folder"
	fresh
	once "$1" "${ours[@]}" -O "$3" "$2.pv" vg0/root -o "$folder"
	sync -f "$dir"
	once "qemu-img $1" "${qemu[@]}" -O "$3" "$2.img" "$out.qemu"
}

# What goes through read and write calls, and what the job says of it.
moved()
{
	local read write

	rm -rf "$folder"
	fresh
	# Counts those whose end was waited for, too.
	# shellcheck disable=SC2016
	bash -c '"$@" > "$0"; cat /proc/$$/io' "$work/report" "${ours[@]}" \
		--json "$2.pv" vg0/root -o "$folder" > "$work/io"
	read=$(sed -n 's/^rchar: //p' "$work/io")
	write=$(sed -n 's/^wchar: //p' "$work/io")
	jq -r --arg n "$1" --argjson r "$read" --argjson w "$write" '
		def mib: . / 1048576 | round;
		"\($n): \(.plan.copy | mib) MiB wanted of \(
			.plan.items[0].disk_size | mib); \(
			$r | mib) MiB read, \($w | mib) MiB written"' \
		"$work/report"
}

clean=$dir/extract-clean-$SIZE-$id full=$dir/extract-full-$SIZE-$id
[ -s "$full.img" ] || make_sources
for source in "$clean" "$full"; do
	describe "$source.img"
done
for _ in $(seq "$RUNS"); do
	for source in "$clean" "$full"; do
		warm "$source.pv"
		warm "$source.img"
		[ "$source" = "$clean" ] && more= || more=', deleted'
		both "raw to raw$more" "$source" raw
		both "raw to qcow2$more" "$source" qcow2
	done
done
for name in 'raw to raw' 'raw to qcow2'; do
	ratio "$name" "qemu-img $name" 1.00
	ratio "$name, deleted" "qemu-img $name, deleted" 0.25
done
moved 'raw to raw' "$clean"
moved 'raw to raw, deleted' "$full"
rm -rf "$folder"
fresh
peak 'extract' 128 "${ours[@]}" "$full.pv" vg0/root -o "$folder"
