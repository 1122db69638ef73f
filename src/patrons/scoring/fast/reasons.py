"""The reasons of one customer without pandas: what `patrons.churn.reasons` computes, from one prepared row."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from xgboost import XGBClassifier

from patrons.churn.ensemble import BaseRate, Calibrated, MeanOf
from patrons.churn.reasons import as_probability, of_member
from patrons.churn.wording import Wording
from patrons.features.preparation import sources
from patrons.scoring.fast.shapley import shapley
from patrons.scoring.fast.trees import forest_steps

Row = Mapping[str, Any]


def explainer(
    model: Pipeline, dictionary: pd.DataFrame, prepare: Callable[[Row], np.ndarray] | None
) -> Callable[[Row], list[str]] | None:
    """A function from a row to its three reasons, empty text where there are fewer; None where there is no fast form.

    Parameters
    ----------
    model : Pipeline
        What 06 saves.
    dictionary : DataFrame
        The data dictionary.
    prepare : callable or None
        What `pipeline.prepared` returned for the model.
    """
    last = model[-1]
    mean = last.classifier if isinstance(last, Calibrated) else last
    if isinstance(last, BaseRate):
        return lambda row: ["", "", ""]
    if prepare is None or not isinstance(mean, MeanOf):
        return None
    views = [slice(*view) for view in mean.views_]
    members = [_member(member, mean.centre_[view]) for member, view in zip(mean.members_, views, strict=True)]
    names = sources(model["prepare"])
    features = list(dict.fromkeys(names))
    place = np.array([features.index(name) for name in names])
    wording = Wording(features, dictionary)

    def explain(row: Row) -> list[str]:
        x = prepare(row)
        parts = [
            np.bincount(place[view], member(x[view]), len(features))
            for member, view in zip(members, views, strict=True)
        ]
        by_feature = np.mean(parts, axis=0)[None]
        return wording.texts(by_feature, [[row[name]] for name in features])[0]

    return explain


def _member(member: ClassifierMixin, centre: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    if isinstance(member, RandomForestClassifier):
        return forest_steps(member.estimators_)
    if isinstance(member, XGBClassifier):
        return _boosting(member)
    if isinstance(member, LogisticRegression):
        weights, base = member.coef_[0], member.decision_function(centre[None])
        return lambda x: as_probability(((x - centre) * weights)[None], base)[0]
    return lambda x: of_member(member, x[None], centre)[0]


def _boosting(member: XGBClassifier) -> Callable[[np.ndarray], np.ndarray]:
    explain = shapley(member)

    def run(x: np.ndarray) -> np.ndarray:
        added, base = explain(x)
        return as_probability(added[None], np.array([base]))[0]

    return run
