#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Installs the host's genuine extlinux into an ext filesystem, unmounted.

carve-extlinux.py FILESYSTEM START-LBA DIRECTORY

The payload is taken out of the installed extlinux program, the files are
placed with debugfs, and the addresses that extlinux itself would fill in are
filled in here. For tests of other boot code against the genuine one.
"""
import re
import shutil
import struct
import subprocess
import sys
import tempfile

MAGIC = struct.pack("<I", 0x3EB202FE)
ADV_HEAD, ADV_TAIL, ADV_SUM = 0x5A2D2FA5, 0xDD28BF64, 0xA3041767
LOAD_ADDR = 0x8000
SECTOR = 512


def data_section(elf):
    """Start and end of .data of a 64-bit ELF file."""
    table, = struct.unpack_from("<Q", elf, 0x28)
    count, names = struct.unpack_from("<HH", elf, 0x3C)
    heads = [struct.unpack_from("<IIQQQQIIQQ", elf, table + 64 * i)
             for i in range(count)]
    for head in heads:
        at = heads[names][4] + head[0]
        if elf[at:at + 6] == b".data\0":
            return head[4], head[4] + head[5]
    raise SystemExit("extlinux has no .data")


def find_payload(elf):
    """Boot sector, ldlinux.sys, offset of its patch area, ldlinux.c32."""
    start, end = data_section(elf)
    sector = image = area = None
    for hit in re.finditer(rb"\xeb\x58\x90SYSLINUX", elf):
        found = elf[hit.start():hit.start() + SECTOR]
        if found[0x1F8:0x1FC] == MAGIC and found[510:] == b"\x55\xaa":
            sector = bytearray(found)
    for hit in re.finditer(rb"\r\nSYSLINUX [0-9.]+[^\0]{0,24}\0\r\n\x1a", elf):
        magic = elf.find(MAGIC, hit.start(), hit.start() + 64)
        if magic >= 0 and elf[magic + 4:magic + 8] in sector:
            image = bytearray(elf[hit.start():end])
            area = magic - hit.start()
    image = image[:len(image) // SECTOR * SECTOR]
    module = b""
    for hit in re.finditer(rb"\x7fELF\x01\x01\x01", elf[start:end]):
        found = elf[start + hit.start():end]
        table, = struct.unpack_from("<I", found, 0x20)
        entry, count = struct.unpack_from("<HH", found, 0x2E)
        module = max(module, found[:table + entry * count], key=len)
    return sector, image, area, module


class Filesystem:
    def __init__(self, path, directory):
        self.path, self.dir = path, directory

    def debugfs(self, *commands):
        run = subprocess.run(["debugfs", "-w", "-f", "/dev/stdin", self.path],
                             input="\n".join(commands) + "\n",
                             capture_output=True, text=True, check=True)
        return run.stdout

    def place(self, data, name):
        with tempfile.NamedTemporaryFile() as f:
            f.write(data)
            f.flush()
            self.debugfs(f"rm {self.dir}/{name}",
                         f"write {f.name} {self.dir}/{name}",
                         f"sif {self.dir}/{name} mode 0100444")

    def sectors(self, name, count):
        with open(self.path, "rb") as f:
            f.seek(1024 + 24)
            block = 1024 << struct.unpack("<I", f.read(4))[0]
        per_block = block // SECTOR
        blocks = (count + per_block - 1) // per_block
        out = self.debugfs(*(f"bmap {self.dir}/{name} {i}"
                             for i in range(blocks)))
        found = [int(x) for x in re.findall(r"^(\d+)$", out, re.M)]
        return [b * per_block + i for b in found
                for i in range(per_block)][:count]


def extents(sectors):
    """Runs as ldlinux.sys loads them: none crosses 64 KiB of memory."""
    runs = []
    addr = LOAD_ADDR
    for s in sectors:
        if runs and s == runs[-1][0] + runs[-1][1] and addr % 0x10000:
            runs[-1][1] += 1
        else:
            runs.append([s, 1])
        addr += SECTOR
    return runs


def dwords(data):
    return struct.unpack_from("<%dI" % (len(data) // 4), data)


def main():
    path, start, directory = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    with open(shutil.which("extlinux"), "rb") as f:
        sector, image, area, module = find_payload(f.read())
    fs = Filesystem(path, directory)
    # Filled with other bytes first: debugfs makes holes of zeros.
    fs.place(b"\xff" * (len(image) + 2 * SECTOR), "ldlinux.sys")
    fs.place(module, "ldlinux.c32")
    data_nr = len(image) // SECTOR
    where = fs.sectors("ldlinux.sys", data_nr + 2)

    epa, = struct.unpack_from("<H", image, area + 22)
    (adv_ptr, dir_ptr, dir_len, _, _, sec_ptr, sec_max,
     ptr0, ptr1, _) = struct.unpack_from("<10H", image, epa)
    struct.pack_into("<H", sector, 11, SECTOR)
    struct.pack_into("<HHI", sector, 24, 63, 255, start)
    struct.pack_into("<I", sector, ptr0, where[0])
    struct.pack_into("<I", sector, ptr1, 0)
    struct.pack_into("<HHI", image, area + 8, data_nr, 2, len(image) // 4)
    runs = extents(where[1:data_nr])
    assert len(runs) <= sec_max and len(directory) < dir_len
    for i in range(sec_max):
        run = runs[i] if i < len(runs) else (0, 0)
        struct.pack_into("<QH", image, sec_ptr + 10 * i, *run)
    struct.pack_into("<QQ", image, adv_ptr, *where[data_nr:])
    image[dir_ptr:dir_ptr + len(directory) + 1] = directory.encode() + b"\0"
    struct.pack_into("<I", image, area + 16, 0)
    total = struct.unpack("<I", MAGIC)[0] - sum(dwords(image))
    struct.pack_into("<I", image, area + 16, total & 0xFFFFFFFF)
    adv = bytearray(SECTOR)
    struct.pack_into("<III", adv, 0, ADV_HEAD, ADV_SUM, 0)
    struct.pack_into("<I", adv, SECTOR - 4, ADV_TAIL)

    content = bytes(image) + bytes(adv) * 2
    with open(path, "r+b") as f:
        for i, s in enumerate(where):
            f.seek(s * SECTOR)
            f.write(content[i * SECTOR:(i + 1) * SECTOR])
        f.seek(0)
        f.write(sector)


main()
