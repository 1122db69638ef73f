"""Why a customer got his probability: what each feature adds to it, and the three that weigh most, in plain words.

What a feature adds is exact for each member of the model, and adds up to its probability: for boosted trees Shapley
values [TreeSHAP; Lundberg et al., 2020], for a logistic regression its terms (Shapley values too), for a forest the
steps along each tree's path [Saabas, 2014: they add up, but are no Shapley values, which took 30 times as long], for a
neural network the integral from the mean customer [Sundararajan, Taly & Yan, 2017], here a sum of 32 steps. Terms of
log odds are scaled to the probability's change that they bring together. These are reasons of the model, not causes of
the churn.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.base import ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from xgboost import DMatrix, XGBClassifier

from patrons.churn.ensemble import BaseRate, Calibrated, MeanOf
from patrons.features.preparation import calendar
from patrons.features.season import CALENDAR

REASONS = ("reason_1", "reason_2", "reason_3")
STEPS = 32  # of the integral along a line
GOES_ON = ("since ", "to expect", "in the ", "cancelled", "with ")  # meanings that go on from the unit


def reasons(model: Pipeline, rows: pd.DataFrame, dictionary: pd.DataFrame) -> pd.DataFrame:
    """Three reasons a customer, each from another group of features, the weightiest first.

    Reasons speak for the side on which the customer is: those that raise the probability where it is above the model's
    mean one, those that lower it else. How much of a peak season lies ahead is everyone's, so it is left aside in both.
    Works on one row as on many, also when scoring.

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
        `reason_1`, `reason_2`, `reason_3` on the index of `rows`; empty text where nothing (more) speaks for that side.
    """
    added = contributions(model, rows)
    texts = Wording(list(added), dictionary).say(added.to_numpy(), [rows[name].to_numpy() for name in added])
    return pd.DataFrame(texts, rows.index, REASONS, dtype="str")


class Entry(NamedTuple):
    """What the data dictionary says of a feature."""

    group: str
    unit: str
    meaning: str


def entries(dictionary: pd.DataFrame) -> dict[str, Entry]:
    """The data dictionary by feature."""
    columns = (dictionary[name] for name in ("feature", *Entry._fields))
    return {feature: Entry(*told) for feature, *told in zip(*columns, strict=True)}


class Wording:
    """Makes reasons of what features add.

    Parameters
    ----------
    names : sequence of str
        The features.
    dictionary : DataFrame
        As in `reasons`.
    """

    def __init__(self, names: Sequence[str], dictionary: pd.DataFrame):
        known = entries(dictionary)
        self.sayings = [saying(name, known) for name in names]
        own = {"number", "category", "attributes"}  # each attribute is a group of its own
        group = [known[name].group if name in known else name for name in names]
        parted = [name if one in own else one for name, one in zip(names, group, strict=True)]
        self.group = pd.factorize(np.array(parted, object))[0]
        self.own = np.array([one != CALENDAR for one in group])  # a season is no reason of one customer

    def say(self, added: np.ndarray, values: Sequence[Sequence]) -> list[list[str]]:
        """Three reasons of each row; `added` is a row a customer, `values` of each feature its value in each row."""
        added = added * self.own
        side = np.where(added.sum(axis=1) >= 0, 1.0, -1.0)[:, None]
        chosen, heavy = (one.tolist() for one in _one_a_group(added * side, self.group))
        texts = [
            [self.sayings[c](values[c][n]) if weight > 0 else "" for c, weight in zip(columns, weights, strict=True)]
            for n, (columns, weights) in enumerate(zip(chosen, heavy, strict=True))
        ]
        return [(one + [""] * 3)[:3] for one in texts]


def _one_a_group(weights: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each row up to three columns, the weightiest of each of the weightiest groups, and what each weighs."""
    totals = np.zeros((len(weights), group.max(initial=-1) + 1))
    for column, of in enumerate(group):
        totals[:, of] += weights[:, column]
    best = np.argsort(-totals, axis=1, kind="stable")[:, :3]
    columns = np.empty_like(best)
    for place, groups in enumerate(best.T):
        columns[:, place] = np.where(group == groups[:, None], weights, -np.inf).argmax(axis=1)
    lone, whole = (np.take_along_axis(one, by, axis=1) for one, by in ((weights, columns), (totals, best)))
    return columns, np.minimum(lone, whole)


def phrase(feature: str, value: object, told: Mapping[str, Entry]) -> str:
    """A feature of a customer as a reader would say it, in the dictionary's words: "no order for 143 days"."""
    return saying(feature, told)(value)


