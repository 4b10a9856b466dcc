# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the installed PyGrub and our port of its rules on the same images and
# compares: entry, kernel, initrd and arguments, or the failure.
#
#   pygrub-agree.py PYGRUB PYGRUBLINT FOLDER [NUMBER-OF-RANDOM-CASES]
import ast
import concurrent.futures
import importlib.util
import logging
import os
import re
import shutil
import struct
import subprocess
import sys

PYGRUB, LINT, FOLDER = sys.argv[1:4]
RANDOM_NR = int(sys.argv[4]) if len(sys.argv) > 4 else 200
sys.path.insert(0, os.path.join(os.path.dirname(PYGRUB), "../lib/python"))
import grub.ExtLinuxConf    # noqa: E402
import grub.GrubConf        # noqa: E402

logging.disable(logging.CRITICAL)

spec = importlib.util.spec_from_file_location(
    "gen", os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        "pygrub-gen.py"))
gen = importlib.util.module_from_spec(spec)
spec.loader.exec_module(gen)


def put(tree, path, data):
    full = tree + "/" + path.lstrip("/")
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())


def make_image(folder, files, mke2fs=("-t", "ext2"), size="4M"):
    tree, image = folder + "/tree", folder + "/image"
    shutil.rmtree(tree, ignore_errors=True)
    for path in gen.FILES:
        put(tree, path, path)
    for path, data in files.items():
        put(tree, path, data)
    if os.path.exists(image):
        os.unlink(image)
    subprocess.run(["mke2fs", "-q", "-F", *mke2fs, "-d", tree, image, size],
                   check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return image


def title_of(stderr, files):
    """Which entry the program took: it does not say, its parsers do."""
    m = re.search(r"Using <class 'grub\.(\w+)\.(\w+)'> to parse (\S+)", stderr)
    parser = getattr(getattr(grub, m.group(1)), m.group(2))()
    parser.filename = m.group(3)
    data = files[m.group(3)]
    data = data if isinstance(data, bytes) else data.encode()
    parser.parse(data[:1 << 20].decode())
    nr = parser.default
    return parser.images[nr if nr < len(parser.images) else 0].title


def failure(p):
    """The first exception that ended a filesystem, or what exit() said."""
    m = re.search(r"Error opening (.*) in guest\n\Z", p.stderr, re.S)
    if m:
        return ("missing", m.group(1))
    for line in p.stderr.splitlines():
        m = re.match(r"(\w+(?:\.\w+)*): ", line)
        if not m:
            continue
        name = m.group(1)
        if name == "RuntimeError" and "bootloader config file" in line:
            return ("no-config",)
        if name == "RuntimeError" and "Unable to find partition" in line:
            return ("empty-kernel",)
        return (name,)
    return ("?", p.stderr)


def real(folder, image, files):
    out = folder + "/out"
    shutil.rmtree(out, ignore_errors=True)
    os.mkdir(out)
    p = subprocess.run([PYGRUB, "-q", "--debug", "--output-directory", out,
                        image], stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, encoding="utf-8",
                       errors="surrogateescape")
    if p.returncode:
        return failure(p)
    m = re.fullmatch(r"linux \(kernel ('[^']*')\)"
                     r"(?:\(ramdisk ('[^']*')\))?(?:\(args (.*)\))?", p.stdout,
                     re.S)
    got = []
    for name in m.group(1), m.group(2):
        if name is None:
            got.append(None)
            continue
        with open(ast.literal_eval(name), "rb") as f:
            # What is stored inside of an inode comes with zeros behind it.
            got.append(f.read().rstrip(b"\0").decode())
    args = ast.literal_eval(m.group(3)) if m.group(3) else None
    return ("boots", title_of(p.stderr, files), got[0], got[1], args)


def unhex(s):
    if s == "-":
        return None
    return bytes.fromhex(s).decode("utf-8", "surrogateescape")


def ours(image):
    p = subprocess.run([LINT, "lint", "4.17", image], stdout=subprocess.PIPE,
                       encoding="utf-8", errors="surrogateescape")
    if p.returncode:
        return ("crash", p.returncode)
    word, *rest = p.stdout.split()
    v = dict(f.split("=", 1) for f in rest if "=" in f)
    if word == "boots":
        return ("boots", unhex(v["entry"]), unhex(v["kernel"]),
                unhex(v["initrd"]), unhex(v["args"]))
    if word == "missing-kernel":
        return ("missing", unhex(v["kernel"]))
    if word == "missing-initrd":
        return ("missing", unhex(v["initrd"]))
    return (word,)


def same(a, b, tree):
    """Files hold their own absolute name; a configuration may leave the first
    slash out or put in two dots.  A directory as the kernel is handed out by
    PyGrub, and not there to us."""
    if b[0] == "missing" and os.path.isdir(tree + "/" + b[1].strip("\0")):
        return True
    if a[0] != "boots" or b[0] != "boots":
        return a == b
    paths = [os.path.normpath("/" + x).replace("//", "/") if x else x
             for x in (a[2], a[3], b[2], b[3])]
    return a[1] == b[1] and a[4] == b[4] and paths[:2] == paths[2:]


def run(job):
    worker, name, files = job
    folder = "%s/%d" % (FOLDER, worker)
    os.makedirs(folder, exist_ok=True)
    image = make_image(folder, files)
    return name, files, real(folder, image, files), ours(image)


def compare_files():
    all_cases = list(gen.cases(RANDOM_NR))
    counts = {}
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        halves = [all_cases[w::2] for w in range(2)]
        for results in pool.map(lambda w: [run((w, n, f))
                                           for n, f in halves[w]], range(2)):
            for name, files, a, b in results:
                counts[a[0]] = counts.get(a[0], 0) + 1
                if same(a, b, FOLDER + "/0/tree"):
                    continue
                bad += 1
                print("%s: PyGrub %r, ours %r" % (name, a, b))
                for path, data in files.items():
                    print("  %s: %r" % (path, data[:400]))
    print("%d files, %d differ: %s" % (
        len(all_cases), bad, ", ".join("%s %d" % c
                                       for c in sorted(counts.items()))))
    return bad + (len(all_cases) < 200)


# ---- filesystems -----------------------------------------------------------

FILESYSTEMS = [
    "-t ext2 -b 1024", "-t ext3 -b 4096 -I 128", "-t ext4",
    "-t ext4 -b 1024 -O meta_bg,^resize_inode", "-t ext4 -b 65536",
    "-t ext4 -O bigalloc -C 16384", "-t ext4 -O inline_data -I 1024",
    "-t ext4 -O metadata_csum_seed,orphan_file", "-t ext4 -O mmp",
    "-t ext4 -O ^extents,^64bit", "-t ext4 -O casefold,encrypt",
]


def compare_filesystems():
    menus = [gen.two("default 1\n"),
             "title A\nkernel /vmlinuz\ninitrd /initrd.img"]
    bad = 0
    for args in FILESYSTEMS:
        for menu in menus:
            files = {gen.LST: menu}
            image = make_image(FOLDER, files, args.split(), "64M")
            a, b = real(FOLDER, image, files), ours(image)
            # Where the filesystem is barred, reasons are not comparable.
            if a == ("OSError",) and b[0] == "no-config":
                continue
            if not same(a, b, FOLDER + "/tree"):
                bad += 1
                print("%s: PyGrub %r, ours %r" % (args, a, b))
    print("%d kinds of filesystem, %d differ" % (len(FILESYSTEMS), bad))
    return bad


# ---- partition tables ------------------------------------------------------

def sector0(entries, signature=True):
    s = bytearray(512)
    for i, (active, kind, start) in enumerate(entries):
        struct.pack_into("<B3xB3xII", s, 446 + 16 * i, active, kind, start, 8)
    if signature:
        s[510:] = b"\x55\xaa"
    return bytes(s)


def gpt(count, size, starts):
    head = bytearray(512)
    struct.pack_into("<II", head, 80, count, size)
    table = bytearray(count * size)
    for i, start in enumerate(starts):
        struct.pack_into("<Q", table, i * size + 32, start)
    return bytes(head + table)


def tables():
    yield b""
    yield bytes(511)
    yield bytes(512)
    yield sector0([])
    yield sector0([], False)
    yield sector0([(0, 0x83, 2048)])
    yield sector0([(0, 0x83, 2048)], False)
    yield sector0([(0, 0x83, 2048), (0x80, 0x83, 4096)])
    yield sector0([(0x80, 0x83, 0)])
    yield sector0([(0, 0x82, 2048), (0, 0x83, 4096)])
    yield sector0([(0, 0xbf, 2048)]) + bytes(4 << 20)
    yield sector0([(0, 0x82, 1)]) + bytes(8192)
    yield sector0([(0, 0x83, 2048), (0, 5, 4096), (0, 0, 8), (9, 9, 0xffffffff)])
    yield sector0([(0, 0xee, 1)]) + gpt(4, 128, [34, 0, 99, 2**52])
    yield sector0([(0, 0xee, 1)]) + gpt(128, 128, [2048])
    yield sector0([(0, 0xee, 1)]) + gpt(2, 92, [0, 0])
    yield sector0([(0, 0x83, 7), (0, 0xee, 1), (0, 0x83, 9)]) + \
        gpt(1, 128, [34])
    yield sector0([(0, 0xee, 0)]) + gpt(4, 128, [34])
    yield sector0([(0, 0xee, 1)]) + gpt(0, 128, [])
    iso = bytearray(sector0([(0x80, 0x17, 64)]) + bytes(0x8800))
    iso[0x8001:0x8006] = b"CD001"
    yield bytes(iso)


def compare_tables():
    source = open(PYGRUB).read()
    # Its own sys.path line counts from the folder of the program.
    sys.path.insert(0, os.path.dirname(PYGRUB))
    space = {"__name__": "pygrub"}
    exec(compile(source, PYGRUB, "exec"), space)
    bad = 0
    path = FOLDER + "/table"
    for i, data in enumerate(tables()):
        # Sources of Solaris slices are read there; never at the file's end.
        with open(path, "wb") as f:
            f.write(data)
            if len(data) >= 512:
                f.truncate(16 << 20)
        a = " ".join("%d" % o for o in space["get_partition_offsets"](path))
        p = subprocess.run([LINT, "offsets", "4.17", path],
                           stdout=subprocess.PIPE, encoding="utf-8")
        if p.stdout.strip() != a:
            bad += 1
            print("table %d: PyGrub %s, ours %s" % (i, a, p.stdout.strip()))
    print("%d partition tables, %d differ" % (i + 1, bad))
    return bad


os.makedirs(FOLDER, exist_ok=True)
sys.exit(bool(compare_files() + compare_filesystems() + compare_tables()))
