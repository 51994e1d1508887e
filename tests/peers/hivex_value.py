"""Prints what hivex finds for one value: its bytes in hex, `absent`, or `unread` and why.

Usage: hivex_value.py HOST HIVE KEY VALUE; a KEY of SYSTEM lies below the running control set.
"""

import sys
from pathlib import Path

import hivex

LINK = 6


class Unread(Exception):
    """Nothing can be said."""


def walk(h, names, budget=32):
    """The node of a key, or None. hivex does not follow symbolic links, so that is done here."""
    node = h.root()
    for i, name in enumerate(names):
        node = h.node_get_child(node, name)
        if node is None:
            return None
        for value in h.node_values(node):
            kind, data = h.value_value(value)
            if h.value_key(value) == "SymbolicLinkValue" and kind == LINK:
                if budget == 0:
                    raise Unread("links without end")
                # \Registry\Machine\System\…: the hive's own root is the third name
                target = data.decode("utf-16-le").split("\\")[4:]
                return walk(h, target + names[i + 1 :], budget - 1)
    return node


def running(h):
    """The name of the control set that Select says is running."""
    select = h.node_get_child(h.root(), "Select")
    current = h.value_dword(h.node_get_value(select, "Current"))
    return f"ControlSet{current:03}"


def main(host, hive, key, name):
    """The line to print."""
    path = Path(host) / hive
    if not path.exists():
        return "unread no such hive"
    try:
        h = hivex.Hivex(str(path))
        names = key.split("\\")
        node = walk(h, [running(h), *names] if hive == "SYSTEM" else names)
        for value in h.node_values(node) if node else ():  # node_get_value fails alike for absent and for broken
            if h.value_key(value).casefold() == name.casefold():
                return h.value_value(value)[1].hex()
        return "absent"
    except (OSError, RuntimeError, Unread) as why:
        return f"unread {why}"


print(main(*sys.argv[1:]))
