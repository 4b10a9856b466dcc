#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The script that renews syslinux.cfg in guests, run in folders that look like
# one, by every shell and awk that is here.
set -eu
. "$(dirname "$0")/../lib.sh"
need dash busybox mawk shellcheck

cd "$work"
script=$top/src/guest/hook/update.sh
hook=$top/src/guest/hook/run.sh
export DISKWRIGHT_ROOT=$work/root
conf=root/boot/syslinux/syslinux.cfg

check 'shellcheck' shellcheck -s sh "$script" "$hook" \
	"$top/src/guest/hook/mktexts.sh"
check 'no bashisms for dash' dash -n "$script"

# A bzImage's head: kernel VERSION [FILE].
kernel()
{
	local file=root/boot/${2:-vmlinuz-$1}

	{
		head -c 510 /dev/zero
		printf '\125\252..HdrS\017\002'
		head -c 6 /dev/zero
		printf '\000\002.\001'
		head -c 494 /dev/zero
		printf '%s (build@host) #1 SMP\0' "$1"
	} > "$file"
}

# with VERSION...: such kernels, each with an initrd.
with()
{
	local v

	rm -rf root
	mkdir -p root/boot/syslinux root/etc/default
	for v; do
		kernel "$v"
		: > "root/boot/initrd.img-$v"
	done
}

# entry LABEL KERNEL INITRD ARGUMENTS
entry()
{
	printf '\nLABEL %s\n\tMENU LABEL %s\n\tKERNEL %s\n\tAPPEND%s %s\n' \
		"$1" "$1" "$2" "${3:+ initrd=$3}" "$4"
}

# config DEFAULT [LABEL...]: as dualboot writes it, for kernels of that name.
config()
{
	local v

	printf '# Written by diskwright for its boot loader\n'
	printf 'DEFAULT %s\nPROMPT 1\nTIMEOUT 30\n' "$1"
	shift
	for v; do
		entry "$v" "/boot/vmlinuz-$v" "/boot/initrd.img-$v" \
			"root=UUID=1 ro console=$v"
	done
}

run()
{
	PATH=$work/bin:$PATH $shell "$script" "$@"
}

# becomes NAME [OPTIONS...]: what is in "want" is in the file after a run, and
# another run does not touch it.
becomes()
{
	local name="$1, $shell, $awk" old

	shift
	check "$name" run "$@"
	check "$name: the file" diff -u want "$conf"
	old=$(stat -c '%i %y' "$conf")
	run "$@" > again 2>&1 || bad "$name: again"
	check "$name: once is enough" [ "$old" = "$(stat -c '%i %y' "$conf")" ]
	[ "$(find root/boot/syslinux | wc -l)" = 2 ] || bad "$name: leftovers"
}

args_of_47='root=UUID=1 ro console=6.1.0-47'

cases_of_kernels()
{
	with 6.1.0-47
	config 6.1.0-47 6.1.0-47 > "$conf"
	cp "$conf" want
	becomes 'nothing changed'

	with 6.1.0-47 6.1.0-50 6.1.0-9
	config 6.1.0-47 6.1.0-47 > "$conf"
	{
		config 6.1.0-50
		for v in 6.1.0-50 6.1.0-47 6.1.0-9; do
			entry $v /boot/vmlinuz-$v /boot/initrd.img-$v \
				"$args_of_47"
		done
	} > want
	becomes 'three kernels, newest first'

	with 6.1.0-50
	config 6.1.0-47 6.1.0-50 6.1.0-47 > "$conf"
	config 6.1.0-50 6.1.0-50 > want
	becomes 'the default was removed'

	with 6.1.0-50 6.1.0-47
	config 6.1.0-50 6.1.0-50 6.1.0-47 > "$conf"
	config 6.1.0-47 6.1.0-47 > want
	becomes 'one that is about to go' --without 6.1.0-50

	with 6.1.0-50 6.1.0-47
	config 6.1.0-47 6.1.0-50 6.1.0-47 > "$conf"
	cp "$conf" want
	becomes 'an older default was chosen for a reason'

	with
	config 6.1.0-47 6.1.0-47 > "$conf"
	cp "$conf" want
	becomes 'no kernel: nothing is changed'

	with 6.1 6.1-rc2 6.1.0~rc7 6.10 6.9.1 5.10.0-100 5.10.0-99
	config 6.10 6.10 > "$conf"
	run 2> log
	check "order, $shell, $awk" [ "$(grep ^LABEL "$conf" | tr '\n' ' ')" = \
		'LABEL 6.10 LABEL 6.9.1 LABEL 6.1.0~rc7 LABEL 6.1 LABEL 6.1-rc2 LABEL 5.10.0-100 LABEL 5.10.0-99 ' ]

	# Updates of Red Hat's kernels, and Debian's longer names.
	set -- 6.12 6.12~rc2 6.1.0-50-cloud 6.1.0-50 5.14.0-70.13.1.el9_0 \
		5.14.0-70.el9 5.10.0-33.deb11 5.10.0-33 4.19.0-10-amd64 \
		4.19.0-1-amd64 3.10.0-1160.119.1.el7 3.10.0-1160.el7 \
		2.6.32-71.29.1.el6 2.6.32-71.el6
	with "$@"
	config 6.12 6.12 > "$conf"
	run 2> log
	check "order of updates, $shell, $awk" [ "$(sed -n 's/^LABEL //p' \
		"$conf" | tr '\n' ' ')" = "$* " ]
}

