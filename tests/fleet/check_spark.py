"""Runs spark.py's functions on a cluster of two workers, over what goes wrong in fleets. Prints "ok NAME" or "FAIL NAME: why"."""
import os
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import spark as recipe  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402

fixtures = os.path.abspath(sys.argv[1])
failed = 0


def check(name, is_so, what=""):
    global failed
    failed += not is_so
    print(f"ok {name} {what}" if is_so else f"FAIL {name}: {what}", flush=True)


def flaky(batches):
    """Gives its output, and then crashes, the first time."""
    from pyspark import TaskContext

    yield from recipe.audit(batches)
    if TaskContext.get().attemptNumber() == 0:
        raise RuntimeError("crashes once, after its output")


def without_tlshive(batches):
    recipe.TLSHIVE = "/no/such/tlshive"
    try:
        yield from recipe.audit(batches)
    finally:
        recipe.TLSHIVE = os.environ["TLSHIVE"]


folder = tempfile.mkdtemp()
os.environ["PYSPARK_PYTHON"] = sys.executable
begun = time.time()
spark = (
    SparkSession.builder.master("local-cluster[2,1,1024]")
    .config("spark.ui.enabled", "false")
    .config("spark.ui.showConsoleProgress", "false")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.executorEnv.TLSHIVE", os.environ["TLSHIVE"])
    .config("spark.executorEnv.PYTHONPATH", os.path.dirname(os.path.abspath(__file__)))
    .config("spark.sql.execution.arrow.maxRecordsPerBatch", "50")
    .config("spark.local.dir", folder)
    .getOrCreate()
)
spark.sparkContext.setLogLevel("OFF")
print(f"   started in {time.time() - begun:.1f} s", flush=True)
try:
    hosts = ["compliant", "disabled", "wrong-type", "windows-11", "system-only"]
    units = []
    for number in range(int(os.environ.get("UNITS", "200"))):
        unit = os.path.join(folder, "cases", f"h{number:05}")
        shutil.copytree(os.path.join(fixtures, "hosts", hosts[number % len(hosts)]), unit)
        units.append(unit.encode())
    newline = os.path.join(folder, "new\nline")
    shutil.copytree(os.path.join(fixtures, "hosts/compliant"), newline)
    odd = folder.encode() + b"/odd\xff"
    shutil.copytree(os.path.join(fixtures, "hosts/compliant").encode(), odd)
    luks, gone = os.path.join(fixtures, "images/luks.qcow2").encode(), b"/no/such/host"
    units += [newline.encode(), odd, luks, gone]

    out = os.path.join(folder, "out.parquet")
    begun = time.time()
    recipe.audited(spark, units, 4).write.parquet(out)
    took = time.time() - begun
    frame = spark.read.parquet(out)
    recipe.check(frame, units)
    check("as many units come out as went in", True, f"({len(units)} in {took:.1f} s)")
    there = lambda where: frame.where(where).count()  # noqa: E731
    check("a path with a newline", frame.where((frame.unit == newline) & (frame.record == "host")).count() == 1)
    check("a machine for each pair", there("record = 'host'") == len(units) - 2, there("record = 'host'"))
    why = "record = 'input' and get_json_object(line, '$.incomplete') = 'true'"
    told = {row.unit: row.why for row in frame.where(why).selectExpr("unit", "get_json_object(line, '$.why') why").collect()}
    check("what was not judged says why", "LUKS" in told.get(luks.decode(), "") and "/no/such/host" in told, told)

    frame.createOrReplaceTempView("records")
    begun = time.time()
    verdicts = {row.verdict: row.n for row in spark.sql(
        "select verdict, count(*) n from records where record = 'host' group by verdict").collect()}
    rules = spark.sql(
        "select finding.rule rule, count(*) n from (select explode(from_json(get_json_object(line, '$.findings'),"
        " 'array<struct<rule string, required boolean, outcome string>>')) finding from records where record = 'host')"
        " where finding.required and finding.outcome = 'fail' group by 1 order by n desc, rule").collect()
    builds = spark.sql(
        "select get_json_object(line, '$.windows.build') build, count(*) n, count_if(verdict = 'not_compliant') failing"
        " from records where record = 'host' group by 1 order by failing desc").collect()
    took = time.time() - begun
    check("query: verdicts", sum(verdicts.values()) == len(units) - 2 and len(verdicts) == 3, verdicts)
    check("query: rules that fail most", rules and rules[0].n > 0, f"{rules[0].rule}: {rules[0].n}")
    check("query: builds", sum(row.n for row in builds) == len(units) - 2, f"{len(builds)} builds ({took:.1f} s for three)")

    some = units[:100]
    again = os.path.join(folder, "again.parquet")
    recipe.audited(spark, some, 2, flaky).write.parquet(again)
    recipe.check(spark.read.parquet(again), some)
    check("tasks that crash once after their output", spark.read.parquet(again).where("record = 'host'").count() == len(some))
    try:
        recipe.audited(spark, some, 2, without_tlshive).count()
        check("a missing program fails the job", False, "nothing failed")
    except Exception as error:  # the kind of it is Spark's own affair
        check("a missing program fails the job", "No such file" in str(error), str(error)[:200])
    try:
        recipe.check(spark.read.parquet(again), units)
        check("a unit that is missing is noticed", False, "nothing was said")
    except RuntimeError as error:
        check("a unit that is missing is noticed", True, str(error))
finally:
    spark.stop()
    shutil.rmtree(folder)
sys.exit(failed > 0)
