"""The usual rules of drift for `monitoring.py`: columns of a reference beside those of a day, no outcome asked.

Evidently's default (0.7.23, read in its source) is, where the reference has up to 1,000 rows, the two-sample
Kolmogorov-Smirnov test of each numeric column and the z-test of a binary one, at .05; beyond, the Wasserstein distance
over the reference's standard deviation and the Jensen-Shannon distance, each from .1 on. A data set has drifted where
half of its columns have.
"""

import numpy as np
import pandas as pd
from scipy.spatial.distance import jensenshannon
from scipy.stats import kstwobign, norm, wasserstein_distance

P, FAR, SMALL, HALF = 0.05, 0.1, 1000, 0.5
BINS, LEAST = 10, 1e-4  # of PSI: quantiles of the reference, and a share that stands for none
BINARY = ("abroad",)
RULES = ("KS p < .05", "KS > .1", "PSI > .1")


def ks(a: np.ndarray, b: np.ndarray) -> float:
    """Two-sample Kolmogorov-Smirnov distance.

    Examples
    --------
    >>> ks(np.array([1.0, 2, 3, 4]), np.array([3.0, 4, 5, 6]))
    0.5
    """
    a, b = np.sort(a), np.sort(b)
    at = np.concatenate([a, b])
    below = np.searchsorted(a, at, side="right") / len(a) - np.searchsorted(b, at, side="right") / len(b)
    return float(np.abs(below).max())


def ks_p(distance: float, a: int, b: int) -> float:
    """Its p-value for samples of these sizes, by the limiting distribution."""
    return float(kstwobign.sf(distance * np.sqrt(a * b / (a + b))))


def psi(reference: np.ndarray, current: np.ndarray) -> float:
    """Population stability index over the reference's deciles."""
    edges = np.unique(np.quantile(reference, np.arange(1, BINS) / BINS))
    shares = [
        np.maximum(np.bincount(np.searchsorted(edges, one, side="left"), minlength=len(edges) + 1) / len(one), LEAST)
        for one in (reference, current)
    ]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def drifted(reference: pd.DataFrame, current: pd.DataFrame) -> set[str]:
    """Which of `RULES` alarm: any column is enough."""
    numeric = [name for name in reference if name not in BINARY]
    far = [ks(reference[name].to_numpy(), current[name].to_numpy()) for name in numeric]
    moved = [psi(reference[name].to_numpy(), current[name].to_numpy()) for name in numeric]
    found = (ks_p(max(far), len(reference), len(current)) < P, max(far) > FAR, max(moved) > FAR)
    return {rule for rule, alarm in zip(RULES, found, strict=True) if alarm}


def evidently(reference: pd.DataFrame, current: pd.DataFrame) -> list[bool]:
    """Whether each column has drifted, by Evidently's default."""
    test = _small if len(reference) <= SMALL else _large
    return [test(name, reference[name].to_numpy(), current[name].to_numpy()) for name in reference]


def _small(name: str, a: np.ndarray, b: np.ndarray) -> bool:
    if name not in BINARY:
        return ks_p(ks(a, b), len(a), len(b)) < P
    both = (a.sum() + b.sum()) / (len(a) + len(b))
    error = np.sqrt(both * (1 - both) * (1 / len(a) + 1 / len(b)))
    return bool(error > 0 and 2 * norm.sf(abs(a.mean() - b.mean()) / error) < P)


def _large(name: str, a: np.ndarray, b: np.ndarray) -> bool:
    if name not in BINARY:
        return bool(wasserstein_distance(a, b) / max(a.std(), 1e-3) >= FAR)
    return bool(jensenshannon([1 - a.mean(), a.mean()], [1 - b.mean(), b.mean()]) >= FAR)


def half(columns: list[bool]) -> bool:
    """Evidently's rule for a data set."""
    return sum(columns) / len(columns) >= HALF