cases_of_names()
{
	with 6.1.0-47
	kernel 6.2.0 vmlinuz-6.2.0.dpkg-new
	kernel 6.2.0 'vmlinuz-6.2.0 copy'
	kernel 6.2.0 'vmlinuz-6.2.0,x'
	ln -s vmlinuz-6.1.0-47 root/boot/vmlinuz-link
	echo '#!/bin/sh' > root/boot/linux-tool
	printf '\177ELF' > root/boot/vmlinux-6.2.0
	mkdir root/boot/kernel-folder
	config 6.1.0-47 6.1.0-47 > "$conf"
	cp "$conf" want
	becomes 'what is no kernel'

	with 6.1.0-47
	kernel 5.10.1 bzImage-5.10.1
	kernel 6.0.0 vmlinuz-6.0.0.old
	kernel 6.1.0-47 vmlinuz-0-rescue-0123
	kernel '../lib\t' vmlinuz-5.9\\t
	: > root/boot/initrd-5.10.1
	: > root/boot/initramfs-6.0.0.img
	: > root/boot/initramfs-0-rescue-0123.img
	config 6.1.0-47 6.1.0-47 > "$conf"
	{
		cat "$conf"
		entry 5.10.1 /boot/bzImage-5.10.1 /boot/initrd-5.10.1 \
			"$args_of_47"
		entry '5.9\t' '/boot/vmlinuz-5.9\t' '' "$args_of_47"
		entry 0-rescue-0123 /boot/vmlinuz-0-rescue-0123 \
			/boot/initramfs-0-rescue-0123.img "$args_of_47"
		entry 6.0.0.old /boot/vmlinuz-6.0.0.old \
			/boot/initramfs-6.0.0.img "$args_of_47"
	} > want
	becomes 'other names, rescue copies last'

	# The name does not tell the version; its header and modules do.
	with
	mkdir -p root/lib/modules/6.6.31-0-lts
	kernel 6.6.31-0-lts vmlinuz-lts
	: > root/boot/initramfs-lts
	config 6.6.30-0-lts > "$conf"
	entry 6.6.30-0-lts /boot/vmlinuz-lts /boot/initramfs-lts "$args_of_47" \
		>> "$conf"
	config 6.6.31-0-lts > want
	entry 6.6.31-0-lts /boot/vmlinuz-lts /boot/initramfs-lts "$args_of_47" \
		>> want
	becomes 'a kernel named after its flavour'
}

cases_of_drivers()
{
	with 2.6.18-398.el5xen 2.6.18-398.el5 2.6.27.19-5-xen 6.1.0-47 6.2.0
	echo CONFIG_X86_64_XEN=y > root/boot/config-2.6.18-398.el5xen
	printf 'CONFIG_VIRTIO_%s=m\n' PCI BLK > root/boot/config-2.6.18-398.el5
	echo CONFIG_VIRTIO_PCI=y > root/boot/config-6.2.0
	config 6.1.0-47 6.1.0-47 > "$conf"
	{
		cat "$conf"
		entry 2.6.18-398.el5 /boot/vmlinuz-2.6.18-398.el5 \
			/boot/initrd.img-2.6.18-398.el5 "$args_of_47"
	} > want
	becomes 'for Xen alone, or without virtio'

	with 6.1.0-47 6.2.0
	rm root/boot/initrd.img-6.2.0
	config 6.1.0-47 6.1.0-47 > "$conf"
	{
		config 6.1.0-47
		entry 6.2.0 /boot/vmlinuz-6.2.0 '' "$args_of_47"
		entry 6.1.0-47 /boot/vmlinuz-6.1.0-47 \
			/boot/initrd.img-6.1.0-47 "$args_of_47"
	} > want
	becomes 'an initrd is missing: not the default'
	: > root/boot/initrd.img-6.2.0
	{
		config 6.2.0
		for v in 6.2.0 6.1.0-47; do
			entry $v /boot/vmlinuz-$v /boot/initrd.img-$v \
				"$args_of_47"
		done
	} > want
	becomes 'it is the default when its initrd comes'
}

