"""What the models say of a customer who orders nothing for longer: every feature moves along, as in the shop."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pandas as pd

from patrons.btyd.bgnbd import Fitted
from patrons.engine import connect
from patrons.scoring import incoming
from patrons.scoring.rows import Feature
from patrons.scoring.scorer import Scorer

WINDOW = re.compile(r"orders_(\d+)d")
AHEAD = (0, 15, 30, 60, 90, 120, 180, 270, 365)  # days


def goes_on(
    scorer: Scorer,
    lines: pd.DataFrame,
    returns: pd.DataFrame,
    known: Mapping[str, Any],
    today: date,
    ahead: Sequence[int] = AHEAD,
) -> pd.DataFrame:
    """Score a customer as of today and of later days, with no order in between.

    Parameters
    ----------
    scorer : Scorer
        Of an order log.
    lines, returns : DataFrame
        The customer's clean order lines, and those of cancellations.
    known : mapping
        The customer's features today; attributes are taken from it.
    today : date
        The day on which customers were described.
    ahead : sequence of int
        Days from today on.

    Returns
    -------
    DataFrame
        `days` from today on, and `scoring.COLUMNS`; a row each of `ahead`.
    """
    made, fitted = scorer.manifest["parameters"]["02_transformation"], scorer.manifest["lifetime"]
    days = [today + timedelta(days=more) for more in ahead]
    told = (made, set(scorer.manifest["groups"]), fitted and Fitted(*fitted))
    own = connect().create_table("lines", lines, temp=True)  # a database of its own: the app asks from several threads
    table = incoming.on_days(own, returns, days, *told)
    lacking = {one.name: known.get(one.name) for one in scorer.features if one.name not in table}
    return scorer.score_rows(table.assign(**lacking)).assign(days=list(ahead))


def impossible(row: Mapping[str, Any], features: Sequence[Feature]) -> list[str]:
    """Why no customer can be as a row says, in words: values of single features that contradict each other."""
    quiet, orders, age = (row.get(name) or 0 for name in ("recency_days", "frequency", "tenure_days"))
    windows = {int(found[1]): row.get(found[0]) or 0 for one in features if (found := WINDOW.fullmatch(one.name))}
    said = []
    if quiet > age > 0:
        said.append(f"the last order lies {quiet:,.0f} days back, the first only {age:,.0f}")
    if outside := [days for days, inside in windows.items() if inside and quiet > days]:
        days = max(outside)
        said.append(f"no order for {quiet:,.0f} days, yet {windows[days]:,.0f} in the last {days}")
    if empty := [
        days for days, inside in windows.items() if 0 < quiet <= days and not (inside or row.get(f"lines_{days}d"))
    ]:
        said.append(f"the last order lies {quiet:,.0f} days back, yet none in the last {max(empty)}")
    if falls := [pair for pair in pairwise(sorted(windows)) if windows[pair[0]] > windows[pair[1]]]:
        short, long = falls[0]
        said.append(
            f"{windows[short]:,.0f} orders in the last {short} days, yet {windows[long]:,.0f} in the last {long}"
        )
    if more := [days for days, inside in windows.items() if inside > orders > 0]:
        days = min(more)
        said.append(f"{windows[days]:,.0f} orders in the last {days} days, and {orders:,.0f} in all")
    return said
