"""What models learn from, and what they are tested on.

A log's panel has days: models learn from earlier ones and are tested on the last one known. A customer table has none:
a fifth of its customers, drawn at random, is held out. Models are chosen in `patrons.churn.search`.
"""

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from patrons.churn.splitter import SnapshotSplit
from patrons.evaluation.splits import random_folds
from patrons.features.panel import KNOWN, OUTCOME
from patrons.features.split import GROUP
from patrons.features.split import inputs as inputs
from patrons.features.split import split as split

ENOUGH = 20  # rows of each outcome in training; half as many in the test
REPEATS, FEW = 3, 200  # tables with fewer rows of an outcome are parted that often, each time anew
Folds = list[tuple[np.ndarray, np.ndarray]]


def problem(train: pd.DataFrame, test: pd.DataFrame, folds: Folds) -> str:
    """Why nothing can be learnt from these rows, a sentence with the next step; empty where there is no reason."""
    for name, rows, least in (("training", train, ENOUGH), ("test", test, ENOUGH // 2)):
        churned = int(rows[OUTCOME].sum())
        stayed = len(rows) - churned
        if min(churned, stayed) < least:
            return (
                f"Nothing can be forecast: of the {len(rows):,} {name} rows {churned:,} churned and {stayed:,} did "
                f"not, and a forecast needs {least} of each. {_more(rows, churned, stayed)}"
            )
    if not folds:
        return (
            "Nothing can be forecast: no training day has earlier days whose outcome was known by then, so no model "
            "can be validated. Lower horizon_days or min_history_days, or bring a longer log."
        )
    return ""


def _more(rows: pd.DataFrame, churned: int, stayed: int) -> str:
    if KNOWN not in rows:
        return "Bring more customers."
    change = "Raise" if churned > stayed else "Lower"
    return f"{change} horizon_days if it does not fit the pace at which customers buy, or bring a longer log."


def folds(train: pd.DataFrame, origins: int, cv_folds: int, seed: int) -> Folds:
    """Rows to fit on and to validate on: earlier origins where there are days, random parts of a table otherwise.

    Every part of a table has its share of both outcomes; pairs in which one side has a single outcome are left out.
    Where an outcome is rare one way of parting a table says little, so it is parted several times.
    """
    outcome = train[OUTCOME].to_numpy()
    if min(outcome.sum(), len(outcome) - outcome.sum()) < max(cv_folds, 2) or not len(train):
        return []
    if KNOWN in train:
        horizon = int((train[KNOWN] - train.as_of).dt.days.iloc[0])
        pairs = list(SnapshotSplit(origins, horizon).split(train, groups=train.as_of))
    else:
        repeats = REPEATS if min(outcome.sum(), len(outcome) - outcome.sum()) < FEW else 1
        seeds = range(seed, seed + repeats)
        pairs = [pair for n in seeds for pair in random_folds(train[GROUP].to_numpy(), outcome, cv_folds, n)]
    return [(fit, val) for fit, val in pairs if min(len(np.unique(outcome[part])) for part in (fit, val)) > 1]


def probability(model: Pipeline, X: pd.DataFrame) -> np.ndarray:
    """Probability of churn of each row, rounded: the last digits of sums depend on the machine."""
    return model.predict_proba(X)[:, 1].round(9)
