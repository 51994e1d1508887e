#!/bin/bash
# run.sh: what fleets use, over the fixtures: the files of this folder, and stores of others. Says what is not installed.
# TLSHIVE is the program, built with the feature remote; PYTHON the interpreter that has pyspark, distributed, moto, boto3.
set -u
here=$(cd "$(dirname "$0")" && pwd)
fixtures=$here/../../fixtures
python=${PYTHON:-python3}
export TLSHIVE PATH="$(dirname "$TLSHIVE"):$PATH"
work=$(mktemp -d)
failed=0
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT

check() { # check NAME WANTED GOT
    if [ "$2" = "$3" ]; then echo "ok $1"; else echo "FAIL $1: wanted $2, got $3"; failed=1; fi
}
has() { "$python" -c "import $1" 2>/dev/null || { echo "not installed, so not checked: $1"; false; }; }
verdicts() { grep -o '"record":"host".*' "$1" | grep -o '"verdict":"[a-z_]*"' | sort | uniq -c | tr -s ' \n' ' '; }

mkdir -p "$work/backups" "$work/parts"
cp -r "$fixtures/hosts/compliant" "$fixtures/hosts/disabled" "$fixtures/hosts/dirty-with-logs" "$work/backups"
mkdir "$work/backups/vm" && cp "$fixtures"/images/backing-*.qcow2 "$work/backups/vm"
"$TLSHIVE" audit --format jsonl --no-exit-codes -o "$work/whole" "$work/backups"
whole=$(verdicts "$work/whole")

export BACKUPS=$work/backups PARTS=$work/parts
for SLURM_ARRAY_TASK_ID in 0 1 2; do
    SLURM_ARRAY_TASK_ID=$SLURM_ARRAY_TASK_ID SLURM_ARRAY_TASK_COUNT=3 SLURM_CPUS_PER_TASK=2 bash "$here/slurm.sh"
done
cat "$PARTS"/part-* > "$work/slurm"
check "slurm.sh: tasks together" "$whole" "$(verdicts "$work/slurm")"
"$TLSHIVE" report "$PARTS"/part-* > /dev/null 2> "$work/err"
check "slurm.sh: nothing is missing" "" "$(cat "$work/err")"
rm "$PARTS"/*

line=$(sed -n 's/^ *command: \["sh", "-c", "\(.*\)"\]$/\1/p' "$here/kubernetes.yaml" | sed 's/\\"/"/g')
for JOB_COMPLETION_INDEX in $(seq 0 63); do
    JOB_COMPLETION_INDEX=$JOB_COMPLETION_INDEX sh -c "$line" 2> /dev/null # most have nothing
done
cat "$PARTS"/part-* > "$work/kubernetes"
check "kubernetes.yaml: pods together" "$whole" "$(verdicts "$work/kubernetes")"
rm "$PARTS"/*

find "$BACKUPS" -mindepth 1 -maxdepth 1 -print0 > "$work/units"
(cd "$work" && xargs -0 -n 2 -P 2 sh -c 'tlshive audit --format jsonl --no-exit-codes -o "$(mktemp -p parts)" --force "$@"' sh < units)
cat "$PARTS"/* > "$work/xargs"
check "xargs: processes together" "$whole" "$(verdicts "$work/xargs")"
rm "$PARTS"/*

if has distributed; then
    "$python" "$here/dask_audit.py" "$work/units" "$PARTS" 2> "$work/err" || cat "$work/err"
    cat "$PARTS"/part-* > "$work/dask"
    check "dask_audit.py: parts together" "$whole" "$(verdicts "$work/dask")"
fi

if has duckdb; then
    # The three queries of the README.
    sed -n '/^```sql/,/^```/p' "$here/../../README.md" | grep -v '^```' > "$work/queries"
    (cd "$work" && cp whole run.jsonl && "$python" -c 'import duckdb; c = duckdb.connect()
for q in open("queries").read().split(";"):
    r = c.sql(q) if q.strip() else None
    print(len(r.fetchall()) if r is not None else "-")') > "$work/rows" 2> "$work/err" || cat "$work/err"
    check "DuckDB: rows of each query" "0 2 8 0 -" "$(tr '\n' ' ' < "$work/rows" | sed 's/ $//')"
fi

if has moto.server && has boto3; then
    "$python" -m moto.server -H 127.0.0.1 -p 9400 > /dev/null 2>&1 & pids+=($!)
    export AWS_ENDPOINT=http://127.0.0.1:9400 AWS_ALLOW_HTTP=true AWS_ACCESS_KEY_ID=known AWS_SECRET_ACCESS_KEY=secret AWS_REGION=us-east-1
    "$python" "$here/upload.py" s3 "$BACKUPS"
    "$TLSHIVE" audit --format jsonl --no-exit-codes s3://bucket/backups/ > "$work/s3"
    check "s3:// (moto)" "$whole" "$(verdicts "$work/s3")"
fi

azurite=${AZURITE:-azurite-blob}
if command -v "$azurite" > /dev/null && has azure.storage.blob; then
    "$azurite" --silent --location "$work/azurite" --blobHost 127.0.0.1 --blobPort 9500 --skipApiVersionCheck > /dev/null 2>&1 & pids+=($!)
    # The account that every Azurite has.
    export AZURE_STORAGE_ACCOUNT_NAME=devstoreaccount1 AZURE_ALLOW_HTTP=true AZURE_ENDPOINT=http://127.0.0.1:9500/devstoreaccount1
    export AZURE_STORAGE_ACCOUNT_KEY=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==
    "$python" "$here/upload.py" az "$BACKUPS"
    "$TLSHIVE" audit --format jsonl --no-exit-codes az://container/backups/ > "$work/az"
    check "az:// (Azurite)" "$whole" "$(verdicts "$work/az")"
    key=$AZURE_STORAGE_ACCOUNT_KEY
    AZURE_STORAGE_ACCOUNT_KEY=$(printf wrong | base64) "$TLSHIVE" audit --format jsonl az://container/backups/compliant/SYSTEM > "$work/wrong" 2>&1
    check "az:// with a wrong key: not read" 3 $?
    check "az:// with a wrong key: no key is told" 0 "$(grep -c -e "$key" -e d3Jvbmc "$work/wrong")"
else
    echo "not installed, so not checked: azurite-blob"
fi

if has pyspark && command -v java > /dev/null; then
    "$python" "$here/check_spark.py" "$fixtures" 2> "$work/err" || { failed=1; tail -5 "$work/err"; }
fi
exit $failed
