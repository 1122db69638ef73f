"""Whether calibration makes probabilities more accurate, judged on rows that the calibrator was not fitted on."""

import numpy as np
import pandas as pd

from patrons.churn.customers import active
from patrons.churn.ensemble import METHODS, Calibrated
from patrons.evaluation.metrics import Interval, brier
from patrons.evaluation.scores import RANKING, mean_difference
from patrons.features.panel import KNOWN, OUTCOME


def compare(validation: pd.DataFrame, model: str) -> pd.DataFrame:
    """The Brier score of out-of-fold probabilities as they are, and after each method of calibration.

    A calibrator is judged on one fold after the other. With days it is fitted on the rows of other folds whose outcome
    was known on or before the fold's day, so that no label window is on both sides; without, on all other folds. Of a
    log it is judged by those who could be kept.

    Parameters
    ----------
    validation : DataFrame
        Out-of-fold rows: outcome, `fold`, the probability in the column `model`, and `as_of` and `known_on` where there
        are days (and `recency_days`).

    Returns
    -------
    DataFrame
        `calibration` (the method, or "none"), `brier`, and its paired `difference` to none with `low` and `high`
        (negative: calibration helps). One row where no fold can be judged.
    """
    truth, score = validation[OUTCOME].to_numpy(), validation[model].to_numpy()
    kept = active(validation).to_numpy()
    pairs = [(fit, judged[kept[judged]]) for fit, judged in _pairs(validation) if len(np.unique(truth[fit])) > 1]
    rows = np.concatenate([judged for _, judged in pairs]) if pairs else np.arange(len(validation))
    table = [("none", brier(truth[rows], score[rows]), Interval(0.0, 0.0, 0.0))]
    for method in METHODS if pairs else ():
        calibrated = np.concatenate(
            [Calibrated(None, method).fit(score[fit], truth[fit]).calibrate(score[judged]) for fit, judged in pairs]
        )
        part = (truth[rows], calibrated, score[rows])
        change = mean_difference(RANKING["brier"], [part], [_who(validation)[rows]])
        table.append((method, brier(truth[rows], calibrated), change))
    columns = ["calibration", "brier", "difference", "low", "high"]
    return pd.DataFrame([(name, value, *change) for name, value, change in table], columns=columns)


def _pairs(validation: pd.DataFrame) -> list[tuple[np.ndarray, np.ndarray]]:
    """Row numbers that a calibrator may be fitted on, and those of the fold that it is judged on."""
    pairs = []
    for fold in validation.fold.unique():
        judged = validation.fold == fold
        others = (
            validation[KNOWN] <= validation.as_of[judged].min() if KNOWN in validation else ~_same(validation, judged)
        )
        pairs.append((np.flatnonzero(others), np.flatnonzero(judged)))
    return pairs


def _same(validation: pd.DataFrame, judged: pd.Series) -> pd.Series:
    """Rows of the fold, and of its customers in folds of another parting."""
    return validation.customer_id.isin(validation.customer_id[judged]) if "customer_id" in validation else judged


def _who(validation: pd.DataFrame) -> np.ndarray:
    """Whose rows these are: a customer's, on several days or in several partings, are no new customers."""
    return validation.customer_id.to_numpy() if "customer_id" in validation else np.arange(len(validation))


def best(table: pd.DataFrame) -> str:
    """The method that helps most, if it helps beyond its paired interval; else "none"."""
    helping = table[table.high < 0]
    return str(helping.calibration.iloc[helping.brier.argmin()]) if len(helping) else "none"
