"""From raw feature columns to the matrix that a model takes, and the matrices of each validation fold."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from patrons.churn.kinds import Setting, build
from patrons.churn.split import Folds
from patrons.features.panel import OUTCOME
from patrons.features.preparation import only
from patrons.features.selection import TopFeatures
from patrons.features.split import inputs
from patrons.threads import one_thread, side_by_side


@dataclass(frozen=True)
class Fold:
    """Rows of one fold as matrices: what is fitted on, and what is validated."""

    X: np.ndarray
    y: np.ndarray
    X_val: np.ndarray
    y_val: np.ndarray
    val: np.ndarray  # row numbers


def for_panel(prepare: ColumnTransformer, panel: pd.DataFrame) -> ColumnTransformer:
    """The preparation of 02, unfitted, of those columns that a model may see in `panel`."""
    return only(prepare, list(inputs(panel).columns))


def preprocessing(prepare: ColumnTransformer, top: int, seed: int) -> Pipeline:
    """What lies before a model: the preparation, then the `top` most informative columns (0 keeps all)."""
    steps = [("prepare", clone(prepare).set_output(transform="default"))]
    return Pipeline(steps + ([("select", TopFeatures(top, trees=50, random_state=seed))] if top else []))


@one_thread
def fit_preprocessing(unfitted: Pipeline, X: pd.DataFrame, y: np.ndarray, rows: int, seed: int) -> Pipeline:
    """The same, fitted: columns are chosen on at most `rows` rows, the preparation is fitted on all."""
    prepare = unfitted["prepare"].fit(X)
    if "select" in unfitted.named_steps:
        some = sample(len(X), rows, seed)
        unfitted["select"].fit(prepare.transform(X.iloc[some]), y[some])
    return unfitted


def sample(available: int, most: int, seed: int) -> np.ndarray:
    """Row numbers, all or `most` of them drawn at random, in order."""
    return np.sort(np.random.default_rng(seed).permutation(available)[:most])


@one_thread
def as_matrices(train: pd.DataFrame, folds: Folds, unfitted: Pipeline, rows: int, seed: int) -> list[Fold]:
    """The matrices of each fold, by preprocessing that was fitted on its own training rows."""
    X, y = inputs(train), train[OUTCOME].to_numpy()
    return side_by_side(_as_matrices, [(X, y, fit, val, unfitted, rows, seed) for fit, val in folds])


def _as_matrices(
    X: pd.DataFrame, y: np.ndarray, fit: np.ndarray, val: np.ndarray, unfitted: Pipeline, rows: int, seed: int
) -> Fold:
    fitted = fit_preprocessing(clone(unfitted), X.iloc[fit], y[fit], rows, seed)
    return Fold(fitted.transform(X.iloc[fit]), y[fit], fitted.transform(X.iloc[val]), y[val], val)


def validate(kind: str, setting: Setting, fold: Fold, rows: int, seed: int) -> np.ndarray:
    """Probabilities of a fold's validation rows, by a model that is fitted on at most `rows` of its training rows."""
    some = sample(len(fold.y), rows, seed)
    model = build(kind, setting, seed).fit(fold.X[some], fold.y[some])
    return model.predict_proba(fold.X_val)[:, 1].round(9)
