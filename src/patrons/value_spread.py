"""How sure is it? How far what customers spend may lie from what was expected of them."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from patrons import bgnbd, gamma_gamma
from patrons.spend_model import Rhythm, SpendModel, expected_orders, expected_spend
from patrons.value import Tested

DRAWS = 1000  # of what is uncertain
GROUPS, FEWEST = 10, 20  # groups of customers by forecast, and customers in one at least
ROWS_A_GROUP = 20_000  # of a larger group so many are resampled
STEP = 1e-4  # of the logarithm of a parameter, to measure a slope


class Spread(NamedTuple):
    """How far spend may lie from what is expected, by groups of customers with alike forecasts.

    Attributes
    ----------
    edges : array
        Forecasts at which the next group begins, currency; one fewer than groups.
    ratios : array, shape (groups, draws)
        What was spent over what was expected, drawn.
    """

    edges: np.ndarray
    ratios: np.ndarray

    def group(self, said: np.ndarray) -> np.ndarray:
        """Number of the group of each forecast."""
        return np.searchsorted(self.edges, said, side="right")


def of(tested: Tested | None, rhythm: Rhythm, today: pd.DataFrame, horizon_days: int, seed: int) -> Spread:
    """The spread that a test shows; without a test, that of the parameters."""
    if tested is None:
        return spread_untested(rhythm, today, horizon_days, seed)
    return spread_tested(tested.truth, tested.said, seed)


def exact() -> Spread:
    """Of values that are prices, not forecasts: no spread."""
    return Spread(np.array([]), np.ones((1, DRAWS)))


def spread_tested(truth: np.ndarray, said: np.ndarray, seed: int) -> Spread:
    """How far a test was off: of groups by forecast, resampled totals (Bayesian bootstrap; Rubin, 1981)."""
    rng = np.random.default_rng(seed)
    groups = int(np.clip(len(said) // FEWEST, 1, GROUPS))
    order = np.argsort(said, kind="stable")
    parts = np.array_split(order, groups)
    ratios = [_ratios(truth[part], said[part], rng) for part in parts]
    return Spread(np.array([said[part[0]] for part in parts[1:]]), np.array(ratios))


def _ratios(truth: np.ndarray, said: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if len(said) > ROWS_A_GROUP:
        rows = rng.choice(len(said), ROWS_A_GROUP, replace=False)
        truth, said = truth[rows], said[rows]
    weights = rng.exponential(size=(DRAWS, len(said)))
    return (weights @ truth) / np.maximum(weights @ said, 1e-9)


def spread_untested(rhythm: Rhythm, rows: pd.DataFrame, horizon_days: int, seed: int) -> Spread:
    """Where nothing could be tested: only how well the data settle the parameters. Too narrow, for models err too."""
    few = rows.sample(min(len(rows), 500), random_state=seed)
    unit = rhythm.value.gamma / rhythm.value_report.parameters[-1]
    orders = (bgnbd.Fitted(*drawn) for drawn in rhythm.orders_report.draws(200, seed))
    values = (gamma_gamma.Fitted(p, m, g * unit) for p, m, g in rhythm.value_report.draws(200, seed + 1))
    drawn = [rhythm._replace(orders=o, value=v) for o, v in zip(orders, values, strict=True)]
    totals = np.array([expected_spend(one, few, horizon_days).sum() for one in drawn])
    ratios = totals / max(expected_spend(rhythm, few, horizon_days).sum(), 1e-9)
    return Spread(np.array([]), np.resize(ratios, (1, DRAWS)))


def deciles(tested: Tested | None, spread: Spread) -> pd.DataFrame | None:
    """Groups by forecast, the lowest first: what was expected and what was spent on average, with a 95% interval."""
    if tested is None:
        return None
    rows = {"group": spread.group(tested.said), "expected": tested.said, "spent": tested.truth}
    table = pd.DataFrame(rows).groupby("group")
    means = table.mean().assign(customers=table.size())
    low, high = np.quantile(spread.ratios[means.index], [0.025, 0.975], axis=1)
    return means.assign(low=low * means.expected, high=high * means.expected)


def totals(values: pd.DataFrame, segment: pd.Series, spread: Spread) -> pd.DataFrame:
    """Expected spend of each segment, the largest first: `value` with `low` and `high` (95%), and `customers`."""
    rows = values.assign(segment=segment.to_numpy())
    found = {name: (*_total(part, spread), len(part)) for name, part in rows.groupby("segment")}
    table = pd.DataFrame(found, index=["value", "low", "high", "customers"]).T.rename_axis("segment")
    return table.sort_values("value", ascending=False)


def span(values: pd.DataFrame, spread: Spread) -> tuple[float, float]:
    """95% interval of the expected spend of all customers."""
    return _total(values, spread)[1:]


def _total(values: pd.DataFrame, spread: Spread) -> tuple[float, float, float]:
    said = values.expected_spend.to_numpy()
    parts = np.bincount(spread.group(said), said, minlength=len(spread.ratios))
    low, high = np.quantile(parts @ spread.ratios, [0.025, 0.975])
    total = float(said.sum())
    return total, min(float(low), total), max(float(high), total)  # a bias of the test widens the interval


def forecast(model: SpendModel, rhythm: Rhythm, today: pd.DataFrame, spread: Spread) -> pd.DataFrame:
    """What to expect of each customer, with 95% intervals.

    Returns
    -------
    DataFrame
        `customer_id`; `expected_orders` (days with an order) with `orders_low`, `orders_high`: as uncertain as the
        parameters (delta method); `expected_spend` (currency) with `low`, `high`: between which the mean spend of
        customers with such a forecast lies.
    """
    said = model.predict(today)
    edges, low, high = map(np.array, limits(spread).values())
    group = np.searchsorted(edges, said, side="right")
    table = {"customer_id": today.customer_id.to_numpy()}
    table["expected_orders"] = expected_orders(rhythm.orders, today, model.horizon_days)
    table["orders_low"], table["orders_high"] = limits_of_orders(rhythm, today, model.horizon_days)
    table |= {"expected_spend": said, "low": said * low[group], "high": said * high[group]}
    return pd.DataFrame(table).round(6)


def limits(spread: Spread) -> dict[str, list[float]]:
    """What a forecast's interval is made of, as plain values: `edges` of the groups, and `low`, `high` of each.

    The limits are factors of the forecast: between them lies what was spent over what was expected, in 95% of draws.
    """
    low, high = np.quantile(spread.ratios, [0.025, 0.975], axis=1)
    low, high = np.minimum(low, 1.0), np.maximum(high, 1.0)  # a bias of the test widens the interval
    return {"edges": spread.edges.tolist(), "low": low.tolist(), "high": high.tolist()}


def limits_of_orders(rhythm: Rhythm, rows: pd.DataFrame, horizon_days: int) -> tuple[np.ndarray, np.ndarray]:
    """95% interval of the orders to expect of each customer, as uncertain as the parameters (delta method)."""
    orders = expected_orders(rhythm.orders, rows, horizon_days)
    apart = np.exp(1.96 * _error(rhythm, rows, horizon_days))
    return orders / apart, orders * apart


def _error(rhythm: Rhythm, rows: pd.DataFrame, horizon_days: int) -> np.ndarray:
    """Standard error of the logarithm of expected orders, by the delta method."""
    slopes = [
        (_moved(rhythm, rows, horizon_days, n, STEP) - _moved(rhythm, rows, horizon_days, n, -STEP)) / (2 * STEP)
        for n in range(len(rhythm.orders))
    ]
    variance = np.einsum("in,ij,jn->n", slopes, rhythm.orders_report.covariance, slopes)
    return np.sqrt(np.maximum(variance, 0.0))


def _moved(rhythm: Rhythm, rows: pd.DataFrame, horizon_days: int, which: int, step: float) -> np.ndarray:
    moved = bgnbd.Fitted(*(value * np.exp(step * (n == which)) for n, value in enumerate(rhythm.orders)))
    return np.log(np.maximum(expected_orders(moved, rows, horizon_days), 1e-12))
