"""What each preprocessed column adds to the probability of one member of the model: one way for each kind of member.

For boosted trees these are Shapley values [TreeSHAP; Lundberg et al., 2020], for a logistic regression its terms
(Shapley values too), for a forest the steps along each tree's path [Saabas, 2014: they sum up, but are no Shapley
values, which took 30 times as long], for a neural network the integral of gradients from the mean customer
[Sundararajan, Taly & Yan, 2017], here a sum of 32 steps.
"""

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_array
from scipy.special import expit
from sklearn.base import ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from xgboost import DMatrix, XGBClassifier

from patrons.churn.ensemble import Liblinear, Network
from patrons.churn.shapley import Shapley, TooLargeError

STEPS = 32  # of the integral along a line

Explain = Callable[[np.ndarray], np.ndarray]


def of_member(member: ClassifierMixin, centre: np.ndarray) -> Explain:
    """A function from prepared rows to what each column adds to the probability of a member, of the rows' shape.

    Parameters
    ----------
    member : fitted classifier
        One of `KINDS`.
    centre : ndarray of shape (n_columns,)
        The mean customer, from whom the terms of linear models and networks are measured.
    """
    return KINDS[type(member)](member, centre)


def as_probability(added: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Terms of log odds, scaled so that they add up to the change of the probability."""
    total = added.sum(axis=1)
    near = np.abs(total) < 1e-9
    change = expit(base + total) - expit(base)
    slope = np.where(near, expit(base) * (1 - expit(base)), change / np.where(near, 1.0, total))
    return added * slope[:, None]


def _boosting(member: XGBClassifier, _: np.ndarray) -> Explain:
    try:
        shapley = Shapley(member)
    except TooLargeError:
        return lambda Z: _by_xgboost(member, Z)
    return lambda Z: as_probability(shapley(Z), np.full(len(Z), shapley.base))


def _by_xgboost(member: XGBClassifier, Z: np.ndarray) -> np.ndarray:
    values = member.get_booster().predict(DMatrix(Z, nthread=1), pred_contribs=True).astype(float)
    return as_probability(values[:, :-1], values[:, -1])


def _logistic(member: LogisticRegression, centre: np.ndarray) -> Explain:
    base, weights = member.decision_function(centre[None]), member.coef_[0]
    return lambda Z: as_probability((Z - centre) * weights, base)


def _products(member: Pipeline, centre: np.ndarray) -> Explain:
    """Of a logistic regression with products of columns: what a product adds is shared evenly by both (Shapley)."""
    products, model = member
    base, weights = member.decision_function(centre[None]), model.coef_[0]

    def explain(Z: np.ndarray) -> np.ndarray:
        added = (Z - centre) * weights[: Z.shape[1]]
        for (i, j), scale, weight in zip(products.pairs_, products.scale_, weights[Z.shape[1] :], strict=True):
            added[:, i] += weight / scale * (Z[:, i] - centre[i]) * (Z[:, j] + centre[j]) / 2
            added[:, j] += weight / scale * (Z[:, j] - centre[j]) * (Z[:, i] + centre[i]) / 2
        return as_probability(added, base)

    return explain


def _network(member: MLPClassifier, centre: np.ndarray) -> Explain:
    """Gradients of the log odds, averaged along the straight line from the centre to each row."""
    base = np.log(np.divide(*member.predict_proba(centre[None])[0][::-1].clip(1e-12)))

    def explain(Z: np.ndarray) -> np.ndarray:
        slopes = np.zeros_like(Z)
        for step in (np.arange(STEPS) + 0.5) / STEPS:
            slopes += _slope(member, centre + step * (Z - centre)) / STEPS
        return as_probability((Z - centre) * slopes, np.full(len(Z), base))

    return explain


def _slope(member: MLPClassifier, value: np.ndarray) -> np.ndarray:
    """The gradient of the log odds at each row."""
    positive, slope = [], np.repeat(member.coefs_[-1].T, len(value), axis=0)
    for weights, bias in zip(member.coefs_[:-1], member.intercepts_[:-1], strict=True):
        value = value @ weights + bias
        positive.append(value > 0)  # where relu lets gradients pass
        value = np.maximum(value, 0)
    for weights, passes in zip(reversed(member.coefs_[:-1]), reversed(positive), strict=True):
        slope = (slope * passes) @ weights.T
    return slope


def _forest(member: RandomForestClassifier, _: np.ndarray) -> Explain:
    """Changes of the share of churners from node to node, each credited to the column of the split.

    They depend on the leaf alone, so each leaf that rows fall into is looked at once.
    """
    roots, parent, column, step = _nodes(member)

    def explain(Z: np.ndarray) -> np.ndarray:
        leaf = (member.apply(Z) + roots).ravel()
        visited = np.zeros(len(parent), bool)
        visited[leaf] = True
        of_leaf = _on_paths(np.flatnonzero(visited), parent, column, step, Z.shape[1])
        falls = csr_array((np.ones(len(leaf)), leaf, np.arange(0, len(leaf) + 1, len(roots))), (len(Z), len(parent)))
        return (falls @ of_leaf).toarray() / len(roots)

    return explain


def _nodes(member: RandomForestClassifier) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """All trees end to end: their roots, and of each node the parent (its own at a root), the column that the parent
    splits by, and by how much its share of churners is above the parent's.
    """
    trees = [estimator.tree_ for estimator in member.estimators_]
    roots = np.cumsum([0, *(tree.node_count for tree in trees[:-1])])
    counts = np.concatenate([tree.value[:, 0, :] for tree in trees])
    parent, splits = np.arange(len(counts)), np.concatenate([tree.feature for tree in trees])
    for tree, root in zip(trees, roots, strict=True):
        for child in (tree.children_left, tree.children_right):
            parent[root + child[child >= 0]] = root + np.flatnonzero(child >= 0)
    share = counts[:, 1] / counts.sum(axis=1)
    return roots, parent, splits[parent], share - share[parent]


def _on_paths(leaves: np.ndarray, parent: np.ndarray, column: np.ndarray, step: np.ndarray, columns: int) -> csr_array:
    """What each column adds on the way from the root to some leaves, shape (nodes, columns)."""
    rows, nodes, node = [], [], leaves
    while len(node):
        below = node != parent[node]
        leaves, node = leaves[below], node[below]
        rows.append(leaves)
        nodes.append(node)
        node = parent[node]
    row, at = np.concatenate(rows), np.concatenate(nodes)
    return csr_array((step[at], (row, column[at])), (len(parent), columns))


KINDS: dict[type, Callable[..., Explain]] = {
    RandomForestClassifier: _forest,
    XGBClassifier: _boosting,
    LogisticRegression: _logistic,
    Liblinear: _logistic,
    Pipeline: _products,
    Network: _network,
}
