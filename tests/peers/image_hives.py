"""Makes a fixture host's hives as large as hives are, so that it shows how an image stores them.

Usage: image_hives.py HOST OUT; OUT/SYSTEM (about 10 MB) and OUT/SOFTWARE (about 8 MB) hold all that HOST's do, and
besides: keys whose values are text and noise by turns, so that a compressed file has units of every kind; and, in SYSTEM,
a free bin of 2 MiB in the middle and one of 300 KiB at the end, which are zeros but for their headers. The bytes are
always the same.
"""

import random
import struct
import sys
from pathlib import Path

import hivex

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "fixtures" / "recipe"))

from hive import BASE, BINARY, INSTALLED, SZ, WRITTEN, hbin, seal  # noqa: E402

MIB = 1 << 20


def words(rng):
    """A text as registry values are: long, and much the same as the last."""
    parts = ["Program Files", "Common Files", "System32", "drivers", "Microsoft", "Windows NT", "CurrentVersion"]
    return "C:\\" + "\\".join(rng.choice(parts) for _ in range(100)) + f"\\{rng.getrandbits(32):08x}.dll\0"


def grow(path, name, size, rng):
    """Adds keys below `name` until the hive has `size` bytes."""
    h = hivex.Hivex(str(path), write=True)
    filler = h.node_add_child(h.root(), name)
    total = path.stat().st_size
    number = 0
    while total < size:
        if number % 32 == 0:  # hivex writes a key's list of keys anew for each that is added
            group = h.node_add_child(filler, f"{number // 32:04}")
        key = h.node_add_child(group, f"{{{number:08X}-{rng.getrandbits(32):08x}}}")
        text, noise = words(rng).encode("utf-16-le"), rng.randbytes(3000 if number % 64 < 32 else 60)
        h.node_set_values(key, [{"key": "Path", "t": SZ, "value": text}, {"key": "Data", "t": BINARY, "value": noise}])
        total += len(text) + len(noise) + 1200  # with what stays free in each page
        number += 1
    h.commit(None)


def free(path, size):
    """Adds a bin with nothing in it."""
    data = bytearray(path.read_bytes())
    data += hbin(len(data) - BASE, b"", size // 0x1000)
    struct.pack_into("<I", data, 40, len(data) - BASE)
    seal(data)
    path.write_bytes(data)


def settle(path):
    """Fixes what hivex leaves to chance: the times of new keys, and of the hive."""
    h = hivex.Hivex(str(path))
    data = bytearray(path.read_bytes())
    nodes = [key for key in h.node_children(h.root()) if h.node_name(key).startswith("Filler")]
    while nodes:
        node = nodes.pop()
        struct.pack_into("<Q", data, node + 8, INSTALLED)
        nodes += h.node_children(node)
    struct.pack_into("<Q", data, h.root() + 8, INSTALLED)
    struct.pack_into("<IIQ", data, 4, 7, 7, WRITTEN)
    seal(data)
    path.write_bytes(data)


def main(host, out):
    """Makes both hives."""
    out.mkdir()
    rng = random.Random(host.name)
    for name, holes in (("SYSTEM", True), ("SOFTWARE", False)):
        path = out / name
        path.write_bytes((host / name).read_bytes())
        grow(path, "Filler 1", 3 * MIB, rng)
        if holes:
            free(path, 2 * MIB)
        grow(path, "Filler 2", path.stat().st_size + 3 * MIB, rng)
        if holes:
            free(path, 300 << 10)
        settle(path)


main(Path(sys.argv[1]), Path(sys.argv[2]))
