"""What happened after a day, within the horizon: days with an order, and what was spent on them.

An order counts where something of it stands at the end of the horizon: what was cancelled by then is taken off, and an
order that was cancelled wholly by then is none. What was cancelled later is not looked at, so that every day's outcome
is known when its horizon has passed, and stays as it was.
"""

import ibis
import pandas as pd
from ibis import Table, _
from ibis.expr.types.groupby import GroupedTable

from patrons.engine import as_table
from patrons.features.stages import exact_sum

BY_DAY = ["customer_id", "as_of", "day"]


def outcomes(lines: Table, days: Table, horizon_days: int, cancelled: Table | pd.DataFrame | None = None) -> Table:
    """What customers ordered within the horizon from each of some days on.

    Parameters
    ----------
    lines : Table
        Clean lines, gross.
    days : Table
        `as_of`.
    horizon_days : int
    cancelled : Table or DataFrame, optional
        What `intake.cancellations.matched` returns; without it nothing is taken off.

    Returns
    -------
    Table
        `customer_id`, `as_of`, `ordered` (days with an order), `spent` (currency); no row for who ordered nothing.
    """
    taken = as_table(cancelled)
    daily = _within(lines, days, horizon_days).agg(amount=exact_sum(_.amount), lines=_.count())
    if taken is not None:
        off = _within(taken, days, horizon_days, until=True).agg(
            off=exact_sum(_.amount), gone=_.gone.cast("int64").sum()
        )
        joined = daily.left_join(off, BY_DAY)
        daily = joined.filter(joined.lines > joined.gone.fill_null(0)).mutate(amount=_.amount - _.off.fill_null(0.0))
    return daily.group_by("customer_id", "as_of").agg(ordered=_.count(), spent=exact_sum(_.amount).round(6))


def _within(events: Table, days: Table, horizon_days: int, until: bool = False) -> GroupedTable:
    """Events bought within the horizon, by customer and day; `until`: those that were cancelled within it too."""
    end = days.as_of + ibis.interval(days=horizon_days)
    within = [events.ordered_at >= days.as_of, events.ordered_at < end]
    joined = events.join(days, [*within, events.cancelled_at < end] if until else within)
    return joined.group_by("customer_id", "as_of", day=joined.ordered_at.date())
