"""Many customers as few points, so that no step needs memory or time quadratic in customers.

Up to `WHOLE` customers everything is fitted on all of them. Above, K-Means works on `MICRO` weighted micro-clusters
(Zhang et al., BIRCH, 1996, had the idea), mixtures on a random sample of `WHOLE`, and density on one of `SAMPLE`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sklearn.cluster import KMeans

WHOLE = 20_000  # customers up to which each one is a point of its own
SAMPLE = 10_000  # customers that are judged, and that density is measured on
MICRO = 4_096  # micro-clusters
TREE = 5_000  # customers up to which Ward joins customers, not micro-clusters


@dataclass(frozen=True)
class Points:
    """Rows that stand for customers: `rows` of shape (points, features), `weights`: customers that each stands for."""

    rows: np.ndarray
    weights: np.ndarray


class Customers:
    """Prepared rows, and the smaller sets of points that stand for them, each made when it is first asked for.

    Parameters
    ----------
    X : array of shape (customers, features)
        Prepared rows.
    seed : int
    starts : int
        Random starts of families that have them; the best is kept.
    """

    def __init__(self, X: np.ndarray, seed: int, starts: int = 10):
        self.X, self.seed, self.starts = X, seed, starts

    @cached_property
    def judged(self) -> np.ndarray:
        """Rows that groupings are scored on: all, or a random `SAMPLE`."""
        return self.X[sample_rows(len(self.X), SAMPLE, self.seed)]

    @cached_property
    def sample(self) -> np.ndarray:
        """Rows for families that cannot weigh points: all, or a random `WHOLE`."""
        return self.X[sample_rows(len(self.X), WHOLE, self.seed)]

    @cached_property
    def points(self) -> Points:
        """All rows with weight 1, or micro-clusters above `WHOLE`."""
        return self._micro if len(self.X) > WHOLE else Points(self.X, np.ones(len(self.X)))

    @cached_property
    def leaves(self) -> Points:
        """What Ward's tree joins: all different rows up to `TREE` customers, micro-clusters above."""
        if len(self.X) > TREE:
            return self._micro
        rows, weights = np.unique(self.X, axis=0, return_counts=True)
        return Points(rows, weights.astype(float))

    @cached_property
    def tree(self) -> np.ndarray:
        """Ward's tree over `leaves`, as SciPy's linkage."""
        return ward_tree(self.leaves.rows, self.leaves.weights)

    @cached_property
    def _micro(self) -> Points:
        start = KMeans(min(MICRO, len(self.sample) // 2), init="random", n_init=1, max_iter=10, random_state=self.seed)
        nearest = start.fit(self.sample).predict(self.X)
        weights = np.bincount(nearest, minlength=start.n_clusters)
        sums = [np.bincount(nearest, column, minlength=start.n_clusters) for column in self.X.T]
        held = weights > 0
        return Points(np.column_stack(sums)[held] / weights[held, None], weights[held].astype(float))


def sample_rows(rows: int, most: int, seed: int) -> np.ndarray:
    """Row numbers of all rows, or of a random `most` of them, in order."""
    return np.arange(rows) if rows <= most else np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def ward_tree(points: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Join weighted points by Ward's rule: always the two groups whose union raises the squared error least.

    Nearest-neighbour chains (Murtagh, 1983) on centres and weights alone, so memory is linear; time is quadratic in
    points.

    Parameters
    ----------
    points : array of shape (points, features)
    weights : array of shape (points,)
        Customers that each point stands for, above 0.

    Returns
    -------
    array of shape (points - 1, 4)
        SciPy's linkage: the two groups joined, the height of the joint, the points in it.
    """
    merges = sorted(_chain_merges(points.astype(float), weights.astype(float)), key=lambda merge: merge[2])
    names = list(range(len(points)))  # the number that the group around a point has by now
    held, tree = [1] * len(points), np.empty((len(merges), 4))
    for row, (gone, kept, height) in enumerate(merges):
        held[kept] += held[gone]
        tree[row] = *sorted((names[gone], names[kept])), height, held[kept]
        names[kept] = len(points) + row
    return tree


def _chain_merges(centres: np.ndarray, sizes: np.ndarray) -> Iterator[tuple[int, int, float]]:
    """Merges (gone, kept, height) in the order in which they are found; `kept` holds the union from then on."""
    centres, sizes, heights, chain = centres.copy(), sizes.copy(), np.zeros(len(centres)), []
    ids = np.arange(len(centres))
    for left in range(len(centres), 1, -1):
        if 2 * left < len(ids):  # most are gone: go on with the rest alone
            there = sizes > 0
            chain = [int(np.cumsum(there)[place]) - 1 for place in chain]
            centres, sizes, heights, ids = centres[there], sizes[there], heights[there], ids[there]
        chain = chain or [int(np.argmax(sizes > 0))]
        while True:
            rises = _rises(centres, sizes, chain[-1])
            nearest = int(np.argmin(rises))
            if len(chain) > 1 and rises[chain[-2]] <= rises[nearest]:
                break
            chain.append(nearest)
        gone, kept = chain.pop(), chain.pop()
        size = sizes[gone] + sizes[kept]
        centres[kept] = (sizes[gone] * centres[gone] + sizes[kept] * centres[kept]) / size
        sizes[gone], sizes[kept] = 0, size
        heights[kept] = max(np.sqrt(2 * rises[kept]), heights[gone], heights[kept])  # rounding must not turn the order
        yield int(ids[gone]), int(ids[kept]), float(heights[kept])


def _rises(centres: np.ndarray, sizes: np.ndarray, one: int) -> np.ndarray:
    """What joining each group with `one` adds to the squared error; infinite for itself and for groups gone."""
    distances = ((centres - centres[one]) ** 2).sum(axis=1)
    rises = distances * sizes * sizes[one] / (sizes + sizes[one])
    rises[sizes == 0] = np.inf
    rises[one] = np.inf
    return rises
