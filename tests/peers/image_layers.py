"""Makes what qemu-img cannot: differencing VHD and VHDX, and a VHDX whose log was not replayed.

    image_layers.py tear RAW OFFSET FILE
        damages the sectors of FILE, which lies at OFFSET, that a child will have
    image_layers.py vhd|vhdx PARENT CHILD OFFSET FILE
        makes a child that has those sectors, and garbage for those of its parent
    image_layers.py dirty IMAGE DATA ZEROS LEN
        moves LEN bytes at DATA, and the sector of the block table that finds them, to the log, has the log clear LEN bytes
        at ZEROS, and spoils all of them

Offsets are those of the disk. Layouts: Microsoft, "Virtual Hard Disk Image Format Specification" 1.0; [MS-VHDX] 2.2-2.6.
"""

import struct
import subprocess
import sys
import uuid
from pathlib import Path

SECTOR = 512
MIB = 1 << 20


def in_child(sector):
    """Which sectors of a file the child has: pairs, so that a run begins and ends at each bit of a bitmap's byte."""
    return sector % 5 in (1, 2)


def tear(raw, offset, file):
    """See above."""
    with open(raw, "r+b") as f:
        for sector in range(Path(file).stat().st_size // SECTOR):
            if in_child(sector):
                f.seek(offset + sector * SECTOR)
                f.write(b"\xa5" * SECTOR)


def blocks(file, offset, size):
    """The child's blocks of `size` bytes: number, data, and the numbers of the sectors that count."""
    data = Path(file).read_bytes()
    found = {}
    for sector in range(len(data) // SECTOR):
        if in_child(sector):
            block, at = divmod(offset + sector * SECTOR, size)
            content, here = found.setdefault(block, (bytearray(b"\x5a" * size), []))
            content[at : at + SECTOR] = data[sector * SECTOR : (sector + 1) * SECTOR]
            here.append(at // SECTOR)
    return [(block, *found[block]) for block in sorted(found)]


def vhd(parent, child, offset, file):
    """See above."""

    def seal(structure, at):
        struct.pack_into(">I", structure, at, 0)
        struct.pack_into(">I", structure, at, ~sum(structure) & 0xFFFFFFFF)

    with open(parent, "rb") as f:
        f.seek(-SECTOR, 2)
        footer = bytearray(f.read(SECTOR))
    size, identity, written = *struct.unpack_from(">Q", footer, 48), footer[68:84], footer[24:28]
    block_size = 2 * MIB
    count = -(-size // block_size)
    table = SECTOR + 1024
    table_size = -(-count * 4 // SECTOR) * SECTOR
    name = Path(parent).name
    locator = f".\\{name}".encode("utf-16-le")

    struct.pack_into(">Q", footer, 16, SECTOR)  # where the header is
    struct.pack_into(">I", footer, 60, 4)  # differencing
    footer[68:84] = uuid.uuid5(uuid.NAMESPACE_URL, name).bytes
    seal(footer, 64)
    header = bytearray(1024)
    struct.pack_into(">8sQQIII", header, 0, b"cxsparse", 2**64 - 1, table, 0x10000, count, block_size)
    header[40:56] = identity
    header[56:60] = written
    header[64 : 64 + 2 * len(name)] = name.encode("utf-16-be")
    struct.pack_into(">4sIIIQ", header, 576, b"W2ru", SECTOR, len(locator), 0, table + table_size)
    seal(header, 36)

    entries = [0xFFFFFFFF] * count
    at = table + table_size + SECTOR
    body = bytearray()
    for block, content, sectors in blocks(file, offset, block_size):
        bitmap = bytearray(block_size // SECTOR // 8)
        for sector in sectors:
            bitmap[sector // 8] |= 0x80 >> sector % 8
        entries[block] = (at + len(body)) // SECTOR
        body += bitmap + content
    packed = struct.pack(f">{count}I", *entries).ljust(table_size, b"\xff")
    Path(child).write_bytes(footer + header + packed + locator.ljust(SECTOR, b"\0") + body + footer)


def crc32c(data):
    """Castagnoli's CRC, which VHDX has everywhere."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def crc_row(byte):
    """An entry of its table."""
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    return byte


CRC = [crc_row(byte) for byte in range(256)]


def guid(text):
    """A GUID as it lies on disk."""
    return uuid.UUID(text).bytes_le


BAT = guid("2DC27766-F623-4200-9D64-115E9BFD4A08")
METADATA = guid("8B7CA206-4790-4B9A-B8FE-575F050F886E")
FILE_PARAMETERS = guid("CAA16737-FA36-4D43-B3B6-33F0AA44E76B")
DISK_SIZE = guid("2FA54224-CD1B-4876-B211-5DBED83BF4B8")
PARENT_LOCATOR = guid("A8D35F2D-B30B-454D-ABF7-D3D84834AB0C")
VHDX_LOCATOR = guid("B04AEFB7-D19E-4A81-B789-25B8E9445913")
FULLY_PRESENT, PARTIALLY_PRESENT = 6, 7


class Vhdx:
    """A VHDX with sectors of 512 bytes that qemu-img made."""

    def __init__(self, path, mode="rb"):
        self.f = open(path, mode)
        headers = [(self.read(at, 4096), at) for at in (64 << 10, 128 << 10)]
        self.header, self.header_at = max(headers, key=lambda header: struct.unpack_from("<Q", header[0], 8))
        regions = self.read(192 << 10, 64 << 10)
        count = struct.unpack_from("<I", regions, 8)[0]
        self.regions = {regions[at : at + 16]: struct.unpack_from("<Q", regions, at + 16)[0]
                        for at in range(16, 16 + 32 * count, 32)}
        self.table = bytearray(self.read(self.regions[METADATA], 64 << 10))
        self.items = {bytes(self.table[at : at + 16]): struct.unpack_from("<II", self.table, at + 16)
                      for at in range(32, 32 + 32 * self.table[10], 32)}
        self.block_size = struct.unpack("<I", self.item(FILE_PARAMETERS)[:4])[0]
        self.size = struct.unpack("<Q", self.item(DISK_SIZE))[0]
        self.ratio = (1 << 23) * SECTOR // self.block_size

    def read(self, at, size):
        """Bytes of the file."""
        self.f.seek(at)
        return self.f.read(size)

    def write(self, at, data):
        """Likewise."""
        self.f.seek(at)
        self.f.write(data)

    def item(self, which):
        """An item of the metadata."""
        offset, size = self.items[which]
        return self.read(self.regions[METADATA] + offset, size)

    def entry_at(self, block):
        """Where the block table has the entry of a block: one of a bitmap follows those of each chunk."""
        return self.regions[BAT] + 8 * (block + block // self.ratio)

    def place(self, offset):
        """Where a byte of the disk lies in the file."""
        block, at = divmod(offset, self.block_size)
        entry = struct.unpack("<Q", self.read(self.entry_at(block), 8))[0]
        assert entry & 7 == FULLY_PRESENT
        return (entry & -MIB) + at


def vhdx(parent, child, offset, file):
    """See above."""
    above = Vhdx(parent)
    options = f"subformat=dynamic,block_state_zero=off,block_size={above.block_size}"
    subprocess.run(["qemu-img", "create", "-q", "-f", "vhdx", "-o", options, child, str(above.size)], check=True)
    below = Vhdx(child, "r+b")

    pairs = {
        "parent_linkage": f"{{{uuid.UUID(bytes_le=above.header[32:48])}}}",  # the parent's DataWriteGuid
        "relative_path": f".\\{Path(parent).name}",
        "absolute_win32_path": f"D:\\Machines\\{Path(parent).name}",
    }
    words = [word.encode("utf-16-le") for pair in pairs.items() for word in pair]
    locator = bytearray(VHDX_LOCATOR + struct.pack("<HH", 0, len(pairs)))
    at = len(locator) + 12 * len(pairs)
    for key, value in zip(words[::2], words[1::2]):
        locator += struct.pack("<IIHH", at, at + len(key), len(key), len(value))
        at += len(key) + len(value)
    locator += b"".join(words)
    free = max(offset + size for offset, size in below.items.values()) + 7 & ~7
    metadata = below.regions[METADATA]
    below.write(metadata + free, locator)
    below.write(metadata + below.items[FILE_PARAMETERS][0] + 4, struct.pack("<I", 2))  # HasParent
    count = below.table[10]
    struct.pack_into("<16sIII", below.table, 32 + 32 * count, PARENT_LOCATOR, free, len(locator), 4)  # IsRequired
    below.table[10] = count + 1
    below.write(metadata, below.table)

    end = -(-below.f.seek(0, 2) // MIB) * MIB
    bitmaps = {}
    for block, content, sectors in blocks(file, offset, below.block_size):
        bitmap = bitmaps.setdefault(block // below.ratio, bytearray(MIB))
        first = block % below.ratio * (below.block_size // SECTOR)
        for sector in sectors:
            bitmap[(first + sector) // 8] |= 1 << (first + sector) % 8
        below.write(below.entry_at(block), struct.pack("<Q", end | PARTIALLY_PRESENT))
        below.write(end, content)
        end += below.block_size
    for chunk, bitmap in bitmaps.items():
        at = below.regions[BAT] + 8 * (chunk * (below.ratio + 1) + below.ratio)
        below.write(at, struct.pack("<Q", end | FULLY_PRESENT))
        below.write(end, bitmap)
        end += MIB
    below.f.truncate(end)


def log_entry(log, sequence, tail, end, zeros, sectors):
    """An entry of the log that clears `zeros` (offset, length) and writes `sectors` (offset, 4096 bytes)."""
    descriptors = b"".join(struct.pack("<4s4xQQQ", b"zero", size, at, sequence) for at, size in zeros)
    body = b""
    for at, data in sectors:
        descriptors += struct.pack("<4s4s8sQQ", b"desc", data[-4:], data[:8], at, sequence)
        body += struct.pack("<4sI4084sI", b"data", sequence >> 32, data[8:-4], sequence & 0xFFFFFFFF)
    size = (64 + len(descriptors) + 4095 & ~4095) + len(body)
    count = len(zeros) + len(sectors)
    head = struct.pack("<4sIIIQII16sQQ", b"loge", 0, size, tail, sequence, count, 0, log, end, end)
    entry = bytearray((head + descriptors).ljust(size - len(body), b"\0") + body)
    struct.pack_into("<I", entry, 4, crc32c(entry))
    return entry


def dirty(path, data, zeros, size):
    """See above."""
    image = Vhdx(path, "r+b")
    length, start = struct.unpack_from("<IQ", image.header, 68)
    log = uuid.uuid5(uuid.NAMESPACE_URL, "log").bytes_le
    older = uuid.uuid5(uuid.NAMESPACE_URL, "an older log").bytes_le
    end = image.f.seek(0, 2)
    sequence = (7 << 32) + 5  # both halves of it count

    table = image.entry_at(data // image.block_size) & ~4095
    at, cleared = image.place(data), image.place(zeros)
    assert at % 4096 == cleared % 4096 == size % 4096 == 0 and size <= image.block_size
    assert image.read(cleared, size) == bytes(size)
    spoilt = b"\xa5" * 4096
    moved = [(at + i, image.read(at + i, 4096)) for i in range(0, size, 4096)]

    # The first entry has a sector that the second corrects; the second lies across the end of the ring. (Of a first one
    # that does, and of one whose descriptors do not fit a sector, QEMU is no judge.)
    tail = length - 4096 * (len(moved) + 2)
    first = log_entry(log, sequence, tail, end, [(cleared, size)], [(moved[0][0], spoilt), *moved[1:]])
    second = log_entry(log, sequence + 1, tail, end, [], [moved[0], (table, image.read(table, 4096))])
    stale = log_entry(older, sequence + 2, 0, end, [(at, size)], [])
    ring = bytearray(length)
    position = tail
    for entry in (first, second, stale):
        for i in range(0, len(entry), 4096):
            where = (position + i) % length
            ring[where : where + 4096] = entry[i : i + 4096]
        position += len(entry)
    image.write(start, ring)

    for i in range(0, size, 4096):
        image.write(at + i, spoilt)
        image.write(cleared + i, spoilt)
    image.write(table, bytes(4096))
    header = bytearray(image.header)
    header[48:64] = log
    struct.pack_into("<Q", header, 8, struct.unpack_from("<Q", header, 8)[0] + 1)
    struct.pack_into("<I", header, 4, 0)
    struct.pack_into("<I", header, 4, crc32c(header))
    image.write(image.header_at, header)


def main(command, *args):
    """Runs one command."""
    if command == "tear":
        tear(args[0], int(args[1]), args[2])
    elif command == "dirty":
        dirty(args[0], *map(int, args[1:]))
    else:
        {"vhd": vhd, "vhdx": vhdx}[command](args[0], args[1], int(args[2]), args[3])


main(*sys.argv[1:])
