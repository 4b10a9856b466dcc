# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Converts a test guest and lets foreign tools judge the result.
# Sourced after ../lib.sh and qemu.sh.

PYGRUB=$(find /usr/lib/xen-*/bin/pygrub 2> /dev/null | sort -V | tail -n 1)
exttree=$BUILD/tests/helpers/exttree
part_off=$((1 << 20))

need_for_proof()
{
	need "${PYGRUB:-pygrub}" qemu-system-x86_64 qemu-img sfdisk e2fsck \
		debugfs mke2fs mmdebstrap
}

# What e2fsck makes of the guest is what a conversion should hold.
fix_source()
{
	cp --sparse=always "$1" "$2"
	chmod u+w "$2"
	e2fsck -fy "$2" > "$work/fix" 2>&1 || [ $? -le 2 ]
	e2fsck -fn "$2" > /dev/null 2>&1
}

fs_is_clean()
{
	e2fsck -fn "$1?offset=$2" > "$work/fsck" 2>&1 || {
		cat "$work/fsck"
		return 1
	}
	! grep -E 'wrong|Fix|Clear|recover' "$work/fsck"
}

# pygrub_gives IMAGE SOURCE: real PyGrub finds kernel and initrd, they are
# those of the guest, and the root it names exists.
pygrub_gives()
{
	local dir=$work/pygrub f

	rm -rf "$dir"
	mkdir "$dir"
	"$PYGRUB" -q --output-directory="$dir" --output-format=simple \
		"$1" > "$dir/out" || return 1
	cat "$dir/out"
	for f in vmlinuz initrd.img; do
		from_image "$2" "/boot/$(names_in "$2" /boot |
			grep "^$f-" | sort -V | tail -n 1)" "$dir/$f"
	done
	cmp "$(sed -n 's/^kernel //p' "$dir/out")" "$dir/vmlinuz" &&
	cmp "$(sed -n 's/^ramdisk //p' "$dir/out")" "$dir/initrd.img" &&
	grep "^args .*root=\(UUID=$(uuid_of "$2")\|/dev/xvda1\)" "$dir/out"
}

uuid_of()
{
	dumpe2fs -h "$1" 2> /dev/null | sed -n 's/^Filesystem UUID: *//p'
}

# Prints a line for each file that differs and is not named in the report.
# A folder may change its times and links where a reported name was added.
unreported_changes()
{
	awk -v report="$3" '
	function bare(line) {
		gsub(/ (m|c|m\+|c\+|links)=[^ ]*/, "", line)
		return line
	}
	BEGIN { while ((getline line < report) > 0) text = text line "\n" }
	NR == FNR { old[$1] = $0; next }
	{ new[$1] = $0 }
	END {
		for (p in new) if (!(p in old)) {
			parent = p
			while (sub(/\/[^\/]*$/, "", parent))
				grown[parent == "" ? "/" : parent] = 1
			if (!index(text, p)) print "added:   " new[p]
		}
		for (p in old) if (!(p in new)) {
			if (!index(text, p)) print "removed: " old[p]
		} else if (old[p] != new[p] && !index(text, p) &&
			   !(p in grown && bare(old[p]) == bare(new[p])))
			print "changed: " old[p] "\n    now: " new[p]
	}' "$1" "$2"
}

tree_is_kept()
{
	"$exttree" "$1" > "$work/tree.old" &&
	"$exttree" "$2" "$3" > "$work/tree.new" || return 1
	[ "$(wc -l < "$work/tree.old")" -gt 3000 ] || return 1
	unreported_changes "$work/tree.old" "$work/tree.new" "$4" \
		> "$work/unreported"
	head -n 10 "$work/unreported"
	[ ! -s "$work/unreported" ]
}

# convert NAME SOURCE TARGET [OPTIONS...]: the report stays in TARGET.report.
convert()
{
	local name=$1 src=$2 dst=$3 before

	shift 3
	before=$(sha "$src")
	check "$name: dualboot runs without privileges" \
		unprivileged timeout 120 "$DISKWRIGHT" dualboot "$src" "$dst" \
		"$@"
	cp "$work/check.out" "$work/report"
	check "$name: the source is what it was" \
		[ "$before" = "$(sha "$src")" ]
	[ -s "$dst" ] || finish
}

# again_the_same SOURCE TARGET FORMAT [OPTIONS...]: one thread gives the same
# bytes.
again_the_same()
{
	local src=$1 dst=$2 again=$work/out/again.$3 rc=0

	shift 3
	unprivileged "$DISKWRIGHT" dualboot -j1 "$src" "$again" "$@" &&
		cmp "$dst" "$again" || rc=1
	rm -f "$again"
	return $rc
}

# The initrd of the guest, and what was put behind it.
initrd_has_grown()
{
	local name

	name=/boot/$(names_in "$1" /boot | grep '^initrd.img-')
	from_image "$1" "$name" "$work/initrd.old" &&
		from_image "$2?offset=$part_off" "$name" "$work/initrd.new" &&
		cmp -n "$(stat -c %s "$work/initrd.old")" \
			"$work/initrd.old" "$work/initrd.new" &&
		! cmp "$work/initrd.old" "$work/initrd.new"
}

# prove GUEST raw|qcow2 BUS...: everything that a converted guest must show,
# converted with $options; where $initrd_grows is set, modules were put into
# its initrd.
options=() initrd_grows=
prove()
{
	local guest=$1 format=$2 src dst raw

	shift 2
	src=$("$top/tests/guests/make.sh" "$guest")
	user_dir "$work/out"
	dst=$work/out/dual.$format raw=$work/out/dual.raw
	fix_source "$src" "$work/fixed"
	convert "$guest" "$src" "$dst" "${options[@]}"
	check "$guest: with one thread, the same bytes" \
		again_the_same "$src" "$dst" "$format" "${options[@]}"
	if [ "$format" = qcow2 ]; then
		check "$guest: qemu-img check" qemu-img check "$dst"
		qemu-img convert -O raw "$dst" "$raw"
	fi
	check "$guest: sfdisk -V" sfdisk -V "$raw"
	check "$guest: e2fsck finds nothing to mend" \
		fs_is_clean "$raw" "$part_off"
	check "$guest: every other file is kept" \
		tree_is_kept "$work/fixed" "$raw" "$part_off" "$work/report"
	check "$guest: diskwright check" "$DISKWRIGHT" check "$dst"
	if [ -n "$initrd_grows" ]; then
		check "$guest: the initrd has grown" \
			initrd_has_grown "$work/fixed" "$raw"
		check "$guest: PyGrub" \
			pygrub_gives "$raw" "$raw?offset=$part_off"
	else
		check "$guest: PyGrub" pygrub_gives "$raw" "$work/fixed"
	fi
	for bus; do
		check "$guest: boots on $bus" \
			guest_comes_up "$dst" "$format" "$bus"
	done
}
