"""What models learn from, what they are tested on, and the simple rules that they have to beat.

A log's panel has days: models learn from earlier ones and are tested on the last one known. A customer table has none:
a fifth of its customers, drawn at random, is held out. Models are chosen in `patrons.churn.search`.
"""

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PowerTransformer
from sklearn.tree import DecisionTreeClassifier

from patrons.churn.splitter import SnapshotSplit
from patrons.evaluation.splits import random_folds
from patrons.features.panel import KNOWN, OUTCOME, RFM
from patrons.features.preparation import only
from patrons.features.split import GROUP
from patrons.features.split import inputs as inputs
from patrons.features.split import split as split
from patrons.intake.attributes import alone

RECENCY, EXPECTED = "recency alone", "expected orders (BG/NBD)"
ENOUGH = 20  # rows of each outcome in training; half as many in the test
Folds = list[tuple[np.ndarray, np.ndarray]]


def baselines(prepare: ColumnTransformer, train: pd.DataFrame, seed: int) -> dict[str, Pipeline]:
    """Unfitted rules from raw feature columns to a probability of churn, the simplest first.

    Of a log: recency alone, the orders to be expected (BG/NBD, where the features have them), and a logistic regression
    on RFM. Of a table: a small tree on the attribute that predicts churn best by itself on the training rows `train`,
    and a logistic regression on the best three.
    """
    if set(RFM) <= set(train):
        expected = [name for name in map(str, train) if name.startswith("expected_orders_")][:1]
        return {
            RECENCY: _logistic(["recency_days"]),
            **({EXPECTED: _logistic(expected)} if expected else {}),
            "logistic on RFM": _logistic(list(RFM)),
        }
    best = list(alone(inputs(train), train[OUTCOME], seed).index[:3])
    tree = DecisionTreeClassifier(max_leaf_nodes=8, min_samples_leaf=10, random_state=seed)
    return {
        f"{best[0]} alone": make_pipeline(only(prepare, best[:1]), tree),
        "logistic on three attributes": make_pipeline(only(prepare, best), LogisticRegression(max_iter=1000)),
    }


def _logistic(columns: list[str]) -> Pipeline:
    chosen = ColumnTransformer([("chosen", PowerTransformer(), columns)])
    return make_pipeline(chosen, LogisticRegression())


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

    Pairs in which one side has a single outcome are left out.
    """
    outcome = train[OUTCOME].to_numpy()
    if min(outcome.sum(), len(outcome) - outcome.sum()) < max(cv_folds, 2) or not len(train):
        return []
    if KNOWN in train:
        horizon = int((train[KNOWN] - train.as_of).dt.days.iloc[0])
        pairs = list(SnapshotSplit(origins, horizon).split(train, groups=train.as_of))
    else:
        pairs = random_folds(train[GROUP].to_numpy(), outcome, cv_folds, seed)
    return [(fit, val) for fit, val in pairs if min(len(np.unique(outcome[part])) for part in (fit, val)) > 1]


def probability(model: Pipeline, X: pd.DataFrame) -> np.ndarray:
    """Probability of churn of each row, rounded: the last digits of sums depend on the machine."""
    return model.predict_proba(X)[:, 1].round(9)
