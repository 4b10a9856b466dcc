#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A source may include its own room and the floors below it, nothing else;
# rooms of one floor do not see each other, and the command sees only the
# public header.
set -eu

cd "$(dirname "$0")/.."

floor_of()
{
	case $1 in
	base)			echo 1 ;;
	dev)			echo 2 ;;
	formats|part|lvm|md|fs)	echo 3 ;;
	stack)			echo 4 ;;
	boot|kmod|package)	echo 5 ;;
	guest)			echo 6 ;;
	initrd)			echo 7 ;;
	job)			echo 8 ;;
	*)			echo 99 ;;
	esac
}

# Lines "FILE INCLUDED", for includes in quotes.
includes()
{
	grep -rnoE --include='*.[chS]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*"[^"]+"' "$@" |
		sed -E 's/^([^:]+):[0-9]+:.*"([^"]+)"$/\1 \2/'
}

broken()
{
	while read -r file inc; do
		room=${file#src/}
		room=${room%%/*}
		case $inc in
		*/*)	other=${inc%%/*} ;;
		*)	other=$room ;;
		esac
		case $inc in
		../*)		echo "$file includes $inc by a climbing path" ;;
		diskwright.h)	;;
		*)
			[ "$other" = "$room" ] ||
			[ "$(floor_of "$other")" -lt "$(floor_of "$room")" ] ||
				echo "$file includes $inc, which is not below it"
			;;
		esac
	done < <(includes src)
	while read -r file inc; do
		case $inc in
		diskwright.h)	;;
		*/*)	echo "$file includes $inc; tools know diskwright.h only" ;;
		*)	[ -e "tools/$inc" ] ||
				echo "$file includes $inc, which is not in tools" ;;
		esac
	done < <(includes tools 2> /dev/null || :)
}

found=$(broken)
[ -z "$found" ] || { echo "$found"; exit 1; }
