"""Makes a saved run of many machines from one of few, each machine again under other names: grow.py MACHINES <RUN.jsonl"""

import json
import sys

count = int(sys.argv[1])
records = [json.loads(line) for line in sys.stdin]
hosts = [record for record in records if record["record"] == "host"]
for record in records:
    if record["record"] == "end":
        record["summary"] |= {word: 0 for word in ("compliant", "not_compliant", "unknown")} | {"hosts": count}
        for number in range(count):
            record["summary"][hosts[number % len(hosts)]["verdict"]] += 1
    if record["record"] != "host":
        print(json.dumps(record))
        continue
    first = hosts.index(record)
    for number in range(first, count, len(hosts)):
        round_ = number // len(hosts)
        again = {**record, "id": f"{number:016x}", "name": f"{record['name']}-{round_}", "unit": f"{record['unit']}-{round_}"}
        print(json.dumps(again))
