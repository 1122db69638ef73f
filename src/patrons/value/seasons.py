"""Is less or more expected than was spent before because of the time of year? What an earlier year shows."""

from datetime import date
from typing import Any, NamedTuple

import pandas as pd

from patrons.digits import compared
from patrons.value.spend_model import SEASON, YEAR

TOLD = 0.1  # a change of spend by less needs no reason


class Earlier(NamedTuple):
    """The day of an earlier year that is nearest in season: so many years before, and spend after it over that before.

    Attributes
    ----------
    day : date
    years : int
    ratio : float
        What all customers of the day spent in the horizon from it on, over what they spent in as many days before.
    """

    day: date
    years: int
    ratio: float


def by_day(history: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
    """What all customers of each earlier day spent in the horizon after it, and before it: `spent` and `before`.

    Days of which the outcome is not known are left out, and those before which the log is shorter than the horizon:
    what was spent before them is of fewer days. How long it is, the longest `tenure_days` says.
    """
    known = history[history.spent.notna()]
    if "tenure_days" in known:
        known = known[known.groupby("as_of").tenure_days.transform("max") >= horizon_days]
    return known.groupby("as_of").agg(spent=("spent", "sum"), before=(f"spend_{horizon_days}d", "sum"))


def nearest(history: pd.DataFrame, end: date, horizon_days: int) -> Earlier | None:
    """The day nearest in season to the end of the log, of the latest year that has one; None where none is known.

    Parameters
    ----------
    history : DataFrame
        What `forecast.snapshots` gives: `as_of`, `spent` (missing where not known) and ``spend_<horizon_days>d``.
    """
    known = by_day(history, horizon_days)
    days = (pd.Timestamp(end) - pd.DatetimeIndex(known.index)).days.to_numpy()
    years = ((days + YEAR / 2) // YEAR).astype(int)
    known = known.assign(years=years, off=abs(days - years * YEAR))
    near = known[(known.years > 0) & (known.off <= SEASON) & (known.before > 0)].sort_values(["years", "off"])
    if near.empty:
        return None
    row = near.iloc[0]
    return Earlier(near.index[0].date(), int(row.years), float(row.spent / row.before))


def beside(
    history: pd.DataFrame, end: date, horizon_days: int, expected: float, before: float, drawn: bool = False
) -> dict[str, Any]:
    """How what is expected compares with what was spent before, and whether an earlier year was alike.

    Parameters
    ----------
    expected : float
        What all customers of the end are expected to spend, currency.
    before : float
        What they spent in as many days before (`forecast.spent_before`).
    drawn : bool
        Whether `history` is of some customers: then the season is told with "about".

    Returns
    -------
    dict
        `spent_before`; `ratio`: expected spend over that; `season`: a sentence, empty where they differ little.
        Without any spend before, nothing.
    """
    if not before > 0:
        return {}
    ratio = expected / before
    return {
        "spent_before": before,
        "ratio": ratio,
        "season": sentence(ratio, nearest(history, end, horizon_days), horizon_days, drawn),
    }


def sentence(ratio: float, earlier: Earlier | None, horizon_days: int, drawn: bool = False) -> str:
    """Whether spend rose or fell alike at this time of an earlier year; empty where little change is expected."""
    if abs(ratio - 1) < TOLD:
        return ""
    if earlier is None:
        return "No earlier year tells whether that is the season."
    when = "A year earlier" if earlier.years == 1 else f"{earlier.years} years earlier"
    amount, than = compared(earlier.ratio, 1.0)
    amount = f"about {amount}" if drawn else amount
    alike = (
        "it was much the same"
        if (earlier.ratio < 1) == (ratio < 1) and abs(earlier.ratio - 1) >= TOLD
        else "it was different"
    )
    return (
        f"{when} {alike}: in the {horizon_days} days from {earlier.day} on, customers spent {amount} {than} in the "
        f"{horizon_days} days before."
    )
