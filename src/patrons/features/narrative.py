"""Sentences of 02: how many features there are, who today's customers are, who churned, what preparation changes."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from patrons.features.panel import OUTCOME
from patrons.features.rates import latest
from patrons.lexicon import word

MOST = 0.8  # share of the variance that counts as nearly all


def counted(groups: pd.DataFrame, with_returns: bool) -> str:
    """How many features describe a customer; `groups` has a row each with the number of its `features`."""
    sentence = f"Each customer is described by {groups.features.sum()} features in {len(groups)} groups."
    return sentence if with_returns else f"{sentence} The log marks no cancellations, so returns are not among them."


def customers(today: pd.DataFrame, known: int) -> str:
    """How many of the `known` customers are described, and how many are new or have been silent for long."""
    others = known - len(today)
    gone = f" {others:,} more cancelled all that they ordered." if others > 0 else ""
    return (
        f"{len(today):,} customers are described.{gone} {(today.frequency == 1).mean():.0%} of those described have "
        f"ordered once, and half have been silent for more than {today.recency_days.median():.0f} days."
    )


def latest_churn(rates: pd.DataFrame, horizon_days: int) -> str:
    """What share of the active customers of the last day of the panel did not order again: a title.

    Parameters
    ----------
    rates : DataFrame
        Of `rates.by_day`.
    """
    last = latest(rates, "active_churned")
    if last is None:
        return f"On no day that was looked at had anyone ordered in the {horizon_days} days before"
    return (
        f"{last.active_churned:.0%} of recent buyers, who had ordered in the {horizon_days} days before "
        f"{pd.Timestamp(last.as_of).date()}, did not order in the {horizon_days} days after"
    )


def churn(rates: pd.DataFrame, horizon_days: int) -> str:
    """The same as sentences: how much it varied, who came back later, and what the share of everyone says."""
    active, several = rates.active_churned.dropna(), ""
    if len(active) > 1:
        several = f"Over all {len(active)} days that were looked at, it was {active.min():.0%} to {active.max():.0%}."
    everyone = (
        f"Of everyone who ever ordered, {rates.churned.iloc[-1]:.0%} did not. That share grows as a log gets older, "
        "because those long silent are never taken off it."
    )
    parts = f"{latest_churn(rates, horizon_days)}.", several, came_back(rates, horizon_days), everyone
    return " ".join(filter(None, parts))


def came_back(rates: pd.DataFrame, horizon_days: int) -> str:
    """How many ordered in the horizon after one without an order; empty where no day tells it."""
    last = latest(rates, "came_back")
    if last is None:
        return ""
    return (
        f"No order in {horizon_days} days does not mean goodbye. Of recent buyers who placed none in the "
        f"{horizon_days} days from {pd.Timestamp(last.as_of).date()} on, {last.came_back:.0%} came back in the "
        f"{horizon_days} days after."
    )


def drawn(customers: int, of: int) -> str:
    """What a page says that looks at some of a large log's customers (see `features.sample`)."""
    return f"Computed on a random {customers:,} of {of:,} customers."


def churn_of_table(panel: pd.DataFrame) -> str:
    """What share of a customer table churned, and what such a table cannot say."""
    return (
        f"{panel[OUTCOME].mean():.1%} of the customers churned. The table has no dates: it does not say whether an "
        "attribute was known before a customer left, or how long before."
    )


def clipping(limits: pd.DataFrame) -> str:
    """How many values clipping changes, from what `preparation.clip_limits` says."""
    if limits.empty or limits.clipped.max() == 0:
        return "No number lies beyond the limits: nothing is clipped."
    most = limits.iloc[int(limits.clipped.argmax())]
    spared = int((limits.clipped.eq(0) & ~np.isfinite(limits.upper)).sum())
    kept = (
        f" {spared} of {len(limits)} features, in which half of the rows or more are alike, are left as they are."
        if spared
        else ""
    )
    return (
        f"Clipping moves extreme values to a limit. It changes {limits.clipped.median():.1%} of the rows of a typical "
        f"feature, and at most {most.clipped:.1%}, of “{word(most.feature)}”.{kept}"
    )


def correlated(dropped: pd.DataFrame, max_correlation: float) -> str:
    """How many features are left out because another one says nearly the same."""
    if dropped.empty:
        return f"No two features correlate beyond {max_correlation:g}: none is left out."
    if len(dropped) == 1:
        return f"1 feature is left out: another one correlates with it beyond {max_correlation:g}."
    return f"{len(dropped)} features are left out: another one correlates with each beyond {max_correlation:g}."


def needed(ratios: np.ndarray) -> int:
    """How many of the principal components hold nearly all of the variance, from the share that each explains."""
    return int((ratios.cumsum() < MOST).sum()) + 1


def components(ratios: np.ndarray) -> str:
    """The same as a title, without a full stop."""
    return f"{needed(ratios)} components hold {ratios[: needed(ratios)].sum():.0%} of what varies"


def decided(features: int, days: Sequence[date]) -> str:
    """What models may know, and as of which days."""
    when = f"on {len(days)} days from {days[0]} to {days[-1]}" if len(days) > 1 else f"on {days[0]}"
    return f"Models may know {features} features of a customer, {when}."


def described(decided: int, undecided: int, attributes: int) -> str:
    """How many customers of a table are described, and how many of them have no outcome to learn from."""
    rest = f" {undecided:,} of them have no outcome yet: they are scored, and not learnt from." if undecided else ""
    return f"{decided + undecided:,} customers are described by {attributes} attributes.{rest}"
