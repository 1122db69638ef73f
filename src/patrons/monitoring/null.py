"""What earlier days of this very log differ by among themselves, and how rare today's differences are beside that.

Days share customers and windows, and each differs a little from the others: p-values of a plain test mean nothing here.
Instead each earlier day is compared with a reference of its own as today is (`moved`), and today's difference of a
feature is set against those. There are ten such days and not a thousand: ranks within a feature cannot tell 1 in 1,000,
which a decision on 130 features needs. So each difference is divided by the scale of its own feature, which makes
features alike, and features are pooled. The scale has two parts: what chance alone gives for so many customers (drawn
from those of then, a bootstrap over customers) and what days differ by beyond that; so days may differ in their
numbers of customers. An earlier day is scaled by the other earlier days only, as today is, and is as uncertain. Beyond
the 90th percentile of the pooled ratios the tail is a generalised Pareto distribution (Pickands, 1975), never thinner
than what is known of an exponential one from so many values.

Where fewer than `LEAST` earlier days can be compared, and of a table, the draws of customers are the null: they hold
the chance of who is a customer, and nothing of what days differ by.
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.stats import false_discovery_control, genpareto

from patrons.evaluation.threads import one_thread
from patrons.monitoring.shift import Codes, Pair, measured

Limit = Callable[[np.ndarray], np.ndarray]

LEAST = 5  # earlier days without which customers are drawn instead
DRAWS, FEW_DRAWS = 100, 16  # of customers: as the null, and for the scale of chance alone
TAIL = 0.1  # share of the ratios from which on a tail is fitted
LEVEL = 0.05  # false discovery rate: the share of those called moved that has not
LITTLE = 1e-4  # of a difference: nothing is told from less
LONGEST = 0.5  # shape of the tail, at most: beyond it the fit is of one outlier


def pooled(now: np.ndarray, noise: np.ndarray, null: np.ndarray, null_noise: np.ndarray) -> tuple[np.ndarray, Limit]:
    """How rare a difference is, by the same features' differences on earlier days.

    Parameters
    ----------
    now, noise : ndarray, shape (features,)
        Today's differences, 0 or more, and the root mean square that chance alone gives.
    null, null_noise : ndarray, shape (days, features)
        The same of earlier days, or of draws.

    Returns
    -------
    ndarray, shape (features,)
        p: the chance of such a difference on a day like the earlier ones.
    Limit
        Takes a p of each feature, and gives the difference of each that has it.
    """
    beyond = np.maximum(null**2 - null_noise**2, 0.0)
    scale = np.sqrt(noise**2 + beyond.mean(axis=0)) + LITTLE
    others = (beyond.sum(axis=0) - beyond) / max(len(null) - 1, 1)
    ratios = null / (np.sqrt(null_noise**2 + others) + LITTLE)
    alive = (null > 0).any(axis=0) | (now > 0)  # what never differs says nothing of the others
    if not alive.any():
        return np.ones(len(now)), np.zeros_like
    known = np.sort(ratios[:, alive].ravel())
    return tail(now / scale, known), lambda p: scale * rarer(p, known)


def tail(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The share of a distribution at or above each value, from a sorted sample: by ranks, then by a fitted tail."""
    ranked = (1 + len(known) - np.searchsorted(known, values, "left")) / (1 + len(known))
    start = np.quantile(known, 1 - TAIL)
    excess = known[known > start] - start
    if len(excess) < 2 or excess.max() <= 0:
        return ranked
    shape, scale = _pareto(excess)
    fitted = (1 + len(excess)) / (1 + len(known)) * genpareto.sf(np.maximum(values - start, 0.0), shape, scale=scale)
    return np.where(values > start, np.maximum(fitted, 0.0), ranked)


def rarer(p: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The values that `tail` gives such shares for."""
    start = np.quantile(known, 1 - TAIL)
    excess = known[known > start] - start
    ranked = np.quantile(known, 1 - p)
    if len(excess) < 2 or excess.max() <= 0:
        return ranked
    shape, scale = _pareto(excess)
    share = np.minimum(p * (1 + len(known)) / (1 + len(excess)), 1.0)
    return np.where(p < TAIL, start + genpareto.isf(share, shape, scale=scale), ranked)


def _pareto(excess: np.ndarray) -> tuple[float, float]:
    """Shape and scale by moments (Hosking and Wallis, 1987), the shape at most `LONGEST`.

    It is 1 / values at least: what is known of an exponential tail after so many (the predictive distribution).
    """
    mean, variance = float(excess.mean()), float(excess.var(ddof=1))
    shape = 0.5 * (1 - mean**2 / variance) if variance > 0 else 0.0
    shape = float(np.clip(shape, min(1 / len(excess), LONGEST), LONGEST))
    return shape, mean * (1 - shape)


def adjusted(p: np.ndarray) -> np.ndarray:
    """Values q by Benjamini and Hochberg (1995): call moved what has q up to a level, and that share of it has not."""
    return np.asarray(false_discovery_control(p)) if len(p) else p


@one_thread
def drawn(pair: Pair, codes: Sequence[Codes], draws: int, seed: int = 0) -> np.ndarray:
    """What both sides differ by where all are customers of then, drawn with replacement, as many as the sides have.

    Returns
    -------
    ndarray, shape (draws, features, 4)
        As `Measured.sizes`. A customer of then is drawn with all rows.
    """
    rng, rows = np.random.default_rng(seed), [one.then for one in codes]
    customers, share = pair.who.max() + 1, pair.weights / pair.weights.sum()
    tables = []
    for _ in range(draws):
        times = rng.multinomial(customers, np.full(customers, 1 / customers))[pair.who]
        weights = pair.weights * times, rng.multinomial(len(pair.now), share).astype(float)
        tables.append(measured(codes, rows, rows, weights).sizes)
    return np.array(tables)
