"""Holds the files of a backup of a Group Policy Object against each other.

gpo.py CHECK.PY FOLDER: CHECK.PY has the function check(), made from 257 backups of Windows.
"""
import importlib.util
import os
import sys

rules, folder = sys.argv[1:]
spec = importlib.util.spec_from_file_location("check", rules)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)


def read(path):
    with open(path, "rb") as file:
        return file.read()


[backup] = [name for name in os.listdir(folder) if name.startswith("{")]
below = os.path.join(folder, backup)
files = [os.path.relpath(os.path.join(at, name), below) for at, _, names in os.walk(below) for name in names]
faults = module.check(
    backup,
    files,
    read(os.path.join(below, "Backup.xml")),
    read(os.path.join(below, "bkupInfo.xml")),
    read(os.path.join(folder, "manifest.xml")),
)
sys.exit("; ".join(faults) or None)
