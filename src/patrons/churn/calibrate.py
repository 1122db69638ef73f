"""Whether a map makes probabilities truer, judged on rows that the map was not fitted on."""

import numpy as np
import pandas as pd

from patrons.churn.ensemble import METHODS, Calibrated
from patrons.evaluation.metrics import Interval, brier
from patrons.evaluation.scores import RANKING, difference
from patrons.features.panel import KNOWN, OUTCOME


def compare(validation: pd.DataFrame, model: str) -> pd.DataFrame:
    """The Brier score of out-of-fold probabilities as they are, and after each map.

    A map is judged on one fold after the other. With days it is fitted on the rows of other folds whose outcome was
    known on or before the fold's day, so that no label window is on both sides; without, on all other folds.

    Parameters
    ----------
    validation : DataFrame
        Out-of-fold rows: outcome, `fold`, the probability in the column `model`, and `as_of` and `known_on` where there
        are days.

    Returns
    -------
    DataFrame
        `map`, `brier`, and its paired `difference` to no map with `low` and `high` (negative: the map helps). One row
        where no fold can be judged.
    """
    truth, score = validation[OUTCOME].to_numpy(), validation[model].to_numpy()
    parts = [(fit, val) for fit, val in _parts(validation) if len(np.unique(truth[fit])) > 1]
    rows = np.concatenate([val for _, val in parts]) if parts else np.arange(len(validation))
    table = [("none", brier(truth[rows], score[rows]), Interval(0.0, 0.0, 0.0))]
    for method in METHODS if parts else ():
        mapped = np.concatenate(
            [Calibrated(None, method).fit(score[fit], truth[fit]).mapped(score[val]) for fit, val in parts]
        )
        change = difference(RANKING["brier"], truth[rows], mapped, score[rows])
        table.append((method, brier(truth[rows], mapped), change))
    return pd.DataFrame(
        [(name, value, *change) for name, value, change in table], columns=["map", "brier", "difference", "low", "high"]
    )


def _parts(validation: pd.DataFrame) -> list[tuple[np.ndarray, np.ndarray]]:
    """Row numbers that a map may be fitted on, and those of the fold that it is judged on."""
    parts = []
    for fold in validation.fold.unique():
        judged = validation.fold == fold
        others = validation[KNOWN] <= validation.as_of[judged].min() if KNOWN in validation else ~judged
        parts.append((np.flatnonzero(others), np.flatnonzero(judged)))
    return parts


def best(table: pd.DataFrame) -> str:
    """The map that helps most, if it helps beyond its paired interval; else "none"."""
    helping = table[table.high < 0]
    return str(helping.loc[helping.brier.idxmin(), "map"]) if len(helping) else "none"
