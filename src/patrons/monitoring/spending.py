"""Did forecasts of spend come true? Totals of matured days, and groups of customers within their interval."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from patrons.evaluation import scores
from patrons.evaluation.metrics import Interval
from patrons.evaluation.scores import MISSING
from patrons.monitoring.matured import REPEATS, SAMPLE, by_day, moved

FEWEST = 20  # customers of a group, whose mean spend says something
COLUMNS = (
    "day", "origin", "customers", "expected", "spent", "relative_error", "relative_error_low", "relative_error_high",
    "groups", "inside", "coverage",
)  # fmt: skip


def of_days(scored: pd.DataFrame, spread: Mapping[str, Sequence[float]] | None = None) -> pd.DataFrame:
    """What all customers of a day were expected to spend and did, a row for each day and origin whose spend is known.

    An interval of 07 is that of the *mean* spend of customers with such a forecast, not of one customer. So its
    coverage is the share of groups by forecast whose mean spend lay in their interval, of groups with `FEWEST`
    customers or more. What a period does moves all groups together, so ten groups of one day are not ten trials.

    Parameters
    ----------
    scored : DataFrame
        A scored frame (see `matured`) with `expected_spend` and `spend` (currency, over the horizon of values).
    spread : mapping, optional
        ``spread`` of the release's ``value.json``: `edges` between groups by forecast, and `low` and `high`, by which
        their forecasts are multiplied. Without it coverage is missing.

    Returns
    -------
    DataFrame
        `day`, `origin`, `customers`; `expected` and `spent` (totals, currency); `relative_error` (expected over spent,
        less 1: above 0 too much was expected) with its 95% interval over customers, missing where nothing was spent;
        `groups`, `inside` (groups whose mean spend lay in the interval), `coverage` (the one over the other).
    """
    if not {"expected_spend", "spend"} <= {*scored}:
        return pd.DataFrame(columns=list(COLUMNS))
    known = scored[scored.expected_spend.notna() & scored.spend.notna()]
    rows = []
    for day, origin, part in by_day(known):
        expected, spent = (part[name].to_numpy(float) for name in ("expected_spend", "spend"))
        rows.append((day, origin, *_of_day(expected, spent, spread)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _of_day(expected: np.ndarray, spent: np.ndarray, spread: Mapping[str, Sequence[float]] | None) -> tuple[float, ...]:
    error = _relative_error(spent, expected)
    groups, inside = _inside(expected, spent, spread) if spread else (0, 0)
    coverage = inside / groups if groups else np.nan
    return len(spent), expected.sum(), spent.sum(), *error, groups, inside, coverage


def _relative_error(spent: np.ndarray, expected: np.ndarray) -> Interval:
    """Expected over spent totals, less 1; of many customers the width is told from `SAMPLE` of them."""
    if spent.sum() <= 0:
        return MISSING
    few = np.random.default_rng(0).permutation(len(spent))[:SAMPLE]
    told = scores.intervals({"": _ratio}, spent[few], expected[few], REPEATS)[""]
    return moved(told, float(expected.sum() / spent.sum() - 1), np.sqrt(len(few) / len(spent)))


def _ratio(spent: np.ndarray, expected: np.ndarray, weights: np.ndarray) -> np.ndarray:
    total = weights @ spent
    return (weights @ expected) / np.where(total > 0, total, np.nan) - 1


def _inside(expected: np.ndarray, spent: np.ndarray, spread: Mapping[str, Sequence[float]]) -> tuple[int, int]:
    """Groups with enough customers, and those of them whose mean spend lay in the interval of their mean forecast."""
    edges, low, high = (np.asarray(spread[name], float) for name in ("edges", "low", "high"))
    group = np.searchsorted(edges, expected, side="right")
    sizes, forecast, came = (np.bincount(group, w, minlength=len(low)) for w in (None, expected, spent))
    enough = sizes >= FEWEST
    inside = (low * forecast <= came) & (came <= high * forecast)
    return int(enough.sum()), int((inside & enough).sum())
