"""Makes the cases of powershell.ps1: powershell.py TLSHIVE FIXTURES FOLDER [ansible].

Before: what `tlshive show` prints of a fixture's keys. After: the .reg file of the same plan imported by the few lines below,
which know as much of the format as tlshive writes. With `ansible`, also those of ansible.ps1: the tasks of the plan, read by
PyYAML, where the plan can be one for Ansible.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

tlshive, hosts, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
ansible = sys.argv[4:] == ["ansible"]
if ansible:
    import yaml

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))
KEYS = {
    "SYSTEM": [r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL"],
    "SOFTWARE": [r"HKLM\SOFTWARE\Microsoft\.NETFramework", r"HKLM\SOFTWARE\WOW6432Node\Microsoft\.NETFramework"],
}
TYPES = ["REG_NONE", "REG_SZ", "REG_EXPAND_SZ", "REG_BINARY", "REG_DWORD", "REG_DWORD_BIG_ENDIAN", "REG_LINK", "REG_MULTI_SZ",
         "REG_RESOURCE_LIST", "REG_FULL_RESOURCE_DESCRIPTOR", "REG_RESOURCE_REQUIREMENTS_LIST", "REG_QWORD"]  # fmt: skip
CLIENT = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Client"
NET = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\.NETFramework\v4.0.30319"


def run(*args):
    return subprocess.run([tlshive, *map(str, args)], capture_output=True)


def before(host):
    state = {}
    for hive, keys in KEYS.items():
        for key in keys:
            shown = run("show", host / hive, key, "--recursive", "--format", "json").stdout.decode()
            for line in shown.splitlines():
                entry = json.loads(line)
                if entry.get("state") == "present":
                    path = re.sub(r"\\SYSTEM\\ControlSet\d{3}\\", r"\\SYSTEM\\CurrentControlSet\\", entry["key"], flags=re.I)
                    state[path] = [[v["name"], TYPES.index(v["type"]), v["raw"]] for v in entry["values"]]
    return state


def imported(state, text):
    """The state after the import of a file as tlshive writes it."""
    keys = {path.lower(): (path, {v[0].lower(): v for v in values}) for path, values in state.items()}
    values = None
    for line in re.sub(r",\\\r\n *", ",", text).split("\r\n"):
        if line.startswith("[-"):
            gone = line[2:-1].lower()
            for path in [path for path in keys if path == gone or path.startswith(gone + "\\")]:
                del keys[path]
            values = None
        elif line.startswith("["):
            values = keys.setdefault(line[1:-1].lower(), (line[1:-1], {}))[1]
        elif values is not None and (found := re.match(r'(@|"(?:[^"\\]|\\.)*")=(.*)', line, re.S)):
            name = "" if found[1] == "@" else re.sub(r"\\(.)", r"\1", found[1][1:-1])
            data = found[2]
            if data == "-":
                values.pop(name.lower(), None)
                continue
            if data.startswith("dword:"):
                kind, raw = 4, int(data[6:], 16).to_bytes(4, "little").hex()
            elif data.startswith('"'):
                kind, raw = 1, (re.sub(r"\\(.)", r"\1", data[1:-1]) + "\0").encode("utf-16-le").hex()
            else:
                of = re.match(r"hex(?:\(([0-9a-f]+)\))?:(.*)", data)
                kind, raw = int(of[1] or "3", 16), of[2].replace(",", "")
            values[name.lower()] = [name, kind, raw]
    return {path: list(values.values()) for path, values in keys.values()}


def case(name, state, *args):
    at = folder / name
    at.mkdir(parents=True)
    made = [
        run("generate", *args, "--format", "reg", "-o", at / "plan.reg"),
        run("generate", *args, "--format", "ps1", "-o", at / "plan.ps1"),
        run("generate", *args, "--format", "intune", "-o", at),
    ]
    for each in made:
        if each.returncode:
            sys.exit(f"{name}: {each.stderr.decode().strip()}")
    tasks = at / "tasks.json"
    if ansible and not run("generate", *args, "--format", "ansible", "-o", at / "plan.yml").returncode:
        loaded = yaml.load((at / "plan.yml").read_text(), Loader) or []
        tasks.write_text(json.dumps([task["ansible.windows.win_regedit"] for task in loaded]))
    text = (at / "plan.reg").read_bytes().decode("utf-16")
    (at / "before.json").write_text(json.dumps(state))
    (at / "after.json").write_text(json.dumps(imported(state, text)))


def write(path, text):
    path.write_bytes(("\ufeffWindows Registry Editor Version 5.00\r\n\r\n" + text).encode("utf-16-le"))


work = folder.with_name(folder.name + "-made")
work.mkdir()
for host in ["compliant", "disabled", "wrong-type", "nothing-set"]:
    state = before(hosts / host)
    for plan in ["disable", "defaults", "fix"]:
        case(f"{host}-{plan}", state, plan, "--for", hosts / host)
# A script on another machine than it was made for.
case("fix-elsewhere", before(hosts / "disabled"), "fix", "--for", hosts / "wrong-type")
# Keys that are deleted and put back, with values of every type and odd names.
odd = [r'"it\'s a $(name) `n"=dword:80000000', '"a[b]*?"=hex(b):ff,ff,ff,ff,ff,ff,ff,ff', r'@="default"', '"n"=hex(0):01,02',
       '"e"=hex(2):25,00,41,00,25,00,00,00', '"m"=hex(7):61,00,00,00,62,00,00,00,00,00', '"l"=hex(7):00,00', '"b"=hex:',
       '"\u2019\u00fc"="\u2018"']  # fmt: skip
write(work / "set.reg", f"[{NET}]\r\n" + "\r\n".join(odd) + f"\r\n\r\n[-{CLIENT[:-7]}]\r\n\r\n[{NET}\\new\\deep]\r\n")
state = before(hosts / "disabled")
undone = imported(state, (work / "set.reg").read_bytes().decode("utf-16"))
case("undo", undone, "undo", "--for", hosts / "disabled", "--of", work / "set.reg")
# The same for Ansible, which has no default value but a string, and takes lists without strings.
lines = [line for line in odd if not line.startswith('"b"')]
write(work / "ansible.reg", f"[-{CLIENT[:-7]}]\r\n\r\n[{CLIENT}]\r\n\"Added\"=dword:1\r\n\r\n[{CLIENT}\\New]\r\n" + "\r\n".join(lines))
undone = imported(state, (work / "ansible.reg").read_bytes().decode("utf-16"))
case("undo-deleted", undone, "undo", "--for", hosts / "disabled", "--of", work / "ansible.reg")
case("unknown-type", state, "defaults")
strange = dict(state)
strange[CLIENT] = [["Enabled", 0x1234, "00"]]
(folder / "unknown-type" / "odd.json").write_text(json.dumps(strange))
