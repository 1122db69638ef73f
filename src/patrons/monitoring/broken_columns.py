"""Columns that are gone, empty, in another unit or named otherwise, and ids of nobody who was known."""

import re
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from patrons.errors import closest
from patrons.monitoring.facts import Facts
from patrons.scoring.drift import Learnt
from patrons.scoring.rows import describe

COLUMN, EMPTY, UNIT, CATEGORY, IDS, DATES, CUT = KINDS = ("column", "empty", "unit", "category", "ids", "dates", "cut")
ENOUGH = 100  # customers on either side from which shares and quantiles say something
HAD_VALUE, HAS_VALUE = 0.05, 0.01  # shares of customers with a value: that had to be, that is none
VARIED = 0.9  # share of the most frequent value up to which a column said something
FACTORS = (10, 100, 1000, 1e6, 1.609344, 2.204623, 2.54, 3.28084, 4.546092, 7, 12, 24, 30.4375, 52.1775, 60, 365.25)
LARGE = 10  # factor from which a shape may be a little different
NEAR, NEAR_LARGE = 0.05, 0.25  # of a logarithm: how near a factor must be
SHAPE, SHAPE_LARGE = 0.06, 0.5  # of a logarithm: between the quantiles that moved most and least, beside chance
MOST_CHANCE = 0.03  # of a logarithm: beyond it too few customers are known to tell a small factor
QUANTILES = np.arange(0.1, 0.91, 0.05)
PART = 0.05  # share of customers far beyond anything that was learnt from which on a part has another unit
MADE, BY_PARAMETERS = "interactions", "left out by the parameters"  # as the dictionary and 01 have it
OF_A_LINE = ("basket", "price")  # groups of a log's features that do not grow with it
RENAMED, SPELT = 0.05, 0.01  # shares of customers: of a category that vanished, of another spelling
ALIKE = 0.25  # by how much two shares may differ, of the larger
MOSTLY = 0.5  # of the ids, from which on they are told to be the same but for how they are written
FEW_IDS, KNOWN_IDS = 10, 0.1  # ids that must be known, and the share that must be there again


class Broken(NamedTuple):
    """What is broken in data.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    sentence : str
        What is wrong, what was found, what to do.
    """

    kind: str
    sentence: str


def columns(then: Facts, now: Facts) -> list[Broken]:
    """What is wrong with single columns.

    Of a log only what the source brings is looked at, as other features follow from settings or grow with the log.
    """
    if not (then.is_log and now.is_log):
        every = [name for name in map(str, then.rows) if then.groups.get(name) != MADE]
        return [
            one for name in every if (one := _column(then, now, name) if name in now.rows else _gone(then, now, name))
        ]
    both = [name for name in map(str, then.rows) if name in now.rows]
    attributes = [_column(then, now, name) for name in both if then.groups.get(name) == "attributes"]
    lines = [_column(then, now, name) for name in both if then.groups.get(name) in OF_A_LINE]
    units = [one for one in lines if one and one.kind == UNIT][:1]  # one sentence for all that follow from a price
    return [*filter(None, attributes), *units]


def _gone(then: Facts, now: Facts, name: str) -> Broken | None:
    if reason := now.aside.get(name, ""):
        if reason == BY_PARAMETERS:
            return None
        return Broken(
            COLUMN,
            f"The column {name!r} cannot be used any more ({reason}), and {then.whose} learnt from it. Correct the "
            "export, or leave it out by the parameters (ignore).",
        )
    meant = closest(name, (str(other) for other in now.rows if other not in then.rows))
    hint = f"; did you mean {name!r} by {meant!r}?" if meant else "."
    return Broken(
        COLUMN, f"The column {name!r} is gone, and {then.whose} learnt from it. Bring it under this name{hint}"
    )


def _column(then: Facts, now: Facts, name: str) -> Broken | None:
    before, after = then.rows[name], now.rows[name]
    if found := _empty(name, before, after, then):
        return found
    if min(before.count(), after.count()) < ENOUGH:
        return None
    if is_numeric_dtype(before) != is_numeric_dtype(after):
        return _otherwise(name, after)
    if is_numeric_dtype(before):
        return _unit(name, before, after, then)
    return _category(name, before.dropna().astype(str), after.dropna().astype(str), then)


def _empty(name: str, before: pd.Series, after: pd.Series, then: Facts) -> Broken | None:
    """A column without any value, or with one value only."""
    if before.notna().mean() >= HAD_VALUE and after.notna().mean() < HAS_VALUE:
        return Broken(
            EMPTY,
            f"{name} has no value for {after.isna().mean():.0%} of customers; {then.whose} had one for "
            f"{before.notna().mean():.0%}. Correct the export.",
        )
    if min(before.count(), after.count()) < ENOUGH or after.nunique() > 1:
        return None
    if before.value_counts(normalize=True).iloc[0] > VARIED:
        return None
    return Broken(
        EMPTY,
        f"{name} is {after.dropna().iloc[0]!r} for every customer; {then.whose} knew {before.nunique():,} values. "
        "Correct the export.",
    )


def _otherwise(name: str, after: pd.Series) -> Broken:
    """Numbers that came as text, or text as numbers."""
    numbers = is_numeric_dtype(after)
    was, is_now, parameter = ("text", "numbers", "categorical") if numbers else ("numbers", "text", "numerical")
    return Broken(
        COLUMN,
        f"{name} was {was} and now is {is_now}, such as {after.dropna().iloc[0]!r}. Correct the export, or say how to "
        f"read it (parameters {parameter}, decimal).",
    )


