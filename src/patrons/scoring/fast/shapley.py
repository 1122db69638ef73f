"""Shapley values of boosted trees for one row: what XGBoost calls contributions, without its start-up.

A leaf counts for a row that meets what its path asks of each feature. For a feature that is not known, the share of
training rows that went that way stands in. So a leaf is a game whose value is a product over the features of its path,
and a player's Shapley value is the integral over t of what the player changes when each other one is known with chance
t [Owen, Multilinear Extensions of Games, 1972]. That is a polynomial in t, which a few points of Gauss and Legendre
integrate exactly: the same numbers as TreeSHAP [Lundberg et al., 2020], of all leaves at once.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from patrons.scoring.fast.trees import intercept, narrow, telling

LEAST = 1e-9  # rows of a node: a share of 0 would be divided by

Explain = Callable[[np.ndarray], tuple[np.ndarray, float]]


class Asked(NamedTuple):
    """What the path to a leaf asks of one feature.

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
    """Of a prepared row what each column adds to the log odds, and the log odds that they are added to.

    Parameters
    ----------
    model : XGBClassifier
        Of two classes.
    """
    told = telling(model)
    leaves = [leaf for tree in told["gradient_booster"]["model"]["trees"] for leaf in _leaves(tree)]
    width = max((len(path) for _, path in leaves), default=0)
    padded = [[*path.items(), *[(0, Asked())] * (width - len(path))] for _, path in leaves]
    feature = np.array([[column for column, _ in path] for path in padded], dtype=int).T
    low, high, missing, share = (np.array([[one[n] for _, one in path] for path in padded]).T for n in range(4))
    value = np.array([said for said, _ in leaves])
    base = float(intercept(told)[0] + (value * share.prod(axis=0)).sum())
    point, weight = np.polynomial.legendre.leggauss(max(1, (width + 1) // 2))
    known = ((point + 1) / 2)[:, None, None]
    unknown, weighted = share * (1 - known), value * weight[:, None] / 2
    columns = feature.ravel()

    def explain(x: np.ndarray) -> tuple[np.ndarray, float]:
        given = narrow(x).take(feature)
        met = np.where(given == given, (given >= low) & ~(given >= high), missing)
        factors = unknown + known * met
        others = (factors.prod(axis=1) * weighted)[:, None] / factors
        added = others.sum(axis=0) * (met - share)
        return np.bincount(columns, added.ravel(), minlength=len(x)), base

    return explain


def _leaves(tree: dict[str, Any]) -> list[tuple[float, dict[int, Asked]]]:
    """Each leaf's value, and by column what its path asks."""
    left, right, rows = tree["left_children"], tree["right_children"], np.maximum(tree["sum_hessian"], LEAST)
    said, found, waiting = np.float32(tree["split_conditions"]).astype(float), [], [(0, {})]
    while waiting:
        node, path = waiting.pop()
        if left[node] < 0:
            found.append((said[node], path))
            continue
        column, at, to_left = tree["split_indices"][node], said[node], bool(tree["default_left"][node])
        low, high, missing, share = path.get(column, Asked())
        below = Asked(low, np.fmin(high, at), missing and to_left, share * rows[left[node]] / rows[node])
        above = Asked(max(low, at), high, missing and not to_left, share * rows[right[node]] / rows[node])
        waiting += [(left[node], {**path, column: below}), (right[node], {**path, column: above})]
    return found
