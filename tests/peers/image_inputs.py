"""Prints the hives of an audit report (JSON, on stdin) as lines `SYSTEM<TAB>SHA-256`, without their paths."""

import json
import re
import sys

for host in json.load(sys.stdin)["hosts"]:
    for found in host["inputs"]:
        if found["kind"] == "hive":
            print(re.split(r"[\\/]", found["name"])[-1].upper(), found["sha256"], sep="\t")
