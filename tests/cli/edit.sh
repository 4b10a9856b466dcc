#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# edit: files inside images, by expressions, as sed does it, and by an editor.
set -eu
. "$(dirname "$0")/../lib.sh"
need mke2fs e2fsck debugfs dumpe2fs qemu-img jq sed

cd "$work"
mkdir -p tree/etc tmp
printf '/dev/xvda1 / ext4 defaults 0 1\n/dev/xvda2 none swap sw 0 0\n' \
	> tree/etc/fstab
printf 'one\ntwo\nthree\r\nfour' > tree/etc/text
printf 'a\0b\n' > tree/etc/binary
: > tree/etc/empty
chmod 600 tree/etc/text
ln -s text tree/etc/link
seq 40000 > tree/etc/numbers
mke2fs -q -t ext4 -b 1024 -d tree base.img 24M > mke2fs.out
printf 'ln /etc/text /etc/hard\nsif /etc/text links_count 2
	ea_set /etc/text user.key value\nsif /etc/text uid 7\n' |
	debugfs -w -f - base.img > debugfs.out 2>&1
e2fsck -fn base.img > fsck.out 2>&1 || { cat fsck.out; exit 1; }
export TMPDIR=$work/tmp
unset VISUAL EDITOR

fresh()
{
	cp --sparse=always base.img fs.img
}

edit()
{
	"$DISKWRIGHT" edit "$@" && e2fsck -fn fs.img
}

content()
{
	"$DISKWRIGHT" cat "fs.img:$1"
}

stat_of()
{
	debugfs -R "stat $1" fs.img 2> /dev/null
}

# refused STATUS TEXT ARGUMENT...: one line, and not a byte is changed.
refused()
{
	local want=$1 text=$2 got=0 before

	shift 2
	before=$(sha fs.img)
	"$DISKWRIGHT" edit "$@" > out 2> err || got=$?
	if [ "$got" = "$want" ] && [ "$(wc -l < err)" = 1 ] &&
	   grep -qF -- "$text" err && [ "$(sha fs.img)" = "$before" ] &&
	   [ -z "$(ls -A tmp)" ]; then
		ok "$want: edit $*"
	else
		bad "$want: edit $*: status $got, $(cat err), $(ls -A tmp)"
	fi
}

# ---- expressions ----------------------------------------

# like_sed EXPRESSION...
like_sed()
{
	local args=() e

	for e; do
		args+=(-e "$e")
	done
	fresh
	edit "${args[@]}" fs.img:/etc/fstab &&
		content /etc/fstab | cmp - <(sed -E "${args[@]}" \
			tree/etc/fstab) || return 1
	edit "${args[@]}" fs.img:/etc/numbers > /dev/null &&
		content /etc/numbers | cmp - <(sed -E "${args[@]}" \
			tree/etc/numbers)
}

for e in 's/xvda/vda/' 's,/dev/xvd([a-z]),/dev/vd\1,g' 's/0*/<&>/g' \
	's/[0-9]+$//' 's/\b/|/g' 's/(.)(.)/\2\1/g' 's/x/\//' 's/^/# /' \
	's/(1|2)+/N/g' 's/$/ end/' 's/.//g' 's/s.*s/\&&/' 's/ /\n/g' \
	's/ /\t\\t/' 's/[\t 0]/\\n/g' 's/[1-3]+/<\0>/g' 's/ n|0\n/x/'; do
	check "as sed: $e" like_sed "$e"
done
check 'several expressions' like_sed 's/a/b/g' 's/b/c/' 's/^c/d/'

tells_lines()
{
	fresh
	edit -e 's/xvda/vda/' fs.img:/etc/fstab > out || return 1
	cat out
	grep -- '- /dev/xvda1 / ext4' out && grep -- '+ /dev/vda1 / ext4' out
	edit --json -e 's/vda1/vda3/' fs.img:/etc/fstab > out || return 1
	sed '/^}/q' out | jq -e '.changed and .path == "/etc/fstab" and
		.way == "journal" and (.changes | length) == 1 and
		.changes[0].line == 1 and
		.changes[0].after == "/dev/vda3 / ext4 defaults 0 1"'
}

stays_itself()
{
	local inode

	fresh
	inode=$(stat_of /etc/text | grep -o 'Inode: [0-9]*')
	edit -e 's/e$/E/' fs.img:/etc/link > out || return 1
	content /etc/hard | cmp - <(printf 'onE\ntwo\nthreE\r\nfour') ||
		return 1
	stat_of /etc/text > stat
	cat stat
	grep "$inode " stat && grep 'Mode:  0600' stat &&
		grep 'User:  *7 ' stat && grep 'Links: 2 ' stat &&
		grep 'user.key (5) = "value"' stat &&
		stat_of /etc/link | grep 'Type: symlink'
}

