"""Who moved? Customers in the segments of an earlier day and of today, placed by the same model on both days."""

import numpy as np
import pandas as pd

from patrons.evaluation.metrics import Interval
from patrons.evaluation.shares import wilson
from patrons.features import sample

NEW = "not yet a customer"  # had not ordered on the earlier day
NONE = pd.DataFrame({"from": [], "to": [], "customers": []}).astype({"from": str, "to": str, "customers": int})


def last_day(panel: pd.DataFrame) -> pd.DataFrame:
    """Customers as they were described on the latest earlier day."""
    return panel[panel.as_of == panel.as_of.max()].reset_index(drop=True)


def drawn(before: pd.DataFrame, today: pd.DataFrame) -> pd.Series:
    """Which of today's customers can be compared: all, or of a large log those who were drawn for its panel.

    Parameters
    ----------
    before : DataFrame
        Customers as they were described on the earlier day.
    today : DataFrame
        All customers as they are described today, with `tenure_days`.
    """
    return sample.like(before, today)


def moves(before: pd.Series, after: pd.Series) -> pd.DataFrame:
    """How many customers went from where to where.

    Parameters
    ----------
    before, after : Series of str
        Segment of each customer on the earlier day and today; the index is the customer's id. Customers without a
        segment on either day, because no segment of today is like them, are not counted: nobody knows where they were.

    Returns
    -------
    DataFrame
        `from` (a segment, or `NEW`), `to`, `customers`: one row a pair, pairs without a customer included.
    """
    after = after[~after.index.isin(before.index[before.isna()])].dropna()
    segments = sorted(set(before.dropna()) | set(after))
    pairs = pd.DataFrame({"to": after, "from": before.reindex(after.index).fillna(NEW)})
    every = pd.MultiIndex.from_product([[*segments, NEW], segments], names=["from", "to"])
    return pairs.groupby(["from", "to"]).size().reindex(every, fill_value=0).rename("customers").reset_index()


def matrix(moved: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    """Shares of each row's customers by where they went; rows and columns in `order`, `NEW` last."""
    counts = moved.pivot(index="from", columns="to", values="customers").reindex([*order, NEW])[order]
    return counts[counts.sum(axis=1) > 0].pipe(lambda some: some.div(some.sum(axis=1), axis=0))


def balance(moved: pd.DataFrame) -> pd.DataFrame:
    """What each segment gained and lost, the greatest gain first.

    Returns
    -------
    DataFrame
        Index `segment`; customers `before`, `stayed`, `joined` from other segments, `left` to others, `new`, `after`,
        and `net` = after - before.
    """
    counts = moved.pivot(index="from", columns="to", values="customers")
    known = counts.drop(index=NEW).reindex(counts.columns)
    stayed = pd.Series(np.diag(known), known.index)
    table = pd.DataFrame(
        {
            "before": known.sum(axis=1),
            "stayed": stayed,
            "joined": known.sum(axis=0) - stayed,
            "left": known.sum(axis=1) - stayed,
            "new": counts.loc[NEW],
            "after": counts.sum(axis=0),
        }
    )
    return table.assign(net=table.after - table.before).rename_axis("segment").sort_values("net", ascending=False)


def migrated_share(moved: pd.DataFrame) -> float:
    """Of the customers known on the earlier day, the share that is in another segment today."""
    known = moved[moved["from"] != NEW]
    return float(known.customers[known["from"] != known["to"]].sum() / known.customers.sum())


def steadiest(flows: pd.DataFrame) -> str:
    """The segment that keeps the largest share of its customers; `flows` is what `matrix` returns."""
    kept = {str(name): float(flows.loc[name, name]) for name in flows.index if name != NEW}
    return max(kept, key=kept.__getitem__)


def otherwise(in_time: pd.DataFrame, day: pd.Timestamp) -> Interval | None:
    """Share of customers whom groups made on an earlier day place otherwise, as they were then; None if not known.

    Parameters
    ----------
    in_time : DataFrame
        What `in_time.refits` returned.
    day : Timestamp
        From which movement is counted.
    """
    on_day = in_time[in_time.as_of == day]
    if on_day.empty:
        return None
    low, high = wilson(on_day.otherwise * on_day.customers, on_day.customers)
    return Interval(float(on_day.otherwise.iloc[0]), float(low.iloc[0]), float(high.iloc[0]))


def is_real(moved: pd.DataFrame, otherwise: Interval | None) -> bool:
    """Whether more customers moved than another day's grouping alone explains, beyond both 95% intervals (Wilson)."""
    known = moved[moved["from"] != NEW]
    left = known.customers.where(known["from"] != known["to"], 0).sum()
    low, _ = wilson(pd.Series([left]), pd.Series([known.customers.sum()]))
    return otherwise is not None and bool(low[0] > otherwise.high)
