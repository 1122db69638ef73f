"""All columns, or only the most informative? Judged on validated rows, by one setting of boosted trees."""

from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer

from patrons.churn.kinds import BOOSTING, Setting
from patrons.churn.preprocessing import Fold, as_matrices, preprocessing, sample, validate
from patrons.churn.search import gain
from patrons.churn.split import Folds
from patrons.evaluation.metrics import Interval, roc_auc
from patrons.features.selection import TopFeatures
from patrons.threads import one_thread, side_by_side

ALL = "all that are not redundant"


@one_thread
def compare(
    train: pd.DataFrame, folds: Folds, prepare: ColumnTransformer, top: int, setting: Setting, rows: int, seed: int
) -> tuple[pd.DataFrame, list[Fold]]:
    """All columns against the `top` ones, by one setting of boosted trees; and the matrices of what is kept.

    All are kept unless fewer gain beyond the paired interval: a sample of the rows, by which it is judged, carries
    fewer columns than all rows do.

    Returns
    -------
    DataFrame
        `columns` (in words), `number` (of columns), `roc_auc` (mean over folds), `top` (0: all); what is kept
        first, with its paired `gain` over the other (`Interval`). With a `top` of 0, or of no fewer than there are,
        there is no other, and no gain.
    list of Fold
        The matrices of its folds.
    """
    complete = as_matrices(train, folds, preprocessing(prepare, 0, seed), rows, seed)
    candidates = [(0, complete)]
    if 0 < top < complete[0].X.shape[1]:
        select = preprocessing(prepare, top, seed)["select"]
        candidates.append((top, side_by_side(_narrowed, [(fold, select, rows, seed) for fold in complete])))
    truth = [fold.y_val for fold in complete]
    probabilities = [_validated(matrices, setting, rows, seed) for _, matrices in candidates]
    table = pd.DataFrame(
        [_row(top, matrices, p) for (top, matrices), p in zip(candidates, probabilities, strict=True)],
        columns=["columns", "number", "roc_auc", "top"],
    )
    if len(candidates) == 1:
        return table.assign(gain=None), complete
    gain_of_all = gain(truth, probabilities[0], probabilities[1], seed)
    return _kept_first(table, gain_of_all, [matrices for _, matrices in candidates])


def _validated(folds: list[Fold], setting: Setting, rows: int, seed: int) -> list[np.ndarray]:
    return side_by_side(validate, [(BOOSTING, setting, fold, rows, seed) for fold in folds])


def _row(top: int, folds: list[Fold], probabilities: list[np.ndarray]) -> tuple[str, int, float, int]:
    score = np.mean([roc_auc(fold.y_val, p) for fold, p in zip(folds, probabilities, strict=True)])
    return f"the {top} most informative" if top else ALL, folds[0].X.shape[1], float(score), top


def _kept_first(
    table: pd.DataFrame, gain_of_all: Interval, matrices: list[list[Fold]]
) -> tuple[pd.DataFrame, list[Fold]]:
    """The two rows in order, and the matrices of the first; `gain_of_all` is that of all columns over fewer."""
    if gain_of_all.high >= 0:
        return table.assign(gain=pd.Series([gain_of_all, None])), matrices[0]
    gain_of_fewer = Interval(-gain_of_all.value, -gain_of_all.high, -gain_of_all.low)
    return table[::-1].reset_index(drop=True).assign(gain=pd.Series([gain_of_fewer, None])), matrices[1]


def _narrowed(fold: Fold, select: TopFeatures, rows: int, seed: int) -> Fold:
    """The fold with the most informative columns only, as preprocessing with this step gives them."""
    some = sample(len(fold.y), rows, seed)
    chosen = clone(select).fit(fold.X[some], fold.y[some])
    return replace(fold, X=chosen.transform(fold.X), X_val=chosen.transform(fold.X_val))
