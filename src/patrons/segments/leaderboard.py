"""How good is each grouping, how sure is that, and which one is taken? A leaderboard and a stated rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score, calinski_harabasz_score, davies_bouldin_score
from sklearn.metrics.pairwise import euclidean_distances

from patrons.errors import ClusteringError
from patrons.evaluation.metrics import Interval
from patrons.evaluation.threads import one_thread
from patrons.segments.clustering import Candidate
from patrons.segments.microclusters import Customers

RESAMPLES = 500
TIE = 0.01  # of a stability: what is equal to two decimals counts as equal
TITLES = {
    "silhouette": "silhouette (higher is better)",
    "davies_bouldin": "Davies-Bouldin (lower is better)",
    "calinski_harabasz": "Calinski-Harabasz (higher is better)",
}
SCORES = ("silhouette", "silhouette_low", "silhouette_high", "davies_bouldin", "calinski_harabasz")
STABILITY = ("stability", "stability_low", "stability_high")
SHARES = ("smallest_share", "largest_share", "noise_share")
NONE = pd.DataFrame(
    columns=["algorithm", "setting", "groups", *SCORES, *STABILITY, "refits", *SHARES, "breaks", "chosen"]
).astype(
    {"algorithm": str, "setting": str, "groups": int, "refits": int, "breaks": str, "chosen": bool}
    | dict.fromkeys((*SCORES, *STABILITY, *SHARES), float)
)


@dataclass(frozen=True)
class Limits:
    """What a grouping must keep to be of use."""

    smallest_share: float  # of customers, in the smallest group, at least
    noise_share: float  # of customers, in no group, at most
    stability: float  # mean adjusted Rand index of refits, at least
    fewest: int = 2  # groups
    most: int = 12


def leaderboard(customers: Customers, candidates: Sequence[Candidate], limits: Limits) -> pd.DataFrame:
    """Every candidate's scores on the scored customers, and the limits that it breaks.

    Returns
    -------
    DataFrame
        One row a candidate: `algorithm`, `setting`, `groups`, `silhouette` (-1 to 1, higher is better) with its 95%
        bootstrap interval over customers (`silhouette_low`, `silhouette_high`), `davies_bouldin` (0 up, lower is
        better), `calinski_harabasz` (0 up, higher), `stability` with `stability_low` and `stability_high` (missing
        until `stability.with_stability` measures it) and the `refits` behind it, `smallest_share`, `largest_share`,
        `noise_share`, and `breaks`: the limits it breaks, as text. Noise counts where it was placed. Scores are
        missing for fewer than two groups.
    """
    X = customers.scored
    values = silhouettes(X, [candidate.labels for candidate in candidates])
    rows = [_row(X, candidate, own, customers.seed) for candidate, own in zip(candidates, values, strict=True)]
    return with_breaks(pd.DataFrame(rows), limits)


def _row(X: np.ndarray, candidate: Candidate, values: np.ndarray, seed: int) -> dict[str, Any]:
    counts = np.unique(candidate.labels, return_counts=True)[1]
    plural = 2 <= len(counts) < len(X)
    mean, low, high = mean_interval(values, seed) if plural else (np.nan,) * 3
    return {
        "algorithm": candidate.family.name,
        "setting": candidate.family.describe(candidate.setting),
        "groups": len(counts),
        "silhouette": mean,
        "silhouette_low": low,
        "silhouette_high": high,
        "davies_bouldin": davies_bouldin_score(X, candidate.labels) if plural else np.nan,
        "calinski_harabasz": calinski_harabasz_score(X, candidate.labels) if plural else np.nan,
        **dict.fromkeys(STABILITY, np.nan),
        "refits": 0,
        "smallest_share": counts.min() / counts.sum(),
        "largest_share": counts.max() / counts.sum(),
        "noise_share": candidate.noise_share,
    }


@one_thread
def silhouettes(X: np.ndarray, labellings: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Each row's silhouette (Rousseeuw, 1987) under each labelling; 0 in a group of one.

    Distances are computed once for all labellings, a block of rows at a time, so memory is linear in rows.
    """
    codes = [np.unique(labels, return_inverse=True)[1] for labels in labellings]
    members = [np.eye(code.max() + 1)[code] for code in codes]
    stacked, ends = np.hstack(members), np.cumsum([member.shape[1] for member in members])[:-1]
    values = [np.zeros(len(X)) for _ in codes]
    for start in range(0, len(X), 500):
        block = slice(start, start + 500)
        distances = euclidean_distances(X[block], X)
        distances[np.arange(len(distances)), np.arange(start, start + len(distances))] = 0
        for value, sums, code, member in zip(
            values, np.split(distances @ stacked, ends, axis=1), codes, members, strict=True
        ):
            value[block] = _silhouette(sums, code[block], member.sum(axis=0))
    return values


