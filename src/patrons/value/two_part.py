"""What is at stake in a customer? What one who orders within the horizon spends, less what one who does not.

Expected spend E counts the chance p of no order already: E = p x V0 + (1 - p) x V1, where V1 is spent by one who
orders within the churn horizon, and V0 by one who does not (who may come back after it). How V0 compares with V1 is
learnt from earlier days, by band of silence; with it E and p of a customer give both. A contact that keeps a customer
brings V1 - V0 more, not E.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from ibis import Table
from scipy.optimize import brentq
from sklearn.isotonic import IsotonicRegression

from patrons.btyd import mbgnbd
from patrons.btyd.lifetime import history
from patrons.value.forecast import Days, on, ordered_within
from patrons.value.spend_model import BASE, ORDERS, Fits, expectations, expected_spend

FEWEST = 100  # customers of earlier days who did not order, from which a band is learnt by itself
CERTAIN = 0.02  # no chance on an earlier day is taken to be nearer to 0 or 1


class Horizons(NamedTuple):
    """Days without an order that count as churn, and days that value looks ahead."""

    churn: int
    value: int


class Split(NamedTuple):
    """How expected spend divides into that of those who order and of those who do not.

    Attributes
    ----------
    horizon_days : int
        Within which an order counts, days: that of the churn forecast. Who has been silent for no longer can be kept.
    ratios : array, shape (bands,)
        V0 over V1 by band of silence; bands are equal parts of the horizon.
    rise : IsotonicRegression or None
        From orders to expect within the horizon to the chance of one, as earlier days had it.
    """

    horizon_days: int
    ratios: np.ndarray
    rise: IsotonicRegression | None

    def named(self, band: int) -> str:
        """A band in words, such as "31 to 60 days"."""
        return silence(self.horizon_days, band, len(self.ratios))

    def chance(self, orders: pd.Series) -> np.ndarray:
        """Chance of no order within the horizon, of orders to expect in it."""
        assert self.rise is not None
        return 1 - np.asarray(self.rise.predict(orders))

    def band(self, silence_days: pd.Series | np.ndarray) -> np.ndarray:
        """Number of the band of each silence: with 3 of 90 days the first is 1 to 30 days."""
        bands = len(self.ratios)
        return np.clip(np.ceil(np.asarray(silence_days, float) * bands / self.horizon_days) - 1, 0, bands - 1).astype(
            int
        )


def silence(horizon_days: int, band: int, bands: int) -> str:
    """The days of silence of a band in words: with 3 of 90 days the second is "31 to 60 days"."""
    first, last = (horizon_days * edge / bands for edge in (band, band + 1))
    return f"{int(first) + 1 if band else 0} to {int(last)} days"


def divided(expected: np.ndarray, chance: np.ndarray, ratio: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """V1 and V0, so that chance x V0 + (1 - chance) x V1 is what is expected and V0 = ratio x V1.

    Parameters
    ----------
    expected : array
        Spend to expect, currency.
    chance : array
        Of no order within the horizon.
    ratio : array or float
        V0 over V1, 0 to 1.
    """
    ordering = expected / np.maximum(1 - chance * (1 - ratio), 1e-9)
    return ordering, ratio * ordering


def ratio(expected: np.ndarray, chance: np.ndarray, spent: np.ndarray) -> float:
    """V0 over V1 with which customers who did not order were to spend, in all, what they spent.

    Parameters
    ----------
    expected, chance, spent : array
        Of customers of earlier days who did not order within the horizon: spend to expect and chance of no order on
        that day, and what they spent later, after the horizon.
    """

    def missing(ratio: float) -> float:
        return float(divided(expected, chance, ratio)[1].sum() - spent.sum())

    if spent.sum() <= 0 or missing(1.0) <= 0:
        return 0.0 if spent.sum() <= 0 else 1.0
    return float(brentq(missing, 0.0, 1.0))


def known(
    snapshots: pd.DataFrame, lines: Table, when: Days, horizons: Horizons, cancelled: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Customers of earlier days who could be kept then, with what is known of them by the end of the log.

    Parameters
    ----------
    snapshots : DataFrame
        What `forecast.snapshots` gives.
    lines : Table
        Clean order lines.
    cancelled : DataFrame, optional
        What cancellations take back of which line.

    Returns
    -------
    DataFrame
        `customer_id`, `as_of`, `recency_days`; `expected`: spend to expect (currency), at the level that the day proved
        to have; `orders`: days with an order to expect within the churn horizon; `ordered`: whether there was one;
        `spent`: within the value horizon (currency). The index is that of the snapshots.
    """
    days = [day for day in (*when.earlier, when.cutoff) if day and (when.end - day).days >= max(horizons)]
    if not days:
        return pd.DataFrame()
    rows = pd.concat([_described(on(snapshots, day), horizons) for day in days])
    ordered = ordered_within(lines, days, horizons.churn, cancelled)
    keys = pd.MultiIndex.from_frame(rows[["customer_id", "as_of"]])
    rows = rows.assign(ordered=keys.isin(pd.MultiIndex.from_frame(ordered)))
    return rows[rows.recency_days <= horizons.churn]


