"""Many customers as few points, so that no step needs memory or time quadratic in customers.

Up to `WHOLE` customers everything is fitted on all of them. Above, K-Means works on `MICRO` weighted micro-clusters
(Zhang et al., BIRCH, 1996, had the idea), mixtures on a random sample of `WHOLE`, and density on one of `SAMPLE`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sklearn.cluster import KMeans

WHOLE = 20_000  # customers up to which each is a point of its own
SAMPLE = 10_000  # customers that groupings are scored on, and density is measured on
MICRO = 4_096  # micro-clusters
TREE = 5_000  # customers up to which Ward joins customers instead of micro-clusters


@dataclass(frozen=True)
class Points:
    """Rows that stand for customers: `rows` of shape (points, features), `weights`: customers that each stands for."""

    rows: np.ndarray
    weights: np.ndarray


class Customers:
    """Prepared rows, and the smaller sets of points that stand for them, each computed when it is first used.

    Parameters
    ----------
    X : array of shape (customers, features)
        Prepared rows.
    seed : int
    starts : int
        Random starts of families that use them; the best is kept.
    """

    def __init__(self, X: np.ndarray, seed: int, starts: int = 10):
        self.X, self.seed, self.starts = X, seed, starts

    @cached_property
    def scored(self) -> np.ndarray:
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
        """What Ward's tree joins: all distinct rows up to `TREE` customers, micro-clusters above."""
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
        used = weights > 0
        return Points(np.column_stack(sums)[used] / weights[used, None], weights[used].astype(float))


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
    names = list(range(len(points)))  # the number that the group around each point has in the tree so far
    members, tree = [1] * len(points), np.empty((len(merges), 4))
    for row, (absorbed, kept, height) in enumerate(merges):
        members[kept] += members[absorbed]
        tree[row] = *sorted((names[absorbed], names[kept])), height, members[kept]
        names[kept] = len(points) + row
    return tree


def _chain_merges(centres: np.ndarray, sizes: np.ndarray) -> Iterator[tuple[int, int, float]]:
    """Merges (absorbed, kept, height) in the order in which they are found; `kept` then stands for the union."""
    centres, sizes, heights = centres.copy(), sizes.copy(), np.zeros(len(centres))
    ids = np.arange(len(centres))
    chain: list[int] = []
    for left in range(len(centres), 1, -1):
        if 2 * left < len(ids):  # most are absorbed: go on with the rest only
            present = sizes > 0
            chain = [int(np.cumsum(present)[place]) - 1 for place in chain]
            centres, sizes, heights, ids = centres[present], sizes[present], heights[present], ids[present]
        chain = chain or [int(np.argmax(sizes > 0))]
        while True:
            rises = _rises(centres, sizes, chain[-1])
            nearest = int(np.argmin(rises))
            if len(chain) > 1 and rises[chain[-2]] <= rises[nearest]:
                break
            chain.append(nearest)
        absorbed, kept = chain.pop(), chain.pop()
        size = sizes[absorbed] + sizes[kept]
        centres[kept] = (sizes[absorbed] * centres[absorbed] + sizes[kept] * centres[kept]) / size
        sizes[absorbed], sizes[kept] = 0, size
        # rounding must not change the order of heights
        heights[kept] = max(np.sqrt(2 * rises[kept]), heights[absorbed], heights[kept])
        yield int(ids[absorbed]), int(ids[kept]), float(heights[kept])


def _rises(centres: np.ndarray, sizes: np.ndarray, group: int) -> np.ndarray:
    """What joining each group with `group` adds to the squared error; infinite for itself and for absorbed groups."""
    distances = ((centres - centres[group]) ** 2).sum(axis=1)
    rises = distances * sizes * sizes[group] / (sizes + sizes[group])
    rises[sizes == 0] = np.inf
    rises[group] = np.inf
    return rises
