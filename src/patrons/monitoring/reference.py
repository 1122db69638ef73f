"""Whom customers of a day are compared with: earlier days in the same season, customers of the same age.

A log grows, so tenure, lifetime counts and recency of its customers grow with it. Therefore customers of a day are
compared with those of an earlier day who had been customers for as long, stratum by stratum of tenure. Who first
ordered within a horizon of the log's begin may have been a customer before it: that age is not known, and they are left
out on both sides.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from patrons.churn.origins import apart_in_season
from patrons.features.season import peak_ahead
from patrons.monitoring.shift import Pair

SAME_SEASON = 45  # days of the year apart, at most
QUARTER = 0.25  # by which shares of a peak may differ, behind and ahead
YEAR_APART = 180  # days between two days of reference in the same season, at least: one a year
YEAR, PEAK, OTHER = KINDS = ("season", "peak", "other")  # same days of the year; as much peak around; any day
STRATA = 10  # of tenure, with as many of now's customers in each
ENOUGH = 100  # customers that either side must be worth
TENURE = "tenure_days"


def begin(panel: pd.DataFrame) -> pd.Timestamp:
    """The day of the first order that any row of a panel knows."""
    return pd.Timestamp((panel.as_of - pd.to_timedelta(panel[TENURE], unit="D")).min())


def days_for(
    day: pd.Timestamp, earlier: Sequence[pd.Timestamp], horizon: int, months: Sequence[int], kind: str
) -> list[pd.Timestamp]:
    """The days to compare a day with, of those at least a horizon before it, latest first.

    Parameters
    ----------
    months : sequence of int
        The shop's peak, empty where none is named.
    kind : {"season", "peak", "other"}
        The same days of the year (the nearest of each year); days with as much of a peak in the horizon behind and in
        that ahead; any day. The latter two are a horizon apart.
    """
    past = [one for one in earlier if (day - one).days >= horizon]
    if kind == YEAR:
        near = [one for one in past if apart_in_season(one, day) <= SAME_SEASON]
        return _apart(sorted(near, key=lambda one: (apart_in_season(one, day), -one.value)), YEAR_APART)
    if kind == PEAK:
        past = [one for one in past if months and _as_much_peak(one, day, horizon, months)]
    return _apart(sorted(past, reverse=True), horizon)


def _as_much_peak(one: pd.Timestamp, other: pd.Timestamp, horizon: int, months: Sequence[int]) -> bool:
    back = pd.Timedelta(days=horizon)
    pairs = ((one - back, other - back), (one, other))
    return all(
        abs(peak_ahead(a.date(), horizon, months) - peak_ahead(b.date(), horizon, months)) <= QUARTER for a, b in pairs
    )


def _apart(days: Sequence[pd.Timestamp], least: int) -> list[pd.Timestamp]:
    """The days in their order, without those too near to one taken before."""
    chosen: list[pd.Timestamp] = []
    for day in days:
        if all(abs((day - one).days) >= least for one in chosen):
            chosen.append(day)
    return chosen


def paired(now: pd.DataFrame, then: pd.DataFrame, first: pd.Timestamp, horizon: int, kind: str = OTHER) -> Pair | None:
    """Customers of a day and of earlier days who are of the same age; None where they are too few.

    Parameters
    ----------
    now, then : DataFrame
        Rows of one day, and of the days that it is compared with: `as_of`, `tenure_days` and features.
    first : Timestamp
        The first day of the log.
    """
    known = (then.as_of - first).dt.days - horizon  # the age up to which ages are known, by day
    day, old, young = now.as_of.iloc[0], then[then[TENURE] <= known], now[now[TENURE] <= known.max()]
    if min(len(old), len(young)) < ENOUGH:
        return None
    edges = np.unique(np.quantile(young[TENURE], np.linspace(0, 1, STRATA + 1))[1:-1])
    strata_then, strata_now = (np.searchsorted(edges, side[TENURE]) for side in (old, young))
    counts_then, counts_now = (np.bincount(strata, minlength=len(edges) + 1) for strata in (strata_then, strata_now))
    young = young[(counts_then > 0)[strata_now]]
    weights = (counts_now / np.maximum(counts_then, 1))[strata_then]
    old, weights = old[weights > 0], weights[weights > 0]
    if not len(young) or not len(old):
        return None
    pair = Pair(old, young, weights / weights.mean(), sorted(then.as_of.unique()), len(young) / len(now), day, kind)
    return pair if min(pair.sizes) >= ENOUGH else None
