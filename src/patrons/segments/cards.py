"""What each segment is: a card with size, revenue, the typical member, what sets it apart, and whom it lost earlier."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from patrons.evaluation.medians import median_interval, median_text
from patrons.evaluation.metrics import Interval
from patrons.evaluation.shares import rates_by
from patrons.features.panel import RFM
from patrons.segments.names import ADVICE
from patrons.segments.table import differences

MOST = 3  # features that are said to set a segment apart
COMPARED = 20_000  # rows above which correlations are measured on the first ones


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
    medians = {name: _medians(grouped[name]) for name in RFM}
    table = table.join(grouped[list(RFM)].mean().add_suffix("_mean")).join(list(medians.values()))
    return table.join(ADVICE).sort_values("revenue", ascending=False)


def _medians(grouped: "pd.api.typing.SeriesGroupBy") -> pd.DataFrame:
    found = {name: median_interval(values.to_numpy()) for name, values in grouped}
    columns = [f"{grouped.obj.name}_{part}" for part in ("median", "low", "high")]
    return pd.DataFrame.from_dict(found, orient="index", columns=columns)


def medians(cards: pd.DataFrame, currency: str) -> pd.DataFrame:
    """The medians of `cards` to be read, such as "12 (10 to 14)"; index `segment`."""
    called = ("days since the last order", "orders", f"spent, {currency}")
    said = {
        shown: [
            median_text(Interval(*row), "{:,.0f}".format)
            for row in cards[[f"{name}_{part}" for part in ("median", "low", "high")]].to_numpy()
        ]
        for name, shown in zip(RFM, called, strict=True)
    }
    return pd.DataFrame(said, index=cards.index)


def set_apart(
    features: pd.DataFrame, segment: pd.Series, grouped_by: Sequence[str], dictionary: pd.DataFrame
) -> pd.DataFrame:
    """What sets a segment apart from all other customers, beyond the features that it was made from.

    A feature that goes along with one that groups were sought in, or with one named before, says less: its difference
    counts the less, the more the two correlate.

    Parameters
    ----------
    features : DataFrame
        Numbers, one row a customer, those of `grouped_by` included.
    segment : Series of str
    grouped_by : sequence of str
        Features that groups were sought in.
    dictionary : DataFrame
        `feature`, `meaning` and `unit` of each.

    Returns
    -------
    DataFrame
        Up to `MOST` rows a segment: `segment`, `feature`, `meaning` (with unit), `difference` in standard deviations of
        ranks, means `here` and `elsewhere`.
    """
    codes, names = pd.factorize(segment.to_numpy(), sort=True)
    apart = differences(features, codes).rename(index=dict(enumerate(names)))
    alike = features.head(COMPARED).corr("spearman").abs().fillna(0.0).round(6)
    words = dictionary.set_index("feature")
    rows = [
        {"segment": name, "feature": one, "meaning": _meaning(words, one), "difference": apart.loc[name, one]}
        | _means_of(features[one], segment.to_numpy() == name)
        for name in names
        for one in _telling(apart.loc[name], alike, list(grouped_by))
    ]
    return pd.DataFrame(rows)


def _telling(apart: pd.Series, alike: pd.DataFrame, known: list[str]) -> list[str]:
    said = list(known)
    while len(said) < min(len(known) + MOST, len(apart)):
        rest = [name for name in apart.index if name not in said]
        said.append((apart[rest].abs() * (1 - alike.loc[rest, said].max(axis="columns"))).idxmax())
    return said[len(known) :]


def _meaning(words: pd.DataFrame, feature: str) -> str:
    if feature not in words.index:
        return feature.replace("_", " ")
    meaning = words.meaning[feature].split(";")[0]
    return f"{feature.replace('_', ' ')}: {meaning} ({words.unit[feature]})"


def _means_of(values: pd.Series, inside: np.ndarray) -> dict[str, float]:
    return {"here": float(values[inside].mean()), "elsewhere": float(values[~inside].mean())}


def in_words(apart: pd.DataFrame) -> pd.Series:
    """One line a segment of what sets it apart, such as "high order lines, low price paid"."""
    said = apart.feature.str.replace("_", " ")
    lines = np.where(apart.difference > 0, "high ", "low ") + said
    return lines.groupby(apart.segment).agg(", ".join).rename("set_apart")


def earlier_churn(segment: pd.Series, churned: pd.Series) -> pd.DataFrame:
    """Of the customers whom an earlier day finds in each segment, the share that did not order within the horizon.

    Returns
    -------
    DataFrame
        Index `segment`; `earlier_customers`, `churn_rate` and its 95% interval `churn_low`, `churn_high` (Wilson).
    """
    rates = rates_by(churned, segment.to_numpy()).drop(columns="positives").rename_axis("segment")
    return rates.set_axis(["earlier_customers", "churn_rate", "churn_low", "churn_high"], axis="columns")


def standardised(features: pd.DataFrame, segment: pd.Series) -> pd.DataFrame:
    """The profile of each segment: mean rank of its members in standard deviations from that of the others."""
    codes, names = pd.factorize(segment.to_numpy(), sort=True)
    return differences(features, codes).rename(index=dict(enumerate(names)))
