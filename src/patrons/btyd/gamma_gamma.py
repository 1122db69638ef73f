"""What an order of a customer is worth: Gamma-Gamma by maximum likelihood.

A customer's orders scatter about a mean of his own; means differ from customer to customer, and do not depend on how
often he orders [Fader & Hardie, The Gamma-Gamma Model of Monetary Value, 2013].
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

    So a customer's mean is p / v, and that of all customers p x gamma / (q - 1). `more` is q - 1: above 0, else there
    is no such mean. gamma is in currency.
    """

    p: float
    more: float
    gamma: float


def fit(orders: np.ndarray, value: np.ndarray) -> tuple[Fitted, Report]:
    """Maximum likelihood on the counts of alike customers; those whose orders were worth nothing are passed over.

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
    alike, customers = np.unique(np.column_stack([orders[spent], grain]), axis=0, return_counts=True)
    history = (alike[:, 0], np.exp(alike[:, 1] / GRAIN))
    report = maximise(lambda logs: _climb(logs, *history, customers), STARTS, BOUNDS)
    p, more, gamma = report.parameters
    return Fitted(p, more, gamma * unit), report


def _climb(logs: np.ndarray, n: np.ndarray, z: np.ndarray, customers: np.ndarray) -> tuple[float, np.ndarray]:
    """Log-likelihood of all customers at the logarithms of the parameters, and its slope there (eq. 1a of the note)."""
    p, more, gamma = np.exp(logs)
    q, pn, total = more + 1, p * n, gamma + n * z
    height = gammaln(pn + q) - gammaln(pn) - gammaln(q) + q * np.log(gamma) + (pn - 1) * np.log(z) + pn * np.log(n)
    height -= (pn + q) * np.log(total)
    slopes = [
        n * (digamma(pn + q) - digamma(pn) + np.log(z) + np.log(n) - np.log(total)),
        digamma(pn + q) - digamma(q) + np.log(gamma) - np.log(total),
        q / gamma - (pn + q) / total,
    ]
    return float(customers @ height), np.array([customers @ slope for slope in slopes]) * np.exp(logs)


def expected(g: Fitted, orders: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Mean spend a day with an order to expect of each customer, currency (eq. 5): drawn to that of all others."""
    return g.p * (g.gamma + orders * value) / (g.p * orders + g.more)
