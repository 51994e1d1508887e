"""Makes a group of dynamic disks around a volume, by fixtures/recipe/ldm.py.

Usage: image_dynamic.py simple|spanned|striped|mirrored|raid5 VOLUME OUT; OUT-1.raw, OUT-2.raw … are the disks, by turns with an
MBR and a GPT. Prints the group.
"""

import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "fixtures" / "recipe"))

import ldm  # noqa: E402

PIECE = 64 << 10


def xor(pieces):
    out = 0
    for piece in pieces:
        out ^= int.from_bytes(piece, "little")
    return out.to_bytes(len(pieces[0]), "little")


def striped(data, columns):
    pieces = [data[at : at + PIECE] for at in range(0, len(data), PIECE)]
    return [b"".join(pieces[column::columns]) for column in range(columns)]


def raid5(data):
    """The parity of each turn stands in the last disk first, and then in the one before; data starts behind it."""
    disks = [bytearray() for _ in range(3)]
    for turn in range(len(data) // (2 * PIECE)):
        pieces = [data[(2 * turn + i) * PIECE : (2 * turn + i + 1) * PIECE] for i in range(2)]
        parity = 2 - turn % 3
        disks[parity] += xor(pieces)
        for i, piece in enumerate(pieces):
            disks[(parity + 1 + i) % 3] += piece
    return [bytes(disk) for disk in disks]


make, volume, out = sys.argv[1], Path(sys.argv[2]).read_bytes(), sys.argv[3]
volume = volume.ljust(-(-len(volume) // (6 * PIECE)) * 6 * PIECE, b"\0")
sectors, third = len(volume) // 512, len(volume) // 3
disks = {
    "simple": [volume],
    "spanned": [volume[:third], volume[third : 2 * third], volume[2 * third :]],
    "striped": striped(volume, 3),
    "mirrored": [volume, volume],
    "raid5": raid5(volume),
}[make]
group = ldm.Group(len(disks))
parts = [(number, 0, len(disk) // 512) for number, disk in enumerate(disks, 1)]
if make == "mirrored":
    group.volume("Volume1", sectors, [[part] for part in parts])
elif make in ("striped", "raid5"):
    group.volume("Volume1", sectors, [parts], kind=4 if make == "raid5" else 3, layout=3 if make == "raid5" else 1, piece=128)
else:
    group.volume("Volume1", sectors, [parts])
for number, disk in enumerate(disks, 1):
    made = group.on_mbr if number % 2 else group.on_gpt
    Path(f"{out}-{number}.raw").write_bytes(made(number, disk))
print(ldm.GROUP)
