"""Reads the eight values of an image with dissect, which is what an analyst would otherwise script.

Usage: dissect_eight.py IMAGE, with lines `rule|hive|key|value|…` on standard input; prints `rule<TAB>bytes in hex`,
with no bytes for a value that is not there. Of several volumes the first with both hives counts.
"""

import logging
import sys

from dissect.regf.exceptions import Error as RegistryError
from dissect.regf.regf import RegistryHive
from dissect.target import Target

CONFIG = "windows/system32/config"


def hives(target):
    """SYSTEM and SOFTWARE by their names."""
    for filesystem in target.filesystems:
        files = {name: filesystem.path(f"{CONFIG}/{name}") for name in ("SYSTEM", "SOFTWARE")}
        if all(file.exists() for file in files.values()):
            return {name: RegistryHive(file.open("rb")) for name, file in files.items()}
    sys.exit("no volume has both hives")


def main(image):
    """Prints the values."""
    logging.disable()
    found = hives(Target.open(image))
    select = found["SYSTEM"].open("Select").value("Current").value
    for line in sys.stdin:
        rule, hive, key, value = line.split("|")[:4]
        if hive == "SYSTEM":
            key = f"ControlSet{select:03}\\{key}"
        try:
            raw = found[hive].open(key).value(value).value.to_bytes(4, "little").hex()
        except RegistryError:
            raw = ""
        print(rule, raw, sep="\t")


main(sys.argv[1])
