#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Puts bytes where LVM says that a volume keeps them.

  lvput.py LINES VG/LV FILE IMAGE...    writes FILE into the volume
  lvput.py --get LINES VG/LV FILE IMAGE...   reads the volume into FILE

LINES is what lvmlines.py made of LVM's reports, IMAGEs are raw physical
volumes, which are known by the UUIDs in their labels.  Linear, striped and
raid1; each leg of a raid1 is written, and the first one is read.
"""
import sys

LABEL_UUID = 512 + 32


class Group:
    def __init__(self, lines, images):
        self.files = {}
        self.pe_start = {}
        self.segments = {}
        for path in images:
            with open(path, 'rb') as f:
                f.seek(LABEL_UUID)
                self.files[f.read(32).decode()] = path
        with open(lines, encoding='utf-8') as f:
            for line in f:
                self.take(line.split())

    def take(self, words):
        if words[0] == 'pv':
            self.pe_start[words[1].replace('-', '')] = int(words[-1])
        elif words[0] == 'vg':
            self.extent = int(words[4])
        elif words[0] == 'seg':
            start, kind, size, stripe = words[3:7]
            areas = [a.rpartition(':') for a in words[8:]]
            self.segments.setdefault(f'{words[1]}/{words[2]}', []).append(
                (int(start), kind, int(size), int(stripe),
                 [(name, int(r.split('-')[0])) for name, _, r in areas]))

    def runs(self, volume, off, length):
        """(FILE, OFFSET, LENGTH), and all copies of it, one after another."""
        group = volume.split('/')[0]
        for start, kind, size, stripe, areas in self.segments[volume]:
            at, end = max(off, start), min(off + length, start + size)
            while at < end:
                inside = at - start
                step, here = end - at, [(areas[0], inside)]
                if kind == 'striped':
                    chunk, rest = divmod(inside, stripe)
                    row, leg = divmod(chunk, len(areas))
                    step = min(step, stripe - rest)
                    here = [(areas[leg], row * stripe + rest)]
                elif kind == 'raid1':
                    here = [(area, inside) for area in areas]
                yield at - off, step, [
                    place for (name, extent), where in here
                    for place in self.places(group, name, extent, where, step)]
                at += step

    def places(self, group, name, extent, where, length):
        where += extent * self.extent
        uuid = name.replace('-', '')
        if uuid in self.pe_start:
            return [(self.files[uuid], self.pe_start[uuid] + where)]
        return [place for _, _, found in
                self.runs(f'{group}/{name}', where, length)
                for place in found]

    def size(self, volume):
        return sum(s[2] for s in self.segments[volume])


def main(args):
    is_get = args[0] == '--get'
    lines, volume, path, *images = args[is_get:]
    group = Group(lines, images)
    if is_get:
        with open(path, 'wb') as out:
            for _, step, places in group.runs(volume, 0, group.size(volume)):
                with open(places[0][0], 'rb') as f:
                    f.seek(places[0][1])
                    out.write(f.read(step))
        return
    with open(path, 'rb') as f:
        data = f.read()
    for at, step, places in group.runs(volume, 0, len(data)):
        for where, off in places:
            with open(where, 'r+b') as f:
                f.seek(off)
                f.write(data[at:at + step])


main(sys.argv[1:])
