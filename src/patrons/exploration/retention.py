"""Whether customers come back: gaps between days with an order, open ones included, and cohorts of new customers.

DuckDB counts gaps by their length and cohorts by window; no table here has one row per order or customer.
"""

from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd
from ibis import Table, _

WINDOW = 90  # days: the windows after the first order in which cohorts are followed
SMALLEST_COHORT = 20  # customers: the retention of fewer is noise
LATE = 0.9  # share of gaps that end before one is late


class Gaps(NamedTuple):
    """Gaps between two days with an order of a customer, and the one that is open at the end of the log.

    Attributes
    ----------
    repeat_rate : float
        Share of customers with a second day of orders.
    median, late : float
        Days within which half and 90% of gaps end, those still open counted for as long as they are seen; missing where
        the log is too short to tell.
    late_finished : float
        Days that 90% of the finished gaps alone are no longer than; missing where nobody came back.
    curve : DataFrame
        What `kaplan_meier` returns.
    """

    repeat_rate: float
    median: float
    late: float
    late_finished: float
    curve: pd.DataFrame


def gaps(orders: Table) -> Gaps:
    """How long customers stay away; `orders` are the lines of a log that stand at its end."""
    days = orders.select("customer_id", day=_.ordered_at.date()).distinct()
    last = days.day.max().execute()
    end = pd.Timestamp(last).date()
    following = _.day.lead().over(group_by="customer_id", order_by="day")
    each = days.mutate(following=following).mutate(length=_.following.fill_null(end).delta(_.day, unit="day"))
    counts = each.group_by("length").agg(
        finished=_.following.notnull().cast("int64").sum(), open=_.following.isnull().cast("int64").sum()
    )
    curve = kaplan_meier(counts.order_by("length").to_pandas())
    visits = days.group_by("customer_id").agg(days=_.count()).agg(repeat=(_.days > 1).mean()).to_pandas()
    return Gaps(
        float(visits.repeat.iloc[0]),
        ended_by(curve.length, curve.ended, 0.5),
        ended_by(curve.length, curve.ended, LATE),
        ended_by(curve.length, curve.finished, LATE),
        curve,
    )


def kaplan_meier(counts: pd.DataFrame) -> pd.DataFrame:
    """The share of gaps that have ended by each length, with those still open at risk for as long as they are seen.

    The product-limit estimate: S(t) = product over lengths u <= t of 1 - d(u) / n(u), where d(u) gaps ended after u
    days and n(u) lasted at least u days (Kaplan and Meier 1958). Of equal lengths an end comes before the end of sight.

    Parameters
    ----------
    counts : DataFrame
        `length` (days, rising), and how many gaps of that length are `finished` and `open`.

    Returns
    -------
    DataFrame
        `length`, `ended`: 1 - S, and `finished`: the share of the finished gaps alone that are no longer.
    """
    finished, still = counts.finished.to_numpy(float), counts.open.to_numpy(float)
    at_risk = (finished + still)[::-1].cumsum()[::-1]
    total = max(finished.sum(), 1.0)
    return pd.DataFrame(
        {
            "length": counts.length.to_numpy(),
            "ended": 1 - np.cumprod(1 - finished / at_risk),
            "finished": finished.cumsum() / total,
        }
    )


def ended_by(length: pd.Series, share: pd.Series, at_least: float) -> float:
    """The first length by which so large a share has ended; missing where it never has."""
    reached = length[share >= at_least - 1e-9]
    return float(reached.iloc[0]) if len(reached) else float("nan")


def cohorts(orders: Table, smallest: int = SMALLEST_COHORT) -> tuple[pd.DataFrame, pd.Series]:
    """Retention: share of those who first bought in a quarter that bought again so many days after their first order.

    Returns
    -------
    DataFrame
        Index: quarter of the first order; columns: windows of `WINDOW` days from each customer's own first order, named
        by the day that they end with. Missing where the log does not reach to the end of the window for everyone of the
        cohort. Cohorts of fewer than `smallest` customers, and those without a finished window, are left out.
    Series
        How many customers first bought in each of these quarters.
    """
    last: date = orders.ordered_at.max().execute().date()
    counts = _cohort_counts(orders)
    sizes = counts[counts.window == 0].set_index("cohort").sort_index()
    table = counts[counts.window > 0].pivot(index="cohort", columns="window", values="customers")
    reach = np.array([(last - pd.Timestamp(day).date()).days for day in sizes.latest])
    windows = range(1, max(int(reach.max()) // WINDOW, 0) + 1)
    table = table.reindex(index=sizes.index, columns=windows).fillna(0.0)
    known = reach[:, None] >= WINDOW * np.array(windows)[None, :]
    quarters = [pd.Period(year=int(cohort) // 4, quarter=int(cohort) % 4 + 1, freq="Q") for cohort in sizes.index]
    index = pd.PeriodIndex(quarters, name="cohort")
    shares = table.div(sizes.customers, axis="index").where(known).set_axis(index)
    shares = shares.set_axis([WINDOW * number for number in windows], axis="columns")
    of = sizes.customers.set_axis(index)
    shares = shares[of >= smallest].dropna(how="all").dropna(axis="columns", how="all")
    return shares, of[shares.index]


def _cohort_counts(orders: Table) -> pd.DataFrame:
    """Customers by `cohort` (number of the quarter of their first order) and `window` after it in which they bought.

    Window 0 is the day of the first order: everyone; `latest` is the last such day of the cohort.
    """
    days = orders.select("customer_id", day=_.ordered_at.date()).distinct()
    first = days.group_by("customer_id").agg(first=_.day.min())
    joined = days.inner_join(first, "customer_id")
    since = joined.day.delta(joined["first"], unit="day")
    bought = joined.select(
        "customer_id",
        "first",
        cohort=joined["first"].year() * 4 + joined["first"].quarter() - 1,
        window=((since + WINDOW - 1) / WINDOW).floor().cast("int64"),
    ).distinct()
    return bought.group_by("cohort", "window").agg(customers=_.count(), latest=_["first"].max()).to_pandas()
