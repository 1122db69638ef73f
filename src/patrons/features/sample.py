"""Which customers stand in the panel of a log that is too large to describe everyone on every day.

They are drawn by a hash of their id: who is in does not depend on the order of lines, on who else there is, or on the
day it is drawn, and the same customers are in on all days.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import ibis
import numpy as np
import pandas as pd
from ibis import Table, _

from patrons.evaluation.samples import places


class Sample(NamedTuple):
    """The lines of those who stand in the panel, how many these are, and of how many; the panel's rows if all did."""

    lines: Table
    customers: int
    of: int
    rows: int


def drawn(lines: Table, days: Sequence[date], most: int) -> Sample:
    """The lines of as many customers as have `most` rows in a panel of some days; all lines where all have no more.

    Parameters
    ----------
    lines : Table
        Clean order lines.
    days : sequence of date
        Days of the panel; a customer has a row on each that lies after the first order.
    most : int
    """
    firsts = lines.group_by("customer_id").agg(first=_.ordered_at.min()).to_pandas()
    before = np.searchsorted(pd.DatetimeIndex(sorted(days)), firsts["first"], side="right")
    rows = len(days) - before
    if rows.sum() <= most:
        return Sample(lines, len(firsts), len(firsts), int(rows.sum()))
    order = np.argsort(places(firsts.customer_id), kind="stable")
    chosen = firsts.customer_id.iloc[order[: np.searchsorted(rows[order].cumsum(), most, side="right")]]
    own = lines.semi_join(ibis.memtable(chosen.to_frame()), "customer_id")
    return Sample(own, len(chosen), len(firsts), int(rows.sum()))


def like(panel: pd.DataFrame, today: pd.DataFrame) -> pd.Series:
    """Whether each of today's customers was drawn for the panel, or would have been; True for all where all were.

    Parameters
    ----------
    panel : DataFrame
        Customers on earlier days.
    today : DataFrame
        All customers, with `tenure_days`.

    Notes
    -----
    Who had ordered before the panel's last day and is not in it was not drawn. Those who came later would have been
    where their place is at most the highest one in the panel.
    """
    since = (today.as_of.max() - panel.as_of.max()).days
    known = today.customer_id.isin(panel.customer_id)
    if (known | (today.tenure_days <= since)).all():
        return pd.Series(True, today.index)
    return pd.Series(places(today.customer_id) <= places(panel.customer_id.drop_duplicates()).max(), today.index)
