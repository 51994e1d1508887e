"""Prints what an audit report (JSON, on stdin) says of an image: `container<TAB>verdict`; fails when it was none."""

import json
import sys

report = json.load(sys.stdin)
hosts = report["hosts"]
formats = [found["format"] for host in hosts for found in host["inputs"] if found["kind"] == "container"]
if not formats:
    sys.exit("no image")
print(formats[0], " and ".join(host["verdict"] for host in hosts), sep="\t")
