"""Forecasts of spend on given order logs, by 07's own way, beside simple rules.

    PYTHONPATH=src python benchmarks/value.py params/cdnow.yaml params/online_retail_ii.yaml
    PYTHONPATH=src python benchmarks/value.py params/demo.yaml params/online_retail_ii.yaml --steps 600 300

Each log is forecast twice: net of the cancellations that are matched, and with these set aside. The test day lies one
horizon of 07 before the end of each log. Needs no results of a series, only the logs, in data/raw or where
$PATRONS_DATA says. Times are CPU seconds. With `--steps` boosters of the first number of steps are compared with those
of the second, which are as much larger, and with themselves by another seed, on days whose outcome was known by the
test day; nothing of the test is scored.
"""

import argparse
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
from ibis import Table
from sklearn.base import clone

from patrons.evaluation.metrics import Interval
from patrons.intake import cancellations, order_log, orders
from patrons.intake.sources import find_source
from patrons.series.params import load
from patrons.value import forecast
from patrons.value.spend_model import BOOSTER, SpendModel, with_expected

ROOT = Path(__file__).parents[1]
WAY = 10.0  # steps of a booster times their size
DAYS, REPEATS = 4, 1000  # days that steps are compared on; resamples of customers
COLUMNS = {
    "mae": "{:,.1f}",
    "rmse": "{:,.1f}",
    "rmse_without_largest": "{:,.1f}",
    "spearman": "{:.3f}",
    "capture_top_decile": "{:.1%}",
    "oracle": "{:.1%}",
    "bias": "{:+.1%}",
}


def lines_of(parameters: Mapping[str, Any], how: str) -> tuple[Table, pd.DataFrame]:
    """The order lines that 01 keeps, by its parameters, and what cancellations take back of them."""
    source = find_source(parameters["source"], ROOT / "data" / "raw", parameters["obtain"])
    log = order_log.read_log(source, parameters["columns"])
    rules = {name: parameters[name] for name in ("cancellation_prefix", "non_products", "duplicates")}
    judged = orders.judge(log.lines, **rules).cache()
    return orders.kept(judged).cache(), cancellations.matched(judged, how, log.absent).to_pandas()


def prepared(params: Path, how: str = cancellations.NET) -> tuple[pd.DataFrame, forecast.Days, SpendModel]:
    """Customers on all days, the days, and the model to fit, as 07 has them."""
    parameters = load(params, ROOT / "notebooks")
    horizon = parameters["07_customer_value"]["value_horizon_days"]
    lines, cancelled = lines_of(parameters["01_eda"], how)
    when = forecast.days_of(lines, horizon)
    table = forecast.snapshots(lines, when, horizon, cancelled)
    inputs = forecast.inputs(table, table) if when.earlier else None
    return table, when, SpendModel(horizon, inputs, parameters["07_customer_value"]["seed"])


def tested(params: Path, how: str) -> tuple[forecast.Tested, dict[str, float]]:
    """The test of 07 on a log, and the CPU seconds of making the table and of fitting."""
    ticks = [time.process_time()]
    table, when, model = prepared(params, how)
    ticks.append(time.process_time())
    forecast.fit_as_of(table, when.cutoff, clone(model).set_params(inputs=None))
    ticks.append(time.process_time())
    result = forecast.test(table, when.cutoff, model)
    ticks.append(time.process_time())
    preparing, fits, whole = np.diff(ticks)
    customers = f"{len(result.truth):,} customers on {when.cutoff}"
    print(f"\n{params.stem}, cancellations {how}: {customers}; reading the log and making features {preparing:.0f} s\n")
    return result, {"MBG/NBD with Gamma-Gamma": fits, "Tweedie booster": whole, "mean of both": whole}


def forecast_on(table: pd.DataFrame, day: date, model: SpendModel, steps: int) -> np.ndarray:
    """What is expected of the customers of a day by a booster of so many steps, which come to `WAY` together."""
    with patch.dict(BOOSTER, {"n_estimators": steps, "learning_rate": WAY / steps}):
        return forecast.fit_as_of(table, day, model).predict(forecast.on(table, day))


def more(truth: np.ndarray, one: np.ndarray, other: np.ndarray) -> Interval:
    """By which share the RMSE of `other` is above that of `one`: paired, 95% interval by resampled customers."""
    squared = np.array([(truth - one) ** 2, (truth - other) ** 2])
    weights = np.random.default_rng(0).multinomial(len(truth), np.full(len(truth), 1 / len(truth)), REPEATS)
    first, second = np.sqrt(squared @ weights.T)
    low, high = np.quantile(second / first - 1, [0.025, 0.975])
    return Interval(float(np.sqrt(squared[1].mean() / squared[0].mean()) - 1), float(low), float(high))


def compare_steps(params: Path, steps: tuple[int, int]) -> None:
    """Print a row for each of the last days before the test whose outcome was known by then."""
    table, when, model = prepared(params)
    table = with_expected(table, model.horizon_days, model.horizon_days)
    other = clone(model).set_params(seed=model.seed + 1)
    for day in when.earlier[-DAYS:]:
        truth = forecast.on(table, day).spent.to_numpy()
        first, second = (forecast_on(table, day, model, number) for number in steps)
        errors = [f"{np.sqrt(np.mean((truth - said) ** 2)):,.1f}" for said in (first, second)]
        changes = [more(truth, first, said) for said in (second, forecast_on(table, day, other, steps[0]))]
        told = [f"{change.value:+.1%} ({change.low:+.1%} to {change.high:+.1%})" for change in changes]
        print(f"| {params.stem}, {day} | {' | '.join(errors + told)} |", flush=True)


def main() -> None:
    """Print a table of forecasts for each log, or of what fewer steps of the booster change."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("params", type=Path, nargs="+", help="params files of order logs")
    parser.add_argument("--steps", type=int, nargs=2, help="steps of the booster to compare: --steps 600 300")
    asked = parser.parse_args()
    if asked.steps:
        print("| day | RMSE, {} steps | {} steps | change | change by another seed |".format(*asked.steps))
        print("|:--|--:|--:|--:|--:|")
        for params in asked.params:
            compare_steps(params, tuple(asked.steps))
        return
    for params in asked.params:
        for how in (cancellations.NET, cancellations.ASIDE):
            result, seconds = tested(params, how)
            print("| forecast | MAE | RMSE | without largest | Spearman | top decile | oracle | bias | CPU s |")
            print("|:--|--:|--:|--:|--:|--:|--:|--:|--:|")
            for name, row in result.leaderboard[list(COLUMNS)].iterrows():
                numbers = [COLUMNS[column].format(number) for column, number in row.items()]
                print(f"| {name} | {' | '.join(numbers)} | {seconds.get(name, 0):.0f} |")


if __name__ == "__main__":
    main()
