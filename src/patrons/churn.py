"""Who will not come back? Baselines and a random forest, tested on what played no part in learning.

A log's panel has days: models learn on earlier ones and are tested on the last one known. A customer table has none: a
fifth of its customers, drawn at random, is held out.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PowerTransformer
from sklearn.tree import DecisionTreeClassifier

from patrons.attributes import alone
from patrons.evaluation import METRICS, Interval, bootstrap, forward_folds, hold_out, random_folds
from patrons.features import KNOWN, OUTCOME, RFM, feature_names
from patrons.preparation import as_inputs, only

RECENCY = "recency alone"
VALIDATED_DAYS = 3  # the latest training days, on which models and threshold are chosen
GROUP = "group"  # customers of a table who differ in nothing but the id have the same
HELD_OUT, FOLDS = 0.2, 5  # of a table: share of customers to test on, and parts of the rest to validate on


class ChurnError(ValueError):
    """A panel from which no forecast can be learnt or tested."""


def families(prepare: ColumnTransformer, trees: int, seed: int, train: pd.DataFrame) -> dict[str, Pipeline]:
    """Unfitted models from raw feature columns to a probability of churn, the simplest first.

    `train` are the rows to learn from: of a table, they also say which attribute is the best to go by alone.
    """
    forest = RandomForestClassifier(trees, max_depth=10, min_samples_leaf=10, n_jobs=-1, random_state=seed)
    rules = _rules_on_rfm() if set(RFM) <= set(train) else _rules_on_attributes(prepare, train, seed)
    return {**rules, "random forest": make_pipeline(clone(prepare), forest)}


def _rules_on_rfm() -> dict[str, Pipeline]:
    return {RECENCY: _logistic(["recency_days"]), "logistic on RFM": _logistic(list(RFM))}


def _logistic(columns: list[str]) -> Pipeline:
    chosen = ColumnTransformer([("chosen", PowerTransformer(), columns)])
    return make_pipeline(chosen, LogisticRegression())


def _rules_on_attributes(prepare: ColumnTransformer, train: pd.DataFrame, seed: int) -> dict[str, Pipeline]:
    """A small tree on the attribute that tells churn best without the others, and a logistic regression on all."""
    best = alone(inputs(train), train[OUTCOME], seed).index[0]
    tree = DecisionTreeClassifier(max_leaf_nodes=8, min_samples_leaf=10, random_state=seed)
    return {
        f"{best} alone": make_pipeline(only(prepare, [best]), tree),
        "logistic on all attributes": make_pipeline(clone(prepare), LogisticRegression(max_iter=1000)),
    }


def split(panel: pd.DataFrame, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and test rows.

    With days (`as_of`, `known_on`), the test is the last day, training each day whose outcome was known by then.
    Without, a fifth of the customers with the same share of churners is held out; those of one `group` stay together.
    """
    train, test = _by_day(panel) if KNOWN in panel else _held_out(panel, seed)
    for name, rows in (("training", train), ("test", test)):
        if rows[OUTCOME].nunique() < 2:
            raise ChurnError(
                f"The {name} rows hold {len(rows)} customers and {rows[OUTCOME].nunique()} outcomes: a forecast needs "
                "some who came back and some who did not. Lower horizon_days or bring a longer log."
            )
    return train.reset_index(drop=True), test.reset_index(drop=True)


def _by_day(panel: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    test_day = panel.as_of.max()
    return panel[panel[KNOWN] <= test_day], panel[panel.as_of == test_day]


def _held_out(panel: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    held = hold_out(panel[GROUP].to_numpy(), panel[OUTCOME].to_numpy(), HELD_OUT, seed)
    return panel[~held], panel[held]


def inputs(panel: pd.DataFrame) -> pd.DataFrame:
    """The columns that a model may see."""
    return as_inputs(panel[feature_names(panel, [] if "as_of" in panel else [GROUP])])


def out_of_fold(models: Mapping[str, Pipeline], train: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """What each model says of training rows that it was not fitted on.

    With days these are the latest training days, each said of by models fitted on days whose outcome was known by
    then. Without, all rows, each said of by models fitted on the other four fifths.

    Returns
    -------
    DataFrame
        The customer, `as_of` where there are days, the outcome, and one column of churn probabilities a model.
    """
    X, y = inputs(train), train[OUTCOME]
    by_chance = () if KNOWN in train else (train[GROUP].to_numpy(), y.to_numpy(), FOLDS, seed)
    folds = random_folds(*by_chance) if by_chance else _days(train)
    told = [name for name in ("customer_id", "as_of", OUTCOME) if name in train]
    parts = [
        train.loc[validated, told].assign(
            **{
                name: probability(clone(m).fit(X.loc[fitted], y[fitted]), X.loc[validated])
                for name, m in models.items()
            }
        )
        for fitted, validated in folds
    ]
    return pd.concat(parts, ignore_index=True)


def _days(train: pd.DataFrame) -> list[tuple[np.ndarray, np.ndarray]]:
    y = train[OUTCOME]
    folds = [(f, v) for f, v in forward_folds(train.as_of, train[KNOWN]) if y[f].nunique() > 1]
    if not folds:
        raise ChurnError(
            "Training has too few days to validate on later ones: the log needs at least two horizons and the minimal "
            "history before the test day. Lower horizon_days or min_history_days, or bring a longer log."
        )
    return folds[-VALIDATED_DAYS:]


def probability(model: Pipeline, X: pd.DataFrame) -> np.ndarray:
    """Probability of churn of each row, rounded: threads add a forest's trees up in any order, so last digits vary."""
    return model.predict_proba(X)[:, 1].round(9)


def scoreboard(truth: np.ndarray, said: Mapping[str, np.ndarray]) -> dict[str, dict[str, Interval]]:
    """ROC AUC, PR AUC (both: higher is better) and Brier score (lower) of each model, with bootstrap intervals."""
    return {
        name: {metric: bootstrap(function, truth, scores) for metric, function in METRICS.items()}
        for name, scores in said.items()
    }
