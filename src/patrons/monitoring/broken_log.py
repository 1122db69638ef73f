"""Dates that moved, a log that is cut off or falls silent, and lines of its newest days in another unit."""

from pathlib import Path

import ibis
import numpy as np
import pandas as pd

from patrons.engine import connect, literal
from patrons.monitoring.broken_columns import CUT, DATES, FEW_IDS, LARGE, UNIT, Broken, factor, times
from patrons.monitoring.facts import Facts

DAY = 1  # by which dates may differ: another time zone
MOST_MOVED, TOGETHER = 0.5, 0.8  # share of customers whose first order moved; share of these that moved alike
WINDOWS = (3, 7, 14)  # newest days that may be silent
BEFORE = 12  # times as many days before, whose median is what is usual
SILENT = 0.03  # share of the usual up to which it is silence: a trough after a peak has more
LINES = 20  # that are usual in a window, at least
NEWEST, EARLIER = (7, 28), 180  # days of a log's end whose prices are set beside those of days before
ENOUGH = 100  # lines of either
TENTHS = [round(tenth / 10, 1) for tenth in range(1, 10)]


def dates(then: Facts, now: Facts) -> list[Broken]:
    """Whether first orders of the same customers lie on other days than before."""
    both = then.customers.merge(now.customers, on="customer_id", suffixes=("_then", "_now")).dropna()
    common = max(then.begins, now.begins)  # either log may hold less history, as one of the latest two years does
    both = both[(both.first_then >= common) & (both.first_now >= common)]
    if len(both) < FEW_IDS:
        return []
    moved = (both.first_now - both.first_then).dt.days
    moved = moved[moved.abs() > DAY]
    if len(moved) <= MOST_MOVED * len(both):
        return []
    most = int(moved.mode().iloc[0])
    if (moved == most).mean() >= TOGETHER:
        found = f"they lie {abs(most):,} days {'later' if most > 0 else 'earlier'}. Correct the dates of the export."
    else:
        found = "by various numbers of days. Are day and month swapped? Name the format of dates (01.dayfirst)."
    share = len(moved) / len(both)
    return [
        Broken(DATES, f"Dates moved: first orders of {share:.0%} of the customers of {then.whose} changed; {found}")
    ]


def ends(then: Facts, now: Facts) -> list[Broken]:
    """Whether a log ends before it ended before."""
    assert then.ends is not None
    assert now.ends is not None
    if now.ends >= then.ends:
        return []
    return [
        Broken(
            CUT,
            f"The log is cut off: it ends on {now.ends.date()}, and {then.whose} knew it until {then.ends.date()}. "
            "Bring all of it.",
        )
    ]


def lines(now: Facts) -> list[Broken]:
    """What is wrong with the newest lines of a log."""
    if now.orders is None:
        return []
    return [*silence(daily(now.orders)), *prices(now.orders)]


def daily(orders: Path) -> pd.Series:
    """Lines a day, days without any included."""
    table = connect().read_parquet(literal(orders))
    counts = table.group_by(day=table.ordered_at.date()).agg(lines=table.count()).to_pandas()
    series = counts.set_index(pd.to_datetime(counts.day)).lines.sort_index()
    return series.asfreq("D", fill_value=0)


def silence(counts: pd.Series) -> list[Broken]:
    """Whether a log's newest days have hardly any lines, as none of its days before had.

    Parameters
    ----------
    counts : Series
        Lines of each day, the oldest first.
    """
    for days in WINDOWS:
        windows = counts.rolling(days).sum().to_numpy()
        newest, before = windows[-1], windows[days - 1 : -days]
        if len(before) < BEFORE * days:
            continue
        usual = float(np.median(before[-BEFORE * days :]))
        if usual >= LINES and newest < SILENT * usual and newest < before.min() / 2:
            return [
                Broken(
                    CUT,
                    f"The log falls silent: its last {days} days have {newest:,.0f} lines, and {usual:,.0f} are usual. "
                    "Bring the lines that lack; if the shop was closed, wait until it is open again.",
                )
            ]
    return []


def prices(orders: Path) -> list[Broken]:
    """Whether prices or quantities of a log's newest days are in another unit than those before."""
    table = connect().read_parquet(literal(orders))
    end = table.ordered_at.max().to_pandas().normalize() + pd.Timedelta(days=1)
    named = {"unit_price": "prices", "quantity": "quantities"}
    found = (_newest(table, column, name, end, days) for column, name in named.items() for days in NEWEST)
    return [one for one in found if one][:1]


def _newest(table: ibis.Table, column: str, name: str, end: pd.Timestamp, days: int) -> Broken | None:
    begin, positive = end - pd.Timedelta(days=days), table[column] > 0
    newest = table.filter(table.ordered_at >= begin, positive)
    earlier = table.filter(table.ordered_at < begin, table.ordered_at >= begin - pd.Timedelta(days=EARLIER), positive)
    counted = [
        side.aggregate(lines=side.count(), q=side[column].quantile(TENTHS)).to_pandas().iloc[0]
        for side in (earlier, newest)
    ]
    if min(one.lines for one in counted) < ENOUGH:
        return None
    then, now = (np.array(one.q, float) for one in counted)
    found = factor(then, now)
    if found is None or max(found, 1 / found) < LARGE:
        return None
    return Broken(
        UNIT,
        f"The {name} of the last {days} days are in another unit: {times(found)} those before (median {now[4]:,.4g}, "
        f"before {then[4]:,.4g}). Give all lines in one unit.",
    )
