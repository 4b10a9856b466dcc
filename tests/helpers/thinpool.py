#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Thin pools as the XML of thin_dump and thin_restore.

    thinpool.py make SEED CHUNK-SECTORS MAPPINGS CHUNKS DATA-CHUNKS > XML
    thinpool.py devices XML             a line for each: id, mapped chunks
    thinpool.py runs XML                likewise: id, chunk, data chunk, chunks
    thinpool.py data XML FILE           data whose chunks are all different
    thinpool.py volume XML DEVICE SIZE FILE     what the volume reads as
"""
import random
import sys
import xml.etree.ElementTree as tree


def sequential(rng, nr, chunks, data_chunks):
    at, data = rng.randrange(chunks - nr), rng.randrange(data_chunks - nr)
    return {at + i: data + i for i in range(nr)}


def scattered(rng, nr, chunks, data_chunks):
    return {rng.randrange(chunks): rng.randrange(data_chunks)
            for _ in range(nr)}


def pieces(rng, nr, chunks, data_chunks):
    """Runs that meet in the volume, in the data, or in both."""
    mappings, at, data = {}, rng.randrange(9), rng.randrange(9)
    while len(mappings) < nr and at < chunks:
        for _ in range(rng.choice((1, 1, 2, 3, 40, 400))):
            if at < chunks:
                mappings[at] = data % data_chunks
            at, data = at + 1, data + 1
        at += rng.choice((0, 0, 1, 5, 1000))
        data += rng.choice((0, 0, 1, 7, data_chunks - 300))
    return mappings


def changed(rng, mappings, data_chunks):
    """A snapshot that went its own way."""
    new = dict(mappings)
    for key in rng.sample(sorted(new), len(new) // 5):
        if rng.random() < 0.5:
            del new[key]
        else:
            new[key] = rng.randrange(data_chunks)
    return new


def make(seed, sectors, nr, chunks, data_chunks):
    rng = random.Random(seed)
    devices = {}
    for make_one in (sequential, scattered, pieces):
        devices[rng.randrange(1, 1 << 24)] = make_one(
            rng, nr, chunks, data_chunks)
    for mappings in list(devices.values()):
        devices[rng.randrange(1, 1 << 24)] = changed(
            rng, mappings, data_chunks)
    devices[rng.randrange(1, 1 << 24)] = {}
    print('<superblock uuid="" time="%d" transaction="%d" flags="0" '
          'version="2" data_block_size="%d" nr_data_blocks="%d">'
          % (seed + 1, seed, sectors, data_chunks))
    for dev, mappings in sorted(devices.items()):
        print('<device dev_id="%d" mapped_blocks="%d" transaction="0" '
              'creation_time="0" snap_time="%d">'
              % (dev, len(mappings), seed))
        for start, data, length in runs(mappings):
            print('<range_mapping origin_begin="%d" data_begin="%d" '
                  'length="%d" time="%d"/>'
                  % (start, data, length, rng.randrange(seed + 2)))
        print('</device>')
    print('</superblock>')


def add(mappings, node, shared):
    for item in node:
        get = {k: int(v) for k, v in item.attrib.items() if k != "name"}.get
        if item.tag == "single_mapping":
            mappings[get("origin_block")] = get("data_block")
        elif item.tag == "range_mapping":
            for i in range(get("length")):
                mappings[get("origin_begin") + i] = get("data_begin") + i
        elif item.tag == "ref":
            add(mappings, shared[item.get("name")], shared)
        else:
            raise ValueError(item.tag)


def read(path):
    root = tree.parse(path).getroot()
    shared = {d.get("name"): d for d in root.iter("def")}
    devices = {}
    for device in root.iter("device"):
        mappings = devices[int(device.get("dev_id"))] = {}
        add(mappings, device, shared)
        if len(mappings) != int(device.get("mapped_blocks")):
            raise ValueError("device %s" % device.get("dev_id"))
    return devices, int(root.get("data_block_size")) * 512


def runs(mappings):
    found = []
    for chunk, data in sorted(mappings.items()):
        if found and chunk - found[-1][0] == data - found[-1][1] == found[-1][2]:
            found[-1][2] += 1
        else:
            found.append([chunk, data, 1])
    return found


def stamp(chunk, length):
    """What a chunk begins and ends with."""
    mark = b"%016d" % chunk
    return mark, length - len(mark)


def write_data(devices, length, path):
    with open(path, "wb") as f:
        used = {c for m in devices.values() for c in m.values()}
        f.truncate((max(used) + 1) * length)
        for chunk in used:
            mark, end = stamp(chunk, length)
            for off in (0, end):
                f.seek(chunk * length + off)
                f.write(mark)


def write_volume(mappings, length, size, path):
    with open(path, "wb") as f:
        for chunk, data in mappings.items():
            mark, end = stamp(data, length)
            for off in (0, end):
                f.seek(chunk * length + off)
                f.write(mark)
        f.truncate(size)


def main(what, *args):
    if what == "make":
        return make(*map(int, args))
    devices, length = read(args[0])
    if what == "devices":
        for dev, mappings in sorted(devices.items()):
            print(dev, len(mappings))
    elif what == "runs":
        for dev, mappings in sorted(devices.items()):
            for run in runs(mappings):
                print(dev, *run)
    elif what == "data":
        write_data(devices, length, args[1])
    elif what == "volume":
        write_volume(devices[int(args[1])], length, int(args[2]), args[3])


main(*sys.argv[1:])
