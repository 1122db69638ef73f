"""Whether a map makes probabilities truer, judged on rows that the map was not fitted on."""

import numpy as np
import pandas as pd

from patrons.ensemble import METHODS, Calibrated
from patrons.evaluation import Interval, brier
from patrons.scores import RANKING, difference


def compare(truth: np.ndarray, score: np.ndarray, fold: np.ndarray, ordered: bool) -> pd.DataFrame:
    """The Brier score of out-of-fold probabilities as they are, and after each map.

    Parameters
    ----------
    truth, score, fold : array
        Of each out-of-fold row, the outcome, the probability and the number of its fold.
    ordered : bool
        Whether folds follow each other in time: then a map is fitted on earlier folds only, else on all others.

    Returns
    -------
    DataFrame
        `map`, `brier`, and its paired `difference` to no map with `low` and `high` (negative: the map helps). One row
        where no fold can be judged.
    """
    judged = [f for f in np.unique(fold) if len(_others(fold, f, ordered))]
    rows = np.concatenate([np.flatnonzero(fold == f) for f in judged]) if judged else np.arange(len(fold))
    table = [("none", brier(truth[rows], score[rows]), Interval(0.0, 0.0, 0.0))]
    for method in METHODS if judged else ():
        mapped = np.concatenate([_mapped(method, truth, score, fold, f, ordered) for f in judged])
        change = difference(RANKING["brier"], truth[rows], mapped, score[rows])
        table.append((method, brier(truth[rows], mapped), change))
    return pd.DataFrame(
        [(name, value, *change) for name, value, change in table], columns=["map", "brier", "difference", "low", "high"]
    )


def _others(fold: np.ndarray, one: int, ordered: bool) -> np.ndarray:
    return np.flatnonzero(fold < one if ordered else fold != one)


def _mapped(method: str, truth: np.ndarray, score: np.ndarray, fold: np.ndarray, one: int, ordered: bool) -> np.ndarray:
    rest = _others(fold, one, ordered)
    return Calibrated(None, method).fit(score[rest], truth[rest]).mapped(score[fold == one])


def best(table: pd.DataFrame) -> str:
    """The map that helps most, if it helps beyond its paired interval; else "none"."""
    helping = table[table.high < 0]
    return str(helping.loc[helping.brier.idxmin(), "map"]) if len(helping) else "none"