def factor(before: np.ndarray, after: np.ndarray, chance: float = 0.0) -> float | None:
    """The factor between two units by which quantiles moved while their shape stayed; below 1 where they shrank.

    Parameters
    ----------
    before, after : ndarray
        The same quantiles then and now. Those that are 0 or less say nothing.
    chance : float
        The standard error of a mean of the logarithms, by which quantiles differ anyway.

    Returns
    -------
    float or None
        One of `FACTORS` or 1 over it, None where none fits.

    Examples
    --------
    >>> factor(np.arange(1.0, 10), 100 * np.arange(1.0, 10))
    100.0
    """
    usable = (before > 0) & (after > 0)
    if usable.sum() < len(before) / 2 or len(np.unique(before[usable])) < 3:
        return None
    logs = np.log(after[usable] / before[usable])
    middle, width = float(np.median(logs)), float(np.ptp(logs))
    nearest = min(FACTORS, key=lambda each: abs(abs(middle) - np.log(each)))
    near, shape = (NEAR_LARGE, SHAPE_LARGE) if nearest >= LARGE else (NEAR, SHAPE + 4 * chance)
    if nearest < LARGE and chance > MOST_CHANCE:
        return None
    if abs(abs(middle) - np.log(nearest)) > near or width > shape:
        return None
    return float(nearest if middle > 0 else 1 / nearest)


def times(value: float) -> str:
    """A factor in words, up to what it is compared with.

    Examples
    --------
    >>> times(100.0), times(1 / 1.609344)
    ('100 times as large as', '1.609 times smaller than')
    """
    return f"{value:,.4g} times as large as" if value > 1 else f"{1 / value:,.4g} times smaller than"


def _unit(name: str, before: pd.Series, after: pd.Series, then: Facts) -> Broken | None:
    q_then, q_now = (side.dropna().astype(float).quantile(QUANTILES).to_numpy() for side in (before, after))
    spread = float(np.log(before[before > 0].astype(float)).std())
    found = factor(q_then, q_now, spread * np.sqrt(1 / before.count() + 1 / after.count()))
    if found:
        return Broken(
            UNIT,
            f"{name} is in another unit: its values are {times(found)} those of {then.whose} (median "
            f"{after.median():,.4g}, then {before.median():,.4g}). Give it in the unit of before.",
        )
    return None if then.is_log else _part(name, before, after, then)


def _part(name: str, before: pd.Series, after: pd.Series, then: Facts) -> Broken | None:
    """A part of the customers in another unit: far beyond what was learnt, and a power of ten away from its median."""
    far = after[Learnt(describe(before.to_frame(), [name], pd.DataFrame())).alone[name].misses(after.to_numpy(float))]
    if len(far) < PART * after.count() or not before.median() > 0:
        return None
    ratio = np.log10(far.median() / before.median())
    if round(ratio) < 1 or abs(ratio - round(ratio)) > NEAR_LARGE:
        return None
    return Broken(
        UNIT,
        f"{name} is in another unit for {len(far) / len(after):.0%} of customers: their median is {far.median():,.4g}, "
        f"that of {then.whose} {before.median():,.4g}. Give all in the unit of before.",
    )


def _category(name: str, before: pd.Series, after: pd.Series, then: Facts) -> Broken | None:
    shares, now = before.value_counts(normalize=True), after.value_counts(normalize=True)
    unknown = now[~now.index.isin(shares.index)]
    plain = {_plain(known): known for known in shares.index}
    for value, share in unknown[unknown >= SPELT].items():
        if known := plain.get(_plain(str(value))):
            return Broken(
                CATEGORY,
                f"{name}: {share:.0%} of customers have {value!r}, which {then.whose} knew as {known!r}. Spell it as "
                "before.",
            )
    vanished = shares[(shares >= RENAMED) & ~shares.index.isin(now.index)]
    for known, share in vanished.items():
        alike = unknown[abs(unknown - share) <= ALIKE * np.maximum(unknown, share)]
        if len(alike):
            return Broken(
                CATEGORY,
                f"{name}: {known!r} ({share:.0%} of customers then) is gone, and {alike.index[0]!r} "
                f"({alike.iloc[0]:.0%} now) is new. If it was renamed, name it as before.",
            )
    return None


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())


def ids(then: Facts, now: Facts) -> list[Broken]:
    """Whether almost nobody of then is there any more."""
    known = then.customers.customer_id
    if len(known) < FEW_IDS or not len(now.customers):
        return []
    there = float(known.isin(now.customers.customer_id).mean())
    if there >= KNOWN_IDS:
        return []
    bare = _bare(known).isin(set(_bare(now.customers.customer_id))).mean()
    hint = f"Ids are such as {now.customers.customer_id.iloc[0]!r}, before {known.iloc[0]!r}. Write them as before."
    if bare >= MOSTLY:
        hint = "Without leading zeros, blanks and case they are: write ids as before."
    return [Broken(IDS, f"Of {len(known):,} customers of {then.whose}, {there:.0%} are there any more. {hint}")]


def _bare(values: Iterable[str]) -> pd.Series:
    text = pd.Series(list(values), dtype=str).str.strip().str.casefold()
    return text.str.replace(r"\.0$", "", regex=True).str.lstrip("0")
