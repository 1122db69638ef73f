"""Canaries: gates that fail where something leaks. The shuffled one runs the whole procedure of 06 again."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier

from patrons.churn.ensemble import MeanOf
from patrons.churn.final import as_pipeline
from patrons.churn.gates import Fit, Gate, of_rows, shuffled
from patrons.churn.kinds import build
from patrons.churn.preprocessing import fit_preprocessing, preprocessing, sample
from patrons.churn.search import SearchResult
from patrons.churn.split import probability
from patrons.features.panel import OUTCOME
from patrons.features.split import inputs
from patrons.threads import one_thread

ROWS = 6_000  # learnt from, at most


def leaks(
    result: SearchResult, train: pd.DataFrame, test: pd.DataFrame, prepare: ColumnTransformer, top: int, seed: int
) -> list[Gate]:
    """Every gate that looks for a leak: shuffled outcomes, single features, and dates where there are any."""
    own = learner(prepare, top, as_chosen(result, seed), seed)
    memory = learner(prepare, top, memoriser(seed), seed)
    return [
        shuffled(train, test, own, seed),
        shuffled(train, test, memory, seed, ", to trees that know every row"),
        *of_rows(train, test, inputs(train), seed),
    ]


def as_chosen(result: SearchResult, seed: int) -> MeanOf:
    """The chosen model, unfitted: a kind with its chosen setting, or the mean of the members."""
    return MeanOf([build(kind, result.settings[kind], seed) for kind in result.kinds(result.chosen)])


def memoriser(seed: int) -> RandomForestClassifier:
    """Full-grown trees, which know every row that they have seen: leaks show in them first."""
    return RandomForestClassifier(30, random_state=seed, n_jobs=1)


def learner(prepare: ColumnTransformer, top: int, model: ClassifierMixin, seed: int) -> Fit:
    """A fit for `gates.shuffled`: the preprocessing of 06, choice of columns included, then `model`."""

    @one_thread
    def fit(train: pd.DataFrame) -> Callable[[pd.DataFrame], np.ndarray]:
        some = train.iloc[sample(len(train), ROWS, seed)]
        X, y = inputs(some), some[OUTCOME].to_numpy()
        ready = fit_preprocessing(preprocessing(prepare, top, seed), X, y, ROWS, seed)
        fitted = as_pipeline(ready, clone(model).fit(ready.transform(X), y))
        return lambda rows: probability(fitted, inputs(rows))

    return fit