def _described(rows: pd.DataFrame, horizons: Horizons) -> pd.DataFrame:
    if BASE not in rows:
        rows = rows.join(expectations(rows, horizons.value, horizons.churn))
    level = rows.spent.sum() / max(rows[BASE].sum(), 1e-9)
    kept = rows[["customer_id", "as_of", "recency_days", "spent"]]
    return kept.assign(expected=rows[BASE] * level, orders=rows[ORDERS])


def learn(rows: pd.DataFrame, horizons: Horizons, bands: int) -> Split:
    """How spend divides in what `known` gives: by band, or as in all bands where fewer than `FEWEST` did not order.

    The chance of no order on an earlier day is read off the orders expected then, rising with them.
    """
    split = Split(horizons.churn, np.zeros(bands), rise(rows))
    gone = rows[~rows.ordered]
    band, chance = split.band(gone.recency_days), split.chance(gone.orders)
    parts = [band == number if (band == number).sum() >= FEWEST else band >= 0 for number in range(bands)]
    arrays = gone.expected.to_numpy(), chance, gone.spent.to_numpy()
    return split._replace(ratios=np.array([ratio(*(values[part] for values in arrays)) for part in parts]))


def rise(rows: pd.DataFrame) -> IsotonicRegression:
    """How the chance of an order within the churn horizon rises with the orders that are expected in it."""
    regression = IsotonicRegression(y_min=CERTAIN, y_max=1 - CERTAIN, out_of_bounds="clip")
    return regression.fit(rows.orders, rows.ordered.astype(float))


def split(rows: pd.DataFrame, fits: Fits, today: pd.DataFrame, horizons: Horizons, bands: int) -> Split:
    """How spend of today's customers divides: as earlier days show, or where none is known as MBG/NBD has it."""
    if rows.empty or rows.ordered.all() or not rows.ordered.any():
        return of_model(fits, today, horizons, bands)
    return learn(rows, horizons, bands)


def at_stake(candidates: pd.DataFrame, today: pd.DataFrame, split: Split) -> pd.DataFrame:
    """Those of the candidates who can be kept, with what each spends if he orders within the horizon and if not.

    Parameters
    ----------
    candidates : DataFrame
        What `actions.candidates` gives.
    today : DataFrame
        `customer_id` and `recency_days`.

    Returns
    -------
    DataFrame
        Those who ordered within the horizon, with `value_if_kept` and `value_if_lost` (currency), the `band` of
        silence, and the `ratio` of lost to kept.
    """
    silent = candidates.customer_id.map(today.set_index("customer_id").recency_days)
    kept, band = candidates[silent <= split.horizon_days], split.band(silent[silent <= split.horizon_days])
    ratio = split.ratios[band]
    ordering, gone = divided(kept.value.to_numpy(), kept.churn_probability.to_numpy(), ratio)
    return kept.assign(value_if_kept=ordering, value_if_lost=gone, band=band, ratio=ratio).reset_index(drop=True)


def of_model(fits: Fits, rows: pd.DataFrame, horizons: Horizons, bands: int) -> Split:
    """How spend divides by MBG/NBD alone, where no earlier day is known: who does not order is silent for longer."""
    silent = {name: rows[name] + horizons.churn for name in ("recency_days", "tenure_days")}
    ahead = max(horizons.value - horizons.churn, 0)
    lost = expected_spend(fits.orders, fits.value, rows.assign(**silent), ahead)
    chance = mbgnbd.chance_of_none(fits.orders, *history(rows), horizons.churn / mbgnbd.WEEK)
    ordering = (expected_spend(fits.orders, fits.value, rows, horizons.value) - chance * lost) / (1 - chance)
    return Split(horizons.churn, np.full(bands, np.clip(lost.sum() / max(ordering.sum(), 1e-9), 0, 1)), None)