def _silhouette(sums: np.ndarray, code: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Silhouettes from each row's summed distances to the members of each group."""
    own, rows = sizes[code], np.arange(len(code))
    inside = sums[rows, code] / np.maximum(own - 1, 1)
    means = sums / sizes
    means[rows, code] = np.inf
    outside = means.min(axis=1)
    outside = np.where(np.isfinite(outside), outside, inside)  # one group: nobody is nearer to another
    silhouette = (outside - inside) / np.maximum(np.maximum(inside, outside), 1e-300)
    return np.where(own > 1, silhouette, 0)


def mean_interval(values: np.ndarray, seed: int) -> Interval:
    """A mean with its 95% interval over bootstrap samples of the values."""
    rng = np.random.default_rng(seed)
    means = [values[rng.integers(0, len(values), len(values))].mean() for _ in range(RESAMPLES)]
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(values.mean()), float(low), float(high))


def with_breaks(board: pd.DataFrame, limits: Limits) -> pd.DataFrame:
    """The leaderboard with `breaks`: the limits that each row breaks, as text; what was not measured breaks none."""
    broken = {
        f"groups not {limits.fewest} to {limits.most}": ~board.groups.between(limits.fewest, limits.most),
        f"smallest group under {limits.smallest_share:.0%}": board.smallest_share < limits.smallest_share,
        f"noise over {limits.noise_share:.0%}": board.noise_share > limits.noise_share,
        f"stability under {limits.stability:g}": board.stability < limits.stability,
    }
    return board.assign(breaks=[", ".join(name for name, rows in broken.items() if rows[row]) for row in board.index])


def band(board: pd.DataFrame, algorithm: str = "", k: int = 0) -> list[int]:
    """Rows that can be chosen: of those that break the fewest limits, the best silhouette and its near ties.

    Two nearly tie where their intervals overlap. `algorithm` and `k` pin the family and the number of groups.
    """
    allowed = board[board.silhouette.notna()]
    if algorithm:
        allowed = allowed[allowed.algorithm == algorithm]
    if k:
        allowed = allowed[allowed.groups == k]
    if allowed.empty:
        raise ClusteringError(
            f"No grouping was found with algorithm {algorithm or 'any'} and k {k or 'any'}. Free one of them."
        )
    broken = allowed.breaks.map(count_broken)
    least = allowed[broken == broken.min()].sort_values("silhouette", ascending=False, kind="stable")
    return list(least.index[least.silhouette_high >= least.silhouette_low.iloc[0]])


def count_broken(breaks: str) -> int:
    """How many limits a row's `breaks` names."""
    return len(breaks.split(", ")) if breaks else 0


def choose(board: pd.DataFrame, algorithm: str = "", k: int = 0) -> int:
    """Row number of the chosen candidate: in the near-tie band the most stable, then the one with the fewest groups.

    Stabilities that are equal to two decimals count as equal; further ties go to the better silhouette. Where nothing
    keeps all limits, the band is that of the least bad: see its `breaks`.
    """
    rivals = board.loc[band(board, algorithm, k)]
    ranked = rivals.assign(stability=rivals.stability.fillna(-1).round(2))
    return int(ranked.sort_values(["stability", "groups", "silhouette"], ascending=[False, True, False]).index[0])


def agreement(board: pd.DataFrame, candidates: Sequence[Candidate], chosen: int) -> pd.Series:
    """How far the runners-up place customers as the chosen grouping does: adjusted Rand index, the highest first.

    The runners-up are the best other grouping of each family, and what nearly ties with the chosen one.
    """
    others = board.drop(index=chosen)
    others = others[others.silhouette.notna()]
    same_k = others[others.groups == board.groups[chosen]]
    best = {**others.groupby("algorithm").silhouette.idxmax(), **same_k.groupby("algorithm").silhouette.idxmax()}
    near = others.index[(others.breaks == "") & (others.silhouette_high >= board.silhouette_low[chosen])]
    rows = dict.fromkeys([*best.values(), *near])
    names = [f"{board.algorithm[row]}, {board.groups[row]} groups ({board.setting[row]})" for row in rows]
    values = [adjusted_rand_score(candidates[chosen].labels, candidates[row].labels) for row in rows]
    return pd.Series(dict(zip(names, values, strict=True)), dtype=float).sort_values(ascending=False)


def as_table(board: pd.DataFrame, candidates: Sequence[Candidate]) -> pd.DataFrame:
    """The leaderboard to be shown, the best silhouette first, with the seconds that each fit took."""
    table = board.assign(seconds=[candidate.seconds for candidate in candidates])
    table = table.sort_values("silhouette", ascending=False).reset_index(drop=True).rename(columns=TITLES)
    return table.rename_axis(None, axis="columns")


FORMATS = {
    **dict.fromkeys((TITLES["silhouette"], *SCORES[1:3], *STABILITY), "{:.3f}"),
    **dict.fromkeys(SHARES, "{:.1%}"),
    TITLES["calinski_harabasz"]: "{:,.0f}",
}
