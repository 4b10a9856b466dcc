# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What the tests of recovery share, on top of lib.sh.

# shellcheck source=tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
recovertool=$BUILD/tests/unit/recovertool
[ -x "$recovertool" ] || make -C "$top" -s "${recovertool#"$top"/}"

# recover IMAGE OUT [-j]: OUT is IMAGE as our recovery leaves it.
recover()
{
	cp --sparse=always "$1" "$2"
	timeout 100 "$recovertool" ${3+"$3"} "$1" "$2"
}

# clean IMAGE: e2fsck finds nothing at all.
clean()
{
	e2fsck -fn "$1" > "$work/fsck" 2>&1 &&
		! grep -E 'wrong|Fix|Clear' "$work/fsck" && return
	tail -n 15 "$work/fsck"
	return 1
}

# same_but_supers A B: equal outside of the primary superblock and of the
# journal's superblock.
same_but_supers()
{
	local bs jnl skip

	bs=$(dumpe2fs -h "$1" 2> /dev/null | sed -n 's/^Block size: *//p')
	jnl=$(debugfs -R 'bmap <8> 0' "$1" 2> /dev/null)
	cp --sparse=always "$1" "$work/a"
	cp --sparse=always "$2" "$work/b"
	for skip in "1024 1" "$bs ${jnl:-0}"; do
		# shellcheck disable=SC2086
		set -- $skip
		[ "$2" != 0 ] || continue
		for f in "$work/a" "$work/b"; do
			dd if=/dev/zero of="$f" bs="$1" seek="$2" count=1 \
				conv=notrunc status=none
		done
	done
	cmp "$work/a" "$work/b"
}

# tree IMAGE: one line for each file, with what of it must not change.
tree()
{
	"$BUILD/tests/helpers/exttree" "$1"
}
