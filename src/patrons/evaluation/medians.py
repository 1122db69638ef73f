"""Medians and how sure they are."""

from collections.abc import Callable

import numpy as np
from scipy.stats import binom

from patrons.evaluation.metrics import Interval


def median_interval(values: np.ndarray, confidence: float = 0.95) -> Interval:
    """A median and its interval between two of the values, exact for any distribution.

    What the bootstrap converges to, without resampling: the number of values under the median is binomial (David and
    Nagaraja, Order Statistics, 2003, section 7.1). Where even the smallest and the largest value enclose the median too
    seldom, as of fewer than six values for 95%, the interval is missing.
    """
    ordered = np.sort(values)
    rank = int(binom.ppf((1 - confidence) / 2, len(ordered), 0.5))
    if rank < 1:
        return Interval(float(np.median(ordered)), np.nan, np.nan)
    return Interval(float(np.median(ordered)), float(ordered[rank - 1]), float(ordered[len(ordered) - rank]))


def median_text(median: Interval, to_text: Callable[[float], str]) -> str:
    """Such as "12 (10 to 14)", or "12 (too few for an interval)"; `to_text` formats a number."""
    if not np.isfinite(median.low):
        return f"{to_text(median.value)} (too few for an interval)"
    return f"{to_text(median.value)} ({to_text(median.low)} to {to_text(median.high)})"
