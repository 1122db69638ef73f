"""Many trees walked at once for one row: every tree is one step deeper each round, until all are at a leaf."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Walk = Callable[[np.ndarray], np.ndarray]


class Trees:
    """Trees laid end to end in flat arrays.

    Parameters
    ----------
    parts : sequence of dict
        A tree each: `left`, `right` (node numbers, -1 at a leaf), `feature`, `threshold`, and `missing_left`: whether a
        missing value goes left, where there may be any.
    columns : int
        Of a row, where values may be missing; else 0.
    """

    def __init__(self, parts: Sequence[dict[str, np.ndarray]], columns: int = 0):
        sizes = [len(part["left"]) for part in parts]
        self.roots = np.cumsum([0, *sizes[:-1]])
        left, right = (
            [part[side] + root for part, root in zip(parts, self.roots, strict=True)] for side in ("left", "right")
        )
        leaf = np.concatenate([part["left"] < 0 for part in parts])
        itself = np.arange(sum(sizes))
        self.children = np.column_stack(
            [np.where(leaf, itself, np.concatenate(left)), np.where(leaf, itself, np.concatenate(right))]
        ).ravel()  # of node n: left at 2n, right at 2n + 1; a leaf is its own child
        feature = np.concatenate([part["feature"] for part in parts])
        if columns:  # the second half of `both_ways` has missing values go right
            feature = feature + columns * ~np.concatenate([part["missing_left"] for part in parts])
        self.feature = np.where(leaf, 0, feature)
        self.threshold = np.concatenate([part["threshold"] for part in parts])
        self.depth = max(_depth(part["left"], part["right"]) for part in parts)

    def leaves(self, x: np.ndarray, beyond: Callable) -> np.ndarray:
        """The leaf of each tree; `beyond(value, threshold)` says which go right."""
        nodes = self.roots
        for _ in range(self.depth):
            right = beyond(x.take(self.feature.take(nodes)), self.threshold.take(nodes))
            nodes = self.children.take(2 * nodes + right)
        return nodes


def both_ways(x: np.ndarray) -> np.ndarray:
    """A row twice: missing values below every threshold, and above."""
    absent = np.isnan(x)
    return np.concatenate([np.where(absent, -np.inf, x), np.where(absent, np.inf, x)])


def _depth(left: np.ndarray, right: np.ndarray) -> int:
    """Steps from the root to the deepest leaf."""
    level, depth = np.array([0]), -1
    while len(level):
        inner = level[left[level] >= 0]
        level, depth = np.concatenate([left[inner], right[inner]]), depth + 1
    return depth


def forest(trees: Sequence[Any]) -> Walk:
    """Mean of the class shares in the leaves of scikit-learn's trees, which compare float32 with float64."""
    laid, shares = _laid(trees)
    return lambda x: shares.take(laid.leaves(_float32(x), np.greater), axis=0).mean(axis=0)


def forest_steps(trees: Sequence[Any]) -> Walk:
    """What each column adds to the share of class 1 on the way to the leaves (Saabas), the mean of all trees."""
    laid, shares = _laid(trees)
    positive = shares[:, 1]
    change = positive.take(laid.children) - positive.repeat(2)  # of going left at 2n, right at 2n + 1

    def run(x: np.ndarray) -> np.ndarray:
        nodes, given, splits, changes = laid.roots, _float32(x), [], []
        for _ in range(laid.depth):
            split = laid.feature.take(nodes)
            way = 2 * nodes + (given.take(split) > laid.threshold.take(nodes))
            splits.append(split)
            changes.append(change.take(way))
            nodes = laid.children.take(way)
        return np.bincount(np.concatenate(splits), np.concatenate(changes), minlength=len(x)) / len(trees)

    return run


def _laid(trees: Sequence[Any]) -> tuple[Trees, np.ndarray]:
    """The trees of a forest, and the class shares of every node."""
    parts = [
        {
            "left": tree.tree_.children_left,
            "right": tree.tree_.children_right,
            "feature": tree.tree_.feature,
            "threshold": tree.tree_.threshold,
        }
        for tree in trees
    ]
    shares = np.concatenate([tree.tree_.value[:, 0, :] for tree in trees])
    return Trees(parts), shares / shares.sum(axis=1, keepdims=True)


def _float32(x: np.ndarray) -> np.ndarray:
    """As scikit-learn's trees, which know no missing values here, see a row."""
    if np.isnan(x).any():
        raise ValueError("A missing value reached the trees.")
    return narrow(x)


def narrow(x: np.ndarray) -> np.ndarray:
    """Values as float32 has them."""
    return x.astype(np.float32).astype(np.float64)


def telling(model: Any) -> dict[str, Any]:
    """What XGBoost writes of a fitted model."""
    return json.loads(model.get_booster().save_raw("json"))["learner"]


def boosted(model: Any) -> Walk:
    """Class probabilities of XGBoost's trees, which compare float32 with float32 and sum up by class."""
    told = telling(model)
    start = intercept(told)
    score = _summed(told, len(start))
    return lambda x: _shares(score(x, start))


def boosted_exponential(model: Any) -> Callable[[np.ndarray, float], float]:
    """Of a regression with a logarithmic link (Tweedie): what it says of a row and the logarithm it starts from."""
    score = _summed(telling(model), 1)
    return lambda x, start: float(np.exp(score(x, np.array([start]))[0]))


def _summed(told: dict[str, Any], classes: int) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """A start and the leaves that a row falls into, by class; in float32 and tree by tree, as XGBoost adds them up."""
    trees = told["gradient_booster"]["model"]
    parts = [
        {
            "left": np.array(tree["left_children"]),
            "right": np.array(tree["right_children"]),
            "feature": np.array(tree["split_indices"]),
            "threshold": np.array(tree["split_conditions"], dtype=np.float32).astype(np.float64),
            "missing_left": np.array(tree["default_left"], dtype=bool),
        }
        for tree in trees["trees"]
    ]
    laid, of = Trees(parts, int(told["learner_model_param"]["num_feature"])), np.array(trees["tree_info"])
    own = np.array([np.flatnonzero(of == group) for group in range(classes)])

    def score(x: np.ndarray, start: np.ndarray) -> np.ndarray:
        said = laid.threshold.take(laid.leaves(both_ways(narrow(x)), np.greater_equal))
        parts = np.column_stack([start, said.take(own)])
        return parts.cumsum(axis=1, dtype=np.float32)[:, -1]

    return score


def intercept(told: dict[str, Any]) -> np.ndarray:
    """The score that the trees add to, one a class; of two classes one, kept by XGBoost as a probability."""
    base = np.atleast_1d(json.loads(told["learner_model_param"]["base_score"])).astype(float)
    if told["objective"]["name"] == "binary:logistic":
        return np.log(base / (1 - base))
    classes = max(1, int(told["learner_model_param"]["num_class"]))
    return np.broadcast_to(base, (classes,))


def _shares(scores: np.ndarray) -> np.ndarray:
    if len(scores) == 1:
        p = 1 / (1 + np.exp(-scores[0]))
        return np.array([1 - p, p])
    raised = np.exp(scores - scores.max())
    return raised / raised.sum()
