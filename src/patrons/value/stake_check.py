"""Was what a kept customer spends more foretold rightly? The division of expected spend, held against a tested day.

The chance of no order with which spend is divided here is read off the orders that MBG/NBD expected, as earlier days
had it: no forecast of 06 is known of this day. So this checks the ratio of lost to kept (`two_part.ratio`) together
with that chance and the forecast of spend, not the probabilities with which the list is made.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from patrons.digits import SAME
from patrons.evaluation.metrics import Interval
from patrons.value.forecast import Days, Tested, on
from patrons.value.gains import Plan
from patrons.value.spread import BLOCKS, DRAWS, MOST
from patrons.value.two_part import Horizons, divided, learn


class Checked(NamedTuple):
    """What a kept customer was expected to spend more than a lost one, and what he did: means over what is at stake.

    Nobody both orders and does not. So V1 is seen of those who ordered, each counted chance / (1 - chance) times, which
    makes them as many and such as did not order (inverse probability weights; Horvitz and Thompson, 1952), and V0 of
    those who did not.

    Attributes
    ----------
    bands : DataFrame
        A row a band: `silence` (days, text), `customers`, `chance` of no order, `counted_twice` (chance x expected
        spend), `stake` (chance x (V1 - V0)); of those who ordered `ordering` (V1), `ordering_spent` and
        `ordering_customers`; of the others `gone` (V0), `gone_spent` and `gone_customers`; `more` and `more_spent`:
        as `expected` and `happened`. Means, currency; missing where a band has nobody.
    expected, happened : float
        V1 - V0 of all, foretold and as spent, currency.
    ratios : array, shape (draws,)
        What happened over what was expected, by resampled customers (Bayesian bootstrap; Rubin, 1981); the error of the
        forecast of all spend is in it. Bounded as the spread is; 1 alone where one of the two outcomes lacks.
    """

    bands: pd.DataFrame
    expected: float
    happened: float
    ratios: np.ndarray

    @property
    def too_high(self) -> Interval:
        """By which share the stake was too high, below zero where it was too low, with its 95% interval."""
        ends = 1 / np.quantile(self.ratios, [0.975, 0.025]) - 1
        return Interval(float(1 / _ratio(self.happened, self.expected) - 1), *ends.tolist())

    @property
    def is_known(self) -> bool:
        """Whether what happened can be set over what was expected: both are above zero, and within the bounds."""
        ratio = self.happened / self.expected if self.expected > 0 else np.nan
        return bool(1 / MOST < ratio < MOST)

    @property
    def is_off(self) -> bool:
        """Whether the error is more than chance, and than nothing when it is told."""
        if not self.is_known or abs(self.too_high.value) < SAME:
            return False
        return not self.too_high.low <= 0 <= self.too_high.high


def corrected(checked: Checked | None, plan: Plan) -> float | None:
    """What a plan brings without the error of the stake, currency; None where that error may be chance."""
    if checked is None or not plan.contacts or not checked.is_off:
        return None
    return without_error(plan.gain, plan.cost, checked.too_high.value)


def without_error(gain: float, cost: float, too_high: float) -> float:
    """What contacts of such a cost bring beyond it, currency, if the stake was put too high by this share."""
    return (gain + cost) / (1 + too_high) - cost


def checked(
    rows: pd.DataFrame, snapshots: pd.DataFrame, when: Days, tested: Tested | None, horizons: Horizons, bands: int
) -> Checked | None:
    """How the division learnt by the cutoff foretold those who could be kept on it; None where none was known by then.

    Parameters
    ----------
    rows : DataFrame
        What `two_part.known` gives of the snapshots.
    tested : Tested or None
        What spend was forecast on the cutoff.
    """
    if tested is None or when.cutoff is None or rows.empty:
        return None
    earlier = rows[rows.as_of + pd.Timedelta(days=max(horizons)) <= pd.Timestamp(when.cutoff)]
    here = rows[rows.as_of == pd.Timestamp(when.cutoff)]
    if here.empty or earlier.empty or earlier.ordered.all() or not earlier.ordered.any():
        return None
    split = learn(earlier, horizons, bands)
    band, chance = split.band(here.recency_days), split.chance(here.orders)
    forecast = pd.Series(tested.predicted, on(snapshots, when.cutoff).index).loc[here.index].to_numpy()
    ordering, gone = divided(forecast, chance, split.ratios[band])
    parts = parts_of(here, chance, ordering, gone)
    table = pd.DataFrame([_summary(here, band == n, chance, ordering, gone) for n in range(bands)])
    both = np.array([more(parts[band == n].sum(axis=0)) for n in range(bands)])
    names = [split.named(n) for n in range(bands)]
    table = table.assign(silence=names, more=both[:, 0], more_spent=both[:, 1])
    expected, happened = more(parts.sum(axis=0)).tolist()
    return Checked(table, expected, happened, _resampled(parts))


def parts_of(rows: pd.DataFrame, chance: np.ndarray, ordering: np.ndarray, gone: np.ndarray) -> np.ndarray:
    """Of each customer the weight, V1 and spend if he ordered, and the same with V0 if not: shape (customers, 6)."""
    ordered, spent = rows.ordered.to_numpy(), rows.spent.to_numpy()
    odds, left = np.where(ordered, chance / (1 - chance), 0.0), (~ordered).astype(float)
    return np.column_stack([odds, odds * ordering, odds * spent, left, left * gone, left * spent])


def more(sums: np.ndarray) -> np.ndarray:
    """V1 - V0 foretold and as spent, of sums of `parts_of`: (..., 6) to (..., 2); missing where an outcome lacks."""
    weights = np.where(sums[..., [0, 3]] > 0, sums[..., [0, 3]], np.nan)
    return sums[..., 1:3] / weights[..., :1] - sums[..., 4:6] / weights[..., 1:]


def _resampled(parts: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(0)
    if np.isnan(more(parts.sum(axis=0))).any():
        return np.ones(1)
    block = rng.permutation(len(parts)) % BLOCKS
    sums = np.column_stack([np.bincount(block, part) for part in parts.T])
    expected, happened = more(rng.exponential(size=(DRAWS // 2, len(sums))) @ sums).T
    return _ratio(happened, expected)


def _ratio(happened: Any, expected: Any) -> Any:
    return np.clip(happened / np.maximum(expected, 1e-9), 1 / MOST, MOST)


def _summary(
    rows: pd.DataFrame, chosen: np.ndarray, chance: np.ndarray, ordering: np.ndarray, gone: np.ndarray
) -> dict[str, Any]:
    ordered, spent = chosen & rows.ordered.to_numpy(), rows.spent.to_numpy()
    left, expected = chosen & ~rows.ordered.to_numpy(), chance * gone + (1 - chance) * ordering
    return {
        "customers": int(chosen.sum()),
        "chance": _mean(chance[chosen]),
        "counted_twice": _mean((chance * expected)[chosen]),
        "stake": _mean((chance * (ordering - gone))[chosen]),
        "ordering_customers": int(ordered.sum()),
        "gone_customers": int(left.sum()),
        "ordering": _mean(ordering[ordered]),
        "ordering_spent": _mean(spent[ordered]),
        "gone": _mean(gone[left]),
        "gone_spent": _mean(spent[left]),
    }


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else np.nan
