"""Whether what was loaded can be walked: trees whose nodes lead out of the tree, or round in circles, end the process.

The types that a model file may hold are listed (`patrons.models`), but what they hold is not: scikit-learn and XGBoost
follow the numbers of their nodes without a look. So they are looked at once, before anything is predicted.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.neighbors import KDTree, KNeighborsClassifier
from sklearn.tree._tree import Tree
from xgboost import XGBModel

from patrons.churn.shapley import learner
from patrons.models import ModelError

FOREIGN = ("sklearn.svm", "sklearn.ensemble._hist_gradient_boosting")  # walked by compiled code, and of no use here
LEAF = -1
LEAF_SIZE, COUNTS = 4, 7  # where a tree of neighbours states the size of a leaf, then levels and nodes


def refuse_unsound(models: Mapping[str, Any]) -> None:
    """Raise a ModelError where a model holds a tree that cannot be walked.

    Parameters
    ----------
    models : mapping of str to estimator
        By the name of their file, such as ``churn``.
    """
    for name, model in models.items():
        try:
            for holder, columns in _parts(model, None, set()):
                _check(holder, columns)
        except (ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ModelError(
                f"{name}.skops holds a model that cannot be walked ({error}): it is damaged, or was made to do harm. "
                "Use a release from someone you trust."
            ) from None


def _parts(value: Any, columns: int | None, seen: set[int]) -> Iterator[tuple[Any, int | None]]:
    """Everything in a model that is walked by compiled code, with the columns of the rows that reach it."""
    if id(value) in seen or isinstance(value, (str, bytes, int, float, type(None))):
        return
    seen.add(id(value))
    if type(value).__module__.startswith(FOREIGN):
        raise ValueError(f"a {type(value).__name__}, which no model of Patrons has")
    if isinstance(value, (Tree, KDTree)):
        yield value, columns
        return
    if isinstance(value, (XGBModel, KNeighborsClassifier)):
        yield value, columns
    if isinstance(value, BaseEstimator) and hasattr(value, "estimators_") and hasattr(value, "n_features_in_"):
        columns = value.n_features_in_ if columns is None else columns  # a forest looks at rows for all its trees
    elif isinstance(value, BaseEstimator) and hasattr(value, "tree_") and columns is None:
        columns = value.n_features_in_
    elif isinstance(value, BaseEstimator) and not hasattr(value, "tree_"):
        columns = None
    for part in _inside(value):
        yield from _parts(part, columns, seen)


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, (list, tuple, set)):
        return list(value)
    if isinstance(value, np.ndarray):
        return value.ravel().tolist() if value.dtype == object else []
    return list(vars(value).values()) if hasattr(value, "__dict__") else []


def _check(holder: Any, columns: int | None) -> None:
    if isinstance(holder, Tree):
        _check_tree(holder, columns)
    elif isinstance(holder, KDTree):
        _check_neighbours(holder)
    elif isinstance(holder, XGBModel):
        _check_boosted(holder)
    else:
        _check_classes(holder)


def _check_tree(tree: Any, columns: int | None) -> None:
    nodes = tree.__getstate__()["nodes"] if tree.node_count <= tree.capacity else None
    if nodes is None or not len(nodes):
        raise ValueError("a tree with more nodes than it holds")
    depth = walked(nodes["left_child"], nodes["right_child"])
    if depth > tree.max_depth:
        raise ValueError("a tree that is deeper than it says")
    inner = nodes["left_child"] != LEAF
    _within(nodes["feature"][inner], tree.n_features if columns is None else min(columns, tree.n_features), "feature")


def walked(left: np.ndarray, right: np.ndarray) -> int:
    """Steps from the root to the deepest leaf; a ValueError where a child is no node, or is reached twice."""
    reached, level, depth = np.zeros(len(left), bool), np.array([0]), -1
    while len(level):
        if len(np.unique(level)) < len(level) or reached[level].any():
            raise ValueError("a tree with a node that is reached twice")
        reached[level] = True
        inner = level[left[level] != LEAF]
        if (right[level[left[level] == LEAF]] != LEAF).any():
            raise ValueError("a tree with half a leaf")
        level, depth = np.concatenate([left[inner], right[inner]]).astype(int), depth + 1
        _within(level, len(left), "node")
    return depth


def _within(numbers: np.ndarray, end: int, what: str) -> None:
    if len(numbers) and not (numbers.min() >= 0 and numbers.max() < end):
        raise ValueError(f"a tree that names {what} {numbers.min()} to {numbers.max()} of {end}")


def _check_boosted(model: Any) -> None:
    written = learner(model)
    columns = int(written["learner_model_param"]["num_feature"])
    if columns != model.n_features_in_:
        raise ValueError(f"trees of {columns} features in a model of {model.n_features_in_}")
    trees = written["gradient_booster"]["model"]
    for tree in trees["trees"]:
        left, right = np.array(tree["left_children"]), np.array(tree["right_children"])
        walked(left, right)
        _within(np.array(tree["split_indices"])[left != LEAF], columns, "feature")
        if len(tree["categories_nodes"]):
            raise ValueError("a split by categories, which no model of Patrons has")
    _within(np.array(trees["tree_info"]), max(1, int(written["learner_model_param"]["num_class"])), "class")


def _check_neighbours(tree: Any) -> None:
    """Build the tree of the same points again: it must be the same one."""
    state = tree.__getstate__()
    again = KDTree(np.asarray(state[0]), leaf_size=state[LEAF_SIZE], metric="euclidean")
    for one, other in zip(tree.get_arrays(), again.get_arrays(), strict=True):
        if not np.array_equal(np.asarray(one), np.asarray(other)):
            raise ValueError("a tree of neighbours that is not of its points")
    if state[LEAF_SIZE:COUNTS] != again.__getstate__()[LEAF_SIZE:COUNTS]:
        raise ValueError("a tree of neighbours with other levels than its points give")


def _check_classes(model: Any) -> None:
    labels = np.asarray(model._y)
    if len(labels) != len(model._fit_X):
        raise ValueError(f"{len(labels)} labels of {len(model._fit_X)} neighbours")
    _within(labels.ravel(), len(model.classes_), "class")
