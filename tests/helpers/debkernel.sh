#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Fetches a kernel of Debian where it is not there yet, and prints its path.
#
#   tests/helpers/debkernel.sh SUITE PACKAGE ARCHITECTURE
#
# PACKAGE depends on the kernel of the day ("linux-image-amd64").  apt checks
# the signatures, with lists of its own.
set -eu

here=$(dirname "$(readlink -f "$0")")
cache=${GUESTS:-$(dirname "$(dirname "$here")")/build/guests}
suite=$1 package=$2 arch=$3
deb=$cache/kernel-$suite-$package-$arch.deb
[ ! -e "$deb" ] || { echo "$deb"; exit 0; }

# shellcheck disable=SC2016
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' \
	'Created-By: Packages' 'Origin: Debian' 'Component: main' |
	grep -v security | head -n 1)}
[ -n "$mirror" ] || {
	echo "debkernel: no Debian mirror known; set DEBIAN_MIRROR" >&2
	exit 1
}

mkdir -p "$cache"
exec 8> "$deb.lock"
flock -w 1200 8
[ ! -e "$deb" ] || { echo "$deb"; exit 0; }
work=$(mktemp -d "$cache/work.XXXXXX")
trap 'rm -rf "$work" "$deb.lock"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
: > "$work/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
	"$mirror $suite main" > "$work/sources.list"
apt=(-qq -o "APT::Architecture=$arch" -o "APT::Architectures::=$arch"
	-o "Dir::State=$work" -o "Dir::State::status=$work/status"
	-o "Dir::Cache=$work/cache" -o "Dir::Etc::SourceList=$work/sources.list"
	-o Dir::Etc::SourceParts=- -o APT::Sandbox::User=root
	-o Acquire::Languages=none)
timeout 300 apt-get "${apt[@]}" update >&2
kernel=$(apt-cache "${apt[@]}" show "$package" |
	sed -n 's/^Depends: .*\(linux-image-[^ ,]*\).*/\1/p' | head -n 1)
[ -n "$kernel" ]
(cd "$work" && timeout 600 apt-get "${apt[@]}" download "$kernel" >&2)
mv "$work"/linux-image-*.deb "$deb"
echo "$deb"