def saying(feature: str, told: Mapping[str, Entry]) -> Callable[[object], str]:
    """What makes such a phrase of a value of this feature."""
    words = feature.replace("_", " ")
    if feature not in told or told[feature].group in ("number", "category", "attributes"):
        return lambda value: f"{words}: {_number(value)}"
    unit, meaning = told[feature].unit, told[feature].meaning.split(";")[0].split(" (BG/NBD)")[0]
    bare = unit in ("ratio", "log ratio", "nats") or meaning.startswith(f"{unit} ")
    if feature == "recency_days":
        known = lambda value: f"no order for {_counted(value, 'days')}"  # noqa: E731
    elif unit.startswith("share") or unit == "probability":
        known = lambda value: f"{meaning}: {value:.0%}"  # noqa: E731
    elif meaning.startswith(GOES_ON):
        known = lambda value: f"{_counted(value, unit)} {meaning}"  # noqa: E731
    else:
        known = lambda value: f"{meaning}: {_number(value) if bare else _counted(value, unit)}"  # noqa: E731
    return lambda value: f"{meaning}: none known" if pd.isna(value) else known(value)


def _number(value: object) -> str:
    if not isinstance(value, int | float | np.number):
        return "not known" if pd.isna(value) else str(value)
    if value != value:
        return "not known"
    return f"{value:,.0f}" if abs(value) >= 20 or value == int(value) else f"{value:.2g}"


def _counted(value: object, unit: str) -> str:
    """A number with its unit, in the singular after a 1: "3 orders", "1 order"."""
    number, (first, _, rest) = _number(value), unit.partition(" ")
    return f"{number} {first.removesuffix('s') if number == '1' else first} {rest}".strip()


def contributions(model: Pipeline, rows: pd.DataFrame) -> pd.DataFrame:
    """What each raw feature adds to the probability of churn (before calibration), against the model's mean one.

    Returns
    -------
    DataFrame
        A row a customer, a column a feature that the model looks at; no column for a `BaseRate`.
    """
    last = model[-1]
    if isinstance(last, BaseRate):
        return pd.DataFrame(index=rows.index)
    mean: MeanOf = last.classifier if isinstance(last, Calibrated) else last
    Z = np.asarray(model[:-1].transform(rows), dtype=float)
    added = np.mean([of_member(member, Z, mean.centre_) for member in mean.members_], axis=0)
    names = sources(model)
    features = list(dict.fromkeys(names))
    belongs = np.array([[name == feature for feature in features] for name in names], dtype=float)
    return pd.DataFrame(added @ belongs, rows.index, features)


def sources(model: Pipeline) -> list[str]:
    """The raw feature that each column before the last step was made of."""
    prepare: ColumnTransformer = model[0]
    names = list(prepare.named_transformers_["numbers"].get_feature_names_out())
    encoded = next((columns for name, _, columns in prepare.transformers_ if name == "categories"), [])
    if len(encoded):
        names += _encoded(prepare.named_transformers_["categories"][-1], list(encoded))
    names += calendar(prepare)
    support = model["select"].get_support() if "select" in model.named_steps else np.ones(len(names), bool)
    return [name for name, kept in zip(names, support, strict=True) if kept]


def _encoded(encoder: object, columns: list[str]) -> list[str]:
    rare = encoder.infrequent_categories_
    widths = [len(c) if r is None else len(c) - len(r) + 1 for c, r in zip(encoder.categories_, rare, strict=True)]
    return [name for name, width in zip(columns, widths, strict=True) for _ in range(width)]


