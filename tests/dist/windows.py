"""What tlshive.exe says under Wine, against what the program of this machine says. usage: windows.py FOLDER, which has the exe."""

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FOLDER = Path(sys.argv[1])
EXE, OWN = [os.environ["WINE"], str(FOLDER / "tlshive.exe")], [os.environ["TLSHIVE"]]
ENVIRONMENT = {**os.environ, "SOURCE_DATE_EPOCH": "1577836800"}
faults = []


def run(program, *words):
    # Into files: Wine's services keep pipes open that the first program of theirs was given.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        command = [*program, *map(str, words)]
        status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=ENVIRONMENT, timeout=300).returncode
        out.seek(0)
        err.seek(0)
        return status, out.read(), err.read().decode(errors="replace")


def windows(path):
    """The path as Windows has it."""
    return "Z:" + str(Path(path).resolve()).replace("/", "\\")


def held(name, good, said=""):
    print(f"{'ok   ' if good else 'FAIL '} {name}{'' if good else ': ' + str(said)[:400]}", flush=True)
    if not good:
        faults.append(name)


def plain(value):
    """Separators of paths and the drive aside."""
    if isinstance(value, dict):
        # Windows keeps times to a tenth of a microsecond, Linux more exactly.
        # The id of a host is a hash of its place as it is spelt.
        value = {key: item for key, item in value.items() if key != "id" or "unit" not in value}
        return {key: item[:19] if key == "modified" and item else plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    # Wine shows the whole machine as drive Z.
    return value.replace("\\", "/").removeprefix("Z:") if isinstance(value, str) else value


def difference(one, other, at=""):
    """The first place in which two documents differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            found = difference(one.get(key), other.get(key), f"{at}.{key}")
            if found:
                return found
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other)):
            found = difference(*pair, f"{at}[{number}]")
            if found:
                return found
    elif one != other:
        return f"{at}: Linux {one!r}, Windows {other!r}"
    return None


def compare(path):
    (status, out, err), (own_status, own_out, _) = (run(p, "audit", "--format", "json", path) for p in (EXE, OWN))
    if status != own_status:
        return path, f"exit status {status}, not {own_status}: {err}"
    return path, difference(plain(json.loads(own_out)), plain(json.loads(out))) if own_out else None


def fixtures():
    inputs = sorted(path for part in ("hosts", "reg", "images", "hostile") for path in Path("fixtures", part).iterdir())
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(compare, [*inputs, Path("fixtures")]))
    for path, found in results:
        if found:
            held(f"{path}", False, found)
    same = sum(not found for _, found in results)
    held(f"{same} of {len(results)} inputs: same JSON and exit status", same == len(results))
    # As Windows names them.
    host = windows("fixtures/hosts/disabled")
    for name in (host, "\\\\?\\" + host, host.replace("\\", "/"), host + "\\"):
        held(f"audit {name}", run(EXE, "audit", "-q", name)[0] == 1)


def refusals():
    for name in ("\\\\.\\PhysicalDrive0", "NUL", "CON", "C:\\con"):
        status, _, err = run(EXE, "audit", name)
        held(f"audit {name} is refused", status in (2, 3, 4), f"{status} {err}")
        out = run(EXE, "audit", "--format", "json", name)[1].decode()
        held(f"audit {name} says that it is a device", "a device, and no file" in out + err, out + err)
    status, _, err = run(EXE, "generate", "enable", "-o", "NUL")
    held("-o NUL is refused", status == 2 and "a pipe or a device" in err, err)
    hive = FOLDER / "locked" / "SYSTEM"
    hive.parent.mkdir()
    hive.write_bytes(Path("fixtures/hosts/compliant/SYSTEM").read_bytes())
    command = f"{windows(FOLDER / 'tlshive.exe')} audit {windows(hive)}"
    status, out, err = run([EXE[0], str(FOLDER / "alone.exe")], windows(hive), command)
    held("a hive that is in use: what to do", status == 3 and b"reg save" in out, f"{status} {out} {err}")


def wildcards():
    for name, count in (("fixtures\\reg\\dis*.reg", None), ("fixtures\\**\\*.vhd", None), ("fixtures/hosts/d?sabled", 1)):
        status, out, err = run(EXE, "audit", "--format", "json", name)
        base = Path(*name.replace("\\", "/").split("/")[:1])
        wanted = count or len(list(base.glob("/".join(name.replace("\\", "/").split("/")[1:]))))
        inputs = {word["path"] for word in json.loads(out)["inputs"]} if out else set()
        held(f"audit {name}: {wanted} files", len(inputs) >= wanted > 0, f"{status} {err} {inputs}")
    status, _, err = run(EXE, "audit", "fixtures\\*.none")
    held("a wildcard that nothing fits", status == 2 and "nothing here is called so" in err, err)


def files():
    out = FOLDER / "fix.reg"
    for format in ("reg", "reg4", "cmd", "ps1", "dsc", "pol", "ansible"):
        made = []
        for program, name in ((EXE, windows(out)), (OWN, out)):
            status, _, err = run(program, "generate", "enable", "--format", format, "-o", name, "--force")
            made.append(out.read_bytes() if status == 0 else err)
        held(f"generate --format {format}: same bytes, also over a file that is there", made[0] == made[1], made)
        if format in ("reg4", "cmd", "ps1", "dsc"):
            lines = made[0].count(b"\n")
            held(f"generate --format {format}: lines end in CR LF", lines == made[0].count(b"\r\n") > 0, lines)
    status, _, err = run(EXE, "generate", "enable", "-o", windows(out))
    held("a file that is there stays without --force", status == 2 and "--force" in err, err)
    folder = FOLDER.joinpath(*["a folder with a long name, for paths of more than 260 characters"] * 5)
    folder.mkdir(parents=True)
    (folder / "größe Ω.reg").write_bytes(Path("fixtures/reg/disabled.reg").read_bytes())
    own, their = run(OWN, "audit", "-q", folder)[0], run(EXE, "audit", "-q", windows(folder))[0]
    held("a long path, with letters beyond ASCII", own == their, f"{own} {their}")
    name = windows(folder) + "\\größe Ω.reg"
    held("the same as an argument", run(EXE, "audit", "-q", name)[0] == own)
    status, _, err = run(EXE, "audit", "fixtures/hosts/compliant", "--report", f"html={windows(folder)}\\r.html", "-q")
    held("a report in a long path", status == 0 and (folder / "r.html").stat().st_size > 1000, err)


for part in (refusals, wildcards, files, fixtures):
    part()
print(f"{len(faults)} faults" if faults else "no fault")
sys.exit(bool(faults))
