#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The dualboot job beside tools that only copy.  What it writes is durable
# unless --no-sync says otherwise, and boots; theirs is neither.
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/sources.sh"
need mke2fs debugfs e2image qemu-img dumpe2fs

use_pair random
dualboot=("$DISKWRIGHT" dualboot --allow-unbootable)
qemu=(qemu-img convert -W -m 16)
for _ in $(seq "$RUNS"); do
	warm "$full"; warm "$clean"
	fresh; once 'dualboot raw' "${dualboot[@]}" "$full" "$out.raw"
	fresh; once 'dualboot raw --no-sync' "${dualboot[@]}" --no-sync \
		"$full" "$out.raw"
	fresh; once 'e2image -ra' e2image -ra "$full" "$out.e2"
	fresh; once 'dualboot raw --no-sync, clean' "${dualboot[@]}" \
		--no-sync "$clean" "$out.raw"
	fresh; once 'qemu-img to raw, clean' "${qemu[@]}" -O raw "$clean" \
		"$out.raw"
	fresh; once 'dualboot qcow2 --no-sync, clean' "${dualboot[@]}" \
		--no-sync "$clean" "$out.qcow2"
	fresh; once 'qemu-img to qcow2, clean' "${qemu[@]}" -O qcow2 "$clean" \
		"$out.qcow2"
done
ratio 'dualboot raw' 'e2image -ra' 0.50
ratio 'dualboot raw --no-sync' 'e2image -ra' 0.35
ratio 'dualboot raw --no-sync, clean' 'qemu-img to raw, clean' 1.00
ratio 'dualboot qcow2 --no-sync, clean' 'qemu-img to qcow2, clean' 1.00
for format in raw qcow2; do
	fresh
	peak "dualboot to $format" 64 "${dualboot[@]}" "$full" "$out.$format"
done
