"""Find structure: which algorithm and number of groups describe the customers best.

Four families behind one interface: K-Means, Gaussian mixture, agglomerative (Ward) and DBSCAN. Each is fitted on
prepared rows, judged by the same three indices, and one is chosen by a stated rule.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans
from sklearn.impute import SimpleImputer
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PowerTransformer

SAMPLE = 10_000  # rows above which quadratic work (Ward, DBSCAN, silhouette) is done on a random sample
NOISE = -1


class ClusteringError(ValueError):
    """Data or parameters from which no grouping can be chosen."""


@dataclass(frozen=True)
class Candidate:
    """A fitted way to group customers: `model` takes prepared rows and places each in one of the groups."""

    algorithm: str
    setting: str
    model: BaseEstimator
    labels: np.ndarray  # of every row, as `model` places it
    noise_share: float = 0.0  # of the rows that it was fitted on, found in no group and placed with the nearest


@dataclass(frozen=True)
class Limits:
    """What a grouping must hold to be of use."""

    smallest_share: float  # of customers, in the smallest group
    noise_share: float  # of customers, in no group
    fewest: int = 2  # groups
    most: int = 12


def preparation() -> Pipeline:
    """Make skewed columns roughly normal and of variance 1 (Yeo-Johnson), so that a few big spenders are no group.

    Missing numbers, which only customer tables have, become the median.
    """
    return make_pipeline(SimpleImputer(strategy="median"), PowerTransformer())


def candidates(X: np.ndarray, ks: Sequence[int], seed: int) -> Iterator[Candidate]:
    """Every grouping that is compared: three families over each k, and DBSCAN over its density.

    Parameters
    ----------
    X : array of shape (customers, features)
        Prepared rows.
    ks : sequence of int
        Numbers of groups.
    seed : int
    """
    if not ks:
        raise ClusteringError("There is no number of groups to try: k_min is above k_max.")
    rows = sample_rows(len(X), seed)
    for k in ks:
        yield _fitted("K-Means", f"k={k}", KMeans(k, n_init=10, random_state=seed).fit(X), X)
        yield _fitted("Gaussian mixture", f"k={k}", GaussianMixture(k, n_init=3, random_state=seed).fit(X), X)
        yield _by_neighbour("Ward", f"k={k}", X[rows], AgglomerativeClustering(k).fit_predict(X[rows]), X)
    for min_samples in (5, 10, 20):
        eps = knee(k_distances(X[rows], min_samples))
        labels = DBSCAN(eps=eps, min_samples=min_samples).fit_predict(X[rows])
        yield _by_neighbour("DBSCAN", f"eps={eps:.2f}, min {min_samples}", X[rows], labels, X)


def sample_rows(rows: int, seed: int) -> np.ndarray:
    """Row numbers of all rows, or of a random `SAMPLE` of them where there are more."""
    return (
        np.arange(rows) if rows <= SAMPLE else np.sort(np.random.default_rng(seed).choice(rows, SAMPLE, replace=False))
    )


def _fitted(algorithm: str, setting: str, model: BaseEstimator, X: np.ndarray) -> Candidate:
    return Candidate(algorithm, setting, model, model.predict(X))


def _by_neighbour(algorithm: str, setting: str, fitted: np.ndarray, labels: np.ndarray, X: np.ndarray) -> Candidate:
    """Families that cannot place new rows, or left some in no group, place them with the nearest row of a group."""
    grouped = labels != NOISE
    if not grouped.any():  # all noise: one group, which breaks a limit
        labels, grouped = np.zeros_like(labels), ~grouped
    model = KNeighborsClassifier(1).fit(fitted[grouped], labels[grouped])
    return Candidate(algorithm, setting, model, model.predict(X), float((~grouped).mean()))


def k_distances(X: np.ndarray, min_samples: int) -> np.ndarray:
    """Distance of each row to its `min_samples`-th nearest row, itself included, in rising order."""
    distances, _ = NearestNeighbors(n_neighbors=min(min_samples, len(X))).fit(X).kneighbors(X)
    return np.sort(distances[:, -1])


def knee(rising: np.ndarray) -> float:
    """Where a rising curve is farthest below the line between its ends (Satopää et al., Kneedle, 2011)."""
    line = np.linspace(rising[0], rising[-1], len(rising))
    value = float(rising[np.argmax(line - rising)])
    if value <= 0:
        raise ClusteringError("Most customers have exactly equal features: there is no density to find groups by.")
    return value


def leaderboard(X: np.ndarray, compared: Sequence[Candidate], limits: Limits, seed: int) -> pd.DataFrame:
    """Every candidate's indices, and the limits that it breaks.

    Returns
    -------
    DataFrame
        One row a candidate: `algorithm`, `setting`, `groups`, `silhouette` (-1 to 1, higher is better),
        `davies_bouldin` (0 up, lower), `calinski_harabasz` (0 up, higher), `smallest_share`, `noise_share`, and
        `breaks`: the limits broken, empty where none is. Every row counts, noise where it was placed. Indices are
        missing where fewer than two groups were found.
    """
    rows = sample_rows(len(X), seed)
    return pd.DataFrame([_scores(X[rows], c, c.labels[rows]) | _shares(c, limits) for c in compared])


def _scores(X: np.ndarray, candidate: Candidate, labels: np.ndarray) -> dict:
    row = {"algorithm": candidate.algorithm, "setting": candidate.setting, "groups": len(np.unique(labels))}
    judged = 2 <= row["groups"] < len(labels)
    return row | {
        "silhouette": silhouette_score(X, labels) if judged else np.nan,
        "davies_bouldin": davies_bouldin_score(X, labels) if judged else np.nan,
        "calinski_harabasz": calinski_harabasz_score(X, labels) if judged else np.nan,
    }


def _shares(candidate: Candidate, limits: Limits) -> dict:
    counts = np.unique(candidate.labels, return_counts=True)[1]
    smallest, noise = counts.min() / counts.sum(), candidate.noise_share
    broken = {
        f"groups not {limits.fewest} to {limits.most}": not limits.fewest <= len(counts) <= limits.most,
        f"smallest group under {limits.smallest_share:.0%}": smallest < limits.smallest_share,
        f"noise over {limits.noise_share:.0%}": noise > limits.noise_share,
    }
    return {"smallest_share": smallest, "noise_share": noise, "breaks": ", ".join(k for k, v in broken.items() if v)}


def choose(board: pd.DataFrame, algorithm: str = "", k: int = 0) -> int:
    """Row number of the chosen candidate: of those that keep all limits, the one with the best silhouette.

    `algorithm` and `k`, where given, pin the choice to that family or number of groups. Where none keeps all limits,
    the one with the best silhouette of those breaking the fewest is taken: look at its `breaks`.
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
    broken = allowed.breaks.str.split(", ").map(lambda names: len([name for name in names if name]))
    return int(allowed[broken == broken.min()].silhouette.idxmax())


def strength(silhouette: float) -> str:
    """What a silhouette says of the structure, on the scale of Kaufman and Rousseeuw (Finding Groups in Data, 1990)."""
    if silhouette > 0.5:
        return "clear: most customers are far nearer to their own group than to the next"
    if silhouette > 0.25:
        return "weak: a useful partition of customers who differ gradually"
    return "not substantial: the groups are slices of a continuum"


def as_pipeline(prepare: Pipeline, chosen: Candidate) -> Pipeline:
    """The fitted preparation and model as one estimator from raw features to group numbers."""
    return make_pipeline(prepare, chosen.model)
