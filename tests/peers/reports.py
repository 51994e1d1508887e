"""Reads a report with somebody else's parser, and holds it against the JSON of the same run. Prints what it found.

reports.py sarif|junit|csv|csv-findings FILE RUN.json
"""

import csv
import json
import os
import sys
import urllib.parse
import xml.etree.ElementTree as tree

kind, path, document = sys.argv[1:]
SCHEMA = os.path.join(os.path.dirname(__file__), "schemas/sarif-schema-2.1.0.json")


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


run = load(document)
hosts = run["hosts"]
findings = [finding for host in hosts for finding in host["findings"]]
UNJUDGED = ("not_read", "not_recognised")


def wrong(what):
    sys.exit(f"reports.py: {kind}: {what}")


def same(what, expected, found):
    if expected != found:
        wrong(f"{what}: {found}, and {expected} in the JSON")


def outcomes(*words):
    return sum(finding["outcome"] in words for finding in findings)


def sarif():
    import jsonschema

    log = load(path)
    checker = jsonschema.Draft7Validator(load(SCHEMA), format_checker=jsonschema.FormatChecker())
    for error in checker.iter_errors(log):
        wrong(f"{list(error.absolute_path)}: {error.message[:200]}")
    [told] = log["runs"]
    results = [result for result in told["results"] if result["ruleId"] != "not-judged"]
    same("results", outcomes("fail", "unknown"), len(results))
    same("suppressions", sum(bool(finding.get("waived")) for finding in findings), sum("suppressions" in r for r in results))
    known = {rule["id"] for rule in told["tool"]["driver"]["rules"]}
    for result in told["results"]:
        uri = urllib.parse.urlsplit(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
        if result["ruleId"] not in known or uri.netloc or uri.query or uri.fragment:
            wrong(f"not a place: {result}")
    prints = [result["partialFingerprints"]["tlshive/v1"] for result in told["results"]]
    return f"SARIF is valid: {len(results)} results, {len(prints) - len(results)} inputs not judged"


def junit():
    root = tree.parse(path).getroot()
    cases = root.findall("testsuite/testcase")
    suites = [suite for suite in root.findall("testsuite") if suite.get("name") != "not judged"]
    same("suites", len(hosts), len(suites))
    for suite in root.findall("testsuite"):
        for attribute, tag in (("tests", "testcase"), ("failures", "testcase/failure"), ("errors", "testcase/error")):
            same(f"{suite.get('name')}: {attribute}", len(suite.findall(tag)), int(suite.get(attribute)))
    same("tests", len(cases), int(root.get("tests")))
    names = [(case.get("classname"), case.get("name")) for case in cases]
    if len(names) != len(set(names)):
        wrong("two tests of one name: " + str(next(name for name in names if names.count(name) > 1)))
    open_failures = sum(f["outcome"] == "fail" and f["required"] and not f.get("waived") for f in findings)
    same("failures", open_failures, len(root.findall("testsuite/testcase/failure")))
    return f"JUnit: {len(cases)} tests in {len(suites)} machines, {open_failures} failures"


def table(rows_of_hosts, id_column, word_column):
    import pandas

    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, strict=True))
    head, *rest = rows
    if len(head) != len(set(head)) or any(len(row) != len(head) for row in rest):
        wrong("rows that are not as wide as the headings")
    for row in rest:
        for cell in row:
            if cell.lstrip()[:1] in ("=", "+", "-", "@") and cell.lstrip() != "" or any(c < " " for c in cell):
                wrong(f"a cell that acts: {cell!r}")
    frame = pandas.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    same("rows that pandas reads", rest, frame.values.tolist())
    judged = frame[frame[word_column] != "not judged"]
    same("rows", rows_of_hosts, len(judged))
    same("machines", sorted({host["id"] for host in hosts}), sorted(set(judged[id_column])))
    return head, judged


def of_machines():
    _, frame = table(len(hosts), "id", "verdict")
    words = {"compliant": "meets", "not_compliant": "does not meet", "unknown": "cannot be told"}
    for verdict, word in words.items():
        same(word, sum(host["verdict"] == verdict for host in hosts), int((frame["verdict"] == word).sum()))
    return f"CSV: {len(frame)} machines"


def of_findings():
    _, frame = table(len(findings), "id", "outcome")
    for word in ("pass", "fail", "unknown"):
        same(word, outcomes(word), int((frame["outcome"] == word).sum()))
    return f"CSV of findings: {len(frame)} rows"


print({"sarif": sarif, "junit": junit, "csv": of_machines, "csv-findings": of_findings}[kind]())
