"""Many trees walked at once for one row: every tree is one step deeper each round, until all are at a leaf."""

from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from patrons.churn.shapley import intercept, learner, narrow

Walk = Callable[[np.ndarray], np.ndarray]
LARGEST = np.finfo(float).max  # scikit-learn parts known from missing values at infinity, which nothing lies beyond
Compare = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Trees:
    """Trees flat end to end in flat arrays.

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

    def leaves(self, x: np.ndarray, beyond: Compare) -> np.ndarray:
        """The leaf of each tree; a row goes right where `beyond(value, threshold)`."""
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


class Forest:
    """scikit-learn's trees, which compare float32 with float64: what they answer for a row, and why, of one walk.

    Parameters
    ----------
    trees : sequence of fitted trees
    """

    def __init__(self, trees: Sequence[Any]):
        self.fitted = trees
        self._trees, self._shares = _flattened(trees)
        positive = self._shares[:, 1] if self._shares.shape[1] > 1 else self._shares[:, 0]
        # of going left at 2n, right at 2n + 1
        self._change = positive.take(self._trees.children) - positive.repeat(2)
        self._last: tuple[bytes, list[np.ndarray]] = (b"", [])  # a row and its ways: replaced together

    def _walked(self, x: np.ndarray) -> list[np.ndarray]:
        """At each level the way that each tree takes: 2n to the left of node n, 2n + 1 to its right."""
        row, ways = x.tobytes(), []
        known, last = self._last
        if known == row:
            return last
        nodes, values = self._trees.roots, both_ways(narrow(x))
        for _ in range(self._trees.depth):
            right = values.take(self._trees.feature.take(nodes)) > self._trees.threshold.take(nodes)
            ways.append(2 * nodes + right)
            nodes = self._trees.children.take(ways[-1])
        self._last = (row, ways)
        return ways

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        """Mean of the class shares in the leaves."""
        ways = self._walked(x)
        leaves = self._trees.children.take(ways[-1]) if ways else self._trees.roots
        return self._shares.take(leaves, axis=0).mean(axis=0)

    def steps(self, x: np.ndarray) -> np.ndarray:
        """What each column adds to the share of class 1 on the way to the leaves (Saabas), the mean of all trees."""
        ways = np.concatenate([np.array([], int), *self._walked(x)])
        columns = self._trees.feature.take(ways // 2) % len(x)
        return np.bincount(columns, self._change.take(ways), minlength=len(x)) / len(self._trees.roots)


FORESTS: WeakKeyDictionary[Any, Forest] = WeakKeyDictionary()


def forest(model: Any) -> Forest:
    """The trees of a fitted forest, the same object until it is fitted again: so both of its answers share a walk."""
    known = FORESTS.get(model)
    if known is None or known.fitted is not model.estimators_:
        known = FORESTS[model] = Forest(model.estimators_)
    return known


def _flattened(trees: Sequence[Any]) -> tuple[Trees, np.ndarray]:
    """The trees of a forest, and the class shares of every node."""
    parts = [
        {
            "left": tree.tree_.children_left,
            "right": tree.tree_.children_right,
            "feature": tree.tree_.feature,
            "threshold": np.minimum(tree.tree_.threshold, LARGEST),
            "missing_left": tree.tree_.missing_go_to_left.astype(bool),
        }
        for tree in trees
    ]
    shares = np.concatenate([tree.tree_.value[:, 0, :] for tree in trees])
    return Trees(parts, trees[0].n_features_in_), shares / shares.sum(axis=1, keepdims=True)


def boosted(model: Any) -> Walk:
    """Class probabilities of XGBoost's trees, which compare float32 with float32 and sum up by class."""
    written = learner(model)
    start = intercept(written)
    score = _summed(written, len(start))
    return lambda x: probabilities(score(x, start))


def boosted_exponential(model: Any) -> Callable[[np.ndarray, float], float]:
    """A regression with a logarithmic link (Tweedie): its prediction for a row and the logarithm it starts from."""
    score = _summed(learner(model), 1)
    return lambda x, start: float(np.exp(score(x, np.array([start]))[0]))


def _summed(written: dict[str, Any], classes: int) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """A start and the leaves that a row falls into, by class; in float32 and tree by tree, as XGBoost adds them up."""
    trees = written["gradient_booster"]["model"]
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
    flat, class_of = Trees(parts, int(written["learner_model_param"]["num_feature"])), np.array(trees["tree_info"])
    of_class = np.array([np.flatnonzero(class_of == group) for group in range(classes)])

    def score(x: np.ndarray, start: np.ndarray) -> np.ndarray:
        values = flat.threshold.take(flat.leaves(both_ways(narrow(x)), np.greater_equal))
        summands = np.column_stack([start, values.take(of_class)])
        return summands.cumsum(axis=1, dtype=np.float32)[:, -1]

    return score


def probabilities(scores: np.ndarray) -> np.ndarray:
    """Class probabilities of decision scores: one score for two classes, or one a class; of the scores' own type."""
    if len(scores) == 1:
        p = 1 / (1 + np.exp(-scores[0]))
        return np.array([1 - p, p])
    return softmax(scores)


def softmax(scores: np.ndarray) -> np.ndarray:
    """Shares that add up to 1, in the proportions of the scores' exponentials."""
    exponentials = np.exp(scores - scores.max())
    return exponentials / exponentials.sum()
