#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Wrong command lines: one line on standard error, exit status 2, no files.
set -eu
. "$(dirname "$0")/../lib.sh"

cd "$work"
truncate -s 1M src.img
truncate -s 1M b.img

# status WANTED TEXT ARGUMENT...: exit status, one line that holds the text.
status()
{
	local want=$1 text=$2 got=0

	shift 2
	"$DISKWRIGHT" "$@" > out 2> err || got=$?
	if [ "$got" = "$want" ] && [ "$(wc -l < err)" = 1 ] &&
	   grep -q '^diskwright: ' err && grep -qF -- "$text" err &&
	   [ ! -s out ]; then
		ok "$want: $*"
	else
		bad "$want: $*: status $got, $(cat err)"
	fi
}

status 2 'no verb'
status 2 "there is no verb 'frob'" frob
status 2 "there is no verb 'frob'" help frob
status 2 "'--foo' is not known" dualboot --foo src.img a.img
status 2 "'-x' is not known" ls -lx src.img
status 2 "'--json=1' takes no argument" inspect --json=1 src.img
status 2 "'-j' needs an argument" dualboot -j
status 2 "'--size' needs an argument" dualboot --size
status 2 "no size" dualboot --size=12X src.img a.img
status 2 "no size" dualboot --size=0 src.img a.img
status 2 "no size" dualboot --size=99999999999999T src.img a.img
status 2 "no number" dualboot -j two src.img a.img
status 2 "--layout" dualboot --layout=odd src.img a.img
status 2 "--net" dualboot --net=drop src.img a.img
status 2 "no UUID" dualboot --new-uuid=123 src.img a.img
status 2 "no UUID" \
	dualboot --new-uuid=00112233-4455-6677-8899-aabbccddeeffa src.img a
status 2 "format is called" dualboot -O vdi src.img a.img
status 2 ".vdi stands for" dualboot src.img a.vdi
status 2 "--progress" dualboot --progress=loud src.img a.img
status 2 "no TARGET" dualboot src.img
status 2 "takes no TARGET" dualboot --in-place src.img a.img
status 2 "--undo goes with --in-place" dualboot --undo=u src.img a.img
status 2 "--in-place changes a raw" dualboot --in-place -O qcow2 src.img
status 2 "--force does not go" dualboot --in-place --force src.img
status 2 "too many operands" dualboot a b c
status 2 "too few operands" inspect
status 2 "too many operands" inspect a b
status 2 "SOURCE and TARGET at once" dualboot --force src.img src.img
status 2 "SOURCE and TARGET at once" dualboot --force src.img@p1 ./src.img
status 2 "'@x' names no layer" inspect src.img@x
status 2 "makes no sense here" inspect src.img:/etc
status 2 "does not start with '/'" cat src.img:etc
status 2 "called \"odd\"" inspect --format=odd src.img
status 1 "none.img" inspect none.img
status 1 "no partition 1" inspect src.img@p1
status 1 "no volume group vg0" inspect src.img@vg0/root
status 1 "is an LVM physical volume" volumes src.img
status 3 "is an LVM physical volume" inspect --pv b.img src.img@vg0/root
status 2 "too few operands" volumes
status 2 "names it as a source" convert --pv=b.img --force src.img b.img
status 2 "names it as a source" convert --pv-dir=. --force src.img b.img

export SOURCE_DATE_EPOCH=yesterday
status 2 'SOURCE_DATE_EPOCH' inspect src.img
SOURCE_DATE_EPOCH=99999999999999999999999
status 2 'SOURCE_DATE_EPOCH' inspect src.img
unset SOURCE_DATE_EPOCH

check 'nothing was made' \
	sh -c "! ls | grep -vxE 'b.img|check.out|err|out|src.img'"
if [ -w /dev/full ]; then
	for args in --help --version 'help ls' 'ls --help'; do
		check "standard output full: $args" sh -c "
			'$DISKWRIGHT' $args > /dev/full 2> err; [ \$? = 1 ] &&
			grep -q '^diskwright: standard output' err"
	done
fi
finish
