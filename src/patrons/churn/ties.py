"""When two models are as good as each other: one rule for settings, kinds and the mean.

A tie needs evidence. The better one is no better only where the 95 % interval of the paired difference ends at or below
`NARROW`, and then the simpler is taken: it gives up no more than that. Where few rows leave the interval wide nothing
is known to tie, and the better mean is taken. That holds for the choices of a setting, of members and of a model
together: what an earlier one may have given up is taken from what the next may.
"""

from collections.abc import Sequence

import numpy as np

from patrons.evaluation.metrics import Interval
from patrons.evaluation.scores import RANKING, mean_difference

NARROW = 0.002  # ROC AUC, of all choices together


def tied(gain: Interval, given_up: float = 0.0) -> bool:
    """Whether what the better model gains is known to be next to nothing.

    `given_up` is what the better one itself may have given up in earlier choices, ROC AUC.
    """
    return given_up + gain.high <= NARROW


def gain(
    truth: Sequence[np.ndarray],
    new: Sequence[np.ndarray],
    old: Sequence[np.ndarray],
    who: Sequence[np.ndarray],
    seed: int,
) -> Interval:
    """What one score gains in ROC AUC over another, the mean over folds, with its paired 95 % interval.

    `who` says for each fold whose row each is: customers are resampled, because rows of one customer on several days,
    or in several partings of a table, are no new customers.
    """
    return mean_difference(RANKING["roc_auc"], list(zip(truth, new, old, strict=True)), who, seed=seed)
