"""The kinds of churn model that are compared, the simpler first, and the settings that each is tried with."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from xgboost import XGBClassifier

LOGISTIC, FOREST, BOOSTING, NETWORK = "logistic regression", "random forest", "boosted trees", "neural network"
KINDS = (LOGISTIC, FOREST, BOOSTING, NETWORK)  # the simpler first
MEAN = "mean of the best three"
MODELS = (*KINDS, MEAN)  # the simpler first
NAMES = {  # of the settings of each kind
    LOGISTIC: ("c",),
    FOREST: ("trees", "depth", "leaf", "weights"),
    BOOSTING: ("rounds", "rate", "depth", "leaf", "columns", "ridge"),
    NETWORK: ("units", "layers", "alpha", "stopping"),
}
Space = Mapping[str, Sequence[Any]]
Setting = dict[str, Any]  # a number, a flag or a name each


def spaces(
    logistic: Sequence[Sequence[Any]],
    forest: Sequence[Sequence[Any]],
    boosting: Sequence[Sequence[Any]],
    network: Sequence[Sequence[Any]],
) -> dict[str, Space]:
    """The search space of each kind: of each of its settings, in the order of `NAMES`, the values to choose from."""
    values = dict(zip(KINDS, (logistic, forest, boosting, network), strict=True))
    return {kind: dict(zip(NAMES[kind], lists, strict=True)) for kind, lists in values.items()}


def trials(space: Space, most: int, seed: int) -> list[Setting]:
    """Settings of a space: the first value of each name together, then others drawn at random, none twice."""
    every = [dict(zip(space, values, strict=True)) for values in itertools.product(*space.values())]
    drawn = np.random.default_rng(seed).permutation(len(every) - 1) + 1
    return [every[0], *(every[n] for n in sorted(drawn[: most - 1]))]


def describe(setting: Setting) -> str:
    """A setting as a reader sees it."""
    return ", ".join(f"{name} {value}" for name, value in setting.items())


def build(kind: str, setting: Setting, seed: int) -> ClassifierMixin:
    """An unfitted model of a kind with one setting of its space. One thread each, so that sums come out the same."""
    if kind == LOGISTIC:
        return LogisticRegression(C=setting["c"], max_iter=2000)
    if kind == FOREST:
        weights = {"none": None, "balanced": "balanced"}[setting["weights"]]
        return RandomForestClassifier(
            setting["trees"], max_depth=setting["depth"], min_samples_leaf=setting["leaf"], max_samples=0.4,
            class_weight=weights, random_state=seed, n_jobs=1,
        )  # fmt: skip
    if kind == BOOSTING:
        return XGBClassifier(
            n_estimators=setting["rounds"], learning_rate=setting["rate"], max_depth=setting["depth"],
            min_child_weight=setting["leaf"], colsample_bytree=setting["columns"], subsample=0.8,
            reg_lambda=setting["ridge"], random_state=seed, n_jobs=1,
        )  # fmt: skip
    return MLPClassifier(
        (setting["units"],) * setting["layers"], alpha=setting["alpha"], early_stopping=setting["stopping"],
        n_iter_no_change=5, tol=1e-3, max_iter=300, random_state=seed,
    )  # fmt: skip
