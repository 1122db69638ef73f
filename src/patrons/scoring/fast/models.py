"""One prepared row through a fitted model: probabilities of the classes, or the group of a clusterer."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier

from patrons.churn.ensemble import BaseRate, Calibrated, MeanOf
from patrons.features.products import Products
from patrons.scoring.fast.trees import Forest, boosted, forest, probabilities, softmax
from patrons.segments.boosting import BoostedTrees

Answer = Callable[[np.ndarray], np.ndarray]


class Unsupported(TypeError):
    """A step that has no fast form."""


def last(model: BaseEstimator) -> Answer:
    """The fast form of a final estimator."""
    for kind, make in MODELS.items():
        if isinstance(model, kind):
            return make(model)
    raise Unsupported(type(model).__name__)


def _vote(model: VotingClassifier) -> Answer:
    if model.voting != "soft":
        raise Unsupported("hard voting")
    return _mean(model.estimators_, model._weights_not_none)


def _mean_of(model: MeanOf) -> Answer:
    members = [(last(member), slice(*view)) for member, view in zip(model.members_, model.views_, strict=True)]
    return lambda x: np.mean([member(x[view]) for member, view in members], axis=0)


def _with_products(model: Pipeline) -> Answer:
    products, linear = model
    if not isinstance(products, Products):
        raise Unsupported(type(products).__name__)
    i, j, inner = *products.pairs_.T, last(linear)
    return lambda x: inner(np.concatenate([x, (x[i] * x[j] - products.mean_) / products.scale_]))


def _mean(models: list[BaseEstimator], weights: list[float] | None = None) -> Answer:
    members = [last(model) for model in models]
    shares = np.full(len(members), 1.0) if weights is None else np.asarray(weights, dtype=float)
    shares = shares / shares.sum()
    return lambda x: sum(share * member(x) for share, member in zip(shares, members, strict=True))


def _calibrated(model: Calibrated) -> Answer:
    inner = last(model.classifier)

    def run(x: np.ndarray) -> np.ndarray:
        p = float(model.calibrate(inner(x)[1:])[0])
        return np.array([1 - p, p])

    return run


def _logistic(model: LogisticRegression) -> Answer:
    weights, bias = model.coef_.T, model.intercept_
    return lambda x: probabilities(x @ weights + bias)


def _neural(model: MLPClassifier) -> Answer:
    """A feed-forward net; its output layer is logistic (two classes) or softmax."""
    activations: dict[str, Answer] = {
        "relu": lambda x: np.maximum(x, 0),
        "tanh": np.tanh,
        "logistic": _sigmoid,
        "identity": lambda x: x,
    }
    activation, layers = activations[model.activation], list(zip(model.coefs_, model.intercepts_, strict=True))

    def run(x: np.ndarray) -> np.ndarray:
        for weights, bias in layers[:-1]:
            x = activation(x @ weights + bias)
        return probabilities(x @ layers[-1][0] + layers[-1][1])

    return run


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _nearest_centre(model: KMeans) -> Answer:
    centres = model.cluster_centers_
    return lambda x: np.array([((centres - x) ** 2).sum(axis=1).argmin()])


def _nearest_row(model: KNeighborsClassifier) -> Answer:
    """The class of the nearest row (Euclidean)."""
    if model.n_neighbors != 1 or model.effective_metric_ != "euclidean":
        raise Unsupported("several neighbours")
    rows, classes = np.asarray(model._fit_X), np.asarray(model.classes_)[model._y]
    return lambda x: classes[[((rows - x) ** 2).sum(axis=1).argmin()]]


def densities(model: GaussianMixture) -> Answer:
    """Posterior of each component of a mixture."""
    if model.covariance_type != "full":
        raise Unsupported(f"covariance {model.covariance_type}")
    roots = model.precisions_cholesky_
    shift = np.einsum("kd,kde->ke", model.means_, roots)
    height = np.log(model.weights_) + np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)

    def run(x: np.ndarray) -> np.ndarray:
        logs = height - 0.5 * ((x @ roots - shift) ** 2).sum(axis=1)
        return softmax(logs)

    return run


def _mixture(model: GaussianMixture) -> Answer:
    posterior = densities(model)
    return lambda x: np.array([posterior(x).argmax()])


MODELS: dict[type, Callable[[Any], Answer]] = {
    RandomForestClassifier: lambda model: forest(model).probabilities,
    ExtraTreesClassifier: lambda model: forest(model).probabilities,
    DecisionTreeClassifier: lambda model: Forest([model]).probabilities,
    XGBClassifier: boosted,
    BoostedTrees: lambda model: boosted(model.booster_),
    LogisticRegression: _logistic,
    MLPClassifier: _neural,
    VotingClassifier: _vote,
    MeanOf: _mean_of,
    Pipeline: _with_products,
    Calibrated: _calibrated,
    BaseRate: lambda model: lambda x: np.array([1 - model.rate_, model.rate_]),
    KMeans: _nearest_centre,
    MiniBatchKMeans: _nearest_centre,
    KNeighborsClassifier: _nearest_row,
    GaussianMixture: _mixture,
}


def margin(model: BaseEstimator) -> Callable[[np.ndarray], float]:
    """How clearly a prepared row belongs to its group, as `clustering.margin` defines it."""
    if isinstance(model, GaussianMixture):
        posterior = densities(model)
        return lambda x: _lead(posterior(x))
    if not isinstance(model, KNeighborsClassifier):
        raise Unsupported(type(model).__name__)
    nearest, rows, codes = _nearest_row(model), np.asarray(model._fit_X), np.asarray(model._y)
    centres = np.array([rows[codes == code].mean(axis=0) for code in range(len(model.classes_))])
    code_of = {group: code for code, group in enumerate(model.classes_)}

    def run(x: np.ndarray) -> float:
        if len(centres) == 1:
            return 1.0
        distances = np.sqrt(((centres - x) ** 2).sum(axis=1))
        own = code_of[nearest(x)[0]]
        to_own, distances[own] = distances[own], np.inf
        return float(np.clip(1 - to_own / max(distances.min(), 1e-12), 0, 1))

    return run


def _lead(posterior: np.ndarray) -> float:
    """By how much the likeliest component leads the next."""
    if len(posterior) == 1:
        return 1.0
    ascending = np.sort(posterior)
    return float(ascending[-1] - ascending[-2])
