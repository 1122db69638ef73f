"""What cannot be in an order log, or makes one customer stand for all: told first, and in 06 and 07 again."""

from typing import NamedTuple

import ibis
import pandas as pd
from ibis import Table

LARGE = 0.2  # share of lines or revenue from which a customer is told of
TIMES = 20  # times the median period's orders from which a period is no usual one


class Period(NamedTuple):
    """A length of time, and the share of all orders from which one of at least `least` such holds what cannot be."""

    unit: str
    name: str
    share: float
    least: int
    form: str


PERIODS = (
    Period("D", "day", 0.1, 10, "{:%-d %B %Y}"),
    Period("h", "hour", 0.1, 10, "{:%-d %B %Y, %-H} o'clock"),
    Period("M", "month", 0.4, 6, "{:%B %Y}"),
)


def of_log(orders: Table) -> dict[str, list[str]]:
    """Sentences on what in clean order lines makes everything after it doubtful, by what is doubted.

    Parameters
    ----------
    orders : Table
        Clean lines.

    Returns
    -------
    dict
        `dates`: what cannot be when orders came; `customers`: one who is a large part of all. Empty where all is well.
    """
    return {"dates": _crowded(orders), "customers": _dominant(orders)}


def _crowded(orders: Table) -> list[str]:
    """The shortest period that holds far more orders than a period can; longer ones around it are not told again."""
    times = orders.group_by("customer_id", "order_id").agg(at=orders.ordered_at.min())
    for period in PERIODS:
        counts = times.group_by(at=times["at"].truncate(period.unit)).agg(orders=ibis._.count())
        table = counts.order_by(ibis.desc("orders"), "at").to_pandas()
        most, total = int(table.orders.iloc[0]), int(table.orders.sum())
        if len(table) >= period.least and most >= max(period.share * total, TIMES * table.orders.median()):
            when = period.form.format(pd.Timestamp(table["at"].iloc[0]))
            return [
                f"{most / total:.0%} of all orders ({most:,} of {total:,}) stand on one {period.name}, {when}. That is "
                "probably the date of an import and not that of the orders: when customers came, how often, and every "
                "forecast made of that are doubtful."
            ]
    return []


def _dominant(orders: Table) -> list[str]:
    """The customer who has a large part of the lines or of the revenue."""
    table = orders.group_by("customer_id").agg(lines=ibis._.count(), revenue=ibis._.amount.sum()).to_pandas()
    table = table.set_index("customer_id").sort_index()
    shares = table / table.sum()
    top = str(shares.max(axis="columns").idxmax())
    lines, revenue = shares.loc[top, "lines"], shares.loc[top, "revenue"]
    if len(table) < 2 or max(lines, revenue) <= LARGE:
        return []
    return [
        f"One customer, {top}, has {lines:.0%} of the lines and {revenue:.0%} of the revenue. Is that one customer, or "
        "everyone without a number of their own? Sums and shares below are mostly about this one."
    ]
