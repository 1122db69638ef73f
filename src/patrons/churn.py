"""Who will not come back? Baselines and a random forest, learnt on earlier days and tested on the last one known."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PowerTransformer

from patrons.evaluation import METRICS, Interval, bootstrap, forward_folds
from patrons.features import OUTCOME, RFM, feature_names
from patrons.preparation import as_inputs

RECENCY = "recency alone"
VALIDATED_DAYS = 4  # the latest training days, on which models and threshold are chosen


class ChurnError(ValueError):
    """A panel from which no forecast can be learnt or tested."""


def families(prepare: ColumnTransformer, trees: int, seed: int) -> dict[str, Pipeline]:
    """Unfitted models from raw feature columns to a probability of churn, the simplest first."""
    forest = RandomForestClassifier(trees, max_depth=10, min_samples_leaf=10, n_jobs=-1, random_state=seed)
    return {
        RECENCY: _logistic(["recency_days"]),
        "logistic on RFM": _logistic(list(RFM)),
        "random forest": make_pipeline(clone(prepare), forest),
    }


def _logistic(columns: list[str]) -> Pipeline:
    chosen = ColumnTransformer([("chosen", PowerTransformer(), columns)])
    return make_pipeline(chosen, LogisticRegression())


def split(panel: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and test rows: the test is the last day, training each day whose outcome was known by then."""
    test_day = panel.as_of.max()
    train = panel[panel.known_on <= test_day].reset_index(drop=True)
    test = panel[panel.as_of == test_day].reset_index(drop=True)
    for name, rows in (("training", train), ("test", test)):
        if rows[OUTCOME].nunique() < 2:
            raise ChurnError(
                f"The {name} rows hold {len(rows)} customers and {rows[OUTCOME].nunique()} outcomes: a forecast needs "
                "some who came back and some who did not. Lower horizon_days or bring a longer log."
            )
    return train, test


def inputs(panel: pd.DataFrame) -> pd.DataFrame:
    """The columns that a model may see."""
    return as_inputs(panel[feature_names(panel)])


def out_of_fold(models: Mapping[str, Pipeline], train: pd.DataFrame) -> pd.DataFrame:
    """What each model says of the latest training days, fitted on days whose outcome was known by then.

    Returns
    -------
    DataFrame
        `as_of`, the outcome, and one column of churn probabilities a model; one row a customer and validated day.
    """
    X, y = inputs(train), train[OUTCOME]
    folds = [(f, v) for f, v in forward_folds(train.as_of, train.known_on) if y[f].nunique() > 1]
    if not folds:
        raise ChurnError(
            "Training has too few days to validate on later ones: the log needs at least two horizons and the minimal "
            "history before the test day. Lower horizon_days or min_history_days, or bring a longer log."
        )
    folds = folds[-VALIDATED_DAYS:]
    parts = [
        train.loc[validated, ["as_of", OUTCOME]].assign(
            **{
                name: probability(clone(m).fit(X.loc[fitted], y[fitted]), X.loc[validated])
                for name, m in models.items()
            }
        )
        for fitted, validated in folds
    ]
    return pd.concat(parts, ignore_index=True)


def probability(model: Pipeline, X: pd.DataFrame) -> np.ndarray:
    """Probability of churn of each row."""
    return model.predict_proba(X)[:, 1]


def scoreboard(truth: np.ndarray, said: Mapping[str, np.ndarray]) -> dict[str, dict[str, Interval]]:
    """ROC AUC, PR AUC (both: higher is better) and Brier score (lower) of each model, with bootstrap intervals."""
    return {
        name: {metric: bootstrap(function, truth, scores) for metric, function in METRICS.items()}
        for name, scores in said.items()
    }
