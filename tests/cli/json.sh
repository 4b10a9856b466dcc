#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --json: valid JSON, in success and failure, with documented members only.
set -eu
. "$(dirname "$0")/../lib.sh"
need jq mke2fs debugfs tar xz gzip

cd "$work"
mkdir tree
printf 'hello\n' > "tree/$(printf 'odd\377\033[31m\nname')"
ln -s ../etc/target tree/link
mke2fs -q -t ext4 -d tree -L "$(printf 'la\033bel')" fs.img 8M > mke2fs.out
truncate -s 1M empty.img

# run NAME STATUS ARGUMENT...: NAME.json holds the object.
run()
{
	local name=$1 want=$2 got=0

	shift 2
	"$DISKWRIGHT" "$@" > "$name.json" 2> "$name.err" || got=$?
	if [ "$got" = "$want" ] &&
	   [ "$(jq -s 'length == 1 and .[0].status == '"$want" \
		"$name.json")" = true ]; then
		ok "$*: status $want"
	else
		bad "$*: status $got, wanted $want: $(cat "$name.err")"
	fi
}

run ls 0 ls --json fs.img
run inspect 0 inspect --json fs.img
tar -xf "$top/tests/images/lvm/snap.tar.xz"
run volumes 0 volumes --json pv0.img pv1.img
run group 0 inspect --json pv0.img
gzip -dc "$top/tests/images/good-md-1.2.img.gz" > member.img
run member 0 inspect --json member.img
run plan 3 dualboot --json empty.img out.img
run missing 1 check --json none.img
run check 0 check --json "$top/tests/images/good-snapshot.qcow2"
run info 0 info --json "$top/tests/images/good-snapshot.qcow2"
run resize 0 resize --dry-run --json fs.img +1M
run map 0 map --json fs.img
run extract 1 extract --partial -n --json fs.img p1 -o none
run parts 0 extract --all -n --json "$top/tests/images/good-mbr.img" -o none
run equal 0 compare --json fs.img fs.img
run differ 1 compare --json fs.img empty.img
run apart 2 compare --json fs.img none.img
run undo 1 undo --json fs.img

check 'names are made valid UTF-8, controls escaped' jq -e \
	'.items | map(.name) | index("odd\ufffd\u001b[31m\nname")' ls.json
check 'no control byte is printed' sh -c '! LC_ALL=C grep -q "[[:cntrl:]]" \
	ls.json inspect.json'
check 'links have a target' jq -e \
	'.items[] | select(.name == "link") | .target == "../etc/target" and
	 .mode == "lrwxrwxrwx"' ls.json
check 'inspect names the filesystem' jq -e \
	'[.. | .filesystem? // empty] | length == 1 and .[0].type == "ext4" and
	 .[0].label == "la\u001bbel" and .[0].readable' inspect.json
check 'sizes are numbers' jq -e '.size == 8388608' inspect.json
check 'errors are objects' jq -e '.error.code == "unsupported" and
	(.error.text | length > 0)' plan.json
check 'a missing image' jq -e '.error.code == "missing"' missing.json

# Every member that is printed has its name in the documentation.
for f in ls inspect volumes group member plan missing undo check info resize \
	map equal differ apart extract parts; do
	jq -r 'paths | map(strings) | .[-1] // empty' "$f.json"
done | sort -u > members
while read -r member; do
	grep -q "\`$member\`" "$top/docs/json.md" || echo "$member"
done < members > undocumented
check 'all members are documented' sh -c 'cat undocumented
	[ ! -s undocumented ]'
finish
