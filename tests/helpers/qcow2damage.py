#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Damages the tables of a qcow2 image at random.

    qcow2damage.py IMAGE SEED any|refcounts

'refcounts' changes only what a repair mends without loss: refcounts, their
blocks and table, the flags that follow from them, and entries that lose their
cluster or share that of another.  Prints what was changed.
"""
import random
import sys

OFFSET = 0x00fffffffffffe00
COPIED = 1 << 63
COMPRESSED = 1 << 62


class Image:
    def __init__(self, path):
        with open(path, "rb") as f:
            self.bytes = bytearray(f.read())
        self.cluster = 1 << self.get(20, 4)
        self.l1 = (self.get(40), self.get(36, 4) * 8)
        self.reftable = (self.get(48), self.get(56, 4) * self.cluster)
        self.snapshots = self.get(60, 4)
        self.entry = 16 if self.version() == 3 and self.get(72) & 16 else 8
        self.bits = 1 << self.get(96, 4) if self.version() == 3 else 16

    def version(self):
        return self.get(4, 4)

    def get(self, off, n=8):
        return int.from_bytes(self.bytes[off:off + n], "big")

    def put(self, off, value):
        self.bytes[off:off + 8] = (value & (2 ** 64 - 1)).to_bytes(8, "big")
        print("%d: 0x%x" % (off, value))

    def below(self, table, step=8):
        """Tables that the entries of one lead to, inside the file."""
        for at in range(table[0], table[0] + table[1], step):
            off = self.get(at) & OFFSET
            if off and off + self.cluster <= len(self.bytes):
                yield (off, self.cluster)

    def tables(self):
        yield from [("l1", self.l1)] + [("reftable", self.reftable)]
        for t in self.below(self.l1):
            yield from [("l2", t)] * 3
        for t in self.below(self.reftable):
            yield from [("block", t)] * 3
        if self.snapshots:
            off = self.get(64)
            yield ("l1", (self.get(off), self.get(off + 8, 4) * 8))

    def used(self, table, step):
        return [at for at in range(table[0], table[0] + table[1], step)
                if self.get(at)]


def damage_block(image, table, rnd):
    at = table[0] + rnd.randrange(min(table[1], rnd.choice([8, 64, 4096])))
    new = rnd.choice([image.bytes[at] ^ 1 << rnd.randrange(8), 0, 1, 2, 255])
    print("%d: byte 0x%02x" % (at, new))
    image.bytes[at] = new


def damage_any(image, kind, table, rnd):
    step = image.entry if kind == "l2" else 8
    at = table[0] + rnd.randrange(table[1] // 8) * 8
    if rnd.random() < 0.7:
        at = rnd.choice(image.used(table, step) or [at])
    old = image.get(at)
    image.put(at, rnd.choice([
        old ^ COPIED,
        0,
        old ^ 1 << rnd.randrange(56),
        old ^ 1 << rnd.randrange(64),
        rnd.randrange(len(image.bytes) // image.cluster + 2) * image.cluster
        | rnd.randrange(2) << 63,
        (old & ~0xfff) + rnd.choice([512, 1024, image.cluster]),
        COMPRESSED | rnd.randrange(len(image.bytes)),
        image.get(table[0] + rnd.randrange(table[1] // 8) * 8),
    ]))


def damage_refcounts(image, kind, table, rnd):
    if kind == "reftable":
        at = table[0] + rnd.randrange(min(table[1], 64) // 8) * 8
        image.put(at, rnd.choice([0, image.get(table[0]), 512,
                                  len(image.bytes) // image.cluster
                                  * image.cluster + image.cluster,
                                  image.get(at) | 2]))
        return
    step = image.entry if kind == "l2" else 8
    used = [at for at in image.used(table, step)
            if not image.get(at) & COMPRESSED and image.get(at) & OFFSET]
    if not used:
        return
    at = rnd.choice(used)
    other = image.get(rnd.choice(used))
    if kind == "l1" or image.bits == 1 or rnd.random() < 0.5:
        image.put(at, image.get(at) ^ COPIED)
    elif rnd.random() < 0.5:
        image.put(at, 0)
        if image.entry == 16:
            image.put(at + 8, 0)
    else:
        image.put(at, other)


def main():
    path, seed, mode = sys.argv[1:]
    rnd = random.Random(int(seed))
    image = Image(path)
    for _ in range(rnd.choice([1, 1, 2, 4, 9])):
        kind, table = rnd.choice(list(image.tables()))
        if table[0] + table[1] > len(image.bytes):
            continue
        if kind == "block":
            damage_block(image, table, rnd)
        elif mode == "any":
            damage_any(image, kind, table, rnd)
        else:
            damage_refcounts(image, kind, table, rnd)
    if mode == "any" and rnd.random() < 0.1:
        del image.bytes[-rnd.randrange(1, 2 * image.cluster):]
    if rnd.random() < 0.1:
        image.bytes += bytes(rnd.randrange(1, 3 * image.cluster))
    with open(path, "wb") as f:
        f.write(image.bytes)


main()
