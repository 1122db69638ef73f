"""Small tables behind the figures on a customer table: what it holds, and how churn differs by attribute."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from patrons.evaluation.shares import rates_by
from patrons.features.preparation import split_kinds

MISSING, OTHER = "missing", "other"
FEW = 12  # different numbers that stand for themselves
BARS = 8  # categories that stand for themselves in a distribution
FAR = (0.005, 0.995)  # quantiles beyond which the end bars of a distribution take all


def churn_rates(table: pd.DataFrame, attributes: Sequence[str], bins: int = 4, most: int = 6) -> pd.DataFrame:
    """Share that churned by value of each attribute, with 95% intervals.

    Parameters
    ----------
    table : DataFrame
        The clean customer table: `churned` and the attributes.
    attributes : sequence of str
    bins : int
        Numbers are cut into so many parts of about equal size; numbers with few different values stand for themselves.
    most : int
        Values of a category that stand for themselves, the most frequent; the rest is "other".

    Returns
    -------
    DataFrame
        `attribute`, `value`, `customers`, `churned` (customers), `rate`, `low`, `high` (shares). Numbers in order,
        categories by falling rate; "other" and "missing" last.
    """
    return pd.concat([_rates(table[name], table.churned, bins, most) for name in attributes], ignore_index=True)


def _rates(values: pd.Series, churned: pd.Series, bins: int, most: int) -> pd.DataFrame:
    numbers = is_numeric_dtype(values)
    parts = _parts(values, bins) if numbers else _frequent(values, most).fillna(MISSING)
    counts = rates_by(churned, parts).rename(columns={"rows": "customers", "positives": "churned"})
    counts = counts.set_axis(counts.index.astype("str"))
    if not numbers:
        named = counts[~counts.index.isin([OTHER, MISSING])].sort_values("rate", ascending=False, kind="stable")
        counts = pd.concat([named, *(counts[counts.index == last] for last in (OTHER, MISSING))])
    counts = counts.rename_axis("value").reset_index()
    counts.insert(0, "attribute", str(values.name))
    return counts


def _parts(values: pd.Series, bins: int) -> pd.Series:
    """Numbers as an ordered category of themselves, or of parts such as `1.5 to 3`; missing last.

    A lowest value that many share, such as a balance of 0, is a part of its own.
    """
    if values.nunique() <= FEW:
        parts = values.astype(pd.CategoricalDtype(sorted(values.dropna().unique()), ordered=True))
        return _with_missing(parts, [f"{value:g}" for value in parts.cat.categories])
    lowest = values == values.min()
    floor = [f"{values.min():g}"] if lowest.mean() >= 1 / bins else []
    rest = values.mask(lowest) if floor else values
    binned: pd.Series = pd.qcut(rest, bins - len(floor), duplicates="drop")
    highs = [part.right for part in binned.cat.categories]
    ranges = _ranges([rest.min(), *highs[:-1]], highs)
    if floor:
        codes = (binned.cat.codes + 1).where(binned.notna(), -1).mask(lowest, 0).to_numpy()
        numbers = pd.Categorical.from_codes(codes, pd.RangeIndex(len(ranges) + 1), ordered=True)
        binned = pd.Series(numbers, values.index)
    return _with_missing(binned, floor + ranges)


def _with_missing(parts: pd.Series, names: list[str]) -> pd.Series:
    return parts.cat.rename_categories(names).cat.add_categories([MISSING]).fillna(MISSING)


def _ranges(lows: Sequence[float], highs: Sequence[float]) -> list[str]:
    """Names such as `1.5 to 3`, with as many digits as it takes to tell the limits apart."""
    for digits in range(3, 17):
        texts = [_short(value, digits) for value in (lows[0], *highs)]
        if len(set(texts)) == len(texts):
            break
    return [f"{low} to {high}" for low, high in pairwise(texts)]


def _short(value: float, digits: int) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 ** (digits - 1) else f"{value:.{digits}g}"


def _frequent(values: pd.Series, most: int) -> pd.Series:
    """The most frequent values as they are, the rest as one, missing ones missing."""
    top = values.value_counts().index[:most]
    return values.where(values.isin(top) | values.isna(), OTHER)


def distributions(table: pd.DataFrame, attributes: Sequence[str], bins: int = 20) -> pd.DataFrame:
    """How the values of each attribute are distributed among customers who stayed and those who churned.

    Returns
    -------
    DataFrame
        `attribute`; `value`: a category or one of few numbers as text, missing for a range; `left`, `right`: limits of
        the bar, in the attribute's unit (where there is a `value`: places from 0); `stayed`, `churned`: share of the
        customers with that outcome and a value. Numbers beyond the quantiles .005 and .995 are in the end bars.
    """
    return pd.concat([_spread(table[name], table.churned, bins) for name in attributes], ignore_index=True)


def _spread(values: pd.Series, churned: pd.Series, bins: int) -> pd.DataFrame:
    known = values.dropna()
    ranges = is_numeric_dtype(values) and known.nunique() > FEW
    codes, edges, names = _binned(known, bins) if ranges else _listed(known)
    outcome = churned[known.index].map({0: "stayed", 1: "churned"}).to_numpy()
    shares = pd.crosstab(codes, outcome, normalize="columns")
    shares = shares.reindex(index=range(len(names)), columns=["stayed", "churned"], fill_value=0.0)
    bars = pd.DataFrame({"attribute": values.name, "value": names, "left": edges[:-1], "right": edges[1:]})
    return bars.astype({"value": "str"}).join(shares)


def _binned(known: pd.Series, bins: int) -> tuple[np.ndarray, np.ndarray, list[None]]:
    """The bar of each value, the limits of the bars, and their names: none."""
    inside = known.clip(*known.quantile(list(FAR)))
    edges = np.histogram_bin_edges(inside, bins)
    return np.clip(np.searchsorted(edges, inside, side="right") - 1, 0, bins - 1), edges, [None] * bins


def _listed(known: pd.Series) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """The same for values that stand for themselves: numbers in order, categories by frequency with the rest last."""
    if is_numeric_dtype(known):
        levels, order = known, sorted(known.unique())
        names = [f"{value:g}" for value in order]
    else:
        levels = _frequent(known, BARS)
        names = order = sorted(levels.value_counts().index, key=lambda value: value == OTHER)
    return pd.Index(order).get_indexer(levels), np.arange(len(order) + 1) - 0.5, names


def overview(table: pd.DataFrame) -> pd.DataFrame:
    """One row per attribute of the clean table, numerical ones first.

    Returns
    -------
    DataFrame
        `attribute`; `missing`: share of customers; `different`: values; `low`, `middle`, `high`: quantiles .05, .5 and
        .95 of numbers; `most frequent`: value of a category with its share.
    """
    attributes = table.drop(columns=["customer_id", "churned", "group"], errors="ignore")
    numerical, categorical = split_kinds(attributes)
    quantiles = attributes[numerical].quantile([0.05, 0.5, 0.95]).T.set_axis(["low", "middle", "high"], axis="columns")
    shares = {name: attributes[name].value_counts(normalize=True) for name in categorical}
    frequent = {name: f"{share.index[0]} ({share.iloc[0]:.0%})" for name, share in shares.items()}
    rows = attributes[[*numerical, *categorical]]
    facts = pd.DataFrame({"missing": rows.isna().mean(), "different": rows.nunique()}).join(quantiles)
    return facts.assign(**{"most frequent": pd.Series(frequent, dtype="str")}).rename_axis("attribute").reset_index()
