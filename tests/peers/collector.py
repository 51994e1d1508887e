"""The cases of collector.ps1, and what comes of them: collector.py make|judge TLSHIVE FIXTURES FOLDER.

make: a folder for each machine whose hives are whole, with its registry (all that `tlshive show` prints) and the script.
judge: the file that the script left there is audited, and its verdict, findings and states are held against those of the hives.
Prints "ok NAME" or "FAIL NAME: why" for each machine.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

mode, tlshive, hosts, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])
TYPES = ["REG_NONE", "REG_SZ", "REG_EXPAND_SZ", "REG_BINARY", "REG_DWORD", "REG_DWORD_BIG_ENDIAN", "REG_LINK", "REG_MULTI_SZ",
         "REG_RESOURCE_LIST", "REG_FULL_RESOURCE_DESCRIPTOR", "REG_RESOURCE_REQUIREMENTS_LIST", "REG_QWORD"]  # fmt: skip
# No running Windows has such a registry: damage, one hive alone, links (which Windows follows before anybody sees them).
NO_MACHINE = ["cut-short", "damaged-sibling", "damaged-target", "lists-unsorted", "predefined-handle", "symlink", "symlink-loop",
              "system-only"]  # fmt: skip
# Types that .NET does not know cannot be read, and what Windows never shows is not seen.
UNREADABLE, UNSEEN = ["type-above-16-bits"], ["control-set-unread"]
# Files are cut at every one of so many bytes.
STEP = 64
POLICIES = ["entra-connect-tls12", "tls12-only", "own.toml"]
OWN = r"""
id = "own"
version = "1.0.0"
date = "2026-11-28"
title = "A policy of the user's own"
source = "https://example.com"

