#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# dualboot --loader=syslinux: what the genuine one cannot read is refused by
# name, and so is a program that does not hold it.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$top/tests/cli/small.sh"
need mke2fs debugfs extlinux jq

cd "$work"
go="$DISKWRIGHT dualboot --no-sync --force --allow-unbootable --loader=syslinux"
program=$(command -v extlinux)

# refused STATUS PATTERN ARGUMENT...: in one line, and nothing is left.
refused()
{
	local want=$1 pattern=$2 rc=0

	shift 2
	rm -f out.raw
	$go "$@" > out 2> err || rc=$?
	cat err
	[ $rc = "$want" ] && grep -qE -- "$pattern" err &&
		[ "$(wc -l < err)" = 1 ] && [ ! -e out.raw ]
}

small_guest guest.img
check 'it is installed' $go guest.img out.raw
check 'inspect names it' sh -c "'$DISKWRIGHT' inspect out.raw |
	grep -E 'loader +syslinux'"
check 'ldlinux.sys has no holes' sh -c "dd if=out.raw of=fs bs=1M skip=1 \
	conv=sparse status=none && debugfs -R 'stat /boot/syslinux/ldlinux.sys' \
	fs 2> /dev/null | grep -q 'Flags: 0x80010' && e2fsck -fn fs"
check 'check names its version' sh -c "'$DISKWRIGHT' check --json out.raw |
	jq -e '.loader | test(\"^syslinux [456][.]\")'"

# Moved, it is not found any more.
cp out.raw moved.raw
dd if=out.raw of=moved bs=1M skip=1 conv=sparse status=none
debugfs -w moved > log 2>&1 <<- 'EOF'
	dump /boot/syslinux/ldlinux.sys copy.sys
	set_inode_field /boot/syslinux/ldlinux.sys flags 0x80000
	rm /boot/syslinux/ldlinux.sys
	write /boot/vmlinuz-6.1.0-1-amd64 x
	write copy.sys /boot/syslinux/y
	cd /boot/syslinux
	write copy.sys ldlinux.sys
EOF
dd if=moved of=moved.raw bs=1M seek=1 conv=notrunc status=none
check 'a copy that lies elsewhere is stale' sh -c "
	'$DISKWRIGHT' check --json moved.raw | jq -e '.loader_stale'"
check 'we do not write over it' sh -c "
	'$DISKWRIGHT' check --repair-boot moved.raw 2>&1 | grep 'that of syslinux'"

check 'unpartitioned' refused 3 'PyGrub would take its boot sector' \
	--layout=unpartitioned guest.img out.raw
small_guest big.img 300 -F -b 65536 2> log
check 'blocks of 64 KiB' refused 3 '64 KiB' big.img out.raw
small_guest meta.img 64 -O meta_bg,^resize_inode
check 'meta_bg' refused 3 'meta_bg' meta.img out.raw
sed 's/SYSLINUX 6\.0[4-9]/SYSLINUX 6.03/g' "$program" > old
check '64bit with 6.03' refused 3 '6.03 cannot read .* 64bit' \
	--extlinux old guest.img out.raw
small_guest narrow.img 32 -O ^64bit
check 'and without' $go --extlinux old narrow.img out.raw

truncate -s 1M empty
check 'no program of that name' refused 1 'No such file' --extlinux none \
	guest.img out.raw
check 'not a program' refused 3 'no ELF program' --extlinux empty guest.img \
	out.raw
check 'a program without it' refused 3 'no boot sector' --extlinux /bin/true \
	guest.img out.raw
head -c 100000 "$program" > cut
check 'a program that was cut off' refused 3 'no ELF program' --extlinux cut \
	guest.img out.raw
check '--extlinux alone' refused 2 '--loader=syslinux' --loader=diskwright \
	--extlinux old guest.img out.raw
check 'another name' refused 2 "no loader 'lilo'" --loader=lilo guest.img \
	out.raw
finish
