"""A cluster of Spark on loopback, a master and two workers: the same tables as on DuckDB, and a worker that dies."""

import json
import os
import shutil
import time
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import Ran
from drill_table import report
from drills import wait_for
from page_commands import commands
from spark_cluster import ENVIRONMENT, FRACTION, MEMORY, RESERVED, SPARK, Cluster, package

from patrons.demo import simulate
from patrons.intake import fetch
from patrons.tracking.registry import Registry

WORK = Path(__file__).parent / "spark_work.py"
pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.drill(seconds=200),
    pytest.mark.skipif(not SPARK.exists(), reason="Spark is not set up here: make spark"),
    pytest.mark.skipif(not shutil.which("java"), reason="there is no Java here"),
]
ONE_MACHINE = "Two workers on one machine share its cores: this shows no speed."
TRAPS = [  # customer, order, product, moment, units, price
    ("a", "1", "x", "2024-01-05 10:00", 2.0, 1.5),
    ("a", "1", "x", "2024-01-05 10:00", 2.0, 1.5),  # exactly equal
    ("a", "1", "y", "2024-01-05 10:00", 1.0, 0.1),
    ("a", "2", "x", "2024-01-05 10:00", 2.0, 1.5),  # another order of the same moment
    ("a", "3", "x", "2024-03-31 02:30", 1.0, 1.5),  # an hour that Berlin leaves out
    ("a", "4", "x", "2024-10-27 02:30", 1.0, 1.5),  # and one that comes twice
    ("a", "4", "z", "2024-10-28 00:10", 1.0, 2.5),  # an order over midnight
    ("b", "5", "x", "2024-02-29 23:59", 3.0, 2.0),
    ("b", "C5", "x", "2024-03-02 09:00", -3.0, 2.0),  # all that b has bought
    ("c", "6", "x", "2024-02-01 08:00", 1.0, float("nan")),
    ("c", "7", "x", "2024-02-02 08:00", float("inf"), 1.0),
    ("c", "8", "x", None, 1.0, 1.0),
    ("c", "9", "x", "2024-02-03 08:00", None, 1.0),
    ("c", "10", "x", "2024-02-04 08:00", 1.0, 0.3),
    ("d", "11", None, "2024-02-05 08:00", 1.0, 1.0),  # a customer without a product
    (None, "12", "x", "2024-02-06 08:00", 1.0, 1.0),
    ("17850.0", "13", "x", "2024-05-01 12:00", 7.0, 1 / 3),  # a number that a spreadsheet wrote
    ("17850", "14", "x$1", "2024-06-01 12:00", 7.0, 1 / 3),
    ("Ann@Example.org", "15", "é", "2024-07-01 18:30", 1.0, 1e6),
    ("ann@example.org", "16", "日本", "2024-07-08 18:30", 1e6, 1e-6),
    ("İstanbul", "17", "ß", "2024-08-01 00:00", 1.0, 9.99),
    ("日本", "18", "x", "2024-09-01 07:00", 4.0, 2.0),
    ("日本", "C19", "x", "2024-09-02 07:00", -1.0, 2.0),
    ("日本", "C20", "x", "2024-09-03 07:00", -1.0, 0.5),  # a rebate
    ("日本", "C21", "other", "2024-09-03 07:00", -1.0, 0.5),  # of what was never bought
    ("日本", "22", "POST", "2024-09-04 07:00", 1.0, 5.0),
    ("日本", "23", "x", "2024-12-01 07:00", 1.0, 2.0),
    (" vif\t", "24", " 85099f ", "2024-11-01 07:00", 1.0, 2.0),  # blanks around, and letters that are none
]
COLUMNS = ["customer_id", "order_id", "product_id", "ordered_at", "quantity", "unit_price"]


def traps(folder: Path) -> dict:
    """The table of traps as one file for DuckDB, and as a folder of two for Spark."""
    columns = dict(zip(COLUMNS, zip(*TRAPS, strict=True), strict=True))
    moments = pa.array(pd.to_datetime(pd.Series(columns["ordered_at"])), pa.timestamp("us"))
    table = pa.table({**columns, "ordered_at": moments})  # of lists: NaN and a lack of a value stay apart
    (folder / "traps").mkdir()
    pq.write_table(table, folder / "traps.parquet")
    pq.write_table(table[:9], folder / "traps" / "a.parquet")
    pq.write_table(table[9:], folder / "traps" / "b.parquet")
    return {"name": "traps", "source": str(folder / "traps.parquet"), "parts": str(folder / "traps")}


def texts(folder: Path) -> dict:
    """Much of it as text, dates with the day first and numbers with a comma."""
    rows = [row for row in TRAPS if row[3]]
    lines = [
        ";".join([who or "", order, product or "", f"{pd.Timestamp(at):%d/%m/%Y %H:%M}", *map(german, numbers)])
        for who, order, product, at, *numbers in rows
    ]
    (folder / "texts").mkdir()
    head = ";".join(COLUMNS)
    for name, part in (("texts.csv", lines), ("texts/a.csv", lines[:9]), ("texts/b.csv", lines[9:])):
        (folder / name).write_text("\n".join([head, *part, ""]), encoding="utf-8")
    return {"name": "texts", "source": str(folder / "texts.csv"), "parts": str(folder / "texts"), "judged": True}


def german(number: float | None) -> str:
    return "" if number is None else f"{number}".replace(".", ",")


def demo_log(folder: Path) -> dict:
    simulate.write(simulate.simulate(customers=200, seed=1), folder / "demo")
    return {"name": "demo", "source": str(folder / "demo" / "orders.parquet")}


