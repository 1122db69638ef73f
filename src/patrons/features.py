"""What describes a customer on a given day: features as of a day, and the panel of earlier days.

Order lines are reduced to orders, orders to customers. Each feature is declared once, in `declare`, with its group,
unit, meaning and expression over one customer's orders before ``as_of``. `as_of` is exclusive: nothing at or after it
is seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import ibis.selectors as s
import pandas as pd
from ibis import Table, Value, _

KEYS = ("customer_id", "as_of")
OUTCOME, KNOWN = "churned", "known_on"
RFM = ("recency_days", "frequency", "monetary")


class FeaturesError(ValueError):
    """A log that is too short for what was asked of it."""


@dataclass(frozen=True)
class Feature:
    """One column of the feature table and the expression that makes it."""

    name: str
    group: str
    unit: str
    meaning: str
    expression: Value  # over a customer's orders, whose `days_ago` counts days before as_of (1 is the day before)


def declare(windows: Sequence[int]) -> list[Feature]:
    """Every feature of the table, with windows of so many days before `as_of`."""
    return [
        Feature("recency_days", "rfm", "days", "since the last order", _.days_ago.min()),
        Feature("frequency", "rfm", "orders", "since the first order", _.count()),
        Feature("monetary", "rfm", "currency", "spent since the first order", _.amount.sum()),
        Feature("tenure_days", "rfm", "days", "since the first order", _.days_ago.max()),
        Feature("order_value", "basket", "currency an order", "mean value of an order", _.amount.mean()),
        Feature("order_value_max", "basket", "currency", "value of the largest order", _.amount.max()),
        Feature("order_units", "basket", "units an order", "mean units of an order", _.units.mean()),
        Feature("order_products", "basket", "products an order", "mean distinct products an order", _.products.mean()),
        Feature("active_days", "rhythm", "days", "days with an order", _.days_ago.nunique()),
        Feature(
            "gap_days",
            "rhythm",
            "days",
            "mean time between orders; missing for one day of orders",
            (_.days_ago.max() - _.days_ago.min()) / (_.days_ago.nunique() - 1).nullif(0),
        ),
        *(feature for days in windows for feature in _window(days)),
    ]


def _window(days: int) -> list[Feature]:
    inside = _.days_ago <= days
    return [
        Feature(f"orders_{days}d", "window", "orders", f"in the last {days} days", inside.cast("int64").sum()),
        Feature(
            f"spend_{days}d",
            "window",
            "currency",
            f"spent in the last {days} days",
            ibis.ifelse(inside, _.amount, 0.0).sum(),
        ),
    ]


def dictionary(windows: Sequence[int]) -> pd.DataFrame:
    """The data dictionary: one row a feature, with its group, unit and meaning."""
    return pd.DataFrame([(f.name, f.group, f.unit, f.meaning) for f in declare(windows)]).set_axis(
        ["feature", "group", "unit", "meaning"], axis="columns"
    )


def orders_of(lines: Table) -> Table:
    """One row an order: when, how much (currency), units and distinct products."""
    return lines.group_by("customer_id", "order_id").agg(
        ordered_at=_.ordered_at.min(),
        amount=_.amount.sum(),
        units=_.quantity.sum(),
        products=_.product_id.collect().unique().length(),
    )


def features(lines: Table, as_of: Sequence[date], windows: Sequence[int]) -> Table:
    """Features of every customer who ordered before each day of `as_of`.

    Parameters
    ----------
    lines : Table
        Clean order lines (see `patrons.orders`).
    as_of : sequence of date
        Days on which customers are described; what happens on or after such a day is not seen.
    windows : sequence of int
        Lengths of the windows, days.

    Returns
    -------
    Table
        `customer_id`, `as_of` and one column a feature of `declare`.
    """
    days = ibis.memtable(pd.DataFrame({"as_of": pd.to_datetime(list(as_of))}))
    orders = orders_of(lines).cache()  # the lines are read once, however many days there are
    seen = orders.join(days, orders.ordered_at < days.as_of).mutate(
        days_ago=lambda t: t.as_of.date().delta(t.ordered_at.date(), unit="day")
    )
    declared = {feature.name: feature.expression for feature in declare(windows)}
    # parallel sums differ in the last bits from run to run: rounding makes a rerun give the same table
    return seen.group_by(*KEYS).agg(**declared).mutate(s.across(s.of_type("float64"), _.round(6)))


def day_after(lines: Table) -> date:
    """The day after the last order: the `as_of` from which the whole log is seen."""
    return lines.ordered_at.max().execute().date() + timedelta(days=1)


def snapshot_days(first: date, end: date, horizon_days: int, snapshot_days: int, min_history_days: int) -> list[date]:
    """Earlier days to describe customers on, oldest first, whose following `horizon_days` are all known.

    The last is `end` minus the horizon (the test of a forecast), the others every `snapshot_days` before it, as long as
    `min_history_days` of log lie before.

    Examples
    --------
    >>> [str(day) for day in snapshot_days(date(2024, 1, 1), date(2024, 7, 1), 90, 30, 40)]
    ['2024-03-03', '2024-04-02']
    """
    last, step = end - timedelta(days=horizon_days), timedelta(days=snapshot_days)
    earliest = first + timedelta(days=min_history_days)
    if last < earliest:
        raise FeaturesError(
            f"The log covers {(end - first).days} days, but a forecast of {horizon_days} days after {min_history_days} "
            f"days of history needs {horizon_days + min_history_days}. Lower horizon_days or min_history_days."
        )
    return [last - n * step for n in range((last - earliest) // step, -1, -1)]


def panel(lines: Table, as_of: Sequence[date], horizon_days: int, windows: Sequence[int]) -> Table:
    """Features as of each day, and what happened next.

    Returns
    -------
    Table
        The columns of `features`, and `churned`: 1 where no order followed within `horizon_days` from `as_of`, else 0;
        `known_on`: the first day on which that was known.
    """
    described = features(lines, as_of, windows)
    asked = pd.to_datetime(list(as_of))
    days = ibis.memtable(pd.DataFrame({"as_of": asked, KNOWN: asked + pd.Timedelta(days=horizon_days)}))
    followed = lines.join(days, (lines.ordered_at >= days.as_of) & (lines.ordered_at < days[KNOWN]))
    came_back = followed.select(*KEYS).distinct().mutate(came_back=1)
    joined = described.join(days, "as_of").left_join(came_back, list(KEYS))
    return joined.mutate(**{OUTCOME: 1 - joined.came_back.fill_null(0)}).drop(
        "came_back", "customer_id_right", "as_of_right"
    )


def feature_names(table: pd.DataFrame, leave_out: Sequence[str] = ()) -> list[str]:
    """Columns of a feature table that a model may use: neither keys nor outcome nor what is left out."""
    return [name for name in table.columns if name not in {*KEYS, OUTCOME, KNOWN, *leave_out}]
