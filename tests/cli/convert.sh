#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The verb convert as a command: plan, formats, options, targets, errors.  What
# is copied of a disk is the business of convert-used.sh and convert-disks.sh.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/small.sh"
need mke2fs e2fsck qemu-img jq

cd "$work"
small_guest src.img 24
before=$(sha src.img)
user_dir out
go="unprivileged $DISKWRIGHT convert"

# ---- what comes out

check 'dry run' $go -n src.img out/x.img
check 'a dry run writes nothing' [ -z "$(ls -A out)" ]
$go src.img out/x.img > plan.txt 2> err || bad "raw: $(cat err)"
check 'the plan names the filesystem' grep -qE \
	'^  disk +ext4, 24 MiB: 1[0-9.]+ MiB copied, [0-9.]+ MiB left behind' \
	plan.txt
check 'the report has sizes' grep -qE '^Done: .* MiB read, ' plan.txt
check 'the copy is a clean filesystem' e2fsck -fn out/x.img
check 'it has the size of the source' [ "$(stat -c %s out/x.img)" = 25165824 ]
check 'qcow2 by suffix' $go src.img out/x.qcow2
check 'it is qcow2' qemu-img check -f qcow2 out/x.qcow2
check 'qcow2 by option' $go --target-format=qcow2 src.img out/bin
check 'the name does not matter' cmp out/bin out/x.qcow2
check 'both hold the same disk' qemu-img compare -f raw -F qcow2 out/x.img \
	out/x.qcow2
check 'a copy of the copy' $go out/x.qcow2 out/again.qcow2
check 'is the same' cmp out/x.qcow2 out/again.qcow2
check 'one thread, the same bytes' sh -c \
	"$(declare -f unprivileged); $go -j1 --compress=zlib src.img out/1.qcow2 &&
	 $go -j4 --compress=zlib src.img out/4.qcow2 && cmp out/[14].qcow2"
check 'a level is taken' $go --compress=zstd:19 src.img out/19.qcow2
check 'and used' sh -c "$(declare -f unprivileged)
	$go --compress=zstd:1 src.img out/l1.qcow2 && ! cmp -s out/l1.qcow2 out/19.qcow2"
