"""The families of clustering algorithms that are compared, each behind one small interface.

A family has settings to try, fits one of them, and gives a model that places new customers. All but the mixture are
kept as prototypes: a customer belongs where the nearest prototype does. Those of K-Means are its centres, which is how
K-Means places rows anyway; those of Ward and of the density families are the points that they grouped.
"""

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster
from sklearn.base import BaseEstimator
from sklearn.cluster import DBSCAN, HDBSCAN, KMeans, MiniBatchKMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors
from sklearn.pipeline import Pipeline, make_pipeline
from threadpoolctl import threadpool_limits

from patrons.errors import ClusteringError
from patrons.segments.microclusters import Customers

NOISE = -1
FLOOR = 0.2  # of a mixture's variances, where columns have variance 1: with less there are many optima
Setting = dict[str, float]


@dataclass(frozen=True)
class Fit:
    """A model that places prepared rows in groups 0, 1, …, and the share of rows in its fit that were in no group."""

    model: BaseEstimator
    noise_share: float = 0.0


@dataclass(frozen=True)
class Family:
    """One way to group customers.

    Attributes
    ----------
    name : str
    settings : function of the customers and the numbers of groups
        What is tried.
    fit : function of the customers and a setting
        A ClusteringError or another ValueError says why there is no such grouping.
    by_k : bool
        Whether the setting is a number of groups.
    """

    name: str
    settings: Callable[[Customers, Sequence[int]], list[Setting]]
    fit: Callable[[Customers, Setting], Fit]
    by_k: bool = True

    def describe(self, setting: Setting) -> str:
        """The setting as text, such as ``k=5``."""
        return ", ".join(f"{name}={value:.3g}" for name, value in setting.items())


@dataclass(frozen=True)
class Candidate:
    """A fitted grouping: `labels` are those of the scored customers, as `model` places them."""

    family: Family
    setting: Setting
    model: BaseEstimator
    labels: np.ndarray
    noise_share: float = 0.0  # of the rows in its fit: in no group, and placed with the nearest
    seconds: float = 0.0


@dataclass(frozen=True)
class Compared:
    """All candidates, and those that could not be fitted: family, setting and reason."""

    candidates: list[Candidate]
    skipped: list[dict[str, str]] = field(default_factory=list)


def _by_k(customers: Customers, ks: Sequence[int]) -> list[Setting]:
    return [{"k": k} for k in ks]


def _by_density(customers: Customers, ks: Sequence[int]) -> list[Setting]:
    return [{"eps": knee(k_distances(customers.scored, count)), "neighbours": count} for count in (5, 10, 20)]


def _by_size(customers: Customers, ks: Sequence[int]) -> list[Setting]:
    return [{"smallest": share} for share in (0.01, 0.03)]


def _kmeans(customers: Customers, setting: Setting) -> Fit:
    points = customers.points
    model = KMeans(int(setting["k"]), n_init=customers.starts, random_state=customers.seed)
    model.fit(points.rows, sample_weight=points.weights)
    return _prototypes(model.cluster_centers_, np.arange(model.n_clusters))


def _minibatch(customers: Customers, setting: Setting) -> Fit:
    model = MiniBatchKMeans(int(setting["k"]), n_init=3, batch_size=4096, random_state=customers.seed).fit(customers.X)
    return _prototypes(model.cluster_centers_, np.arange(model.n_clusters))


def _mixture(customers: Customers, setting: Setting) -> Fit:
    """A mixture started from K-Means' groups, so that a sample leads to the same optimum as all customers do."""
    X, k = customers.sample, int(setting["k"])
    start = KMeans(k, n_init=customers.starts, random_state=customers.seed).fit_predict(X)
    # the floor, as half of all customers may have ordered once: a spike that would swallow a component
    spread = [_spread(X[start == group]) + FLOOR * np.eye(X.shape[1]) for group in range(k)]
    model = GaussianMixture(
        k,
        reg_covar=FLOOR,
        tol=1e-4,
        max_iter=1000,
        weights_init=np.bincount(start) / len(X),
        means_init=[X[start == group].mean(axis=0) for group in range(k)],
        precisions_init=np.linalg.inv(np.array(spread).reshape(k, X.shape[1], X.shape[1])),
        random_state=customers.seed,
    )
    return Fit(model.fit(X))


def _spread(rows: np.ndarray) -> np.ndarray:
    """Covariance of a group's members; one alone has none."""
    return np.cov(rows, rowvar=False) if len(rows) > 1 else np.zeros((rows.shape[1], rows.shape[1]))


def _ward(customers: Customers, setting: Setting) -> Fit:
    return _prototypes(customers.leaves.rows, fcluster(customers.tree, setting["k"], "maxclust") - 1)


def _dbscan(customers: Customers, setting: Setting) -> Fit:
    rows = customers.scored
    return _prototypes(rows, DBSCAN(eps=setting["eps"], min_samples=int(setting["neighbours"])).fit_predict(rows))


def _hdbscan(customers: Customers, setting: Setting) -> Fit:
    rows = customers.scored
    size = max(5, round(setting["smallest"] * len(rows)))
    return _prototypes(rows, HDBSCAN(min_cluster_size=size, min_samples=10, copy=True).fit_predict(rows))