[[rule]]
id = "own-key"
title = "A value of its own"
why = "A test asks for it."
key = 'HKEY_LOCAL_MACHINE\SOFTWARE\Example\Own "key"'
value = "Sw'itch"
type = "REG_DWORD"
enable = 1
disable = 0
source = "https://example.com"
"""


def run(*args):
    return subprocess.run([tlshive, *map(str, args)], capture_output=True)


def number(kind):
    return TYPES.index(kind) if kind in TYPES else int(re.search(r"0x([0-9a-f]+)", kind)[1], 16)


def registry(host):
    state = {}
    for hive in ["SYSTEM", "SOFTWARE"]:
        for line in run("show", host / hive, "--recursive", "--format", "json").stdout.decode().splitlines():
            entry = json.loads(line)
            if entry.get("state") == "present":
                state[entry["key"]] = [[v["name"], number(v["type"]), v["raw"]] for v in entry["values"]]
    state['HKEY_LOCAL_MACHINE\\SOFTWARE\\Example\\Own "key"'] = [["sw'ITCH", 4, "01000000"], ["Secret", 1, "73000000"]]
    return state


def machines():
    return [host for host in sorted(hosts.iterdir()) if host.is_dir() and host.name not in NO_MACHINE]


def policies():
    return [arg for name in POLICIES for arg in ("--policy", folder / name if name.endswith(".toml") else name)]


def hosts_of(*inputs):
    return json.loads(run("audit", "--format", "json", *policies(), *inputs).stdout)["hosts"]


def judged(path):
    host = hosts_of(path)[0]
    findings = {f["policy"] + "/" + f["rule"]: [f["outcome"], f.get("found")] for f in host["findings"]}
    effective = without(host["effective"])
    restart = effective.pop("restart")
    lints = sorted((lint["id"], lint["why"]) for lint in effective.pop("lints") if lint["id"] not in UNSEEN)
    verdicts = {verdict["policy"]: verdict["verdict"] for verdict in host["verdicts"]}
    facts = {name: host[name] for name in ["windows", "machine", "control_set"]}
    return {"findings": findings, "lints": lints, "effective": effective, "verdicts": verdicts, **facts}, restart


# What is said without where it stands, and when it was written.
def without(part):
    if isinstance(part, dict):
        return {name: without(value) for name, value in part.items() if name not in ["place", "places", "last_write", "evidence"]}
    return [without(value) for value in part] if isinstance(part, list) else part


def differing(one, other, path=""):
    if isinstance(one, dict) and isinstance(other, dict):
        return [each for name in {**one, **other} for each in differing(one.get(name), other.get(name), f"{path}.{name}")]
    return [] if one == other else [f"{path[1:]}: {json.dumps(one)[:150]} / {json.dumps(other)[:150]}"]


if mode == "make":
    folder.mkdir(parents=True)
    (folder / "own.toml").write_text(OWN)
    for host in machines():
        at = folder / host.name
        at.mkdir()
        made = run("generate", "collector", *policies(), "-o", at / "collect.ps1")
        if made.returncode:
            sys.exit(f"{host.name}: {made.stderr.decode().strip()}")
        (at / "registry.json").write_text(json.dumps(registry(host)))


def restart_fits(was, told):
    """Without times, nothing pends only where nothing is set; whatever else is, is not known."""
    nothing_set = was["pending"] == "no" and was["why"].startswith("no setting differs")
    return told["pending"] == ("no" if nothing_set else "unknown")


def judge(host):
    files = list((folder / host.name / "out").glob("*"))
    if len(files) != 1:
        return f"it left {[file.name for file in files]}"
    (theirs, was), (ours, told) = judged(host), judged(files[0])
    if ours["findings"]["own/own-key"][0] != "pass":
        return "the key of the user's own policy was not collected"
    if b"S\0e\0c\0r\0e\0t" in files[0].read_bytes():
        return "a value was collected that nobody asked for"
    for part in theirs, ours:  # the hives do not have that key
        del part["findings"]["own/own-key"], part["verdicts"]["own"]
    if not restart_fits(was, told):
        return f"restart: {was} / {told}"
    found = differing(theirs, ours)
    if host.name in UNREADABLE:
        weaker = [rule for rule, (outcome, _) in ours["findings"].items() if theirs["findings"][rule][0] not in [outcome, "fail"]]
        unknown = [outcome for outcome, _ in ours["findings"].values() if outcome == "unknown"]
        return None if unknown and not weaker else f"{weaker} {unknown}"
    return "; ".join(found) if found else None


def say(name, why):
    print(f"FAIL collector {name}: {why}" if why else f"ok collector {name}")


def without_pass(name, texts):
    """Parts of files, and files put together, never pass a rule."""
    at = folder / name
    at.mkdir()
    for number, text in enumerate(texts):
        (at / f"{number:05}.reg").write_bytes(text)
    found = hosts_of(at)
    passed = [host["inputs"][0]["name"] for host in found if any(f["outcome"] == "pass" for f in host["findings"])]
    say(f"{name}, {len(found)} files: no rule passes", passed or (None if len(found) > 1 else "nothing was judged"))


if mode == "judge":
    for host in machines():
        say(f"{host.name} is judged as its hives are", judge(host))
    one, other = [next((folder / name / "out").glob("*")).read_bytes() for name in ["compliant", "windows-11"]]
    # All but the last line end, which is nothing that counts.
    without_pass("cut", [one[:at] for at in range(STEP, len(one) - 4, STEP)])
    lines = one[2:].decode("utf-16-le").split("\r\n")[:-1]
    lacking = ["\r\n".join(lines[:at] + lines[at + 1 :] + [""]) for at in range(2, len(lines))]
    without_pass("a line removed", [b"\xff\xfe" + text.encode("utf-16-le") for text in lacking])
    without_pass("joined", [one + other[2:], other + one[2:], one + one[2:], one + other])
    outcomes = {f["rule"]: f["outcome"] for f in hosts_of(folder / "denied")[0]["findings"]}
    server = [outcome for rule, outcome in outcomes.items() if rule.startswith("tls12-server")]
    client = [outcomes[f"tls12-client-{name}"] for name in ["enabled", "disabled-by-default"]]
    say("a key that cannot be read is unknown, and no other", None if set(server) == {"unknown"} and set(client) == {"pass"} else outcomes)
    passed = hosts_of(folder / "passed")[0]["verdicts"][0]["verdict"]
    say("the text of -PassThru is the file", None if passed == "compliant" else passed)
