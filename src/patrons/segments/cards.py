"""A card for each segment of an order log: size, revenue, the typical member, what to do, and whom it lost earlier."""

import pandas as pd

from patrons.evaluation.medians import median_interval, median_text
from patrons.evaluation.metrics import Interval
from patrons.evaluation.shares import rates_by
from patrons.features.panel import RFM
from patrons.segments.names import ADVICE

PARTS = ("median", "low", "high")


def rfm_of(customers: pd.DataFrame) -> pd.DataFrame:
    """Recency (days), frequency (orders) and monetary (currency) of each customer."""
    return customers[list(RFM)]


def cards(rfm: pd.DataFrame, segment: pd.Series) -> pd.DataFrame:
    """Size, revenue and typical member: one row a segment, the one with most revenue first.

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
        of recency (days), frequency (orders) and monetary (currency), the medians with their 95% interval (`_low`,
        `_high`; missing for fewer than six customers), the suggested `action`, `contact`: what to do with one who is
        contacted, and `against`: what would contradict the action.
    """
    grouped = rfm.assign(segment=segment.to_numpy()).groupby("segment")
    table = grouped.agg(customers=("monetary", "size"), revenue=("monetary", "sum"))
    table.insert(1, "share", table.customers / table.customers.sum())
    table.insert(3, "revenue_share", table.revenue / table.revenue.sum())
    intervals = pd.concat([_medians(rfm[name], segment) for name in RFM], axis="columns")
    table = table.join(grouped[list(RFM)].mean().add_suffix("_mean")).join(intervals)
    return table.join(ADVICE).sort_values("revenue", ascending=False)


def _medians(values: pd.Series, segment: pd.Series) -> pd.DataFrame:
    intervals = {name: median_interval(own.to_numpy()) for name, own in values.groupby(segment.to_numpy())}
    return pd.DataFrame.from_dict(intervals, orient="index", columns=[f"{values.name}_{part}" for part in PARTS])


def averages(currency: str) -> dict[str, str]:
    """Columns of the means of `cards`, and what they are called, with unit."""
    titles = ("days since the last order", "orders", f"spent, {currency}")
    return {f"{name}_mean": title for name, title in zip(RFM, titles, strict=True)}


def medians(cards: pd.DataFrame, currency: str) -> pd.DataFrame:
    """The medians of `cards` to be read, such as "12 (10 to 14)"; index `segment`."""
    texts = {
        title: [
            median_text(Interval(*row), "{:,.0f}".format) for row in cards[[f"{name}_{p}" for p in PARTS]].to_numpy()
        ]
        for name, title in zip(RFM, averages(currency).values(), strict=True)
    }
    return pd.DataFrame(texts, index=cards.index)


def earlier_churn(segment: pd.Series, churned: pd.Series) -> pd.DataFrame:
    """Of the customers who were in each segment on an earlier day, the share without an order in the horizon after it.

    Returns
    -------
    DataFrame
        Index `segment`; `earlier_customers`, `churn_rate` and its interval `churn_low`, `churn_high` (Wilson, 95% for
        all segments at once, as they will be compared).
    """
    rates = rates_by(churned, segment.to_numpy(), at_once=True).drop(columns="positives").rename_axis("segment")
    return rates.set_axis(["earlier_customers", "churn_rate", "churn_low", "churn_high"], axis="columns")


def advice(cards: pd.DataFrame, days: int) -> pd.DataFrame:
    """The suggestions of `cards` joined with `earlier_churn`, to be shown."""
    table = cards[["churn_rate", "churn_low", "churn_high", "action", "against"]].reset_index()
    return table.set_axis(["segment", f"silent in {days} days", "from", "to", "suggestion", "wrong if"], axis="columns")
