# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# The sources that parts of the bench copy, each a pair: NAME.img, whose host
# still stores 4 GiB that were written and then deleted, and NAME-clean.img
# without them.  They stay in $dir, under a name that tells what made them.

sources_id=$(sha "${BASH_SOURCE[0]}" | cut -c 1-8)

# Files of a system's sizes: many small ones, some large.
make_files()
{
	local d i

	mkdir -p "$1"/{etc,boot/grub,sbin,usr,var}
	printf '/dev/xvda1 / ext4 defaults 0 1\n' > "$1/etc/fstab"
	printf 'PRETTY_NAME="Bench"\nID=debian\n' > "$1/etc/os-release"
	head -c 8M /dev/urandom > "$1/boot/vmlinuz-6.1.0-1-amd64"
	head -c 30M /dev/urandom > "$1/boot/initrd.img-6.1.0-1-amd64"
	cat > "$1/boot/grub/menu.lst" <<-EOF
		default 0
		title bench
		root (hd0)
		kernel /boot/vmlinuz-6.1.0-1-amd64 root=/dev/xvda1 ro
		initrd /boot/initrd.img-6.1.0-1-amd64
	EOF
	for d in $(seq 200); do
		mkdir "$1/usr/$d"
		head -c 1500K /dev/urandom |
			split -b 20K - "$1/usr/$d/file"
	done
	for i in $(seq 40); do
		head -c 9M /dev/urandom > "$1/var/large.$i"
	done
}

# Files of this machine, whose bytes are like those of any system: a choice of
# /usr that is the same as long as its list of files is.
choose_real_files()
{
	find /usr -xdev -type f -size -32M ! -path '*/__pycache__/*' \
		-printf '%s %p\n' | sort |
		sort -R --random-source=<(yes) > "$work/all"
	awk -v used="$work/used" -v rest="$work/rest" '{
		len = $1
		sub(/^[0-9]+ /, "")
		s += len
		if (s < 0.6 * 2 ^ 30)
			print > used
		else if (s < 1.6 * 2 ^ 30)
			print > rest
	}' "$work/all"
}

make_real_files()
{
	choose_real_files
	mkdir -p "$1"
	tar -C / -c -T "$work/used" 2> /dev/null | tar -C "$1" -x
	tar -C / -c -T "$work/rest" 2> /dev/null > "$work/deleted"
}

# add_deleted IMAGE FILE: the host stores four copies of it afterwards.  Blocks
# are written by debugfs and only then freed.
add_deleted()
{
	local i

	for i in 1 2 3 4; do
		echo "write $2 /deleted.$i"
	done > "$work/commands"
	debugfs -w -f "$work/commands" "$1" > /dev/null 2>&1
	sed 's/^write .* /rm /' "$work/commands" |
		debugfs -w -f - "$1" > /dev/null 2>&1
	e2fsck -fn "$1" > /dev/null
}

make_pair()
{
	local name=$1

	rm -f "$dir/$name"-*.img
	case $name in
	random)
		make_files "$work/tree"
		head -c 1G /dev/urandom > "$work/deleted"
		;;
	real)	make_real_files "$work/tree" ;;
	esac
	mke2fs -q -t ext4 -E root_owner=0:0,lazy_itable_init=0 \
		-d "$work/tree" "$work/clean.img" "$SIZE"
	cp --sparse=always "$work/clean.img" "$work/full.img"
	add_deleted "$work/full.img" "$work/deleted"
	rm -r "$work/tree" "$work/deleted"
	sync "$work/full.img" "$work/clean.img"
	mv "$work/clean.img" "$dir/$name-clean-$SIZE-$sources_id.img"
	mv "$work/full.img" "$dir/$name-$SIZE-$sources_id.img"
}

# use_pair NAME: sets $full and $clean, and has both in the host's cache.
use_pair()
{
	full=$dir/$1-$SIZE-$sources_id.img
	clean=$dir/$1-clean-$SIZE-$sources_id.img
	[ -s "$full" ] || make_pair "$1"
	cat "$full" "$clean" > /dev/null
	describe "$full"
	describe "$clean"
}
