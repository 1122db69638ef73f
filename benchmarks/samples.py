"""Do 05 to 07 learn as much from some of the customers as from all? Both models are asked about the same customers.

    PYTHONPATH=src:. python benchmarks/samples.py segments data/processed/big --most 25000
    PYTHONPATH=src:. python benchmarks/samples.py churn data/processed/big --most 100000 350000
    PYTHONPATH=src:. python benchmarks/samples.py spend data/processed/big --most 50000

`segments`: kind and setting are chosen once, by 05's own cells on the customers that it draws. That model is then
fitted on the drawn customers who are not held out, and on all who are not, and places all who are held out (a fifth).
Later segments are forecast by 05's procedure with the panel's rows of the drawn customers, and of all, for everyone on
the day of its test; it learns from 20,000 rows at most either way. `churn`: settings are searched for once, by 06's own
cells on the rows that it draws of a large panel. The chosen kind is then fitted on the training rows of customers drawn
by 06 for so many rows, and on those of all. Each model scores every customer of the test day who could be kept, drawn
or not. `spend`: the model of 07 is fitted as of its cutoff on so many customers, and on all, and each forecasts what
every customer of that day spends. Differences are paired, and customers are resampled for their 95% intervals. The
results must hold more than what is drawn: simulate 100,000 customers, and run 01 to 04 with a `max_panel_rows` that
draws none. Nothing is written.
"""

import argparse
import resource
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin

from benchmarks.churn import HERE, SEARCHED, run
from benchmarks.value import more
from patrons.churn import assessment, customers, drawn, final, split
from patrons.evaluation import multiclass, samples, scores
from patrons.features.panel import OUTCOME
from patrons.features.preparation import as_inputs
from patrons.segments import classification, later, placement
from patrons.series.params import load
from patrons.value import forecast
from patrons.value.spend_model import SpendModel, with_expected

METRICS = {"ROC AUC": scores.RANKING["roc_auc"], "Brier": scores.RANKING["brier"]}
ONCE = 1_000_000_000  # rows: more than any panel has
NOTEBOOK = HERE.parent / "notebooks" / "06_churn.ipynb"
PLACING = HERE.parent / "notebooks" / "05_classification.ipynb"
KEPT = ("result", "prepare", "top", "search_rows", "seed", "leave_out", "dictionary")


def churn(folder: Path, most: list[int]) -> None:
    """Print a row for all training rows, and for those of customers drawn for so many rows."""
    searched = run(folder, {}, NOTEBOOK, SEARCHED, tell=False)
    names = {name: searched[name] for name in KEPT}
    del searched  # of it only these are held
    result = names["result"]
    print(f"{result.chosen}: {', '.join(result.kinds(result.chosen))}; {time.process_time():.0f} CPU s", flush=True)
    given = next(folder.glob("02*/panel.parquet")), names["leave_out"], names["dictionary"]
    whole = drawn.drawn(*given, ONCE).rows
    train, test = split.split(whole, names["seed"])
    del whole
    test = test[assessment.judged(test[OUTCOME].to_numpy(), customers.active(test).to_numpy())]
    truth = test[OUTCOME].to_numpy()
    everyone, spent = asked(names, train, test)
    print("| rows | customers | fit, CPU s | " + " | ".join(f"{name} | less that of all" for name in METRICS) + " |")
    print("|--:|--:|--:|" + "--:|--:|" * len(METRICS))
    row(train, everyone, spent, truth, None)
    for rows in most:
        some = train[train.customer_id.isin(drawn.drawn(*given, rows).rows.customer_id.unique())]
        row(some, *asked(names, some, test), truth, everyone)
    print(f"\n{len(test):,} customers of the test day are judged; {cost()}")


def asked(names: dict[str, Any], rows: pd.DataFrame, test: pd.DataFrame) -> tuple[np.ndarray, float]:
    """What the chosen kind, fitted on `rows`, says of the test rows; the CPU seconds of the fit."""
    start = time.process_time()
    model = final.fit_chosen(names["result"], rows, names["prepare"], names["top"], names["search_rows"], names["seed"])
    spent = time.process_time() - start
    return split.probability(model, split.inputs(test)), spent


def row(rows: pd.DataFrame, score: np.ndarray, spent: float, truth: np.ndarray, everyone: np.ndarray | None) -> None:
    """Print the scores of one model, and what they differ by from those of the model of all rows."""
    cells = [f"{len(rows):,}", f"{rows.customer_id.nunique():,}", f"{spent:.0f}"]
    for metric in METRICS.values():
        cells.append(f"{metric(truth, score, np.ones((1, len(truth))))[0]:.4f}")
        gain = None if everyone is None else scores.difference(metric, truth, score, everyone)
        cells.append("" if gain is None else f"{gain.value:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})")
    print(f"| {' | '.join(cells)} |", flush=True)


