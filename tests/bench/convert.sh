#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# convert beside qemu-img at its best: as many requests at once as it takes,
# written as they come.  Neither waits for the disk.
#
# qemu-img takes a minute for each compressed copy with the deleted blocks, so
# that those are measured DELETED_RUNS times only.
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/sources.sh"
need mke2fs debugfs qemu-img dumpe2fs

DELETED_RUNS=${DELETED_RUNS:-1}
use_pair real
ours=("$DISKWRIGHT" convert --no-sync)
qemu=(qemu-img convert -W -m 16)

# both NAME SOURCE FORMAT OUR-OPTIONS QEMU-OPTIONS
both()
{
	local name=$1 source=$2 format=$3

	fresh
	# shellcheck disable=SC2086
	once "$name" "${ours[@]}" -O "$format" $4 "$source" "$out.ours"
	sync -f "$dir"
	# shellcheck disable=SC2086
	once "qemu-img $name" "${qemu[@]}" -O "$format" $5 \
		"$source" "$out.qemu"
}

packed()	# NAME SOURCE
{
	both "zlib$1" "$2" qcow2 --compress=zlib -c
	cp "$out.ours" "$work/zlib.ours"
	cp "$out.qemu" "$work/zlib.qemu"
	both "zstd$1" "$2" qcow2 --compress=zstd '-c -o compression_type=zstd'
	cp "$out.ours" "$work/zstd.ours"
	cp "$out.qemu" "$work/zstd.qemu"
}

for _ in $(seq "$DELETED_RUNS"); do
	packed ', deleted' "$full"
done
for _ in $(seq "$RUNS"); do
	packed '' "$clean"
done
ratio zlib 'qemu-img zlib' 0.083
lengths "$work/zlib.ours" "$work/zlib.qemu" zlib 1.10
ratio zstd 'qemu-img zstd' 0.50
lengths "$work/zstd.ours" "$work/zstd.qemu" zstd -
ratio 'zlib, deleted' 'qemu-img zlib, deleted' 0.083
ratio 'zstd, deleted' 'qemu-img zstd, deleted' 0.50

# Both read what qemu-img wrote; nothing is deleted in it.
fresh
qemu-img convert -O qcow2 "$clean" "$work/plain.qcow2"
qemu-img convert -O qcow2 "$full" "$work/plain-full.qcow2"
for _ in $(seq "$RUNS"); do
	both 'zlib to raw' "$work/zlib.qemu" raw '' ''
	both 'raw to raw' "$clean" raw '' ''
	both 'raw to qcow2' "$clean" qcow2 '' ''
	both 'qcow2 to raw' "$work/plain.qcow2" raw '' ''
	both 'raw to raw, deleted' "$full" raw '' ''
	both 'raw to qcow2, deleted' "$full" qcow2 '' ''
	both 'qcow2 to raw, deleted' "$work/plain-full.qcow2" raw '' ''
done
ratio 'zlib to raw' 'qemu-img zlib to raw' 0.20
for name in 'raw to raw' 'raw to qcow2' 'qcow2 to raw'; do
	ratio "$name" "qemu-img $name" 1.00
	ratio "$name, deleted" "qemu-img $name, deleted" 0.25
done

fresh
for options in '-O raw' '-O qcow2' '-O qcow2 --compress=zlib' \
	'-O qcow2 --compress=zstd' '-O qcow2 --cluster-size=2M --compress=zlib'; do
	# shellcheck disable=SC2086
	peak "convert $options" 128 "${ours[@]}" --force $options "$full" \
		"$out.ours"
done
peak 'convert zlib to raw' 128 "${ours[@]}" --force -O raw \
	"$work/zlib.qemu" "$out.ours"
