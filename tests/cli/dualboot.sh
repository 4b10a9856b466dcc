#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The verb dualboot as a command: plan, formats, progress, targets.  Whether
# guests boot is the business of tests/boot; here is a root without a kernel.
set -eu
. "$(dirname "$0")/../lib.sh"
need mke2fs e2fsck sfdisk qemu-img jq

cd "$work"
mkdir -p tree/etc tree/sbin tree/boot/grub
printf '/dev/xvda1\t/\text4\tdefaults\t0 1\n# \033[31mred\n' > tree/etc/fstab
printf 'default 0\ntitle x\nroot (hd0)\nkernel /boot/k root=/dev/xvda1\n' \
	> tree/boot/grub/menu.lst
head -c 6000000 /dev/urandom > tree/data
mke2fs -q -t ext4 -d tree -U 01234567-89ab-cdef-0123-456789abcdef src.img 24M \
	> mke2fs.out
before=$(sha src.img)
# There is no kernel in it, so nothing could ever boot.
go="$DISKWRIGHT dualboot --allow-unbootable"

status=0
"$DISKWRIGHT" dualboot src.img out.img > plan.txt 2> err || status=$?
check 'what would not boot has status 5' test "$status" = 5
check 'the plan is printed all the same' grep -q 'would not boot' plan.txt
check 'one line says why' sh -c '[ $(wc -l < err) = 1 ] &&
	grep -q "^diskwright: .*would not boot.*--allow-unbootable" err'
check 'there is no target' sh -c '! ls out* .out* 2> /dev/null'

check 'dry run' $go -n src.img out.img
check 'a dry run writes nothing' sh -c '! ls out* .out* 2> /dev/null'
check 'the plan shows the old line' grep -qP \
	'^ +1 - /dev/xvda1\t/\text4\tdefaults\t0 1$' plan.txt
check 'the plan shows the new line' grep -qP \
	'^ +\+ UUID=01234567-89ab-cdef-0123-456789abcdef\t/\text4' plan.txt
check 'no control byte reaches the terminal' sh -c \
	'! LC_ALL=C tr -d "\n\t" < plan.txt | LC_ALL=C grep -q "[[:cntrl:]]"'

check 'raw by default' $go src.img out.img
check 'the partition table is good' sfdisk -V out.img
check 'the filesystem is clean' e2fsck -fn out.img?offset=1048576
check 'qcow2 by suffix' $go src.img out.qcow2
check 'it is qcow2' qemu-img check -f qcow2 out.qcow2
check 'qcow2 by option' $go -O qcow2 src.img out.bin
check 'the name does not matter' cmp out.bin out.qcow2
check 'both hold the same disk' qemu-img compare -f raw -F qcow2 out.img \
	out.qcow2
check 'one thread, the same bytes' sh -c \
	"$go -j1 src.img one.qcow2 && cmp one.qcow2 out.qcow2"
check 'a larger disk' sh -c "$go --size=64M src.img large.img &&
	[ \$(stat -c %s large.img) = 67108864 ]"

# fails STATUS TEXT COMMAND...
fails()
{
	local want=$1 text=$2 got=0

	shift 2
	"$@" > out.txt 2> err || got=$?
	if [ "$got" = "$want" ] && grep -qF -- "$text" err &&
	   [ "$(wc -l < err)" = 1 ]; then
		ok "$want: $text"
	else
		bad "$want: $text: status $got, $(cat err)"
	fi
}

fails 1 '--force replaces it' $go src.img out.img
check 'force replaces' $go --force src.img out.img
fails 1 'nowhere' $go src.img nowhere/out.img
if [ -w /dev/full ]; then
	fails 1 'standard output' sh -c "$go src.img full.img > /dev/full"
	check 'nothing is written when the plan is not read' test ! -e full.img
fi

$go --json src.img json.img > json.out 2> err || bad "json: $(cat err)"
check 'JSON: plan and report' jq -e '.status == 0 and .plan.layout.partition
	== 1 and .report.copied > 6000000 and .report.kvm.boots == false and
	(.plan.changes | map(.path) | index("/etc/fstab")) != null' json.out
jq -r 'paths | map(strings) | .[-1] // empty' json.out | sort -u |
	while read -r m; do grep -q "\`$m\`" "$top/docs/json.md" || echo "$m"
	done > undocumented
check 'JSON: all members are documented' \
	sh -c 'cat undocumented; [ ! -s undocumented ]'
$go --progress=json src.img progress.img > out.txt 2> progress
check 'progress as JSON lines' jq -se 'length > 0 and
	(.[-1] | .done == .total and .total > 0 and .phase != "")' progress
$go src.img quiet.img > out.txt 2> err
check 'no progress where standard error is no terminal' test ! -s err

cp src.img place.img
status=0
$go --in-place place.img > out.txt 2> err || status=$?
if [ "$status" = 0 ]; then
	check 'in place is what a copy is' cmp place.img out.img
	check 'the undo record is gone' test ! -e place.img.diskwright-undo
elif grep -q 'insert' err; then
	skip "in place: $(cat err)"
	check 'in place, refused: nothing changed' cmp place.img src.img
else
	bad "in place: status $status, $(cat err)"
fi
fails 1 'place.img.diskwright-undo' "$DISKWRIGHT" undo place.img
check 'the source is unchanged' test "$(sha src.img)" = "$before"
finish
