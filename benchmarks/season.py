"""What should a churn model know of the season, and on which scale? Each day is forecast from what was known on it.

    python run_all.py params/online_retail_ii.yaml --only 01,02
    PYTHONPATH=src python benchmarks/season.py data/processed/online_retail_ii

The mean of a logistic regression, a forest and boosted trees, all on prepared columns, with cautious settings: without
logarithms, with them, with sine and cosine of the day of the year, with the peak season (as 02 makes it). The last day
is the test of 06, which may not choose; the others may.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer

from patrons.churn.kinds import BOOSTING, FOREST, LOGISTIC, build
from patrons.churn.split import inputs
from patrons.evaluation.metrics import brier, roc_auc
from patrons.evaluation.threads import side_by_side
from patrons.features import season
from patrons.features.panel import KNOWN, OUTCOME
from patrons.features.preparation import only
from patrons.models import load_model
from patrons.series.params import declared

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "06_churn.ipynb"
SEED = 42
LATEST = 7  # days before the test that are assessed
SETTINGS = {
    LOGISTIC: {"c": 0.01, "products": 0},
    FOREST: {"trees": 100, "depth": 10, "leaf": 20, "columns": 0, "rows": 0.4, "balanced": 1},
    BOOSTING: {"rounds": 300, "rate": 0.03, "depth": 3, "leaf": 15, "columns": 0.5, "ridge": 5},
}
WAYS = ("plain", "logarithms", "day of year", "peak season")


def day_of_year(as_of: pd.Series) -> np.ndarray:
    """Sine and cosine."""
    angle = 2 * np.pi * as_of.dt.day_of_year.to_numpy() / 365.25
    return np.column_stack([np.sin(angle), np.cos(angle)])


def without_logarithms(prepare: ColumnTransformer) -> ColumnTransformer:
    """The preparation without that step."""
    plain = clone(prepare)
    plain.transformers[0][1].set_params(signedlog="passthrough")
    return plain


def assess(train: pd.DataFrame, test: pd.DataFrame, prepare: ColumnTransformer, way: str) -> tuple[float, float, float]:
    """ROC AUC, Brier score and mean forecast of the mean of three."""
    kept = [name for name in inputs(train) if way == "peak season" or name not in season.COLUMNS]
    front = only(prepare, kept).set_output(transform="default")
    front = without_logarithms(front) if way == "plain" else front
    Z = front.fit_transform(inputs(train))
    Z_test = front.transform(inputs(test))
    if way == "day of year":
        Z, Z_test = np.hstack([Z, day_of_year(train.as_of)]), np.hstack([Z_test, day_of_year(test.as_of)])
    probabilities = []
    for kind, setting in SETTINGS.items():
        probabilities.append(build(kind, setting, SEED).fit(Z, train[OUTCOME]).predict_proba(Z_test)[:, 1])
    truth, mean = test[OUTCOME].to_numpy(), np.mean(probabilities, axis=0)
    return roc_auc(truth, mean), brier(truth, mean), mean.mean()


def main() -> None:
    """Print a table of days."""
    line = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    line.add_argument("processed", type=Path, help="results of a series, such as data/processed/online_retail_ii")
    folder = line.parse_args().processed / "02_transformation"
    left_out = declared(NOTEBOOK)["leave_out"].default
    panel = pd.read_parquet(folder / "panel.parquet").drop(columns=left_out, errors="ignore")
    prepare = load_model(folder / "preparation.skops")
    test_day = panel.as_of.max()
    usable = panel[(panel.as_of >= panel[KNOWN].min()) & (panel[KNOWN] <= test_day)]
    days = [*sorted(usable.as_of.unique())[-LATEST:], test_day]
    tasks = [(panel[panel[KNOWN] <= day], panel[panel.as_of == day], prepare, way) for day in days for way in WAYS]
    results = np.array(side_by_side(assess, tasks)).reshape(len(days), len(WAYS), 3)
    heads = [f"{score}: {way}" for score in ("ROC AUC", "Brier") for way in WAYS]
    print(f"| day | churned | {' | '.join(heads)} | forecast: logarithms | with the peak season |")
    print("|:--|--:" + "|--:" * (len(heads) + 2) + "|")
    before = ("mean of the days before the test", np.nan, results[:-1].mean(axis=0))
    rows = [
        (f"{day:%d %B %Y}", panel[panel.as_of == day][OUTCOME].mean(), result)
        for day, result in zip(days, results, strict=True)
    ]
    for name, churned, result in [*rows[:-1], before, ("the test, " + rows[-1][0], *rows[-1][1:])]:
        scores = " | ".join(f"{value:.4f}" for value in (*result[:, 0], *result[:, 1]))
        share = "" if np.isnan(churned) else f"{churned:.0%}"
        print(f"| {name} | {share} | {scores} | {result[1, 2]:.0%} | {result[3, 2]:.0%} |")


if __name__ == "__main__":
    main()
