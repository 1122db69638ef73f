"""The kinds of churn model that are compared, the simpler first, and the settings that each is tried with."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from xgboost import XGBClassifier

from patrons.churn.ensemble import Liblinear, Network
from patrons.features.products import Products
from patrons.spaces import EITHER, SPACES

LOGISTIC, FOREST, BOOSTING, NETWORK = "logistic regression", "random forest", "boosted trees", "neural network"
KINDS = (LOGISTIC, FOREST, BOOSTING, NETWORK)  # the simpler first
TREES = (FOREST, BOOSTING)  # these take columns as they are, the others prepared ones
MEAN = "averaged model"
MODELS = (*KINDS, MEAN)  # the simpler first
LADDER = (0.0, 0.25, 0.5, 0.75, 1.0)  # positions between the most cautious and the freest values
REACH = 0.5  # how far from the first setting others are tried
Space = Mapping[str, Sequence[float]]
Setting = dict[str, float]


class Seen(NamedTuple):
    """What is known of the rows before the search."""

    events: int  # rows of the rarer outcome, in the smallest fold
    columns: int
    signal: float  # validated ROC AUC of untuned histogram boosting


def spaces(
    logistic: Mapping[str, Sequence[float]],
    forest: Mapping[str, Sequence[float]],
    boosting: Mapping[str, Sequence[float]],
    network: Mapping[str, Sequence[float]],
) -> dict[str, Space]:
    """The search space of each kind: the values of `patrons.spaces`, with those given in place of them."""
    given = zip(KINDS, SPACES.values(), (logistic, forest, boosting, network), strict=True)
    return {
        kind: {name: _cautious_first(own.get(name, usual[name].values), usual[name].values) for name in usual}
        for kind, usual, own in given
    }


def _cautious_first(values: Sequence[float], usual: Sequence[float]) -> list[float]:
    """Values of a setting from the most cautious to the freest, as the usual ones go up or down."""
    return sorted(values, reverse=usual[0] > usual[-1])


def freedom(seen: Seen) -> float:
    """How free the first setting is, from 0 (the most cautious) to 1: more with a strong signal and with many events.

    A weak signal drowns in what free models learn by heart; where an untuned one already ranks .97 right, cautious
    leaves hold the others back.
    """
    signal = np.clip((seen.signal - 0.75) / (0.97 - 0.75), 0, 1)
    a_column = seen.events / max(seen.columns, 1)
    return float(signal * a_column / (1 + a_column))


def first(space: Space, seen: Seen) -> Setting:
    """The setting that is tried first."""
    return _at(space, freedom(seen))


def trials(space: Space, most: int, seed: int, start: float = 0.5) -> list[Setting]:
    """Settings of a space, none twice: the one at position `start`, others nearby ones, then mixtures.

    There are `most` of them at most, and each comes with every value of the settings in `EITHER`.
    """
    steps = {name: values for name, values in space.items() if name not in EITHER}
    ladder = sorted((p for p in LADDER if abs(p - start) <= REACH), key=lambda position: abs(position - start))
    chosen = [_at(steps, position) for position in (start, *ladder)]
    rng = np.random.default_rng(seed)
    mixed = np.clip(rng.uniform(start - REACH, start + REACH, (4 * most, len(steps))), 0, 1)
    chosen += [
        {name: _value(values, place) for (name, values), place in zip(steps.items(), row, strict=True)} for row in mixed
    ]
    unique = list({tuple(setting.values()): setting for setting in chosen}.values())[:most]
    both = [name for name in EITHER if name in space]
    return [
        {**setting, **dict(zip(both, values, strict=True))}
        for setting in unique
        for values in product(*(space[name] for name in both))
    ]


def _at(space: Space, position: float) -> Setting:
    return {name: _value(values, position) for name, values in space.items()}


def _value(values: Sequence[float], position: float) -> float:
    return values[round(position * (len(values) - 1))]


def complexity(space: Space, setting: Setting) -> float:
    """How free a setting is: the mean position of its values between the first and the last of each name."""
    open_names = [name for name, values in space.items() if len(values) > 1]
    positions = [list(space[name]).index(setting[name]) / (len(space[name]) - 1) for name in open_names]
    return float(np.mean(positions)) if positions else 0.0


def describe(setting: Setting) -> str:
    """A setting as a reader sees it."""
    return ", ".join(f"{name} {value:g}" for name, value in setting.items())


def build(kind: str, setting: Setting, seed: int) -> ClassifierMixin:
    """An unfitted model of a kind with one setting of its space. One thread each, so that sums come out the same."""
    return {LOGISTIC: _logistic, FOREST: _forest, BOOSTING: _boosting, NETWORK: _network}[kind](setting, seed)


def _logistic(setting: Setting, seed: int) -> ClassifierMixin:
    model = _dropping(setting["c"], seed) if setting["l1"] else LogisticRegression(C=setting["c"], max_iter=2000)
    return make_pipeline(Products(), model) if setting["products"] else model


def _dropping(c: float, seed: int) -> ClassifierMixin:
    """With a penalty on the sum of the weights' sizes, by which weak columns get weight 0.

    liblinear took a third of saga's time or less. It would shrink the intercept too, and so lift a rare outcome: scaled
    by 100 it is next to free.
    """
    return Liblinear(
        C=c, l1_ratio=1, solver="liblinear", intercept_scaling=100, tol=0.01, max_iter=500, random_state=seed
    )


def _forest(setting: Setting, seed: int) -> ClassifierMixin:
    return RandomForestClassifier(
        int(setting["trees"]),
        max_depth=int(setting["depth"]) or None,
        min_samples_leaf=int(setting["leaf"]),
        max_features=float(setting["columns"]) or "sqrt",
        max_samples=float(setting["rows"]),
        class_weight="balanced" if setting["balanced"] else None,
        random_state=seed,
        n_jobs=1,
    )


def _boosting(setting: Setting, seed: int) -> ClassifierMixin:
    return XGBClassifier(
        n_estimators=int(setting["rounds"]),
        learning_rate=setting["rate"],
        max_depth=int(setting["depth"]),
        min_child_weight=setting["leaf"],
        colsample_bytree=setting["columns"],
        subsample=0.8,
        reg_lambda=setting["ridge"],
        seed_per_iteration=True,  # the same trees whether fitted at once or in steps
        random_state=seed,
        n_jobs=1,
    )


def _network(setting: Setting, seed: int) -> ClassifierMixin:
    return Network(
        (int(setting["units"]),) * int(setting["layers"]),
        alpha=setting["alpha"],
        early_stopping=bool(setting["stopping"]),
        learning_rate_init=0.003,
        n_iter_no_change=5,
        tol=1e-3,
        max_iter=60,
        random_state=seed,
    )
