"""How fast are the features? Ibis on DuckDB beside idiomatic pandas and Polars, on simulated logs, in one run.

    python benchmarks/features.py --lines 500000 5000000 --polars /path/to/venv/with/polars/bin/python

Each tool runs in a fresh process, reads the same Parquet file and makes the same features (Ibis makes all of
`patrons.features.panel`, which are more). Seconds are those of reading and computing, without imports; memory is the
peak of the process. The results of the tools are compared before any ratio is printed. Polars is no dependency of the
project: name an interpreter that has it, or it is left out.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

HERE = Path(__file__).parent
AS_OF, DAYS, CHUNK = date(2026, 1, 1), 730, 1_000_000


def simulate(lines: int, path: Path) -> None:
    """A log of two years: 20 lines an order, 5 orders a customer, 4,000 products, a few of each far ahead."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer = None
    for chunk in range(-(-lines // CHUNK)):
        rng, n = np.random.default_rng(chunk), min(CHUNK, lines - chunk * CHUNK)
        orders, customers = n // 20, n // 100
        owner = np.concatenate([np.arange(customers), (customers * rng.random(orders - customers) ** 1.5).astype(int)])
        minute = rng.integers(0, DAYS * 1440, orders)
        order = np.sort(np.concatenate([np.arange(orders), rng.integers(0, orders, n - orders)]))
        names = {
            kind: pa.array([f"{kind}{chunk:03d}{i:06d}" for i in range(count)])
            for kind, count in (("c", customers), ("o", orders))
        }
        products = pa.array([f"p{i:04d}" for i in range(4000)])
        quantity = np.ceil(rng.lognormal(1, 1, n))
        table = pa.table(
            {
                "customer_id": names["c"].take(pa.array(owner[order])),
                "order_id": names["o"].take(pa.array(order)),
                "product_id": products.take(pa.array((4000 * rng.random(n) ** 3).astype(int))),
                "ordered_at": pa.array(np.datetime64("2024-01-01", "us") + minute[order].astype("timedelta64[m]")),
                "quantity": quantity,
                "amount": quantity * np.round(rng.lognormal(1, 0.8, n) + 0.01, 2),
            }
        )
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    writer.close()


def with_ibis(log: Path) -> tuple[object, object]:
    """The features of one day, and what reads them into pandas."""
    from patrons import engine
    from patrons.features import panel

    table = panel.build(engine.connect().read_parquet(log), [AS_OF]).cache()
    return table, table.to_pandas


def with_panel(log: Path) -> tuple[object, object]:
    """The features of 16 days, 30 days apart, with outcomes."""
    from patrons import engine
    from patrons.features import panel

    days = panel.snapshot_days(date(2024, 1, 1), AS_OF, 90, 30, 180)[-16:]
    table = panel.build(engine.connect().read_parquet(log), days, 90).cache()
    return table, table.to_pandas


def with_pandas(log: Path) -> tuple[object, object]:
    import features_pandas

    table = features_pandas.features(log, AS_OF)
    return table, table.reset_index


def with_plain_pandas(log: Path) -> tuple[object, object]:
    import features_pandas

    table = features_pandas.features(log, AS_OF, plainly=True)
    return table, table.reset_index


def with_polars(log: Path) -> tuple[object, object]:
    import features_polars

    return features_polars.features(log, AS_OF), None


TOOLS = {
    "Ibis": with_ibis,
    "Ibis, 16 days": with_panel,
    "pandas": with_pandas,
    "pandas, plainly": with_plain_pandas,
    "Polars": with_polars,
}


def measure(tool: str, log: Path, out: Path) -> None:
    """Run one tool in this process and print what it cost."""
    for module in {"pandas": ["pandas"], "pandas, plainly": ["pandas"], "Polars": ["polars"]}.get(
        tool, ["pandas", "patrons.engine", "patrons.features.panel"]
    ):
        __import__(module)
    if tool.startswith("Ibis"):  # the engine's own start is no part of the work
        from patrons import engine

        engine.connect().sql("select 1").execute()
    wall, cpu = time.perf_counter(), time.process_time()
    table, reader = TOOLS[tool](log)
    cost = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    cost["gigabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    if tool != "Ibis, 16 days":
        reader().to_parquet(out) if reader else table.write_parquet(out)
    print(json.dumps(cost))


def run(tool: str, python: str, log: Path, out: Path) -> dict[str, float]:
    """One tool in a fresh process."""
    command = [python, __file__, "--measure", tool, "--log", str(log), "--out", str(out)]
    path = os.pathsep.join([str(HERE.parent / "src"), str(HERE)])
    process = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path})
    if process.returncode:
        raise SystemExit(f"{tool} failed:\n{process.stderr[-2000:]}")
    return json.loads(process.stdout.splitlines()[-1])


def differences(ours: Path, theirs: Path) -> list[str]:
    """Features on which two tools do not agree."""
    import numpy as np
    import pandas as pd

    first, second = (pd.read_parquet(path).set_index("customer_id").sort_index() for path in (ours, theirs))
    assert first.index.equals(second.index), "The tools describe different customers."
    return [
        name
        for name in second.columns
        if not np.allclose(first[name].astype(float), second[name].astype(float), 1e-5, 1e-5, equal_nan=True)
    ]


def main() -> None:
    """Simulate, measure each tool, compare, print."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--lines", type=int, nargs="+", default=[500_000, 5_000_000], help="sizes of the logs")
    ask.add_argument("--polars", default="", help="a Python interpreter that has Polars")
    ask.add_argument("--without", nargs="+", default=[], choices=list(TOOLS), help="tools left out, to save memory")
    ask.add_argument("--repeats", type=int, default=3, help="runs of each tool; the fastest counts")
    for hidden in ("--measure", "--log", "--out"):
        ask.add_argument(hidden, help=argparse.SUPPRESS)
    args = ask.parse_args()
    if args.measure:
        return measure(args.measure, Path(args.log), Path(args.out))
    pythons = {tool: args.polars if tool == "Polars" else sys.executable for tool in TOOLS}
    pythons = {tool: python for tool, python in pythons.items() if tool not in args.without}
    print(
        "| lines | tool | seconds | CPU s | peak GB | × Ibis | same values |\n|--:|:--|--:|--:|--:|--:|:--|", flush=True
    )
    for lines in args.lines:
        with tempfile.TemporaryDirectory() as folder:
            _compare(lines, {tool: python for tool, python in pythons.items() if python}, args.repeats, Path(folder))


def _compare(lines: int, pythons: dict[str, str], repeats: int, folder: Path) -> None:
    log = folder / "log.parquet"
    subprocess.run(  # in a process of its own, so that its memory is given back
        [sys.executable, "-c", f"import features, pathlib; features.simulate({lines}, pathlib.Path({str(log)!r}))"],
        check=True,
        cwd=HERE,
    )
    best: dict[str, dict[str, float]] = {}
    for _ in range(repeats):  # in turns, so that a busy minute of the machine falls on all
        for tool, python in pythons.items():
            cost = run(tool, python, log, folder / f"{tool}.parquet")
            best[tool] = min(best.get(tool, cost), cost, key=lambda run: run["seconds"])
    for tool, cost in best.items():
        compared = not tool.startswith("Ibis")
        wrong = differences(folder / "Ibis.parquet", folder / f"{tool}.parquet") if compared else []
        same = ", ".join(wrong) + " differ" if wrong else "yes" if compared else ""
        ratio = cost["seconds"] / best["Ibis"]["seconds"]
        cells = (
            f"{lines:,} | {tool} | {cost['seconds']:.1f} | {cost['cpu']:.1f} | {cost['gigabytes']:.1f} | {ratio:.2f}"
        )
        print(f"| {cells} | {same} |", flush=True)


if __name__ == "__main__":
    main()