cases_of_arguments()
{
	# Lines of the user above the first entry, and in one.
	with 6.1.0-47 6.1.0-50
	{
		printf 'serial 0 9600\nMenu Title Mine\ndefault 6.1.0-47\n'
		printf 'prompt 0\n# mine\n\nlabel 6.1.0-47\n  kernel '
		printf '/boot/vmlinuz-6.1.0-47\n  append ro  quiet x=a\\&b\n'
		printf '  initrd /boot/initrd.img-6.1.0-47\n'
		printf '\nLABEL memtest\n\tKERNEL /boot/memtest.bin\n'
		printf '\nLABEL gone\n\tKERNEL /boot/gone.bin\n'
		printf '\nLABEL disk\n\tLOCALBOOT 0x80\n'
	} > "$conf"
	: > root/boot/memtest.bin
	chmod 600 "$conf"
	{
		printf 'serial 0 9600\nMenu Title Mine\nDEFAULT 6.1.0-50\n'
		printf 'prompt 0\n# mine\n'
		entry 6.1.0-50 /boot/vmlinuz-6.1.0-50 \
			/boot/initrd.img-6.1.0-50 'ro quiet x=a\&b'
		printf '\nlabel 6.1.0-47\n  kernel '
		printf '/boot/vmlinuz-6.1.0-47\n  append ro  quiet x=a\\&b\n'
		printf '  initrd /boot/initrd.img-6.1.0-47\n'
		printf '\nLABEL memtest\n\tKERNEL /boot/memtest.bin\n'
		printf '\nLABEL disk\n\tLOCALBOOT 0x80\n'
	} > want
	becomes "what the user wrote stays"
	check "its mode stays, $shell" [ "$(stat -c %a "$conf")" = 600 ]

	with 6.1.0-47 6.1.0-50
	config 6.1.0-50 6.1.0-50 6.1.0-47 > "$conf"
	echo 'DISKWRIGHT_ARGS="root=/dev/vda1 rw"' > root/etc/default/diskwright
	{
		config 6.1.0-50
		for v in 6.1.0-50 6.1.0-47; do
			entry $v /boot/vmlinuz-$v /boot/initrd.img-$v \
				'root=/dev/vda1 rw'
		done
	} > want
	becomes 'arguments from /etc/default'

	with 6.1.0-47
	ln -s boot/vmlinuz-6.1.0-47 root/vmlinuz
	ln -s boot/initrd.img-6.1.0-47 root/initrd.img
	config 6.1.0-47 6.1.0-47 > "$conf"
	{
		cat "$conf"
		entry latest /vmlinuz /initrd.img "$args_of_47"
	} > want
	becomes 'the links to the newest'
	ln -sf boot/gone root/vmlinuz
	config 6.1.0-47 6.1.0-47 > want
	becomes 'the links lead nowhere'
}

mkdir bin
for awk in mawk gawk original-awk 'busybox awk'; do
	command -v "${awk%% *}" > /dev/null || continue
	printf '#!/bin/sh\nexec %s "$@"\n' "$awk" > bin/awk
	chmod 755 bin/awk
	# As they come together: Debian's, Red Hat's, Alpine's.
	case $awk in
	gawk)	shell='bash --posix' ;;
	busybox*) shell='busybox sh' ;;
	*)	shell=dash ;;
	esac
	cases_of_kernels
	cases_of_names
	cases_of_drivers
	cases_of_arguments
done
shell=dash awk=

# ---- what can go wrong ------------------------------------------------------

with 6.1.0-47 6.1.0-50
check 'without the file there is nothing to keep' run
check 'none is made' [ ! -e "$conf" ]
check 'usage' sh -c "! dash '$script' --with 2> err && grep -q usage err"

