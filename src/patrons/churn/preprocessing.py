"""From raw feature columns to the matrix that a model takes, and the matrices of each validation fold.

A matrix holds every column in two views, as it is and prepared (`features.preparation.two_views`); each kind of model
sees its own.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from patrons.churn.kinds import TREES
from patrons.churn.split import Folds
from patrons.features.panel import OUTCOME
from patrons.features.preparation import many_valued, only, sources, two_views, view
from patrons.features.selection import TopFeatures
from patrons.features.split import inputs
from patrons.threads import one_thread, side_by_side

View = tuple[int, int]


@dataclass(frozen=True)
class Fold:
    """Rows of one fold as matrices: what is fitted on, and what is validated. `views` has the columns of each kind."""

    X: np.ndarray
    y: np.ndarray
    X_val: np.ndarray
    y_val: np.ndarray
    val: np.ndarray  # row numbers
    plain: View
    prepared: View

    def seen_by(self, kind: str) -> tuple[np.ndarray, np.ndarray]:
        """What a kind of model sees of the training rows, and of those to validate."""
        first, last = self.plain if kind in TREES else self.prepared
        return self.X[:, first:last], self.X_val[:, first:last]


def for_panel(prepare: ColumnTransformer, panel: pd.DataFrame) -> ColumnTransformer:
    """The preparation of 02, unfitted, of those columns that a model may see in `panel`."""
    return only(prepare, list(inputs(panel).columns))


@one_thread
def fit_preprocessing(
    prepare: ColumnTransformer, X: pd.DataFrame, y: np.ndarray, top: int, rows: int, seed: int
) -> tuple[Pipeline, np.ndarray]:
    """What lies before a model, fitted, and what it makes of the rows it was fitted on.

    That is both views of all columns, or of the `top` most informative (0 keeps all), chosen on at most `rows` rows.
    Use the matrix for these rows: what is encoded by the outcome is encoded there by that of other rows.
    """
    if top:
        prepare = only(prepare, most_informative(prepare, X, y, top, rows, seed))
    ready = Pipeline([("prepare", two_views(prepare, many_valued(prepare, X)))])
    return ready, ready.fit_transform(X, y)


def most_informative(
    prepare: ColumnTransformer, X: pd.DataFrame, y: np.ndarray, top: int, rows: int, seed: int
) -> list[str]:
    """The raw columns that weigh most in a forest of extremely random trees; of equals the earlier ones."""
    some = sample(len(X), rows, seed)
    fitted = two_views(prepare, many_valued(prepare, X))
    Z = fitted.fit_transform(X.iloc[some], y[some])
    first, last = view(fitted, plain=True)
    Z = Z[:, first:last]
    weights = TopFeatures(top, trees=50, random_state=seed).fit(Z, y[some]).importances_
    by_column = pd.Series(weights).groupby(sources(fitted)[first:last], sort=False).sum()
    return list(by_column.sort_values(ascending=False, kind="stable").index[:top])


def views(fitted: Pipeline, kinds: list[str] | tuple[str, ...]) -> list[View]:
    """The columns that each kind sees of what `fit_preprocessing` gives."""
    return [view(fitted["prepare"], plain=kind in TREES) for kind in kinds]


def sample(available: int, most: int, seed: int) -> np.ndarray:
    """Row numbers, all or `most` of them drawn at random, in order."""
    return np.sort(np.random.default_rng(seed).permutation(available)[:most])


@one_thread
def as_matrices(
    train: pd.DataFrame, folds: Folds, prepare: ColumnTransformer, top: int, rows: int, seed: int
) -> list[Fold]:
    """The matrices of each fold, by preprocessing that was fitted on its own training rows."""
    X, y = inputs(train), train[OUTCOME].to_numpy()
    return side_by_side(_as_matrices, [(X, y, fit, val, prepare, top, rows, seed) for fit, val in folds])


def _as_matrices(
    X: pd.DataFrame,
    y: np.ndarray,
    fit: np.ndarray,
    val: np.ndarray,
    prepare: ColumnTransformer,
    top: int,
    rows: int,
    seed: int,
) -> Fold:
    fitted, Z = fit_preprocessing(prepare, X.iloc[fit], y[fit], top, rows, seed)
    plain, prepared = (view(fitted["prepare"], plain=own) for own in (True, False))
    return Fold(Z, y[fit], fitted.transform(X.iloc[val]), y[val], val, plain, prepared)
