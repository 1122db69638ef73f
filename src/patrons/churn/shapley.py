"""Shapley values of boosted trees: what XGBoost calls contributions, looked up rather than computed for each row.

A leaf counts for a row that meets its path's condition on each feature. For a feature that is not known, the share of
training rows that went that way stands in. So a leaf is a game whose value is a product over the features of its path,
and a player's Shapley value is the integral over t of what the player changes when each other one is known with chance
t [Owen, Multilinear Extensions of Games, 1972]. That is a polynomial in t, which a few points of Gauss and Legendre
integrate exactly: the same numbers as TreeSHAP [Lundberg et al., 2020].

Of a row, a tree sees only which of its splits send the row right. So what its leaves add is computed once for every
pattern of these, and a row takes one line of a table [the idea of FastTreeSHAP v2; Yang, 2021]. A deep tree is cut into
parts of few splits, each with its path from the root.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

LEAST = 1e-9  # rows of a node: a share of 0 would be divided by
MOST_SPLITS = 8  # of a part, unless a single path has more
MOST_CELLS = 8_000_000  # of all tables: 64 MB
BLOCK = 256  # rows that are looked up at a time

Tree = dict[str, Any]
Path = list[tuple[int, bool]]  # nodes from the root on, and whether the path goes right there


class TooLargeError(ValueError):
    """Trees so deep that tables of their patterns would not fit."""


class Part(NamedTuple):
    """A part of a tree: its splits, with those above it, and the path to each of its leaves."""

    splits: list[int]
    leaves: list[tuple[int, Path]]


class Shapley:
    """What each column adds to the log odds of boosted trees of two classes.

    Parameters
    ----------
    model : XGBClassifier

    Attributes
    ----------
    base : float
        The log odds that the columns add to.

    Raises
    ------
    TooLargeError
    """

    def __init__(self, model: Any):
        written = learner(model)
        self.columns = int(written["learner_model_param"]["num_feature"])
        parts = [(tree, part) for tree in map(_arrays, trees(written)) for part in _parts(tree)]
        if sum(2.0 ** len(part.splits) * len(part.splits) for _, part in parts) > MOST_CELLS:
            raise TooLargeError
        games = [_game(tree, part) for tree, part in parts]
        self.base = float(intercept(written)[0] + sum(base for _, _, base in games))
        self._keep_splits(parts)
        self._keep_tables(games)

    def _keep_splits(self, parts: list[tuple[Tree, Part]]) -> None:
        """All splits end to end: column, threshold, where missing values go, the place in the part's pattern."""
        parts = [(tree, part) for tree, part in parts if part.splits]
        self._column, self._threshold, self._left = (
            np.concatenate([np.array([], kind), *(tree[name][part.splits] for tree, part in parts)])
            for name, kind in (("split_indices", int), ("split_conditions", float), ("default_left", bool))
        )
        sizes = [len(part.splits) for _, part in parts]
        self._bit = np.concatenate([np.array([], np.int32), *(2 ** np.arange(size, dtype=np.int32) for size in sizes)])
        self._first = np.cumsum([0, *sizes[:-1]])

    def _keep_tables(self, games: list[tuple[np.ndarray, np.ndarray, float]]) -> None:
        """All tables end to end, and by slot (a column in a part) the part and where its table begins; by column."""
        games = [game for game in games if len(game[0])]
        column = np.concatenate([np.array([], int), *(columns for columns, _, _ in games)])
        part = np.repeat(np.arange(len(games)), [len(columns) for columns, _, _ in games])
        start = np.cumsum([0, *(table.shape[1] for _, table, _ in games for _ in table)])[:-1]
        order = np.argsort(column, kind="stable")
        self._part, self._start = part[order], start[order]
        self._cells = np.concatenate([np.array([]), *(table.ravel() for _, table, _ in games)])
        self._used, self._slot = np.unique(column[order], return_index=True)

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """What each column adds to the log odds of each prepared row, of the shape of `X`."""
        added = np.zeros((len(X), self.columns))
        if len(self._used):
            for first in range(0, len(X), BLOCK):
                added[first : first + BLOCK, self._used] = self._looked_up(X[first : first + BLOCK])
        return added

    def _looked_up(self, X: np.ndarray) -> np.ndarray:
        values = narrow(X).take(self._column, axis=1)
        right = np.where(np.isnan(values), ~self._left, values >= self._threshold)
        pattern = np.add.reduceat(right * self._bit, self._first, axis=1)
        cells = self._cells.take(pattern.take(self._part, axis=1) + self._start)
        return np.add.reduceat(cells, self._slot, axis=1)


