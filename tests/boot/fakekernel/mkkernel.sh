#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes a test kernel: mkkernel.sh PROTOCOL(200|204|20f) PAYLOAD-KIB OUT
#
# Half of its payload is zeros in runs of 64 KiB, so that it can have holes,
# the rest is different in each sector. OUT.crc gets the checksum that the
# kernel must report.
set -eu
protocol=$1 kib=$2 out=$3
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cc="${X86CC:-gcc} -m32 -march=i386 -Os -std=gnu11 -ffreestanding -fno-pic
	-fno-stack-protector -fno-asynchronous-unwind-tables
	-fcf-protection=none -mno-sse -mno-mmx"

$cc -DPROTOCOL=0x"$protocol" -c -o "$work/setup.o" "$here/setup.S"
$cc -c -o "$work/kernel.o" "$here/kernel.c"
${LD:-ld} -m elf_i386 -Ttext=0 -e _start --oformat binary \
	-o "$work/setup" "$work/setup.o"
${LD:-ld} -m elf_i386 -T "$here/kernel.ld" -o "$work/kernel.elf" \
	"$work/kernel.o"
${OBJCOPY:-objcopy} -O binary -j .text "$work/kernel.elf" "$work/payload"
truncate -s 4096 "$work/payload"
i=4
while [ $i -lt "$kib" ]; do
	if [ $((i / 64 % 2)) = 0 ]; then
		seq $((i * 1000)) $((i * 1000 + 2000)) | head -c 4096 \
			>> "$work/payload"
	else
		head -c 4096 /dev/zero >> "$work/payload"
	fi
	i=$((i + 4))
done
truncate -s $((kib * 1024)) "$work/payload"
le32() {
	printf "\\$(printf %o $(($1 & 255)))\\$(printf %o $(($1 >> 8 & 255)))"
	printf "\\$(printf %o $(($1 >> 16 & 255)))"
	printf "\\$(printf %o $(($1 >> 24 & 255)))"
}
le32 $((kib * 1024)) | dd of="$work/setup" bs=1 seek=$((0x1cc)) \
	conv=notrunc status=none
cat "$work/setup" "$work/payload" > "$out"
gzip -1c "$work/payload" | tail -c 8 | od -An -tx4 -N4 | tr -d ' ' > "$out.crc"
