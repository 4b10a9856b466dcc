# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Files that pass for kernels; sourced behind lib.sh.

# As much of a bzImage as tells that it is one.
kernel()
{
	python3 - "$1" "$2" <<-'EOF'
	import struct, sys
	k = bytearray(16384)
	def put(at, fmt, *v): struct.pack_into(fmt, k, at, *v)
	put(0x1f1, "B", 3); put(0x1fe, "<H", 0xaa55); k[0x202:0x206] = b"HdrS"
	put(0x206, "<H", 0x20f); put(0x20e, "<H", 0x300); put(0x211, "B", 1)
	put(0x234, "B", 1); put(0x236, "<H", 1); put(0x248, "<I", 64)
	put(0x24c, "<I", 8000); k[0x500:0x500 + len(sys.argv[2])] = \
	    sys.argv[2].encode()
	k[2048 + 64:2048 + 67] = b"\x1f\x8b\x08"
	open(sys.argv[1], "wb").write(k)
	EOF
}
