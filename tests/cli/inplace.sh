#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --in-place: what it leaves, and the way back after KILL at any moment.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/small.sh"
need mke2fs
need e2fsck
need sfdisk

user_dir "$work/run"
small_guest "$work/src.img" 64
img=$work/run/guest.img
undo=$img.diskwright-undo

fresh()
{
	cp --sparse=always "$work/src.img" "$img"
	chmod 666 "$img"
	rm -f "$undo"
}

in_place()
{
	unprivileged "$@" "$DISKWRIGHT" dualboot --in-place \
		--allow-unbootable "$img" > "$work/log" 2>&1
}

fresh
old=$(sha256sum < "$img")
began=$(date +%s%3N)
if ! in_place; then
	if grep -q 'cannot insert' "$work/log"; then
		if [ "$old" != "$(sha256sum < "$img")" ] || [ -e "$undo" ]; then
			bad "a host that cannot insert: the file was changed"
		fi
		skip "fallocate that can insert (the host's filesystem)"
		finish
	fi
	cat "$work/log"
	bad "--in-place"
	finish
fi
took=$(($(date +%s%3N) - began))
new=$(sha256sum < "$img")
ok "--in-place"
if [ -e "$undo" ]; then bad "the record is gone"; else ok "the record is gone"; fi
if sfdisk -V "$img" > "$work/log" 2>&1; then ok "sfdisk -V"; else bad "sfdisk -V"; fi
dd if="$img" of="$work/p1" bs=1M skip=1 conv=sparse status=none
if e2fsck -fn "$work/p1" > "$work/log" 2>&1; then ok "e2fsck -fn"; else
	cat "$work/log"; bad "e2fsck -fn"; fi

# Starts the job and kills it after $1 milliseconds; false where it was done.
killed_after()
{
	local job rc=0

	rm -f "$work/run/pid"
	# shellcheck disable=SC2016
	in_place sh -c 'echo $$ > "$1"; shift; exec "$@"' sh "$work/run/pid" &
	job=$!
	kept_pids+=("$job")
	while [ ! -s "$work/run/pid" ]; do sleep 0.001; done
	sleep "$(($1 / 1000)).$(printf %03d $(($1 % 1000)))"
	kill -s KILL "$(cat "$work/run/pid")" 2> /dev/null || :
	wait "$job" || rc=$?
	[ $rc != 0 ]
}

# At moments spread over the time that the job took.
dead=0 recorded=0 lost=0
for n in $(seq 0 23); do
	fresh
	killed_after $((took * n / 24)) || continue
	dead=$((dead + 1))
	# Without a record it had not begun, or was complete.
	if [ ! -e "$undo" ] && [ "$new" = "$(sha256sum < "$img")" ]; then
		continue
	fi
	if [ -e "$undo" ]; then
		recorded=$((recorded + 1))
		unprivileged "$DISKWRIGHT" undo "$img" > "$work/log" 2>&1 || {
			cat "$work/log"; lost=$((lost + 1)); }
	fi
	[ "$old" = "$(sha256sum < "$img")" ] || lost=$((lost + 1))
	[ ! -e "$undo" ] || lost=$((lost + 1))
done
echo "$dead killed, $recorded of them with a record"
if [ $lost = 0 ] && [ $dead -gt 0 ]; then
	ok "killed $dead times, the old bytes came back each time"
else
	bad "killed $dead times, $lost lost"
fi

# The record is one of a raw file's bytes.
img=$work/run/guest.qcow2
undo=$img.diskwright-undo
"$DISKWRIGHT" convert --progress=none "$work/src.img" "$img" > /dev/null
chmod 666 "$img"
old=$(sha256sum < "$img")
if in_place || ! grep -q 'only a raw file' "$work/log" || [ -e "$undo" ] ||
	[ "$old" != "$(sha256sum < "$img")" ]; then
	bad "a qcow2 image is refused, and stays as it was"
	cat "$work/log"
else
	ok "a qcow2 image is refused, and stays as it was"
fi
finish
