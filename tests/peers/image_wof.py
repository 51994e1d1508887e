"""Packs a file as WOF keeps it, by wimlib's compressors: a table of where chunks end, and the chunks.

Usage: image_wof.py FORM FILE OUT; FORM as in a reparse point: 0 XPRESS4K, 1 LZX, 2 XPRESS8K, 3 XPRESS16K.
With --unpack, what fixtures/recipe/wof.py makes of FILE is unpacked by wimlib and compared; nothing is written.
"""

import ctypes
import struct
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "fixtures" / "recipe"))

import wof  # noqa: E402

XPRESS, LZX = 1, 2
FORMS = {form: (name, size) for name, (form, size) in wof.CHUNKS.items()}
lib = ctypes.CDLL("libwim.so.15")
lib.wimlib_compress.restype = ctypes.c_size_t


def engine(make, form, *more):
    """A compressor or decompressor of wimlib."""
    made = ctypes.c_void_p()
    name, size = FORMS[form]
    assert make(LZX if name == "lzx" else XPRESS, ctypes.c_size_t(size), *more, ctypes.byref(made)) == 0
    return made


def chunks(data, form):
    size = FORMS[form][1]
    return [data[at : at + size] for at in range(0, len(data), size)]


def pack(data, form):
    compressor = engine(lib.wimlib_create_compressor, form, ctypes.c_uint(0))
    table, out = b"", b""
    for number, chunk in enumerate(chunks(data, form)):
        if number:
            table += struct.pack("<I", len(out))
        room = ctypes.create_string_buffer(len(chunk))
        size = lib.wimlib_compress(chunk, ctypes.c_size_t(len(chunk)), room, ctypes.c_size_t(len(chunk) - 1), compressor)
        out += room.raw[:size] if size else chunk
    return table + out


def unpacks(data, form):
    """Whether wimlib unpacks all that the recipe packs."""
    decompressor = engine(lib.wimlib_create_decompressor, form)
    for chunk in chunks(data, form):
        made = (wof.lzx if FORMS[form][0] == "lzx" else wof.xpress)(chunk)
        room = ctypes.create_string_buffer(len(chunk))
        failed = lib.wimlib_decompress(made, ctypes.c_size_t(len(made)), room, ctypes.c_size_t(len(chunk)), decompressor)
        if failed or room.raw != chunk:
            return False
    return True


if sys.argv[1] == "--unpack":
    sys.exit(not all(unpacks(Path(sys.argv[2]).read_bytes(), form) for form in FORMS))
Path(sys.argv[3]).write_bytes(pack(Path(sys.argv[2]).read_bytes(), int(sys.argv[1])))
