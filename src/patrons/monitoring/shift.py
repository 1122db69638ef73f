"""How far customers of now differ from those of then, feature by feature: distance, PSI, missing, new, correlations.

Customers of then carry weights (see `reference`); all that is said of them is weighted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

BINS = 10  # of PSI
DISTANCE, PSI, MISSING, CORRELATION = MEASURES = ("distance", "psi", "missing", "correlation")
NUMBER, CATEGORY = "number", "category"
MOST_NEW = 20  # new categories of a feature that are listed
ONE_VALUE = 1e-4  # standard deviation of ranks, which lie between 0 and 1, below which a column has one value
GRID = 1000  # values of a number that are told apart: a KS distance is right to a thousandth or two
ABSENT = -1  # code of a missing value


@dataclass(frozen=True)
class Pair:
    """Customers of then and of now who may be compared.

    Attributes
    ----------
    then, now : DataFrame
        A row a customer and day; feature columns, and `customer_id` of then.
    weights : ndarray, shape (len(then),)
        What each row of then counts.
    days : list of Timestamp
        Those of then; empty of a table.
    share : float
        Of the customers of now, the share that has a counterpart and is in `now`.
    day : Timestamp or None
        That of now; None of a table.
    kind : str
        How the days of then were chosen (`reference.KINDS`); empty of a table.
    """

    then: pd.DataFrame
    now: pd.DataFrame
    weights: np.ndarray
    days: list[pd.Timestamp] = field(default_factory=list)
    share: float = 1.0
    day: pd.Timestamp | None = None
    kind: str = ""

    @cached_property
    def who(self) -> np.ndarray:
        """The number of the customer of each row of then."""
        return pd.factorize(self.then["customer_id"])[0]

    @cached_property
    def sizes(self) -> tuple[float, float]:
        """Customers that the two sides are worth: (sum of weights)² / sum of squares, a customer's rows as one."""
        total = np.bincount(self.who, self.weights)
        return float(total.sum() ** 2 / np.square(total).sum()), float(len(self.now))


@dataclass(frozen=True)
class Codes:
    """A feature of a pair: for each row the place of its value among all in order, `ABSENT` where it has none."""

    name: str
    kind: str
    then: np.ndarray
    now: np.ndarray
    values: np.ndarray


def coded(pair: Pair, name: str) -> Codes:
    """A feature of a pair as codes."""
    then, now = pair.then[name], pair.now[name]
    if is_numeric_dtype(then) and is_numeric_dtype(now):
        kind, both = NUMBER, pd.Series(np.concatenate([then.to_numpy(float), now.to_numpy(float)]))
    else:
        kind, both = CATEGORY, pd.concat([then, now], ignore_index=True).astype("str")
    codes, found = pd.factorize(both, sort=True)
    values = np.asarray(found)
    if kind == NUMBER and len(values) > GRID:
        codes, values = _merged(codes, values)
    return Codes(name, kind, codes[: len(then)], codes[len(then) :], values)