def _parts(tree: Tree) -> Iterator[Part]:
    """A tree in parts of at most `MOST_SPLITS` splits, those on the path to the part among them."""
    waiting: list[tuple[int, Path]] = [(0, [])]
    while waiting:
        node, path = waiting.pop()
        inner, leaves = _below(tree, node, path)
        if len(path) + len(inner) <= MOST_SPLITS or not inner:
            yield Part([*(above for above, _ in path), *inner], leaves)
        else:
            waiting += [(tree[side][node], [*path, (node, right)]) for side, right in SIDES]


def _below(tree: Tree, node: int, path: Path) -> tuple[list[int], list[tuple[int, Path]]]:
    """The splits at and below a node, and its leaves with their paths from the root."""
    inner: list[int] = []
    leaves: list[tuple[int, Path]] = []
    waiting = [(node, path)]
    while waiting:
        one, way = waiting.pop()
        if tree["left_children"][one] < 0:
            leaves.append((one, way))
        else:
            inner.append(one)
            waiting += [(tree[side][one], [*way, (one, right)]) for side, right in SIDES]
    return inner, leaves


def _game(tree: Tree, part: Part) -> tuple[np.ndarray, np.ndarray, float]:
    """The columns of a part, what each adds by pattern (shape (columns, patterns)), and what its leaves add anyway."""
    place = {split: n for n, split in enumerate(part.splits)}
    columns, of_split = np.unique(tree["split_indices"][part.splits], return_inverse=True)
    right = (np.arange(2 ** len(part.splits))[:, None] >> np.arange(len(part.splits))) & 1 == 1
    # a column that is not on a leaf's path is always as the leaf wants it
    met = np.ones((len(part.leaves), len(columns), len(right)), bool)
    share = np.ones((len(part.leaves), len(columns), 1))
    for leaf, (_, path) in enumerate(part.leaves):
        for node, goes_right in path:
            split = place[node]
            met[leaf, of_split[split]] &= right[:, split] == goes_right
            share[leaf, of_split[split]] *= _rows(tree, node, goes_right)
    value = tree["split_conditions"][[leaf for leaf, _ in part.leaves]]
    return columns, _values(met, share, value), float(value @ share.prod(axis=(1, 2)))


def _values(met: np.ndarray, share: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Shapley values of leaves, added up: shape (columns, patterns) of `met` (leaves, columns, patterns)."""
    point, weight = np.polynomial.legendre.leggauss(max(1, (met.shape[1] + 1) // 2))
    others = np.zeros(met.shape)
    for known, part in zip((point + 1) / 2, weight / 2, strict=True):
        factors = share * (1 - known) + known * met
        others += part * value[:, None, None] * factors.prod(axis=1, keepdims=True) / factors
    return (others * (met - share)).sum(axis=0)


def _rows(tree: Tree, node: int, right: bool) -> float:
    """The share of the training rows at a node that went that way."""
    child = tree["right_children" if right else "left_children"][node]
    return tree["sum_hessian"][child] / tree["sum_hessian"][node]


SIDES = (("left_children", False), ("right_children", True))


def _arrays(tree: Tree) -> Tree:
    """A written tree as arrays; thresholds, and what a leaf adds, as XGBoost compares them."""
    return {
        **{name: np.array(tree[name], int) for name in ("left_children", "right_children", "split_indices")},
        "default_left": np.array(tree["default_left"], bool),
        "split_conditions": np.array(tree["split_conditions"], np.float32).astype(float),
        "sum_hessian": np.maximum(tree["sum_hessian"], LEAST),
    }


def narrow(x: np.ndarray) -> np.ndarray:
    """Values as float32 has them."""
    return x.astype(np.float32).astype(np.float64)


def learner(model: Any) -> dict[str, Any]:
    """A fitted model as XGBoost writes it in its JSON format."""
    return json.loads(model.get_booster().save_raw("json"))["learner"]


def trees(written: dict[str, Any]) -> list[Tree]:
    """The trees of a learner."""
    return written["gradient_booster"]["model"]["trees"]


def intercept(written: dict[str, Any]) -> np.ndarray:
    """The score that the trees add to, one a class; of two classes one, kept by XGBoost as a probability."""
    base = np.atleast_1d(json.loads(written["learner_model_param"]["base_score"])).astype(float)
    if written["objective"]["name"] == "binary:logistic":
        return np.log(base / (1 - base))
    classes = max(1, int(written["learner_model_param"]["num_class"]))
    return np.broadcast_to(base, (classes,))
