#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Asked to stop, or killed, in the middle of copying: nothing stays behind.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/small.sh"
need mke2fs sfdisk

small_guest "$work/src.img" 700
head -c 500M /dev/urandom > "$work/bulk"
printf 'write %s /var/bulk\n' "$work/bulk" |
	debugfs -w -f - "$work/src.img" > /dev/null 2>&1
rm "$work/bulk"
user_dir "$work/out"
user_dir "$work/run"

# Waits until process $1 has written 16 MiB; fails where it ends before.
writes_by_now()
{
	local key value end=$((SECONDS + 60))

	while [ $SECONDS -lt $end ]; do
		while read -r key value; do
			[ "$key" != wchar: ] || [ "$value" -lt 16777216 ] ||
				return 0
		done 2> /dev/null < "/proc/$1/io" || return 1
	done
	return 1
}

# interrupted SIGNAL STATUS NAME ARGUMENT...: targets are in out.
interrupted()
{
	local name="$4: $1 while copying to $3" job rc=0 pid

	rm -f "$work/run/pid"
	# A shell without job control makes its background jobs ignore INT.
	# shellcheck disable=SC2016
	unprivileged env --default-signal=INT sh -c \
		'echo $$ > "$1"; shift; exec "$@"' sh "$work/run/pid" \
		"$DISKWRIGHT" "${@:4}" > "$work/log" 2>&1 &
	job=$!
	kept_pids+=("$job")
	while [ ! -s "$work/run/pid" ]; do sleep 0.01; done
	pid=$(cat "$work/run/pid")
	if ! writes_by_now "$pid"; then
		wait "$job" || :
		bad "$name: it ended before"
		return
	fi
	kill -s "$1" "$pid"
	wait "$job" || rc=$?
	if [ "$rc" != "$2" ]; then
		bad "$name: status $rc instead of $2"
	elif [ -n "$(ls -A "$work/out")" ]; then
		bad "$name: left behind: $(ls -A "$work/out")"
	elif [ "$1" != KILL ] && ! grep -q '^diskwright: ' "$work/log"; then
		bad "$name: no error was told"
	else
		ok "$name"
	fi
	rm -f "${work:?}/out"/* "$work/out"/.[!.]*
}

for verb in 'dualboot --allow-unbootable' convert; do
	for target in x.img x.qcow2; do
		# shellcheck disable=SC2086
		for how in 'INT 1' 'TERM 1' 'HUP 1' 'KILL 137'; do
			interrupted $how $target $verb "$work/src.img" \
				"$work/out/$target"
		done
	done
done

# The first file is complete by then.
truncate -s 710M "$work/two.img"
printf '%s\n' 2048,8192,83 10240,,83 | sfdisk -q --no-reread "$work/two.img"
head -c 4M /dev/urandom |
	dd of="$work/two.img" bs=1M seek=1 conv=notrunc status=none
dd if="$work/src.img" of="$work/two.img" bs=1M seek=5 conv=notrunc,sparse \
	status=none
for format in raw qcow2; do
	for how in 'INT 1' 'TERM 1' 'HUP 1' 'KILL 137'; do
		# shellcheck disable=SC2086
		interrupted $how "two, $format" extract "$work/two.img" --all \
			-O $format -o "$work/out"
	done
done
finish
