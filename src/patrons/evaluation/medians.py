"""A median and how sure it is."""

from collections.abc import Callable

import numpy as np
from scipy.stats import binom

from patrons.evaluation.metrics import Interval

FEWEST = 6  # values: of five, even the least and the greatest hold the median between them in under 95% of samples


def median_interval(values: np.ndarray) -> Interval:
    """A median and its 95% interval between two of the values, exact for any distribution.

    What the bootstrap converges to, without drawing: the number of values under the median is binomial (David and
    Nagaraja, Order Statistics, 2003, section 7.1). Fewer than `FEWEST` values have none: it is missing.
    """
    ordered = np.sort(values)
    if len(ordered) < FEWEST:
        return Interval(float(np.median(ordered)), np.nan, np.nan)
    rank = int(binom.ppf(0.025, len(ordered), 0.5))
    return Interval(float(np.median(ordered)), float(ordered[rank - 1]), float(ordered[len(ordered) - rank]))


def median_in_words(said: Interval, shown: Callable[[float], str]) -> str:
    """Such as "12 (10 to 14)", or "12 (too few for an interval)"; `shown` makes text of a number."""
    known = f"{shown(said.low)} to {shown(said.high)}" if np.isfinite(said.low) else "too few for an interval"
    return f"{shown(said.value)} ({known})"