nothing_to_do()
{
	local before

	fresh
	before=$(sha fs.img)
	edit -e 's/nowhere/x/' -b .bak fs.img:/etc/text > out &&
		grep unchanged out && [ "$(sha fs.img)" = "$before" ] &&
		! content /etc/text.bak
}

dry_run()
{
	local before

	fresh
	before=$(sha fs.img)
	"$DISKWRIGHT" edit -n -e 's/one/1/' fs.img:/etc/text > out &&
		grep 'would be' out && grep -- '+ 1$' out &&
		[ "$(sha fs.img)" = "$before" ]
}

keeps_backup()
{
	fresh
	edit -e 's/one/1/' -b .orig fs.img:/etc/link > out || return 1
	cat out
	grep '/etc/text.orig' out && content /etc/text.orig |
		cmp - tree/etc/text && content /etc/text | grep '^1$' ||
		return 1
	stat_of /etc/text.orig > stat
	cat stat
	grep 'Mode:  0600' stat && grep 'User:  *7 ' stat &&
		grep 'Links: 1 ' stat && grep 'user.key (5) = "value"' stat
}

in_qcow2()
{
	qemu-img convert -O qcow2 base.img disk.qcow2
	"$DISKWRIGHT" edit -e 's/one/1/' disk.qcow2:/etc/text &&
		qemu-img check disk.qcow2 &&
		qemu-img convert -O raw disk.qcow2 fs.img &&
		e2fsck -fn fs.img && content /etc/text | grep '^1$'
}

check 'each changed line is told' tells_lines
check 'the file stays itself, links are followed' stays_itself
check 'no match: nothing is written' nothing_to_do
check '--dry-run' dry_run
check '--backup' keeps_backup
refused 1 'there already' -e 's/two/2/' -b .orig fs.img:/etc/link
check 'in qcow2' in_qcow2
fresh
refused 2 'is not s/' -e 'd' fs.img:/etc/text
refused 2 'nmatched' -e 's/(/x/' fs.img:/etc/text
refused 2 'has 0 groups' -e 's/a/\1/' fs.img:/etc/text
refused 2 '\x is not known' -e 's/a/\x41/' fs.img:/etc/text
refused 2 '\d is not known' -e 's/\d/x/' fs.img:/etc/text
refused 1 'more than 16777216 bytes' -e 's/.*/&&&&&&&&/' -e 's/.*/&&&&&&&&/' \
	-e 's/.*/&&&&&&&&/' fs.img:/etc/numbers
refused 2 'no suffix' -e 's/o/x/' -b /x fs.img:/etc/text
refused 2 'no suffix' -e 's/o/x/' -b '' fs.img:/etc/text
refused 3 'byte 1 is 0' -e 's/a/b/' fs.img:/etc/binary
refused 1 'no such file' -e 's/a/b/' fs.img:/etc/none
refused 1 'no such file' -e 's/a/b/' fs.img:/none/none
refused 2 'is a directory' -e 's/a/b/' fs.img:/etc
refused 2 'no path inside' -e 's/a/b/' fs.img
debugfs -w -R 'sif /etc/text flags 0x80010' fs.img 2> /dev/null
refused 3 'immutable' -e 's/o/x/' fs.img:/etc/text
fresh
truncate -s 17M huge
"$DISKWRIGHT" put huge fs.img:/huge > out
refused 1 '16777216' -e 's/a/b/' fs.img:/huge

# ---- an editor ----------------------------------------

cat > ed.sh << 'EOF'
#!/bin/sh
# Notes how it was called, then does what $DO says to the file, its last
# argument.
[ "$1" != --flag ] || shift
stat -c '%a' "$1" "$(dirname "$1")" > "$LOG"
basename "$1" >> "$LOG"
case $DO in
append)	echo more >> "$1" ;;
rename)	echo other > "$1.new"; mv "$1.new" "$1"; : > "$1.swp" ;;
binary)	printf 'x\0y' > "$1" ;;
remove)	rm "$1" ;;
link)	ln -sf /etc/passwd "$1" ;;
fail)	echo lost > "$1"; exit 3 ;;
grow)	head -c 17000000 /dev/zero >> "$1" ;;
page)	seq 9000 >> "$1" ;;
busy)	"$DISKWRIGHT" put "$LOG" fs.img:/x 2> busy && exit 4; exit 0 ;;
esac
EOF
chmod +x ed.sh
export LOG=$work/log DISKWRIGHT DO

