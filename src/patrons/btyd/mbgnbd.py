"""How many orders to expect of a customer: MBG/NBD by maximum likelihood, on the counts of equal customers.

Each customer orders at an own pace and, after any order, may leave for good; the pace and the chance to leave differ
from customer to customer. Unlike in BG/NBD [Fader, Hardie & Lee, "Counting Your Customers" the Easy Way, Marketing
Science 24(2), 2005] that holds of the first order too, so that silence after it tells something [Batislam, Denizel &
Filiztekin, Empirical validation and comparison of models for customer base analysis, International Journal of Research
in Marketing 24(3), 2007]. A customer with x repeats has stayed x times: so the formulas are those of BG/NBD with b + 1
for b where the chance to leave counts, and without its exception for x = 0.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import betaln, digamma, expit, gammaln, hyp2f1

from patrons.btyd.likelihood import Report, maximise

WEEK = 7.0  # days: the unit of time inside
BOUNDS = 7.0  # parameters lie between exp(-7) and exp(7)
STARTS = ((0.5, 5.0, 0.5, 2.0), (0.1, 2.0, 0.1, 1.0), (2.0, 20.0, 1.0, 5.0))
LONGEST = 500.0  # logarithm of weeks: where orders are hardly known to come again, nobody is late
GROUPS_AT_MOST = 100_000  # beyond so many different histories, times are rounded to weeks


class Fitted(NamedTuple):
    """Parameters: the pace of orders a week is gamma(r, alpha), the chance to leave after an order beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float


def grouped(repeats: np.ndarray, last: np.ndarray, age: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different histories (rows of repeats, last, age; weeks) and how many customers have each.

    Times are taken to the day, or to the week where there are more than `GROUPS_AT_MOST` histories.
    """
    by_day = _counted(repeats, last, age, WEEK)
    return by_day if len(by_day[0]) <= GROUPS_AT_MOST else _counted(repeats, last, age, 1.0)


def _counted(repeats: np.ndarray, last: np.ndarray, age: np.ndarray, parts: float) -> tuple[np.ndarray, np.ndarray]:
    """Times in whole parts of a week; one sortable number a history is far faster to count than three."""
    columns = [np.rint(values).astype(np.int64) for values in (repeats, last * parts, age * parts)]
    code = np.zeros(len(repeats), np.int64)
    for column in columns:
        code = code * (column.max(initial=0) + 1) + column
    _, first, counts = np.unique(code, return_index=True, return_counts=True)
    x, t_x, age = (column[first].astype(float) for column in columns)
    return np.column_stack([x, t_x / parts, age / parts]), counts


def fit(repeats: np.ndarray, last: np.ndarray, age: np.ndarray) -> tuple[Fitted, Report]:
    """Maximum likelihood from several starts, within bounds.

    Parameters
    ----------
    repeats : array
        Days with an order after the first such day.
    last, age : array
        Weeks from the first order to the last, and to the day of description.

    Returns
    -------
    Fitted
        The parameters.
    Report
        How the search went, and how well the data settle the parameters.
    """
    histories, customers = grouped(np.asarray(repeats), np.asarray(last), np.asarray(age))
    report = maximise(lambda logs: _objective(logs, histories, customers), STARTS, BOUNDS)
    return Fitted(*report.parameters), report


def log_likelihood(p: Fitted, x: np.ndarray, last: np.ndarray, age: np.ndarray) -> np.ndarray:
    """The log-likelihood of each customer: who is still here has stayed x + 1 times, who left x times."""
    pace = gammaln(p.r + x) - gammaln(p.r) + p.r * np.log(p.alpha)
    stays = pace + betaln(p.a, p.b + x + 1) - betaln(p.a, p.b) - (p.r + x) * np.log(p.alpha + age)
    return stays + np.logaddexp(0.0, log_odds_left(p, x, last, age))


def chance_active(p: Fitted, x: np.ndarray, last: np.ndarray, age: np.ndarray) -> np.ndarray:
    """Chance that the customer has not left for good."""
    return expit(-log_odds_left(p, x, last, age))


def log_odds_left(p: Fitted, x: np.ndarray, last: np.ndarray, age: np.ndarray) -> np.ndarray:
    """Logarithm of the odds that the customer has left after the last order: a / (b + x), and silence since.

    The odds themselves are beyond any number for a heavy buyer who has been silent for years.
    """
    since = np.maximum(last, 0.0)  # somebody's "what if" may place the last order before the first
    silence = (p.r + x) * np.log((p.alpha + age) / (p.alpha + since))
    return np.log(p.a / (p.b + x)) + silence


def _objective(logs: np.ndarray, histories: np.ndarray, customers: np.ndarray) -> tuple[float, np.ndarray]:
    """Log-likelihood of all customers at the logarithms of the parameters, and its gradient there."""
    p, (x, last, age) = Fitted(*np.exp(logs)), histories.T
    left = expit(log_odds_left(p, x, last, age))
    reach, reach_last = p.alpha + age, p.alpha + last
    both = digamma(p.a + p.b) - digamma(p.a + p.b + x + 1)
    derivatives = [
        digamma(p.r + x) - digamma(p.r) + np.log(p.alpha / reach) + left * np.log(reach / reach_last),
        p.r / p.alpha - (p.r + x) / reach + left * (p.r + x) * (1 / reach - 1 / reach_last),
        both + left / p.a,
        both + digamma(p.b + x + 1) - digamma(p.b) - left / (p.b + x),
    ]
    gradient = np.array([customers @ values for values in derivatives]) * np.exp(logs)
    return float(customers @ log_likelihood(p, x, last, age)), gradient


def expected(
    p: Fitted, repeats: np.ndarray, last: np.ndarray, age: np.ndarray, weeks: float | np.ndarray
) -> np.ndarray:
    """Days with an order to expect in the coming weeks: eq. 10 of Fader et al., of one who stayed once more."""
    x, reach, stayed = repeats, p.alpha + age, p.b + repeats + 1
    a = np.where(np.abs(p.a - 1) > 1e-6, p.a, 1 + 1e-6)  # the formula has a gap at 1, its value has not
    shape = hyp2f1(p.r + x, stayed, a + stayed - 1, weeks / (reach + weeks))
    orders = (a + stayed - 1) / (a - 1) * (1 - (reach / (reach + weeks)) ** (p.r + x) * shape)
    return orders * chance_active(p, x, last, age)


def chance_of_none(p: Fitted, repeats: np.ndarray, last: np.ndarray, age: np.ndarray, weeks: float) -> np.ndarray:
    """Chance of no order in the coming weeks: the customer has left, or takes longer (the pace is gamma, so Lomax)."""
    longer = ((p.alpha + age) / (p.alpha + age + weeks)) ** (p.r + repeats)
    return 1 - chance_active(p, repeats, last, age) * (1 - longer)


def longest_gap(p: Fitted, repeats: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Weeks within which the next order comes with a chance of 90%, if the customer did not leave at the last one.

    Staying tells nothing of the pace, so what is known of it at the last order is gamma(r + x, alpha + t_x). The next
    gap is Lomax: longer than s with the chance ((alpha + t_x) / (alpha + t_x + s))^(r + x), which is 10% at this s.
    """
    return (p.alpha + last) * np.expm1(np.minimum(np.log(10.0) / (p.r + repeats), LONGEST))
