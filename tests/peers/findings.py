"""Prints the findings of an audit report (JSON, on stdin) as lines `rule<TAB>outcome<TAB>raw bytes in hex`."""

import json
import sys

findings = [finding for host in json.load(sys.stdin)["hosts"] for finding in host["findings"]]
for finding in findings:
    print(finding["rule"], finding["outcome"], (finding["found"] or {}).get("raw", ""), sep="\t")
sys.exit("the report holds no findings" if not findings else 0)
