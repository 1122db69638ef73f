"""Do the models of orders and of their values fit? What they take for granted, and what they follow."""

from datetime import date

import ibis
import numpy as np
import pandas as pd
from ibis import Table, _
from scipy.stats import norm, spearmanr

from patrons.btyd import mbgnbd
from patrons.btyd.lifetime import active_days, fit_day
from patrons.evaluation.metrics import Interval
from patrons.value.forecast import Days, on

FEWEST = 10  # customers who came back, from which a rank correlation is given


def dependence(rows: pd.DataFrame) -> Interval | None:
    """Rank correlation of days with an order and of mean spend on one, which Gamma-Gamma takes to be none.

    Among customers who came back: its values are learnt from them. The 95% interval is that of Bonett and Wright
    (Sample size requirements for estimating Pearson, Kendall and Spearman correlations, Psychometrika 65, 2000). None
    where too few came back, or all alike.

    Parameters
    ----------
    rows : DataFrame
        Features of one day.
    """
    days = active_days(rows)
    back = days > 1
    value = rows.monetary.to_numpy(float)[back] / days[back]
    if back.sum() < FEWEST or len(np.unique(days[back])) < 2 or len(np.unique(value)) < 2:
        return None
    rank = float(spearmanr(days[back], value).statistic)
    error = norm.ppf(0.975) * np.sqrt((1 + rank**2 / 2) / (back.sum() - 3))
    middle = np.arctanh(np.clip(rank, -0.999999, 0.999999))
    return Interval(rank, float(np.tanh(middle - error)), float(np.tanh(middle + error)))


def tracking(lines: Table, snapshots: pd.DataFrame, when: Days) -> pd.DataFrame:
    """Repeat orders a week, expected and observed, of the customers who are known on the cutoff.

    MBG/NBD is fitted on what was known on the cutoff, or without one at the end: what comes after is foretold.

    Parameters
    ----------
    lines : Table
        Clean order lines.
    snapshots : DataFrame
        What `forecast.snapshots` gives.

    Returns
    -------
    DataFrame
        A row each whole week of the log: `week` (its first day), `expected` and `observed`, days with an order after a
        customer's first.
    """
    until = when.cutoff or when.end
    rows = on(snapshots, until)
    start = (pd.Timestamp(until) - pd.to_timedelta(rows.tenure_days, unit="D")).dt.normalize()
    length = (pd.Timestamp(when.end) - start.min()).days
    first = np.bincount((start - start.min()).dt.days, minlength=length)
    expected = np.diff(np.convolve(first, _repeats(fit_day(rows), length))[:length], prepend=0.0)
    observed = _observed(lines, until, start.min()).reindex(range(length)).fillna(0.0).to_numpy()
    weeks = np.arange(length) // 7
    table = pd.DataFrame({"expected": expected, "observed": observed}).groupby(weeks).sum().head(length // 7)
    return table.assign(week=start.min() + pd.to_timedelta(7 * table.index.to_numpy(), unit="D"))


def _repeats(fitted: mbgnbd.Fitted, days: int) -> np.ndarray:
    """Repeat orders to expect of a new customer by the end of each of so many days after the first."""
    nothing = np.zeros(days)
    return mbgnbd.expected(fitted, nothing, nothing, nothing, np.arange(days) / mbgnbd.WEEK)


def _observed(lines: Table, until: date, start: pd.Timestamp) -> pd.Series:
    """Days with an order after the first of customers who began before a day, by day since the start."""
    daily = lines.group_by("customer_id", day=_.ordered_at.date()).agg()
    window = ibis.window(group_by="customer_id")
    known = daily.mutate(first=_.day.min().over(window)).filter(_.first < ibis.date(str(until)), _.day > _.first)
    counts = known.group_by("day").agg(orders=_.count()).to_pandas()
    return counts.set_index((pd.to_datetime(counts.day) - start).dt.days).orders.astype(float)
