"""How long does one customer take? In process, a table in bulk, and over HTTP.

    PYTHONPATH=src python benchmarks/serving.py data/processed/demo/release              # all three
    PYTHONPATH=src python benchmarks/serving.py data/processed/demo/release --minutes 5  # and then half of the peak
    PYTHONPATH=src python benchmarks/serving.py data/processed/demo/release --rate 50 --minutes 1  # or such a rate

Customers are the golden ones of the release. The first hundred answers warm up and do not count. Beside
wall time stands the processor time of an answer, which other work on the machine affects less.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import serving_http

from patrons.scoring import Scorer, release

WARM_UP, BULK = 100, 50_000


def main() -> None:
    """Print Markdown tables."""
    line = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    line.add_argument("release", type=Path, help="a release folder")
    line.add_argument("--times", type=int, default=2000, help="customers that are timed in process (2000)")
    line.add_argument("--seconds", type=float, default=10, help="over HTTP, for each number of connections (10)")
    line.add_argument("--minutes", type=float, default=0, help="of steady load over HTTP, with memory (none)")
    line.add_argument("--rate", type=float, help="requests a second of the steady load (half of the peak)")
    options = line.parse_args()
    in_process(options.release, options.times)
    serving_http.measure(options.release, options.seconds, options.minutes, options.rate)


def in_process(folder: Path, times: int) -> None:
    """One customer and many, without HTTP."""
    start = time.perf_counter()
    scorer = Scorer.load(folder)
    loaded = time.perf_counter() - start
    requests = [pair["request"] for pair in json.loads((folder / release.GOLDEN).read_text())]
    print("fast forms compared with the models:", json.dumps(scorer.manifest["fast"]))
    print(f"release {scorer.manifest['id']} of {scorer.manifest['name']}: loaded and verified in {loaded:.2f} s\n")
    print("| one customer, in process | p50 ms | p95 ms | p99 ms | CPU ms |\n|:--|--:|--:|--:|--:|")
    show("the whole answer", scorer.score_one, requests, times)
    of_models(scorer, requests, times)
    original = without_fast_forms(scorer)
    show("the whole answer, without fast forms", original.score_one, requests, times // 40)
    show("the same as a table of one row", lambda row: scorer.score_rows(pd.DataFrame([row])), requests, times // 40)
    bulk(scorer, requests)


def of_models(scorer: Scorer, requests: list[dict[str, Any]], times: int) -> None:
    """Where the time goes: reading the row, and each part alone."""
    show("· reading the row", scorer.reader.one, requests, times)
    rows = [scorer.reader.one(row)[0] for row in requests]
    tables = [pd.DataFrame([row]) for row in rows]
    for name, fast in scorer.answers.fast.items():
        if fast:
            show(f"· {name}, fast", fast, rows, times)
        show(f"· {name}, as it is", lambda table, n=name: scorer.answers.original(n, table), tables, times // 40)


def without_fast_forms(scorer: Scorer) -> Scorer:
    """The same scorer with every model as it was saved."""
    return Scorer(scorer.folder, {**scorer.manifest, "fast": {}}, scorer.models)


def show(what: str, answer: Callable[[Any], Any], requests: list[Any], times: int) -> None:
    """Time one call a customer and print a row: the median, the slow end and the mean processor time."""
    for n in range(WARM_UP if times > WARM_UP else 5):
        answer(requests[n % len(requests)])
    seconds, busy = [], time.process_time()
    for n in range(times):
        start = time.perf_counter()
        answer(requests[n % len(requests)])
        seconds.append(time.perf_counter() - start)
    busy = (time.process_time() - busy) / times * 1000
    quantiles = " | ".join(f"{value:.2f}" for value in np.quantile(seconds, [0.5, 0.95, 0.99]) * 1000)
    print(f"| {what} | {quantiles} | {busy:.2f} |", flush=True)


def bulk(scorer: Scorer, requests: list[dict[str, Any]]) -> None:
    """A table of many customers at once."""
    table = pd.DataFrame(requests)
    table = pd.concat([table] * (BULK // len(table)), ignore_index=True)
    start = time.perf_counter()
    scorer.score_rows(table)
    seconds = time.perf_counter() - start
    print(f"\n{len(table):,} customers as one table: {seconds:.1f} s, {len(table) / seconds:,.0f} a second")


if __name__ == "__main__":
    main()
