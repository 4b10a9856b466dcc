#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Raw disks inside gzip, xz and zstd read as what went into them, whoever
# packed it; what is damaged is called so.
set -eu
. "$(dirname "$0")/../lib-formats.sh"
need gzip xz zstd mke2fs e2fsck

export TMPDIR=$work/spool
mkdir "$TMPDIR"

reads_as()	# RAW IMAGE
{
	"$imgtool" to-raw "$2" out && cmp "$1" out
}

# A frame is as the table says, or it is no table, or the disk is refused.
lies_are_found()
{
	if "$imgtool" to-raw "$1" out > log; then
		cmp raw out
	else
		cat log
		grep -q 'code -4: ' log
	fi
}

# packed_by NAME COMMAND...: packs raw by a command, and reads it back
packed_by()
{
	local name=$1

	shift
	"$@" < raw > image
	check "$name" reads_as raw image
}

two_of()	# the packer, on both halves
{
	head -c 3000000 raw | "$@"
	tail -c +3000001 raw | "$@"
}

make_raw raw
packed_by gzip gzip -c
packed_by "gzip -1" gzip -1c
packed_by "gzip, two members" two_of gzip -c
packed_by "gzip, padded" sh -c 'gzip -c; head -c 700 /dev/zero'
packed_by xz xz -c
packed_by "xz, blocks" xz -c --block-size=500000
packed_by "xz, two streams" two_of xz -c
packed_by "xz, padded streams" two_of sh -c 'xz -c; head -c 8 /dev/zero'
for c in none crc32 sha256; do
	packed_by "xz, $c" xz -c -C $c
done
packed_by zstd zstd -qc
packed_by "zstd -19" zstd -q19 -c
packed_by "zstd, no checksum" zstd -qc --no-check
packed_by "zstd, two frames" two_of zstd -qc
packed_by "zstd, length told" sh -c 'zstd -qc --stream-size=6000128'
zstd -qf raw -o image
check "zstd, of a file" reads_as raw image
for tool in pigz bgzip; do
	if command -v $tool > /dev/null; then
		packed_by $tool $tool -c
	else
		skip "$tool is missing"
	fi
done

for tool in gzip xz zstd; do
	: > raw0
	$tool -c < raw0 > image
	check "$tool, an empty disk" reads_as raw0 image
done

# ---- at random --------------------------------------------------------------

# What is unpacked beforehand lies plain in a spool.
is_at_random()	# IMAGE
{
	[ "$("$imgtool" extents "$1")" = "compressed 0 6000128 - 0" ]
}

by_threads()	# IMAGE
{
	local n

	for n in 1 2 5; do
		THREADS=$n reads_as raw "$1" || return 1
	done
}

zstd -qf raw -o frame.zst
two_of zstd -qc < raw > two.zst
(head -c 3000000 raw > half; zstd -qfc half
	tail -c +3000001 raw > half; zstd -qfc half) > told.zst
"$imgtool" to-zstd raw table.zst
"$imgtool" to-zstd half table2.zst
head -c 3000000 raw > half
"$imgtool" to-zstd half table1.zst
cat table1.zst table2.zst > tables.zst
(printf '\120\052\115\030\004\0\0\0abcd'; cat frame.zst) > skip.zst
xz -c --block-size=300000 raw > blocks.xz
two_of xz -c < raw > two.xz
for image in frame.zst told.zst table.zst tables.zst blocks.xz two.xz; do
	check "$image, at random" is_at_random $image
	check "$image, by threads" by_threads $image
done
check "two.zst, in order" by_threads two.zst
zstd -qd < skip.zst | cmp - raw
check "a skippable frame in front" reads_as raw skip.zst
# A seek table that lies: of lengths, of frames, of their number.
lie()	# OFFSET FROM THE END, BYTE
{
	cp table.zst lie.zst
	printf '%b' "\\0$(printf %o $2)" | dd of=lie.zst bs=1 conv=notrunc \
		seek=$(($(stat -c %s lie.zst) - $1)) status=none
}
for at in 57 56 55 53 52 51 49 48 45 44; do
	lie $at 77
	check "a seek table that lies at $at" lies_are_found lie.zst
done
# Blocks of more than 32 MiB are unpacked in order, as far as somebody reads.
truncate -s 40M long
dd if=raw of=long bs=1M seek=1 conv=notrunc status=none
for tool in xz zstd; do
	$tool -kqfc long > image
	check "one long block of $tool" reads_as long image
	check "no more of it than is asked for" \
		[ "$("$imgtool" extents image | tail -n 1)" = \
		"compressed 1048576 40894464 - 0" ]
