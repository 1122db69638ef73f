"""The value of an order to expect of a customer: Gamma-Gamma by maximum likelihood.

The values of a customer's orders vary about an own mean; means differ from customer to customer, and do not depend on
how often they order [Fader & Hardie, The Gamma-Gamma Model of Monetary Value, 2013].
"""

from typing import NamedTuple

import numpy as np
from scipy.special import digamma, gammaln

from patrons.btyd.likelihood import Report, maximise

BOUNDS = 12.0  # parameters lie between exp(-12) and exp(12)
STARTS = ((1.0, 2.0, 1.0), (6.0, 4.0, 0.5), (0.5, 10.0, 5.0))
GRAIN = 200  # parts of a logarithm to which values are taken: 0.5 %


class Fitted(NamedTuple):
    """An order's value is gamma(p, rate v) [shape, inverse scale]; v is gamma(q, rate gamma) over customers.

    So a customer's mean is p / v, and that of all customers p x gamma / (q - 1), which exists where q > 1: `more` is
    q - 1. gamma is in currency.
    """

    p: float
    more: float
    gamma: float


def fit(orders: np.ndarray, value: np.ndarray) -> tuple[Fitted, Report]:
    """Maximum likelihood on the counts of equal customers; those who spent nothing are left out.

    Parameters
    ----------
    orders : array
        Days with an order.
    value : array
        Mean spend on such a day, currency. The unit does not matter: values are measured in their own median.
    """
    spent = value > 0
    unit = float(np.median(value[spent])) if spent.any() else 1.0
    grain = np.rint(np.log(value[spent] / unit) * GRAIN)
    groups, customers = np.unique(np.column_stack([orders[spent], grain]), axis=0, return_counts=True)
    history = (groups[:, 0], np.exp(groups[:, 1] / GRAIN))
    report = maximise(lambda logs: _objective(logs, *history, customers), STARTS, BOUNDS)
    p, more, gamma = report.parameters
    return Fitted(p, more, gamma * unit), report


def _objective(logs: np.ndarray, n: np.ndarray, z: np.ndarray, customers: np.ndarray) -> tuple[float, np.ndarray]:
    """Log-likelihood of all customers at the logarithms of the parameters, and its gradient (eq. 1a of the note)."""
    p, more, gamma = np.exp(logs)
    q, pn, total = more + 1, p * n, gamma + n * z
    density = gammaln(pn + q) - gammaln(pn) - gammaln(q) + q * np.log(gamma) + (pn - 1) * np.log(z) + pn * np.log(n)
    density -= (pn + q) * np.log(total)
    derivatives = [
        n * (digamma(pn + q) - digamma(pn) + np.log(z) + np.log(n) - np.log(total)),
        digamma(pn + q) - digamma(q) + np.log(gamma) - np.log(total),
        q / gamma - (pn + q) / total,
    ]
    gradient = np.array([customers @ values for values in derivatives]) * np.exp(logs)
    return float(customers @ density), gradient


def expected(g: Fitted, orders: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Mean spend to expect of each customer on a day with an order, currency (eq. 5), shrunk to that of all."""
    return g.p * (g.gamma + orders * value) / (g.p * orders + g.more)
