"""How does the clustering comparison grow? Simulated customers, each size in a fresh process.

    PYTHONPATH=src python benchmarks/clustering.py --customers 5000 20000 100000 1000000

Prints, for each size: seconds and peak memory of each family over k = 3 to 8 (or its densities) and of the whole
comparison (preparation, families, scores, stability, null); and, for K-Means and the mixture at k = 3 to 8, the
agreement (ARI) of the scaled path with the fit on all customers. Customers are of kinds that overlap, in three skewed
numbers.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from patrons.segments.microclusters import Customers

KS = range(3, 9)


def simulate(customers: int, seed: int = 0) -> pd.DataFrame:
    """Recency, frequency and monetary of customers of five kinds that overlap, as those of a shop do."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(5, customers, p=[0.3, 0.25, 0.2, 0.15, 0.1])
    recency = 1 + rng.gamma(1.5, np.array([20, 60, 150, 250, 15])[kind])
    frequency = 1 + rng.poisson(rng.gamma(2, np.array([2.0, 1, 0.3, 0.1, 9])[kind]))
    monetary = frequency * rng.lognormal(np.array([5.5, 6, 5, 5.5, 6])[kind], 0.6)
    return pd.DataFrame({"recency_days": recency.round(), "frequency": frequency, "monetary": monetary.round(2)})


def peak() -> float:
    """Highest memory of this process so far, GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def prepared(customers: int) -> "Customers":
    from patrons.segments import inputs
    from patrons.segments.microclusters import Customers

    table = simulate(customers)
    return Customers(inputs.preparation().fit_transform(inputs.in_order(table, list(table))), seed=42)


def one_family(name: str, customers: int) -> dict:
    from patrons.segments import clustering

    rows = prepared(customers)
    family = next(family for family in clustering.FAMILIES if family.name == name)
    start = time.process_time()
    compared = clustering.compare(rows, KS, [family])
    return {"what": name, "cpu": time.process_time() - start, "gb": peak(), "skipped": len(compared.skipped)}


def whole(customers: int) -> dict:
    from patrons.segments import clustering, leaderboard, null

    start, limits = time.process_time(), leaderboard.Limits(0.05, 0.1, 0.8, min(KS), max(KS))
    rows = prepared(customers)
    candidates = clustering.compare(rows, KS).candidates
    board = leaderboard.leaderboard(rows, candidates, limits)
    board = leaderboard.with_stability(board, rows, candidates, limits, refits=20)
    chosen = candidates[leaderboard.choose(board)]
    null.null_scores(rows, chosen, KS, draws=10)
    chosen.model.predict(rows.X)
    return {"what": "whole comparison", "cpu": time.process_time() - start, "gb": peak()}


def agreement(name: str, customers: int) -> dict:
    """ARI of each k's scaled fit with the fit on all rows, on all rows."""
    from sklearn.metrics import adjusted_rand_score

    from patrons.segments import clustering, microclusters

    rows = prepared(customers)
    family = next(family for family in clustering.FAMILIES if family.name == name)
    scaled = [clustering.fitted(family, {"k": k}, rows).model.predict(rows.X) for k in KS]
    microclusters.WHOLE = customers
    full = microclusters.Customers(rows.X, seed=42)
    fits = [clustering.fitted(family, {"k": k}, full).model.predict(rows.X) for k in KS]
    return {"what": name, "ari": [adjusted_rand_score(a, b) for a, b in zip(scaled, fits, strict=True)]}


def fresh(*arguments: str) -> dict:
    """The result of one measurement in a process of its own."""
    command = [sys.executable, __file__, "--one", *arguments]
    process = subprocess.run(command, capture_output=True, text=True, env=os.environ)
    if process.returncode:
        return {"what": arguments[1], "error": process.stderr.strip().splitlines()[-1]}
    return json.loads(process.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, nargs="+", default=[5_000, 20_000, 100_000, 1_000_000])
    parser.add_argument("--full-up-to", type=int, default=200_000, help="customers up to which all rows are fitted too")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        what, name, customers = chosen.one
        measure = {"family": one_family, "agreement": agreement}.get(what)
        print(json.dumps(measure(name, int(customers)) if measure else whole(int(customers))))
        return
    from patrons.segments.clustering import FAMILIES

    print("| customers | what | CPU s | peak GB |\n|--:|:--|--:|--:|")
    for customers in chosen.customers:
        jobs = [("family", family.name) for family in FAMILIES] + [("whole", "whole comparison")]
        for job in jobs:
            result = fresh(*job, str(customers))
            cost = result.get("error") or f"{result['cpu']:.1f} | {result['gb']:.2f}"
            print(f"| {customers:,} | {result['what']} | {cost} |", flush=True)
        if 20_000 < customers <= chosen.full_up_to:
            for name in ("K-Means", "Gaussian mixture"):
                result = fresh("agreement", name, str(customers))
                ari = result.get("error") or np.round(result["ari"], 3)
                print(f"{customers:,} {name}: ARI with the full fit, k = 3 to 8:", ari)


if __name__ == "__main__":
    main()
