#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the fixtures of VMDK.

    make-vmdk.py [FOLDER]       default: beside this script

They are put together here, by VMware's "Virtual Disk Format 5.0", because no
tool at hand makes grains as small as these or a stream with its directory at
the end.  tests/cli/formats-vmdk.sh has qemu-img read them too.
"""
import os
import struct
import sys
import zlib

SECTOR = 512
GRAIN = 8
AT_END = 0xffffffffffffffff
NEWLINE, REDUNDANT, ZEROED, PACKED, MARKERS = 1, 2, 4, 1 << 16, 1 << 17


def numbers(first, length):
    text = ''.join('%d\n' % i for i in range(first, first + length))
    return text.encode()[:length]


def pattern():
    """The disk of make-formats.sh, 98816 bytes."""
    return (numbers(1, 20000) + bytes(12768) + b'abcdefg\n' * 1024 +
            bytes(57344) + numbers(20000, 512))


def sectors(data):
    return data + bytes(-len(data) % SECTOR)


def header(capacity, flags=NEWLINE | REDUNDANT, version=1, grain=GRAIN,
           descriptor=(1, 1), table=512, redundant=0, directory=0,
           overhead=0, unclean=0, newline=b'\n \r\n', algorithm=0):
    return sectors(struct.pack('<4sIIQQQQIQQQB4sH', b'KDMV', version, flags,
                               capacity, grain, *descriptor, table, redundant,
                               directory, overhead, unclean, newline,
                               algorithm))


def descriptor(kind='monolithicSparse', capacity=193, parent='ffffffff',
               more=''):
    text = ('# Disk DescriptorFile\nversion=1\nCID=12345678\n'
            'parentCID=%s\ncreateType="%s"\n%s\n'
            'RW %d SPARSE "disk.vmdk"\n\nddb.adapterType = "ide"\n'
            % (parent, kind, more, capacity))
    return sectors(text.encode())


def grains_of(disk):
    """Number and bytes of each grain that is not zero."""
    size = GRAIN * SECTOR
    for i in range(0, len(disk), size):
        grain = disk[i:i + size]
        if any(grain):
            yield i // size, grain + bytes(size - len(grain))


def entries(values):
    return sectors(struct.pack('<%dI' % len(values), *values))


def sparse(disk, table=512, zeroed=None, **fields):
    """Directories and tables in front, the grains from the last to the first;
    a table of nothing is left out."""
    capacity = len(disk) // SECTOR
    text = fields.pop('text', descriptor(capacity=capacity))
    found = dict(grains_of(disk))
    tables = -(-capacity // (GRAIN * table))
    used = sorted({n // table for n in found})
    table_len = -(-table * 4 // SECTOR)
    map_len = 1 + len(used) * table_len
    redundant = 1 + len(text) // SECTOR
    directory = redundant + map_len
    at = overhead = -(-(directory + map_len) // GRAIN) * GRAIN
    place, data = {}, b''
    for n in sorted(found, reverse=True):
        place[n] = at
        at += GRAIN
        data += found[n]
    if zeroed is not None:
        place[zeroed] = 1
    image = header(capacity, table=table, redundant=redundant,
                   directory=directory, overhead=overhead,
                   descriptor=(1, len(text) // SECTOR), **fields) + text
    for base in (redundant, directory):
        image += entries([base + 1 + used.index(t) * table_len
                          if t in used else 0 for t in range(tables)])
        for t in used:
            image += entries([place.get(t * table + i, 0)
                              for i in range(table)])
    return image + bytes(overhead * SECTOR - len(image)) + data


def grain_marker(n, data):
    packed = zlib.compress(data)
    return sectors(struct.pack('<QI', n * GRAIN, len(packed)) + packed)


def marker(length, kind):
    return sectors(struct.pack('<QII', length, 0, kind))


def stream(disk, table=512, at_end=True):
    """Grains, their table, the directory; known from a footer or in front."""
    capacity = len(disk) // SECTOR
    fields = dict(flags=NEWLINE | PACKED | MARKERS, version=3, table=table,
                  algorithm=1, overhead=GRAIN)
    text = descriptor('streamOptimized', capacity)
    image = bytes(SECTOR) + text
    image += bytes(GRAIN * SECTOR - len(image))
    directory = [0] * -(-capacity // (GRAIN * table))
    place = {}
    for n, data in grains_of(disk):
        place[n] = len(image) // SECTOR
        image += grain_marker(n, data)
    for t in sorted({n // table for n in place}):
        values = entries([place.get(t * table + i, 0) for i in range(table)])
        image += marker(len(values) // SECTOR, 1)
        directory[t] = len(image) // SECTOR
        image += values
    image += marker(1, 2)
    at = len(image) // SECTOR
    image += entries(directory)
    if at_end:
        image += (marker(1, 3) + header(capacity, directory=at, **fields) +
                  marker(0, 0))
    return header(capacity, directory=AT_END if at_end else at,
                  **fields) + image[SECTOR:]


def changed(image, off, fmt, *values):
    new = bytearray(image)
    struct.pack_into('<' + fmt, new, off, *values)
    return bytes(new)


def good(disk):
    yield 'good-sparse', sparse(disk)
    yield 'good-zeroed', sparse(disk, zeroed=7, version=2, unclean=1,
                                flags=NEWLINE | REDUNDANT | ZEROED)
    yield 'good-tables', sparse(disk, table=4)
    yield 'good-stream', stream(disk)
    yield 'good-stream-tables', stream(disk, table=4)
    yield 'good-stream-front', stream(disk, at_end=False)


def unsupported(disk):
    def kind(name, text):
        return 'unsupported-' + name, sparse(disk, text=text)

    small, packed = sparse(disk), stream(disk)
    yield 'unsupported-version', changed(small, 4, 'I', 4)
    yield 'unsupported-algorithm', changed(packed, 77, 'H', 2)
    yield 'unsupported-no-markers', changed(packed, 8, 'I', NEWLINE | PACKED)
    yield kind('parent', descriptor(
        parent='12345678', more='parentFileNameHint="/etc/passwd"'))
    yield kind('split', descriptor('twoGbMaxExtentSparse'))
    yield kind('extents', descriptor(more='RW 8 FLAT "/etc/passwd" 0'))
    yield 'unsupported-extent', changed(small, 28, 'QQ', 0, 0)
    yield 'unsupported-cowd', b'COWD' + small[4:SECTOR]
    yield 'unsupported-sesparse', changed(bytes(SECTOR), 0, 'Q', 0xcafebabe)
    yield 'unsupported-flat', (
        b'# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\n'
        b'createType="monolithicFlat"\n\nRW 8 FLAT "/etc/passwd" 0\n')


def bad(disk):
    small, packed = sparse(disk), stream(disk)
    directory = struct.unpack_from('<Q', small, 56)[0] * SECTOR
    table = directory + SECTOR
    footer = len(packed) - 2 * SECTOR
    grain = GRAIN * SECTOR
    yield 'bad-newline', changed(small, 73, '4s', b'\n \n\n')
    yield 'bad-flags', changed(small, 77, 'H', 1)
    yield 'bad-grain-odd', changed(small, 20, 'Q', 3)
    yield 'bad-grain-none', changed(small, 20, 'Q', 0)
    yield 'bad-grain-huge', changed(small, 20, 'Q', 1 << 32)
    yield 'bad-table-none', changed(small, 44, 'I', 0)
    yield 'bad-table-huge', changed(small, 44, 'I', 513)
    yield 'bad-capacity', changed(small, 12, 'Q', 1 << 56)
    yield 'bad-directory-short', changed(small, 12, 'Q', 1 << 40)
    yield 'bad-directory-past-end', changed(small, 56, 'Q', 1 << 32)
    yield 'bad-descriptor-past-end', changed(small, 28, 'Q', 1 << 32)
    yield 'bad-table-past-end', changed(small, directory, 'I', 1 << 24)
    yield 'bad-grain-past-end', changed(small, table, 'I', 1 << 24)
    yield 'bad-grain-in-header', changed(small, table, 'I', 1)
    yield 'bad-cut', small[:-SECTOR]
    yield 'bad-cut-stream', packed[:-SECTOR]
    yield 'bad-footer-marker', changed(packed, footer - SECTOR + 12, 'I', 2)
    yield 'bad-footer-differs', changed(packed, footer + 12, 'Q', 8)
    yield 'bad-footer-at-end', changed(packed, footer + 56, 'Q', AT_END)
    yield 'bad-marker-sector', changed(packed, grain, 'Q', 8)
    yield 'bad-marker-empty', changed(packed, grain + 8, 'I', 0)
    yield 'bad-marker-long', changed(packed, grain + 8, 'I', 1 << 30)
    yield 'bad-packed', changed(packed, grain + 20, 'Q', 0)
    yield 'bad-packed-short', changed(packed, grain + 8, '14s',
                                      struct.pack('<I', 10) +
                                      zlib.compress(b'12')[:10])


def main():
    os.chdir(sys.argv[1] if len(sys.argv) > 1 else
             os.path.dirname(os.path.abspath(__file__)))
    one = b'abcdefg\n' * (GRAIN * SECTOR // 8) + bytes(GRAIN * SECTOR)
    for images in (good(pattern()), unsupported(one), bad(one)):
        for name, image in images:
            with open(name + '.vmdk', 'wb') as f:
                f.write(image)


main()
