"""Where a model cannot tell, say so: sets of classes that hold the true one as often as promised.

After split conformal prediction (Vovk et al., Algorithmic Learning in a Random World, 2005; Sadinle et al., 2019): on
rows that a model did not learn from, the probability given to the true class is at or above a threshold in the promised
share of rows; a new row's set is all classes at or above it. The proof holds where the same model gives both and rows
are exchangeable. Rows of a later day are not, and a model that has learnt more since is another one, as in 05: then the
promise is not proven, so coverage must be measured on later days.
"""

import math

import numpy as np
import pandas as pd

from patrons.evaluation.metrics import Interval
from patrons.evaluation.multiclass import Classes, probability_of_truth
from patrons.evaluation.shares import wilson


def threshold(truth: np.ndarray, probabilities: np.ndarray, classes: Classes, level: float) -> float:
    """The probability at or above which a class belongs to a row's set; 0 (all do) where there are too few rows.

    Parameters
    ----------
    truth, probabilities, classes
        As in `multiclass.log_loss`, of rows that the model did not learn from and is not tested on.
    level : float
        Share of new rows whose set shall hold the true class, between 0 and 1.
    """
    likelihood = np.sort(probability_of_truth(truth, probabilities, classes))
    missed = len(likelihood) - math.ceil((len(likelihood) + 1) * level)
    return float(likelihood[missed]) if missed >= 0 else 0.0


def sets(probabilities: np.ndarray, threshold: float, level: float) -> np.ndarray:
    """Which classes belong to each row's set, shape (n, classes) of bool.

    A row without a class at or above the threshold gets its likeliest ones that together reach `level`: a larger set
    than the promise needs, but it shows between which classes the model wavers.
    """
    chosen: np.ndarray = probabilities >= threshold
    if chosen.any(axis=1).all():
        return chosen
    order = _likeliest_first(probabilities)
    before = np.take_along_axis(probabilities, order, axis=1).cumsum(axis=1)
    reached: np.ndarray = np.hstack([np.zeros((len(before), 1)), before[:, :-1]]) < level
    likeliest = np.empty_like(reached)
    np.put_along_axis(likeliest, order, reached, axis=1)
    return np.where(chosen.any(axis=1, keepdims=True), chosen, likeliest)


def _likeliest_first(probabilities: np.ndarray) -> np.ndarray:
    return np.argsort(-probabilities, axis=1, kind="stable")


def covered(truth: np.ndarray, chosen: np.ndarray, classes: Classes) -> np.ndarray:
    """Whether each row's set holds its true class."""
    return probability_of_truth(truth, chosen.astype(float), classes) > 0


def coverage(truth: np.ndarray, chosen: np.ndarray, classes: Classes) -> Interval:
    """Share of rows whose set holds the true class, with Wilson's 95% interval."""
    holds = covered(truth, chosen, classes)
    low, high = wilson(pd.Series([holds.sum()]), pd.Series([len(holds)]))
    return Interval(float(holds.mean()), float(low[0]), float(high[0]))