config 6.1.0-47 6.1.0-47 > "$conf"
cp "$conf" before
[ "$(id -u)" != 0 ] || chown -R 65534:65534 root
chmod 555 root/boot/syslinux
rc=0
unprivileged dash "$script" > out 2>&1 || rc=$?
check 'a folder that cannot be written: it says so' \
	sh -c "[ $rc = 1 ] && [ -s out ]"
check 'the file is what it was' cmp before "$conf"
chmod 755 root/boot/syslinux

# ---- called as packages' own tools do ------------------------------------------

mkdir called
for place in install.d/95-diskwright.install postinst.d/zz-diskwright \
	prerm.d/zz-diskwright grub.d/99_diskwright; do
	mkdir -p "called/${place%/*}"
	sed "s,/sbin/diskwright-update,$work/called/update,g" "$hook" \
		> "called/$place"
	chmod 755 "called/$place"
done
install -m 755 "$script" called/update
with_50="LABEL 6.1.0-50 LABEL 6.1.0-47 "
only_47="LABEL 6.1.0-47 "

# names WANTED: the labels in the file.
names()
{
	[ "$(grep ^LABEL "$conf" | tr '\n' ' ')" = "$1" ]
}

again()
{
	with 6.1.0-47 6.1.0-50
	config "$1" "$@" > "$conf"
}

again 6.1.0-47
check 'run-parts runs it' sh -c 'run-parts --report --exit-on-error \
	--arg=6.1.0-50 --arg=/boot/vmlinuz-6.1.0-50 called/postinst.d > out'
check 'a new kernel is there' names "$with_50"
check 'debconf hears nothing' [ ! -s out ]

if command -v kernel-install > log; then
	export MACHINE_ID=0123456789abcdef0123456789abcdef BOOT_ROOT=$work/root
	export KERNEL_INSTALL_PLUGINS=$work/called/install.d/95-diskwright.install
	again 6.1.0-47
	check 'kernel-install add' kernel-install add 6.1.0-50 \
		root/boot/vmlinuz-6.1.0-50
	check 'kernel-install add: it is there' names "$with_50"
	check 'kernel-install remove' kernel-install remove 6.1.0-50
	check 'kernel-install remove: while its file is there' names "$only_47"
else
	skip 'kernel-install is missing'
fi

# As new-kernel-pkg of grubby calls them, before the package's files go.
again 6.1.0-50 6.1.0-47
for f in called/prerm.d/*[^~]; do
	check 'new-kernel-pkg --remove' "$f" 6.1.0-50 /boot/vmlinuz-6.1.0-50
done
check 'new-kernel-pkg --remove: it is out' names "$only_47"
check 'new-kernel-pkg --rpmposttrans' called/postinst.d/zz-diskwright 6.1.0-50 \
	/boot/vmlinuz-6.1.0-50
check 'new-kernel-pkg --rpmposttrans: it is in' names "$with_50"

# What goes to standard output becomes part of grub.cfg.
again 6.1.0-47
check 'grub-mkconfig' sh -c 'called/grub.d/99_diskwright > out && [ ! -s out ]'
check 'grub-mkconfig: it is there' names "$with_50"
printf '#!/bin/sh\nexit 1\n' > called/update
check 'a failure does not stop grub-mkconfig' called/grub.d/99_diskwright
check 'it stops the others' sh -c '! called/postinst.d/zz-diskwright 6.1.0-50'
rm called/update
check 'without the script the hook is nothing' called/postinst.d/zz-diskwright

# ---- killed -----------------------------------------------------------------

# Killed at the two moments between which the name changes.
for moment in sync mv; do
	with 6.1.0-47 6.1.0-50
	config 6.1.0-47 6.1.0-47 > "$conf"
	# shellcheck disable=SC2016
	printf '#!/bin/sh\nkill -9 $PPID\n' > bin/$moment
	chmod 755 bin/$moment
	rc=0
	run > out 2>&1 || rc=$?
	check "killed before $moment" [ $rc = 137 ]
	check "killed before $moment: the file is whole" cmp before "$conf"
	rm bin/$moment
	touch "$conf.20261121" "$conf.diskwright-of-old"
	check 'the next run' run
	check 'copies that people keep stay' \
		rm "$conf.20261121" "$conf.diskwright-of-old"
	check 'it cleans up' [ "$(ls root/boot/syslinux)" = syslinux.cfg ]
	check 'it is complete' grep -q '^DEFAULT 6.1.0-50$' "$conf"
done
finish
