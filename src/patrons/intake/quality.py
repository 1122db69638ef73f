"""The quality contract of an order log: what was found in it, held against the limits of the params file."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import ibis
import pandas as pd
from ibis import Table

from patrons.errors import OrdersError


@dataclass(frozen=True)
class Limits:
    """Limits as the parameters of 01_eda declare them; shares are of the lines read."""

    max_missing_customer: float = 1.0
    max_unread_dates: float = 1.0
    max_quarantined: float = 1.0
    min_days: int = 1
    min_customers: int = 1

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> "Limits":
        """The limits that a notebook's parameters state."""
        return cls(**{one.name: parameters[one.name] for one in fields(cls) if one.name in parameters})


@dataclass(frozen=True)
class Found:
    """What the contract looks at: shares of the lines read, days from first to last line kept, and customers kept."""

    lines: int
    missing_customer: float
    unread_dates: float
    quarantined: float
    days: int
    customers: int


def measure(judged: Table) -> Found:
    """Look at judged lines once."""
    kept = judged.reason.isnull()
    row = judged.agg(
        lines=judged.count(),
        missing_customer=judged.customer_id.isnull().mean(),
        unread_dates=judged.ordered_at.isnull().mean(),
        quarantined=(~kept).mean(),
        first=judged.ordered_at.min(where=kept),
        last=judged.ordered_at.max(where=kept),
        customers=judged.customer_id.nunique(where=kept),
    )
    found = row.to_pandas().iloc[0]
    days = 0 if pd.isna(found["first"]) else (found["last"].date() - found["first"].date()).days + 1
    shares = {name: float(found[name]) for name in ("missing_customer", "unread_dates", "quarantined")}
    return Found(int(found.lines), **shares, days=days, customers=int(found.customers))


def breaches(found: Found, limits: Limits) -> list[str]:
    """Every limit that is broken: its name, what was found and what is allowed.

    Examples
    --------
    >>> breaches(Found(100, 0.4, 0.0, 0.5, 20, 30), Limits(max_missing_customer=0.3))
    ['max_missing_customer: 40.0% of lines have no customer, allowed are 30.0%']
    """
    shares = {
        "max_missing_customer": (found.missing_customer, "of lines have no customer"),
        "max_unread_dates": (found.unread_dates, "of lines have no date that can be read"),
        "max_quarantined": (found.quarantined, "of lines are set aside"),
    }
    least = {"min_days": (found.days, "days"), "min_customers": (found.customers, "customers")}
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


def hold(judged: Table, limits: Limits, needed_days: int = 0) -> Found:
    """What was found; OrdersError naming every limit that it breaks, and why lines were set aside.

    Parameters
    ----------
    judged : Table
        What `orders.judge` returns.
    limits : Limits
    needed_days : int
        Days of log that later notebooks need (history and horizon of a forecast).
    """
    found = measure(judged)
    broken = breaches(found, limits)
    if limits.min_days <= found.days < needed_days:
        broken.append(
            "horizon_days and min_history_days of 02_transformation together are "
            f"{needed_days:,} days, the log covers {found.days:,}"
        )
    if not broken:
        return found
    counts = judged.filter(judged.reason.notnull()).group_by("reason").agg(lines=ibis._.count())
    reasons = counts.order_by(ibis.desc("lines")).to_pandas()
    why = "".join(f"\n    {row.lines:,} {row.reason}" for row in reasons.itertuples())
    raise OrdersError(
        "The log breaks the limits of the params file:"
        + "".join(f"\n  - {one}" for one in broken)
        + (f"\n  Of {found.lines:,} lines, set aside:{why}" if why else "")
        + "\nMend the data, say how to read it (date_format, decimal, columns), or set the limits otherwise in 01_eda."
    )