by_editor()
{
	fresh
	DO=append EDITOR="$work/ed.sh --flag" edit fs.img:/etc/text > out ||
		return 1
	cat out log
	[ "$(tr '\n' ' ' < log)" = '600 700 text ' ] && [ -z "$(ls -A tmp)" ] &&
		content /etc/text | cmp - <(cat tree/etc/text; echo more) &&
		grep -- '+ fourmore' out
}

by_renaming()
{
	fresh
	DO=rename VISUAL=$work/ed.sh EDITOR=false edit fs.img:/etc/empty &&
		[ -z "$(ls -A tmp)" ] && [ "$(content /etc/empty)" = other ]
}

by_editor_binary()
{
	fresh
	DO=binary EDITOR=$work/ed.sh edit fs.img:/etc/binary > out &&
		grep 'no text: 4 bytes become 3' out &&
		content /etc/binary | cmp - <(printf 'x\0y')
}

unchanged()
{
	local before

	fresh
	before=$(sha fs.img)
	EDITOR=true edit fs.img:/etc/text | grep unchanged &&
		[ "$(sha fs.img)" = "$before" ]
}

locked_meanwhile()
{
	fresh
	DO=busy EDITOR=$work/ed.sh edit fs.img:/etc/text && cat busy &&
		grep 'in use\|writes to it' busy
}

odd_name()
{
	local name=$'odd \e[31m;$(touch x)'

	fresh
	"$DISKWRIGHT" put log "fs.img:/$name" > /dev/null
	DO=append EDITOR=$work/ed.sh edit "fs.img:/$name" > out &&
		[ "$(tail -n 1 log)" = file ] && [ ! -e x ] &&
		! grep -q "$(printf '\033')" out
}

check 'an editor' by_editor
check 'an editor that puts another file there' by_renaming
check 'an editor, and no text' by_editor_binary
check 'an editor that changes nothing' unchanged
check 'the image is locked while it runs' locked_meanwhile
check 'a name for no shell and no terminal' odd_name
# In vain: no editor is begun that could not put anything back.
unseen()
{
	rm -f log
	DO=append EDITOR=$work/ed.sh refused "$@"
	[ ! -e log ] || bad "an editor ran for nothing: $*"
}

# kept WANT COMMAND...: it fails, and what was typed is where it says.
kept()
{
	local want=$1 before copy

	shift
	before=$(sha fs.img)
	! EDITOR=$work/ed.sh "$@" > out 2> err || return 1
	cat err
	copy=$(sed -n 's/.*kept in //p' err)
	[ "$(wc -l < err)" = 1 ] && grep -q "$want" err && [ -f "$copy" ] &&
		[ "$(stat -c %a "$copy" "$(dirname "$copy")" | tr '\n' ' ')" \
			= '600 700 ' ] && [ "$(sha fs.img)" = "$before" ] &&
		cp "$copy" typed && rm -r "$(dirname "$copy")"
}

kept_too_long()
{
	fresh
	DO=grow kept 'more than 16777216' "$DISKWRIGHT" edit \
		fs.img:/etc/text && [ "$(stat -c %s typed)" -gt 17000000 ]
}

kept_without_room()
{
	local blocks

	fresh
	blocks=$(dumpe2fs -h fs.img 2> /dev/null |
		sed -n 's/^Free blocks: *//p')
	head -c $(((blocks - 40) * 1024)) /dev/urandom > large
	"$DISKWRIGHT" put large fs.img:/large > /dev/null || return 1
	rm large
	DO=page kept 'are free' "$DISKWRIGHT" edit fs.img:/etc/text &&
		cmp typed <(cat tree/etc/text; seq 9000)
}

fresh
edit -e 's/one/1/' -b .orig fs.img:/etc/link > out
unseen 1 'there already' -b .orig fs.img:/etc/link
mke2fs -q -F -t ext2 -d tree e2.img 16M
qemu-img convert -O qcow2 e2.img e2.qcow2
unseen 3 'no journal' e2.qcow2:/etc/text
check 'too long by now: it is kept' kept_too_long
check 'no room for it: it is kept' kept_without_room
fresh
export EDITOR=$work/ed.sh
DO=fail refused 1 'ended with status 3' fs.img:/etc/text
DO=remove refused 1 'No such file' fs.img:/etc/text
DO='link' refused 1 'symbolic links' fs.img:/etc/text
check 'no such editor' sh -c "! EDITOR=/nonexistent '$DISKWRIGHT' edit \
	fs.img:/etc/text 2> err && grep 'ended with status 127; nothing' err"
TMPDIR=/nonexistent refused 1 'nonexistent' fs.img:/etc/text
finish
