"""What does a contact bring? The expected gain under stated assumptions, of one customer and of many.

The gain of contacting a customer is

    churn probability x chance that the contact saves x value x margin rate - cost of the contact.

Value is what the customer is expected to spend. Margin rate, chance and cost are assumptions, each a range: draws from
them (triangular; Monte Carlo) carry their uncertainty into the interval of the gain, together with that of the values.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from patrons.value.spread import DRAWS, Spread

ROWS = 20_000  # customers whose gains are drawn at a time
POINTS = 200  # of the profit curve


class AssumptionsError(ValueError):
    """Assumptions that are no range."""


class Assumptions(NamedTuple):
    """Margin rate, chance that a contact saves and cost of a contact as drawn, arrays of the same length."""

    margin_rate: np.ndarray
    save_chance: np.ndarray
    contact_cost: np.ndarray

    @property
    def saved_share(self) -> np.ndarray:
        """What a contact brings of a unit of churn probability x value."""
        return self.margin_rate * self.save_chance

    def mean_gain(self, stake: np.ndarray, contacts: np.ndarray | int) -> np.ndarray:
        """The formula at the mean of the draws, of what is at stake in so many contacts."""
        return stake * self.saved_share.mean() - contacts * self.contact_cost.mean()


def ends(name: str, assumed: Sequence[float]) -> tuple[float, float, float]:
    """Low, likely and high of an assumption given as one value, as low and high, or as all three."""
    values = [float(value) for value in assumed]
    if not 1 <= len(values) <= 3 or values != sorted(values) or values[0] < 0:
        raise AssumptionsError(
            f"{name} is {list(assumed)}: give one number, [low, high] or [low, likely, high], rising and not negative."
        )
    return values[0], values[1] if len(values) == 3 else (values[0] + values[-1]) / 2, values[-1]


def assumed(
    margin_rate: Sequence[float], save_chance: Sequence[float], contact_cost: Sequence[float], budget: Sequence[float]
) -> pd.DataFrame:
    """The assumptions and the budget as a table: `assumption`, `low`, `likely`, `high`."""
    ranges = {
        "margin rate": margin_rate,
        "chance that a contact saves": save_chance,
        "cost of a contact": contact_cost,
        "budget": budget,
    }
    rows = [(name, *ends(name, values)) for name, values in ranges.items()]
    return pd.DataFrame(rows, columns=["assumption", "low", "likely", "high"])


def draw(
    margin_rate: Sequence[float], save_chance: Sequence[float], contact_cost: Sequence[float], seed: int
) -> Assumptions:
    """Draws from the three ranges, each triangular between its ends with its peak at the likely value."""
    rng = np.random.default_rng(seed)
    ranges = {"margin_rate": margin_rate, "save_chance": save_chance, "contact_cost": contact_cost}
    return Assumptions(*(_triangular(*ends(name, values), rng) for name, values in ranges.items()))


def _triangular(low: float, likely: float, high: float, rng: np.random.Generator) -> np.ndarray:
    return rng.triangular(low, likely, high, DRAWS) if high > low else np.full(DRAWS, low)


def gains(stake: np.ndarray, group: np.ndarray, spread: Spread, assumptions: Assumptions) -> pd.DataFrame:
    """What contacting each customer is expected to bring, with 95% intervals.

    Parameters
    ----------
    stake : array
        Churn probability x value of each customer, currency.
    group : array of int
        Its group in the spread (`Spread.group` of the value).

    Returns
    -------
    DataFrame
        `expected_gain` (at the mean of the assumptions), `gain_low`, `gain_high`, currency.
    """
    parts, brings = [], spread.draws_of_sums(np.eye(len(spread.ratios))) * assumptions.saved_share
    for start in range(0, len(stake), ROWS):
        rows = slice(start, start + ROWS)
        draws = stake[rows, None] * brings[group[rows]] - assumptions.contact_cost
        low, high = np.quantile(draws, [0.025, 0.975], axis=1)
        expected = assumptions.mean_gain(stake[rows], 1)
        parts.append(pd.DataFrame({"expected_gain": expected, "gain_low": low, "gain_high": high}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["expected_gain"])


def break_even(
    stake: np.ndarray, group: np.ndarray, spread: Spread, assumptions: Assumptions
) -> tuple[float, float, float]:
    """The churn probability x value from which a contact is expected to pay, and its 95% interval, currency.

    How far values may be off counts as in `gains`, pooled: each group of the spread by what is at stake.
    """
    parts = np.bincount(group, np.nan_to_num(stake), minlength=len(spread.ratios))
    parts = parts / parts.sum() if parts.any() else np.full(len(parts), 1 / len(parts))
    brings = spread.draws_of_sums(parts[None])[0] * assumptions.saved_share
    low, high = np.quantile(assumptions.contact_cost / np.maximum(brings, 1e-12), [0.025, 0.975])
    return float(assumptions.contact_cost.mean() / max(assumptions.saved_share.mean(), 1e-12)), float(low), float(high)


def profit(
    stake: np.ndarray, group: np.ndarray, order: np.ndarray, spread: Spread, assumptions: Assumptions
) -> pd.DataFrame:
    """What contacting the first customers of an order brings in all, over how many they are.

    Returns
    -------
    DataFrame
        `contacted`, `cost` (mean), `gain` (expected, the cost taken off), `low`, `high` (95% interval), currency. The
        fewer are contacted, the more chance widens the interval of what they spend; whether one who would have left is
        kept counts with its chance.
    """
    counts = np.unique(np.rint(np.linspace(0, len(order), min(len(order), POINTS) + 1)).astype(int))
    own = np.zeros((len(order) + 1, len(spread.ratios)))
    own[np.arange(1, len(order) + 1), group[order]] = stake[order]
    parts, among = own.cumsum(axis=0)[counts], (own != 0).cumsum(axis=0)[counts]
    draws = spread.draws_of_sums(parts, among) * assumptions.saved_share - counts[:, None] * assumptions.contact_cost
    low, high = np.quantile(draws, [0.025, 0.975], axis=1)
    cost, gain = counts * assumptions.contact_cost.mean(), assumptions.mean_gain(parts.sum(axis=1), counts)
    return pd.DataFrame({"contacted": counts, "cost": cost, "gain": gain, "low": low, "high": high})


class Plan(NamedTuple):
    """So many contacts: their mean cost, and what they bring after it with its 95% interval, currency."""

    contacts: int
    cost: float
    gain: float
    low: float
    high: float


def plan(stake: np.ndarray, group: np.ndarray, chosen: np.ndarray, spread: Spread, assumptions: Assumptions) -> Plan:
    """What contacting the chosen customers (row numbers) costs and brings."""
    last = profit(stake, group, chosen, spread, assumptions).iloc[-1]
    return Plan(len(chosen), *(float(last[name]) for name in ("cost", "gain", "low", "high")))
