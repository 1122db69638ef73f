"""The calendar ahead: how much of it lies in the shop's peak season, and which customers buy then.

The owner knows which months these are; a log of a year or two cannot tell a season from a trend.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

AHEAD, SHARE, HABIT = COLUMNS = "peak_ahead", "peak_share", "peak_habit"
CALENDAR = "calendar"  # the group of what is the same for everyone
CUSTOM = "time of order"  # the group of what differs between customers
MONTHS = ("", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")  # fmt: skip
APART = 0.5  # how much the shares of the days to learn from must vary, as a part of how much those of a year do


def peak_ahead(day: date, days: int, months: Sequence[int]) -> float:
    """Share of the `days` from a day on that lie in the months (1 to 12), in quarters.

    In quarters, because there are few days to learn from: boosted trees that saw .84 and .51 take .79 for .51.

    Examples
    --------
    >>> [peak_ahead(date(2011, month, 11), 90, [10, 11, 12]) for month in (6, 8, 9)]
    [0.0, 0.5, 0.75]
    """
    ahead = pd.date_range(day, periods=days)
    return float(np.round(4 * ahead.month.isin(list(months)).mean()) / 4)


def learnable(training: Sequence[date], days: int, months: Sequence[int]) -> bool:
    """Whether the days to learn from differ enough in how much of a peak lay ahead of them."""
    if not months or not training:
        return False
    year = [date(2023, 1, 1) + timedelta(days=n) for n in range(365)]
    seen, possible = ([peak_ahead(day, days, months) for day in several] for several in (training, year))
    most = max(possible) - min(possible)
    return most > 0 and max(seen) - min(seen) >= APART * most


def usable(days: Sequence[date], horizon_days: int, months: Sequence[int]) -> list[int]:
    """The months where forecasts can learn what they change, else none.

    Parameters
    ----------
    days : sequence of date
        Those of the panel, the last of which is the test: earlier ones teach where their outcome was known by then.
    """
    training = [day for day in days if (days[-1] - day).days >= horizon_days]
    return list(months) if learnable(training, horizon_days, months) else []


def with_peak(table: pd.DataFrame, days: int, months: Sequence[int]) -> pd.DataFrame:
    """The feature table with `peak_ahead`, and with `peak_habit` where it has `peak_share`; the same without months."""
    if not months:
        return table
    share = {day: peak_ahead(day, days, months) for day in table.as_of.unique()}
    table = table.assign(**{AHEAD: table.as_of.map(share).astype(float)})
    return table.assign(**{HABIT: (table[SHARE] * table[AHEAD]).round(6)}) if SHARE in table else table


def named(months: Sequence[int]) -> str:
    """The peak season with the names of its months."""
    return f"the peak season ({', '.join(MONTHS[month] for month in sorted(set(months)))})"


def columns(days: int, months: Sequence[int], habit: bool = True) -> list[tuple[str, str, str, str]]:
    """Name, group, unit and meaning of what `with_peak` adds, with or without `peak_habit`."""
    if not months:
        return []
    ahead = (AHEAD, CALENDAR, "share of days", f"of the next {days} days, those in {named(months)}, in quarters")
    product = f"orders in {named(months)}, times how much of it lies in the next {days} days"
    return [ahead, *([(HABIT, CUSTOM, "share of orders", product)] if habit else [])]
