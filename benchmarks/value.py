"""Forecasts of spend on given order logs, by 07's own way, beside simple rules.

    PYTHONPATH=src python benchmarks/value.py params/cdnow.yaml params/online_retail_ii.yaml

The test day lies one horizon of 07 before the end of each log. Needs no
results of a series, only the logs, in data/raw or where $PATRONS_DATA says. Times are CPU seconds.
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

from patrons.intake import order_log, orders
from patrons.intake.sources import find_source
from patrons.series.params import load
from patrons.value import forecast as value
from patrons.value.spend_model import SpendModel

ROOT = Path(__file__).parents[1]
COLUMNS = {
    "mae": "{:,.1f}",
    "rmse": "{:,.1f}",
    "spearman": "{:.3f}",
    "capture_top_decile": "{:.1%}",
    "oracle": "{:.1%}",
    "bias": "{:+.1%}",
}


def lines_of(said: Mapping[str, Any]) -> Table:
    """The order lines that 01 keeps; `said` are its parameters."""
    log = order_log.read_log(find_source(said["source"], ROOT / "data" / "raw", said["obtain"]), said["columns"])
    named = {name: said[name] for name in ("cancellation_prefix", "non_products", "duplicates")}
    return orders.kept(orders.judge(log.lines, **named).cache()).cache()


def prepared(params: Path) -> tuple[pd.DataFrame, value.Days, SpendModel]:
    """Customers on all days, the days, and the model to fit, as 07 has them."""
    said = load(params, ROOT / "notebooks")
    lines, horizon = lines_of(said["01_eda"]), said["07_customer_value"]["value_horizon_days"]
    when = value.days_of(lines, horizon)
    table = value.snapshots(lines, when, horizon)
    inputs = value.inputs(table, table) if when.earlier else None
    return table, when, SpendModel(horizon, inputs, said["07_customer_value"]["seed"])


def tested(params: Path) -> tuple[value.Tested, dict[str, float]]:
    """The test of 07 on a log, and the CPU seconds of making the table and of fitting."""
    ticks = [time.process_time()]
    table, when, model = prepared(params)
    rows = table[table.as_of == pd.Timestamp(when.cutoff)]
    ticks.append(time.process_time())
    value.fit_as_of(table, when.cutoff, clone(model).set_params(inputs=None))
    ticks.append(time.process_time())
    found = value.test(table, rows, when.cutoff, model)
    ticks.append(time.process_time())
    made, rhythm, whole = np.diff(ticks)
    print(
        f"\n{params.stem}: {len(rows):,} customers on {when.cutoff}; reading the log and making features {made:.0f} s\n"
    )
    return found, {"BG/NBD with Gamma-Gamma": rhythm, "Tweedie booster": whole, "mean of both": whole}


def main() -> None:
    """Print a table of forecasts for each log."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("params", type=Path, nargs="+", help="params files of order logs")
    for params in parser.parse_args().params:
        found, seconds = tested(params)
        print("| forecast | MAE | RMSE | Spearman | top decile | oracle | bias | CPU s |")
        print("|:--|--:|--:|--:|--:|--:|--:|--:|")
        for name, row in found.board[list(COLUMNS)].iterrows():
            told = [COLUMNS[column].format(number) for column, number in row.items()]
            print(f"| {name} | {' | '.join(told)} | {seconds.get(name, 0):.0f} |")


if __name__ == "__main__":
    main()
