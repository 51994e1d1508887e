"""Audits a list of units with Dask: dask_audit.py UNITS OUT, with UNITS as of find -print0, OUT a folder for the parts."""
import os, subprocess, sys  # noqa: E401
from distributed import Client


def audit(number, units, out):
    command = ["audit", "--format", "jsonl", "--no-exit-codes", "-j", "1", "--force", "-o", f"{out}/part-{number:06}.jsonl", "--files-from", "-", "-0"]
    subprocess.run([os.environ.get("TLSHIVE", "tlshive"), *command], input=b"\0".join(units), check=True)


if __name__ == "__main__":
    units, out = [unit for unit in open(sys.argv[1], "rb").read().split(b"\0") if unit], sys.argv[2]
    with Client(sys.argv[3] if len(sys.argv) > 3 else None) as client:
        tasks = [client.submit(audit, at, units[at : at + 200], out, retries=2) for at in range(0, len(units), 200)]
        client.gather(tasks)  # then: tlshive report OUT/part-*.jsonl
