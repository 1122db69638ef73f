"""How alike does a grouping come out on other samples? Refits, no more of them than it takes to choose.

Refits are the most expensive score. So only what can still be chosen is refitted, `LOOK` times each, and then on only
while more refits could change the choice.
"""

from collections.abc import Iterable, Sequence
from math import ceil

import numpy as np
import pandas as pd
from scipy.stats import t as student
from sklearn.metrics import adjusted_rand_score

from patrons.evaluation.metrics import Interval
from patrons.segments.clustering import Candidate, fitted
from patrons.segments.leaderboard import STABILITY, TIE, Limits, band, with_breaks
from patrons.segments.microclusters import Customers

REFIT = 5_000  # customers of a bootstrap sample at most: smaller samples differ more, so stability is understated
LOOK = 10  # refits from one look at whether more could change the choice to the next


def agreements(customers: Customers, candidate: Candidate, numbers: Iterable[int]) -> list[float]:
    """Adjusted Rand index between a grouping and refits on bootstrap samples, one for each number.

    Each refit takes as many customers as there are, at most `REFIT`, drawn with replacement, with another seed and
    fewer starts, and places all scored customers (Hennig, Cluster-wise assessment of cluster stability, 2007).
    """
    values = []
    for number in numbers:
        rng = np.random.default_rng([customers.seed, number])
        rows = rng.integers(0, len(customers.X), min(len(customers.X), REFIT))
        again = Customers(customers.X[rows], customers.seed + 1 + number, starts=3)
        try:
            model = fitted(candidate.family, candidate.setting, again).model
        except ValueError:
            values.append(0.0)  # a sample in which the family finds nothing agrees in nothing
            continue
        values.append(adjusted_rand_score(candidate.labels, model.predict(customers.scored)))
    return values


def interval(values: Sequence[float], looks: int = 1) -> Interval:
    """The mean of agreements with its 95% interval (Student's), which ends at 1.

    Where refits may stop at each of some looks, it is wider, so that the intervals of all looks hold together in 95% of
    cases (Bonferroni's bound; Dunn, Multiple comparisons among means, 1961), and so the one at which they stop.
    """
    mean, error = float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))
    reach = student.ppf(1 - 0.025 / looks, len(values) - 1) * error
    return Interval(mean, mean - reach, min(1.0, mean + reach))


def with_stability(
    board: pd.DataFrame,
    customers: Customers,
    candidates: Sequence[Candidate],
    limits: Limits,
    refits: int,
    algorithm: str = "",
    k: int = 0,
) -> pd.DataFrame:
    """The leaderboard with the stability of all that can still be chosen, with the pins (see `band`) and without.

    Parameters
    ----------
    refits : int
        Of a grouping, at most; `undecided` says when fewer are enough. `refits` of the result says how many it were.
    """
    board = board.copy()
    done: dict[int, list[float]] = {}
    looks = ceil(refits / LOOK)
    while rows := _open(board, limits, [("", 0), (algorithm, k)]) - {row for row in done if len(done[row]) >= refits}:
        for row in sorted(rows):
            known = done.setdefault(row, [])
            known += agreements(customers, candidates[row], range(len(known), min(len(known) + LOOK, refits)))
            board.loc[row, [*STABILITY, "refits"]] = [*interval(known, looks), len(known)]
        board = with_breaks(board, limits)
    return board.astype({"refits": int})


def _open(board: pd.DataFrame, limits: Limits, pins: Iterable[tuple[str, int]]) -> set[int]:
    """Rows to refit further: undecided as the board is, or if stability were as high as it may be."""
    hopeful = with_breaks(board.assign(stability=board.stability_high), limits)
    bands = [band(one, *pinned) for one in (board, hopeful) for pinned in pins]
    return {row for rivals in bands for row in undecided(board.loc[rivals], limits.stability)}


def undecided(rivals: pd.DataFrame, limit: float) -> list[int]:
    """Of rows that nearly tie, those whose further refits could change which one is chosen.

    These are all that were not refitted yet; then those whose interval holds the limit; and those whose interval
    reaches the highest lower end of another, to the two decimals that are compared. What lies below that cannot be
    chosen as long as the intervals hold, and a row that is left alone is chosen whatever its further refits say.
    """
    unknown = rivals.index[rivals.stability.isna()]
    if len(unknown):
        return list(unknown)
    in_race = rivals.stability_high >= rivals.stability_low.max() - TIE
    on_limit = (rivals.stability_low < limit) & (rivals.stability_high >= limit)
    return list(rivals.index[on_limit | (in_race & (in_race.sum() > 1))])