check 'all blocks' $go --all-blocks src.img out/all.img
check 'are the source' cmp src.img out/all.img
check 'a fixed VHD' $go --subformat=fixed src.img out/x.vhd
check 'holds the disk' qemu-img compare -q -f raw -F vpc out/all.img out/x.vhd
rm -f out/*

# 14 MiB at 10 MiB a second.
start=${EPOCHREALTIME/./}
check 'a rate' $go --rate=10M src.img out/x.img
check 'is kept' [ $((${EPOCHREALTIME/./} - start)) -gt 1200000 ]
rm -f out/*

# ---- standard input and output

$go --no-sync src.img out/x.img > plain.txt
$go src.img - > piped 2> err || bad "to standard output: $(cat err)"
check 'to standard output' cmp piped out/x.img
check 'the plan goes beside it' grep -q 'MiB left behind' err
$go - out/y.img < src.img > in.txt 2> err || bad "from a file: $(cat err)"
check 'from standard input' cmp out/y.img out/x.img
# shellcheck disable=SC2002
cat src.img | $go --spool-dir="$work/out" - - 2> err | cat > through ||
	bad "through pipes: $(cat err)"
check 'from a pipe into a pipe' cmp through out/x.img
check 'nothing of it stays' sh -c '[ "$(ls out)" = "x.img
y.img" ]'
rm -f out/*

# ---- what does not

# fails STATUS TEXT ARGUMENT...: one line that holds TEXT, nothing left.
fails()
{
	local want=$1 text=$2 got=0 had

	shift 2
	had=$(ls -A out)
	$go "$@" > out.txt 2> err || got=$?
	if [ "$got" = "$want" ] && grep -qF -- "$text" err &&
	   [ "$(wc -l < err)" = 1 ] && [ "$(ls -A out)" = "$had" ]; then
		ok "$want: $text"
	else
		bad "$want: $text: status $got, $(cat err), $(ls -A out)"
	fi
}

fails 2 'no image format is called "vdx"' -O vdx src.img out/x
fails 2 'the format that .vdi stands for' src.img out/x.vdi
fails 2 'no compression is called "lz4"' --compress=lz4 src.img out/x.qcow2
fails 2 '"0" is no level' --compress=zlib:0 src.img out/x.qcow2
fails 2 '"9a" is no level' --compress=zlib:9a src.img out/x.qcow2
fails 2 'levels 1 to 9, not 10' --compress=zlib:10 src.img out/x.qcow2
fails 2 'qcow2: compressed by' --compress=xz src.img out/x.qcow2
fails 2 'raw: has no compression' --compress=zlib src.img out/x.img
fails 2 'qcow2: clusters of 5000' --cluster-size=5000 src.img out/x.qcow2
fails 2 'no size' --cluster-size=big src.img out/x.qcow2
fails 2 '5368709120 bytes are too many' --cluster-size=5G src.img out/x.qcow2
check 'qcow2 is not written in order' sh -c "$(declare -f unprivileged)
	$go -O qcow2 src.img - 2>&1 > piped | grep 'not written in order' &&
	[ ! -s piped ]"
fails 2 'cannot both go' --json src.img -
fails 2 'no subformat' --subformat=thin -O vhd src.img out/x
fails 2 'no size' --rate=0 src.img out/x.qcow2
fails 2 'SOURCE and TARGET at once' --force src.img src.img
fails 2 'SOURCE and TARGET at once' --force ./src.img@p1 src.img
ln src.img link.img
fails 2 'SOURCE and TARGET at once' --force src.img link.img
fails 2 "makes no sense here" src.img:/etc/fstab out/x
fails 1 'no partition 1' src.img@p1 out/x
fails 1 'nowhere' src.img nowhere/x.img
fails 1 'none.img' none.img out/x.img
fails 2 'too few operands' src.img
fails 3 'backing' "$top/tests/images/unsupported-backing.qcow2" out/x.img
fails 4 'L2' "$top/tests/images/bad-l2-past-end.qcow2" out/x.img
# The plan is made before anything else: that of a dry run has the same errors.
fails 2 'qcow2: clusters of 5000' -n --cluster-size=5000 src.img out/x.qcow2

echo precious > out/there.img
fails 1 '--force replaces it' src.img out/there.img
check 'it keeps its content' grep -q precious out/there.img
check 'force replaces' $go --force src.img out/there.img
check 'by the copy' e2fsck -fn out/there.img
rm -f out/*
if [ -w /dev/full ]; then
	status=0
	$go src.img out/x.img > /dev/full 2> err || status=$?
	check 'the plan cannot be told' [ "$status" = 1 ]
	check 'nothing is written then' [ -z "$(ls -A out)" ]
fi

# ---- for programs

$go --json src.img out/json.img > json.out 2> err || bad "json: $(cat err)"
check 'JSON: plan and report' jq -e '.status == 0 and
	.plan.target_format == "raw" and .plan.disk_size == 25165824 and
	(.plan.areas | length == 1 and .[0].type == "ext4" and .[0].note == null and
	 .[0].copy > 12000000) and
	.report.copied == .plan.copy and
	.report.written > 12000000 and .report.file_size == 25165824' json.out
jq -r 'paths | map(strings) | .[-1] // empty' json.out | sort -u |
	while read -r m; do grep -q "\`$m\`" "$top/docs/json.md" || echo "$m"
	done > undocumented
check 'JSON: all members are documented' \
	sh -c 'cat undocumented; [ ! -s undocumented ]'
$go --progress=json src.img out/progress.img > out.txt 2> progress
check 'progress as JSON lines' jq -se 'length > 0 and
	(.[-1] | .done == .total and .total > 0 and .phase != "")' progress
$go src.img out/quiet.img > out.txt 2> err
check 'no progress where standard error is no terminal' test ! -s err
check 'the source is unchanged' test "$(sha src.img)" = "$before"
finish
