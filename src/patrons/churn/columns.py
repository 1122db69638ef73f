"""All columns, or only the most informative? Judged on validated rows, by boosted trees in their first setting."""

import pandas as pd
from sklearn.compose import ColumnTransformer

from patrons.churn.kinds import BOOSTING, Setting
from patrons.churn.preprocessing import Fold, as_matrices
from patrons.churn.search import Trial, validated
from patrons.churn.split import Folds
from patrons.churn.ties import gain
from patrons.evaluation.metrics import Interval
from patrons.features.split import inputs
from patrons.threads import one_thread

ALL = "all there are"


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
    available = inputs(train).shape[1]
    candidates = [0, top] if 0 < top < available else [0]
    matrices = [as_matrices(train, folds, prepare, number, rows, seed) for number in candidates]
    tried = [validated([(BOOSTING, setting)], own, rows, seed, quick=True)[0] for own in matrices]
    table = pd.DataFrame(
        [_row(number, available, trial) for number, trial in zip(candidates, tried, strict=True)],
        columns=["columns", "number", "roc_auc", "top"],
    )
    if len(candidates) == 1:
        return table.assign(gain=None), matrices[0]
    truth, who = [fold.y_val for fold in matrices[0]], [fold.who for fold in matrices[0]]
    gain_of_all = gain(truth, tried[0].probabilities, tried[1].probabilities, who, seed)
    return _kept_first(table, gain_of_all, matrices)


def _row(top: int, available: int, trial: Trial) -> tuple[str, int, float, int]:
    return f"the {top} most informative" if top else ALL, top or available, trial.roc_auc, top


def _kept_first(
    table: pd.DataFrame, gain_of_all: Interval, matrices: list[list[Fold]]
) -> tuple[pd.DataFrame, list[Fold]]:
    """The two rows in order, and the matrices of the first; `gain_of_all` is that of all columns over fewer."""
    if gain_of_all.high >= 0:
        return table.assign(gain=pd.Series([gain_of_all, None])), matrices[0]
    gain_of_fewer = Interval(-gain_of_all.value, -gain_of_all.high, -gain_of_all.low)
    return table[::-1].reset_index(drop=True).assign(gain=pd.Series([gain_of_fewer, None])), matrices[1]