def _merged(codes: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Neighbouring values as one, so that `GRID` are left with about as many customers each."""
    counts = np.bincount(codes[codes >= 0])
    parts, firsts = np.unique((np.cumsum(counts) - counts) * GRID // counts.sum(), return_inverse=True)
    return np.append(firsts, ABSENT)[codes], values[np.searchsorted(firsts, np.arange(len(parts)))]


def mass(codes: np.ndarray, weights: np.ndarray, values: int) -> tuple[np.ndarray, float]:
    """Shares of those with a value who have each, and the share of all who have none."""
    counts = np.bincount(codes + 1, weights, values + 1)
    present = counts[1:].sum()
    return counts[1:] / max(present, 1e-12), float(counts[0] / counts.sum())


def distance(then: np.ndarray, now: np.ndarray, kind: str) -> float:
    """KS distance of a number, total variation of a category: the most by which the share of any part differs.

    Examples
    --------
    >>> round(distance(np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.5, 0.3]), "number"), 3)
    0.3
    """
    if kind == NUMBER:
        return float(np.abs(np.cumsum(then - now)).max(initial=0.0))
    return float(np.abs(then - now).sum() / 2)


def psi(then: np.ndarray, now: np.ndarray, kind: str, least: float) -> float:
    """Population stability index, sum of (now - then) ln(now / then), over tenths of then or over categories.

    Parameters
    ----------
    least : float
        The share that an empty bin is given, so that the logarithm exists.
    """
    if kind == NUMBER:
        bins = np.minimum((np.cumsum(then) - then / 2) * BINS, BINS - 1).astype(int)
        then, now = np.bincount(bins, then, BINS), np.bincount(bins, now, BINS)
    used = (then > 0) | (now > 0)
    p, q = np.maximum(then[used], least), np.maximum(now[used], least)
    return float(((q - p) * np.log(q / p)).sum())


@dataclass(frozen=True)
class Measured:
    """What weighted rows differ by.

    Attributes
    ----------
    sizes : ndarray, shape (features, 4)
        In the order of `MEASURES`; changes are now - then.
    shares : list of tuple
        Of each feature the shares by value of then and of now, and the share without one of then and of now.
    partners : list of str
        With which number a number's correlation changed most; empty for categories.
    """

    sizes: np.ndarray
    shares: list[tuple[np.ndarray, np.ndarray, float, float]]
    partners: list[str]


def measured(
    codes: Sequence[Codes],
    then: Sequence[np.ndarray],
    now: Sequence[np.ndarray],
    weights: tuple[np.ndarray, np.ndarray],
) -> Measured:
    """What the rows that `then` and `now` give as codes differ by, each row counting what `weights` say."""
    sizes, shares, partners = np.zeros((len(codes), len(MEASURES))), [], [""] * len(codes)
    ranked: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    for row, (one, before, after) in enumerate(zip(codes, then, now, strict=True)):
        p, absent_then = mass(before, weights[0], len(one.values))
        q, absent_now = mass(after, weights[1], len(one.values))
        sizes[row, :3] = distance(p, q, one.kind), psi(p, q, one.kind, 0.5 / len(after)), absent_now - absent_then
        shares.append((p, q, absent_then, absent_now))
        if one.kind == NUMBER:
            ranked[row] = ranks(before, p), ranks(after, q)
    if len(ranked) > 1:
        numbers, change = list(ranked), correlation_change(list(ranked.values()), weights)
        most = np.abs(change).argmax(axis=1)
        sizes[numbers, 3] = change[np.arange(len(numbers)), most]
        for row, other in zip(numbers, most, strict=True):
            partners[row] = codes[numbers[other]].name
    return Measured(sizes, shares, partners)


def ranks(codes: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Where each row stands among its own side, 0 to 1, ties in the middle; missing ones in the middle of all."""
    places = np.append(np.cumsum(shares) - shares / 2, 0.5)  # the last is that of ABSENT
    return places.astype(np.float32)[codes]  # half the time, and digits enough for a correlation


def correlation_change(ranked: Sequence[tuple[np.ndarray, np.ndarray]], weights: tuple[np.ndarray, ...]) -> np.ndarray:
    """By how much the Spearman correlation of each two numbers changed; 0 where either has one value on a side."""
    then, now = (
        correlation(np.column_stack([both[side] for both in ranked]), weight) for side, weight in enumerate(weights)
    )
    change = np.nan_to_num(now - then)
    np.fill_diagonal(change, 0.0)
    return change


def correlation(X: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted correlations of columns, missing where a column has one value."""
    share = (weights / weights.sum()).astype(X.dtype)
    centred = (X - share @ X) * np.sqrt(share)[:, None]
    covariance = centred.T @ centred
    scale = np.sqrt(np.diag(covariance))
    scale[scale < ONE_VALUE] = np.nan
    return np.asarray(covariance / np.outer(scale, scale))


def features(pair: Pair, codes: Sequence[Codes]) -> pd.DataFrame:
    """How far each feature differs.

    Returns
    -------
    DataFrame
        A row a feature, which is the index: `kind`; `distance` (KS of numbers, total variation of categories, 0 to 1,
        of those who have a value), `psi`, `missing` (share of customers without a value, now - then), `correlation`
        (the largest change of a Spearman correlation with another number), `partner` (with which), `missing_then`,
        `missing_now`, `new` (categories that nobody had then) and `new_share` (of all customers of now).
    """
    weights = pair.weights, np.ones(len(pair.now))
    found = measured(codes, [one.then for one in codes], [one.now for one in codes], weights)
    rows = []
    for one, partner, (p, q, absent_then, absent_now) in zip(codes, found.partners, found.shares, strict=True):
        new = np.flatnonzero((p == 0) & (q > 0)) if one.kind == CATEGORY else np.array([], int)
        names = [str(one.values[place]) for place in new[np.argsort(-q[new])][:MOST_NEW]]
        rows.append((one.kind, partner, absent_then, absent_now, names, float(q[new].sum() * (1 - absent_now))))
    index = pd.Index([one.name for one in codes], name="feature")
    columns = ["kind", "partner", "missing_then", "missing_now", "new", "new_share"]
    return pd.DataFrame(found.sizes, index, list(MEASURES)).join(pd.DataFrame(rows, index, columns))
