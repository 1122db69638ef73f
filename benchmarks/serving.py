"""How long does one customer take? In process, with the fast forms of the models and without, and a file in bulk.

    PYTHONPATH=src python benchmarks/serving.py data/processed/demo/release

Customers are the golden ones of the release. The first hundred answers warm up and do not count.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from patrons import release
from patrons.scoring import Scorer

WARM_UP, BULK = 100, 50_000


def main() -> None:
    """Print a Markdown table."""
    line = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    line.add_argument("release", type=Path, help="a release folder")
    line.add_argument("--times", type=int, default=2000, help="customers that are timed (2000)")
    arguments = line.parse_args()
    begun = time.perf_counter()
    scorer = Scorer.load(arguments.release)
    loaded = time.perf_counter() - begun
    requests = [one["request"] for one in json.loads((arguments.release / release.GOLDEN).read_text())]
    print("fast forms held against the models:", json.dumps(scorer.manifest["fast"]))
    print(f"release {scorer.manifest['id']} of {scorer.manifest['name']}: loaded and verified in {loaded:.2f} s\n")
    print("| one customer | p50 ms | p95 ms | p99 ms |\n|:--|--:|--:|--:|")
    show("the whole answer", scorer.score_one, requests, arguments.times)
    of_models(scorer, requests, arguments.times)
    original = without_fast_forms(scorer)
    show("the whole answer, without fast forms", original.score_one, requests, arguments.times // 10)
    show("the same as a table of one row", lambda row: scorer.score_rows(pd.DataFrame([row])), requests, 200)
    bulk(scorer, requests)


def of_models(scorer: Scorer, requests: list[dict[str, Any]], times: int) -> None:
    """Where the time goes: reading the row, and each part alone."""
    show("· reading the row", scorer.reader.one, requests, times)
    rows = [scorer.reader.one(row)[0] for row in requests]
    tables = [pd.DataFrame([row]) for row in rows]
    for name, fast in scorer.answers.fast.items():
        if fast:
            show(f"· {name}, fast", fast, rows, times)
        show(f"· {name}, as it is", lambda table, n=name: scorer.answers.original(n, table), tables, times // 10)


def without_fast_forms(scorer: Scorer) -> Scorer:
    """The same scorer with every model as it was saved."""
    return Scorer(scorer.folder, {**scorer.manifest, "fast": {}}, scorer.models)


def show(what: str, answer: Callable[[Any], Any], asked: list[Any], times: int) -> None:
    """Time one call a customer and print a row."""
    seconds = []
    for n in range(WARM_UP + times):
        begun = time.perf_counter()
        answer(asked[n % len(asked)])
        seconds.append(time.perf_counter() - begun)
    print(row_of(what, seconds[WARM_UP:]))


def row_of(what: str, seconds: Iterable[float]) -> str:
    """A row of the table: the median and the slow end, in milliseconds."""
    told = np.quantile(np.fromiter(seconds, float), [0.5, 0.95, 0.99]) * 1000
    return f"| {what} | " + " | ".join(f"{value:.2f}" for value in told) + " |"


def bulk(scorer: Scorer, requests: list[dict[str, Any]]) -> None:
    """A table of many customers at once."""
    table = pd.DataFrame(requests)
    table = pd.concat([table] * (BULK // len(table)), ignore_index=True)
    begun = time.perf_counter()
    scorer.score_rows(table)
    seconds = time.perf_counter() - begun
    print(f"\n{len(table):,} customers as one table: {seconds:.1f} s, {len(table) / seconds:,.0f} a second")


if __name__ == "__main__":
    main()
