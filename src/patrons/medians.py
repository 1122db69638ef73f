"""A median and how sure it is."""

import numpy as np
from scipy.stats import binom

from patrons.evaluation import Interval


def median_interval(values: np.ndarray) -> Interval:
    """A median and its 95% interval between two of the values, exact for any distribution.

    What the bootstrap converges to, without drawing: the number of values under the median is binomial (David and
    Nagaraja, Order Statistics, 2003, section 7.1). Fewer than six values: from the least to the greatest.
    """
    ordered = np.sort(values)
    rank = max(int(binom.ppf(0.025, len(ordered), 0.5)), 1)
    return Interval(float(np.median(ordered)), float(ordered[rank - 1]), float(ordered[len(ordered) - rank]))
