"""Forecasts of spend on given order logs, by 07's own way, beside simple rules.

    PYTHONPATH=src python benchmarks/value.py params/cdnow.yaml params/online_retail_ii.yaml

Each log is forecast twice: net of the cancellations that are matched, and with these set aside. The test day lies one
horizon of 07 before the end of each log. Needs no results of a series, only the logs, in data/raw or where
$PATRONS_DATA says. Times are CPU seconds.
"""

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ibis import Table
from sklearn.base import clone

from patrons.intake import cancellations, order_log, orders
from patrons.intake.sources import find_source
from patrons.series.params import load
from patrons.value import forecast
from patrons.value.spend_model import SpendModel

ROOT = Path(__file__).parents[1]
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


def main() -> None:
    """Print a table of forecasts for each log."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("params", type=Path, nargs="+", help="params files of order logs")
    for params in parser.parse_args().params:
        for how in (cancellations.NET, cancellations.ASIDE):
            result, seconds = tested(params, how)
            print("| forecast | MAE | RMSE | without largest | Spearman | top decile | oracle | bias | CPU s |")
            print("|:--|--:|--:|--:|--:|--:|--:|--:|--:|")
            for name, row in result.leaderboard[list(COLUMNS)].iterrows():
                numbers = [COLUMNS[column].format(number) for column, number in row.items()]
                print(f"| {name} | {' | '.join(numbers)} | {seconds.get(name, 0):.0f} |")


if __name__ == "__main__":
    main()
