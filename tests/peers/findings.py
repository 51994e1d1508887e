"""Prints the findings of an audit report (JSON, on stdin) as lines `rule<TAB>verdict<TAB>raw bytes in hex`."""

import json
import sys


def findings(node):
    """All findings, wherever the report keeps them: these checks are about values, not about its layout."""
    if isinstance(node, list):
        for item in node:
            yield from findings(item)
    elif isinstance(node, dict):
        yield from node.get("findings", [])
        for name, item in node.items():
            if name != "findings":
                yield from findings(item)


printed = 0
for finding in findings(json.load(sys.stdin)):
    rule = finding.get("rule") or finding["id"]
    if isinstance(rule, dict):
        rule = rule["id"]
    verdict = finding.get("verdict") or finding["status"]
    raw = (finding.get("found") or {}).get("raw") or ""
    print(rule, verdict, raw, sep="\t")
    printed += 1
sys.exit("the report holds no findings" if not printed else 0)
