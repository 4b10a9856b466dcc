#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The loader reads extlinux.conf and syslinux.cfg as extlinux does, prompts,
# shows its menu, and goes on where something is missing.
set -eu
. "$(dirname "$0")/../lib.sh"
need qemu-system-x86_64 mke2fs debugfs
. "$(dirname "$0")/lab.sh"

# config [FILE] < TEXT
config()
{
	local file=tree${1:-/boot/syslinux/syslinux.cfg}

	mkdir -p "${file%/*}"
	cat > "$file"
}

files()
{
	mkdir -p tree/boot/syslinux
	cp --sparse=never "$work/k204" tree/boot/vmlinuz
	cp --sparse=never "$work/k20f" tree/boot/vmlinuz-new
	cp "$work/initrd" tree/boot/initrd.img
	cp "$work/initrd2" tree/boot/initrd2.img
}

# Whatever is in tree; the first argument may be the directory of stage 2.
boot()
{
	local dir=${1:-/boot/syslinux}

	[ $# = 0 ] || shift
	make_fs 16M -t ext4
	"$LAB" install fs.img whole "$dir"
	start fs.img "$@"
}

# With a display the BIOS keeps off the serial port.
display="-machine graphics=on -device VGA"

# These keys are typed one after the other, once something asks for them;
# VIDEO holds options of QEMU.
typing()
{
	local key

	until grep -aqE 'boot:|Esc: prompt' serial.log 2> /dev/null; do
		sleep 0.2
	done
	for key; do
		sleep 1
		printf "$key"
	done
	exec sleep 60
}
boot_typing()
{
	INPUT=keys
	rm -f keys serial.log
	mkfifo keys
	typing "$@" > keys &
	# shellcheck disable=SC2086
	boot /boot/syslinux ${VIDEO-}
	kill $!
}

messy_text()
{
	files
	config <<-END
	# a comment
	  default   Two  
	Unknown directive
	timeout 20$(printf '\r')
	APPEND from global
	LABEL one
	kernel /boot/missing
	LaBeL Two$(printf '\t')
	TEXT HELP
	LABEL Two
	  KERNEL /boot/missing
	ENDTEXT
	MENU LABEL ^Second
	Kernel$(printf '\t')../vmlinuz-new$(printf '\r')
	IPAPPEND 2
	  initrd ../initrd.img$(printf '\r')
	LABEL two
	KERNEL /boot/missing
	END
	boot
	expect k20f "$work/initrd" \
		"BOOT_IMAGE=../vmlinuz-new from global initrd=../initrd.img"
}
initrd_list()
{
	files
	printf abcde > tree/boot/odd
	config <<-END
	DEFAULT x
	LABEL x
	KERNEL /boot/vmlinuz
	APPEND initrd=/boot/odd,../initrd.img,/boot/initrd2.img a=b
	END
	(printf 'abcde\0\0\0'; cat "$work/initrd") > want
	truncate -s %4 want
	cat "$work/initrd2" >> want
	boot
	expect k204 want "BOOT_IMAGE=/boot/vmlinuz initrd=/boot/odd,../initrd.img,/boot/initrd2.img a=b"
}
append_dash_and_include()
{
	files
	config <<-END
	APPEND global
	DEFAULT second
	INCLUDE missing.cfg
	INCLUDE more.cfg
	LABEL first
	KERNEL /boot/missing
	END
	config /boot/syslinux/more.cfg <<-END
	LABEL second
	  LINUX /boot/vmlinuz
	  INCLUDE rest.cfg
	END
	config /boot/syslinux/rest.cfg <<-END
	  APPEND -
	END
	boot
	expect k204 "" "BOOT_IMAGE=/boot/vmlinuz"
}
include_itself()
{
	files
	config <<-END
	INCLUDE syslinux.cfg
	DEFAULT x
	LABEL x
	LINUX /boot/vmlinuz
	END
	boot
	expect k204 "" "BOOT_IMAGE=/boot/vmlinuz"
}
default_is_a_command()
{
	files
	config <<-END
	DEFAULT /boot/vmlinuz root=/dev/vda quiet
	APPEND more
	END
	boot
	expect k204 "" "BOOT_IMAGE=/boot/vmlinuz root=/dev/vda quiet more"
	if grep Loading serial.log; then
		return 1
	fi
}
# The directory it was installed in comes first, extlinux.conf before the other.
search_order()
{
	local file
	files
	for file in /my/boot/extlinux.conf /my/boot/syslinux.cfg \
		/boot/extlinux/extlinux.conf /boot/extlinux/syslinux.cfg \
		/boot/syslinux/syslinux.cfg /boot/extlinux.conf \
		/extlinux/extlinux.conf /syslinux/syslinux.cfg \
		/extlinux.conf /syslinux.cfg; do
		config $file <<-END
		DEFAULT /boot/vmlinuz $file
		END
	done
	for file in $(cd tree && ls -d my/boot/extlinux.conf \
		my/boot/syslinux.cfg boot/extlinux/extlinux.conf \
		boot/extlinux/syslinux.cfg boot/syslinux/syslinux.cfg \
		boot/extlinux.conf extlinux/extlinux.conf \
		syslinux/syslinux.cfg extlinux.conf syslinux.cfg -U); do
		boot /my/boot
		expect k204 "" "BOOT_IMAGE=/boot/vmlinuz /$file"
		rm "tree/$file"
	done
}
# Nobody chose: what cannot be booted is said, and the next one is tried.
next_entry()
{
	files
	head -c 5000 /dev/urandom > tree/boot/no-kernel
	ln -s missing tree/boot/dangling
	ln -s loop tree/boot/loop
	config <<-END
	DEFAULT a
	LABEL last
	  LINUX /boot/vmlinuz-new
	  APPEND last
	LABEL a
	  LINUX /boot/missing
	LABEL b
	  KERNEL chain.c32
	LABEL c
	  LINUX /boot/no-kernel
	LABEL d
	  LINUX /boot/vmlinuz
	  INITRD /boot/initrd.img,/boot/dangling
	LABEL e
	  LINUX /boot/loop
	LABEL f
	  LINUX /boot
	END
	sed -i '/^LABEL last/,/APPEND last/d' tree/boot/syslinux/syslinux.cfg
	cat >> tree/boot/syslinux/syslinux.cfg <<-END
	LABEL last
	  LINUX /boot/vmlinuz-new
	  APPEND last
	END
	boot
	expect k20f "" "BOOT_IMAGE=/boot/vmlinuz-new last"
	grep 'a: file not found' said
	grep 'c: not a Linux kernel' said
	grep 'd: file not found' said
	grep 'e: too many symbolic links' said
	grep 'f: not a regular file' said
}
on_error()
{
	files
	config <<-END
	DEFAULT a
	ONERROR rescue more
	LABEL a
	  LINUX /boot/missing
	LABEL b
	  LINUX /boot/vmlinuz
	LABEL rescue
	  LINUX /boot/vmlinuz-new
	END
	boot
	expect k20f "" "BOOT_IMAGE=/boot/vmlinuz-new more"
}
prompt_times_out()
{
	files
	config <<-END
	DEFAULT a
	PROMPT 1
	TIMEOUT 15
	ONTIMEOUT b fast
	LABEL a
	  LINUX /boot/vmlinuz
	LABEL b
	  LINUX /boot/vmlinuz-new
	END
	boot
	expect k20f "" "BOOT_IMAGE=/boot/vmlinuz-new fast"
	grep 'boot:' said
}
prompt_typed()
{
	files
	config <<-END
	SERIAL 0 115200
	DEFAULT a
	PROMPT 1
	TOTALTIMEOUT 9000
	TIMEOUT 300
	LABEL a
	  LINUX /boot/vmlinuz
	LABEL b
	  LINUX /boot/vmlinuz-new
	  APPEND here
	END
	boot_typing 'nonsense\r' 'bz\b there mem=24M vga=5\r'
	expect k20f "" "BOOT_IMAGE=/boot/vmlinuz-new here there mem=24M vga=5"
	grep 'vga=00000005' said
	grep 'nonsense: file not found' said
}
menu_default_on_timeout()
{
	files
	config <<-END
	UI menu.c32
	DEFAULT nowhere
	TIMEOUT 15
	MENU TITLE Choose well
	LABEL a
	  LINUX /boot/vmlinuz
	LABEL b
	  MENU LABEL The ^newer one
	  MENU DEFAULT
	  LINUX /boot/vmlinuz-new
	END
	boot
	expect k20f "" "BOOT_IMAGE=/boot/vmlinuz-new"
	grep 'Choose well' said
	grep ' 2  The newer one' said
}
# DEFAULT's label comes before it, and without a menu it means nothing.
menu_default_is_less()
{
	files
	config <<-END
	DEFAULT a
	LABEL b
	  MENU DEFAULT
	  LINUX /boot/vmlinuz-new
	LABEL a
	  LINUX /boot/vmlinuz
	END
	boot
	expect k204 "" "BOOT_IMAGE=/boot/vmlinuz"
	printf 'UI menu.c32\nTIMEOUT 15\n' >> tree/boot/syslinux/syslinux.cfg
	boot
	expect k204 "" "BOOT_IMAGE=/boot/vmlinuz"
	grep 'Boot menu' said
}

# Nothing is set and nobody chooses: the first that can be started.
without_a_default()
{
	files
	config <<-END
	LABEL a
	  LINUX /boot/missing
	LABEL b
	  LINUX /boot/vmlinuz-new
	LABEL c
	  LINUX /boot/vmlinuz
	END
	boot
	expect k20f "" "BOOT_IMAGE=/boot/vmlinuz-new"
	grep 'boot:' said
}

# As extlinux-update of Debian and old distributions write it.
menu_by_default_line()
{
	files
	config <<-END
	default menu.c32
	prompt 0
	menu hidden
	timeout 10
	label a
	  menu label A
	  kernel /boot/vmlinuz
	  append initrd=/boot/initrd.img
	END
	boot
	expect k204 "$work/initrd" "BOOT_IMAGE=/boot/vmlinuz initrd=/boot/initrd.img"
	if grep 'Boot menu' said; then
		return 1
	fi
}
# Down, up, a number, then options for it.
menu_typed()
{
	files
	config <<-END
	SERIAL 0 115200
	UI vesamenu.c32
	LABEL a
	  LINUX /boot/missing
	LABEL hidden
	  MENU HIDE
	  LINUX /boot/missing
	LABEL c
	  LINUX /boot/vmlinuz
	LABEL d
	  LINUX /boot/vmlinuz-new
	END
	boot_typing '\033[B' '\033[B' '\033[A' '\t' 'single\r'
	expect k204 "" "BOOT_IMAGE=/boot/vmlinuz single"
	VIDEO=$display boot_typing '\033[B' '\033[B' '\033[A' '\t' 'now\177\r'
	expect k204 "" "BOOT_IMAGE=/boot/vmlinuz no"
	boot_typing 4 '\r'
	expect k20f "" "BOOT_IMAGE=/boot/vmlinuz-new"
}
serial_directive()
{
	files
	config <<-END
	SERIAL 0 115200
	SAY Hello there
	DEFAULT /boot/vmlinuz
	END
	# shellcheck disable=SC2086
	boot /boot/syslinux $display
	expect k204 "" "BOOT_IMAGE=/boot/vmlinuz"
	[ "$(sed '/FAKE/d;/^$/d' said)" = "$(printf 'Hello there\nLoading /boot/vmlinuz... ok')" ]
}
# The same where the BIOS uses that port: nothing comes twice.
serial_twice()
{
	files
	config <<-END
	SERIAL 0 115200
	DEFAULT /boot/vmlinuz
	END
	boot
	expect k204 "" "BOOT_IMAGE=/boot/vmlinuz"
	grep 'Loading /boot/vmlinuz... ok' said
}
serial_missing()
{
	files
	config <<-END
	SERIAL 1 9600 0x303
	DEFAULT /boot/vmlinuz
	END
	boot
	expect k204 "" "BOOT_IMAGE=/boot/vmlinuz"
}
long_command_line()
{
	files
	config <<-END
	DEFAULT a
	LABEL a
	  LINUX /boot/vmlinuz-new
	  APPEND $(seq -s ' ' 1 999)
	END
	boot
	expect k20f "" "$(echo "BOOT_IMAGE=/boot/vmlinuz-new $(seq -s ' ' 1 999)" | head -c 2047)"
	sed -i s/-new// tree/boot/syslinux/syslinux.cfg
	boot
	expect k204 "" "$(echo "BOOT_IMAGE=/boot/vmlinuz $(seq -s ' ' 1 999)" | head -c 255)"
	grep 'cut to 255' said
}
many_entries()
{
	files
	(
		echo DEFAULT 100
		for i in $(seq 1 300); do
			echo "LABEL $i"
			echo " LINUX /boot/vmlinuz"
			echo " APPEND is=$i"
		done
	) | config
	boot
	expect k204 "" "BOOT_IMAGE=/boot/vmlinuz is=100"
}
# Without a configuration the user is asked.
no_configuration()
{
	files
	boot_typing '/boot/vmlinuz a b\r'
	expect k204 "" "BOOT_IMAGE=/boot/vmlinuz a b"
	grep 'No extlinux.conf or syslinux.cfg found' said
}
local_boot()
{
	files
	config <<-END
	DEFAULT disk
	LABEL disk
	  LOCALBOOT 0x81
	END
	cp -r tree keep
	config <<-END
	DEFAULT /boot/vmlinuz-new second disk
	END
	make_fs 16M -t ext4
	"$LAB" install fs.img whole
	mv fs.img second.img
	rm -r tree
	mv keep tree
	boot /boot/syslinux -drive file=second.img,format=raw,if=virtio,index=1
	expect k20f "" "BOOT_IMAGE=/boot/vmlinuz-new second disk"
}
# Too large for the memory, and a memory that is just large enough.
memory_limits()
{
	files
	truncate -s 40M tree/boot/initrd.img
	config <<-END
	DEFAULT a
	LABEL a
	  LINUX /boot/vmlinuz-new
	  INITRD /boot/initrd.img
	LABEL b
	  LINUX /boot/vmlinuz
	  INITRD /boot/initrd.img
	  APPEND mem=41M
	LABEL c
	  LINUX /boot/vmlinuz
	  INITRD /boot/initrd.img
	  APPEND mem=42M
	END
	make_fs 64M -t ext4
	"$LAB" install fs.img whole
	start fs.img -m 60
	expect k204 tree/boot/initrd.img "BOOT_IMAGE=/boot/vmlinuz mem=42M initrd=/boot/initrd.img"
	grep 'initrd at=00200000' said
	grep 'a: initrd does not fit into memory' said
	grep 'b: initrd does not fit into memory' said
}
# The oldest protocol: no heap, the command line found by a magic number.
protocol_200()
{
	files
	cp "$work/k200" tree/boot/vmlinuz
	config <<-END
	DEFAULT /boot/vmlinuz initrd=/boot/initrd.img
	END
	boot
	FLAGS=00000001 HEAP=00000000 expect k200 "$work/initrd" \
		"BOOT_IMAGE=/boot/vmlinuz initrd=/boot/initrd.img"
}
# The initrd lies as high as the kernel says, though there is memory above.
addresses()
{
	files
	config <<-END
	DEFAULT a
	LABEL a
	  LINUX /boot/vmlinuz-new
	  INITRD /boot/initrd.img
	END
	boot /boot/syslinux -m 1200
	expect k20f "$work/initrd" "BOOT_IMAGE=/boot/vmlinuz-new initrd=/boot/initrd.img"
	grep 'setup=00090000' said
	at=$(((0x38000000 - $(stat -c %s "$work/initrd")) / 4096 * 4096))
	grep "initrd at=$(printf %08x $at)" said
}

for c in ${CASES:-search_order messy_text initrd_list append_dash_and_include \
	include_itself default_is_a_command next_entry on_error \
	prompt_times_out prompt_typed menu_default_on_timeout \
	menu_default_is_less without_a_default menu_by_default_line menu_typed \
	serial_directive serial_twice \
	serial_missing long_command_line many_entries no_configuration \
	local_boot memory_limits protocol_200 addresses}; do
	case_run "$c"
done
cases_done
finish
