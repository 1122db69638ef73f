"""How sure is a forecast of spend? How far from it customers may spend."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm
from threadpoolctl import threadpool_limits

from patrons.btyd import gamma_gamma, mbgnbd
from patrons.evaluation.metrics import Interval
from patrons.value.forecast import Tested
from patrons.value.spend_model import Fits, SpendModel, expected_orders, expected_spend, same_season

DRAWS = 1000  # of what is uncertain; the second half mirrors the first
GROUPS, FEWEST = 10, 20  # groups of customers by forecast, and customers in one at least
BLOCKS = 2000  # that customers are resampled in where there are more of them
MOST = 10.0  # times too high or too low: no group is taken to be further off
FEWEST_ORIGINS = 3  # earlier days, from which it is told how periods differ
STEP = 1e-4  # of the logarithm of a parameter, to measure a slope


class Spread(NamedTuple):
    """How far spend may lie from what is expected: as far as in the test, and as likely above it as below.

    Whether the test ended above or below says nothing about the coming days, so each draw counts in both directions,
    and intervals are symmetric about the forecast on a logarithmic scale. The test is one period; how much periods
    differ comes from earlier days (see `origins_error`), the same for all customers.

    Attributes
    ----------
    edges : array
        Forecasts at which the next group of similar ones begins, currency; one fewer than groups.
    ratios : array, shape (groups, draws)
        Draws of what was spent over what was expected.
    sizes : array
        Customers of the test in each group, whose chance is in its ratios. Zero where there was no test.
    between : float
        Standard deviation of the logarithm of what all spend over what is expected, from one period to another.
    """

    edges: np.ndarray
    ratios: np.ndarray
    sizes: np.ndarray | int = 0
    between: float = 0.0

    @property
    def common(self) -> np.ndarray:
        """Draws of what a period does to all customers alike."""
        draws = self.ratios.shape[1]
        shares = (np.random.default_rng(0).permutation(draws) + 0.5) / draws
        return np.exp(self.between * norm.ppf(shares))

    def regrouped(self, forecasts: np.ndarray) -> "Spread":
        """The same groups by rank among other forecasts, which a season may have raised or lowered all together."""
        groups = len(self.ratios)
        return self._replace(edges=np.quantile(forecasts, np.arange(1, groups) / groups))

    def group(self, forecasts: np.ndarray) -> np.ndarray:
        """Number of the group of each forecast."""
        return np.searchsorted(self.edges, forecasts, side="right")

    def ratios_of_sums(self, parts: np.ndarray, counts: np.ndarray | None = None) -> np.ndarray:
        """What may be spent over sums of forecasts, shape (sums, draws).

        Parameters
        ----------
        parts : array, shape (sums, groups)
            The part of a sum in each group, currency.
        counts : array, shape (sums, groups), optional
            How many customers that is: fewer than in the test vary more. Without it, as many as in the test.
        """
        total = parts.sum(axis=1, keepdims=True)
        pooled = np.log(_bounded(parts @ self.ratios / np.where(total == 0, 1.0, total)))
        if counts is None:
            return np.exp(pooled) * self.common
        noise = parts**2 * self.ratios.var(axis=1)
        fewer = noise * np.maximum(self.sizes / np.maximum(counts, 1), 1.0)  # variance goes with 1 / customers
        wider = np.sqrt(fewer.sum(axis=1) / np.maximum(noise.sum(axis=1), 1e-300))[:, None]
        level = pooled.mean(axis=1, keepdims=True)
        return _bounded(np.exp(level + (pooled - level) * wider)) * self.common

    def factors_of_sums(self, parts: np.ndarray, counts: np.ndarray | None = None) -> np.ndarray:
        """By what sums of forecasts may be multiplied, shape (sums, `DRAWS`); `parts` and `counts` as above."""
        ratios = self.ratios_of_sums(parts, counts)
        return np.hstack([ratios, 1 / ratios])

    def draws_of_sums(self, parts: np.ndarray, counts: np.ndarray | None = None) -> np.ndarray:
        """What sums of forecasts may come to, shape (sums, `DRAWS`)."""
        return parts.sum(axis=1, keepdims=True) * self.factors_of_sums(parts, counts)


def _bounded(ratios: np.ndarray) -> np.ndarray:
    return np.clip(ratios, 1 / MOST, MOST)


def _factor(ratios: np.ndarray) -> np.ndarray:
    """The factor, up or down, within which 95% of the draws lie."""
    return np.exp(np.quantile(np.abs(np.log(_bounded(ratios))), 0.95, axis=-1))


def estimate(tested: Tested | None, fits: Fits, today: pd.DataFrame, horizon_days: int, seed: int) -> Spread:
    """The spread that a test shows; without a test, that of the parameters."""
    if tested is None:
        return from_parameters(fits, today, horizon_days, seed)
    return from_test(tested.truth, tested.predicted, seed)


def origins_error(levels: Mapping[str, float]) -> float | None:
    """How far totals were off from one period to another: standard deviation of a logarithm, None of too few days.

    Each earlier day in turn is left out, and its level foretold as today's is: by that of the others a year before, or
    by 1 (`spend_model.same_season`). What is left is the error, mean included. Horizons of days overlap, so they tell
    less than their number.

    Parameters
    ----------
    levels : mapping
        What was spent over what was expected (`SpendModel.levels_`), by day.
    """
    days = pd.Series(levels, dtype=float)
    days = days[days > 0]
    if len(days) < FEWEST_ORIGINS:
        return None
    days.index = pd.to_datetime(days.index)
    foretold = [same_season(days.drop(day), day) for day in days.index]
    return float(np.sqrt(np.mean(np.log(days.to_numpy() / foretold) ** 2)))


def exact() -> Spread:
    """Of values that are prices, not forecasts: no spread."""
    return Spread(np.array([]), np.ones((1, DRAWS // 2)))


@threadpool_limits.wrap(limits=1, user_api="blas")  # threads cost more than they save where cores are shared
def from_test(truth: np.ndarray, predicted: np.ndarray, seed: int) -> Spread:
    """How far a test was off: resampled totals of groups by forecast (Bayesian bootstrap; Rubin, 1981)."""
    rng = np.random.default_rng(seed)
    groups = int(np.clip(len(predicted) // FEWEST, 1, GROUPS))
    order = np.argsort(predicted, kind="stable")
    parts = np.array_split(order, groups)
    ratios = [_ratios(truth[part], predicted[part], rng) for part in parts]
    edges = np.array([predicted[part[0]] for part in parts[1:]])
    return Spread(edges, np.array(ratios), np.array([len(part) for part in parts]))


def _ratios(truth: np.ndarray, predicted: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    block = rng.permutation(len(predicted)) % BLOCKS
    truth, predicted = np.bincount(block, truth), np.bincount(block, predicted)
    weights = rng.exponential(size=(DRAWS // 2, len(predicted)))
    return (weights @ truth) / np.maximum(weights @ predicted, 1e-9)


def from_parameters(fits: Fits, rows: pd.DataFrame, horizon_days: int, seed: int) -> Spread:
    """Where nothing could be tested: only how well the data settle the parameters. Too narrow, for models err too."""
    few = rows.sample(min(len(rows), 500), random_state=seed)
    unit = fits.value.gamma / fits.value_report.parameters[-1]
    orders = (mbgnbd.Fitted(*draw) for draw in fits.orders_report.draws(200, seed))
    values = (gamma_gamma.Fitted(p, m, g * unit) for p, m, g in fits.value_report.draws(200, seed + 1))
    pairs = list(zip(orders, values, strict=True))
    totals = np.array([expected_spend(*pair, few, horizon_days).sum() for pair in pairs])
    ratios = totals / max(expected_spend(fits.orders, fits.value, few, horizon_days).sum(), 1e-9)
    return Spread(np.array([]), np.resize(ratios, (1, DRAWS // 2)))


def deciles(tested: Tested, spread: Spread) -> pd.DataFrame:
    """Groups by forecast, the lowest first: what was expected and what was spent on average, with a 95% interval."""
    rows = {"group": spread.group(tested.predicted), "expected": tested.predicted, "spent": tested.truth}
    table = pd.DataFrame(rows).groupby("group")
    means = table.mean().assign(customers=table.size())
    low, high = np.quantile(spread.ratios[means.index], [0.025, 0.975], axis=1)
    return means.assign(low=low * means.expected, high=high * means.expected)


def totals(values: pd.DataFrame, segment: pd.Series, spread: Spread) -> pd.DataFrame:
    """Expected spend of each segment, the largest first: `value` with `low` and `high` (95%), and `customers`."""
    rows = values.assign(segment=segment.to_numpy())
    sums = {name: (*total(part, spread), len(part)) for name, part in rows.groupby("segment")}
    table = pd.DataFrame(sums, index=["value", "low", "high", "customers"]).T.rename_axis("segment")
    return table.sort_values("value", ascending=False)


def total(values: pd.DataFrame, spread: Spread) -> Interval:
    """What all customers are expected to spend, with its 95% interval."""
    forecasts = values.expected_spend.to_numpy()
    group, groups, expected = spread.group(forecasts), len(spread.ratios), float(forecasts.sum())
    parts, counts = np.bincount(group, forecasts, minlength=groups), np.bincount(group, minlength=groups)
    factor = float(_factor(spread.ratios_of_sums(parts[None], counts[None])[0])) if expected else 1.0
    return Interval(expected, expected / factor, expected * factor)


def forecast(model: SpendModel, fits: Fits, today: pd.DataFrame, spread: Spread) -> pd.DataFrame:
    """What to expect of each customer, with 95% intervals.

    Parameters
    ----------
    spread : Spread
        Regrouped by the forecasts of these customers.

    Returns
    -------
    DataFrame
        `customer_id`; `expected_orders` (days with an order) with `orders_low`, `orders_high`: as uncertain as the
        parameters (delta method); `expected_spend` (currency) with `low`, `high`: the interval of the mean spend of
        customers with such a forecast.
    """
    spend = model.predict(today)
    edges, low, high = map(np.array, limits(spread).values())
    group = np.searchsorted(edges, spend, side="right")
    orders_low, orders_high = limits_of_orders(fits, today, model.horizon_days)
    table = {
        "customer_id": today.customer_id.to_numpy(),
        "expected_orders": expected_orders(fits.orders, today, model.horizon_days),
        "orders_low": orders_low,
        "orders_high": orders_high,
        "expected_spend": spend,
        "low": spend * low[group],
        "high": spend * high[group],
    }
    return pd.DataFrame(table).round(6)


def limits(spread: Spread) -> dict[str, list[float]]:
    """What a forecast's interval is made of, as plain values: `edges` of the groups, and `low`, `high` of each.

    The limits are factors of the forecast: between them lies what is spent over what is expected, in 95% of draws.
    """
    factor = _factor(spread.ratios * spread.common)
    return {"edges": spread.edges.tolist(), "low": (1 / factor).tolist(), "high": factor.tolist()}


def limits_of_orders(fits: Fits, rows: pd.DataFrame, horizon_days: int) -> tuple[np.ndarray, np.ndarray]:
    """95% interval of the orders to expect of each customer, as uncertain as the parameters (delta method)."""
    orders = expected_orders(fits.orders, rows, horizon_days)
    factor = np.exp(1.96 * _error(fits, rows, horizon_days))
    return orders / factor, orders * factor


def _error(fits: Fits, rows: pd.DataFrame, horizon_days: int) -> np.ndarray:
    """Standard error of the logarithm of expected orders, by the delta method."""
    slopes = [
        (_shifted(fits, rows, horizon_days, n, STEP) - _shifted(fits, rows, horizon_days, n, -STEP)) / (2 * STEP)
        for n in range(len(fits.orders))
    ]
    variance = np.einsum("in,ij,jn->n", slopes, fits.orders_report.covariance, slopes)
    return np.sqrt(np.maximum(variance, 0.0))


def _shifted(fits: Fits, rows: pd.DataFrame, horizon_days: int, which: int, step: float) -> np.ndarray:
    """Logarithm of expected orders with one parameter a step away."""
    shifted = mbgnbd.Fitted(*(value * np.exp(step * (n == which)) for n, value in enumerate(fits.orders)))
    return np.log(np.maximum(expected_orders(shifted, rows, horizon_days), 1e-12))
