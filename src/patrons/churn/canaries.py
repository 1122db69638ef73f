"""Canaries: gates that fail where something leaks. The shuffled one runs the whole procedure of 06 again."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier

from patrons.churn.ensemble import MeanOf
from patrons.churn.final import as_pipeline
from patrons.churn.gates import Fit, Gate, of_rows, shuffled
from patrons.churn.kinds import FOREST, build
from patrons.churn.preprocessing import Task, fit_preprocessing, owners, sample_of_both, views
from patrons.churn.search import SearchResult
from patrons.churn.split import probability
from patrons.evaluation.threads import one_thread
from patrons.features.panel import OUTCOME
from patrons.features.split import inputs

ROWS = 6_000  # learnt from, at most


def leaks(
    result: SearchResult, train: pd.DataFrame, test: pd.DataFrame, prepare: ColumnTransformer, top: int, seed: int
) -> list[Gate]:
    """Every gate that looks for a leak: shuffled outcomes, single features, and dates where there are any."""
    learners = {"": as_chosen(result, seed), ", to trees that know every row": memoriser(seed)}
    return [
        *shuffled(train, test, learner(prepare, top, learners, seed), seed),
        *of_rows(train, test, inputs(train), seed),
    ]


def as_chosen(result: SearchResult, seed: int) -> dict[str, ClassifierMixin]:
    """The members of the chosen model, unfitted, by kind."""
    return {kind: build(kind, result.settings[kind], seed) for kind in result.kinds(result.chosen)}


def memoriser(seed: int) -> dict[str, ClassifierMixin]:
    """Full-grown trees, which know every row that they have seen: leaks show in them first."""
    return {FOREST: RandomForestClassifier(30, random_state=seed, n_jobs=1)}


def learner(
    prepare: ColumnTransformer, top: int, learners: Mapping[str, Mapping[str, ClassifierMixin]], seed: int
) -> Fit:
    """A fit for `gates.shuffled`: the preprocessing of 06, choice of columns included, then a mean a learner."""

    @one_thread
    def fit(train: pd.DataFrame) -> Callable[[pd.DataFrame], dict[str, np.ndarray]]:
        some = train.iloc[sample_of_both(train[OUTCOME].to_numpy(), ROWS, seed)]
        X, y = inputs(some), some[OUTCOME].to_numpy()
        ready, Z = fit_preprocessing(Task(prepare, X, y, top, ROWS, seed, owners(some)))
        means = {
            name: MeanOf(list(members.values()), views(ready, list(members))).fit(Z, y)
            for name, members in learners.items()
        }
        fitted = {name: as_pipeline(ready, mean) for name, mean in means.items()}
        return lambda rows: {name: probability(model, inputs(rows)) for name, model in fitted.items()}

    return fit
