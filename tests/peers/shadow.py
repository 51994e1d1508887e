"""Shadow copies, held against libvshadow: every byte of every copy.

    shadow.py PROGRAM IMAGE...

PROGRAM prints what tlshive reads (tests/peers/shadow_copy.rs). Each IMAGE is raw. Besides them, volumes are made whose block
lists have all that may stand in one, in any order: blocks, forwarders, overlays, entries that are not in use.
"""

import hashlib
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import pyvshadow

sys.path[0] = str(Path(__file__).resolve().parents[2] / "fixtures" / "recipe")
import shadow
from ntfs import File, Volume

BLOCK = shadow.BLOCK
MADE = 60


def read(path):
    """What libvshadow reads."""
    volume = pyvshadow.volume()
    volume.open(str(path))
    lines = []
    for number in range(volume.number_of_stores):
        store = volume.get_store(number)
        total = hashlib.sha256()
        for at in range(0, store.volume_size, BLOCK):
            data = store.read_buffer_at_offset(min(BLOCK, store.volume_size - at), at)
            if any(data):
                total.update(at.to_bytes(8, "little") + data)
        lines.append(f"{number + 1} {store.get_creation_time_as_integer()} {total.hexdigest()}")
    volume.close()
    return lines


def anything(made, store, chance):
    """A block list of anything, and bitmaps of anything."""
    size = len(made.data)
    some = chance.sample([at for at in range(BLOCK, size - BLOCK, BLOCK) if at not in made.area], 12)
    entries = []
    for _ in range(chance.randrange(60)):
        at, other, kept = chance.choice(some), chance.choice(some), chance.choice(made.area)
        entries.append(chance.choice([
            shadow.listed(at, 0, kept, chance.choice([0, 0x08, 0x10, 0x20, 0x40, 0x80])),
            shadow.listed(at, 0, kept),
            shadow.listed(at, other, 0, shadow.FORWARDER),
            shadow.listed(at, other, 0, shadow.FORWARDER),
            shadow.listed(at, 0, kept, shadow.OVERLAY, chance.randrange(1, 1 << 32)),
            shadow.listed(at, other, kept, shadow.NOT_USED),
        ]))
    made.put(store["list"], shadow.table(shadow.LIST, store["list"], b"".join(entries)))
    for bitmap in ("bitmap", "previous"):
        bits = chance.randbytes(size // BLOCK // 8)
        made.put(store[bitmap], shadow.table(shadow.BITMAP, store[bitmap], bits))


def make(path, seed):
    """A volume with three copies."""
    chance = random.Random(seed)
    states = [bytes(Volume(shadow.room(120) | {"x": File(chance.randbytes(20 * BLOCK))}).data) for _ in range(4)]
    made = shadow.Shadowed(states, ["2025-01-10", "2025-06-01", "2025-07-01"])
    for at in made.area:
        if made.data[at : at + 16] == bytes([shadow.FILL]) * 16:
            made.put(at, chance.randbytes(BLOCK))
    for store in made.places:
        anything(made, store, chance)
    path.write_bytes(made.data)


def main(program, images):
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        paths = [(Path(image).name, Path(image)) for image in images]
        for seed in range(MADE):
            path = Path(folder) / f"made-{seed}"
            make(path, seed)
            paths.append((f"lists of anything, {seed}", path))
        for name, path in paths:
            ours = subprocess.run([program, path], capture_output=True, text=True)
            theirs = read(path)
            if theirs and ours.stdout.split("\n")[:-1] == theirs:
                print(f"ok shadow copies: {name}: {len(theirs)} as libvshadow reads them")
            else:
                failed += 1
                said = ours.stderr.strip().split("\n")[-1]
                print(f"FAIL shadow copies: {name}: expected {theirs}, found {ours.stdout!r} {said}")
    print(f"{len(paths) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
