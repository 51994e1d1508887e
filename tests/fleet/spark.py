"""Audits a list of units with Spark, one row a unit, and writes Parquet. Copy it, and change what you need.

    spark-submit spark.py UNITS OUT.parquet      UNITS: folders, images and archives, each ended by NUL:
                                                 find /backups -mindepth 1 -maxdepth 1 -print0 > UNITS

Python needs pyspark 4, pyarrow and pandas (mapInArrow asks for it), here and on the executors.
tlshive must be on the PATH of each executor (or TLSHIVE names it), and the units must have the same names there.
"""
import json
import os
import subprocess
import sys

import pyarrow as pa
from pyspark.sql import SparkSession

COLUMNS = "unit string, record string, named boolean, verdict string, line string"
TLSHIVE = os.environ.get("TLSHIVE", "tlshive")


def audit(batches):
    """What tlshive says of each unit, one row a record. A run that fails, or is not whole, fails the task."""
    command = [TLSHIVE, "audit", "--format", "jsonl", "--no-exit-codes", "-j", "1", "--files-from", "-", "-0"]
    for batch in batches:
        units = b"".join(unit + b"\0" for unit in batch.column(0).to_pylist())
        run = subprocess.run(command, input=units, capture_output=True)
        if run.returncode != 0:
            raise RuntimeError(f"tlshive gave {run.returncode}: {run.stderr.decode(errors='replace')[-500:]}")
        rows = [(json.loads(line), line.decode()) for line in run.stdout.splitlines()]
        if not rows or rows[-1][0]["record"] != "end":
            raise RuntimeError("the output of tlshive was cut short")
        rows = [(row, line) for row, line in rows if row["record"] in ("host", "input")]
        yield pa.RecordBatch.from_arrays(
            [
                pa.array([row.get("unit", row.get("path")) for row, _ in rows], pa.string()),
                pa.array([row["record"] for row, _ in rows], pa.string()),
                pa.array([row.get("named") for row, _ in rows], pa.bool_()),
                pa.array([row.get("verdict") for row, _ in rows], pa.string()),
                pa.array([line for _, line in rows], pa.string()),
            ],
            ["unit", "record", "named", "verdict", "line"],
        )


def audited(spark, units, partitions, how=audit):
    """A frame of records for these units (bytes, since names of files may be anything)."""
    rows = spark.createDataFrame([(bytearray(unit),) for unit in units], "unit binary")
    return rows.repartition(partitions).mapInArrow(how, COLUMNS)


def check(frame, units):
    """As many units came out as went in: each that was named has one record."""
    there = frame.where("record = 'input' and named").count()
    if there != len(units):
        raise RuntimeError(f"{len(units)} units went in, and {there} came out")


if __name__ == "__main__":
    names, out = sys.argv[1:]
    with open(names, "rb") as file:
        units = [unit for unit in file.read().split(b"\0") if unit]
    spark = SparkSession.builder.appName("tlshive").getOrCreate()
    # One small batch a call, so that a task that fails costs little.
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "200")
    audited(spark, units, max(1, len(units) // 200)).write.mode("overwrite").parquet(out)
    check(spark.read.parquet(out), units)
    spark.stop()