def of_member(member: ClassifierMixin, Z: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """What each prepared column adds to the probability that a member gives, a row a customer."""
    if isinstance(member, RandomForestClassifier):
        return _forest(member, Z)
    explain = {XGBClassifier: _boosting, LogisticRegression: _logistic, MLPClassifier: _network}[type(member)]
    added, base = explain(member, Z, centre)
    return as_probability(added, base)


def as_probability(added: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Terms of log odds, scaled so that they add up to the change of the probability."""
    total = added.sum(axis=1)
    near = np.abs(total) < 1e-9
    change = expit(base + total) - expit(base)
    slope = np.where(near, expit(base) * (1 - expit(base)), change / np.where(near, 1.0, total))
    return added * slope[:, None]


def _boosting(member: XGBClassifier, Z: np.ndarray, _: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found = member.get_booster().predict(DMatrix(Z, nthread=1), pred_contribs=True).astype(float)
    return found[:, :-1], found[:, -1]


def _logistic(member: LogisticRegression, Z: np.ndarray, centre: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    base = member.decision_function(centre[None])
    return (Z - centre) * member.coef_[0], np.repeat(base, len(Z))


def _network(member: MLPClassifier, Z: np.ndarray, centre: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradients of the log odds, averaged along the straight line from the centre to each row."""
    slopes = np.zeros_like(Z)
    for step in (np.arange(STEPS) + 0.5) / STEPS:
        layers, value = [], centre + step * (Z - centre)
        for weights, bias in zip(member.coefs_[:-1], member.intercepts_[:-1], strict=True):
            value = value @ weights + bias
            layers.append(value > 0)  # relu
            value = np.maximum(value, 0)
        slope = np.repeat(member.coefs_[-1].T, len(Z), axis=0)
        for weights, alive in zip(reversed(member.coefs_[:-1]), reversed(layers), strict=True):
            slope = (slope * alive) @ weights.T
        slopes += slope / STEPS
    base = np.log(np.divide(*member.predict_proba(centre[None])[0][::-1].clip(1e-12)))
    return (Z - centre) * slopes, np.full(len(Z), base)


def _forest(member: RandomForestClassifier, Z: np.ndarray) -> np.ndarray:
    """Steps of the share of churners from node to node, each given to the feature that parted them."""
    path, starts = member.decision_path(Z)
    value, feature = _nodes(member.estimators_)
    tree = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    row = np.repeat(np.arange(len(Z)), np.diff(path.indptr))
    parent, child = path.indices[:-1], path.indices[1:]  # nodes of a path come in order
    inside = (row[1:] == row[:-1]) & (tree[parent] == tree[child])
    step = (value[child] - value[parent])[inside] / len(member.estimators_)
    cell = row[1:][inside] * Z.shape[1] + feature[parent[inside]]
    return np.bincount(cell, step, minlength=Z.size).reshape(Z.shape)


def _nodes(trees: list) -> tuple[np.ndarray, np.ndarray]:
    """Share of churners in each node of all trees, one tree after the other, and the feature that it splits by."""
    counts = [tree.tree_.value[:, 0, :] for tree in trees]
    return (
        np.concatenate([count[:, 1] / count.sum(axis=1) for count in counts]),
        np.concatenate([tree.tree_.feature for tree in trees]),
    )


def weights(added: pd.DataFrame) -> pd.Series:
    """Mean size of what each feature adds, the largest first (probability points between 0 and 1)."""
    return added.abs().mean().sort_values(ascending=False, kind="stable")


def permuted(
    model: Pipeline, rows: pd.DataFrame, truth: np.ndarray, names: list[str], metric: object, repeats: int, seed: int
) -> pd.DataFrame:
    """What a score loses when one feature's values are dealt out anew among customers [Breiman, 2001].

    Returns
    -------
    DataFrame
        Index the features; `value` (mean loss), `low`, `high` (least and most of the repeats), the largest first.
    """
    rng, whole = np.random.default_rng(seed), metric(truth, model.predict_proba(rows)[:, 1])
    found: Mapping[str, list[float]] = {}
    for name in names:
        orders = [rng.permutation(len(rows)) for _ in range(repeats)]
        said = _said(model, rows, name, [rows[name].to_numpy()[order] for order in orders])
        found[name] = [whole - metric(truth, one) for one in said]
    table = pd.DataFrame({n: (np.mean(v), min(v), max(v)) for n, v in found.items()}, ["value", "low", "high"]).T
    return table.sort_values("value", ascending=False, kind="stable")


def dependence(model: Pipeline, rows: pd.DataFrame, feature: str, points: int = 12) -> pd.DataFrame:
    """Partial dependence: mean probability if every customer had this value, all else as it is (Friedman, 2001).

    Returns
    -------
    DataFrame
        `value`: quantiles of a number, the commonest values of a category; `probability`.
    """
    known = rows[feature].dropna()
    if pd.api.types.is_numeric_dtype(known):
        values = np.unique(known.quantile(np.linspace(0.02, 0.98, points)))
    else:
        values = known.value_counts().index[:points]
    said = _said(model, rows, feature, values).mean(axis=1)
    return pd.DataFrame({"value": values, "probability": said})


def _said(model: Pipeline, rows: pd.DataFrame, feature: str, others: Sequence) -> np.ndarray:
    """What the model says if a feature had other values, for each of them a row; asked at once, which is faster."""
    changed = pd.concat([rows.assign(**{feature: value}) for value in others], ignore_index=True)
    return model.predict_proba(changed)[:, 1].reshape(len(others), len(rows))
