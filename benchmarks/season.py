"""Would the season of the day among the columns serve the churn model? Each day judged by what was known on it.

    python run_all.py params/online_retail_ii.yaml --only 01,02
    PYTHONPATH=src python benchmarks/season.py data/processed/online_retail_ii

Boosted trees with the first setting of their space, all columns of 06, with and without sine and cosine of the day of
the year. The last day is the test of 06, which may not choose; the others may.
"""

import argparse
from pathlib import Path

import churn as bench
import numpy as np
import pandas as pd

from patrons import churn, churn_search
from patrons.evaluation import brier, roc_auc
from patrons.features import KNOWN, OUTCOME
from patrons.models import load_model
from patrons.params import declared
from patrons.preparation import only

LATEST = 6  # days before the test that are judged


def season(as_of: pd.Series) -> np.ndarray:
    """Sine and cosine of the day of the year."""
    angle = 2 * np.pi * as_of.dt.day_of_year.to_numpy() / 365.25
    return np.column_stack([np.sin(angle), np.cos(angle)])


def judged(train: pd.DataFrame, test: pd.DataFrame, prepare) -> list[float]:
    """ROC AUC, Brier score and mean forecast without the season, then with it."""
    ready = churn_search.front(prepare, 0, bench.SEED).fit(churn.inputs(train), train[OUTCOME])
    Z, Z_test = (ready.transform(churn.inputs(rows)) for rows in (train, test))
    setting = churn_search.trials(bench.spaces()[churn_search.BOOSTING], 1, bench.SEED)[0]
    found = []
    for extra, extra_test in ((Z[:, :0], Z_test[:, :0]), (season(train.as_of), season(test.as_of))):
        model = churn_search.build(churn_search.BOOSTING, setting, bench.SEED)
        model.fit(np.hstack([Z, extra]), train[OUTCOME])
        said = model.predict_proba(np.hstack([Z_test, extra_test]))[:, 1]
        found += [roc_auc(test[OUTCOME].to_numpy(), said), brier(test[OUTCOME].to_numpy(), said), said.mean()]
    return found


def main() -> None:
    """Print a table of days."""
    line = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    line.add_argument("processed", type=Path, help="results of a series, such as data/processed/online_retail_ii")
    folder = line.parse_args().processed / "02_transformation"
    left_out = declared(bench.NOTEBOOK)["leave_out"].default
    panel = pd.read_parquet(folder / "panel.parquet").drop(columns=left_out, errors="ignore")
    prepare = only(load_model(folder / "preparation.skops"), list(churn.inputs(panel)))
    test_day = panel.as_of.max()
    usable = panel[(panel.as_of >= panel[KNOWN].min()) & (panel[KNOWN] <= test_day)]
    days = [*sorted(usable.as_of.unique())[-LATEST:], test_day]
    print("| day | churned | ROC AUC | with season | Brier | with season | forecast | with season |")
    print("|:--|--:|--:|--:|--:|--:|--:|--:|")
    for day in days:
        train, test = panel[panel[KNOWN] <= day], panel[panel.as_of == day]
        auc, off, mean, auc_s, off_s, mean_s = judged(train, test, prepare)
        scores = f"{auc:.4f} | {auc_s:.4f} | {off:.4f} | {off_s:.4f}"
        print(f"| {day:%d %B %Y} | {test[OUTCOME].mean():.0%} | {scores} | {mean:.0%} | {mean_s:.0%} |", flush=True)


if __name__ == "__main__":
    main()