done

# ---- standard input ---------------------------------------------------------

mkdir -p root/etc
echo some table > root/etc/fstab
mke2fs -q -t ext4 -d root fs.img 8M > /dev/null 2>&1
cat_fstab()	# LOCATOR
{
	[ "$("$DISKWRIGHT" cat -- "$1:/etc/fstab")" = "some table" ]
}
for tool in gzip xz zstd cat; do
	$tool -c < fs.img > image 2> /dev/null || cp fs.img image
	check "a file in $tool" cat_fstab image
	check "a pipe of $tool" cat_fstab - < <(cat image)
	check "standard input is a file of $tool" cat_fstab - < image
done
(dd of=/dev/null bs=4096 count=1; cat_fstab -) < <(head -c 4096 /dev/zero
	cat fs.img) 2> /dev/null && ok "from the middle of a pipe" ||
	bad "from the middle of a pipe"
check "standard input is named" grep -q '^standard input: gzip, 8 MiB' \
	<(gzip -c fs.img | "$DISKWRIGHT" inspect -)

# ---- standard output ----------------------------------------------------------

check "raw to a pipe" cmp raw <("$imgtool" to-raw raw -)
"$imgtool" to-raw raw - > out
check "raw to a file that is standard output" cmp raw out
(echo before; "$imgtool" to-raw raw -) > out
check "behind what is there" cmp <(echo before; cat raw) out

# ---- convert and map ---------------------------------------------------------

convert_pipe()	# FORMAT: through standard input and output
{
	"$DISKWRIGHT" convert -O "$1" - - < <(cat fs.img) > new &&
		"$DISKWRIGHT" convert --force - out < <(cat new) &&
		"$DISKWRIGHT" compare fs.img out && e2fsck -fn out
}
for tool in raw gzip xz zstd; do
	check "$tool through pipes" convert_pipe $tool
done
gzip -c fs.img > fs.img.gz
check "where a spool has it is no place in the image" \
	[ "$("$DISKWRIGHT" map --json fs.img.gz | grep -c '"offset"')" = 0 ]

# ---- what is inside ---------------------------------------------------------

if command -v qemu-img > /dev/null; then
	qemu-img create -q -f qcow2 q.qcow2 10M
	for tool in gzip xz zstd; do
		$tool -c < q.qcow2 > image
		check "a qcow2 inside $tool" refuses \
			"code -5: image: $tool: holds a qcow2 image.*decompress" \
			"$imgtool" to-raw image out
	done
fi

# ---- damage -----------------------------------------------------------------

is_damaged()	# FORMAT FILE
{
	refuses 'code -4: ' "$imgtool" to-raw "$2" out "$1"
}

cut_anywhere()	# FORMAT FILE
{
	local len at

	len=$(stat -c %s "$2")
	for at in 0 1 3 6 10 12 17 100 4000 $((len / 2)) $((len - 30)) \
		$((len - 12)) $((len - 9)) $((len - 8)) $((len - 5)) \
		$((len - 4)) $((len - 1)); do
		head -c $at "$2" > cut
		is_damaged "$1" cut || { echo "cut at $at"; return 1; }
	done
}

# A bit is wrong: where the tool notices, so do we, and what reads all the
# same reads right.
flipped_anywhere()	# FORMAT FILE
{
	local len at byte

	len=$(stat -c %s "$2")
	for at in 0 2 3 4 5 7 8 11 13 14 20 333 9999 $((len / 3)) \
		$((len - 30)) $((len - 13)) $((len - 9)) $((len - 8)) \
		$((len - 5)) $((len - 3)) $((len - 1)); do
		cp "$2" flip
		byte=$(od -An -tu1 -j $at -N 1 "$2")
		printf '%b' "\\0$(printf %o $((byte ^ 4)))" |
			dd of=flip bs=1 seek=$at conv=notrunc status=none
		if "$1" -t < flip > /dev/null 2>&1; then
			"$imgtool" to-raw flip out "$1" && cmp raw out ||
				{ echo "flip at $at"; return 1; }
		elif "$imgtool" to-raw flip out "$1" > log; then
			echo "flip at $at is not noticed"
			return 1
		elif ! grep -q 'code -[45]: ' log; then
			cat log
			return 1
		fi
	done
}

for tool in gzip xz zstd; do
	$tool -c < raw > image
	check "$tool, cut off" cut_anywhere $tool image
	check "$tool, a bit is wrong" flipped_anywhere $tool image
	printf 'more' | cat image - > more
	check "$tool, something follows" is_damaged $tool more