def _prototypes(rows: np.ndarray, labels: np.ndarray) -> Fit:
    """A model that places a row with its nearest prototype; prototypes of no group are left out and counted."""
    grouped = labels != NOISE
    if not grouped.any():  # all noise: one group, which breaks a limit
        labels, grouped = np.zeros_like(labels), ~grouped
    rounded = np.round(rows[grouped], 9)  # the last digits depend on the number of threads
    return Fit(KNeighborsClassifier(1).fit(rounded, labels[grouped]), float((labels == NOISE).mean()))


FAMILIES = (
    Family("K-Means", _by_k, _kmeans),
    Family("Gaussian mixture", _by_k, _mixture),
    Family("Ward", _by_k, _ward),
    Family("Mini-batch K-Means", _by_k, _minibatch),
    Family("DBSCAN", _by_density, _dbscan, by_k=False),
    Family("HDBSCAN", _by_size, _hdbscan, by_k=False),
)


def compare(customers: Customers, ks: Sequence[int], families: Sequence[Family] = FAMILIES) -> Compared:
    """Fit every setting of every family; one that fails is set aside with its reason and stops none of the others.

    Raises
    ------
    ClusteringError
        No number of groups to try, or nothing could be fitted.
    """
    if not ks:
        raise ClusteringError("There is no number of groups to try: k_min is above k_max.")
    compared = Compared([])
    for family in families:
        _try(family, customers, ks, compared)
    if not compared.candidates:
        raise ClusteringError(f"No family could be fitted: {compared.skipped[0]['reason']}")
    return compared


def _try(family: Family, customers: Customers, ks: Sequence[int], compared: Compared) -> None:
    try:
        settings = family.settings(customers, ks)
    except ValueError as error:
        compared.skipped.append({"family": family.name, "setting": "all", "reason": str(error)})
        return
    for setting in settings:
        try:
            compared.candidates.append(fitted(family, setting, customers))
        except ValueError as error:
            entry = {"family": family.name, "setting": family.describe(setting), "reason": str(error)}
            compared.skipped.append(entry)


def fitted(family: Family, setting: Setting, customers: Customers) -> Candidate:
    """One family fitted to the customers; a fit that did not converge is an error, not a warning."""
    start = time.perf_counter()
    # one thread: several add numbers up in any order, and starting them costs more than such fits
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            fit = family.fit(customers, setting)
        except ConvergenceWarning as warning:
            raise ClusteringError(f"it did not converge: {warning}") from None
    labels = fit.model.predict(customers.scored)
    return Candidate(family, setting, fit.model, labels, fit.noise_share, time.perf_counter() - start)


def k_distances(X: np.ndarray, neighbours: int) -> np.ndarray:
    """Distance of each row to its `neighbours`-th nearest row, itself included, in rising order."""
    distances, _ = NearestNeighbors(n_neighbors=min(neighbours, len(X))).fit(X).kneighbors(X)
    return np.sort(distances[:, -1])


def knee(rising: np.ndarray) -> float:
    """Where a rising curve is farthest below the line between its ends (Satopää et al., Kneedle, 2011)."""
    line = np.linspace(rising[0], rising[-1], len(rising))
    value = float(rising[np.argmax(line - rising)])
    if value <= 0:
        raise ClusteringError("Most customers have exactly equal features: there is no density to find groups by.")
    return value


def bic(compared: Compared, customers: Customers) -> pd.Series:
    """Bayesian information criterion of each mixture, on the customers that it was fitted to; lower is better."""
    mixtures = [fit for fit in compared.candidates if isinstance(fit.model, GaussianMixture)]
    return pd.Series({fit.setting["k"]: fit.model.bic(customers.sample) for fit in mixtures}, name="bic", dtype=float)


def as_pipeline(prepare: Pipeline, chosen: Candidate) -> Pipeline:
    """The fitted preparation and model as one estimator from raw features to group numbers."""
    return make_pipeline(*(step for _, step in prepare.steps), chosen.model)


def margin(model: Pipeline, rows: Any) -> np.ndarray:
    """How clearly each customer belongs to its group: 0 on the border, 1 wholly inside; the same for every family.

    Of a mixture, the largest posterior less the next. Of all others 1 - d / d', with d the distance to the centre of
    the customer's own group and d' that to the nearest other centre (as in the simplified silhouette, Hruschka et al.,
    2004); 0 where another centre is nearer. Where there is only one group, it is 1.

    Parameters
    ----------
    model : Pipeline
        What 03 keeps as ``clusterer.skops``.
    rows : DataFrame
        Raw features, one row a customer.
    """
    X, last = model[:-1].transform(rows), model[-1]
    if len(getattr(last, "classes_", [])) == 1 or getattr(last, "n_components", 2) == 1:
        return np.ones(len(X))
    if isinstance(last, GaussianMixture):
        posteriors = np.sort(last.predict_proba(X), axis=1)
        return posteriors[:, -1] - posteriors[:, -2]
    labels = last.predict(X)
    centres = np.array([last._fit_X[last._y == group].mean(axis=0) for group in range(len(last.classes_))])
    distances = np.sqrt(((X[:, None, :] - centres[None]) ** 2).sum(axis=2))
    row, own = np.arange(len(X)), np.searchsorted(last.classes_, labels)
    to_own = distances[row, own]
    distances[row, own] = np.inf
    return np.clip(1 - to_own / np.maximum(distances.min(axis=1), 1e-12), 0, 1)
