#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes physical volumes of one volume group, without LVM and without root.

    mkpv.py GROUP [--extent KIB] [--start SECTOR] PV=FILE:EXTENTS...
            LV=TYPE:ARG...

FILE becomes a PV with its extents from 1 MiB on, which stay as they are where
the file is there already; a second metadata area lies behind them.  With
--start the metadata says that they begin elsewhere.  Volumes:

    root=linear:pv0+0*4,pv0+8*2     two segments: 4 extents from 0, 2 from 8
    both=striped64:pv0+0*4,pv1+0*4  stripes of 64 KiB
    .x=hidden:pv0+3*1               linear, not visible
    bad=error:4                     4 extents; any other type as well

Prints nothing.  What LVM itself thinks of the result: vgck, pvck.
"""
import re
import struct
import sys
import zlib

SECTOR = 512
PE_START = 1 << 20
MDA_OFF, MDA_LEN = 4096, PE_START - 4096
MDA2_LEN = 1 << 20


def crc(data):
    return ~zlib.crc32(data, ~0xF597A6CF & 0xFFFFFFFF) & 0xFFFFFFFF


def uuid(seed):
    return (re.sub("[^A-Za-z0-9]", "", seed) + "0" * 32)[:32]


def dashed(raw):
    return "-".join([raw[0:6], raw[6:10], raw[10:14], raw[14:18], raw[18:22],
                     raw[22:26], raw[26:32]])


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def runs_of(text):
    """pv0+0*4,... as (pv, extent, count)."""
    return [(pv, int(at), int(nr)) for pv, at, nr in
            (re.fullmatch(r"(\w+)\+(\d+)\*(\d+)", run).groups()
             for run in text.split(","))]


def segment(nr, start, count, kind, more):
    return "segment%d {\nstart_extent = %d\nextent_count = %d\n" \
        "type = \"%s\"\n%s}\n" % (nr, start, count, kind, more)


def stripes(runs, size):
    return "stripe_count = %d\n%sstripes = [%s]\n" % (
        len(runs), "stripe_size = %d\n" % (size * 2) if size else "",
        ", ".join('"%s", %d' % (pv, at) for pv, at, _ in runs))


def segments(kind, arg):
    """The number of segments, and their text."""
    if kind.startswith("striped"):
        runs = runs_of(arg)
        return 1, segment(1, 0, sum(nr for _, _, nr in runs), "striped",
                          stripes(runs, int(kind[7:])))
    if kind not in ("linear", "hidden"):
        return 1, segment(1, 0, int(arg), kind, "")
    text, start = "", 0
    runs = runs_of(arg)
    for nr, run in enumerate(runs, 1):
        text += segment(nr, start, run[2], "striped", stripes([run], 0))
        start += run[2]
    return len(runs), text


def volume(name, value):
    kind, arg = value.split(":", 1)
    nr, text = segments(kind, arg)
    status = '"READ", "WRITE"' + ("" if kind == "hidden" else ', "VISIBLE"')
    return "%s {\nid = \"%s\"\nstatus = [%s]\nflags = []\n" \
        "segment_count = %d\n%s}\n" % (name, dashed(uuid("L" + name)), status,
                                       nr, text)


def group_text(group, extent, start, pvs, lvs):
    text = 'contents = "Text Format Volume Group"\nversion = 1\n' \
        'description = ""\ncreation_host = "mkpv"\ncreation_time = 1\n' \
        '%s {\nid = "%s"\nseqno = 1\nformat = "lvm2"\n' \
        'status = ["RESIZEABLE", "READ", "WRITE"]\nflags = []\n' \
        'extent_size = %d\nmax_lv = 0\nmax_pv = 0\nmetadata_copies = 0\n' \
        'physical_volumes {\n' % (group, dashed(uuid("G" + group)), extent * 2)
    for name, (_, nr) in pvs.items():
        text += '%s {\nid = "%s"\ndevice = "/dev/%s"\n' \
            'status = ["ALLOCATABLE"]\nflags = []\ndev_size = %d\n' \
            'pe_start = %d\npe_count = %d\n}\n' % (
                name, dashed(uuid("P" + group + name)), name,
                size_of(nr, extent) // SECTOR, start, nr)
    text += "}\nlogical_volumes {\n"
    text += "".join(volume(*lv) for lv in lvs)
    return text + "}\n}\n"


def size_of(extents, extent):
    return PE_START + extents * extent * 1024 + MDA2_LEN


def label(pv_id, size, mdas):
    body = pv_id.encode() + struct.pack("<Q", size)
    body += struct.pack("<QQQQ", PE_START, 0, 0, 0)
    for off, length in mdas:
        body += struct.pack("<QQ", off, length)
    body += struct.pack("<QQIIQQ", 0, 0, 2, 1, 0, 0)
    sector = b"LABELONE" + struct.pack("<QII", 1, 0, 32) + b"LVM2 001" + body
    sector = sector.ljust(SECTOR, b"\0")
    return sector[:16] + struct.pack("<I", crc(sector[20:])) + sector[20:]


def mda(off, length, text):
    data = text.encode() + b"\n\0"
    head = b" LVM2 x[5A%r0N*>" + struct.pack("<IQQ", 1, off, length)
    head += struct.pack("<QQII", SECTOR, len(data), crc(data), 0)
    head = head.ljust(SECTOR - 4, b"\0")
    return struct.pack("<I", crc(head)) + head + data


def write_pv(path, pv_id, extents, extent, text):
    size = size_of(extents, extent)
    end = size - MDA2_LEN
    mdas = [(MDA_OFF, MDA_LEN), (end, MDA2_LEN)]
    with open(path, "ab") as f:
        f.truncate(size)
    with open(path, "r+b") as f:
        f.seek(SECTOR)
        f.write(label(pv_id, size, mdas))
        for off, length in mdas:
            f.seek(off)
            f.write(mda(off, length, text))


def main(args):
    group, extent, pvs, lvs = args[0], 1024, {}, []
    rest, start = args[1:], PE_START // SECTOR
    if rest[:1] == ["--extent"]:
        extent, rest = int(rest[1]), rest[2:]
    if rest[:1] == ["--start"]:
        start, rest = int(rest[1]), rest[2:]
    for arg in rest:
        name, value = arg.split("=", 1)
        if re.fullmatch(r"pv\d+", name):
            path, nr = value.rsplit(":", 1)
            pvs[name] = (path, int(nr))
        else:
            lvs.append((name, value))
    text = group_text(group, extent, start, pvs, lvs)
    for name, (path, nr) in pvs.items():
        write_pv(path, uuid("P" + group + name), nr, extent, text)


main(sys.argv[1:])
