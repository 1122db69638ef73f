"""Who are these groups, in business words? Names from measured values, never from a cluster's number."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment


class Profile(NamedTuple):
    """A segment that the field has a word for, as positions among all customers from 0 (worst) to 1 (best)."""

    name: str
    recency: float  # 1: bought most recently
    frequency: float  # 1: most orders
    monetary: float  # 1: spent most
    action: str


PROFILES = (
    Profile("Champions", 0.85, 0.90, 0.90, "thank them, show them new things first, never discount"),
    Profile("Loyal", 0.70, 0.72, 0.70, "reward the habit, offer what goes with what they buy"),
    Profile("Promising", 0.72, 0.45, 0.45, "bring about the next order while they remember the last"),
    Profile("New", 0.80, 0.18, 0.20, "welcome them, make the second order easy"),
    Profile("Big baskets", 0.50, 0.40, 0.80, "ask what the order was for, invite a repeat at its season"),
    Profile("Small and often", 0.60, 0.70, 0.42, "suggest larger baskets, a threshold for free delivery"),
    Profile("Needs attention", 0.48, 0.50, 0.50, "remind them with what they bought before"),
    Profile("At risk", 0.25, 0.65, 0.65, "call or write personally, find out what went wrong"),
    Profile("Cannot lose", 0.15, 0.88, 0.90, "win back at once: few of them are worth much"),
    Profile("About to sleep", 0.40, 0.25, 0.25, "one cheap reminder, then let them rest"),
    Profile("Hibernating", 0.20, 0.25, 0.25, "contact only at their season"),
    Profile("Lost", 0.08, 0.15, 0.12, "spend nothing on them"),
)


class SegmentsError(ValueError):
    """A grouping that cannot be named."""


def positions(rfm: pd.DataFrame, labels: np.ndarray) -> pd.DataFrame:
    """Where each group's median customer stands among all customers.

    Parameters
    ----------
    rfm : DataFrame
        `recency_days`, `frequency` and `monetary`, one row a customer.
    labels : array of int
        Group of each row.

    Returns
    -------
    DataFrame
        One row a group; `recency`, `frequency`, `monetary` from 0 (worst) to 1 (best): the mean rank of a customer with
        the group's median. Ranks do not change with the currency.
    """
    ranked = pd.DataFrame(
        {
            "recency": rfm.recency_days.rank(ascending=False, pct=True),
            "frequency": rfm.frequency.rank(pct=True),
            "monetary": rfm.monetary.rank(pct=True),
        }
    )
    return ranked.groupby(np.asarray(labels)).median()


def name_groups(rfm: pd.DataFrame, labels: np.ndarray) -> dict[int, str]:
    """A unique name for each group: the profiles that are closest to the groups in all, each used once.

    Least total squared distance (Kuhn, The Hungarian method, 1955), so a renumbering of the groups renames none.
    """
    measured = positions(rfm, labels)
    if len(measured) > len(PROFILES):
        raise SegmentsError(f"{len(measured)} groups, but names for {len(PROFILES)}. Lower k_max.")
    ideals = np.array([profile[1:4] for profile in PROFILES])
    distance = ((measured.to_numpy()[:, None, :] - ideals[None, :, :]) ** 2).sum(axis=2)
    groups, profiles = linear_sum_assignment(distance)
    return {int(measured.index[g]): PROFILES[p].name for g, p in zip(groups, profiles, strict=True)}


def cards(rfm: pd.DataFrame, segment: pd.Series) -> pd.DataFrame:
    """What each segment is: one row a segment, the one with most revenue first.

    Parameters
    ----------
    rfm : DataFrame
        `recency_days`, `frequency` and `monetary`, one row a customer.
    segment : Series of str
        Segment name of each row.

    Returns
    -------
    DataFrame
        Index `segment`; `customers`, `share` (of customers), `revenue` (currency), `revenue_share`, means and medians
        of recency (days), frequency (orders) and monetary (currency), and the suggested `action`.
    """
    table = (
        rfm.assign(segment=segment.to_numpy())
        .groupby("segment")
        .agg(
            customers=("monetary", "size"),
            revenue=("monetary", "sum"),
            **{f"{name}_mean": (name, "mean") for name in ("recency_days", "frequency", "monetary")},
            **{f"{name}_median": (name, "median") for name in ("recency_days", "frequency", "monetary")},
        )
    )
    table.insert(1, "share", table.customers / table.customers.sum())
    table.insert(3, "revenue_share", table.revenue / table.revenue.sum())
    actions = {profile.name: profile.action for profile in PROFILES}
    return table.assign(action=table.index.map(actions)).sort_values("revenue", ascending=False)
