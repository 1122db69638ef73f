"""What the models say of a customer who orders nothing for longer: every feature changes along, as in the shop."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pandas as pd

from patrons.engine import connect
from patrons.scoring import incoming
from patrons.scoring.rows import Feature
from patrons.scoring.scorer import Scorer

WINDOW = re.compile(r"orders_(\d+)d")
AHEAD = (0, 15, 30, 60, 90, 120, 180, 270, 365)  # days


def if_silent(
    scorer: Scorer,
    lines: pd.DataFrame,
    returns: pd.DataFrame,
    features: Mapping[str, Any],
    today: date,
    ahead: Sequence[int] = AHEAD,
    cancelled: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Score a customer as of today and of later days, with no order in between.

    Parameters
    ----------
    scorer : Scorer
        Of an order log.
    lines, returns : DataFrame
        The customer's clean order lines, and those of cancellations.
    features : mapping
        The customer's features today; attributes are taken from it.
    today : date
        The day on which they describe the customer.
    ahead : sequence of int
        Days from today on.
    cancelled : DataFrame, optional
        What the cancellations take back of which line.

    Returns
    -------
    DataFrame
        `days` from today on, and `scoring.COLUMNS`; one row for each of `ahead`.
    """
    transformation, groups = scorer.manifest["parameters"]["02_transformation"], set(scorer.manifest["groups"])
    days = [today + timedelta(days=more) for more in ahead]
    orders = connect().create_table("lines", lines, temp=True)  # in a database of its own: the app uses several threads
    table = incoming.on_days(orders, returns, cancelled, days, transformation, groups, scorer.lifetime)
    attributes = {one.name: features.get(one.name) for one in scorer.features if one.name not in table}
    return scorer.score_rows(table.assign(**attributes)).assign(days=list(ahead))


def contradictions(row: Mapping[str, Any], features: Sequence[Feature]) -> list[str]:
    """Why no customer can have these values: each pair of features that contradict each other, in words."""
    recency, orders, age = (row.get(name) or 0 for name in ("recency_days", "frequency", "tenure_days"))
    matches = filter(None, (WINDOW.fullmatch(feature.name) for feature in features))
    windows = {int(match[1]): row.get(match[0]) or 0 for match in matches}  # orders by length in days
    problems = []
    if recency > age > 0:
        problems.append(f"the last order was {recency:,.0f} days ago, the first only {age:,.0f}")
    if outside := [days for days, inside in windows.items() if inside and recency > days]:
        days = max(outside)
        problems.append(f"no order for {recency:,.0f} days, yet {windows[days]:,.0f} in the last {days}")
    if empty := [
        days for days, inside in windows.items() if 0 < recency <= days and not (inside or row.get(f"lines_{days}d"))
    ]:
        problems.append(f"the last order was {recency:,.0f} days ago, yet none in the last {max(empty)}")
    if falls := [pair for pair in pairwise(sorted(windows)) if windows[pair[0]] > windows[pair[1]]]:
        short, long = falls[0]
        problems.append(
            f"{windows[short]:,.0f} orders in the last {short} days, yet {windows[long]:,.0f} in the last {long}"
        )
    if more := [days for days, inside in windows.items() if inside > orders > 0]:
        days = min(more)
        problems.append(f"{windows[days]:,.0f} orders in the last {days} days, and {orders:,.0f} in all")
    return problems
