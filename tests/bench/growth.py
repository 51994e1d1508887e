"""How a run grows: time and memory of `tlshive audit` over more and more machines.

growth.py TLSHIVE FOLDER [COUNT...]   (default: 1000 4000 16000)

Makes the inputs in FOLDER from the fixtures, by hard links where the file system has them: folders of hives, one flat folder of hives
with their logs, `.reg` exports, zips and qcow2 images. Prints for each kind and count the wall time, the time of the processor a
machine, and the most memory that was held. It checks that each run gave as many machines as there are.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures"


def put(source, target):
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)


def hive_folders(folder, number, source):
    (folder / f"srv-{number:05}").mkdir()
    for name in ("SYSTEM", "SOFTWARE"):
        put(source / "compliant" / name, folder / f"srv-{number:05}" / name)


def flat_with_logs(folder, number, source):
    for name in ("SYSTEM", "SOFTWARE", "SYSTEM.LOG1", "SYSTEM.LOG2"):
        put(source / "dirty-with-logs" / name, folder / f"srv-{number:05}_{name}")


def reg_files(folder, number, source):
    put(source / "export.reg", folder / f"srv-{number:05}.reg")


def zips(folder, number, source):
    put(source / "pair.zip", folder / f"srv-{number:05}.zip")


def qcow2_images(folder, number, source):
    put(source / "compliant.qcow2", folder / f"srv-{number:05}.qcow2")


def sources(folder):
    """The files that are linked, on the file system of the links."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("compliant", "dirty-with-logs"):
        shutil.copytree(FIXTURES / "hosts" / name, folder / name, dirs_exist_ok=True)
    shutil.copy(FIXTURES / "reg/compliant-ansi.reg", folder / "export.reg")
    shutil.copy(FIXTURES / "images/compliant.qcow2", folder)
    with zipfile.ZipFile(folder / "pair.zip", "w", zipfile.ZIP_DEFLATED) as zipped:
        for name in ("SYSTEM", "SOFTWARE"):
            zipped.write(FIXTURES / "hosts/compliant" / name, f"Windows/System32/config/{name}")
    return folder


def most_held(process):
    """What it held at most, in KiB. What `wait4` tells counts the memory of whoever started it, too."""
    with open(f"/proc/{process}/status") as status:
        return next((int(line.split()[1]) for line in status if line.startswith("VmHWM")), 0)


def run(program, folder):
    """Wall seconds, processor seconds, the most memory in KiB, and the machines that the stream ends with."""
    out = folder.parent / "stream.jsonl"
    begun = time.monotonic()
    with open(out, "wb") as stream:
        arguments = [program, "audit", "--format", "jsonl", str(folder)]
        child = subprocess.Popen(arguments, stdout=stream, stderr=subprocess.DEVNULL)
        memory = 0
        while (ended := os.wait4(child.pid, os.WNOHANG))[0] == 0:
            memory = max(memory, most_held(child.pid))
            time.sleep(0.01)
        usage, child.returncode = ended[2], 0
    wall = time.monotonic() - begun
    with open(out, "rb") as stream:
        stream.seek(max(0, out.stat().st_size - 65536))
        end = json.loads(stream.read().splitlines()[-1])["summary"]
    out.unlink()
    return wall, usage.ru_utime + usage.ru_stime, memory, end["hosts"]


def main():
    program, folder = sys.argv[1], Path(sys.argv[2])
    counts = [int(count) for count in sys.argv[3:]] or [1000, 4000, 16000]
    source = sources(folder / "sources")
    print(f"{'kind':<16}{'machines':>9}{'wall s':>9}{'µs a machine':>14}{'CPU µs each':>13}{'MiB':>7}")
    for make in (hive_folders, flat_with_logs, reg_files, zips, qcow2_images):
        for count in counts:
            inputs = folder / f"{make.__name__}-{count}"
            inputs.mkdir()
            for number in range(count):
                make(inputs, number, source)
            run(program, inputs)
            wall, cpu, memory, hosts = min(run(program, inputs) for _ in range(3))
            if hosts != count:
                sys.exit(f"{inputs}: {hosts} machines of {count}")
            each = 1e6 / count
            name = make.__name__.replace("_", " ")
            print(f"{name:<16}{count:>9}{wall:>9.2f}{wall * each:>14.0f}{cpu * each:>13.0f}{memory / 1024:>7.1f}", flush=True)
            shutil.rmtree(inputs)
    shutil.rmtree(source)


main()
