# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What the shell tests share.  A test sources this file, calls ok, bad and
# skip for its cases, and ends with finish.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=${BUILD:-build}
case $BUILD in
/*)	;;
*)	BUILD=$top/$BUILD ;;
esac
DISKWRIGHT=${DISKWRIGHT:-$BUILD/diskwright}
GUESTS=${GUESTS:-$top/build/guests}
export GUESTS LC_ALL=C TZ=UTC
PATH=$PATH:/usr/sbin:/sbin

passed=0 failed=0 skipped=0
work=$(mktemp -d "${TMPDIR:-/tmp}/dwtest.XXXXXX")
chmod 755 "$work"
kept_pids=()

ok()
{
	passed=$((passed + 1))
	echo "ok $*"
}

bad()
{
	failed=$((failed + 1))
	echo "not ok $*"
}

skip()
{
	skipped=$((skipped + 1))
	echo "skip $*"
}

# check NAME COMMAND...: one case that passes where the command does.
check()
{
	local name=$1

	shift
	if "$@" > "$work/check.out" 2>&1; then
		ok "$name"
	else
		bad "$name"
		tail -n 20 "$work/check.out" | sed 's/^/    /'
	fi
}

# need PROGRAM...: ends the test as skipped where one is missing.
need()
{
	local p

	for p; do
		command -v "$p" > /dev/null || {
			echo "skip $(basename "$0"): $p is missing"
			cleanup
			trap - EXIT
			exit 77
		}
	done
}

cleanup()
{
	local p

	for p in "${kept_pids[@]}"; do
		kill -9 "$p" 2> /dev/null || :
		wait "$p" 2> /dev/null || :
	done
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

finish()
{
	[ "$failed" = 0 ] || exit 1
	[ "$passed" != 0 ] || [ "$skipped" = 0 ] || exit 77
	exit 0
}

# unprivileged COMMAND...: as a user without rights, also where root tests.
unprivileged()
{
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	else
		"$@"
	fi
}

# user_dir DIR: a folder in which that user may write.
user_dir()
{
	mkdir -p "$1"
	[ "$(id -u)" != 0 ] || chown 65534:65534 "$1"
}

sha()
{
	sha256sum < "$1" | cut -d ' ' -f 1
}

# from_image IMAGE[?offset=N] PATH FILE: takes a file out of an ext image.
from_image()
{
	debugfs -R "dump $2 $3" "$1" 2> /dev/null
	[ -s "$3" ]
}

# put_file IMAGE FILE PATH: replaces a file in an ext image.
put_file()
{
	printf 'rm %s\nwrite %s %s\n' "$3" "$2" "$3" |
		debugfs -w -f - "$1" > /dev/null 2>&1
}

# names_in IMAGE FOLDER: the names in a folder of an ext image.
names_in()
{
	debugfs -R "ls -p $2" "$1" 2> /dev/null | cut -d / -f 6 |
		grep -vx '\.\.\?'
}
