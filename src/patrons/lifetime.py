"""How many orders to expect of a customer: BG/NBD, fitted on what a day's features say and nothing later.

A customer orders at a pace of his own until, after some order, he leaves for good; paces and chances to leave differ
from customer to customer [Fader, Hardie & Lee, "Counting Your Customers" the Easy Way, Marketing Science 24(2), 2005].
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import betaln, gammaln, hyp2f1

WEEK = 7.0  # days: the unit of time inside
BOUNDS = 7.0  # parameters lie between exp(-7) and exp(7)


class Fitted(NamedTuple):
    """Parameters: the pace of orders a week is gamma(r, alpha), the chance to leave after an order beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float


def fit(repeats: np.ndarray, last: np.ndarray, age: np.ndarray) -> Fitted:
    """Maximum likelihood, on the counts of equal customers.

    Parameters
    ----------
    repeats : array
        Days with an order after the first such day.
    last, age : array
        Weeks from the first order to the last, and to the day of description.
    """
    history, customers = np.unique(np.column_stack([repeats, last, age]), axis=0, return_counts=True)

    def loss(logs: np.ndarray) -> float:
        return -(customers @ _log_likelihood(Fitted(*np.exp(logs)), *history.T)) / customers.sum()

    found = minimize(loss, np.log([0.5, 5.0, 0.5, 2.0]), method="L-BFGS-B", bounds=[(-BOUNDS, BOUNDS)] * 4)
    return Fitted(*np.exp(found.x))


def _log_likelihood(p: Fitted, x: np.ndarray, last: np.ndarray, age: np.ndarray) -> np.ndarray:
    pace = gammaln(p.r + x) - gammaln(p.r) + p.r * np.log(p.alpha)
    stays = pace + betaln(p.a, p.b + x) - betaln(p.a, p.b) - (p.r + x) * np.log(p.alpha + age)
    return stays + np.log1p(_odds_gone(p, x, last, age))


def _odds_gone(p: Fitted, x: np.ndarray, last: np.ndarray, age: np.ndarray) -> np.ndarray:
    """Odds that the customer has left after the last order; nobody leaves before a second one."""
    grown = ((p.alpha + age) / (p.alpha + last)) ** (p.r + x)
    return np.where(x > 0, p.a / (p.b + np.maximum(x, 1) - 1) * grown, 0.0)


def expected(p: Fitted, repeats: np.ndarray, last: np.ndarray, age: np.ndarray, weeks: float) -> np.ndarray:
    """Days with an order to expect in the coming weeks (eq. 10 of the paper)."""
    x, reach = repeats, p.alpha + age
    a = p.a if abs(p.a - 1) > 1e-6 else 1 + 1e-6  # the formula has a gap at 1, its value has not
    shape = hyp2f1(p.r + x, p.b + x, a + p.b + x - 1, weeks / (reach + weeks))
    orders = (a + p.b + x - 1) / (a - 1) * (1 - (reach / (reach + weeks)) ** (p.r + x) * shape)
    return orders / (1 + _odds_gone(p, x, last, age))


def with_expectations(table: pd.DataFrame, days: int) -> pd.DataFrame:
    """The feature table with what to expect; each day of description has a fit of its own.

    Parameters
    ----------
    table : DataFrame
        What `patrons.features.features` or `panel` gives.
    days : int
        Length of the time ahead; 0 expects nothing and adds nothing.

    Returns
    -------
    DataFrame
        More columns, those of `told`.
    """
    if not days:
        return table
    return table.join(pd.concat([_of_a_day(rows, days) for _, rows in table.groupby("as_of")]))


def _of_a_day(rows: pd.DataFrame, days: int) -> pd.DataFrame:
    age = rows.tenure_days.to_numpy(float) / WEEK
    active = rows.get("active_days", rows.frequency)  # without that group of features, as if no day had two orders
    history = active.to_numpy(float) - 1, age - rows.recency_days.to_numpy(float) / WEEK, age
    fitted = fit(*history)
    orders = expected(fitted, *history, days / WEEK)
    said = {
        "chance_active": 1 / (1 + _odds_gone(fitted, *history)),
        f"expected_orders_{days}d": orders,
        f"expected_spend_{days}d": orders * (rows.monetary / rows.frequency).to_numpy(),
    }
    return pd.DataFrame(said, index=rows.index).round(6)


def told(days: int) -> list[tuple[str, str, str]]:
    """Name, unit and meaning of what `with_expectations` adds."""
    if not days:
        return []
    return [
        ("chance_active", "probability", "chance that the customer has not left for good (BG/NBD)"),
        (f"expected_orders_{days}d", "days with an order", f"to expect in the next {days} days (BG/NBD)"),
        (
            f"expected_spend_{days}d",
            "currency",
            f"to expect in the next {days} days, at the customer's mean order value",
        ),
    ]