done
printf '\0\0more' > tail
gzip -c < raw | cat - tail > more
check "gzip, padding that is none" is_damaged gzip more

# ---- writing ----------------------------------------------------------------

written_as()	# RAW FORMAT [LEVEL]: the tool tests and unpacks it
{
	"$imgtool" "to-$2" "$1" new "${@:3}" && "$2" -t < new &&
		"$2" -dc < new | cmp - "$1" && reads_as "$1" new
}

same_bytes()	# FORMAT: whatever the threads, to a file or a pipe
{
	local n

	THREADS=1 "$imgtool" "to-$1" raw new1
	for n in 2 5; do
		THREADS=$n "$imgtool" "to-$1" raw new && cmp new1 new &&
			THREADS=$n "$imgtool" "to-$1" raw - | cmp new1 - ||
			return 1
	done
}

not_longer()	# FORMAT PERCENT: than what the tool makes of it
{
	local theirs ours

	"$imgtool" "to-$1" noise new
	theirs=$("$1" -c < noise | wc -c)
	ours=$(stat -c %s new)
	echo "$ours bytes, $1 makes $theirs"
	[ $((ours * 100)) -le $((theirs * (100 + $2))) ]
}

# random_raw SEED FILE: pieces of noise and text at random places, odd size
random_raw()
{
	local i

	RANDOM=$1
	rm -f "$2"
	truncate -s $((RANDOM * 700 + RANDOM)) "$2"
	for ((i = 0; i < 12; i++)); do
		dd if=raw of="$2" iflag=skip_bytes,count_bytes \
			oflag=seek_bytes skip=$((RANDOM * 180)) \
			count=$((RANDOM * 9)) seek=$((RANDOM * 600)) bs=64k \
			conv=notrunc status=none
	done
}

cat "$imgtool" raw > noise
for tool in gzip xz zstd; do
	# Of ISA-L it is the fastest level.
	percent=5
	[ $tool != gzip ] || percent=12
	check "a new $tool" written_as raw $tool
	check "a new $tool, level 1" written_as raw $tool 1
	check "a new $tool, the same by any way" same_bytes $tool
	check "a new $tool is not much longer" not_longer $tool $percent
	for size in 0 1 513 1048576 2097153 20000000; do
		rm -f z
		truncate -s $size z
		check "a new $tool of $size zeros" written_as z $tool
	done
	for seed in 1 2 3 4; do
		random_raw $seed some
		check "a new $tool, random $seed" written_as some $tool
	done
	check "a $tool has no level 77" refuses 'code -16: .* levels' \
		"$imgtool" "to-$tool" raw new 77
done
if command -v pigz > /dev/null; then
	"$imgtool" to-gzip raw new
	check "pigz reads it" cmp raw <(pigz -dc < new)
fi
"$imgtool" to-xz raw new.xz
check "xz finds the blocks" [ "$(xz --robot -l new.xz |
	sed -n 's/^file\t[0-9]*\t\([0-9]*\)\t.*/\1/p')" = 3 ]
"$imgtool" to-zstd raw new.zst
check "zstd finds the frames and the seek table" grep -q 'Skippable Frames: 1' \
	<(zstd -lv new.zst 2>&1)

# Longer than 2^32: gzip tells the length modulo that.
truncate -s 4294979641 big
dd if=raw of=big bs=1M seek=4093 conv=notrunc status=none
truncate -s 4294979641 big
for tool in gzip xz zstd; do
	"$imgtool" "to-$tool" big new
	check "a long one in $tool stays small" \
		[ "$(stat -c %s new)" -lt 7000000 ]
	rm -f out
	"$imgtool" to-raw new out
	check "its length" [ "$(stat -c %s out)" = 4294979641 ]
	check "its data" cmp -i $((4093 << 20)) big out
	check "its holes" [ "$(du -k out | cut -f 1)" -lt 8000 ]
done
rm -f big out

# ---- what stays behind ------------------------------------------------------

spool_is_empty()
{
	[ -z "$(ls -A "$TMPDIR")" ]
}
check "nothing stays in the spool's folder" spool_is_empty
mkfifo fifo
"$DISKWRIGHT" inspect - < fifo > /dev/null 2>&1 &
pid=$!
exec 9> fifo
gzip -c < raw >&9
sleep 0.3
{ kill -9 $pid; wait $pid; } 2> /dev/null || :
exec 9>&-
check "nor of one that was killed" spool_is_empty
gzip -c < raw > image
TMPDIR=$work/none check "a spool's folder that is not there" refuses \
	"code -10: $work/none: no file can be made there" \
	"$imgtool" to-raw image out
finish
