"""What a customer will spend: MBG/NBD with Gamma-Gamma, a booster that corrects them, and the mean of both.

The first knows how often and for how much a customer orders, and needs no outcome. The second, a Tweedie booster
(XGBoost), starts from it and learns from earlier days, whose outcome is known, what else the features tell. Both work
on ratios, so their mean is the geometric one.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted
from xgboost import XGBRegressor

from patrons.btyd import gamma_gamma, mbgnbd
from patrons.btyd.lifetime import active_days, history
from patrons.btyd.likelihood import Report

LEAST = 0.01  # currency: no logarithm of less
YEAR, SEASON = 365, 45  # days: a day this close to one a year before is of the same season
ROWS_AT_MOST = 100_000  # of earlier days, that the booster learns from
BASE, ORDERS = "expected_base", "expected_orders"  # what both expected on an earlier day (`with_expected`)
CHUNK = 100_000  # customers whose spend is foretold at a time
LEVELS = (0.5, 2.0)  # a season moves spend by no more than this
BOOSTER: dict[str, Any] = {
    "objective": "reg:tweedie",
    "tweedie_variance_power": 1.2,
    "n_estimators": 300,
    "learning_rate": 1 / 30,  # small steps on half the rows each: the few who spend most sway it less
    "max_depth": 5,
    "subsample": 0.5,
    "colsample_bytree": 0.5,
    "reg_lambda": 10,
    "max_bin": 64,
    "n_jobs": 1,  # sums in one order: the same seed gives the same model
}


class Fits(NamedTuple):
    """MBG/NBD (orders) and Gamma-Gamma (order values), fitted on the customers of one day."""

    orders: mbgnbd.Fitted
    value: gamma_gamma.Fitted
    orders_report: Report
    value_report: Report


def fit_both(rows: pd.DataFrame) -> Fits:
    """Fit both on the features of one day. Order values are learnt from those who came back, where there are some.

    Those who came back place most of the orders to come, and spend differently from those who never did.
    """
    orders, orders_report = mbgnbd.fit(*history(rows))
    days = active_days(rows)
    known = days > 1 if (days > 1).sum() >= len(gamma_gamma.STARTS[0]) * 10 else days > 0
    value, value_report = gamma_gamma.fit(days[known], rows.monetary.to_numpy(float)[known] / days[known])
    return Fits(orders, value, orders_report, value_report)


def expected_orders(p: mbgnbd.Fitted, rows: pd.DataFrame, horizon_days: int) -> np.ndarray:
    """Days with an order to expect of each customer."""
    return mbgnbd.expected(p, *history(rows), horizon_days / mbgnbd.WEEK)


def expected_spend(
    orders: mbgnbd.Fitted, value: gamma_gamma.Fitted, rows: pd.DataFrame, horizon_days: int
) -> np.ndarray:
    """Spend to expect of each customer, currency, at the level of the past."""
    days = active_days(rows)
    order_value = gamma_gamma.expected(value, days, rows.monetary.to_numpy(float) / days)
    return expected_orders(orders, rows, horizon_days) * order_value


def with_expected(table: pd.DataFrame, horizon_days: int, order_days: int) -> pd.DataFrame:
    """Customers on several days, with what both expected of those of earlier days: each day is fitted once.

    Parameters
    ----------
    table : DataFrame
        Features of customers on several days, `as_of`.
    horizon_days, order_days : int
        How far ahead spend and orders are expected.

    Returns
    -------
    DataFrame
        With `BASE`: spend (currency), and `ORDERS`: days with an order; both missing on the latest day.
    """
    earlier = table[table.as_of < table.as_of.max()]
    days = [expectations(rows, horizon_days, order_days) for _, rows in earlier.groupby("as_of")]
    return table.join(pd.concat(days) if days else pd.DataFrame(columns=[BASE, ORDERS], dtype=float))


def expectations(rows: pd.DataFrame, horizon_days: int, order_days: int) -> pd.DataFrame:
    """What both, fitted on customers of one day, expect of them: `BASE` and `ORDERS` (see `with_expected`)."""
    fits = fit_both(rows)
    spend = expected_spend(fits.orders, fits.value, rows, horizon_days)
    return pd.DataFrame({BASE: spend, ORDERS: expected_orders(fits.orders, rows, order_days)}, rows.index)


class SpendModel(RegressorMixin, BaseEstimator):
    """Spend in the days to come, from raw feature columns.

    Parameters
    ----------
    horizon_days : int
        How far ahead.
    inputs : list of str, optional
        Columns that the booster may see; None: no booster.
    seed : int

    Attributes
    ----------
    orders_, value_ : list of float
        Parameters of MBG/NBD and Gamma-Gamma on the latest day.
    level_ : float
        What was spent over what these expect, at the same season a year before; 1 where the log does not reach back.
    levels_ : dict of str to float
        What was spent over what was expected on each earlier day, by day.
    scale_ : float
        Brings the total of the geometric mean to the mean of the two totals.
    booster_ : XGBRegressor or None
        None where no earlier day has an outcome.
    """

    def __init__(self, horizon_days: int = 180, inputs: list[str] | None = None, seed: int = 42):
        self.horizon_days = horizon_days
        self.inputs = inputs
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: pd.Series) -> "SpendModel":
        """Learn from customers on several days, `as_of`; `y` is what they spent then, missing where nobody knows yet.

        What both expected on earlier days is fitted here unless `with_expected` has added it. The rows of the latest
        day say at what pace customers order now; whatever `y` has for them is not looked at.
        """
        today = X.as_of == X.as_of.max()
        earlier = X[~today & y.notna()].assign(spent=y)
        fits = fit_both(X[today])
        self.orders_, self.value_ = list(fits.orders), list(fits.value)
        base = [self._base(rows) for _, rows in earlier.groupby("as_of")]
        earlier = earlier.assign(base=pd.concat(base) if base else 0.0)
        raw = earlier.groupby("as_of").spent.sum() / earlier.groupby("as_of").base.sum()
        self.levels_ = {str(day.date()): float(level) for day, level in raw.items()}
        levels = raw.clip(*LEVELS)
        self.level_ = same_season(levels, X.as_of.max())
        self.booster_ = self._boost(earlier, earlier.base * earlier.as_of.map(levels)) if base and self.inputs else None
        self.scale_ = 1.0
        self.scale_ = self._even(X[today])
        self.feature_names_in_ = np.array(self._columns(X), dtype=object)
        return self

    def _base(self, rows: pd.DataFrame) -> pd.Series:
        """What both expected of customers on an earlier day."""
        if BASE in rows:
            return rows[BASE]
        fits = fit_both(rows)
        return pd.Series(expected_spend(fits.orders, fits.value, rows, self.horizon_days), rows.index)

    def _boost(self, rows: pd.DataFrame, start: pd.Series) -> XGBRegressor:
        booster = XGBRegressor(**BOOSTER, random_state=self.seed)
        rows = rows.sample(ROWS_AT_MOST, random_state=self.seed) if len(rows) > ROWS_AT_MOST else rows
        start = start[rows.index]
        # without names, which XGBoost would ask for again in each round
        return booster.fit(rows[self.inputs].to_numpy(float), rows.spent.to_numpy(), base_margin=_logarithm(start))

    def _columns(self, X: pd.DataFrame) -> list[str]:
        needed = ["recency_days", "tenure_days", "frequency", "active_days", "monetary"]
        return [name for name in X.columns if name in {*needed, *(self.inputs or [])}]

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Spend to expect of each row, currency."""
        parts = self.parts(X)
        if "booster" not in parts:
            return parts["btyd"]
        return self.scale_ * np.sqrt(parts["btyd"] * parts["booster"])

    def _even(self, today: pd.DataFrame) -> float:
        """Brings the total of the geometric mean, always the lower, to the mean of the two totals."""
        parts = self.parts(today)
        total = self.predict(today).sum()
        return float(np.mean([part.sum() for part in parts.values()]) / total) if total else 1.0

    def parts(self, X: pd.DataFrame) -> dict[str, np.ndarray]:
        """What ``btyd`` (MBG/NBD with Gamma-Gamma, at the season's level) and ``booster`` (if any) expect by itself."""
        check_is_fitted(self)
        orders, value = mbgnbd.Fitted(*self.orders_), gamma_gamma.Fitted(*self.value_)
        base = expected_spend(orders, value, X, self.horizon_days) * self.level_
        if self.booster_ is None:
            return {"btyd": base}
        parts = [slice(start, start + CHUNK) for start in range(0, len(X), CHUNK)]
        boosted = [
            self.booster_.predict(X[self.inputs].iloc[part].to_numpy(float), base_margin=_logarithm(base[part]))
            for part in parts
        ]
        return {"btyd": base, "booster": np.concatenate([np.empty(0), *boosted])}


def _logarithm(spend: pd.Series | np.ndarray) -> np.ndarray:
    return np.log(np.maximum(np.asarray(spend), LEAST))


def same_season(levels: pd.Series, day: pd.Timestamp) -> float:
    """Mean level of the days that lie a year before a day, or nearly; 1 where there is none.

    Parameters
    ----------
    levels : Series
        What was spent over what was expected; the index is the day.
    """
    away = (pd.DatetimeIndex(levels.index) - day).days.to_numpy() + YEAR if len(levels) else np.array([])
    near = np.abs(away) <= SEASON
    return float(levels[near].mean()) if near.any() else 1.0
