"""All columns, or only those that tell most? Judged on rows that were left out, by one setting of boosted trees."""

from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer

from patrons.churn.search import BOOSTING, Prepared, Setting, fitted, front, gain, prepared, sample
from patrons.churn.split import Folds
from patrons.evaluation.metrics import roc_auc
from patrons.evaluation.scores import Interval
from patrons.features.selection import TopFeatures
from patrons.threads import one_thread, side_by_side


@one_thread
def compare_tops(
    train: pd.DataFrame, folds: Folds, prepare: ColumnTransformer, top: int, setting: Setting, rows: int, seed: int
) -> tuple[pd.DataFrame, list[Prepared]]:
    """All columns against the `top` ones, by one setting of boosted trees; and the matrices of what is kept.

    All are kept unless fewer gain beyond the paired interval: a sample of the rows, by which it is judged, carries
    fewer columns than all rows do.

    Returns
    -------
    DataFrame
        `columns` (in words), `number` (of columns), `roc_auc` (mean over folds), `top` (0: all); what is kept
        first, with its paired `gain` over the other (`Interval`). With a `top` of 0, or of no fewer than there are,
        there is no other, and no gain.
    list of Prepared
        Its folds.
    """
    every, rated = prepared(train, folds, front(prepare, 0, seed), rows, seed), []
    fewer = top if top < every[0].X.shape[1] else 0
    for most in sorted({0, fewer}):
        parts = every
        if most:
            select = front(prepare, most, seed)["select"]
            parts = side_by_side(_narrowed, [(part, select, rows, seed) for part in every])
        said = side_by_side(fitted, [(BOOSTING, setting, part, rows, seed) for part in parts])
        score = np.mean([roc_auc(part.y_val, one) for part, one in zip(parts, said, strict=True)])
        words = f"the {most} that tell most" if most else "all that say something new"
        rated.append(((words, parts[0].X.shape[1], score, most), said, parts))
    truth, said = [part.y_val for part in every], [said for _, said, _ in rated]
    gains = [gain(truth, *said, seed)] if fewer else []
    if fewer and gains[0].high < 0:
        rated.reverse()
        gains = [Interval(-gains[0].value, -gains[0].high, -gains[0].low)]
    table = pd.DataFrame([told for told, _, _ in rated], columns=["columns", "number", "roc_auc", "top"])
    return table.assign(gain=[*gains, None]), rated[0][2]


def _narrowed(part: Prepared, select: TopFeatures, rows: int, seed: int) -> Prepared:
    """The fold with the columns that tell most, as a front with this step gives them."""
    few = sample(len(part.y), rows, seed)
    chosen = clone(select).fit(part.X[few], part.y[few])
    return replace(part, X=chosen.transform(part.X), X_val=chosen.transform(part.X_val))
