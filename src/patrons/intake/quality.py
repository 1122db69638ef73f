"""The quality contract of an order log: measures of what was read, against the limits of the params file."""

from dataclasses import dataclass

import pandas as pd
from ibis import Table

from patrons.errors import OrdersError
from patrons.intake.orders import reasons
from patrons.intake.settings import Settings


@dataclass(frozen=True)
class Limits(Settings):
    """Limits as the parameters of 01_eda declare them; shares are of the lines read."""

    max_missing_customer: float = 1.0
    max_unread_dates: float = 1.0
    max_quarantined: float = 1.0
    min_days: int = 1
    min_customers: int = 1


@dataclass(frozen=True)
class Measures:
    """What the contract looks at: shares of the lines read, days from first to last line kept, and customers kept.

    Customers count of whom an order is left when cancellations are taken off.
    """

    lines: int
    missing_customer: float
    unread_dates: float
    quarantined: float
    days: int
    customers: int


def measure(judged: Table, cancelled: Table | None = None) -> Measures:
    """The measures of judged lines."""
    kept = judged.reason.isnull()
    row = judged.agg(
        lines=judged.count(),
        missing_customer=judged.customer_id.isnull().mean(),
        unread_dates=judged.ordered_at.isnull().mean(),
        quarantined=(~kept).mean(),
        first=judged.ordered_at.min(where=kept),
        last=judged.ordered_at.max(where=kept),
    )
    left = judged.filter(kept)
    left = left if cancelled is None else left.anti_join(cancelled.filter(cancelled.gone), "line")
    customers = int(left.customer_id.nunique().execute())
    values = row.to_pandas().iloc[0]
    days = 0 if pd.isna(values["first"]) else (values["last"].date() - values["first"].date()).days + 1
    shares = {name: float(values[name]) for name in ("missing_customer", "unread_dates", "quarantined")}
    return Measures(int(values.lines), **shares, days=days, customers=customers)


def breaches(measures: Measures, limits: Limits) -> list[str]:
    """Every limit that is broken: its name, what was measured and what is allowed.

    Examples
    --------
    >>> breaches(Measures(100, 0.4, 0.0, 0.5, 20, 30), Limits(max_missing_customer=0.3))
    ['max_missing_customer: 40.0% of lines have no customer, allowed are 30.0%']
    """
    shares = {
        "max_missing_customer": (measures.missing_customer, "of lines have no customer"),
        "max_unread_dates": (measures.unread_dates, "of lines have no date that can be read"),
        "max_quarantined": (measures.quarantined, "of lines are set aside"),
    }
    least = {"min_days": (measures.days, "days"), "min_customers": (measures.customers, "customers")}
    broken = [
        f"{name}: {share:.1%} {what}, allowed are {getattr(limits, name):.1%}"
        for name, (share, what) in shares.items()
        if share > getattr(limits, name)
    ]
    return broken + [
        f"{name}: {number:,} {what} are kept, needed are {getattr(limits, name):,}"
        for name, (number, what) in least.items()
        if number < getattr(limits, name)
    ]


def enforce(judged: Table, limits: Limits, needed_days: int = 0, cancelled: Table | None = None) -> Measures:
    """The measures of a log; OrdersError naming every limit that it breaks, and why lines were set aside.

    Parameters
    ----------
    judged : Table
        What `orders.judge` returns.
    limits : Limits
    needed_days : int
        Days of log that later notebooks need (history and horizon of a forecast).
    cancelled : Table, optional
        What `cancellations.matched` returns: whose every order was cancelled is no customer.
    """
    measures = measure(judged, cancelled)
    broken = breaches(measures, limits)
    if limits.min_days <= measures.days < needed_days:
        broken.append(
            "horizon_days and min_history_days of 02_transformation together are "
            f"{needed_days:,} days, the log covers {measures.days:,}"
        )
    if not broken:
        return measures
    why = "".join(f"\n    {count:,} {reason}" for reason, count in reasons(judged).items())
    raise OrdersError(
        "The log breaks the limits of the params file:"
        + "".join(f"\n  - {breach}" for breach in broken)
        + (f"\n  Of {measures.lines:,} lines, set aside:{why}" if why else "")
        + "\nCorrect the data, say how to read it (date_format, decimal, columns), or change the limits of 01_eda."
    )
