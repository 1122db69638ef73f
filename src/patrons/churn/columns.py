"""All columns, or only the most informative? Judged on validated rows, by boosted trees in their first setting."""

import pandas as pd
from sklearn.compose import ColumnTransformer

from patrons.churn.kinds import BOOSTING, Setting
from patrons.churn.preprocessing import Fold, matrices, of_columns, tasks
from patrons.churn.search import Trial, validated
from patrons.churn.split import Folds
from patrons.churn.ties import gain
from patrons.evaluation.metrics import Interval
from patrons.evaluation.threads import one_thread
from patrons.features.preparation import columns_of
from patrons.features.split import inputs

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
    if not 0 < top < available:
        own = matrices(train, folds, tasks(train, folds, prepare, 0, rows, seed))
        return _table([(0, _validated_by(setting, own, rows, seed))], available).assign(gain=None), own
    of_fewer = tasks(train, folds, prepare, top, rows, seed)
    plain = matrices(train, folds, tasks(train, folds, prepare, 0, rows, seed), trees_alone=True)
    fewer = [of_columns(fold, columns_of(task.prepare)) for fold, task in zip(plain, of_fewer, strict=True)]
    tried = [_validated_by(setting, own, rows, seed) for own in (plain, fewer)]
    truth, who = [fold.y_val for fold in plain], [fold.who for fold in plain]
    gain_of_all = gain(truth, tried[0].probabilities, tried[1].probabilities, who, seed)
    table = _kept_first(_table(list(zip((0, top), tried, strict=True)), available), gain_of_all)
    del plain, fewer  # large, like what comes
    kept = of_fewer if table.top.iloc[0] else tasks(train, folds, prepare, 0, rows, seed)
    return table, matrices(train, folds, kept)


def _validated_by(setting: Setting, folds: list[Fold], rows: int, seed: int) -> Trial:
    """One setting of boosted trees on some matrices."""
    return validated([(BOOSTING, setting)], folds, rows, seed, quick=True)[0]


def _table(tried: list[tuple[int, Trial]], available: int) -> pd.DataFrame:
    rows = [_row(number, available, trial) for number, trial in tried]
    return pd.DataFrame(rows, columns=["columns", "number", "roc_auc", "top"])


def _row(top: int, available: int, trial: Trial) -> tuple[str, int, float, int]:
    return f"the {top} most informative" if top else ALL, top or available, trial.roc_auc, top


def _kept_first(table: pd.DataFrame, gain_of_all: Interval) -> pd.DataFrame:
    """The two rows in order; `gain_of_all` is that of all columns over fewer."""
    if gain_of_all.high >= 0:
        return table.assign(gain=pd.Series([gain_of_all, None]))
    gain_of_fewer = Interval(-gain_of_all.value, -gain_of_all.high, -gain_of_all.low)
    return table[::-1].reset_index(drop=True).assign(gain=pd.Series([gain_of_fewer, None]))
