"""Whom to contact? Expected gain of a contact under stated assumptions, how many to contact, and the list.

The gain of contacting a customer is

    churn probability x chance that the contact saves x value x margin rate - cost of the contact.

Value is what the customer is expected to spend. Margin rate, chance and cost are assumptions, each a range: draws from
them (triangular; Monte Carlo) carry their uncertainty into the interval of the gain, together with that of the values.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from patrons.churn.reasons import REASONS
from patrons.value.spread import DRAWS, Spread

ROWS = 20_000  # customers whose gains are drawn at a time
POINTS = 200  # of the profit curve
CANCELLED = 0.5  # of what a customer bought, beyond which an order that was cancelled may be what makes him rank high
CHECK = "check first"  # how the action for such a customer begins


class ActionsError(ValueError):
    """Assumptions that are no range."""


class Drawn(NamedTuple):
    """Assumptions as drawn, arrays of the same length."""

    margin_rate: np.ndarray
    save_chance: np.ndarray
    contact_cost: np.ndarray

    @property
    def worth(self) -> np.ndarray:
        """What a unit of churn probability x value brings if its customer is contacted."""
        return self.margin_rate * self.save_chance

    def gain(self, stake: np.ndarray, contacts: np.ndarray | int) -> np.ndarray:
        """The formula at the mean of the draws, of what is at stake in so many contacts."""
        return stake * self.worth.mean() - contacts * self.contact_cost.mean()


def ends(name: str, assumed: Sequence[float]) -> tuple[float, float, float]:
    """Low, likely and high of an assumption given as one value, as low and high, or as all three."""
    values = [float(value) for value in assumed]
    if not 1 <= len(values) <= 3 or values != sorted(values) or values[0] < 0:
        raise ActionsError(
            f"{name} is {list(assumed)}: give one number, [low, high] or [low, likely, high], rising and not negative."
        )
    return values[0], values[1] if len(values) == 3 else (values[0] + values[-1]) / 2, values[-1]


def draw(margin_rate: Sequence[float], save_chance: Sequence[float], contact_cost: Sequence[float], seed: int) -> Drawn:
    """Draws from the three ranges, each triangular between its ends with its peak at the likely value."""
    rng = np.random.default_rng(seed)
    told = {"margin_rate": margin_rate, "save_chance": save_chance, "contact_cost": contact_cost}
    return Drawn(*(_triangular(*ends(name, assumed), rng) for name, assumed in told.items()))


def _triangular(low: float, likely: float, high: float, rng: np.random.Generator) -> np.ndarray:
    return rng.triangular(low, likely, high, DRAWS) if high > low else np.full(DRAWS, low)


def gains(stake: np.ndarray, group: np.ndarray, spread: Spread, drawn: Drawn) -> pd.DataFrame:
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
    parts, brings = [], spread.drawn(np.eye(len(spread.ratios))) * drawn.worth
    for start in range(0, len(stake), ROWS):
        rows = slice(start, start + ROWS)
        each = stake[rows, None] * brings[group[rows]] - drawn.contact_cost
        low, high = np.quantile(each, [0.025, 0.975], axis=1)
        parts.append(pd.DataFrame({"expected_gain": drawn.gain(stake[rows], 1), "gain_low": low, "gain_high": high}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["expected_gain"])


def break_even(stake: np.ndarray, group: np.ndarray, spread: Spread, drawn: Drawn) -> tuple[float, float, float]:
    """The churn probability x value from which a contact is expected to pay, and its 95% interval, currency.

    How far values may be off counts as in `gains`, pooled: each group of the spread by what is at stake.
    """
    parts = np.bincount(group, np.nan_to_num(stake), minlength=len(spread.ratios))
    parts = parts / parts.sum() if parts.any() else np.full(len(parts), 1 / len(parts))
    brings = spread.drawn(parts[None])[0] * drawn.worth
    low, high = np.quantile(drawn.contact_cost / np.maximum(brings, 1e-12), [0.025, 0.975])
    return float(drawn.contact_cost.mean() / max(drawn.worth.mean(), 1e-12)), float(low), float(high)


def profit(stake: np.ndarray, group: np.ndarray, order: np.ndarray, spread: Spread, drawn: Drawn) -> pd.DataFrame:
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
    each = spread.drawn(parts, among) * drawn.worth - counts[:, None] * drawn.contact_cost
    low, high = np.quantile(each, [0.025, 0.975], axis=1)
    cost, gain = counts * drawn.contact_cost.mean(), drawn.gain(parts.sum(axis=1), counts)
    return pd.DataFrame({"contacted": counts, "cost": cost, "gain": gain, "low": low, "high": high})


class Plan(NamedTuple):
    """So many contacts: their mean cost, and what they bring after it with its 95% interval, currency."""

    contacts: int
    cost: float
    gain: float
    low: float
    high: float


def plan(stake: np.ndarray, group: np.ndarray, chosen: np.ndarray, spread: Spread, drawn: Drawn) -> Plan:
    """What contacting the chosen customers (row numbers) costs and brings."""
    last = profit(stake, group, chosen, spread, drawn).iloc[-1]
    return Plan(len(chosen), *(float(last[name]) for name in ("cost", "gain", "low", "high")))


def order(customers: pd.DataFrame, gain: pd.DataFrame) -> np.ndarray:
    """Row numbers by expected gain, or where none is known by churn probability; equal ones by customer."""
    by = customers.reset_index(drop=True).assign(expected_gain=gain.expected_gain.to_numpy())
    keys = ["expected_gain", "churn_probability", "customer_id"]
    return by.sort_values(keys, ascending=[False, False, True]).index.to_numpy()


def limit(pays: int, paid: int) -> str:
    """What bounds the number of contacts, a sentence."""
    if pays <= paid:
        return f"The budget would pay {paid:,}: beyond {pays:,} a contact costs more than it brings. "
    return f"The budget pays {paid:,}; a contact pays for {pays:,}. "


def doubt(planned: Plan) -> str:
    """A warning where the gain of a plan may be none or a loss."""
    if planned.contacts and planned.low <= 0 <= planned.high:
        return "The interval includes zero: it may bring nothing, or lose money."
    return ""


def affordable(budget: float, drawn: Drawn, customers: int) -> int:
    """How many contacts a budget pays at their mean cost."""
    cost = drawn.contact_cost.mean()
    return customers if cost == 0 else int(min(budget / cost + 1e-9, customers))


def listed(customers: pd.DataFrame, gain: pd.DataFrame, contacts: int, advice: dict[str, str]) -> pd.DataFrame:
    """Everyone in the order of expected gain, with what to do.

    Parameters
    ----------
    customers : DataFrame
        `customer_id`, `segment`, `churn_probability`, `value`, and the three `REASONS`.
    gain : DataFrame
        What `gains` says of them, in the same order.
    contacts : int
        How many the budget pays.
    advice : dict
        What to do with a segment, in words.

    Returns
    -------
    DataFrame
        `rank`, `customer_id`, `segment`, `churn_probability`, `value`, `expected_gain`, `gain_low`, `gain_high`,
        `certain` (whether the interval lies on one side of zero), the reasons, `suggested_action`.
    """
    table = pd.concat([customers.reset_index(drop=True), gain], axis=1)
    table = table.iloc[order(customers, gain)].reset_index(drop=True)
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    table["certain"] = (table.gain_low > 0) | (table.gain_high < 0)
    pays, paid = table.expected_gain > 0, table["rank"] <= contacts
    sure = np.where(table.gain_low > 0, "contact", "contact, the gain is not certain")
    verdict = np.where(~pays, "leave: a contact costs more than it brings", "not within the budget")
    words = np.array([advice.get(name) or "" for name in table.segment], dtype=object)
    unknown = "what a contact brings is not known" + np.where(words != "", "; if you contact: ", "") + words
    verdict = np.where(table.expected_gain.isna(), unknown, verdict)
    table["suggested_action"] = np.where(pays & paid, sure + np.where(words != "", ": ", "") + words, verdict)
    told = ["rank", "customer_id", "segment", "churn_probability", "value", "expected_gain", "gain_low", "gain_high"]
    return table[[*told, "certain", *REASONS, "suggested_action"]].round(4)


def with_checks(listed: pd.DataFrame, today: pd.DataFrame) -> pd.DataFrame:
    """The list with another action for contacts who had more than `CANCELLED` of what they bought cancelled.

    Parameters
    ----------
    today : DataFrame
        Features of the customers; where they know of no cancellations the list stays as it is.
    """
    if "returned_value_share" not in today:
        return listed
    share = listed.customer_id.map(today.set_index("customer_id").returned_value_share)
    check = (share > CANCELLED) & listed.suggested_action.str.startswith("contact")
    words = f"{CHECK}: " + share.map("{:.0%} of what was bought was cancelled".format)
    return listed.assign(suggested_action=listed.suggested_action.mask(check, words))
