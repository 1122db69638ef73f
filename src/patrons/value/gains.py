"""What does a contact bring? The expected gain under stated assumptions, of one customer and of many.

The gain of contacting a customer is

    churn probability x chance that the contact saves x margin rate x (V if he stays - V if he leaves) - cost.

V is what the customer is expected to spend in the value horizon: of a log see `patrons.value.two_part`, of a customer
table what is paid if he stays, and nothing if he leaves. Margin rate, chance and cost are assumptions, each a range,
the chance one for each band of silence. Draws from them (triangular; Monte Carlo) carry their uncertainty into the
interval of the gain, together with how far the values may be off, the churn forecast from one day to another, and the
division of expected spend on the day on which it was checked (`patrons.value.stake_check`).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import norm

from patrons.value.spread import DRAWS, MOST, Spread
from patrons.value.two_part import divided

ROWS = 5_000  # customers whose gains are drawn at a time
POINTS = 200  # of the profit curve
SHIFTS = 25  # equally likely shifts of the log odds of churn


class AssumptionsError(ValueError):
    """Assumptions that are no range, or chances that do not fall."""


class Stakes(NamedTuple):
    """What may be lost with each customer, arrays of the same length.

    Attributes
    ----------
    chance : array
        Churn probability.
    more : array
        What the customer is expected to spend if he stays, less what if he leaves, currency.
    group : array of int
        The group in the spread (`Spread.group` of the expected spend).
    band : array of int
        The band of silence.
    ratio : array
        What he spends if he leaves over what if he stays, where both divide what is expected of him (see
        `two_part.divided`); 1 where `more` is a price, whatever the chance.
    """

    chance: np.ndarray
    more: np.ndarray
    group: np.ndarray
    band: np.ndarray
    ratio: np.ndarray

    @property
    def lost(self) -> np.ndarray:
        """Churn probability x what a customer who stays spends more, currency."""
        return self.chance * self.more

    def of(self, rows: np.ndarray | slice) -> "Stakes":
        """Those of some customers."""
        return Stakes(*(values[rows] for values in self))

    def shifted(self, log_odds: np.ndarray) -> np.ndarray:
        """`lost` where the log odds of churn are all so much higher, shape (customers, shifts).

        What is expected stays, so the higher the chance is, the more of it must come from one who stays.
        """
        with np.errstate(divide="ignore"):  # certain stays certain
            odds = logit(self.chance)
        chance, ratio, one = expit(odds[:, None] + log_odds), self.ratio[:, None], np.ones(1)
        higher = divided(one, chance, ratio)[0] / divided(one, self.chance[:, None], ratio)[0]
        return chance * self.more[:, None] * higher


class Assumptions(NamedTuple):
    """What is uncertain of every contact, as drawn.

    Attributes
    ----------
    margin_rate, contact_cost : array, shape (draws,)
    save_chance : array, shape (bands, draws)
    log_odds : array, shape (draws,)
        By how much the log odds of churn are higher for everyone; no assumption, but the error of its forecast.
    stake : array, shape (draws,)
        What a kept customer spends more over what is expected, the same for everyone; the error of the division.
    """

    margin_rate: np.ndarray
    save_chance: np.ndarray
    contact_cost: np.ndarray
    log_odds: np.ndarray
    stake: np.ndarray

    @property
    def saved_share(self) -> np.ndarray:
        """What a contact brings of a unit of what may be lost, shape (bands, draws)."""
        return self.margin_rate * self.save_chance

    @property
    def unsure_share(self) -> np.ndarray:
        """The same with the error of the division: for intervals."""
        return self.saved_share * self.stake

    def mean_gain(self, lost: np.ndarray, contacts: np.ndarray | int) -> np.ndarray:
        """The formula at the mean of the draws, of what may be lost by band in so many contacts, shape (..., bands)."""
        return lost @ self.saved_share.mean(axis=1) - contacts * self.contact_cost.mean()


def ends(name: str, assumed: Sequence[float]) -> tuple[float, float, float]:
    """Low, likely and high of an assumption given as one value, as low and high, or as all three."""
    values = [float(value) for value in assumed]
    if not 1 <= len(values) <= 3 or values != sorted(values) or values[0] < 0:
        raise AssumptionsError(
            f"{name} is {list(assumed)}: give one number, [low, high] or [low, likely, high], rising and not negative."
        )
    return values[0], values[1] if len(values) == 3 else (values[0] + values[-1]) / 2, values[-1]


def falling(chances: Sequence[Sequence[float]]) -> list[tuple[float, float, float]]:
    """Low, likely and high of the chance that a contact saves, a row a band of silence, the shortest first."""
    ranges = [ends("save_chance", chance) for chance in chances]
    rises = bool((np.diff(ranges, axis=0) > 0).any())
    if not ranges or rises:
        raise AssumptionsError(
            f"save_chance is {[list(chance) for chance in chances]}: give a range for each band of silence, the "
            "shortest silence first, none higher than the one before; one band where silence does not matter."
        )
    return ranges


def assumed(
    margin_rate: Sequence[float],
    save_chance: Sequence[Sequence[float]],
    contact_cost: Sequence[float],
    budget: Sequence[float],
    bands: Sequence[str] = ("",),
) -> pd.DataFrame:
    """The assumptions and the budget as a table: `assumption`, `low`, `likely`, `high`; a row a band of silence."""
    saves = falling(save_chance)
    names = [f"chance that a contact saves{f', after {band}' if band else ''}" for band in bands]
    rows = [
        ("margin rate", *ends("margin rate", margin_rate)),
        *((name, *chance) for name, chance in zip(names, saves, strict=True)),
        ("cost of a contact", *ends("cost of a contact", contact_cost)),
        ("budget", *ends("budget", budget)),
    ]
    return pd.DataFrame(rows, columns=["assumption", "low", "likely", "high"])


def draw(
    margin_rate: Sequence[float],
    save_chance: Sequence[Sequence[float]],
    contact_cost: Sequence[float],
    seed: int,
    log_odds_error: float = 0.0,
    happened: Sequence[float] | np.ndarray = (1.0,),
) -> Assumptions:
    """Draws from the ranges, each triangular between its ends with its peak at the likely value.

    The chances of all bands are drawn together: where a contact saves more than is likely, it does so in every band.

    Parameters
    ----------
    log_odds_error : float
        Standard deviation of the log odds of churn about their forecast, the same error for everyone.
    happened : sequence of float
        Draws of what a kept customer spent more over what was expected, on the day of the check. Each draw of `stake`
        lies evenly between 1 and one of these: the coming days may repeat that error in part, wholly or not at all.
        One day cannot tell, so it moves no expected gain, but reaches the interval, on the side where it was.
    """
    rng = np.random.default_rng(seed)
    margin, save, cost = rng.random((3, DRAWS))
    shifts = norm.ppf((np.arange(SHIFTS) + 0.5) / SHIFTS) * log_odds_error
    log_odds = rng.permutation(np.resize(shifts, DRAWS))
    error = rng.permutation(np.resize(np.clip(happened, 0, MOST), DRAWS)) - 1
    return Assumptions(
        _triangular(ends("margin_rate", margin_rate), margin),
        np.array([_triangular(chance, save) for chance in falling(save_chance)]),
        _triangular(ends("contact_cost", contact_cost), cost),
        log_odds,
        1 + rng.random(DRAWS) * error,
    )


def _triangular(range_: tuple[float, float, float], share: np.ndarray) -> np.ndarray:
    """Quantiles of the triangular distribution."""
    low, likely, high = range_
    rising = low + np.sqrt(share * (high - low) * (likely - low))
    return np.where(
        share * (high - low) < likely - low, rising, high - np.sqrt((1 - share) * (high - low) * (high - likely))
    )


def gains(stakes: Stakes, spread: Spread, assumptions: Assumptions) -> pd.DataFrame:
    """What contacting each customer is expected to bring, with 95% intervals.

    Returns
    -------
    DataFrame
        `expected_gain` (at the mean of the assumptions), `gain_low`, `gain_high`, currency.
    """
    parts, brings = [], spread.draws_of_sums(np.eye(len(spread.ratios)))
    shifts, which = np.unique(assumptions.log_odds, return_inverse=True)
    for start in range(0, max(len(stakes.more), 1), ROWS):
        few = stakes.of(slice(start, start + ROWS))
        draws = few.shifted(shifts)[:, which] * brings[few.group] * assumptions.unsure_share[few.band]
        low, high = np.quantile(draws - assumptions.contact_cost, [0.025, 0.975], axis=1)
        expected = assumptions.mean_gain(few.lost[:, None] * np.eye(len(assumptions.save_chance))[few.band], 1)
        parts.append(pd.DataFrame({"expected_gain": expected, "gain_low": low, "gain_high": high}))
    return pd.concat(parts, ignore_index=True)


def break_even(stakes: Stakes, spread: Spread, assumptions: Assumptions) -> list[tuple[float, float, float]]:
    """What may be lost from which a contact is expected to pay, and its 95% interval, currency; of each band.

    How far values and their division may be off counts as in `gains`, pooled: each group by what may be lost.
    """
    parts = np.bincount(stakes.group, np.nan_to_num(stakes.lost), minlength=len(spread.ratios))
    parts = parts / parts.sum() if parts.any() else np.full(len(parts), 1 / len(parts))
    brings = spread.draws_of_sums(parts[None])[0] * assumptions.unsure_share
    low, high = np.quantile(assumptions.contact_cost / np.maximum(brings, 1e-12), [0.025, 0.975], axis=1)
    level = assumptions.contact_cost.mean() / np.maximum(assumptions.saved_share.mean(axis=1), 1e-12)
    return [(float(one), float(least), float(most)) for one, least, most in zip(level, low, high, strict=True)]


def profit(stakes: Stakes, order: np.ndarray, spread: Spread, assumptions: Assumptions) -> pd.DataFrame:
    """What contacting the first customers of an order (row numbers) brings in all, over how many they are.

    Returns
    -------
    DataFrame
        `contacted`, `cost` (mean), `gain` (expected, the cost taken off), `low`, `high` (95% interval), currency. The
        fewer are contacted, the more chance widens the interval of what they spend; whether one who would have left is
        kept counts with its chance.
    """
    counts = np.unique(np.rint(np.linspace(0, len(order), min(len(order), POINTS) + 1)).astype(int))
    chosen, share = stakes.of(order), assumptions.saved_share.mean(axis=1)
    own = np.zeros((len(order) + 1, len(spread.ratios)))
    own[np.arange(1, len(order) + 1), chosen.group] = chosen.lost * share[chosen.band]
    parts, among = own.cumsum(axis=0)[counts], (own != 0).cumsum(axis=0)[counts]
    shifts, which = np.unique(assumptions.log_odds, return_inverse=True)
    lost = _sums(chosen, counts, len(share), shifts)[:, :, which]
    brought = spread.factors_of_sums(parts, among) * (lost * assumptions.unsure_share).sum(axis=1)
    low, high = np.quantile(brought - counts[:, None] * assumptions.contact_cost, [0.025, 0.975], axis=1)
    cost = counts * assumptions.contact_cost.mean()
    gain = assumptions.mean_gain(_sums(chosen, counts, len(share), np.zeros(1))[:, :, 0], counts)
    return pd.DataFrame({"contacted": counts, "cost": cost, "gain": gain, "low": low, "high": high})


def _sums(stakes: Stakes, counts: np.ndarray, bands: int, shifts: np.ndarray) -> np.ndarray:
    """What may be lost with the first so many, by band and shift of the log odds: shape (counts, bands, shifts)."""
    place = np.searchsorted(counts, np.arange(1, len(stakes.more) + 1)) * bands + stakes.band
    cells = [
        np.bincount(place, stakes.shifted(shift[None])[:, 0], minlength=len(counts) * bands).reshape(-1, bands)
        for shift in shifts
    ]
    return np.stack(cells, axis=-1).cumsum(axis=0)


class Plan(NamedTuple):
    """So many contacts: their mean cost, and what they bring after it with its 95% interval, currency."""

    contacts: int
    cost: float
    gain: float
    low: float
    high: float


def plan(stakes: Stakes, chosen: np.ndarray, spread: Spread, assumptions: Assumptions) -> Plan:
    """What contacting the chosen customers (row numbers) costs and brings."""
    last = profit(stakes, chosen, spread, assumptions).iloc[-1]
    return Plan(len(chosen), *(float(last[name]) for name in ("cost", "gain", "low", "high")))
