#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Our lint says what the installed PyGrub does, on some hundred generated
# configurations and on partition tables.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
BUILD=${BUILD:-$top/build}
# The PyGrub that is installed, and the Python that it runs with.
pygrub=$(ls -d /usr/lib/xen-4.17/bin/pygrub 2>/dev/null || :)
python=/usr/bin/python3

skip() {
	echo "skipped: $1 is missing"
	exit 77
}

[ -n "$pygrub" ] || skip "PyGrub 4.17 (package xen-utils-4.17)"
[ -x "$python" ] || skip "$python"
command -v mke2fs >/dev/null || skip "mke2fs"
case $BUILD in /*) ;; *) BUILD=$top/$BUILD ;; esac
make -s -C "$top" BUILD="$BUILD" "$BUILD/tests/unit/pygrublint" >/dev/null

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"$python" -B -W ignore "$here/pygrub-agree.py" "$pygrub" \
	"$BUILD/tests/unit/pygrublint" "$tmp" "${PYGRUB_AGREE_RANDOM:-200}"
