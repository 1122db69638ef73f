"""Shares and how sure they are, such as the churn rate of each segment."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm


def wilson(positives: pd.Series, rows: pd.Series, confidence: float = 0.95) -> tuple[pd.Series, pd.Series]:
    """Lower and upper limit of a share (Wilson, 1927): unlike the textbook interval it never leaves [0, 1]."""
    z = norm.ppf((1 + confidence) / 2)
    share, width = positives / rows, 1 + z**2 / rows
    middle = (share + z**2 / (2 * rows)) / width
    reach = z / width * np.sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2))
    low, high = (middle - reach).clip(lower=0), (middle + reach).clip(upper=1)
    return low.where(low < share, share), high.where(high > share, share)  # rounding must not leave the share outside


def together(intervals: int, confidence: float = 0.95) -> float:
    """The confidence of each of several intervals with which all of them hold at once (Bonferroni; Dunn, 1961).

    The highest of many was picked because it looked so: its own 95% interval misses more often. One of those that hold
    for all at once holds for whichever is picked, also where they are of the same customers.
    """
    return 1 - (1 - confidence) / max(1, intervals)


def rates_by(outcome: pd.Series, groups: Any, at_once: bool = False) -> pd.DataFrame:
    """The share of positive outcomes in each group, with its 95% interval.

    Parameters
    ----------
    outcome : Series
        0 or 1, one a row.
    groups : array or Series
        Group of each row, whatever ``Series.groupby`` takes; rows without one do not count.
    at_once : bool
        Whether the intervals are to hold for all groups at once (`together`), because one of them will be picked.

    Returns
    -------
    DataFrame
        Index the group, in order; `rows`, `positives`, `rate`, `low`, `high` (Wilson).
    """
    table = outcome.groupby(groups, observed=True).agg(rows="size", positives="sum")
    low, high = wilson(table.positives, table.rows, together(len(table) if at_once else 1))
    return table.assign(rate=table.positives / table.rows, low=low, high=high)
