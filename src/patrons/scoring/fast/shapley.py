"""Shapley values of boosted trees for one row: what XGBoost calls contributions, without its overhead.

A leaf counts for a row that meets its path's condition on each feature. For a feature that is not known, the share of
training rows that went that way stands in. So a leaf is a game whose value is a product over the features of its path,
and a player's Shapley value is the integral over t of what the player changes when each other one is known with chance
t [Owen, Multilinear Extensions of Games, 1972]. That is a polynomial in t, which a few points of Gauss and Legendre
integrate exactly: the same numbers as TreeSHAP [Lundberg et al., 2020], of all leaves at once.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from patrons.scoring.fast.trees import intercept, learner, narrow

LEAST = 1e-9  # rows of a node: a share of 0 would be divided by

Explain = Callable[[np.ndarray], tuple[np.ndarray, float]]


class Condition(NamedTuple):
    """The condition of the path to a leaf on one feature.

    Attributes
    ----------
    low, high : float
        The value is at or above the one, and below the other (NaN: no bound).
    missing : bool
        Whether a missing value goes that way.
    share : float
        Of training rows that went that way, among those that got so far.
    """

    low: float = -np.inf
    high: float = np.nan
    missing: bool = True
    share: float = 1.0


def shapley(model: Any) -> Explain:
    """A function from a prepared row to what each column adds to the log odds, and the log odds it is added to.

    Parameters
    ----------
    model : XGBClassifier
        Of two classes.
    """
    written = learner(model)
    leaves = [leaf for tree in written["gradient_booster"]["model"]["trees"] for leaf in _leaves(tree)]
    width = max((len(path) for _, path in leaves), default=0)
    padded = [[*path.items(), *[(0, Condition())] * (width - len(path))] for _, path in leaves]
    feature = np.array([[column for column, _ in path] for path in padded], dtype=int).T
    low, high, missing, share = (
        np.array([[condition[n] for _, condition in path] for path in padded]).T for n in range(4)
    )
    value = np.array([leaf_value for leaf_value, _ in leaves])
    base = float(intercept(written)[0] + (value * share.prod(axis=0)).sum())
    point, weight = np.polynomial.legendre.leggauss(max(1, (width + 1) // 2))
    known = ((point + 1) / 2)[:, None, None]
    unknown, weighted = share * (1 - known), value * weight[:, None] / 2
    columns = feature.ravel()

    def explain(x: np.ndarray) -> tuple[np.ndarray, float]:
        values = narrow(x).take(feature)
        met = np.where(values == values, (values >= low) & ~(values >= high), missing)
        factors = unknown + known * met
        others = (factors.prod(axis=1) * weighted)[:, None] / factors
        added = others.sum(axis=0) * (met - share)
        return np.bincount(columns, added.ravel(), minlength=len(x)), base

    return explain


def _leaves(tree: dict[str, Any]) -> list[tuple[float, dict[int, Condition]]]:
    """Each leaf's value, and by column the condition of its path."""
    left, right, rows = tree["left_children"], tree["right_children"], np.maximum(tree["sum_hessian"], LEAST)
    values = np.float32(tree["split_conditions"]).astype(float)  # thresholds, and of a leaf what it adds
    leaves, waiting = [], [(0, dict[int, Condition]())]
    while waiting:
        node, path = waiting.pop()
        if left[node] < 0:
            leaves.append((values[node], path))
            continue
        column, threshold, to_left = tree["split_indices"][node], values[node], bool(tree["default_left"][node])
        low, high, missing, share = path.get(column, Condition())
        below = Condition(low, np.fmin(high, threshold), missing and to_left, share * rows[left[node]] / rows[node])
        above = Condition(max(low, threshold), high, missing and not to_left, share * rows[right[node]] / rows[node])
        waiting += [(left[node], {**path, column: below}), (right[node], {**path, column: above})]
    return leaves