def segments(folder: Path, most: list[int]) -> None:
    """Print what is learnt from all customers and from so many: today's segments of those held out, and later ones."""
    names = run(folder, {}, PLACING, "winner = next(", tell=False)
    print(f"{names['winner'].family}, {names['winner'].setting}; {time.process_time():.0f} CPU s", flush=True)
    print("| learnt | rows | CPU s | accuracy | less that of all | macro-F1 | less that of all |")
    print("|:--|--:|--:|--:|--:|--:|--:|")
    stage, clusterer, customers = names["stage"], names["clusterer"], names["labels"].customer_id
    settings = names["prepare"], names["cv_folds"], names["test_share"], names["seed"]
    task = placement.task(stage.read("features.parquet"), names["labels"], clusterer, *settings)
    table(customers, most, "segment today", task.y_test, partial(placed, task, names["winner"].model))
    numbers = later.names_of(clusterer, task.customers)
    pairs = later.pairs(stage.read("panel.parquet"), task.customers, clusterer, numbers)
    assert pairs is not None  # of a log that is long enough
    rows = pairs.on(pairs.chain[1])
    table(customers, most, "later segment", rows[later.LATER].to_numpy(object), partial(placed_later, pairs, names))
    print(f"\n{len(task.y_test):,} customers are held out, {len(rows):,} are of {rows.as_of[0].date()}; {cost()}")


def placed(task: placement.Task, model: ClassifierMixin, some: pd.Series | None) -> tuple[int, np.ndarray]:
    """How many of some customers are learnt from, and where those who are held out are placed then."""
    who = task.customers.customer_id[~task.held]
    known = np.ones(len(who), bool) if some is None else who.isin(some).to_numpy()
    fitted = classification.fit(task.prepare, model, task.X[known], task.y[known])
    given = classification.probabilities(fitted, task.X_test)
    return int(known.sum()), classification.likeliest(given, fitted.classes_)


def placed_later(pairs: later.Pairs, names: dict[str, Any], some: pd.Series | None) -> tuple[int, np.ndarray]:
    """How many rows of some customers are learnt from, and the later segment that everyone on the test day gets."""
    own = pairs if some is None else replace(pairs, rows=pairs.rows[pairs.rows.customer_id.isin(some)])
    tested = pairs.chain[1]
    procedure = later.Procedure(own, names["prepare"], names["winner"].model, names["conformal_level"])
    fitted = procedure.fitted[tested]
    given = classification.probabilities(fitted, as_inputs(pairs.on(tested)[pairs.features]))
    return min(len(own.known(tested)), later.LEARNT), classification.likeliest(given, fitted.classes_)


def table(
    customers: pd.Series,
    most: list[int],
    what: str,
    truth: np.ndarray,
    learnt: Callable[[pd.Series | None], tuple[int, np.ndarray]],
) -> None:
    """Print a row for all customers and for each number of them: what a model of them says of the same rows."""
    everyone = None
    for number in [ONCE, *most]:
        start = time.process_time()
        rows, said = learnt(samples.drawn(customers, number))
        spent, cells = time.process_time() - start, []
        everyone = said if everyone is None else everyone
        own, less = multiclass.scores(truth, said), multiclass.differences(truth, said, everyone)
        for name in ("accuracy", "macro_f1"):
            gain = less[name]
            told = "" if number == ONCE else f"{gain.value:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})"
            cells += [f"{own[name].value:.4f}", told]
        label = "all" if number == ONCE else f"{number:,}"
        print(f"| {what}, {label} | {rows:,} | {spent:.0f} | {' | '.join(cells)} |", flush=True)


def spend(folder: Path, most: list[int]) -> None:
    """Print a row for all customers, and for so many of them: RMSE and total of the forecast for all."""
    horizon = load(HERE.parent / "params" / "demo.yaml", NOTEBOOK.parent)["07_customer_value"]["value_horizon_days"]
    lines, cancelled = (ibis.read_parquet(next(folder.glob(f"01*/{name}.parquet"))) for name in ("orders", "cancelled"))
    when = forecast.days_of(lines, horizon)
    table = forecast.snapshots(lines, when, horizon, cancelled)
    inputs = forecast.inputs(table, table)
    rows = forecast.on(table, when.cutoff)
    truth, first = rows.spent.to_numpy(), None
    print("| customers | fit, CPU s | RMSE | more than by all | total off by |\n|--:|--:|--:|--:|--:|")
    for number in [ONCE, *most]:
        some = samples.drawn(table.customer_id.drop_duplicates(), number)
        own, start = table if some is None else table[table.customer_id.isin(some)], time.process_time()
        model = forecast.fit_as_of(with_expected(own, horizon, horizon), when.cutoff, SpendModel(horizon, inputs))
        spent, said = time.process_time() - start, model.predict(rows)
        first = said if first is None else first
        change = more(truth, first, said)
        told = "" if some is None else f"{change.value:+.2%} ({change.low:+.2%} to {change.high:+.2%})"
        cells = f"{own.customer_id.nunique():,} | {spent:.0f} | {np.sqrt(np.mean((truth - said) ** 2)):,.2f} | {told}"
        print(f"| {cells} | {said.sum() / truth.sum() - 1:+.1%} |", flush=True)
    print(f"\n{len(rows):,} customers on {when.cutoff}, {horizon} days ahead; {cost()}")


def cost() -> str:
    """CPU seconds of this process so far and the peak of its memory."""
    return f"{time.process_time():.0f} CPU s, {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2:.1f} GB"


def main() -> None:
    """Read the command line and do what it asks for."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("what", choices=["segments", "churn", "spend"])
    ask.add_argument("folder", type=Path, help="results of a large log: data/processed/big")
    ask.add_argument("--most", type=int, nargs="+", required=True, help="rows (churn) or customers to draw")
    args = ask.parse_args()
    {"segments": segments, "churn": churn, "spend": spend}[args.what](args.folder, args.most)


if __name__ == "__main__":
    main()
