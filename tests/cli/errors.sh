#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Bad input and a host that fails: one clear line, the right exit status, and
# nothing left behind.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/small.sh"
need mke2fs debugfs

images=$top/tests/images
small_guest "$work/good.img"
user_dir "$work/out"

# fails NAME STATUS PATTERN COMMAND...: COMMAND runs in an empty folder.
fails()
{
	local name=$1 status=$2 pattern=$3 rc=0 want have

	shift 3
	want=$(ls -A "$work/out")
	(cd "$work/out" && unprivileged timeout 60 "$@") \
		> "$work/stdout" 2> "$work/stderr" || rc=$?
	have=$(ls -A "$work/out")
	if [ "$rc" != "$status" ]; then
		bad "$name: status $rc instead of $status"
	elif [ "$(grep -c '' "$work/stderr")" != 1 ] ||
	     ! grep -q '^diskwright: ' "$work/stderr"; then
		bad "$name: not one line of error"
	elif ! grep -qiE "$pattern" "$work/stderr"; then
		bad "$name: the error does not name '$pattern'"
	elif [ "$want" != "$have" ]; then
		bad "$name: left behind: $have"
	else
		ok "$name"
		return 0
	fi
	sed 's/^/    /' "$work/stderr"
	rm -rf "${work:?}/out"
	user_dir "$work/out"
}

dualboot=("$DISKWRIGHT" dualboot --allow-unbootable)
convert=("$DISKWRIGHT" convert)

# The same job must work where nothing is wrong, or this proves nothing.
for format in raw qcow2; do
	check "the job works: $format" unprivileged "${dualboot[@]}" \
		"$work/good.img" "$work/out/x.$format"
	rm -f "$work/out/x.$format"
	check "converting works: $format" unprivileged "${convert[@]}" \
		"$work/good.img" "$work/out/x.$format"
	rm -f "$work/out/x.$format"
done

# ---- inputs

head -c 9M "$work/good.img" > "$work/short.img"
fails 'truncated image' 4 'truncat|past|short|larger|blocks' \
	"${dualboot[@]}" "$work/short.img" x.img

head -c 1M /dev/urandom > "$work/noise.img"
fails 'not a filesystem' 3 'known filesystem' \
	"${dualboot[@]}" "$work/noise.img" x.img
: > "$work/empty.img"
fails 'an empty file' 3 'empty|no filesystem|nothing' \
	"${dualboot[@]}" "$work/empty.img" x.img
fails 'no such file' 1 'no such file' \
	"${dualboot[@]}" "$work/none.img" x.img

# Fields that do not fit together, and a superblock that is gone.
for spot in 1048:4 1024:1024; do
	cp "$work/good.img" "$work/super.img"
	head -c "${spot#*:}" /dev/zero | tr '\0' '\377' |
		dd of="$work/super.img" bs=1 seek="${spot%:*}" conv=notrunc \
		2> /dev/null
	fails "damaged superblock ($spot)" 4 'backup' \
		"${dualboot[@]}" "$work/super.img" x.img
done

while read -r status pattern name; do
	fails "$name" "$status" "${pattern//_/ }" \
		"${dualboot[@]}" "$images/$name" x.img
done <<-'EOF'
	4 overlap			bad-mbr-overlap.img
	4 past|end|beyond|after		bad-mbr-past-end.img
	4 loop|cycl|twice|again|chain	bad-ebr-cyclic.img
	4 before			bad-gpt-end-before-start.img
	4 within|past|after		bad-gpt-past-end.img
	4 L1				bad-l1-past-end.qcow2
	4 L2				bad-l2-past-end.qcow2
	3 backing			unsupported-backing.qcow2
	3 GPT				good-gpt.img
EOF

# ---- the host

(
	ulimit -f 4096
	fails 'file size limit, raw' 1 'large|limit|space' \
		"${dualboot[@]}" "$work/good.img" x.img
	fails 'file size limit, qcow2' 1 'large|limit|space' \
		"${dualboot[@]}" "$work/good.img" x.qcow2
	for format in raw qcow2 vhd; do
		fails "convert, file size limit, $format" 1 \
			'large|limit|space' "${convert[@]}" -O $format \
			"$work/good.img" x
	done
	echo "$passed $failed" > "$work/counts"
)
read -r passed failed < "$work/counts"

echo precious > "$work/out/there.img"
fails 'existing target' 1 'exist' \
	"${dualboot[@]}" "$work/good.img" there.img
check 'it keeps its content' grep -q precious "$work/out/there.img"
rm -f "$work/out/there.img"

mkdir -m 555 "$work/locked"
fails 'unwritable target' 1 'permission|denied' \
	"${dualboot[@]}" "$work/good.img" "$work/locked/x.img"
fails 'convert, unwritable target' 1 'permission|denied' \
	"${convert[@]}" "$work/good.img" "$work/locked/x.img"
fails 'no such folder' 1 'no such' \
	"${dualboot[@]}" "$work/good.img" "$work/none/x.img"

if [ "$(id -u)" = 0 ] && mkdir "$work/tiny" &&
   mount -t tmpfs -o size=6m,mode=777 tmpfs "$work/tiny" 2> /dev/null; then
	for format in raw qcow2; do
		fails "full filesystem, $format" 1 'space' \
			"${dualboot[@]}" "$work/good.img" "$work/tiny/x.$format"
		fails "convert, full filesystem, $format" 1 'space' \
			"${convert[@]}" "$work/good.img" "$work/tiny/x.$format"
		check "nothing stays on it, $format" \
			[ -z "$(ls -A "$work/tiny")" ]
	done
	umount "$work/tiny"
else
	skip 'full filesystem: mounting a tmpfs is not allowed here'
fi

# ---- in use

if command -v qemu-system-x86_64 > /dev/null; then
	cp "$work/good.img" "$work/held.img"
	chmod 666 "$work/held.img"
	timeout 60 qemu-system-x86_64 -accel tcg -S -nodefaults -display none \
		-monitor none -drive "file=$work/held.img,format=raw" \
		2> /dev/null &
	holder=$!
	kept_pids+=("$holder")
	for _ in $(seq 50); do
		grep -q ":$(stat -c %i "$work/held.img") " /proc/locks && break
		sleep 0.2
	done
	fails 'a source that QEMU holds' 1 'in use|use' \
		"${dualboot[@]}" "$work/held.img" x.img
	fails 'convert, a source that QEMU holds' 1 'in use|use' \
		"${convert[@]}" "$work/held.img" x.img
	check 'with --force it is converted' unprivileged "${convert[@]}" \
		--force "$work/held.img" "$work/out/x.img"
	rm -f "$work/out/x.img"
	check 'with --force it is taken' unprivileged "${dualboot[@]}" --force \
		"$work/held.img" "$work/out/x.img"
	rm -f "$work/out/x.img"
	kill "$holder"
	wait "$holder" || :
else
	skip 'a source that QEMU holds: qemu-system-x86_64 is missing'
fi
finish
