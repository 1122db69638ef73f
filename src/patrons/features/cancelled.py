"""What cancellations take off the lines as of each day: in versions, so that all days still share one pass.

Net of every cancellation of the log, lines are right on a day for each customer of whom no cancellation *straddles* it:
takes back, on the day or later, what was bought before. Only who has such a one gets a version of their lines for that
day, less what was cancelled before it.
"""

from typing import NamedTuple

import ibis
from ibis import Table, _

from patrons.intake.cancellations import TAKEN, less

VERSION = "version"  # 0: net of all cancellations; else the number of the day that the lines are as of
NEEDED = ("customer_id", "order_id", "product_id", "ordered_at", "quantity", "amount", "line")


class Versions(NamedTuple):
    """Lines with `version`; of which customers and days (`customer_id`, `number`) version 0 is not right."""

    lines: Table
    own: Table


def versions(lines: Table, cancelled: Table, days: Table) -> Versions:
    """The lines as they stand on each of some days.

    Parameters
    ----------
    lines : Table
        Clean lines, gross.
    cancelled : Table
        What `intake.cancellations.matched` returns.
    days : Table
        `as_of` and `number`, from 1.
    """
    bought = lines.select(*[name for name in NEEDED if name in lines.columns])
    parts = cancelled.select("customer_id", "line", "ordered_at", "cancelled_at", "gone", *TAKEN)
    straddling = parts.join(days, [parts.ordered_at < days.as_of, parts.cancelled_at >= days.as_of])
    own = straddling.select("customer_id", "as_of", "number").distinct()
    there = bought.inner_join(own, "customer_id").filter(_.ordered_at < _.as_of)
    every = bought.mutate(version=ibis.literal(0, "int64")).union(
        there.mutate(version=_.number.cast("int64")).select(*bought.columns, VERSION)
    )
    by_then = parts.inner_join(own, "customer_id").filter(_.cancelled_at < _.as_of)
    off = parts.mutate(version=ibis.literal(0, "int64")).union(
        by_then.mutate(version=_.number.cast("int64")).select(*parts.columns, VERSION)
    )
    return Versions(less(every, off, ["line", VERSION]), own.select("customer_id", "number"))


def unmatched(returns: Table, cancelled: Table | None) -> Table:
    """The lines of cancellations with `unmatched`: what they paid back (currency) without taking any line back."""
    if cancelled is None:
        return returns.mutate(unmatched=_.amount.abs())
    found = cancelled.group_by(line=_.cancelled_by).agg(found=_.paid_back.sum())
    joined = returns.left_join(found, "line")
    return joined.mutate(unmatched=(_.amount.abs() - _.found.fill_null(0.0)).clip(0.0, None)).drop("found")
