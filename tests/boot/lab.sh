# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What the loader's tests share; sourced after ../lib.sh.
#
# A case is a function that runs in a folder of its own, two at a time. It
# makes a filesystem fs.img from the folder tree, installs the loader, starts
# it in QEMU and compares what the test kernel says it was given.

LAB=${LAB:-$BUILD/tests/boot/loaderlab}
QEMU_TIME=${QEMU_TIME:-60}
jobs_max=2
start_lba=2048

make -s -C "$top" BUILD="$BUILD" "$LAB" "$LAB-copy" > "$work/make.log" 2>&1 || {
	cat "$work/make.log"
	exit 1
}
echo 'int x;' | ${X86CC:-gcc} -m32 -xc -c -o /dev/null - 2> /dev/null || {
	echo "skip $(basename "$0"): no compiler makes x86 code (gcc)"
	exit 77
}
"$top/tests/boot/fakekernel/mkkernel.sh" 204 600 "$work/k204"
"$top/tests/boot/fakekernel/mkkernel.sh" 20f 1500 "$work/k20f"
"$top/tests/boot/fakekernel/mkkernel.sh" 200 60 "$work/k200"
seq 1 20000 > "$work/initrd"
seq 7 3000 > "$work/initrd2"

crc_of()
{
	gzip -1c "$1" | tail -c 8 | od -An -tx4 -N4 | tr -d ' '
}

# case NAME: runs the function NAME in the background.
declare -a case_names=()
case_run()
{
	local name=$1

	while [ "$(jobs -rp | wc -l)" -ge "$jobs_max" ]; do
		wait -n || :
	done
	case_names+=("$name")
	mkdir "$work/$name"
	(
		trap - EXIT
		cd "$work/$name"
		# Not "if (...)": bash ignores -e in there.
		set +e
		(set -ex; "$name") > log 2>&1
		echo $? > result
		rm -f ./*.img
	) &
}

# Reports the cases in the order they were given.
cases_done()
{
	local name

	wait
	for name in "${case_names[@]}"; do
		case $(cat "$work/$name/result" 2> /dev/null) in
		0)	ok "$name" ;;
		*)	bad "$name"
			tail -n 30 "$work/$name/log" | sed 's/^/    /' ;;
		esac
	done
}

# The folder that most cases start from.
make_tree()
{
	mkdir -p tree/boot/syslinux
	cp --sparse=never "$work/${1:-k204}" tree/boot/vmlinuz
	cp "$work/initrd" tree/boot/initrd.img
	cat > tree/boot/syslinux/syslinux.cfg <<-END
	DEFAULT linux
	LABEL linux
	  KERNEL /boot/vmlinuz
	  APPEND root=/dev/vda1 ro
	  INITRD /boot/initrd.img
	END
}

# What that tree must give.
expect_tree()
{
	expect "${1:-k204}" "$work/initrd" \
		"BOOT_IMAGE=/boot/vmlinuz root=/dev/vda1 ro initrd=/boot/initrd.img"
}

# make_fs SIZE [MKE2FS OPTIONS...]
make_fs()
{
	local size=$1

	shift
	mke2fs -q -F -d tree "$@" fs.img "$size"
}

# Puts fs.img onto a disk with one active partition and our MBR.
make_disk()
{
	local lba=${1:-$start_lba} sectors

	sectors=$(($(stat -c %s fs.img) / 512))
	truncate -s $(((lba + sectors) * 512)) disk.img
	echo "$lba,$sectors,83,*" | sfdisk -q --no-reread disk.img
	dd if=fs.img of=disk.img bs=512 seek="$lba" conv=notrunc,sparse \
		status=none
	"$LAB" mbr disk.img
}

# Starts an image; serial.log gets what came out. Further arguments are QEMU's.
start()
{
	local image=$1 bus=${BUS:-virtio-blk-pci,drive=d} rc=0

	shift
	# Where nothing boots the BIOS resets, and that ends QEMU.
	timeout "$QEMU_TIME" nice qemu-system-x86_64 -accel tcg -m 64 \
		-nodefaults -display none -machine graphics=off -no-reboot \
		-boot reboot-timeout=1 \
		-device isa-debug-exit,iobase=0xf4,iosize=4 \
		-drive file="$image",format=raw,if=none,id=d,snapshot=on \
		"$@" -device "$bus" -serial stdio \
		< "${INPUT:-/dev/null}" > serial.log || rc=$?
	cat -v serial.log
	return $((rc != 33))
}

# expect KERNEL INITRD COMMAND-LINE: what the kernel said.
expect()
{
	local kernel=$1 initrd=$2 cmdline=$3

	tr -d '\r' < serial.log > said
	grep -q "^FAKE kernel .* crc=$(cat "$work/$kernel.crc")\$" said
	if [ -n "$initrd" ]; then
		grep -q "^FAKE initrd .* len=$(printf %08x \
			"$(stat -c %s "$initrd")") crc=$(crc_of "$initrd")\$" said
	else
		grep -q "^FAKE initrd at=00000000 len=00000000" said
	fi
	grep -Fxq "FAKE cmdline=[$cmdline]" said
	grep -q "cs=00009020 ss=00009000 sp=00009800" said
	grep -q "loader=000000ff flags=${FLAGS:-00000081} heap_end=${HEAP:-00009600}" said
}