def scored_by(folder: Path, demo: Ran, champion: Path) -> dict:
    """The program of the page that scores all customers, in a project whose champion is this release."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        registry = Registry("demo", folder)
        registry.promote(registry.register(champion), override="for the drill")
    table = Path("data/processed/demo/02_transformation/features.parquet")
    (folder / table).parent.mkdir(parents=True)
    shutil.copy(demo.root / table, folder / table)
    (command,) = (each.text for each in commands() if each.page == "scale.md" and "spark_udf" in each.text)
    program = "\n".join(command.splitlines()[1:-1])
    return {"name": "scores", "program": program, "release": str(champion), "features": str(folder / table)}


@pytest.fixture(scope="module")
def done(tmp_path_factory, demo, demo_release):
    """The work, done: what it told, the cluster, and how many lines the large log has."""
    folder = tmp_path_factory.mktemp("spark")
    large = demo_log(folder)
    public = Path(os.environ.get("PATRONS_DATA", "")) / "online_retail.parquet"
    scores = scored_by(folder, demo, demo_release)
    tasks = [scores, traps(folder), texts(folder), large]
    if public.is_file():
        large = {"name": "online_retail", "source": str(public), "columns": fetch.COLUMNS}
        tasks.append(large)
    large["again"] = ["alone"]
    cluster = Cluster(folder)
    try:
        cluster.begin()
        given = {"master": cluster.master, "memory": f"{MEMORY}m", "packages": [package(folder)], "tasks": tasks}
        (folder / "tasks.json").write_text(json.dumps(given))
        work = cluster.run([str(ENVIRONMENT / "bin" / "python"), str(WORK), str(folder)])
        begun = folder / f"{large['name']}.panel"
        wait_for(lambda: begun.exists() or work.poll() is not None, "the panel of the large log", 1500)
        time.sleep(3)
        assert work.poll() is None, cluster.log(3)[-5000:]
        cluster.kill(2)
        code = work.wait()
        assert code == 0, cluster.log(3)[-5000:]
        lines = pq.read_metadata(large["source"]).num_rows
        yield json.loads((folder / "told.json").read_text()), cluster, large["name"], lines
    finally:
        cluster.stop()


def test_traps_are_the_same_on_spark(done):
    told = done[0]
    assert told["traps"]["wrong"] == {}
    assert told["traps"]["customers"] == [
        "17850",
        "a",
        "ann@example.org",
        "c",
        "vif",
        "İstanbul",
        "日本",
    ]  # b cancelled, d no product
    assert told["traps"]["reasons"]["exact duplicate"] == 1
    assert told["traps"]["reasons"]["cancellation"] == 4


def test_text_is_read_the_same_on_spark(done):
    assert done[0]["texts"]["wrong"] == {}


def test_the_demo_is_the_same_on_spark(done):
    assert done[0]["demo"]["wrong"] == {}


def test_online_retail_is_the_same_on_spark(done):
    if "online_retail" not in done[0]:
        pytest.skip("PATRONS_DATA does not name a folder with online_retail.parquet")
    assert done[0]["online_retail"]["wrong"] == {}


def test_all_customers_are_scored_on_spark_as_here(done):
    assert done[0]["scores"]["rows"] > 100
    assert done[0]["scores"]["wrong"] == []
    assert {"segment_name", "churn_probability", "expected_spend"} < set(done[0]["scores"]["columns"])


def test_packages_of_java_come_to_every_executor(done):
    cluster = done[1]
    executors = {jar.parent.name for jar in (cluster.folder / "work").glob("*/*/org.example_nothing-1.0.jar")}
    assert executors >= {"0", "1"}


def test_two_executors_did_work(done):
    ended = done[1].events("TaskEnd")
    finished = {event["Task Info"]["Executor ID"] for event in ended if event["Task End Reason"]["Reason"] == "Success"}
    assert len(finished) >= 2


def test_a_worker_killed_in_mid_job_changes_nothing(done):
    told, cluster, name, _lines = done
    assert any("lost" in event["Removed Reason"].lower() for event in cluster.events("ExecutorRemoved"))
    assert told[name]["wrong"] == {}
    seconds = told[name]["seconds"]["spark"]
    report("a worker of Spark killed in mid-job", f"the panel of {name} is DuckDB's, to 1e-9", "0", seconds["panel"])


def test_a_log_larger_than_the_executors_memory_goes_through(done):
    told, cluster, name, _lines = done
    room = 2 * (MEMORY - RESERVED) * FRACTION * 1e6
    blocks = [event["Block Updated Info"] for event in cluster.events("BlockUpdated")]
    kept = {block["Block ID"]: block["Memory Size"] + block["Disk Size"] for block in blocks}
    held = sum(size for block, size in kept.items() if block.startswith("rdd"))
    on_disk = sum(
        event["Task Metrics"]["Disk Bytes Spilled"] for event in cluster.events("TaskEnd") if "Task Metrics" in event
    )
    on_disk += max((block["Disk Size"] for block in blocks), default=0)
    print(
        f"{held / 1e6:,.0f} MB were held, executors have {room / 1e6:,.0f} MB for data; {on_disk / 1e6:,.0f} MB on disk"
    )
    assert told[name]["wrong"] == {}
    assert on_disk > 0
    assert name == "demo" or held > room


def test_lines_a_second_are_told(done):
    told, _cluster, name, lines = done
    seconds = told[name]["seconds"]["spark"]
    two, one = lines / seconds["features"], lines / seconds["alone"]
    print(f"{two:,.0f} lines a second on two workers, {one:,.0f} on one. {ONE_MACHINE}")
    assert two > 0 < one
