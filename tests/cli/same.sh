#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The same input gives the same bytes, whatever the number of threads, the
# clock, and how the host happens to store the input.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/small.sh"
need mke2fs

user_dir "$work/out"
memory=$(mktemp -d /dev/shm/dwtest.XXXXXX)
trap 'rm -rf "$memory"; cleanup' EXIT
chmod 755 "$memory"

small_guest "$work/full.img" 64
fallocate -l 64M "$work/full.img"
cp --sparse=never "$work/full.img" "$work/full.copy"
mv "$work/full.copy" "$work/full.img"
cp --sparse=always "$work/full.img" "$work/sparse.img"
cp --sparse=always "$work/full.img" "$memory/sparse.img"
check 'the sources differ in what is allocated' [ \
	"$(stat -c %b "$work/full.img")" -gt "$(stat -c %b "$work/sparse.img")" ]

# digest SOURCE FORMAT OPTIONS...: of what comes out, or why nothing did
digest()
{
	local src=$1 out=$work/out/x.$2

	shift 2
	rm -f "$out"
	if unprivileged "$DISKWRIGHT" dualboot --allow-unbootable "$@" \
		"$src" "$out" > "$work/log" 2>&1; then
		sha "$out"
	else
		echo "failed at ${EPOCHREALTIME}: $(tail -n 1 "$work/log")"
	fi
}

for format in raw qcow2; do
	first=$(digest "$work/sparse.img" $format -j1)
	check "$format: something came out" [ ${#first} = 64 ]
	check "$format: two threads" \
		[ "$first" = "$(digest "$work/sparse.img" $format -j2)" ]
	check "$format: fully allocated source" \
		[ "$first" = "$(digest "$work/full.img" $format -j2)" ]
	check "$format: source on tmpfs" \
		[ "$first" = "$(digest "$memory/sparse.img" $format -j2)" ]
	sleep 1
	check "$format: later" \
		[ "$first" = "$(digest "$work/sparse.img" $format -j1)" ]
done
finish
