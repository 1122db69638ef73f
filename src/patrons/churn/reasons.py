"""Why a customer got their probability: what each feature adds to it, and the three that weigh most, in plain words.

What features add sums to the probability. It is computed for each member of the model: for boosted trees as Shapley
values [TreeSHAP; Lundberg et al., 2020], for a logistic regression as its terms (Shapley values too), for a forest as
the steps along each tree's path [Saabas, 2014: they sum up, but are no Shapley values, which took 30 times as long],
for a neural network as the integral of gradients from the mean customer [Sundararajan, Taly & Yan, 2017], here a sum of
32 steps. Terms of log odds are scaled to the change of the probability that they cause together. These are reasons of
the model, not causes of the churn.
"""

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.base import ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier
from xgboost import DMatrix, XGBClassifier

from patrons.churn.ensemble import BaseRate, Calibrated, Liblinear, Network
from patrons.churn.wording import Wording
from patrons.features.preparation import sources

REASONS = ("reason_1", "reason_2", "reason_3")
STEPS = 32  # of the integral along a line


def reasons(model: Pipeline, rows: pd.DataFrame, dictionary: pd.DataFrame) -> pd.DataFrame:
    """Three reasons a customer, each from another group of features, the weightiest first.

    Reasons explain the side on which the customer is: what raises the probability where it is above the model's mean,
    what lowers it otherwise. How much of a peak season lies ahead is the same for everyone, so it is never a reason.
    One row has the reasons that it has among many.

    Parameters
    ----------
    model : Pipeline
        What 06 saves: a preparation, and a `MeanOf`, a `Calibrated` one or a `BaseRate`.
    rows : DataFrame
        Raw feature columns.
    dictionary : DataFrame
        `feature`, `group`, `unit`, `meaning`, as 02 writes it.

    Returns
    -------
    DataFrame
        `reason_1`, `reason_2`, `reason_3` on the index of `rows`; empty text where nothing (more) explains that side.
    """
    added = contributions(model, rows)
    texts = Wording(list(added.columns), dictionary).texts(added.to_numpy(), [rows[name].to_numpy() for name in added])
    return pd.DataFrame(texts, rows.index, REASONS, dtype="str")


def contributions(model: Pipeline, rows: pd.DataFrame) -> pd.DataFrame:
    """What each raw feature adds to the probability of churn (before calibration), against the model's mean.

    Returns
    -------
    DataFrame
        A row a customer, a column for each feature that the model uses; no column for a `BaseRate`.
    """
    last = model[-1]
    if isinstance(last, BaseRate):
        return pd.DataFrame(index=rows.index)
    mean = last.classifier if isinstance(last, Calibrated) else last
    Z = np.asarray(model[:-1].transform(rows), dtype=float)
    added = np.mean(
        [_of_view(*member, Z, mean.centre_) for member in zip(mean.members_, mean.views_, strict=True)], axis=0
    )
    names = sources(model["prepare"])
    features = list(dict.fromkeys(names))
    source = np.array([[name == feature for feature in features] for name in names], dtype=float)
    return pd.DataFrame(added @ source, rows.index, features)


def _of_view(member: ClassifierMixin, view: tuple[int, int], Z: np.ndarray, centre: np.ndarray) -> np.ndarray:
    first, last = view
    added = np.zeros_like(Z)
    added[:, first:last] = of_member(member, Z[:, first:last], centre[first:last])
    return added


def of_member(member: ClassifierMixin, Z: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """What each preprocessed column adds to the probability of a member, a row a customer."""
    if isinstance(member, RandomForestClassifier):
        return _forest(member, Z)
    added, base = EXPLAIN[type(member)](member, Z, centre)
    return as_probability(added, base)


def as_probability(added: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Terms of log odds, scaled so that they add up to the change of the probability."""
    total = added.sum(axis=1)
    near = np.abs(total) < 1e-9
    change = expit(base + total) - expit(base)
    slope = np.where(near, expit(base) * (1 - expit(base)), change / np.where(near, 1.0, total))
    return added * slope[:, None]


def _boosting(member: XGBClassifier, Z: np.ndarray, _: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    shapley = member.get_booster().predict(DMatrix(Z, nthread=1), pred_contribs=True).astype(float)
    return shapley[:, :-1], shapley[:, -1]


def _logistic(member: LogisticRegression, Z: np.ndarray, centre: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    base = member.decision_function(centre[None])
    return (Z - centre) * member.coef_[0], np.repeat(base, len(Z))


def _products(member: Pipeline, Z: np.ndarray, centre: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of a logistic regression with products of columns: what a product adds is shared evenly by both (Shapley)."""
    products, model = member
    base = member.decision_function(centre[None])
    weights = model.coef_[0]
    added = (Z - centre) * weights[: Z.shape[1]]
    for (i, j), scale, weight in zip(products.pairs_, products.scale_, weights[Z.shape[1] :], strict=True):
        added[:, i] += weight / scale * (Z[:, i] - centre[i]) * (Z[:, j] + centre[j]) / 2
        added[:, j] += weight / scale * (Z[:, j] - centre[j]) * (Z[:, i] + centre[i]) / 2
    return added, np.repeat(base, len(Z))


def _network(member: MLPClassifier, Z: np.ndarray, centre: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradients of the log odds, averaged along the straight line from the centre to each row."""
    slopes = np.zeros_like(Z)
    for step in (np.arange(STEPS) + 0.5) / STEPS:
        positive, value = [], centre + step * (Z - centre)
        for weights, bias in zip(member.coefs_[:-1], member.intercepts_[:-1], strict=True):
            value = value @ weights + bias
            positive.append(value > 0)  # where relu lets gradients pass
            value = np.maximum(value, 0)
        slope = np.repeat(member.coefs_[-1].T, len(Z), axis=0)
        for weights, passes in zip(reversed(member.coefs_[:-1]), reversed(positive), strict=True):
            slope = (slope * passes) @ weights.T
        slopes += slope / STEPS
    base = np.log(np.divide(*member.predict_proba(centre[None])[0][::-1].clip(1e-12)))
    return (Z - centre) * slopes, np.full(len(Z), base)


def _forest(member: RandomForestClassifier, Z: np.ndarray) -> np.ndarray:
    """Changes of the share of churners from node to node, each credited to the feature of the split."""
    path, starts = member.decision_path(Z)
    value, feature = _nodes(member.estimators_)
    tree = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    row = np.repeat(np.arange(len(Z)), np.diff(path.indptr))
    parent, child = path.indices[:-1], path.indices[1:]  # nodes of a path come in order
    inside = (row[1:] == row[:-1]) & (tree[parent] == tree[child])
    step = (value[child] - value[parent])[inside] / len(member.estimators_)
    cell = row[1:][inside] * Z.shape[1] + feature[parent[inside]]
    return np.bincount(cell, step, minlength=Z.size).reshape(Z.shape)


def _nodes(trees: list[DecisionTreeClassifier]) -> tuple[np.ndarray, np.ndarray]:
    """Share of churners in each node of all trees, one tree after the other, and the feature that it splits by."""
    counts = [tree.tree_.value[:, 0, :] for tree in trees]
    return (
        np.concatenate([count[:, 1] / count.sum(axis=1) for count in counts]),
        np.concatenate([tree.tree_.feature for tree in trees]),
    )


EXPLAIN = {
    XGBClassifier: _boosting,
    LogisticRegression: _logistic,
    Liblinear: _logistic,
    Pipeline: _products,
    Network: _network,
}
