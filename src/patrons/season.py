"""The calendar ahead: how much of it lies in the months in which a shop sells most, and who buys in them.

Which months these are its owner knows; a log of a year or two cannot tell a season from a trend.
"""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

AHEAD, SHARE, HABIT = COLUMNS = "peak_ahead", "peak_share", "peak_habit"
CALENDAR = "calendar"  # their group in the preparation, and that of what is no reason of one customer
MONTHS = ("", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")  # fmt: skip
APART = 0.5  # how far the shares of days to learn from must lie apart, at least


def peak_ahead(day: date, days: int, months: Sequence[int]) -> float:
    """Share of the `days` from a day on that lie in the months (1 to 12), in quarters.

    Quarters because few days are learnt from: a tree that has seen .84 of one and .51 of another takes .79 for .51.

    Examples
    --------
    >>> [peak_ahead(date(2011, month, 11), 90, [10, 11, 12]) for month in (6, 8, 9)]
    [0.0, 0.5, 0.75]
    """
    ahead = pd.date_range(day, periods=days)
    return float(np.round(4 * ahead.month.isin(list(months)).mean()) / 4)


def learnable(training: Sequence[date], days: int, months: Sequence[int]) -> bool:
    """Whether days to learn from differ enough in what lay ahead of them, peak and no peak."""
    shares = [peak_ahead(day, days, months) for day in training]
    return bool(months) and bool(shares) and max(shares) - min(shares) >= APART


def with_peak(table: pd.DataFrame, days: int, months: Sequence[int]) -> pd.DataFrame:
    """The feature table with `peak_ahead`, and with `peak_habit` where it has `peak_share`; the same without months."""
    if not months:
        return table
    share = {day: peak_ahead(day, days, months) for day in table.as_of.unique()}
    table = table.assign(**{AHEAD: table.as_of.map(share).astype(float)})
    return table.assign(**{HABIT: (table[SHARE] * table[AHEAD]).round(6)}) if SHARE in table else table


def named(months: Sequence[int]) -> str:
    """The peak season in words."""
    return f"the peak season ({', '.join(MONTHS[month] for month in months)})"


def told(days: int, months: Sequence[int], habit: bool = True) -> list[tuple[str, str, str]]:
    """Name, unit and meaning of what `with_peak` adds, with or without `peak_habit`."""
    if not months:
        return []
    ahead = (AHEAD, "share of days", f"of the next {days} days, those in {named(months)}, in quarters")
    return [ahead, *([(HABIT, "product", f"{SHARE} times {AHEAD}")] if habit else [])]
