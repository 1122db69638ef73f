"""The settings that the search for a churn model chooses from: of each kind of model, the values of each setting.

Values go from the most cautious to the freest, so that a position on the way from the first to the last is a setting of
every space, and the simpler of two settings is the one whose values stand earlier. Params files replace the values of a
setting by name, within its range::

    06_churn:
      boosting: {depth: [3, 4], leaf: [15, 5]}
"""

from collections.abc import Mapping
from typing import NamedTuple


class Values(NamedTuple):
    """What a setting may be: the values to try, a closed range, and what it means."""

    values: tuple[float, ...]
    low: float
    high: float
    meaning: str


SPACES: Mapping[str, Mapping[str, Values]] = {
    "logistic": {
        "c": Values((0.001, 0.01, 0.05, 0.3, 2.0), 1e-5, 1000, "inverse of the penalty on the weights"),
        "products": Values((0, 1), 0, 1, "1: with the products of the twelve columns that weigh most"),
        "l1": Values((1, 0), 0, 1, "1: the penalty drops columns (L1); 0: it makes all weights smaller (L2)"),
    },
    "forest": {
        "leaf": Values((80, 40, 20, 10, 5, 2, 1), 1, 5000, "rows in a leaf, at least"),
        "depth": Values((0,), 0, 60, "splits on the way to a leaf, at most; 0: no limit"),
        "columns": Values((0, 0.35), 0, 1, "share of the columns that a split is chosen from; 0: their square root"),
        "rows": Values((0.4, 1), 0.05, 1, "share of the rows that each tree draws"),
        "balanced": Values((0,), 0, 1, "1: both outcomes weigh the same"),
        "trees": Values((100,), 10, 2000, "trees"),
    },
    "boosting": {
        "depth": Values((2, 3, 4, 5, 6, 8), 1, 12, "splits on the way to a leaf, at most"),
        "leaf": Values((30, 15, 5, 2, 1), 0, 5000, "weight of a leaf, at least: in rows, each weighs p (1 - p)"),
        "columns": Values((0.5, 0.8), 0.05, 1, "share of the columns that a tree may use"),
        "ridge": Values((5, 3, 1), 0, 1000, "penalty on the values of leaves"),
        "rate": Values((0.05,), 0.001, 1, "share of each tree's step that is taken"),
        "rounds": Values((600,), 10, 5000, "trees, one after the other, at most: it stops early"),
    },
    "network": {
        "units": Values((16, 32, 64), 2, 512, "units in a layer"),
        "layers": Values((1, 2), 1, 4, "layers between inputs and output"),
        "alpha": Values((5, 1, 0.1), 0, 1000, "penalty on the weights"),
        "stopping": Values((1, 0), 0, 1, "1: training stops when a tenth of the rows, left out, gains nothing"),
    },
}

EITHER = ("l1",)  # settings that are no step from cautious to free: what is tried is tried with each of their values
