#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs kept inputs and all fixtures through every fuzz target: each comes back
# with success or an error, in bounded time and memory.
set -u

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/lib.sh
. tests/lib.sh

mkdir "$work/images"
cp tests/images/*.img tests/images/*.qcow2 tests/images/*.vhd \
	tests/images/*.vmdk "$work/images" 2> /dev/null
for f in tests/images/*.gz; do
	gzip -dc "$f" > "$work/images/$(basename "$f" .gz)"
done

# replay NAME PROGRAM [--images] FILE...: a case a run, each file in it named
# where it fails.
replay()
{
	local name=$1

	shift
	if ASAN_OPTIONS=allocator_may_return_null=1 timeout 300 "$@" \
		> /dev/null 2> "$work/log"; then
		ok "$name: $(wc -l < "$work/log") runs"
	else
		bad "$name"
		tail -n 25 "$work/log" | sed 's/^/    /'
	fi
}

for program in "$BUILD"/tests/fuzz/replay-*; do
	[[ $program != *.[do] ]] || continue
	target=${program##*/replay-}
	replay "$target, images" "$program" --images "$work"/images/*
	mkdir "$work/$target"
	cp tests/fuzz/corpus/"$target"/* "$work/$target" 2> /dev/null
	[ ! -e "$work/$target/reach.tar.gz" ] || {
		tar -xzf "$work/$target/reach.tar.gz" -C "$work/$target"
		rm "$work/$target/reach.tar.gz"
	}
	kept=("$work/$target"/*)
	[ ! -e "${kept[0]}" ] || replay "$target, kept" "$program" "${kept[@]}"
done

finish
